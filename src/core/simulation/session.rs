//! One clock exchange: both real ends, joined by a made-up network in virtual time.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use rand::{RngExt, SeedableRng};

use super::Dice;
use super::law::Law;
use super::world::{Stamps as StampsGiven, World};
use crate::core::contract::{ClockReply, ClockShift, Dialect};
use crate::core::exchange::{HostRecord, Identity, Receipt, Session, SessionSpec, Sessions};
use crate::core::initiator::{Initiator, Orders, Step};
use crate::core::live::Live;
use crate::core::sample::{PacketCounts, Stamps};
use crate::core::stamp::{Answer, Request};
use crate::core::text::TextIdentity;
use crate::core::time::{MICROSECOND, MILLISECOND, Nanos};

/// From a program's stamp of what it sends to the kernel's.
const SEND: Nanos = MICROSECOND;
/// From a program's receipt of a datagram to its reading of T3.
const TURNAROUND: Nanos = MICROSECOND;
/// How long a datagram that comes late is held back.
const HELD_BACK: Nanos = 2 * MILLISECOND;

/// What is to be played.
#[derive(Debug, Clone)]
pub struct Scene<'a> {
    /// The network and both ends' schedulers.
    pub world: &'a World,
    /// Error of the function's clock; the host's is true.
    pub shift: Option<ClockShift>,
    /// How to exchange; the session is set by the host.
    pub orders: Orders,
    /// Where the host publishes what happens.
    pub live: Arc<Live>,
    /// True time at which it begins, ns since the epoch.
    pub begin: Nanos,
    /// Decides everything that is left to chance.
    pub seed: u64,
}

/// What came of it.
#[derive(Debug)]
pub struct Played {
    /// The function's side.
    pub function: ClockReply,
    /// The host's side.
    pub host: HostRecord,
    /// The datagrams as the network saw them; what is reported of them should be the same.
    pub witnessed: PacketCounts,
    /// True time at which the function was through, ns since the epoch.
    pub end: Nanos,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum End {
    Host,
    Function,
}

/// By arrival; the number keeps the order of those that arrive together.
type Datagram = (Nanos, u64, End, Vec<u8>);

/// The network between the two.
struct Network<'a> {
    world: &'a World,
    dice: Dice,
    flying: BinaryHeap<Reverse<Datagram>>,
    number: u64,
    witness: Witness,
}

impl Network<'_> {
    fn send(&mut self, at: Nanos, to: End, bytes: &[u8]) {
        let law: Law = match to {
            End::Host => self.world.out,
            End::Function => self.world.back,
        };
        if self.dice.random_bool(self.world.loss) {
            return;
        }
        let copies = 1 + u32::from(self.dice.random_bool(self.world.copies));
        for _ in 0..copies {
            let held = if self.dice.random_bool(self.world.late) {
                HELD_BACK
            } else {
                0
            };
            let arrival = at + law.draw(&mut self.dice) + held;
            self.number += 1;
            self.flying
                .push(Reverse((arrival, self.number, to, bytes.to_vec())));
        }
    }

    /// The next datagram that arrives until then.
    fn next(&mut self, until: Nanos) -> Option<Datagram> {
        let Reverse((arrival, ..)) = self.flying.peek()?;
        if *arrival > until {
            return None;
        }
        self.flying.pop().map(|Reverse(datagram)| datagram)
    }

    fn wake(&mut self) -> Nanos {
        self.world.wake.draw(&mut self.dice)
    }
}

/// What really happened to the probes, seen from outside. Text has no numbers: nothing is known of it.
#[derive(Default)]
struct Witness {
    arrivals: BTreeMap<u32, u32>,
    answers: BTreeMap<u32, u32>,
    reordered: u32,
}

impl Witness {
    fn arrived(&mut self, datagram: &[u8]) {
        let request = Request::parse(datagram);
        let is_probe = |request: &Request| request.extension.is_none_or(|told| !told.end);
        let Some(Request { sequence, .. }) = request.filter(is_probe) else {
            return;
        };
        let overtaken = self
            .arrivals
            .keys()
            .next_back()
            .is_some_and(|last| sequence < *last);
        self.reordered += u32::from(overtaken && !self.arrivals.contains_key(&sequence));
        *self.arrivals.entry(sequence).or_default() += 1;
    }

