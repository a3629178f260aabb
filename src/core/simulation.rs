//! A platform that is not there: functions, clocks and a network made up by a seed, in virtual time.
//!
//! The two ends of the exchange are the real ones ([`super::initiator`], [`super::exchange`]); what lies between them
//! is a [`World`], so that every figure can be held against a truth that is known.

mod follow_ups;
mod law;
mod session;
mod world;

use follow_ups::Stage;
pub use law::Law;
pub use session::{Played, Scene, play};
pub use world::{PRESETS, World};

use std::sync::Arc;

use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt, SeedableRng};

use super::contract::{Carrier, ClockReply, ClockShift, Reply};
use super::exchange::HostRecord;
use super::follow_up::{Allowance, Chain, Followed, Passage, is_due};
use super::initiator::Orders;
use super::live::Live;
use super::run::Invoke;
use super::sample::{HttpTimes, Token};
use super::time::{MICROSECOND, MILLISECOND, Moment, Nanos, SECOND};

/// The platform's name, by which every file and screen says that nothing in it was measured.
pub const NAME: &str = "simulated";

/// Bytes that the path and the platform's store carry in a second: 10 ms for a megabyte.
const BYTES_PER_SECOND: f64 = 1e8;
/// Activating a package once it is there.
const ACTIVATION: Nanos = 50 * MILLISECOND;
/// Forcing a cold start.
const COLD_TAKES: Nanos = 5 * MILLISECOND;
/// A new process begins this long before its handler is entered.
const PROCESS_TO_HANDLER: Nanos = 500 * MICROSECOND;

/// Source of all chance, alike on every machine.
type Dice = Xoshiro256PlusPlus;

/// What a simulation is made from.
#[derive(Debug, Clone)]
pub struct Setup {
    /// The laws.
    pub world: World,
    /// Decides everything that is left to chance.
    pub seed: u64,
    /// Error of the function's clock; the host's is true.
    pub shift: Option<ClockShift>,
    /// How to exchange; token and session are those of each attempt.
    pub orders: Orders,
    /// What carries the exchange.
    pub sync: Carrier,
    /// When it begins.
    pub start: Moment,
}

/// An invocation's answer, and what the host saw of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// Phases of the call.
    pub http: HttpTimes,
    /// What the function said.
    pub reply: Reply,
    /// How the clocks were compared.
    pub compared: Compared,
    /// Whether it really was a cold start, as a platform's own record would have it.
    pub recorded_cold: bool,
}

/// How the clocks of an invocation were compared.
#[derive(Debug, Clone, PartialEq)]
pub enum Compared {
    /// Over UDP: the host's side of the exchange.
    Udp(HostRecord),
    /// Over HTTP: what followed; none where nothing had to.
    Http(Option<Followed>),
}

/// One deployed function in a made-up world. An invocation depends on the seed, its number and what was done before.
#[derive(Debug)]
pub struct Simulation {
    setup: Setup,
    elapsed: Nanos,
    environment: Option<Environment>,
    /// The environment is not to be used again.
    doomed: bool,
}

#[derive(Debug)]
struct Environment {
    id: u64,
    invocations: u32,
    process_start: Nanos,
}

impl Simulation {
    /// Nothing is deployed.
    pub fn new(setup: Setup) -> Self {
        Self {
            setup,
            elapsed: 0,
            environment: None,
            doomed: false,
        }
    }

    /// The host's clocks.
    pub fn now(&self) -> Moment {
        Moment {
            wall: self.setup.start.wall + self.elapsed,
            monotonic: self.setup.start.monotonic + self.elapsed,
        }
    }

    /// Token of the invocation with this number.
    pub fn token(&self, number: u64) -> Token {
        Token(self.dice(number).random())
    }

    /// Each invocation has dice of its own, so that a resumed run does not repeat those of the first part.
    fn dice(&self, number: u64) -> Dice {
        Dice::seed_from_u64(
            self.setup
                .seed
                .wrapping_add(number.wrapping_mul(0x9E37_79B9_7F4A_7C15)),
        )
    }

