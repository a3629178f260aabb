//! The clock exchange over HTTP: after the invocation that is measured come more of the same instance, which answers
//! each at once with the times of its entry and leave.
//!
//! An answer and the request that follows it are to the estimate what a probe and its reply are over UDP: T1 the
//! function leaves, T2 the host has its answer, T3 the host sends the next request, T4 the function is entered again.
//! The offset is at least T1 - T2 and at most T4 - T3, however long each way took, and `(T4 - T1) - (T3 - T2)` is the
//! time of both ways. What was sent and received is stamped by the programs, T2 after the last byte of the answer was
//! read and T3 before the first byte of the request was written, so the bounds hold; they are as wide as HTTP is slow.

use serde::{Deserialize, Serialize};

use super::contract::StopReason;
use super::pace::MINUTE;
use super::sample::{Exchange, Purpose, Stamps, StartKind};
use super::stop_rule::StopRule;
use super::time::{MILLISECOND, Nanos, SECOND};

/// Most follow-ups of one attempt: unlike datagrams they are paid for.
pub const MOST: u32 = 100;
/// Longest time that the follow-ups of one attempt may take, waits for the platform's limit left out, ns.
pub const BUDGET: Nanos = 30 * SECOND;
/// Longest that the follow-ups of one attempt may wait for the platform's limit, all together, ns: clocks drift apart
/// meanwhile.
pub const WAITING: Nanos = 120 * SECOND;
/// Follow-ups in a row without a usable answer after which no more are made.
const SILENCE: u32 = 8;

/// The follow-ups of an attempt, or of many, counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct FollowUps {
    /// Begun.
    pub made: u32,
    /// Answered by the attempt's instance: each completes an exchange.
    pub paired: u32,
    /// Answered by another instance, whose clock may be another.
    pub elsewhere: u32,
    /// Without a usable answer.
    pub failed: u32,
    /// Time that is paid for, each rounded up to a millisecond, ns.
    pub billed: Nanos,
}

impl FollowUps {
    /// Adds another attempt's.
    pub fn add(&mut self, other: &Self) {
        self.made += other.made;
        self.paired += other.paired;
        self.elsewhere += other.elsewhere;
        self.failed += other.failed;
        self.billed += other.billed;
    }

    /// One took so long, ns.
    pub fn bill(&mut self, time: Nanos) {
        self.billed += (time.max(0) + MILLISECOND - 1) / MILLISECOND * MILLISECOND;
    }
}

/// How many follow-ups an attempt has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    /// Where every way takes its time by chance, on average.
    pub expected: u32,
    /// Never more.
    pub most: u32,
}

impl Allowance {
    /// With SeBS's N, and the most exchanges that are allowed.
    pub fn of(n: u32, max_exchanges: u32) -> Self {
        let most = max_exchanges.clamp(1, MOST);
        Self {
            expected: expected(n.max(1), most).round() as u32,
            most,
        }
    }

    /// The same where the platform takes so many invocations in any minute: an attempt has no more follow-ups than the
    /// minutes in which it may make them can hold.
    #[must_use]
    pub fn under(self, per_minute: Option<u32>) -> Self {
        let minutes = ((BUDGET + WAITING + MINUTE - 1) / MINUTE) as u32;
        let held = per_minute.map_or(u32::MAX, |most| most.saturating_mul(minutes));
        Self {
            expected: self.expected.min(held),
            most: self.most.min(held),
        }
    }
}

/// Exchanges until `n` in a row have no new minimum, on average, `most` at most, if their times are independent draws
/// from one continuous law.
///
/// Then exchange j is the first after k with a new minimum with probability k / (j (j - 1)): the smallest of j is the
/// j-th, and the smallest of the j - 1 before it is the k-th or came earlier.
fn expected(n: u32, most: u32) -> f64 {
    // Where it ends, when the exchange with this number has a new minimum.
    let mut ends = vec![f64::from(most); most as usize + 1];
    for last in (1..most).rev() {
        let k = f64::from(last);
        let stop = (last + n).min(most);
        let renewed: f64 = (last + 1..=stop)
            .map(|next| k / (f64::from(next) * f64::from(next - 1)) * ends[next as usize])
            .sum();
        // None until `stop`, with probability k / stop: it ends there.
        ends[last as usize] = renewed + k;
    }
    ends[1]
}

/// What the follow-ups of an attempt yielded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Followed {
    /// Every exchange.
    pub exchanges: Vec<Exchange>,
    /// The counts.
    pub counts: FollowUps,
    /// Why no more were made.
    pub stop: StopReason,
}

/// Whether an attempt that was answered is followed up: only one that can count for its sample, since follow-ups are
/// paid for.
pub fn is_due(purpose: Purpose, is_cold: bool) -> bool {
    matches!(purpose, Purpose::Sample(key) if key.kind == StartKind::of(is_cold))
}

