//! What invocations cost by a platform's list of prices.

use serde::{Deserialize, Serialize};

/// What one platform asks for its functions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// Name of the platform, as `--platform` takes it.
    pub platform: String,
    /// Processor of the function, as `--architecture` takes it.
    pub architecture: String,
    /// US dollars for a million invocations.
    pub usd_per_million_requests: f64,
    /// US dollars for a second of a function with 1024 MB of memory.
    pub usd_per_gb_second: f64,
    /// When the list was looked at: `2026-05-11`.
    pub date: String,
    /// Whose list it is, for which place, and what is not in it.
    pub source: String,
}

impl Price {
    /// Estimated price in US dollars: `requests × price of a request + gb_seconds × price of a GB-second`.
    pub fn of(&self, requests: u64, gb_seconds: f64) -> f64 {
        requests as f64 / 1e6 * self.usd_per_million_requests + gb_seconds * self.usd_per_gb_second
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_and_gb_seconds_are_paid_for() {
        let price = Price {
            platform: "p".into(),
            architecture: "a".into(),
            usd_per_million_requests: 0.5,
            usd_per_gb_second: 0.25,
            date: String::new(),
            source: String::new(),
        };
        let table = [
            (0, 0.0, 0.0),
            (2_000_000, 0.0, 1.0),
            (0, 8.0, 2.0),
            (4, 4.0, 1.000_002),
        ];
        for (requests, gb_seconds, usd) in table {
            assert!((price.of(requests, gb_seconds) - usd).abs() < 1e-12);
        }
    }
}
