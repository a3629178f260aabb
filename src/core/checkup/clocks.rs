//! The host's clocks and timers.

use super::Check;
use crate::core::contract::StampKind;
use crate::core::time::{MILLISECOND, Moment, Nanos, length};

/// Longest that a step or slewing of the wall clock may be while it is watched, ns: far more than crystals differ.
const STEP_MOST: Nanos = MILLISECOND;
/// Coarsest reading of the wall clock that leaves a proven bound its meaning, ns.
const COARSE: Nanos = 1_000;
/// A sleep may last longer by this much, ns: what a kernel without fine timers adds is a tick of 1 to 10 ms.
const OVERSLEEP_MOST: Nanos = MILLISECOND;

/// Whether the wall clock went as the monotonic clock did, by readings of both in the order they were taken.
pub fn wall_clock(readings: &[Moment]) -> Check {
    const SUBJECT: &str = "wall clock";
    let pairs = || readings.iter().zip(readings.iter().skip(1));
    let apart = |(before, after): (&Moment, &Moment)| {
        (after.wall - before.wall) - (after.monotonic - before.monotonic)
    };
    let worst = pairs().map(apart).max_by_key(|step| step.abs());
    let (Some(worst), Some(first), Some(last)) = (worst, readings.first(), readings.last()) else {
        return Check::doubtful(SUBJECT, "it was not read", "try again");
    };
    let watched = length(last.monotonic - first.monotonic);
    if worst.abs() > STEP_MOST {
        let found = format!(
            "it moved by {} against the monotonic clock within {watched}",
            length(worst)
        );
        let advice = "a step during an exchange spoils its sample: wait until the time service has set the clock, or end what sets it";
        return Check::doubtful(SUBJECT, found, advice);
    }
    let found = format!(
        "it went as the monotonic clock did, to {} in {watched}",
        length(worst.abs())
    );
    Check::good(SUBJECT, found)
}

/// How finely the clock is read and time can be waited for: the smallest difference between readings, and what sleeps
/// of `asked` lasted, all ns.
pub fn timers(finest: Nanos, asked: Nanos, slept: &[Nanos]) -> Check {
    const SUBJECT: &str = "timers";
    let mut slept = slept.to_vec();
    slept.sort_unstable();
    let Some(median) = slept.get(slept.len() / 2).copied() else {
        return Check::doubtful(SUBJECT, "no sleep was measured", "try again");
    };
    let found = format!(
        "the wall clock is read to {finest} ns; a sleep of {} lasts {} (median of {})",
        length(asked),
        length(median),
        slept.len()
    );
    if finest > COARSE {
        let advice = "the clock is too coarse for small bounds: choose another clock source (kernel option clocksource=tsc), or another machine";
        Check::doubtful(SUBJECT, found, advice)
    } else if median - asked > OVERSLEEP_MOST {
        let advice = "this machine wakes programs late: end other work on it, or take one that is not shared";
        Check::doubtful(SUBJECT, found, advice)
    } else {
        Check::good(SUBJECT, found)
    }
}

/// Which stamps the host's socket got from the ladder.
pub fn stamps(kind: StampKind) -> Check {
    const SUBJECT: &str = "kernel stamps";
    let advice = "offsets are less exact: take Linux on the machine itself, where SO_TIMESTAMPING is to be had";
    match kind {
        StampKind::Kernel => Check::good(SUBJECT, "in both directions, by SO_TIMESTAMPING"),
        StampKind::KernelReceive => {
            let found =
                "only of what is received, by SO_TIMESTAMPNS: the kernel refuses SO_TIMESTAMPING";
            Check::doubtful(SUBJECT, found, advice)
        }
        StampKind::User => {
            let found = "none: the kernel refuses SO_TIMESTAMPING and SO_TIMESTAMPNS, time is read in user space";
            Check::doubtful(SUBJECT, found, advice)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Verdict;
    use super::*;
    use crate::core::time::SECOND;

    fn readings(steps: &[Nanos]) -> Vec<Moment> {
        let mut wall = 1_700_000_000 * SECOND;
        let mut readings = vec![Moment { wall, monotonic: 0 }];
        for (number, step) in (1..).zip(steps) {
            wall += 10 * MILLISECOND + step;
            let monotonic = number * 10 * MILLISECOND;
            readings.push(Moment { wall, monotonic });
        }
        readings
    }

    #[test]
    fn a_wall_clock_that_is_set_meanwhile_is_told_by_how_much() {
        assert_eq!(
            wall_clock(&readings(&[0, 200, -300])).verdict,
            Verdict::Good
        );
        let stepped = wall_clock(&readings(&[0, -37 * MILLISECOND, 100]));
        assert_eq!(stepped.verdict, Verdict::Doubtful);
        assert!(stepped.found.contains("-37.000 ms"), "{}", stepped.found);
        assert_eq!(wall_clock(&[]).verdict, Verdict::Doubtful);
    }

    #[test]
    fn coarse_clocks_and_late_wake_ups_are_told() {
        let table = [
            (25, vec![MILLISECOND + 60_000; 5], Verdict::Good),
            (4 * MILLISECOND, vec![MILLISECOND; 5], Verdict::Doubtful),
            (25, vec![11 * MILLISECOND; 5], Verdict::Doubtful),
            (25, vec![], Verdict::Doubtful),
        ];
        for (finest, slept, verdict) in table {
            assert_eq!(timers(finest, MILLISECOND, &slept).verdict, verdict);
        }
    }

    #[test]
    fn each_rung_of_the_ladder_is_named() {
        let found = |kind| stamps(kind).found;
        assert!(found(StampKind::Kernel).contains("both directions"));
        assert!(found(StampKind::KernelReceive).contains("SO_TIMESTAMPNS"));
        assert!(found(StampKind::User).contains("user space"));
    }
}
