//! The function's side of the clock exchange: time and replies in, steps out.
//!
//! Every probe is new. A time-out only lets the next probe go; a reply that comes later still counts for its own
//! number, so a time-out that was too short costs a datagram, never correctness.

mod orders;
mod patience;
mod replies;

pub use self::orders::{Message, Orders, Step};

use std::collections::VecDeque;

use self::patience::Patience;
use super::contract::{ClockReply, Dialect, FunctionExchange, StampKind, StopReason};
use super::stamp::{self, Completed, Extension, Probe};
use super::stop_rule::StopRule;
use super::text;
use super::time::Nanos;

/// Time-outs in a row after which nobody is there.
const SILENCE: u32 = 8;
/// End markers, sent at once: one is enough.
const END_MARKERS: u32 = 3;
/// Most probes under way at once.
const MOST_IN_FLIGHT: u32 = 256;

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

#[cfg(test)]
mod tests;
