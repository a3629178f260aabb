//! Durations as a distribution: percentiles, and bins for a logarithmic histogram of any width.

use hdrhistogram::Histogram;

use super::time::{Nanos, SECOND};

/// Longest duration told apart, ns: an hour.
const LONGEST: u64 = 3600 * SECOND as u64;

/// Durations in constant space, with two significant digits; one above an hour counts as an hour.
#[derive(Debug, Clone)]
pub struct Distribution(Histogram<u32>);

impl Default for Distribution {
    fn default() -> Self {
        Self(Histogram::new_with_bounds(1, LONGEST, 2).expect("the bounds are in order and two digits are possible"))
    }
}

impl Distribution {
    /// Adds a duration, ns; one below 1 ns counts as 1 ns.
    pub fn record(&mut self, nanos: Nanos) {
        self.0.saturating_record(nanos.max(1) as u64);
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

/// Half the distance between the quartiles (nearest rank): the spread shown beside a median.
pub fn half_quartile_range(values: &[Nanos]) -> Option<Nanos> {
    if values.len() < 2 {
        return None;
    }
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    let rank = |q: f64| sorted[((q * sorted.len() as f64).ceil() as usize).clamp(1, sorted.len()) - 1];
    Some((rank(0.75) - rank(0.25)) / 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_of_every_length_are_told_apart() {
        let mut all = Distribution::default();
        for nanos in [0, 1_000, 38_000, 2_000_000, 30 * SECOND, 7200 * SECOND] {
            all.record(nanos);
        }
        let near = |shown: Option<Nanos>, nanos: f64| shown.is_some_and(|shown| (shown as f64 / nanos - 1.0).abs() < 0.01);
        assert!(near(all.quantile(0.5), 38_000.0), "{:?}", all.quantile(0.5));
        assert!(near(all.quantile(0.6), 2e6) && near(all.maximum(), LONGEST as f64));
        assert_eq!((all.count(), all.minimum()), (6, Some(1)));
    }
}
