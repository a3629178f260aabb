//! Times as integers, so that none loses a digit.

use serde::{Deserialize, Serialize};

/// Nanoseconds: a length of time, or a wall-clock reading since the Unix epoch.
pub type Nanos = i64;

/// One microsecond in nanoseconds.
pub const MICROSECOND: Nanos = 1_000;
/// One millisecond in nanoseconds.
pub const MILLISECOND: Nanos = 1_000_000;
/// One second in nanoseconds.
pub const SECOND: Nanos = 1_000_000_000;

/// Both clocks of a host, read together: the wall clock says when, the monotonic clock how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Moment {
    /// Wall clock, ns since the Unix epoch.
    pub wall: Nanos,
    /// Monotonic clock, ns since an arbitrary start.
    pub monotonic: Nanos,
}

/// `nanos` in seconds.
pub fn seconds(nanos: Nanos) -> f64 {
    nanos as f64 / SECOND as f64
}

/// A length of time in the unit that suits it: `302 ns`, `49.50 µs`, `11.677 ms`, `2.100 s`.
pub fn length(nanos: Nanos) -> String {
    let value = nanos as f64;
    match nanos.abs() {
        ..1_000 => format!("{nanos} ns"),
        1_000..MILLISECOND => format!("{:.2} µs", value / 1e3),
        MILLISECOND..SECOND => format!("{:.3} ms", value / 1e6),
        _ => format!("{:.3} s", value / 1e9),
    }
}
