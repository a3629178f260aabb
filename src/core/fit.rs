//! Invocation time against size: straight lines by least squares.

use serde::{Deserialize, Serialize};

use super::distribution::median;
use super::statistics::{Enough, student_quantile};
use super::time::{Nanos, seconds};

/// Fewest different sizes for a line: two of them are always on one.
pub const LEAST_SIZES: usize = 3;

/// Bytes in a megabyte.
const MEGABYTE: f64 = 1e6;

/// A line fitted through (size, time).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// Points it rests on.
    pub n: usize,
    /// Rise, s/MB.
    pub slope: f64,
    /// 95 % interval of the slope, s/MB: lower end, upper end. It is Student's: for points that scatter independently,
    /// normally and equally about a straight line.
    pub slope_interval: (f64, f64),
    /// Time at size 0, s.
    pub intercept: f64,
    /// Share of the variance that the line explains, corrected for its two parameters; none when all times are equal.
    pub adjusted_r2: Option<f64>,
    /// Effective throughput, Mbit/s: 8 / slope; none when the line does not rise.
    pub mbit_per_s: Option<f64>,
    /// Standard deviation of the points about the line (n - 2), s.
    pub deviation: f64,
    /// Mean size, MB: where the band is narrowest.
    pub mean_size: f64,
    /// Sum of the squared distances of the sizes from their mean, MB².
    pub size_squares: f64,
}

impl Line {
    /// Through `points` of (bytes, ns). In [`Enough::TooSmall`] n and least count different sizes.
    pub fn of(points: &[(u64, Nanos)]) -> Enough<Self> {
        let mut sizes: Vec<u64> = points.iter().map(|(size, _)| *size).collect();
        sizes.sort_unstable();
        sizes.dedup();
        if sizes.len() < LEAST_SIZES {
            return Enough::TooSmall {
                n: sizes.len(),
                least: LEAST_SIZES,
            };
        }
        let differ = points.iter().any(|(_, time)| *time != points[0].1);
        let points: Vec<(f64, f64)> = points
            .iter()
            .map(|(size, time)| (*size as f64 / MEGABYTE, seconds(*time)))
            .collect();
        let line = Self::through(&points);
        Enough::Known(Self {
            // In seconds the squares about a rounded mean are not quite 0 when all times are equal.
            adjusted_r2: line.adjusted_r2.filter(|_| differ),
            ..line
        })
    }

    fn through(points: &[(f64, f64)]) -> Self {
        let n = points.len();
        let count = n as f64;
        let mean_size = points.iter().map(|(x, _)| x).sum::<f64>() / count;
        let mean_time = points.iter().map(|(_, y)| y).sum::<f64>() / count;
        let sum = |of: &dyn Fn(f64, f64) -> f64| -> f64 {
            points
                .iter()
                .map(|(x, y)| of(x - mean_size, y - mean_time))
                .sum()
        };
        let size_squares = sum(&|x, _| x * x);
        let slope = sum(&|x, y| x * y) / size_squares;
        let total = sum(&|_, y| y * y);
        let left = sum(&|x, y| (y - slope * x).powi(2));
        let deviation = (left / (count - 2.0)).sqrt();
        let reach = student_quantile(0.975, n - 2) * deviation / size_squares.sqrt();
        Self {
            n,
            slope,
            slope_interval: (slope - reach, slope + reach),
            intercept: mean_time - slope * mean_size,
            adjusted_r2: (total > 0.0).then(|| 1.0 - left / total * (count - 1.0) / (count - 2.0)),
            mbit_per_s: (slope > 0.0).then(|| 8.0 / slope),
            deviation,
            mean_size,
            size_squares,
        }
    }

    /// Whether the points leave open that times neither rise nor fall with the size.
    pub fn is_flat(&self) -> bool {
        let (low, high) = self.slope_interval;
        low <= 0.0 && high >= 0.0
    }

    /// The line's time at `size` bytes, s.
    pub fn at(&self, size: u64) -> f64 {
        self.intercept + self.slope * (size as f64 / MEGABYTE)
    }

    /// 95 % confidence band of the mean time at `size` bytes, s: lower end, upper end. It holds for points that scatter
    /// independently, normally and equally about a straight line.
    pub fn band(&self, size: u64) -> (f64, f64) {
        let distance = size as f64 / MEGABYTE - self.mean_size;
        // Student's t times the deviation is in the slope's interval already, and is dear to find again.
        let reach = (self.slope_interval.1 - self.slope)
            * (self.size_squares / self.n as f64 + distance * distance).sqrt();
        (self.at(size) - reach, self.at(size) + reach)
    }
}

/// The lines of one start kind.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Fits {
    /// Through every sample.
    pub all: Enough<Line>,
    /// Through every sample but those of the smallest size, which pulls R².
    pub without_smallest: Enough<Line>,
    /// Through the median of each size.
    pub medians: Enough<Line>,
}