    /// Replaces the function by a package of this size; says how long it took, ns.
    pub fn deploy(&mut self, package_bytes: u64) -> Nanos {
        self.environment = None;
        self.pass(ACTIVATION + transfer(package_bytes))
    }

    /// Sees to it that the next start is cold, as far as the world allows; says how long it took, ns.
    pub fn force_cold(&mut self) -> Nanos {
        self.doomed = true;
        self.pass(COLD_TAKES)
    }

    fn pass(&mut self, time: Nanos) -> Nanos {
        self.elapsed += time;
        time
    }

    /// Invokes the function; datagrams are counted on `live`.
    pub fn invoke(&mut self, invoke: &Invoke, live: Arc<Live>) -> Answer {
        let mut dice = self.dice(invoke.number);
        let token = Token(dice.random());
        let world = &self.setup.world;
        let start = self.now().wall;
        let connected_after = world.out.draw(&mut dice) + world.back.draw(&mut dice);
        let sent_after = connected_after + transfer(invoke.payload_bytes);

        let fickle = dice.random_bool(world.fickle);
        let kept = self.environment.take().filter(|_| self.doomed == fickle);
        self.doomed = false;
        let is_cold = kept.is_none();
        let law = if is_cold { world.cold } else { world.warm };
        let entry = start + sent_after + world.out.draw(&mut dice) + law.draw(&mut dice);
        let said_cold = is_cold != dice.random_bool(world.lies);
        let environment = kept.unwrap_or_else(|| Environment {
            id: dice.random(),
            invocations: 0,
            process_start: entry - PROCESS_TO_HANDLER,
        });
        let environment = self.environment.insert(Environment {
            invocations: environment.invocations + 1,
            ..environment
        });

        let environment_id = format!("{:016x}", environment.id);
        let invocation = environment.invocations;
        let process_start = environment.process_start;
        let clock = |time| self.setup.shift.map_or(time, |shift| shift.apply(time));
        let orders = Orders {
            token,
            ..self.setup.orders
        };
        let world = &self.setup.world;
        let (function, compared, leave, end, over) = match self.setup.sync {
            Carrier::Udp => {
                let played = play(&Scene {
                    world,
                    shift: self.setup.shift,
                    orders,
                    live,
                    begin: entry,
                    seed: dice.random(),
                });
                let end = played.end + world.back.draw(&mut dice);
                (played.function, Compared::Udp(played.host), None, end, end)
            }
            Carrier::Http => {
                let end = entry + world.out.draw(&mut dice) + world.wake.draw(&mut dice);
                let measured = Passage {
                    sent: start + connected_after,
                    entry: clock(entry),
                    leave: clock(entry),
                    received: end,
                };
                let (followed, over) = if is_due(invoke.purpose, said_cold) {
                    let allowance = Allowance::of(orders.n, orders.max_exchanges);
                    let chain = Chain::new(&environment_id, measured, orders.n, allowance, end);
                    let stage = Stage {
                        world,
                        live: &live,
                        clock: &clock,
                        instance_id: &environment_id,
                    };
                    let (followed, over) = stage.play(chain, end, &mut dice);
                    environment.invocations += followed.counts.paired;
                    (Some(followed), over)
                } else {
                    (None, end)
                };
                (
                    ClockReply::silent(orders.dialect, None),
                    Compared::Http(followed),
                    Some(measured.leave),
                    end,
                    over,
                )
            }
        };
        self.elapsed = over - self.setup.start.wall;
        Answer {
            http: HttpTimes {
                start,
                connected_after,
                sent_after,
                first_byte_after: end - start,
                end_after: end - start,
                end,
            },
            reply: Reply {
                is_cold: said_cold,
                request_id: format!("{NAME}-{}", invoke.number),
                instance_id: environment_id,
                invocation,
                process_start: clock(process_start),
                handler_entry: clock(entry),
                cold_nonce: None,
                handler_leave: leave,
                clock: function,
            },
            compared,
            recorded_cold: is_cold,
        }
    }
}

/// Time that so many bytes take, ns.
fn transfer(bytes: u64) -> Nanos {
    (bytes as f64 / BYTES_PER_SECOND * SECOND as f64).round() as Nanos
}
