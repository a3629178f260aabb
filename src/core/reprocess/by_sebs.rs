//! A sample by SeBS's own rules.

use super::{Rows, Times};
use crate::core::time::{Nanos, SECOND};

/// What SeBS writes into its last three columns, s; not a number where it had nothing to average.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BySebs {
    /// `clock_drift_mean`.
    pub mean: f64,
    /// `clock_drift_std`: the sample standard deviation.
    pub deviation: f64,
    /// `invocation_time`, with the mean added.
    pub invocation_time: f64,
}

impl BySebs {
    /// By SeBS's formulas in double precision, over the rows that have the same place in both files.
    pub fn of(times: &Times, host: &Rows, function: &Rows) -> Self {
        let count = drifts(host, function).count() as f64;
        let mean = if count > 0.0 {
            drifts(host, function).sum::<f64>() / count
        } else {
            f64::NAN
        };
        let squares: f64 = drifts(host, function)
            .map(|drift| (drift - mean).powi(2))
            .sum();
        let deviation = if count > 1.0 {
            (squares / (count - 1.0)).sqrt()
        } else {
            f64::NAN
        };
        Self::recorded(times, mean, deviation)
    }

    /// From a mean and a deviation that are known.
    pub fn recorded(times: &Times, mean: f64, deviation: f64) -> Self {
        let raw = double(times.finish) - double(times.start) - double(times.connection);
        Self {
            mean,
            deviation,
            invocation_time: raw + mean,
        }
    }
}

/// SeBS's `clock_drift` of each pair of rows with the same place.
fn drifts(host: &Rows, function: &Rows) -> impl Iterator<Item = f64> {
    let mut hosts = host.places.iter().zip(&host.spans).peekable();
    let functions = function.places.iter().zip(&function.spans);
    functions.filter_map(move |(place, outer)| {
        while hosts.next_if(|(other, _)| *other < place).is_some() {}
        let (_, inner) = hosts.next_if(|(other, _)| *other == place)?;
        let (out, back) = (
            double(outer.from) - double(inner.from),
            double(outer.to) - double(inner.to),
        );
        Some(f64::midpoint(out, back))
    })
}

/// `nanos` in seconds, as SeBS reads it from its files: the nearest double, also of times since the epoch.
fn double(nanos: Nanos) -> f64 {
    (nanos / SECOND) as f64 + (nanos % SECOND) as f64 / SECOND as f64
}