impl Fits {
    /// Through `sizes`: bytes, and the times at them in ns.
    pub fn of(sizes: &[(u64, Vec<Nanos>)]) -> Self {
        let smallest = sizes
            .iter()
            .filter(|(_, times)| !times.is_empty())
            .map(|(size, _)| *size)
            .min();
        let all: Vec<(u64, Nanos)> = sizes
            .iter()
            .flat_map(|(size, times)| times.iter().map(|time| (*size, *time)))
            .collect();
        let larger: Vec<(u64, Nanos)> = all
            .iter()
            .filter(|(size, _)| Some(*size) != smallest)
            .copied()
            .collect();
        let medians: Vec<(u64, Nanos)> = sizes
            .iter()
            .filter_map(|(size, times)| Some((*size, median(times)?)))
            .collect();
        Self {
            all: Line::of(&all),
            without_smallest: Line::of(&larger),
            medians: Line::of(&medians),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn close(found: f64, told: f64) {
        assert!(
            (found - told).abs() <= told.abs() * 1e-9 + 1e-12,
            "{found} for {told}"
        );
    }

    fn line(points: &[(u64, Nanos)]) -> Line {
        *Line::of(points).known().expect("enough sizes")
    }

    #[test]
    fn a_line_has_its_textbook_values() {
        // x 1..5 MB, y 2 4 5 4 5 s: y = 2.2 + 0.6 x, R² 0.6.
        let second = 1_000_000_000;
        let points: Vec<(u64, Nanos)> = (1..)
            .zip([2, 4, 5, 4, 5])
            .map(|(x, y)| (x * 1_000_000, y * second))
            .collect();
        let it = line(&points);
        close(it.slope, 0.6);
        close(it.intercept, 2.2);
        close(it.adjusted_r2.expect("times differ"), 1.0 - 0.4 * 4.0 / 3.0);
        close(it.mbit_per_s.expect("it rises"), 8.0 / 0.6);
        close(it.deviation, 0.8_f64.sqrt());
        // t(0.975, 3) = 3.182446...; at the mean the band is t s / sqrt(5), at 5 MB t s sqrt(1/5 + 4/10).
        let t = 3.182_446_305_284_263;
        let (low, high) = it.band(3_000_000);
        close(high - low, 2.0 * t * (0.8_f64 / 5.0).sqrt());
        let (low, high) = it.band(5_000_000);
        close(high - low, 2.0 * t * (0.8_f64 * 0.6).sqrt());
        close(it.slope_interval.1, 0.6 + t * 0.08_f64.sqrt());
    }

    #[test]
    fn two_sizes_make_no_line_however_many_samples_they_have() {
        let points = [(1, 5), (1, 6), (9, 8), (9, 9)];
        assert_eq!(Line::of(&points), Enough::TooSmall { n: 2, least: 3 });
    }

    #[test]
    fn a_line_that_falls_has_no_throughput() {
        assert_eq!(line(&[(1, 9), (2, 5), (3, 2)]).mbit_per_s, None);
        let level = line(&[(1, 9), (2, 9), (3, 9)]);
        assert_eq!((level.adjusted_r2, level.is_flat()), (None, true));
        assert!(line(&[(1, 9), (2, 5), (3, 8)]).is_flat());
        assert!(!line(&[(1, 9), (2, 7), (3, 5), (4, 3)]).is_flat());
        for time in [9, 100_000_001, 333_333_333, 12_345_678_901] {
            for n in [3, 7, 30] {
                let equal: Vec<(u64, Nanos)> = (1..=n).map(|size| (size, time)).collect();
                assert_eq!(line(&equal).adjusted_r2, None, "{time} {n}");
            }
        }
    }

    #[test]
    fn the_smallest_size_is_left_out_of_one_fit_and_medians_ignore_outliers() {
        let sizes: Vec<(u64, Vec<Nanos>)> = (0..5)
            .map(|i: u64| {
                let time = 1_000_000 + 500_000 * i as Nanos;
                let first = if i == 0 { 9_000_000 } else { time };
                (
                    i * 1_000_000,
                    vec![first, time, time + 100, time - 100, time],
                )
            })
            .collect();
        let fits = Fits::of(&sizes);
        let slope = |line: Enough<Line>| line.known().expect("enough sizes").slope;
        close(slope(fits.without_smallest), 0.0005);
        close(slope(fits.medians), 0.0005);
        assert!(slope(fits.all) < 0.0004);
    }

    proptest! {
        #[test]
        fn an_exact_line_is_found_again(
            slope in 1_i64..10_000, intercept in 0_i64..1_000_000_000, sizes in prop::collection::btree_set(0_u64..10_000_000, 3..30),
        ) {
            let points: Vec<(u64, Nanos)> = sizes.iter().map(|size| (*size, intercept + slope * *size as Nanos)).collect();
            let it = line(&points);
            prop_assert!((it.slope - slope as f64 / 1000.0).abs() < 1e-6 * slope as f64, "{:?}", it);
            prop_assert!(it.adjusted_r2.expect("times differ") > 0.999_999);
            let (low, high) = it.band(points[0].0);
            prop_assert!(low <= it.at(points[0].0) && it.at(points[0].0) <= high);
        }
    }
}
