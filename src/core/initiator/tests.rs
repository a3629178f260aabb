use super::*;
use crate::core::sample::{Stamps, Token};
use crate::core::time::{MILLISECOND, SECOND};

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
