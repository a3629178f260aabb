//! How far two medians are apart, with intervals by resampling.

use rand::{RngExt, SeedableRng, rngs::StdRng};
use serde::{Deserialize, Serialize};

use super::{Enough, LEAST_FOR_INTERVAL, MISS};
use crate::core::distribution::median;
use crate::core::time::Nanos;

/// Resamples: the ends of the interval are then the 100th from either side.
const RESAMPLES: usize = 4000;

/// A 95 % interval, ns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interval {
    /// Lower end.
    pub low: Nanos,
    /// Upper end.
    pub high: Nanos,
}

/// A 95 % interval of a ratio.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RatioInterval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// From one median to another.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// Median after minus median before, ns.
    pub difference: Nanos,
    /// Its interval.
    pub interval: Enough<Interval>,
    /// Median after over median before; none when the latter is not positive.
    pub ratio: Option<f64>,
    /// Its interval; none without a ratio, with too few values, or when a resample's median is not positive.
    pub ratio_interval: Option<RatioInterval>,
}

/// From the median of `before` to that of `after`, with percentile bootstrap intervals; none without values in both.
///
/// Both samples are drawn again with replacement, independently, 4000 times. (B. Efron, R. Tibshirani: An Introduction
/// to the Bootstrap, 13.3.) The same `seed` gives the same intervals.
pub fn change(before: &[Nanos], after: &[Nanos], seed: u64) -> Option<Change> {
    let (from, to) = (median(before)?, median(after)?);
    let n = before.len().min(after.len());
    let mut change = Change {
        difference: to - from,
        interval: Enough::TooSmall {
            n,
            least: LEAST_FOR_INTERVAL,
        },
        ratio: (from > 0).then(|| to as f64 / from as f64),
        ratio_interval: None,
    };
    if n < LEAST_FOR_INTERVAL {
        return Some(change);
    }
    let mut rng = StdRng::seed_from_u64(seed);
    let (mut before, mut after) = (Resampler::new(before), Resampler::new(after));
    let medians: Vec<(Nanos, Nanos)> = (0..RESAMPLES)
        .map(|_| (before.median(&mut rng), after.median(&mut rng)))
        .collect();
    let differences = medians.iter().map(|(from, to)| to - from).collect();
    let (low, high) = middle(differences, Nanos::cmp);
    change.interval = Enough::Known(Interval { low, high });
    if change.ratio.is_some() && medians.iter().all(|(from, _)| *from > 0) {
        let ratios = medians
            .iter()
            .map(|(from, to)| *to as f64 / *from as f64)
            .collect();
        let (low, high) = middle(ratios, f64::total_cmp);
        change.ratio_interval = Some(RatioInterval { low, high });
    }
    Some(change)
}

/// What 95 % of the values lie between.
fn middle<T: Copy>(mut values: Vec<T>, order: fn(&T, &T) -> std::cmp::Ordering) -> (T, T) {
    values.sort_unstable_by(order);
    let cut = (values.len() as f64 * MISS / 2.0) as usize;
    (
        values[cut.saturating_sub(1)],
        values[values.len() - cut.max(1)],
    )
}

/// Draws medians of resamples from their exact distribution, without drawing the resamples.
///
/// A resample is n uniform draws, each read off the ascending values; its median is where their middle ones fall.
/// The order statistics of n uniform draws are partial sums of n + 1 exponential ones over the whole sum, so that three
/// gamma variates stand for all draws: below the middle ones, between them, above.
struct Resampler {
    sorted: Vec<Nanos>,
}

impl Resampler {
    fn new(values: &[Nanos]) -> Self {
        let mut sorted = values.to_vec();
        sorted.sort_unstable();
        Self { sorted }
    }

    fn median(&mut self, rng: &mut StdRng) -> Nanos {
        let n = self.sorted.len();
        let at = |share: f64| self.sorted[((share * n as f64) as usize).min(n.saturating_sub(1))];
        if n % 2 == 1 {
            let shape = n.div_ceil(2) as f64;
            let (below, above) = (gamma(shape, rng), gamma(shape, rng));
            return at(below / (below + above));
        }
        let shape = (n / 2) as f64;
        let (below, between, above) = (gamma(shape, rng), gamma(1.0, rng), gamma(shape, rng));
        let total = below + between + above;
        i64::midpoint(at(below / total), at((below + between) / total))
    }
}

/// A gamma variate of `shape` 1 or more. (G. Marsaglia, W. W. Tsang: A simple method for generating gamma variables.)
fn gamma(shape: f64, rng: &mut StdRng) -> f64 {
    let d = shape - 1.0 / 3.0;
    let c = 1.0 / (9.0 * d).sqrt();
    // One in twenty is refused at most, so that a hundred in a row never are.
    for _ in 0..100 {
        let normal = normal(rng);
        let v = (1.0 + c * normal).powi(3);
        if v > 0.0 {
            let uniform: f64 = 1.0 - rng.random::<f64>();
            if uniform.ln() < 0.5 * normal * normal + d - d * v + d * v.ln() {
                return d * v;
            }
        }
    }
    d
}

/// A standard normal variate, by the method of Box and Muller.
fn normal(rng: &mut StdRng) -> f64 {
    let radius = (-2.0 * (1.0 - rng.random::<f64>()).ln()).sqrt();
    radius * (std::f64::consts::TAU * rng.random::<f64>()).cos()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A median of a resample that is really drawn.
    fn drawn(values: &[Nanos], rng: &mut StdRng) -> Nanos {
        let resample: Vec<Nanos> = values
            .iter()
            .map(|_| values[rng.random_range(0..values.len())])
            .collect();
        median(&resample).expect("values")
    }

    #[test]
    fn medians_of_resamples_are_distributed_as_if_they_were_drawn() {
        for n in [6_i64, 7, 20] {
            let values: Vec<Nanos> = (0..n).map(|i| i * i * 1000).collect();
            let mut rng = StdRng::seed_from_u64(1);
            let mut resampler = Resampler::new(&values);
            let (mut quick, mut slow): (Vec<_>, Vec<_>) = (0..8_000)
                .map(|_| (resampler.median(&mut rng), drawn(&values, &mut rng)))
                .unzip();
            quick.sort_unstable();
            slow.sort_unstable();
            // Kolmogorov and Smirnov: 1.95 sqrt(2 / 8,000) is exceeded once in a thousand times.
            let share = |sorted: &[Nanos], value| {
                sorted.partition_point(|other| *other <= value) as f64 / sorted.len() as f64
            };
            let distance = slow
                .iter()
                .map(|value| (share(&quick, *value) - share(&slow, *value)).abs())
                .fold(0.0, f64::max);
            assert!(distance < 0.0308, "{distance} for {n}");
        }
    }

    #[test]
    fn intervals_cover_a_known_difference_about_nineteen_times_in_twenty() {
        let mut rng = StdRng::seed_from_u64(4);
        let mut draw = |shift: Nanos, n: usize| -> Vec<Nanos> {
            // Exponential: skewed as times are.
            (0..n)
                .map(|_| shift + (-(1.0 - rng.random::<f64>()).ln() * 1e6) as Nanos)
                .collect()
        };
        let covered = (0..200)
            .filter(|seed| {
                let (before, after) = (draw(3_000_000, 20), draw(8_000_000, 25));
                let change = change(&before, &after, *seed).expect("values");
                let interval = *change.interval.known().expect("enough");
                (interval.low..=interval.high).contains(&5_000_000)
            })
            .count();
        assert!(covered >= 183, "{covered} of 200");
    }
}
