//! How fast the function's clock runs against the host's within one attempt.

use serde::{Deserialize, Serialize};

use super::sample::{Exchange, Stamps};
use super::time::{Nanos, SECOND};

/// Shortest span of exchanges that says anything of a rate, ns: over less, the way of one datagram is thousands of ppm.
pub const LEAST_SPAN: Nanos = SECOND;

/// No clock is this far off, in parts per million: where the search begins.
const FARTHEST_PPM: f64 = 500_000.0;

/// Steps of the search; each leaves out an exchange for good, and a handful is enough.
const MOST_STEPS: usize = 1000;

/// The rate of the function's clock against the host's, in parts per million: how much its offset grows per second, µs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClockRate {
    /// The exchanges do not span long enough, or there are none.
    Unknown {
        /// What they span, ns.
        span: Nanos,
    },
    /// No constant rate agrees with all exchanges: a clock was stepped, or its rate changed.
    Inconstant {
        /// What they span, ns.
        span: Nanos,
    },
    /// Every rate that agrees with all exchanges lies within `ppm` ± `uncertainty`.
    Known {
        /// Middle of the rates that agree with all exchanges.
        ppm: f64,
        /// Half the width of their range: proven for a rate that is constant over the span.
        uncertainty: f64,
        /// What the exchanges span, ns.
        span: Nanos,
    },
}

impl ClockRate {
    /// How far the rate is off at the least, ppm: with what every rate that the exchanges allow exceeds 0.
    pub fn at_least(&self) -> Option<f64> {
        match self {
            Self::Known {
                ppm, uncertainty, ..
            } => Some((ppm.abs() - uncertainty).max(0.0)),
            Self::Unknown { .. } | Self::Inconstant { .. } => None,
        }
    }
}

/// What the exchanges say of the rate.
///
/// As for the offset, T1 - T2 is not above the offset at T1 and T4 - T3 not below it at T4. The rates of all straight
/// lines that pass above the former points and below the latter are the rates that the exchanges allow.
pub fn clock_rate(exchanges: &[Exchange]) -> ClockRate {
    let bounds = Bounds::of(exchanges);
    let span = bounds.span();
    if span < LEAST_SPAN {
        return ClockRate::Unknown { span };
    }
    match (
        bounds.farthest(-FARTHEST_PPM),
        bounds.farthest(FARTHEST_PPM),
    ) {
        (Some(low), Some(high)) if low <= high => ClockRate::Known {
            ppm: f64::midpoint(low, high),
            uncertainty: (high - low) / 2.0,
            span,
        },
        _ => ClockRate::Inconstant { span },
    }
}

/// When, and what the offset is not below or not above then; ns since the first reading, and ns.
type Point = (f64, f64);

struct Bounds {
    lower: Vec<Point>,
    upper: Vec<Point>,
}

impl Bounds {
    fn of(exchanges: &[Exchange]) -> Self {
        let best = |Stamps(user, kernel): Stamps| kernel.unwrap_or(user);
        let mut origin = None;
        let (mut lower, mut upper) = (Vec::new(), Vec::new());
        for Exchange(_, _, t1, t2, t3, t4) in exchanges {
            let (Some(t2), Some(t3), Some(t4)) = (t2, t3, t4) else {
                continue;
            };
            let [t1, t2, t3, t4] = [*t1, *t2, *t3, *t4].map(best);
            // Small numbers keep their digits in a float.
            let (begin, offset) = *origin.get_or_insert((t1, t1 - t2));
            lower.push(((t1 - begin) as f64, (t1 - t2 - offset) as f64));
            upper.push(((t4 - begin) as f64, (t4 - t3 - offset) as f64));
        }
        Self { lower, upper }
    }

    fn span(&self) -> Nanos {
        let times = || self.lower.iter().chain(&self.upper).map(|point| point.0);
        let first = times().fold(f64::INFINITY, f64::min);
        let last = times().fold(f64::NEG_INFINITY, f64::max);
        if self.lower.is_empty() {
            0
        } else {
            (last - first) as Nanos
        }
    }

