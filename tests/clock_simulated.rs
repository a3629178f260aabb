//! Both ends in virtual time, joined by a network that loses, copies, delays and reorders by a seed.

#![allow(clippy::unwrap_used)]

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::net::SocketAddr;
use std::sync::Arc;

use proptest::prelude::*;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use sebs_tui::core::contract::{ClockReply, ClockShift, Dialect, StopReason};
use sebs_tui::core::exchange::{
    HostRecord, Identity, Receipt, Session, SessionSpec, Sessions, join,
};
use sebs_tui::core::initiator::{Initiator, Orders, Step};
use sebs_tui::core::live::Live;
use sebs_tui::core::offset::{ClockEstimate, estimate};
use sebs_tui::core::sample::{Exchange, PacketCounts, Stamps, Token};
use sebs_tui::core::text::TextIdentity;
use sebs_tui::core::time::{MICROSECOND, MILLISECOND, Nanos, SECOND};

const START: Nanos = 1_800_000_000 * SECOND;
const BUDGET: Nanos = 10 * SECOND;

/// One direction of the path.
#[derive(Debug, Clone, Copy)]
struct Way {
    loss: f64,
    copies: f64,
    delay: Nanos,
    jitter: Nanos,
}

#[derive(Debug, Clone, Copy)]
struct Scene {
    seed: u64,
    dialect: Dialect,
    in_flight: u32,
    out: Way,
    back: Way,
    shift: ClockShift,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum End {
    Host,
    Function,
}

/// Datagrams on their way, by arrival; the number keeps the order of those that arrive together.
type Flying = BinaryHeap<Reverse<Datagram>>;
type Datagram = (Nanos, u64, End, Vec<u8>);

struct Network {
    dice: SmallRng,
    flying: Flying,
    number: u64,
}

impl Network {
    fn send(&mut self, at: Nanos, to: End, way: Way, bytes: &[u8]) {
        if self.dice.random_bool(way.loss) {
            return;
        }
        let copies = if self.dice.random_bool(way.copies) {
            2
        } else {
            1
        };
        for _ in 0..copies {
            let arrival = at + way.delay + self.dice.random_range(0..=way.jitter);
            self.number += 1;
            self.flying
                .push(Reverse((arrival, self.number, to, bytes.to_vec())));
        }
    }

    /// Between user space and kernel.
    fn small(&mut self) -> Nanos {
        self.dice.random_range(100..20 * MICROSECOND)
    }
}

struct Outcome {
    estimate: Option<ClockEstimate>,
    truth: Nanos,
    exchanges: Vec<Exchange>,
    packets: PacketCounts,
    actual: PacketCounts,
    live: PacketCounts,
    host: HostRecord,
    function: ClockReply,
    took: Nanos,
}

/// What really happened to the probes, seen from outside.
#[derive(Default)]
struct Witness {
    arrivals: BTreeMap<u32, u32>,
    answers: BTreeMap<u32, u32>,
    reordered: u32,
}

impl Witness {
    fn arrived(&mut self, sequence: u32) {
        if self
            .arrivals
            .keys()
            .next_back()
            .is_some_and(|last| sequence < *last)
            && !self.arrivals.contains_key(&sequence)
        {
            self.reordered += 1;
        }
        *self.arrivals.entry(sequence).or_default() += 1;
    }

