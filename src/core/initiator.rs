//! The function's side of the clock exchange: time and replies in, steps out.
//!
//! Every probe is new. A time-out only lets the next probe go; a reply that comes later still counts for its own
//! number, so a time-out that was too short costs a datagram, never correctness.

use std::collections::VecDeque;

use super::contract::{ClockReply, Dialect, FunctionExchange, StampKind, StopReason};
use super::sample::{Stamps, Token};
use super::stamp::{self, Answer, Completed, Extension, Probe};
use super::stop_rule::StopRule;
use super::text;
use super::time::{MILLISECOND, Nanos, SECOND};

/// Time-outs in a row after which nobody is there.
const SILENCE: u32 = 8;
/// End markers, sent at once: one is enough.
const END_MARKERS: u32 = 3;
/// Most probes under way at once.
const MOST_IN_FLIGHT: u32 = 256;

/// What the function was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Orders {
    /// The language of the datagrams.
    pub dialect: Dialect,
    /// The attempt's token; in text its hex digits are the request id.
    pub token: Token,
    /// STAMP's session identifier.
    pub session: u16,
    /// Consecutive exchanges without a new minimum RTT that end the session.
    pub n: u32,
    /// Most probes to send.
    pub max_exchanges: u32,
    /// Probes under way at once; text, which has no numbers, allows one.
    pub in_flight: u32,
    /// Least time between probes when several are under way, ns.
    pub pace: Nanos,
    /// Longest time until the stop, ns.
    pub budget: Nanos,
}

/// What to do now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Read T1, let [`Initiator::send`] write a datagram, and send it.
    Send,
    /// Wait for a datagram, but no longer than until this time (monotonic, ns).
    Wait(Nanos),
    /// The exchange is over.
    Finished,
}

/// A datagram to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Message {
    bytes: [u8; stamp::DATAGRAM],
    length: usize,
    /// Sequence number of the probe; none for an end marker.
    pub sequence: Option<u32>,
}

impl Message {
    /// Its bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Probes go out.
    Probing,
    /// The stop is decided; replies under way are awaited until then.
    Draining(Nanos),
    /// So many end markers are yet to be sent.
    Ending(u32),
    /// A confirmation is awaited until then.
    Confirming(Nanos),
    /// Over.
    Finished,
}

/// A probe whose reply is awaited.
#[derive(Debug, Clone, Copy)]
struct Awaited {
    sequence: u32,
    sent: Nanos,
    until: Nanos,
}

/// One session of the function. Times called `now` are monotonic; T1 and T4 are on the wall clock.
#[derive(Debug)]
pub struct Initiator {
    orders: Orders,
    phase: Phase,
    stop: Option<StopReason>,
    deadline: Nanos,
    exchanges: Vec<FunctionExchange>,
    awaited: VecDeque<Awaited>,
    next_probe: Nanos,
    patience: Patience,
    rule: StopRule,
    /// Sequence numbers in order of completion, and how many of them the host was told.
    completed: Vec<u32>,
    told: usize,
    implausible: u32,
}

impl Initiator {
    /// A session that begins now.
    pub fn new(orders: Orders, now: Nanos) -> Self {
        let most = orders.max_exchanges.clamp(1, stamp::MOST_PROBES);
        let in_flight = match orders.dialect {
            Dialect::Stamp => orders.in_flight.clamp(1, MOST_IN_FLIGHT),
            Dialect::Text => 1,
        };
        Self {
            orders: Orders {
                max_exchanges: most,
                in_flight,
                ..orders
            },
            phase: Phase::Probing,
            stop: None,
            deadline: now.saturating_add(orders.budget.max(0)),
            exchanges: Vec::with_capacity(most as usize),
            awaited: VecDeque::with_capacity(in_flight as usize),
            next_probe: now,
            patience: Patience::new(now),
            rule: StopRule::new(orders.n),
            completed: Vec::with_capacity(most as usize),
            told: 0,
            implausible: 0,
        }
    }