/// When a request and its answer passed, ns since the epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Passage {
    /// Just before the request's first byte was written, on the host's clock.
    pub sent: Nanos,
    /// The handler's first instruction, on the function's clock.
    pub entry: Nanos,
    /// Its last, on the function's clock.
    pub leave: Nanos,
    /// Just after the answer's last byte was read, on the host's clock.
    pub received: Nanos,
}

/// What an exchange says, ns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found {
    /// The time of both ways.
    pub round_trip: Nanos,
    /// The offset is not below this, but for drift.
    pub lower: Nanos,
    /// The offset is not above this, but for drift.
    pub upper: Nanos,
}

/// The exchanges of one attempt, as its follow-ups make them. Times called `now` are monotonic.
#[derive(Debug)]
pub struct Chain {
    instance_id: String,
    last: Passage,
    rule: StopRule,
    most: u32,
    deadline: Nanos,
    waited: Nanos,
    /// How long the latest answer took: in less time the next one is not to be had.
    usual: Nanos,
    unusable: u32,
    exchanges: Vec<Exchange>,
    counts: FollowUps,
}

impl Chain {
    /// Begins now, with what the measured invocation left behind and the instance that served it.
    pub fn new(
        instance_id: &str,
        measured: Passage,
        n: u32,
        allowance: Allowance,
        now: Nanos,
    ) -> Self {
        Self {
            instance_id: instance_id.into(),
            last: measured,
            rule: StopRule::new(n),
            most: allowance.most,
            deadline: now + BUDGET,
            waited: 0,
            usual: 1,
            unusable: 0,
            exchanges: Vec::with_capacity(allowance.most as usize),
            counts: FollowUps::default(),
        }
    }

    /// How long another follow-up may take, ns, or why there is none. One that is made is told with [`Self::begin`].
    ///
    /// # Errors
    /// The reason to stop.
    pub fn time_for_next(&self, now: Nanos) -> Result<Nanos, StopReason> {
        if self.rule.is_settled() {
            Err(StopReason::Settled)
        } else if self.counts.made >= self.most {
            Err(StopReason::MaxExchanges)
        } else if self.unusable >= SILENCE {
            Err(StopReason::Silence)
        } else if self.deadline - now < self.usual {
            Err(StopReason::Budget)
        } else {
            Ok(self.deadline - now)
        }
    }

    /// The platform's limit makes the next one wait so long, ns, which takes nothing from the time that is left.
    ///
    /// # Errors
    /// The reason to stop instead: all waits together would be longer than [`WAITING`].
    pub fn wait(&mut self, wait: Nanos) -> Result<(), StopReason> {
        if self.waited + wait > WAITING {
            return Err(StopReason::Budget);
        }
        self.waited += wait;
        self.deadline += wait;
        Ok(())
    }

    /// A follow-up begins.
    pub fn begin(&mut self) {
        self.counts.made += 1;
    }

    /// It was answered, and so long is paid for, ns. None when another instance did.
    pub fn answered(
        &mut self,
        instance_id: &str,
        passage: Passage,
        billed: Nanos,
    ) -> Option<Found> {
        self.counts.bill(billed);
        self.usual = (passage.received - passage.sent).max(1);
        // An instance that has no name cannot be told from another.
        if instance_id != self.instance_id || instance_id.is_empty() {
            self.counts.elsewhere += 1;
            self.unusable += 1;
            return None;
        }
        self.counts.paired += 1;
        self.unusable = 0;
        let number = self.exchanges.len() as u32;
        let user = |time| Stamps(time, None);
        let (t1, t2) = (self.last.leave, self.last.received);
        let (t3, t4) = (passage.sent, passage.entry);
        self.exchanges.push(Exchange(
            number,
            Some(number),
            user(t1),
            Some(user(t2)),
            Some(user(t3)),
            Some(user(t4)),
        ));
        self.last = passage;
        let round_trip = (t4 - t1) - (t3 - t2);
        self.rule.exchange(round_trip);
        Some(Found {
            round_trip,
            lower: t1 - t2,
            upper: t4 - t3,
        })
    }

    /// It had no usable answer; so long is paid for all the same, ns.
    pub fn failed(&mut self, billed: Nanos) {
        self.counts.bill(billed);
        self.counts.failed += 1;
        self.unusable += 1;
    }

    /// The counts so far.
    pub fn counts(&self) -> FollowUps {
        self.counts
    }

    /// The exchanges so far.
    pub fn exchanges(&self) -> &[Exchange] {
        &self.exchanges
    }