    fn counts(&self, sent: u32) -> PacketCounts {
        PacketCounts {
            sent,
            received: self.arrivals.len() as u32,
            answered: self.answers.len() as u32,
            duplicates: self.arrivals.values().map(|copies| copies - 1).sum(),
            reordered: self.reordered,
        }
    }
}

/// Number of the probe that a datagram is or answers; none for an end marker.
fn probe_number(bytes: &[u8], at: usize) -> Option<u32> {
    let is_end = bytes.len() > 84 && bytes[84] & 0x80 != 0;
    let number = bytes
        .get(at..at + 4)
        .map(|number| u32::from_be_bytes(number.try_into().unwrap()));
    number.filter(|_| !is_end)
}

fn host_receives(
    sessions: &mut Sessions,
    net: &mut Network,
    arrival: Nanos,
    bytes: &mut [u8],
    back: Way,
) {
    let source = SocketAddr::from(([10, 0, 0, 1], 4000));
    let t2 = Stamps(arrival + net.small(), Some(arrival));
    if let Receipt::Reply(outgoing) = sessions.receive(bytes, source, t2) {
        let t3 = t2.0 + net.small();
        let departure = t3 + net.small();
        Sessions::depart(&outgoing, bytes, t3);
        sessions.departed(&outgoing, t3);
        outgoing
            .awaits_stamp()
            .into_iter()
            .for_each(|row| sessions.stamped(row, departure));
        net.send(departure, End::Function, back, bytes);
    }
}

fn play(scene: &Scene) -> Outcome {
    let mut net = Network {
        dice: SmallRng::seed_from_u64(scene.seed),
        flying: BinaryHeap::new(),
        number: 0,
    };
    let (token, live) = (Token([42; 16]), Arc::new(Live::default()));
    let identity = match scene.dialect {
        Dialect::Stamp => Identity::Token,
        Dialect::Text => Identity::Text(TextIdentity::Exactly(token)),
    };
    let spec = SessionSpec {
        token,
        identity,
        live: live.clone(),
        capacity: 1000,
    };
    let mut sessions = Sessions::new(4);
    let session = sessions.open(Box::new(Session::new(spec))).unwrap();
    let orders = Orders {
        dialect: scene.dialect,
        token,
        session,
        n: 20,
        max_exchanges: 1000,
        in_flight: scene.in_flight,
        pace: MILLISECOND,
        budget: BUDGET,
    };
    let function_clock = |time| scene.shift.apply(time);
    let at = function_clock(START);
    let mut now = START;
    let mut initiator = Initiator::new(orders, now);
    let mut witness = Witness::default();
    for steps in 0.. {
        assert!(steps < 1_000_000, "it does not come to an end");
        match initiator.step(now) {
            Step::Finished => break,
            Step::Send => {
                let message = initiator.send(now, function_clock(now));
                now += net.small();
                if let Some(sequence) = message.sequence {
                    initiator.stamped(sequence, function_clock(now));
                }
                net.send(now, End::Host, scene.out, message.bytes());
            }
            Step::Wait(until) => {
                let arrival = net
                    .flying
                    .peek()
                    .map(|Reverse(next)| next.0)
                    .filter(|arrival| *arrival <= until);
                // An arrival may lie in the past: its receiver was busy.
                now = now.max(arrival.unwrap_or(until));
                let Some(Reverse((arrival, _, to, mut bytes))) =
                    arrival.and_then(|_| net.flying.pop())
                else {
                    continue;
                };
                match to {
                    End::Function => {
                        if let Some(sequence) = probe_number(&bytes, 24) {
                            *witness.answers.entry(sequence).or_default() += 1;
                        }
                        let t4 = Stamps(
                            function_clock(now + net.small()),
                            Some(function_clock(arrival)),
                        );
                        initiator.receive(now, &bytes, t4);
                    }
                    End::Host => {
                        if let Some(sequence) = probe_number(&bytes, 0) {
                            witness.arrived(sequence);
                        }
                        host_receives(&mut sessions, &mut net, arrival, &mut bytes, scene.back);
                    }
                }
            }
        }
    }
    let function = initiator.finish();
    let host = sessions.close(session).unwrap().into_record();
    let (exchanges, packets) = join(&host, &function);
    Outcome {
        estimate: estimate(&exchanges, at),
        truth: at - START,
        packets,
        actual: witness.counts(function.exchanges.len() as u32),
        live: live.read().packets,
        exchanges,
        host,
        function,
        took: now - START,
    }
}

fn assert_bound_holds(outcome: &Outcome) {
    if let Some(estimate) = outcome.estimate {
        assert!(!estimate.clock_step, "{estimate:?}");
        assert!(
            (estimate.offset - outcome.truth).abs() <= estimate.bound,
            "{} {estimate:?}",
            outcome.truth
        );
    }
}

fn way(worst_loss: f64) -> impl Strategy<Value = Way> {
    let loss = prop_oneof![Just(0.0), 0.0..worst_loss];
    (
        loss,
        prop_oneof![Just(0.0), 0.0..0.5],
        10_000..30 * MILLISECOND,
        0..20 * MILLISECOND,
    )
        .prop_map(|(loss, copies, delay, jitter)| Way {
            loss,
            copies,
            delay,
            jitter,
        })
}

fn scene(worst_loss: f64) -> impl Strategy<Value = Scene> {
    let shift =
        (-10 * SECOND..10 * SECOND, -100.0..100.0).prop_map(|(offset, rate_ppm)| ClockShift {
            offset,
            rate_ppm,
            since: START,
        });
    (
        any::<u64>(),
        1_u32..20,
        way(worst_loss),
        way(worst_loss),
        shift,
    )
        .prop_map(|(seed, in_flight, out, back, shift)| Scene {
            seed,
            dialect: Dialect::Stamp,
            in_flight,
            out,
            back,
            shift,
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn counts_are_exact_and_the_bound_holds_on_any_path(scene in scene(1.0)) {
        let outcome = play(&scene);
        prop_assert_eq!(outcome.packets, outcome.actual);
        assert_bound_holds(&outcome);
        // After the budget: one time-out to drain, one for the confirmation.
        prop_assert!(outcome.took <= BUDGET + 9 * SECOND, "took {} ns", outcome.took);
        prop_assert!(outcome.function.stop.is_some());
        if outcome.host.ended {
            prop_assert_eq!(outcome.live.sent, outcome.actual.sent);
            prop_assert_eq!(outcome.live.received, outcome.actual.received);
        }
    }

    #[test]
    fn every_answered_probe_has_all_its_stamps_and_each_exchange_is_in_order(scene in scene(0.3)) {
        let outcome = play(&scene);
        for exchange in &outcome.exchanges {
            let Exchange(_, reply, t1, t2, t3, Some(t4)) = exchange else { continue };
            let (t2, t3) = (t2.unwrap(), t3.unwrap());
            prop_assert!(reply.is_some());
            prop_assert!(t1.1.unwrap() <= t4.1.unwrap() && t2.1.unwrap() <= t3.1.unwrap());
        }
    }
}

const QUIET: Way = Way {
    loss: 0.0,
    copies: 0.0,
    delay: 20 * MICROSECOND,
    jitter: 5 * MICROSECOND,
};

fn plain(seed: u64, dialect: Dialect, loss: f64) -> Scene {
    let way = Way { loss, ..QUIET };
    let shift = ClockShift {
        offset: SECOND / 2,
        rate_ppm: 50.0,
        since: START,
    };
    Scene {
        seed,
        dialect,
        in_flight: 1,
        out: way,
        back: way,
        shift,
    }
}

#[test]
fn a_path_that_loses_everything_ends_in_silence() {
    for in_flight in [1, 8] {
        let outcome = play(&Scene {
            in_flight,
            ..plain(1, Dialect::Stamp, 1.0)
        });
        assert!(outcome.estimate.is_none());
        assert!(matches!(
            outcome.function.stop,
            Some(StopReason::Silence | StopReason::Budget)
        ));
        assert!(outcome.took > SECOND, "one lost volley is no silence");
    }
}

#[test]
fn a_tenth_lost_each_way_costs_little_time() {
    let mut took: Vec<Nanos> = (0..200)
        .map(|seed| play(&plain(seed, Dialect::Stamp, 0.1)).took)
        .collect();
    took.sort_unstable();
    assert!(took[100] <= 100 * MILLISECOND, "median {} ns", took[100]);
}

#[test]
fn sebs_language_survives_loss_because_rows_are_joined_by_time() {
    for loss in [0.0, 0.02, 0.1, 0.3] {
        for seed in 0..200 {
            let outcome = play(&plain(seed, Dialect::Text, loss));
            assert!(
                outcome.estimate.is_some() || loss > 0.1,
                "eight lost in a row"
            );
            assert_bound_holds(&outcome);
        }
    }
}
