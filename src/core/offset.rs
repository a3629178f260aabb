//! The function's clock against the host's: offset, its proven bound, and the customary estimates beside it.

use serde::{Deserialize, Serialize};

use super::contract::StampKind;
use super::drift::Drift;
use super::sample::{Exchange, Stamps};
use super::time::Nanos;

/// Offset = function's clock − host's clock, at one instant.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ClockEstimate {
    /// Kind of stamps of the point estimate; never mixed.
    pub stamps: StampKind,
    /// Midpoint of the intersection of the complete exchanges' bounds in stamps of that kind, moved into that of all
    /// bounds where it lies outside, ns.
    pub offset: Nanos,
    /// Distance to the farther end of what all bounds together leave possible: the proven uncertainty, ns.
    pub bound: Nanos,
    /// Function's clock at which it holds: the handler's entry, ns since the epoch.
    pub at: Nanos,
    /// The intersection was empty: a clock was stepped during the exchange, or the clocks' rates differ by more than
    /// [`MOST_DRIFT_PPM`], and `bound` is no proof.
    pub clock_step: bool,
    /// Complete exchanges it rests on.
    pub exchanges: u32,
    /// Smallest RTT, host's turnaround excluded, ns.
    pub minimum_rtt: Nanos,
    /// Offset by that exchange alone, ns.
    pub minimum_rtt_offset: Nanos,
    /// SeBS's `clock_drift_mean`, over user-space stamps, ns.
    pub mean: f64,
    /// SeBS's `clock_drift_std` (sample standard deviation), ns; 0 of one exchange.
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

/// RTT without the host's turnaround and offset of this exchange alone, ns, by stamps of one kind; none when it lacks
/// one of the four. The truth lies within half that RTT of that offset.
pub fn alone(exchange: &Exchange, stamps: StampKind) -> Option<(Nanos, Nanos)> {
    let pick = match stamps {
        StampKind::Kernel => Passages::kernel,
        StampKind::KernelReceive => Passages::kernel_receive,
        StampKind::User => Passages::user,
    };
    pick(exchange).rtt_and_offset()
}

/// Most that the rates of two clocks are taken to differ by, in parts per million: crystals keep it.
pub const MOST_DRIFT_PPM: u32 = 100;

/// Time in which two clocks are taken to drift apart by a nanosecond at most, ns.
const DRIFT_OF_ONE: u64 = 1_000_000 / MOST_DRIFT_PPM as u64;

/// How far the offset may have moved over this length of time, ns: what a bound is widened by.
/// One nanosecond more for the digits that stamps do not have.
pub fn widening(distance: Nanos) -> Nanos {
    1 + distance.unsigned_abs().div_ceil(DRIFT_OF_ONE) as Nanos
}

