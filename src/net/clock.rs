//! This machine's clocks.

use crate::core::time::{Nanos, SECOND};

/// Wall clock, ns since the epoch.
pub fn wall_clock() -> Nanos {
    clock(libc::CLOCK_REALTIME)
}

/// Monotonic clock, ns since an arbitrary start.
pub fn monotonic() -> Nanos {
    clock(libc::CLOCK_MONOTONIC)
}

/// Smallest difference between readings of the wall clock, ns, found in `tries` pairs; none when all were equal.
pub fn finest_difference(tries: u32) -> Option<Nanos> {
    (0..tries)
        .map(|_| {
            let before = wall_clock();
            wall_clock() - before
        })
        .filter(|difference| *difference > 0)
        .min()
}

fn clock(id: libc::clockid_t) -> Nanos {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: `time` is a valid place to write a timespec. Both clocks always exist, so there is no error to see.
    unsafe { libc::clock_gettime(id, &raw mut time) };
    nanos(time)
}

pub(super) fn nanos(time: libc::timespec) -> Nanos {
    time.tv_sec * SECOND + time.tv_nsec
}