    /// What it leaves behind, having stopped for this reason.
    pub fn finish(&self, stop: StopReason) -> Followed {
        Followed {
            exchanges: self.exchanges.clone(),
            counts: self.counts,
            stop,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::core::offset::{estimate, round_trip};
    use crate::core::time::MICROSECOND;

    const AT: Nanos = 1_800_000_000 * SECOND;
    const NAMED: &str = "one";

    /// The host and one instance whose clock is ahead by an offset that drifts; time passes as it is told to.
    struct Play {
        now: Nanos,
        offset: Nanos,
        ppm: f64,
    }

    impl Play {
        fn clock(&self) -> Nanos {
            self.now + self.offset + ((self.now - AT) as f64 * self.ppm / 1e6).round() as Nanos
        }

        fn passage(&mut self, (there, within, back): (Nanos, Nanos, Nanos)) -> Passage {
            let sent = self.now;
            self.now += there;
            let entry = self.clock();
            self.now += within;
            let leave = self.clock();
            self.now += back;
            Passage {
                sent,
                entry,
                leave,
                received: self.now,
            }
        }
    }

    fn allowed(most: u32) -> Allowance {
        Allowance { expected: 0, most }
    }

    #[test]
    fn an_answer_and_the_next_request_are_an_exchange() {
        let mut play = Play {
            now: AT,
            offset: 5 * SECOND,
            ppm: 0.0,
        };
        let measured = play.passage((100, 10, 30));
        let mut chain = Chain::new(NAMED, measured, 20, allowed(5), 0);
        chain.begin();
        let found = chain.answered(NAMED, play.passage((50, 10, 20)), 0);
        let found = found.expect("the instance is the same");
        assert_eq!(
            (found.round_trip, found.lower, found.upper),
            (80, 5 * SECOND - 30, 5 * SECOND + 50)
        );
        let exchanges = chain.finish(StopReason::Settled).exchanges;
        assert_eq!(round_trip(&exchanges[0]), Some(80));
        let clock = estimate(&exchanges, AT + 5 * SECOND).expect("an estimate");
        assert!((clock.offset - 5 * SECOND - 10).abs() <= 1, "{clock:?}");
        assert!((40..=42).contains(&clock.bound), "{clock:?}");
    }

    #[test]
    fn another_instance_or_one_without_a_name_is_counted_and_not_paired() {
        for (first, second) in [(NAMED, "two"), (NAMED, ""), ("", "")] {
            let mut play = Play {
                now: AT,
                offset: 0,
                ppm: 0.0,
            };
            let mut chain = Chain::new(first, play.passage((1, 1, 1)), 20, allowed(100), 0);
            chain.begin();
            assert_eq!(chain.answered(second, play.passage((1, 1, 1)), 1), None);
            let counts = chain.counts();
            assert_eq!((counts.made, counts.paired, counts.elsewhere), (1, 0, 1));
            assert_eq!(counts.billed, MILLISECOND, "it is paid for");
            assert!(chain.finish(StopReason::Settled).exchanges.is_empty());
        }
    }

    #[test]
    fn it_ends_for_a_reason_whatever_happens() {
        let start = |most| {
            let mut play = Play {
                now: AT,
                offset: 0,
                ppm: 0.0,
            };
            let measured = play.passage((10, 1, 10));
            (Chain::new(NAMED, measured, 3, allowed(most), 7), play)
        };
        let (mut chain, _) = start(100);
        for _ in 0..SILENCE {
            assert_eq!(chain.time_for_next(7), Ok(BUDGET));
            chain.begin();
            chain.failed(0);
        }
        assert_eq!(chain.time_for_next(7), Err(StopReason::Silence));
        let (chain, _) = start(100);
        assert_eq!(chain.time_for_next(7 + BUDGET - 1), Ok(1));
        assert_eq!(chain.time_for_next(7 + BUDGET), Err(StopReason::Budget));
        // Each faster than the one before: never settled.
        let (mut chain, mut play) = start(10);
        for way in (0..10).rev() {
            assert!(chain.time_for_next(7).is_ok());
            chain.begin();
            chain.answered(NAMED, play.passage((way, 1, way)), 0);
        }
        assert_eq!(chain.time_for_next(7), Err(StopReason::MaxExchanges));
        let (mut chain, mut play) = start(100);
        for way in [5, 6, 7, 7, 7] {
            assert!(chain.time_for_next(7).is_ok());
            chain.begin();
            chain.answered(NAMED, play.passage((way, 1, 5)), 0);
        }
        assert_eq!(chain.time_for_next(7), Err(StopReason::Settled));
    }

    #[test]
    fn none_is_begun_in_less_time_than_the_one_before_took() {
        let mut play = Play {
            now: AT,
            offset: 0,
            ppm: 0.0,
        };
        let mut chain = Chain::new(NAMED, play.passage((900, 1, 900)), 20, allowed(100), 0);
        assert_eq!(chain.time_for_next(BUDGET - 1), Ok(1), "of another payload");
        chain.begin();
        chain.answered(NAMED, play.passage((10, 1, 10)), 0);
        assert_eq!(chain.time_for_next(BUDGET - 21), Ok(21));
        assert_eq!(chain.time_for_next(BUDGET - 20), Err(StopReason::Budget));
    }

    #[test]
    fn under_any_limit_of_a_platform_there_is_a_follow_up_and_the_waiting_ends() {
        use crate::core::pace::Pace;
        for per_minute in [1, 2, 3, 10, 30, 120] {
            let mut play = Play {
                now: AT,
                offset: 0,
                ppm: 0.0,
            };
            let mut pace = Pace::new(Some(per_minute));
            pace.begin(play.now);
            let way = (20 * MILLISECOND, MILLISECOND, 20 * MILLISECOND);
            let measured = play.passage(way);
            let begun = play.now;
            let mut chain = Chain::new(NAMED, measured, 20, allowed(100), begun);
            let stop = loop {
                if let Err(reason) = chain.time_for_next(play.now) {
                    break reason;
                }
                let wait = pace.wait(play.now);
                if wait > 0 {
                    if let Err(reason) = chain.wait(wait) {
                        break reason;
                    }
                    play.now += wait;
                }
                pace.begin(play.now);
                chain.begin();
                chain.answered(NAMED, play.passage(way), 0);
            };
            let due = (2 * per_minute).min(20 + 1);
            let counts = chain.counts();
            assert!(
                counts.paired >= due,
                "{per_minute} a minute, {stop:?}: {counts:?}"
            );
            assert!(play.now - begun <= BUDGET + WAITING);
            assert!(counts.made <= allowed(100).under(Some(per_minute)).most);
        }
    }

    #[test]
    fn the_expected_number_is_the_average_of_draws() {
        use rand::rngs::Xoshiro256PlusPlus;
        use rand::{RngExt, SeedableRng};
        let mut dice = Xoshiro256PlusPlus::seed_from_u64(7);
        for (n, most) in [(1, 100), (5, 100), (20, 100), (20, 30), (200, 100)] {
            const RUNS: u32 = 20_000;
            let mut total = 0_u32;
            for _ in 0..RUNS {
                let mut rule = StopRule::new(n);
                for _ in 0..most {
                    rule.exchange(dice.random_range(0..Nanos::MAX));
                    total += 1;
                    if rule.is_settled() {
                        break;
                    }
                }
            }
            let mean = f64::from(total) / f64::from(RUNS);
            let expected = expected(n, most);
            assert!(
                (mean - expected).abs() < 0.02 * expected,
                "N {n}, at most {most}: {mean} drawn, {expected} expected"
            );
        }
    }

    proptest! {
        #[test]
        fn the_bound_holds_whatever_each_way_takes_and_whoever_else_answers(
            offset in -SECOND..SECOND,
            ppm in -100.0_f64..100.0,
            first in (0..SECOND, 0..SECOND / 10, 0..SECOND / 10),
            calls in proptest::collection::vec(
                (0..SECOND / 10, 0..MILLISECOND, 0..SECOND / 10, 0..MICROSECOND, 0..4), 1..50,
            ),
        ) {
            let mut play = Play { now: AT, offset, ppm };
            let measured = play.passage(first);
            let mut chain = Chain::new(NAMED, measured, 20, allowed(100), 0);
            let mut found = (Nanos::MIN, Nanos::MAX);
            for (there, within, back, pause, who) in calls {
                play.now += pause;
                chain.begin();
                match who {
                    0 => {
                        // Another instance, with a clock of its own.
                        let mut other = Play { now: play.now, offset: -offset - SECOND, ppm };
                        prop_assert_eq!(chain.answered("two", other.passage((there, within, back)), 0), None);
                    }
                    1 => chain.failed(0),
                    _ => {
                        let said = chain.answered(NAMED, play.passage((there, within, back)), 0);
                        let said = said.expect("the instance is the same");
                        prop_assert_eq!(said.upper - said.lower, said.round_trip);
                        found = (found.0.max(said.lower), found.1.min(said.upper));
                    }
                }
            }
            let counts = chain.counts();
            prop_assert_eq!(counts.made, counts.paired + counts.elsewhere + counts.failed);
            let exchanges = chain.finish(StopReason::Settled).exchanges;
            prop_assert_eq!(exchanges.len() as u32, counts.paired);
            let at = measured.entry;
            if let Some(clock) = estimate(&exchanges, at) {
                let truth = offset + (first.0 as f64 * ppm / 1e6).round() as Nanos;
                prop_assert!(!clock.clock_step);
                prop_assert!((clock.offset - truth).abs() <= clock.bound, "{clock:?}");
                prop_assert!(2 * clock.bound >= found.1 - found.0, "{clock:?} is narrower than what was found");
            }
        }
    }
}
