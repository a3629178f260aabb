//! How long to wait so that a platform's limit of invocations in a minute is never passed, nor its wish for a rest.

use std::collections::VecDeque;

use super::time::{Nanos, SECOND};

/// What the limit is counted over, ns.
pub const MINUTE: Nanos = 60 * SECOND;

/// The invocations of the last minute, under a limit.
#[derive(Debug, Clone, Default)]
pub struct Pace {
    per_minute: Option<u32>,
    begun: VecDeque<Nanos>,
    /// No invocation begins before.
    rest_until: Nanos,
}

impl Pace {
    /// A platform that takes so many invocations in any minute, at least one; none: as many as come.
    pub fn new(per_minute: Option<u32>) -> Self {
        Self {
            per_minute: per_minute.map(|most| most.max(1)),
            begun: VecDeque::new(),
            rest_until: 0,
        }
    }

    /// The platform asks not to be called before `until`.
    pub fn rest(&mut self, until: Nanos) {
        self.rest_until = self.rest_until.max(until);
    }

    /// How long an invocation that is wanted at `now`, ns on a monotonic clock, must wait, ns.
    pub fn wait(&mut self, now: Nanos) -> Nanos {
        while self
            .begun
            .front()
            .is_some_and(|begun| begun + MINUTE <= now)
        {
            self.begun.pop_front();
        }
        let most = self.per_minute.map_or(usize::MAX, |most| most as usize);
        let before = self.begun.len().checked_sub(most);
        let of_limit = before.map_or(0, |nth| self.begun[nth] + MINUTE - now);
        of_limit.max(self.rest_until - now).max(0)
    }

    /// Counts an invocation that begins at `now`: one whose wait was given up is never counted.
    pub fn begin(&mut self, now: Nanos) {
        if self.per_minute.is_some() {
            self.begun.push_back(now);
        }
    }
}

/// The least time from the first to the last of so many invocations under a limit of so many in any minute, ns.
pub fn least(per_minute: u32, invocations: u64) -> Nanos {
    let full = invocations.saturating_sub(1) / u64::from(per_minute.max(1));
    i64::try_from(full)
        .unwrap_or(Nanos::MAX)
        .saturating_mul(MINUTE)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_third_of_two_a_minute_waits_for_the_end_of_the_firsts_minute() {
        let mut pace = Pace::new(Some(2));
        for (wanted, wait) in [(0, 0), (10, 0), (20, 40), (65, 5), (200, 0)] {
            let waited = pace.wait(wanted * SECOND);
            assert_eq!(waited, wait * SECOND, "at {wanted} s");
            pace.begin(wanted * SECOND + waited);
        }
    }

    #[test]
    fn a_wait_that_is_given_up_makes_the_next_one_no_longer() {
        let mut pace = Pace::new(Some(1));
        pace.begin(0);
        assert_eq!(pace.wait(10 * SECOND), 50 * SECOND);
        assert_eq!(pace.wait(20 * SECOND), 40 * SECOND);
    }

    #[test]
    fn a_rest_that_was_asked_for_is_kept_beside_the_limit() {
        let mut pace = Pace::new(Some(1));
        pace.begin(0);
        pace.rest(70 * SECOND);
        pace.rest(10 * SECOND);
        assert_eq!(pace.wait(5 * SECOND), 65 * SECOND);
        assert_eq!(pace.wait(80 * SECOND), 0);
    }

    #[test]
    fn without_a_limit_nothing_waits() {
        let mut pace = Pace::new(None);
        for _ in 0..1000 {
            assert_eq!(pace.wait(0), 0);
            pace.begin(0);
        }
    }

    proptest! {
        #[test]
        fn invocations_as_early_as_they_may_be_take_the_least_time(most in 1_u32..20, count in 1_u64..200) {
            let (mut pace, mut now) = (Pace::new(Some(most)), 0);
            for _ in 0..count {
                now += pace.wait(now);
                pace.begin(now);
            }
            prop_assert_eq!(least(most, count), now);
        }

        #[test]
        fn no_minute_ever_holds_more_than_the_limit(most in 1_u32..20, gaps in prop::collection::vec(0_i64..20, 1..200)) {
            let mut pace = Pace::new(Some(most));
            let mut now = 0;
            let mut begun = Vec::new();
            for gap in gaps {
                now += gap * SECOND;
                now += pace.wait(now);
                pace.begin(now);
                begun.push(now);
            }
            for window in begun.windows(most as usize + 1) {
                prop_assert!(window[most as usize] - window[0] >= MINUTE);
            }
        }
    }
}