    /// What to do at `now`. After [`Step::Send`] comes [`Self::send`], after a wait the same question again.
    pub fn step(&mut self, now: Nanos) -> Step {
        if self.phase == Phase::Probing {
            self.give_up_overdue(now);
            if let Some(reason) = self.reason_to_stop(now) {
                self.stop = Some(reason);
                self.phase = Phase::Draining(self.one_timeout(now));
            }
        }
        if let Phase::Draining(until) = self.phase
            && (self.awaited.is_empty() || now >= until)
        {
            self.phase = Phase::Ending(END_MARKERS);
        }
        match self.phase {
            Phase::Probing => self.probe_or_wait(now),
            Phase::Ending(_) => Step::Send,
            Phase::Draining(until) | Phase::Confirming(until) if now < until => Step::Wait(until),
            Phase::Draining(_) | Phase::Confirming(_) | Phase::Finished => {
                self.phase = Phase::Finished;
                Step::Finished
            }
        }
    }

    /// When one time-out from `now` has passed; never beyond the budget.
    fn one_timeout(&self, now: Nanos) -> Nanos {
        (now + self.patience.undoubled()).min(self.deadline)
    }

    fn probe_or_wait(&self, now: Nanos) -> Step {
        let has_room = self.awaited.len() < self.orders.in_flight as usize;
        if has_room && now >= self.next_probe {
            return Step::Send;
        }
        let overdue = self.awaited.iter().map(|probe| probe.until).min();
        let next_probe = has_room.then_some(self.next_probe);
        let until = overdue
            .into_iter()
            .chain(next_probe)
            .fold(self.deadline, Nanos::min);
        Step::Wait(until)
    }

    fn reason_to_stop(&self, now: Nanos) -> Option<StopReason> {
        if self.rule.is_settled() {
            Some(StopReason::Settled)
        } else if self.exchanges.len() >= self.orders.max_exchanges as usize {
            Some(StopReason::MaxExchanges)
        } else if self.patience.missed >= SILENCE {
            Some(StopReason::Silence)
        } else if now >= self.deadline {
            Some(StopReason::Budget)
        } else {
            None
        }
    }

    fn give_up_overdue(&mut self, now: Nanos) {
        let patience = &mut self.patience;
        self.awaited.retain(|probe| {
            let in_time = now < probe.until;
            if !in_time {
                patience.miss(probe.sent, now);
            }
            in_time
        });
    }

    /// The datagram that [`Step::Send`] asks for, with T1 (user space, function's clock); it is sent at `now`.
    pub fn send(&mut self, now: Nanos, t1: Nanos) -> Message {
        let is_end = self.phase != Phase::Probing;
        let sequence = self.exchanges.len() as u32;
        let message = self.message(sequence, t1, is_end);
        match self.phase {
            Phase::Ending(left) if left > 1 => self.phase = Phase::Ending(left - 1),
            // Text has no confirmation.
            Phase::Ending(_) if self.orders.dialect == Dialect::Text => {
                self.phase = Phase::Finished;
            }
            Phase::Ending(_) => self.phase = Phase::Confirming(self.one_timeout(now)),
            Phase::Probing => self.enter_probe(now, t1),
            Phase::Draining(_) | Phase::Confirming(_) | Phase::Finished => {}
        }
        message
    }

    fn enter_probe(&mut self, now: Nanos, t1: Nanos) {
        let sequence = self.exchanges.len() as u32;
        let until = now + self.patience.timeout();
        self.exchanges
            .push(FunctionExchange(sequence, None, t1, None, None, None));
        self.awaited.push_back(Awaited {
            sequence,
            sent: now,
            until,
        });
        let pace = if self.orders.in_flight > 1 {
            self.orders.pace.max(0)
        } else {
            0
        };
        self.next_probe = now + pace;
    }

    fn message(&mut self, sequence: u32, t1: Nanos, is_end: bool) -> Message {
        let mut bytes = [0; stamp::DATAGRAM];
        let mut copy = |from: &[u8]| {
            bytes[..from.len()].copy_from_slice(from);
            from.len()
        };
        let length = match self.orders.dialect {
            Dialect::Stamp => {
                let extension = Extension {
                    token: self.orders.token,
                    end: is_end,
                    completed: self.tell(),
                    answered: self.completed.len() as u16,
                };
                let session = self.orders.session;
                copy(
                    &Probe {
                        sequence,
                        session,
                        t1,
                        extension,
                    }
                    .encode(),
                )
            }
            Dialect::Text if is_end => copy(text::STOP),
            Dialect::Text => copy(self.orders.token.to_string().as_bytes()),
        };
        Message {
            bytes,
            length,
            sequence: (!is_end).then_some(sequence),
        }
    }

