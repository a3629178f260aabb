//! What a sample of durations says of the distribution it comes from, and how surely.
//!
//! Nothing here assumes a shape: intervals of medians come from order statistics, those of differences from
//! resampling, tests from ranks. What the number of values cannot support is [`Enough::TooSmall`], not a guess.

mod bootstrap;
mod distributions;
mod ranks;

use serde::{Deserialize, Serialize};

use super::distribution::median;
use super::time::Nanos;

pub use bootstrap::{Change, Interval, RatioInterval, change};
pub use distributions::{normal_cdf, student_quantile};
pub use ranks::{Method, RankTest, Trend, holm, least_chance, mann_whitney, trend};

/// Chance that an interval misses: 95 % intervals throughout.
const MISS: f64 = 0.05;

/// Fewest values with a 95 % interval of their median: all of 5 lie on one side of it once in 16 times.
pub const LEAST_FOR_INTERVAL: usize = 6;

/// A figure, or the word that there are too few values for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Enough<T> {
    /// The figure.
    Known(T),
    /// Too few values.
    TooSmall {
        /// How many there are.
        n: usize,
        /// How many it takes.
        least: usize,
    },
}

impl<T> Enough<T> {
    /// The figure, if there is one.
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            Self::TooSmall { .. } => None,
        }
    }

    /// The figure made from this one.
    pub fn map<U>(self, make: impl FnOnce(T) -> U) -> Enough<U> {
        match self {
            Self::Known(value) => Enough::Known(make(value)),
            Self::TooSmall { n, least } => Enough::TooSmall { n, least },
        }
    }
}

/// A distribution-free interval of a median, between two of the values themselves.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct MedianInterval {
    /// Lower end, ns: the value of rank `rank` from below, from 1.
    pub low: Nanos,
    /// Upper end, ns: the value of the same rank from above.
    pub high: Nanos,
    /// That rank.
    pub rank: usize,
    /// Chance that such an interval covers the median of a continuous distribution, 0.95 or more.
    pub coverage: f64,
}

impl MedianInterval {
    /// From `median` to the farther end, ns: within ± this the interval lies.
    pub fn margin(&self, median: Nanos) -> Nanos {
        (self.high - median).max(median - self.low)
    }

    /// Half its width relative to `median`; none when that is not positive.
    pub fn relative_half_width(&self, median: Nanos) -> Option<f64> {
        (median > 0).then(|| (self.high - self.low) as f64 / 2.0 / median as f64)
    }
}

/// What some durations say together. Lengths are in ns.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Description {
    /// How many.
    pub n: usize,
    /// Smallest.
    pub minimum: Nanos,
    /// Median; the mean of the two middle ones when their number is even.
    pub median: Nanos,
    /// 95 % interval of the median, by order statistics.
    pub median_interval: Enough<MedianInterval>,
    /// 95th percentile, nearest rank.
    pub p95: Enough<Nanos>,
    /// 99th percentile, nearest rank.
    pub p99: Enough<Nanos>,
    /// Largest.
    pub maximum: Nanos,
    /// Arithmetic mean.
    pub mean: f64,
    /// Sample standard deviation (n - 1).
    pub deviation: Enough<f64>,
    /// Coefficient of variation: deviation over mean; none when the mean is not positive.
    pub variation: Option<f64>,
    /// How long the tail is: p99 over median; none without p99 or when the median is not positive.
    pub tail_to_median: Option<f64>,
    /// Values that [`outliers`] counts.
    pub outliers: usize,
}