/// What the exchanges say of the offset when the function's clock showed `at`.
///
/// T2 lies after T1 and T4 after T3, so the offset is at least T1 - T2 and at most T4 - T3 of every probe, replied to
/// or not, each within [`widening`]: the intersection holds the truth. The estimate is its midpoint as the complete
/// exchanges alone give it (a lone way would pull it to one side) in stamps of one kind (kinds differ by what the
/// kernel does between them), moved into the intersection of everything should it lie outside. When that is empty a
/// clock was stepped, or the rates differ by more than that, and the bound covers the limits that contradict each other. None without a complete exchange.
pub fn estimate(exchanges: &[Exchange], at: Nanos) -> Option<ClockEstimate> {
    let kinds = [
        (StampKind::Kernel, Passages::kernel as Pick),
        (StampKind::KernelReceive, Passages::kernel_receive),
        (StampKind::User, Passages::user),
    ];
    let complete = |pick: Pick| {
        exchanges
            .iter()
            .map(pick)
            .filter(|passages| passages.rtt_and_offset().is_some())
    };
    let (stamps, pick) = kinds
        .into_iter()
        .find(|(_, pick)| complete(*pick).next().is_some())?;
    let (minimum_rtt, minimum_rtt_offset) =
        complete(pick).filter_map(Passages::rtt_and_offset).min()?;
    let proven = Interval::of(exchanges.iter().map(Passages::best), at)?;
    let middle = Interval::of(complete(pick), at)?.middle();
    let clock_step = proven.lower > proven.upper;
    let offset = if clock_step {
        middle
    } else {
        middle.clamp(proven.lower, proven.upper)
    };
    let Drift { mean, deviation } = Drift::of_all(exchanges)?;
    Some(ClockEstimate {
        stamps,
        offset,
        bound: (offset - proven.lower)
            .abs()
            .max((proven.upper - offset).abs()),
        at,
        clock_step,
        exchanges: complete(pick).count() as u32,
        minimum_rtt,
        minimum_rtt_offset,
        mean,
        deviation: deviation.unwrap_or_default(),
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

/// What the offset is not below and not above; empty when no offset with a drift of [`MOST_DRIFT_PPM`] agrees with it all.
struct Interval {
    lower: Nanos,
    upper: Nanos,
}

impl Interval {
    fn of(passages: impl Iterator<Item = Passages>, at: Nanos) -> Option<Self> {
        let (mut lower, mut upper) = (None, None);
        for Passages { t1, t2, t3, t4 } in passages {
            let least = t1.zip(t2).map(|(t1, t2)| t1 - t2 - widening(t1 - at));
            let most = t4.zip(t3).map(|(t4, t3)| t4 - t3 + widening(t4 - at));
            lower = lower.max(least);
            upper = [upper, most].into_iter().flatten().min();
        }
        Some(Self {
            lower: lower?,
            upper: upper?,
        })
    }

    fn middle(&self) -> Nanos {
        self.lower + (self.upper - self.lower).div_euclid(2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::time::{MICROSECOND, SECOND};
    use proptest::prelude::*;

    const AT: Nanos = 1_800_000_000 * SECOND;

    /// An exchange `after` AT whose ways take `out` and `back`, the clocks `offset` apart; the kernel's stamps are
    /// `wake` closer together than those of user space, at both ends of both ways.
    fn exchange(
        sequence: u32,
        after: Nanos,
        offset: Nanos,
        (out, back): (Nanos, Nanos),
        wake: Nanos,
    ) -> Exchange {
        let sent = |time: Nanos| Stamps(time - wake, Some(time));
        let received = |time: Nanos| Stamps(time + wake, Some(time));
        let t1 = AT + after;
        let t2 = t1 - offset + out;
        let t3 = t2 + 10 * MICROSECOND;
        let t4 = t3 + offset + back;
        Exchange(
            sequence,
            Some(sequence),
            sent(t1),
            Some(received(t2)),
            Some(sent(t3)),
            Some(received(t4)),
        )
    }

    fn without_kernel(mut exchange: Exchange) -> Exchange {
        exchange.2.1 = None;
        for stamps in [&mut exchange.3, &mut exchange.4, &mut exchange.5] {
            *stamps = stamps.map(|Stamps(user, _)| Stamps(user, None));
        }
        exchange
    }

    #[test]
    fn the_best_ways_out_and_back_need_not_be_of_one_exchange() {
        let exchanges = [
            exchange(0, 0, 500, (20, 90), 0),
            exchange(1, 1000, 500, (80, 30), 0),
        ];
        let estimate = estimate(&exchanges, AT).expect("an estimate");
        // Between 500 - 20 and 500 + 30, and a nanosecond or two for digits and drift.
        assert!(
            (504..=506).contains(&estimate.offset),
            "{}",
            estimate.offset
        );
        assert!((25..=28).contains(&estimate.bound), "{}", estimate.bound);
        assert_eq!(
            (estimate.minimum_rtt, estimate.minimum_rtt_offset),
            (110, 475)
        );
        assert_eq!((estimate.exchanges, estimate.clock_step), (2, false));
    }

    #[test]
    fn a_lost_reply_still_narrows_the_bound() {
        let mut lost = exchange(1, 100, 0, (5, 0), 0);
        (lost.1, lost.5) = (None, None);
        let complete = exchange(0, 0, 0, (100, 10), 0);
        let alone = estimate(&[complete], AT).expect("an estimate");
        let both = estimate(&[complete, lost], AT).expect("an estimate");
        assert!(both.bound < alone.bound && both.offset.abs() < alone.offset.abs());
        assert_eq!(both.exchanges, 1);
    }

    #[test]
    fn an_early_probe_whose_reply_was_lost_does_not_pull_the_estimate_to_its_side() {
        let mut lost = exchange(0, 0, 0, (10, 0), 0);
        (lost.1, lost.5) = (None, None);
        let estimate =
            estimate(&[lost, exchange(1, SECOND / 4, 0, (10, 10), 0)], AT).expect("an estimate");
        assert!(estimate.offset.abs() <= 10, "{}", estimate.offset);
    }

    #[test]
    fn kinds_are_not_mixed_in_the_estimate() {
        let kernel = exchange(0, 0, 0, (10, 10), 100);
        let mut no_t1 = exchange(1, 50, 0, (10, 10), 100);
        no_t1.2.1 = None;
        let mut no_sent = no_t1;
        no_sent.4 = no_sent.4.map(|Stamps(user, _)| Stamps(user, None));
        for (exchanges, kind) in [
            (vec![kernel, no_t1], StampKind::Kernel),
            (vec![no_sent], StampKind::KernelReceive),
            (
                vec![no_sent, without_kernel(kernel)],
                StampKind::KernelReceive,
            ),
            (vec![without_kernel(kernel)], StampKind::User),
        ] {
            assert_eq!(estimate(&exchanges, AT).expect("an estimate").stamps, kind);
        }
    }

    #[test]
    fn a_step_of_a_clock_is_noticed() {
        let exchanges = [
            exchange(0, 0, 0, (10, 10), 0),
            exchange(1, 100, 5_000, (10, 10), 0),
        ];
        let estimate = estimate(&exchanges, AT).expect("an estimate");
        assert!(estimate.clock_step);
        // At most 10 before the step and at least 4990 after it, as far as the stamps say.
        assert!(estimate.offset - estimate.bound <= 20);
        assert!(estimate.offset + estimate.bound >= 4_980);
    }

    #[test]
    fn the_mean_is_that_of_sebs() {
        let drifts = [1_000, 10, 20, 60];
        let exchanges: Vec<Exchange> = (0..)
            .zip(drifts)
            .map(|(number, offset)| exchange(number, 0, offset, (7, 7), 3))
            .collect();
        let estimate = estimate(&exchanges, AT).expect("an estimate");
        assert!((estimate.mean - 30.0).abs() < 1e-9);
        // numpy.std([10, 20, 60], ddof=1)
        assert!((estimate.deviation - 26.457_513_110_645_905).abs() < 1e-9);
        let alone = super::estimate(&exchanges[..1], AT).expect("an estimate");
        assert!((alone.mean - 1_000.0).abs() < 1e-9);
        assert!(alone.deviation.abs() < 1e-9);
    }

    #[test]
    fn nothing_is_said_without_a_complete_exchange() {
        assert_eq!(estimate(&[], AT), None);
        let mut lost = exchange(0, 0, 0, (1, 1), 0);
        lost.5 = None;
        assert_eq!(estimate(&[lost], AT), None);
    }

    #[test]
    fn a_first_stamp_of_zero_costs_no_certainty() {
        let mut bad = exchange(0, 0, 500, (20, 30), 0);
        bad.2 = Stamps(0, Some(0));
        let good = exchange(1, 1000, 500, (20, 30), 0);
        let alone = estimate(&[good], AT).expect("an estimate");
        let both = estimate(&[bad, good], AT).expect("an estimate");
        assert!(!both.clock_step);
        assert!(both.bound <= alone.bound + 1, "{both:?}");
    }

    proptest! {
        #[test]
        fn the_widening_is_that_of_the_drift_at_any_distance(
            distance in prop_oneof![any::<Nanos>(), Just(Nanos::MIN), Just(Nanos::MAX), -MICROSECOND..MICROSECOND],
        ) {
            let least = i128::from(distance).abs() * 100;
            let widened = i128::from(widening(distance)) * 1_000_000;
            prop_assert!((least + 1_000_000..least + 2_000_000).contains(&widened));
        }

        #[test]
        fn the_bound_holds_for_any_ways_and_any_drift_a_crystal_has(
            offset in -SECOND..SECOND,
            ppm in -100.0_f64..100.0,
            kernel: bool,
            ways in proptest::collection::vec((0..10 * SECOND, 0..SECOND / 10, 0..SECOND / 10), 1..50),
        ) {
            let exchanges: Vec<Exchange> = (0..).zip(&ways).map(|(number, (after, out, back))| {
                // Each way at its own moment: the clocks drift in between.
                let clock = |time: Nanos| time + offset + f64::round((time - AT) as f64 * ppm / 1e6) as Nanos;
                let (t1, t2) = (AT + after, AT + after + out);
                let (t3, t4) = (t2 + 5, t2 + 5 + back);
                let whole = |time| Stamps(time, Some(time));
                let stamped = Exchange(number, Some(number), whole(clock(t1)), Some(whole(t2)), Some(whole(t3)), Some(whole(clock(t4))));
                if kernel { stamped } else { without_kernel(stamped) }
            }).collect();
            let estimate = estimate(&exchanges, AT + offset).expect("an estimate");
            prop_assert!(!estimate.clock_step);
            prop_assert!((estimate.offset - offset).abs() <= estimate.bound, "{:?}", estimate);
        }
    }
}