    /// The oldest exchange that the host was not told of, or else the last one.
    fn tell(&mut self) -> Option<Completed> {
        let last = self.completed.len().checked_sub(1)?;
        let index = self.told.min(last);
        self.told = index + 1;
        let FunctionExchange(sequence, reply, t1, t1_kernel, t4, t4_kernel) =
            self.exchanges[self.completed[index] as usize];
        Some(Completed {
            sequence,
            reply: reply? as u16,
            t1: t1_kernel.unwrap_or(t1),
            t4: t4_kernel.or(t4)?,
        })
    }

    /// The kernel's T1 of a probe, which comes some time after it was sent.
    pub fn stamped(&mut self, sequence: u32, t1: Nanos) {
        let Some(exchange) = self.exchanges.get_mut(sequence as usize) else {
            return;
        };
        if (exchange.2..exchange.2 + SECOND).contains(&t1) {
            exchange.3 = Some(t1);
        } else {
            self.implausible += 1;
        }
    }

    /// A datagram that came at `now`, with T4.
    pub fn receive(&mut self, now: Nanos, datagram: &[u8], t4: Stamps) {
        match self.orders.dialect {
            Dialect::Stamp => self.receive_stamp(now, datagram, t4),
            Dialect::Text => self.receive_text(now, datagram, t4),
        }
    }

    fn receive_stamp(&mut self, now: Nanos, datagram: &[u8], t4: Stamps) {
        let Some(answer) = Answer::parse(datagram) else {
            return;
        };
        if answer
            .extension
            .is_some_and(|extension| extension.token != self.orders.token)
        {
            return;
        }
        if answer.sequence as usize >= self.exchanges.len() {
            // Only end markers carry such a number.
            if matches!(self.phase, Phase::Ending(_) | Phase::Confirming(_)) {
                self.phase = Phase::Finished;
            }
            return;
        }
        // The reply repeats T1: who guesses numbers does not know it.
        if self.exchanges[answer.sequence as usize].2 == answer.t1 {
            self.complete(now, answer.sequence, answer.number, t4);
        }
    }

    /// Which request is answered cannot be seen, only that it was sent before the reply came: it is taken for the last
    /// such one, and the host's rows will tell by time.
    fn receive_text(&mut self, now: Nanos, datagram: &[u8], t4: Stamps) {
        let is_ours = datagram == self.orders.token.to_string().as_bytes();
        let came = t4.1.unwrap_or(t4.0);
        let last = self
            .exchanges
            .iter()
            .rev()
            .find(|exchange| exchange.2 <= came);
        if let Some(FunctionExchange(sequence, ..)) = last.copied().filter(|_| is_ours) {
            self.complete(now, sequence, sequence, t4);
        }
    }

    fn complete(&mut self, now: Nanos, sequence: u32, reply: u32, Stamps(t4, t4_kernel): Stamps) {
        let exchange = &mut self.exchanges[sequence as usize];
        if exchange.4.is_some() {
            return;
        }
        let plausible = t4_kernel.filter(|kernel| (*kernel..*kernel + SECOND).contains(&t4));
        self.implausible += u32::from(plausible != t4_kernel);
        (exchange.1, exchange.4, exchange.5) = (Some(reply), Some(t4), plausible);
        let kernel_rtt = exchange.5.zip(exchange.3).map(|(t4, t1)| t4 - t1);
        let rtt = kernel_rtt
            .filter(|_| self.implausible == 0)
            .unwrap_or(t4 - exchange.2);
        self.completed.push(sequence);
        self.rule.exchange(rtt);
        if let Some(index) = self
            .awaited
            .iter()
            .position(|probe| probe.sequence == sequence)
        {
            let sent = self.awaited.remove(index).map_or(now, |probe| probe.sent);
            self.patience.answered(now - sent);
        } else {
            self.patience.missed = 0;
        }
    }

