//! How long to wait so that a platform's limit of invocations in a minute is never passed.

use std::collections::VecDeque;

use super::time::{Nanos, SECOND};

/// What the limit is counted over.
const MINUTE: Nanos = 60 * SECOND;

/// The invocations of the last minute, under a limit.
#[derive(Debug, Clone, Default)]
pub struct Pace {
    per_minute: Option<u32>,
    begun: VecDeque<Nanos>,
}

impl Pace {
    /// A platform that takes so many invocations in any minute, at least one; none: as many as come.
    pub fn new(per_minute: Option<u32>) -> Self {
        Self {
            per_minute: per_minute.map(|most| most.max(1)),
            begun: VecDeque::new(),
        }
    }

    /// Counts an invocation that is wanted at `now`, ns on a monotonic clock, and says how long it must wait, ns.
    ///
    /// It counts from the end of its wait on, also when it is given up meanwhile.
    pub fn next(&mut self, now: Nanos) -> Nanos {
        let Some(most) = self.per_minute else {
            return 0;
        };
        let full = self.begun.len() >= most as usize;
        let oldest = if full { self.begun.pop_front() } else { None };
        let last = self.begun.back().copied().unwrap_or(now);
        let begins = oldest
            .map_or(now, |begun| now.max(begun + MINUTE))
            .max(last);
        self.begun.push_back(begins);
        begins - now
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_third_of_two_a_minute_waits_for_the_end_of_the_firsts_minute() {
        let mut pace = Pace::new(Some(2));
        let waits: Vec<Nanos> = [0, 10, 20, 30]
            .map(|at| pace.next(at * SECOND) / SECOND)
            .into();
        assert_eq!(waits, [0, 0, 40, 40]);
    }

    #[test]
    fn without_a_limit_nothing_waits() {
        let mut pace = Pace::new(None);
        assert!((0..10_000).all(|_| pace.next(0) == 0));
    }

    proptest! {
        #[test]
        fn no_minute_ever_holds_more_than_the_limit(most in 1_u32..20, gaps in prop::collection::vec(0_i64..20, 1..200)) {
            let mut pace = Pace::new(Some(most));
            let mut now = 0;
            let mut begun = Vec::new();
            for gap in gaps {
                now += gap * SECOND;
                now += pace.next(now);
                begun.push(now);
            }
            for window in begun.windows(most as usize + 1) {
                prop_assert!(window[most as usize] - window[0] >= MINUTE);
            }
        }
    }
}
