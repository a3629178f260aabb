//! The function's clock against the host's: offset, its proven bound, and the customary estimates beside it.

use serde::{Deserialize, Serialize};

use super::contract::StampKind;
use super::time::Nanos;

/// Offset = function's clock − host's clock, at one instant.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ClockEstimate {
    /// Kind of stamps of the point estimate; never mixed.
    pub stamps: StampKind,
    /// Midpoint of the intersection of all bounds, ns.
    pub offset: Nanos,
    /// Half-width of that intersection: the proven uncertainty, ns.
    pub bound: Nanos,
    /// Function's clock at which it holds: the handler's entry, ns since the epoch.
    pub at: Nanos,
    /// The intersection was empty: a clock was stepped during the exchange, and `bound` is no proof.
    pub clock_step: bool,
    /// Complete exchanges it rests on.
    pub exchanges: u32,
    /// Smallest RTT, host's turnaround excluded, ns.
    pub minimum_rtt: Nanos,
    /// Offset by that exchange alone, ns.
    pub minimum_rtt_offset: Nanos,
    /// SeBS's `clock_drift_mean`, over user-space stamps, ns.
    pub mean: f64,
    /// SeBS's `clock_drift_std` (sample standard deviation), ns.
    pub deviation: f64,
}

/// RTT of an exchange without the host's turnaround, ns, by the best stamps that all four passages have:
/// `(t4 - t1) - (t3 - t2)`.
pub fn round_trip(exchange: &super::sample::Exchange) -> Option<Nanos> {
    let super::sample::Exchange(_, _, t1, Some(t2), Some(t3), Some(t4)) = exchange else {
        return None;
    };
    let kernel = || Some((t4.1? - t1.1?) - (t3.1? - t2.1?));
    Some(kernel().unwrap_or((t4.0 - t1.0) - (t3.0 - t2.0)))
}