    /// Everything the function has to say of the session.
    ///
    /// A contradiction means that kernel and user space do not read the same clock: then no kernel stamp is kept.
    pub fn finish(mut self) -> ClockReply {
        if self.implausible > 0 {
            for exchange in &mut self.exchanges {
                (exchange.3, exchange.5) = (None, None);
            }
        }
        let has_kernel_t4 = self.exchanges.iter().any(|exchange| exchange.5.is_some());
        let has_kernel_both = self
            .exchanges
            .iter()
            .any(|exchange| exchange.3.is_some() && exchange.5.is_some());
        let stamps = match (has_kernel_both, has_kernel_t4) {
            (true, _) => StampKind::Kernel,
            (false, true) => StampKind::KernelReceive,
            (false, false) => StampKind::User,
        };
        ClockReply {
            proto: self.orders.dialect,
            stamps,
            implausible: self.implausible,
            stop: self.stop,
            error: None,
            exchanges: self.exchanges,
        }
    }
}

/// How long a reply is awaited: smoothed RTT and four times its variation, as in RFC 6298, doubled by each miss.
#[derive(Debug)]
struct Patience {
    smoothed: Option<(Nanos, Nanos)>,
    missed: u32,
    last_miss: Nanos,
}

impl Patience {
    const FIRST: Nanos = 250 * MILLISECOND;
    const FLOOR: Nanos = 2 * MILLISECOND;
    const CAP: Nanos = 4 * SECOND;

    fn new(now: Nanos) -> Self {
        Self {
            smoothed: None,
            missed: 0,
            last_miss: now,
        }
    }

    fn timeout(&self) -> Nanos {
        (self.undoubled() << self.missed.min(SILENCE)).min(Self::CAP)
    }

    fn undoubled(&self) -> Nanos {
        let time = self
            .smoothed
            .map_or(Self::FIRST, |(rtt, variation)| rtt + 4 * variation);
        time.clamp(Self::FLOOR, Self::CAP)
    }

