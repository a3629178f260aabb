//! What a run has used up, and the limits that a user sets to it.

use std::fmt::{self, Display, Formatter};

use serde::{Deserialize, Serialize};

use super::price::Price;
use super::sample::{Attempt, Held};
use super::time::{MILLISECOND, Nanos, SECOND, seconds};

/// What a run may use up, and what its price rests on.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Terms {
    /// Most US dollars, by estimate.
    pub budget: Option<f64>,
    /// Longest run time, pauses left out, ns.
    pub time: Option<Nanos>,
    /// Most bytes of payloads and packages sent.
    pub bytes: Option<u64>,
    /// Samples that may come to nothing before the first one is measured.
    #[serde(default)]
    pub fruitless: Option<u32>,
    /// Memory of the function, MB.
    pub memory_mb: u32,
    /// The platform's price; none: nothing is paid there, or nobody here knows what.
    pub price: Option<Price>,
}

impl Terms {
    /// Whether the user limits what the run uses up.
    pub fn limited(&self) -> bool {
        self.budget.is_some() || self.time.is_some() || self.bytes.is_some()
    }

    /// Estimated price of `spending` in US dollars, where one is known.
    pub fn usd(&self, spending: &Spending) -> Option<f64> {
        let price = self.price.as_ref()?;
        Some(price.of(spending.requests, spending.gb_seconds(self.memory_mb)))
    }

    /// The limit that is reached when as many samples came to nothing and none was measured.
    pub fn given_up(&self, fruitless: u32) -> Option<Reached> {
        let limit = self.fruitless.filter(|limit| fruitless >= *limit)?;
        Some(Reached::Fruitless { limit })
    }

    /// The limit that a step with an invocation would begin beyond, `bytes` being what has to be sent for it.
    ///
    /// Bytes are known before; a price is foreseen by the longest invocation so far, with what followed it.
    pub fn beyond(&self, spent: &Spending, bytes: u64) -> Option<Reached> {
        if let Some(limit) = self.bytes.filter(|limit| spent.bytes + bytes > *limit) {
            let (spent, next) = (spent.bytes, bytes);
            return Some(Reached::Bytes { limit, spent, next });
        }
        if let Some(limit) = self.time.filter(|limit| spent.time >= *limit) {
            let spent = spent.time;
            return Some(Reached::Time { limit, spent });
        }
        let (limit, usd) = self.budget.zip(self.usd(spent))?;
        let after = Spending {
            requests: spent.requests + spent.most_requests.max(1),
            billed: spent.billed + spent.longest,
            ..*spent
        };
        let next = self.usd(&after)? - usd;
        (usd + next > limit).then_some(Reached::Budget {
            limit,
            spent: usd,
            next,
        })
    }
}

/// What a run has used up so far, in all its processes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Spending {
    /// Invocations begun, warm-ups and those that compare the clocks included.
    pub requests: u64,
    /// Time that is paid for, each invocation's rounded up to a millisecond, ns.
    pub billed: Nanos,
    /// The longest of an attempt, with the invocations that compare its clocks, ns.
    pub longest: Nanos,
    /// The most invocations of an attempt.
    #[serde(default)]
    pub most_requests: u64,
    /// Bytes of payloads and packages whose sending was begun.
    pub bytes: u64,
    /// Run time without pauses, ns.
    pub time: Nanos,
}

impl Spending {
    /// A package of this size is on its way.
    pub fn deploying(&mut self, package_bytes: u64) {
        self.bytes += package_bytes;
    }

    /// An invocation with this payload is ordered.
    pub fn invoking(&mut self, payload_bytes: u64) {
        self.requests += 1;
        self.bytes += payload_bytes;
    }

    /// The invocation ended `waited` ns after it was ordered. Paid for is what the platform's record says, else the time
    /// from the sent request to the end of the answer, else, when there was no answer, all of `waited` but what the
    /// platform's limit held it back. What followed it to compare the clocks comes on top. One that never began is taken
    /// back.
    pub fn invoked(&mut self, attempt: &Attempt, waited: Nanos) {
        let waited = match attempt.held {
            Some(Held::ToTheEnd) => {
                self.requests = self.requests.saturating_sub(1);
                self.bytes = self.bytes.saturating_sub(attempt.payload_bytes);
                return;
            }
            Some(Held::For(held)) => waited - held,
            None => waited,
        };
        let recorded = attempt.function.as_ref().and_then(|told| told.billed);
        let measured = attempt
            .http
            .map(|http| http.end_after - http.connected_after);
        let time = recorded.or(measured).unwrap_or(waited).max(0);
        let followed = attempt.follow_ups.unwrap_or_default();
        let billed = (time + MILLISECOND - 1) / MILLISECOND * MILLISECOND + followed.billed;
        self.billed += billed;
        self.longest = self.longest.max(billed);
        let followed = u64::from(followed.made);
        self.requests += followed;
        self.most_requests = self.most_requests.max(1 + followed);
    }

    /// GB-seconds (1 GB = 1024 MB, as platforms count) of a function with this memory.
    pub fn gb_seconds(&self, memory_mb: u32) -> f64 {
        gb_seconds(self.billed, memory_mb)
    }
}

/// GB-seconds of `billed` ns with this memory, 1 GB being 1024 MB.
pub fn gb_seconds(billed: Nanos, memory_mb: u32) -> f64 {
    seconds(billed) * f64::from(memory_mb) / 1024.0
}

/// A limit that keeps the next step from being begun; its text names it and what was spent.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "limit_of", rename_all = "snake_case")]
pub enum Reached {
    /// `--budget`.
    Budget {
        /// The limit, US dollars.
        limit: f64,
        /// Spent, US dollars.
        spent: f64,
        /// What the next invocation would cost, US dollars.
        next: f64,
    },
    /// `--max-minutes`.
    Time {
        /// The limit, ns.
        limit: Nanos,
        /// Spent, ns.
        spent: Nanos,
    },
    /// `--max-bytes`.
    Bytes {
        /// The limit, bytes.
        limit: u64,
        /// Sent, bytes.
        spent: u64,
        /// What would have to be sent next, bytes.
        next: u64,
    },
    /// `--give-up-after`.
    Fruitless {
        /// Samples that came to nothing.
        limit: u32,
    },
}

impl Display for Reached {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Budget { limit, spent, next } => write!(
                f,
                "--budget {limit}: about {} spent, the next invocation would add {}",
                usd(*spent),
                usd(*next)
            ),
            Self::Time { limit, spent } => write!(
                f,
                "--max-minutes {}: {} minutes spent",
                minutes(*limit),
                minutes(*spent)
            ),
            Self::Bytes { limit, spent, next } => write!(
                f,
                "--max-bytes {limit}: {spent} B sent, the next step would send {next} B"
            ),
            Self::Fruitless { limit } => write!(
                f,
                "--give-up-after {limit}: so many samples came to nothing and none was measured; `sebs-tui doctor` with the same flags looks for the cause"
            ),
        }
    }
}

/// US dollars with two digits that mean something, cents at least: `$1.20`, `$0.00042`.
pub fn usd(value: f64) -> String {
    let decimals = if value > 0.0 {
        (1.0 - value.log10().floor()).clamp(2.0, 9.0) as usize
    } else {
        2
    };
    format!("${value:.decimals$}")
}

/// Minutes to the hundredth, as short as they can be said: `90`, `0.5`.
pub fn minutes(time: Nanos) -> f64 {
    (time as f64 / (60 * SECOND) as f64 * 100.0).round() / 100.0
}

#[cfg(test)]
#[path = "spending_tests.rs"]
mod tests;