impl Description {
    /// Of `values`, in any order; none when there are none.
    pub fn of(values: &[Nanos]) -> Option<Self> {
        let mut sorted = values.to_vec();
        sorted.sort_unstable();
        let n = sorted.len();
        let median = median(&sorted)?;
        let mean = mean(&sorted);
        let deviation = deviation(&sorted, mean);
        let p99 = percentile(&sorted, 99);
        Some(Self {
            n,
            minimum: sorted[0],
            median,
            median_interval: median_interval(&sorted),
            p95: percentile(&sorted, 95),
            p99,
            maximum: sorted[n - 1],
            mean,
            deviation,
            variation: deviation
                .known()
                .filter(|_| mean > 0.0)
                .map(|deviation| deviation / mean),
            tail_to_median: p99
                .known()
                .filter(|_| median > 0)
                .map(|tail| *tail as f64 / median as f64),
            outliers: outliers(&sorted),
        })
    }
}

/// The narrowest symmetric interval of order statistics that covers the median 95 % of the time or more.
///
/// The number of values below the median is binomial (n, 1/2), whatever their distribution; the interval from the
/// k-th smallest to the k-th largest misses it with chance 2 P(B < k). `sorted` must be ascending.
/// Source: W. J. Conover, Practical Nonparametric Statistics, 3.2.
pub fn median_interval(sorted: &[Nanos]) -> Enough<MedianInterval> {
    let n = sorted.len();
    if n < LEAST_FOR_INTERVAL {
        let least = LEAST_FOR_INTERVAL;
        return Enough::TooSmall { n, least };
    }
    let (rank, coverage) = median_ranks(n);
    Enough::Known(MedianInterval {
        low: sorted[rank - 1],
        high: sorted[n - rank],
        rank,
        coverage,
    })
}

/// The largest k with 2 P(B < k) of 5 % at most, and the coverage it gives, for `n` of 6 or more.
fn median_ranks(n: usize) -> (usize, f64) {
    // Logarithms: 2^-n itself is 0 beyond n = 1074.
    let mut log_term = -(n as f64) * std::f64::consts::LN_2;
    let mut miss = 2.0 * log_term.exp();
    let mut rank = 1;
    while rank < n / 2 {
        log_term += ((n - rank + 1) as f64 / rank as f64).ln();
        let wider = miss + 2.0 * log_term.exp();
        if wider > MISS {
            break;
        }
        miss = wider;
        rank += 1;
    }
    (rank, 1.0 - miss)
}

/// The nearest-rank percentile of ascending values, where there are enough for it not to be the largest by necessity:
/// rank ⌈n p / 100⌉ is below n from n = 100 / (100 - p) on, which is 20 for p95 and 100 for p99.
pub fn percentile(sorted: &[Nanos], percent: usize) -> Enough<Nanos> {
    let n = sorted.len();
    let least = 100_usize.div_ceil(100 - percent.min(99));
    if n < least {
        return Enough::TooSmall { n, least };
    }
    Enough::Known(sorted[(n * percent).div_ceil(100).max(1) - 1])
}

/// How many values are outliers, as hyperfine counts them: those whose distance from the median is more than 10 times
/// 1.4826 times the median distance. (Modified z-scores of Iglewicz and Hoaglin, 1993; 1.4826 makes the median
/// distance of normal values their standard deviation.)
pub fn outliers(values: &[Nanos]) -> usize {
    let Some(middle) = median(values) else {
        return 0;
    };
    let distances: Vec<Nanos> = values.iter().map(|value| (value - middle).abs()).collect();
    let typical = median(&distances).unwrap_or_default();
    let is_outlier =
        |distance: &&Nanos| i128::from(**distance) * 1000 > i128::from(typical) * 14_826;
    distances.iter().filter(is_outlier).count()
}

fn mean(values: &[Nanos]) -> f64 {
    let total: i128 = values.iter().map(|value| i128::from(*value)).sum();
    total as f64 / values.len().max(1) as f64
}

fn deviation(values: &[Nanos], mean: f64) -> Enough<f64> {
    let n = values.len();
    if n < 2 {
        return Enough::TooSmall { n, least: 2 };
    }
    let squares: f64 = values
        .iter()
        .map(|value| (*value as f64 - mean).powi(2))
        .sum();
    Enough::Known((squares / (n - 1) as f64).sqrt())
}

#[cfg(test)]
#[path = "statistics/tests.rs"]
mod tests;
