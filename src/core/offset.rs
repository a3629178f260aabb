//! The function's clock against the host's: offset, its proven bound, and the customary estimates beside it.

use serde::{Deserialize, Serialize};

use super::contract::StampKind;
use super::sample::{Exchange, Stamps};
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

impl ClockEstimate {
    /// The same from stamps that are only known to within `unit` ns, as whole microseconds are: each end of the
    /// interval is that much less certain.
    #[must_use]
    pub fn coarsened(self, unit: Nanos) -> Self {
        // An interval that lacked less than that of being empty no longer proves a step.
        let (bound, clock_step) = match (self.clock_step, unit - self.bound) {
            (true, lacking) if lacking < 0 => (self.bound, true),
            (true, left) => (left, false),
            (false, _) => (self.bound + unit, false),
        };
        Self {
            bound,
            clock_step,
            ..self
        }
    }
}

/// RTT of an exchange without the host's turnaround, ns, by the best stamps that all four passages have:
/// `(t4 - t1) - (t3 - t2)`.
pub fn round_trip(exchange: &Exchange) -> Option<Nanos> {
    let Exchange(_, _, t1, Some(t2), Some(t3), Some(t4)) = exchange else {
        return None;
    };
    let kernel = || Some((t4.1? - t1.1?) - (t3.1? - t2.1?));
    Some(kernel().unwrap_or((t4.0 - t1.0) - (t3.0 - t2.0)))
}

/// Most that two clocks are taken to drift apart, in parts per million: crystals keep 100.
const MOST_DRIFT_PPM: Nanos = 100;

/// How far the offset may have moved over this length of time, ns: what a bound is widened by.
/// One nanosecond more for the digits that stamps do not have.
pub fn widening(distance: Nanos) -> Nanos {
    1 + (distance.abs().saturating_mul(MOST_DRIFT_PPM) + 999_999) / 1_000_000
}

/// What the exchanges say of the offset when the function's clock showed `at`.
///
/// T2 lies after T1 and T4 after T3, so the offset is at least T1 - T2 and at most T4 - T3 of every probe, replied to
/// or not, each within [`widening`]. The intersection holds the truth; its midpoint is the estimate. The midpoint is
/// taken over stamps of one kind, as kinds differ by what the kernel does between them; the bound over the best of
/// each passage. None without a complete exchange.
pub fn estimate(exchanges: &[Exchange], at: Nanos) -> Option<ClockEstimate> {
    let proven = Interval::of(exchanges, at, Passages::best)?;
    let kinds = [
        (StampKind::Kernel, Passages::kernel as Pick),
        (StampKind::KernelReceive, Passages::kernel_receive),
        (StampKind::User, Passages::user),
    ];
    let (stamps, pick, (minimum_rtt, minimum_rtt_offset)) =
        kinds.into_iter().find_map(|(kind, pick)| {
            let complete = exchanges
                .iter()
                .filter_map(|exchange| pick(exchange).rtt_and_offset());
            Some((kind, pick, complete.min()?))
        })?;
    let interval = Interval::of(exchanges, at, pick)?;
    let offset = interval.lower + (interval.upper - interval.lower).div_euclid(2);
    let (mean, deviation) = mean_of_sebs(exchanges);
    Some(ClockEstimate {
        stamps,
        offset,
        bound: (offset - proven.lower)
            .abs()
            .max((proven.upper - offset).abs()),
        at,
        clock_step: proven.lower > proven.upper,
        exchanges: exchanges
            .iter()
            .filter(|exchange| pick(exchange).rtt_and_offset().is_some())
            .count() as u32,
        minimum_rtt,
        minimum_rtt_offset,
        mean,
        deviation,
    })
}

type Pick = fn(&Exchange) -> Passages;

/// One stamp of each passage, where there is one of the kind that is wanted.
#[derive(Clone, Copy)]
struct Passages {
    t1: Option<Nanos>,
    t2: Option<Nanos>,
    t3: Option<Nanos>,
    t4: Option<Nanos>,
}

impl Passages {
    fn each(
        exchange: &Exchange,
        sent: fn(Stamps) -> Option<Nanos>,
        received: fn(Stamps) -> Option<Nanos>,
    ) -> Self {
        let Exchange(_, _, t1, t2, t3, t4) = *exchange;
        Self {
            t1: sent(t1),
            t2: t2.and_then(received),
            t3: t3.and_then(sent),
            t4: t4.and_then(received),
        }
    }

    fn kernel(exchange: &Exchange) -> Self {
        Self::each(exchange, |stamps| stamps.1, |stamps| stamps.1)
    }

    fn kernel_receive(exchange: &Exchange) -> Self {
        Self::each(exchange, |stamps| Some(stamps.0), |stamps| stamps.1)
    }

    fn user(exchange: &Exchange) -> Self {
        Self::each(exchange, |stamps| Some(stamps.0), |stamps| Some(stamps.0))
    }

    fn best(exchange: &Exchange) -> Self {
        let best = |Stamps(user, kernel): Stamps| Some(kernel.unwrap_or(user));
        Self::each(exchange, best, best)
    }

    /// RTT without the host's turnaround, and the offset if both ways took equally long.
    fn rtt_and_offset(self) -> Option<(Nanos, Nanos)> {
        let (t1, t2, t3, t4) = (self.t1?, self.t2?, self.t3?, self.t4?);
        Some(((t4 - t1) - (t3 - t2), ((t1 - t2) + (t4 - t3)).div_euclid(2)))
    }
}

/// What the offset is not below and not above; empty when a clock was stepped.
struct Interval {
    lower: Nanos,
    upper: Nanos,
}

impl Interval {
    fn of(exchanges: &[Exchange], at: Nanos, pick: Pick) -> Option<Self> {
        let passages = || exchanges.iter().map(pick);
        let lower = passages()
            .filter_map(|way| Some(way.t1? - way.t2? - widening(way.t1? - at)))
            .max()?;
        let upper = passages()
            .filter_map(|way| Some(way.t4? - way.t3? + widening(way.t4? - at)))
            .min()?;
        Some(Self { lower, upper })
    }
}

/// Mean and sample standard deviation of ((T1 - T2) + (T4 - T3)) / 2 over the user-space stamps of the complete
/// exchanges but the first, as in SeBS (`clock_drift_mean`, pandas' `std`). The first alone counts when it is alone;
/// the deviation of fewer than two is 0.
fn mean_of_sebs(exchanges: &[Exchange]) -> (f64, f64) {
    let drift = |exchange: &Exchange| {
        let way = Passages::user(exchange);
        Some(((way.t1? - way.t2?) + (way.t4? - way.t3?)) as f64 / 2.0)
    };
    let later = exchanges.iter().filter(|exchange| exchange.0 != 0);
    let mut drifts: Vec<f64> = later.filter_map(drift).collect();
    if drifts.is_empty() {
        drifts.extend(exchanges.iter().filter_map(drift));
    }
    let count = drifts.len().max(1) as f64;
    let mean = drifts.iter().sum::<f64>() / count;
    let squares: f64 = drifts.iter().map(|drift| (drift - mean).powi(2)).sum();
    (mean, (squares / (count - 1.0).max(1.0)).sqrt())
}