    fn returned(&mut self, datagram: &[u8]) {
        if let Some(answer) = Answer::parse(datagram) {
            *self.answers.entry(answer.sequence).or_default() += 1;
        }
    }

    fn counts(&self, sent: u32) -> PacketCounts {
        PacketCounts {
            sent,
            received: self.arrivals.len() as u32,
            // Replies to end markers carry the number after the last probe's.
            answered: self.answers.range(..sent).count() as u32,
            duplicates: self.arrivals.values().map(|copies| copies - 1).sum(),
            reordered: self.reordered,
        }
    }
}

/// The host: datagrams in, replies out, one at a time.
struct Host {
    sessions: Sessions,
    source: SocketAddr,
    /// When it will have done what it is doing.
    free: Nanos,
}

impl Host {
    fn answer(&mut self, arrival: Nanos, datagram: &mut [u8], network: &mut Network) {
        network.witness.arrived(datagram);
        let t2 = Stamps(arrival.max(self.free) + network.wake(), Some(arrival));
        self.free = t2.0;
        if let Receipt::Reply(outgoing) = self.sessions.receive(datagram, self.source, t2) {
            let t3 = t2.0 + TURNAROUND;
            let departure = t3 + SEND;
            Sessions::depart(&outgoing, datagram, t3);
            self.sessions.departed(&outgoing, t3);
            if let Some(row) = outgoing.awaits_stamp() {
                self.sessions.stamped(row, departure);
            }
            self.free = departure;
            network.send(departure, End::Function, datagram);
        }
    }
}

/// Plays one exchange to its end, which the function's budget of time sets.
pub fn play(scene: &Scene) -> Played {
    let clock = |time| scene.shift.map_or(time, |shift| shift.apply(time));
    let kernel = |time| (scene.world.stamps == StampsGiven::Kernel).then(|| clock(time));
    let mut network = Network {
        world: scene.world,
        dice: Dice::seed_from_u64(scene.seed),
        flying: BinaryHeap::new(),
        number: 0,
        witness: Witness::default(),
    };
    let mut sessions = Sessions::new(1);
    let session = sessions
        .open(Box::new(Session::new(spec(scene))))
        .expect("the only place is free");
    let mut host = Host {
        sessions,
        source: (Ipv4Addr::LOCALHOST, 1).into(),
        free: scene.begin,
    };
    let mut now = scene.begin;
    let mut initiator = Initiator::new(
        Orders {
            session,
            ..scene.orders
        },
        now,
    );
    loop {
        match initiator.step(now) {
            Step::Finished => break,
            Step::Send => {
                let message = initiator.send(now, clock(now));
                now += SEND;
                if let (Some(sequence), Some(t1)) = (message.sequence, kernel(now)) {
                    initiator.stamped(sequence, t1);
                }
                network.send(now, End::Host, message.bytes());
            }
            Step::Wait(until) => match network.next(until) {
                None => now = until,
                Some((arrival, _, End::Host, mut datagram)) => {
                    host.answer(arrival, &mut datagram, &mut network);
                }
                // An arrival may lie in the past: its receiver was busy.
                Some((arrival, _, End::Function, datagram)) => {
                    network.witness.returned(&datagram);
                    now = now.max(arrival) + network.wake();
                    initiator.receive(now, &datagram, Stamps(clock(now), kernel(arrival)));
                }
            },
        }
    }
    // The host hears the last words before it closes.
    while let Some((arrival, _, to, mut datagram)) = network.next(now) {
        if to == End::Host {
            host.answer(arrival, &mut datagram, &mut network);
        }
    }
    let function = initiator.finish();
    let witnessed = network.witness.counts(function.exchanges.len() as u32);
    let host = host.sessions.close(session).expect("it was opened above");
    Played {
        function,
        host: host.into_record(),
        witnessed,
        end: now,
    }
}

fn spec(scene: &Scene) -> SessionSpec {
    let token = scene.orders.token;
    SessionSpec {
        token,
        identity: match scene.orders.dialect {
            Dialect::Stamp => Identity::Token,
            Dialect::Text => Identity::Text(TextIdentity::Exactly(token)),
        },
        live: scene.live.clone(),
        capacity: scene.orders.max_exchanges,
    }
}