    /// The allowed rate nearest to `ppm`, which lies beyond all of them; none when no rate is allowed.
    ///
    /// At a rate that is too far out, the highest lower bound lies above the lowest upper one. The rate at which these
    /// two just agree is nearer and not yet past the allowed ones (Newton's method on a concave function).
    fn farthest(&self, mut ppm: f64) -> Option<f64> {
        let from_above = ppm > 0.0;
        for _ in 0..MOST_STEPS {
            let level = |point: &Point| point.1 - ppm / 1e6 * point.0;
            let order = |a: &&Point, b: &&Point| level(a).total_cmp(&level(b));
            let low = self.lower.iter().max_by(order)?;
            let high = self.upper.iter().min_by(order)?;
            // Half a nanosecond is less than any stamp tells.
            if level(low) <= level(high) + 0.5 {
                return Some(ppm);
            }
            // Only an upper bound after a lower one keeps the rate from being larger.
            let time = high.0 - low.0;
            if time == 0.0 || (time > 0.0) != from_above {
                return None;
            }
            ppm = (high.1 - low.1) / time * 1e6;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::core::time::{MICROSECOND, MILLISECOND};

    /// Exchanges every `pace`, with ways of these lengths, seen by a clock with this offset and rate.
    fn exchanges(pace: Nanos, ways: &[(Nanos, Nanos)], offset: Nanos, ppm: f64) -> Vec<Exchange> {
        let begin = 1_700_000_000 * SECOND;
        let function =
            |host: Nanos| host + offset + ((host - begin) as f64 * ppm / 1e6).round() as Nanos;
        let stamps = |time: Nanos| Some(Stamps(time, None));
        (0..)
            .zip(ways)
            .map(|(number, (out, back))| {
                let sent = begin + Nanos::from(number) * pace;
                let (t2, t3) = (sent + out, sent + out + 5 * MICROSECOND);
                Exchange(
                    number,
                    Some(number),
                    Stamps(function(sent), None),
                    stamps(t2),
                    stamps(t3),
                    stamps(function(t3 + back)),
                )
            })
            .collect()
    }

    #[test]
    fn a_short_exchange_says_nothing_of_the_rate() {
        let ways = [(20_000, 30_000); 48];
        let short = exchanges(MILLISECOND, &ways, 0, 50.0);
        assert!(matches!(
            clock_rate(&short),
            ClockRate::Unknown {
                span: 47_000_000..48_000_000
            }
        ));
        assert_eq!(clock_rate(&[]), ClockRate::Unknown { span: 0 });
    }

    #[test]
    fn a_long_exchange_tells_the_rate_within_its_ways_over_its_span() {
        let ways = [(20_000, 30_000); 101];
        let long = exchanges(100 * MILLISECOND, &ways, 500 * MILLISECOND, 100.0);
        let ClockRate::Known {
            ppm, uncertainty, ..
        } = clock_rate(&long)
        else {
            panic!("{:?}", clock_rate(&long));
        };
        assert!((ppm - 100.0).abs() < 0.1, "{ppm}");
        // 50 µs over 10 s.
        assert!((4.9..5.1).contains(&uncertainty), "{uncertainty}");
    }

    #[test]
    fn a_stepped_clock_has_no_rate() {
        let ways = [(20_000, 30_000); 100];
        let mut stepped = exchanges(20 * MILLISECOND, &ways, 0, 0.0);
        for exchange in &mut stepped[40..60] {
            exchange.2.0 += MILLISECOND;
            exchange
                .5
                .iter_mut()
                .for_each(|stamps| stamps.0 += MILLISECOND);
        }
        assert!(matches!(clock_rate(&stepped), ClockRate::Inconstant { .. }));
    }

    proptest! {
        #[test]
        fn the_true_rate_is_always_within_the_range(
            ways in prop::collection::vec((1_000_i64..20_000_000, 1_000_i64..20_000_000), 30..200),
            offset in -SECOND..SECOND, ppm in -500.0..500.0_f64,
        ) {
            match clock_rate(&exchanges(50 * MILLISECOND, &ways, offset, ppm)) {
                ClockRate::Known { ppm: found, uncertainty, .. } => {
                    // Stamps are whole nanoseconds, over a second or more.
                    prop_assert!((found - ppm).abs() <= uncertainty + 0.01, "{} ± {} for {}", found, uncertainty, ppm);
                }
                other => prop_assert!(false, "{:?}", other),
            }
        }
    }
}
