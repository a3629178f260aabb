//! SeBS's `clock_drift`: the mean offset over an attempt's exchanges, as SeBS would have it of the same stamps.

use super::sample::Exchange;
use super::time::Nanos;

/// `clock_drift_mean` and `clock_drift_std`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Drift {
    /// Mean of ((T1 − T2) + (T4 − T3)) / 2, ns.
    pub mean: f64,
    /// Sample standard deviation, as pandas has it, ns; none for one exchange.
    pub deviation: Option<f64>,
}

impl Drift {
    /// Of the exchanges that SeBS records: complete, and not the first. None without one.
    pub fn of(exchanges: &[Exchange]) -> Option<Self> {
        Self::over(exchanges.iter().filter_map(stamps_of_sebs))
    }

    /// Of an attempt: the first exchange counts where it is the only complete one.
    pub fn of_all(exchanges: &[Exchange]) -> Option<Self> {
        Self::of(exchanges).or_else(|| Self::over(exchanges.iter().filter_map(user_stamps)))
    }

    /// In integers: doubles of seconds since the epoch resolve only 0.24 µs.
    fn over(stamps: impl Iterator<Item = [Nanos; 4]>) -> Option<Self> {
        let doubled: Vec<i128> = stamps
            .map(|[t1, t2, t3, t4]| {
                i128::from(t1) - i128::from(t2) + i128::from(t4) - i128::from(t3)
            })
            .collect();
        let count = doubled.len() as i128;
        if count == 0 {
            return None;
        }
        let sum: i128 = doubled.iter().sum();
        // Each term is the distance from the mean, times 2 * count.
        let squares: f64 = doubled
            .iter()
            .map(|term| ((term * count - sum) as f64 / (2 * count) as f64).powi(2))
            .sum();
        Some(Self {
            mean: sum as f64 / (2 * count) as f64,
            deviation: (count > 1).then(|| (squares / (count - 1) as f64).sqrt()),
        })
    }
}

/// The four stamps of an exchange that SeBS would have: complete, in user space, and not the first, which it leaves out.
pub fn stamps_of_sebs(exchange: &Exchange) -> Option<[Nanos; 4]> {
    user_stamps(exchange).filter(|_| exchange.0 > 0)
}

fn user_stamps(exchange: &Exchange) -> Option<[Nanos; 4]> {
    match exchange {
        Exchange(_, _, t1, Some(t2), Some(t3), Some(t4)) => Some([t1.0, t2.0, t3.0, t4.0]),
        _ => None,
    }
}