    fn answered(&mut self, rtt: Nanos) {
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
    fn miss(&mut self, sent: Nanos, now: Nanos) {
        if sent >= self.last_miss {
            self.missed += 1;
            self.last_miss = now;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORDERS: Orders = Orders {
        dialect: Dialect::Stamp,
        token: Token([5; 16]),
        session: 1,
        n: 3,
        max_exchanges: 10,
        in_flight: 1,
        pace: MILLISECOND,
        budget: 60 * SECOND,
    };

    /// A function, a virtual time, and what it sent.
    struct Play {
        initiator: Initiator,
        now: Nanos,
        sent: Vec<Message>,
    }

    impl Play {
        fn new(orders: Orders) -> Self {
            Self {
                initiator: Initiator::new(orders, 0),
                now: 0,
                sent: Vec::new(),
            }
        }

        /// Sends what it wants to and lets time pass, until the time given or its end.
        fn until(&mut self, end: Nanos) -> Step {
            loop {
                match self.initiator.step(self.now) {
                    Step::Send => self
                        .sent
                        .push(self.initiator.send(self.now, SECOND + self.now)),
                    Step::Wait(until) if until <= end => self.now = until,
                    step => return step,
                }
            }
        }

        /// The next probe goes out and is answered after `rtt`.
        fn exchange(&mut self, rtt: Nanos) {
            self.until(self.now);
            self.now += rtt;
            let sequence = self.sent.len() as u32 - 1;
            self.answer(sequence, None);
        }

        fn answer(&mut self, sequence: u32, kernel_t4: Option<Nanos>) {
            let mut datagram = *self.sent[sequence as usize]
                .bytes
                .first_chunk::<{ stamp::DATAGRAM }>()
                .expect("whole");
            let request = stamp::Request::parse(&datagram).expect("a request");
            request.answer(
                &mut datagram,
                &stamp::Reply {
                    number: sequence,
                    t2: 0,
                    follow_up: None,
                },
            );
            self.initiator
                .receive(self.now, &datagram, Stamps(SECOND + self.now, kernel_t4));
        }

        fn finish(mut self) -> (ClockReply, Vec<Message>) {
            assert_eq!(self.until(Nanos::MAX), Step::Finished);
            (self.initiator.finish(), self.sent)
        }
    }

    #[test]
    fn it_stops_after_n_round_trips_above_the_minimum_and_an_equal_one_counts_anew() {
        let mut play = Play::new(ORDERS);
        for rtt in [10, 11, 12, 10, 11, 9, 10, 10, 9] {
            play.exchange(rtt * MILLISECOND);
        }
        assert_eq!(play.initiator.stop, None);
        let (reply, sent) = play.finish();
        assert_eq!(
            (reply.stop, reply.exchanges.len()),
            (Some(StopReason::MaxExchanges), 10)
        );
        assert_eq!(
            sent.iter()
                .filter(|message| message.sequence.is_none())
                .count(),
            3
        );

        let mut play = Play::new(ORDERS);
        for rtt in [10, 11, 9, 10, 11, 12] {
            play.exchange(rtt * MILLISECOND);
        }
        let (reply, _) = play.finish();
        assert_eq!(
            (reply.stop, reply.exchanges.len()),
            (Some(StopReason::Settled), 6)
        );
    }

    #[test]
    fn eight_unanswered_probes_are_silence_but_one_lost_volley_is_not() {
        for (in_flight, least) in [(1, 8), (8, 16)] {
            let orders = Orders {
                in_flight,
                max_exchanges: 1000,
                ..ORDERS
            };
            let (reply, _) = Play::new(orders).finish();
            assert_eq!(reply.stop, Some(StopReason::Silence));
            assert!(
                reply.exchanges.len() >= least,
                "{in_flight} under way: {} sent",
                reply.exchanges.len()
            );
        }
    }

    #[test]
    fn a_late_reply_counts_for_its_own_probe() {
        let mut play = Play::new(ORDERS);
        play.until(300 * MILLISECOND);
        assert_eq!(play.sent.len(), 2, "the first was given up after 250 ms");
        play.now = 300 * MILLISECOND;
        play.answer(0, None);
        assert_eq!(
            play.initiator.exchanges[0].4,
            Some(SECOND + 300 * MILLISECOND)
        );
        assert_eq!(play.initiator.exchanges[1].4, None);
    }

    #[test]
    fn the_budget_ends_it() {
        let (reply, _) = Play::new(Orders {
            budget: SECOND,
            ..ORDERS
        })
        .finish();
        assert_eq!(reply.stop, Some(StopReason::Budget));
    }

    #[test]
    fn a_stamp_that_contradicts_user_space_makes_all_of_them_user_stamps() {
        let mut play = Play::new(ORDERS);
        play.until(0);
        play.initiator.stamped(0, SECOND + 5);
        play.now = MILLISECOND;
        play.answer(0, Some(SECOND / 2 + MILLISECOND));
        assert_eq!(
            play.initiator.implausible, 0,
            "half a second late is possible"
        );
        play.until(play.now);
        play.now += MILLISECOND;
        play.answer(1, Some(SECOND + play.now + 1));
        let (reply, _) = play.finish();
        assert_eq!((reply.implausible, reply.stamps), (1, StampKind::User));
        assert!(
            reply
                .exchanges
                .iter()
                .all(|exchange| exchange.3.is_none() && exchange.5.is_none())
        );
    }

    #[test]
    fn a_reply_with_another_token_or_a_guessed_number_changes_nothing() {
        let mut play = Play::new(ORDERS);
        play.until(0);
        let foreign = play.initiator.orders;
        let mut other = Play::new(Orders {
            token: Token([6; 16]),
            ..foreign
        });
        other.until(0);
        play.initiator
            .receive(1, other.sent[0].bytes(), Stamps(SECOND + 1, None));
        let mut guessed = [0; stamp::BASE];
        guessed[12] = 0x40;
        play.initiator
            .receive(1, &guessed, Stamps(SECOND + 1, None));
        play.initiator.receive(1, b"", Stamps(SECOND + 1, None));
        assert_eq!(play.initiator.exchanges[0].4, None);
    }
}
