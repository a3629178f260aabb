//! When a clock exchange has gone on long enough, whatever carries it.

use super::time::Nanos;

/// SeBS's rule: N consecutive exchanges above the smallest RTT so far; an equal one begins the count anew.
#[derive(Debug)]
pub struct StopRule {
    n: u32,
    minimum: Nanos,
    streak: u32,
}

impl StopRule {
    /// With this N, at least 1.
    pub fn new(n: u32) -> Self {
        Self {
            n: n.max(1),
            minimum: Nanos::MAX,
            streak: 0,
        }
    }

    /// One more exchange took so long, ns.
    pub fn exchange(&mut self, rtt: Nanos) {
        self.streak = if rtt > self.minimum {
            self.streak + 1
        } else {
            0
        };
        self.minimum = self.minimum.min(rtt);
    }

    /// The session has gone on long enough.
    pub fn is_settled(&self) -> bool {
        self.streak >= self.n
    }
}
