//! Durations as a distribution: percentiles, and bins for a logarithmic histogram of any width.

use hdrhistogram::Histogram;

use super::time::Nanos;

/// No round trip is believed to take longer: one hour, ns.
const LONGEST: Nanos = 3_600_000_000_000;

/// Durations in little space, with two significant digits.
#[derive(Debug, Clone)]
pub struct Distribution(Histogram<u32>);

impl Default for Distribution {
    fn default() -> Self {
        Self(Histogram::new(2).expect("two digits are within the histogram's range"))
    }
}

impl Distribution {
    /// Adds a duration, ns; it counts as at least 1 ns and at most an hour.
    pub fn record(&mut self, nanos: Nanos) {
        self.0
            .record(nanos.clamp(1, LONGEST) as u64)
            .expect("the histogram grows by itself");
    }

    /// How many were recorded.
    pub fn count(&self) -> u64 {
        self.0.len()
    }

    /// The duration that a share `q` (0 to 1) does not exceed, ns.
    pub fn quantile(&self, q: f64) -> Option<Nanos> {
        (!self.0.is_empty()).then(|| self.0.value_at_quantile(q) as Nanos)
    }

    /// Smallest, ns.
    pub fn minimum(&self) -> Option<Nanos> {
        (!self.0.is_empty()).then(|| self.0.min() as Nanos)
    }

    /// Largest, ns.
    pub fn maximum(&self) -> Option<Nanos> {
        (!self.0.is_empty()).then(|| self.0.max() as Nanos)
    }

    /// Counts in `columns` bins, equally wide on a log scale from `low` to `high` ns; what lies outside goes to the edge bins.
    pub fn log_bins(&self, low: Nanos, high: Nanos, columns: usize) -> Vec<u64> {
        let mut bins = vec![0; columns];
        if columns == 0 {
            return bins;
        }
        let (low, high) = ((low.max(1) as f64).ln(), (high.max(2) as f64).ln());
        let width = ((high - low) / columns as f64).max(f64::MIN_POSITIVE);
        for value in self.0.iter_recorded() {
            let place = ((value.value_iterated_to() as f64).ln() - low) / width;
            bins[(place.max(0.0) as usize).min(columns - 1)] += u64::from(value.count_at_value());
        }
        bins
    }
}

/// Median of `values`: the mean of the two middle ones when their number is even.
pub fn median(values: &[Nanos]) -> Option<Nanos> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => None,
        n if n % 2 == 1 => Some(sorted[middle]),
        _ => Some(i64::midpoint(sorted[middle - 1], sorted[middle])),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn medians_have_their_textbook_values() {
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[3, 1, 2]), Some(2));
        assert_eq!(median(&[4, 1, 2, 3]), Some(2));
    }

    proptest! {
        #[test]
        fn bins_lose_nothing(values in prop::collection::vec(1_i64..10_000_000_000, 0..300), columns in 1_usize..80) {
            let mut distribution = Distribution::default();
            for value in &values {
                distribution.record(*value);
            }
            let bins = distribution.log_bins(100, 1_000_000_000, columns);
            prop_assert_eq!(bins.len(), columns);
            prop_assert_eq!(bins.iter().sum::<u64>(), values.len() as u64);
        }

        #[test]
        fn quantiles_are_within_one_percent(values in prop::collection::vec(1_i64..10_000_000_000, 1..300)) {
            let mut distribution = Distribution::default();
            for value in &values {
                distribution.record(*value);
            }
            let mut sorted = values.clone();
            sorted.sort_unstable();
            let exact = sorted[(sorted.len() - 1) / 2] as f64;
            let told = distribution.quantile(0.5).expect("values") as f64;
            prop_assert!((told - exact).abs() <= exact * 0.01 + 1.0, "{} for {}", told, exact);
        }
    }
}
