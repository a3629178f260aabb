//! How long a reply is awaited.

use super::SILENCE;
use crate::core::time::{MILLISECOND, Nanos, SECOND};

/// How long a reply is awaited: smoothed RTT and four times its variation, as in RFC 6298, doubled by each miss.
#[derive(Debug)]
pub(super) struct Patience {
    smoothed: Option<(Nanos, Nanos)>,
    pub missed: u32,
    last_miss: Nanos,
}

impl Patience {
    const FIRST: Nanos = 250 * MILLISECOND;
    const FLOOR: Nanos = 2 * MILLISECOND;
    const CAP: Nanos = 4 * SECOND;

    pub fn new(now: Nanos) -> Self {
        Self {
            smoothed: None,
            missed: 0,
            last_miss: now,
        }
    }

    pub fn timeout(&self) -> Nanos {
        (self.undoubled() << self.missed.min(SILENCE)).min(Self::CAP)
    }

    pub fn undoubled(&self) -> Nanos {
        let time = self
            .smoothed
            .map_or(Self::FIRST, |(rtt, variation)| rtt + 4 * variation);
        time.clamp(Self::FLOOR, Self::CAP)
    }

    pub fn answered(&mut self, rtt: Nanos) {
        self.smoothed = Some(match self.smoothed {
            None => (rtt, rtt / 2),
            Some((smoothed, variation)) => (
                smoothed + (rtt - smoothed) / 8,
                variation + ((rtt - smoothed).abs() - variation) / 4,
            ),
        });
        self.missed = 0;
    }

    /// Probes that were under way together miss together: they count once.
    pub fn miss(&mut self, sent: Nanos, now: Nanos) {
        if sent >= self.last_miss {
            self.missed += 1;
            self.last_miss = now;
        }
    }
}
