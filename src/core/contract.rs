//! What the host sends to the function and what the function answers: one JSON object each way.
//!
//! SeBS's names are kept where it has them, so that its own function understands the request.

use serde::{Deserialize, Serialize};

use super::sample::Token;
use super::time::Nanos;

/// The language of the datagrams.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dialect {
    /// STAMP (RFC 8762) with our TLV: see [`super::stamp`].
    Stamp,
    /// SeBS's text: see [`super::text`].
    Text,
}

/// What carries the clock exchange between function and host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Carrier {
    /// Datagrams, which the function sends and the host answers.
    #[default]
    Udp,
    /// Further invocations, which the function answers at once: the host needs no address that the function can reach.
    Http,
}

impl Carrier {
    /// How people know it: `UDP`, `HTTP`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Udp => "UDP",
            Self::Http => "HTTP",
        }
    }

    /// It is what was there first, and what a host of SeBS's kind has in mind.
    #[allow(
        clippy::trivially_copy_pass_by_ref,
        reason = "serde hands over a reference"
    )]
    fn is_udp(&self) -> bool {
        *self == Self::Udp
    }
}

/// Where time stamps come from: a ladder, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StampKind {
    /// The kernel stamps both directions.
    Kernel,
    /// The kernel stamps what is received; what is sent is stamped in user space.
    KernelReceive,
    /// Both are read in user space.
    User,
}

impl StampKind {
    /// A word or two for people.
    pub fn word(self) -> &'static str {
        match self {
            Self::Kernel => "kernel",
            Self::KernelReceive => "kernel rx",
            Self::User => "user",
        }
    }
}

/// A known error put on the function's clock, so that the whole program can be tested against a known truth.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ClockShift {
    /// Added to every reading, ns.
    pub offset: Nanos,
    /// Rate error in parts per million, counted from `since`.
    pub rate_ppm: f64,
    /// True time at which only `offset` is added, ns since the epoch.
    pub since: Nanos,
}

impl ClockShift {
    /// What the shifted clock shows at the true time `now`, both ns since the epoch.
    pub fn apply(&self, now: Nanos) -> Nanos {
        now + self.offset + ((now - self.since) as f64 * self.rate_ppm / 1e6).round() as Nanos
    }
}

/// How the function is to exchange datagrams.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClockRequest {
    /// A function speaks binary only when this says so.
    pub proto: Dialect,
    /// The attempt's token; a host answers nothing without it.
    pub token: Token,
    /// STAMP's session identifier.
    pub session: u16,
    /// Most probes to send; reaching it is a normal end.
    pub max_exchanges: u32,
    /// Probes under way at once.
    pub in_flight: u32,
    /// Least time between probes when several are under way, ns.
    pub pace: Nanos,
    /// Longest time the exchange may take, ns.
    pub budget: Nanos,
    /// A known clock error to add, in tests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shift: Option<ClockShift>,
}

/// The request without its filling (`data`), which the driver adds and the function ignores.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Invocation {
    /// Numeric address of the host's UDP socket, as the function reaches it; empty when there is none.
    #[serde(rename = "server-address")]
    pub server_address: String,
    /// Its port.
    #[serde(rename = "server-port")]
    pub server_port: u16,
    /// Repetition, from 0.
    pub repetition: u32,
    /// Consecutive exchanges without a new minimum RTT that end the session.
    #[serde(rename = "N")]
    pub n: u32,
    /// With [`Carrier::Http`] the function sends no datagram and answers at once.
    #[serde(default, skip_serializing_if = "Carrier::is_udp")]
    pub sync: Carrier,
    /// Absent: a host of SeBS's kind, which understands only text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock: Option<ClockRequest>,
}

/// Why the function stopped exchanging.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StopReason {
    /// N consecutive exchanges did not lower the minimum RTT.
    Settled,
    /// The largest number of probes was sent.
    MaxExchanges,
    /// The budget of time ran out.
    Budget,
    /// Too many probes in a row had no answer.
    Silence,
}

impl StopReason {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Settled => "settled",
            Self::MaxExchanges => "max_exchanges",
            Self::Budget => "budget",
            Self::Silence => "silence",
        }
    }
}

/// One probe as the function saw it: a row `[seq, reply, t1 user, t1 kernel, t4 user, t4 kernel]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct FunctionExchange(
    /// Sequence number.
    pub u32,
    /// Number the host gave its first reply to arrive.
    pub Option<u32>,
    /// Sent, read in user space, ns since the epoch on the function's clock.
    pub Nanos,
    /// Sent, stamped by the kernel.
    pub Option<Nanos>,
    /// Received, read in user space.
    pub Option<Nanos>,
    /// Received, stamped by the kernel.
    pub Option<Nanos>,
);

/// The function's side of the clock exchange.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClockReply {
    /// Spoken dialect.
    pub proto: Dialect,
    /// The rung of the ladder the function stood on.
    pub stamps: StampKind,
    /// Kernel stamps that were thrown away because they contradicted the user-space ones.
    pub implausible: u32,
    /// Why it ended; none when it could not begin.
    pub stop: Option<StopReason>,
    /// What kept it from beginning, or ended it early.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Every probe.
    pub exchanges: Vec<FunctionExchange>,
}

impl ClockReply {
    /// That of a function which exchanged no datagram; `error` says what kept it from that, if it was to.
    pub fn silent(proto: Dialect, error: Option<String>) -> Self {
        Self {
            proto,
            stamps: StampKind::User,
            implausible: 0,
            stop: None,
            error,
            exchanges: Vec::new(),
        }
    }
}

/// The function's answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reply {
    /// From the process: this is its first invocation.
    pub is_cold: bool,
    /// The platform's request id.
    pub request_id: String,
    /// Random name of this process; empty when a function of another kind does not tell.
    pub instance_id: String,
    /// Which invocation of this process it is, from 1; 0 when it is not told.
    pub invocation: u32,
    /// Start of the process, ns since the epoch; 0 when it is not told.
    pub process_start: Nanos,
    /// The handler's first instruction, ns since the epoch.
    pub handler_entry: Nanos,
    /// The handler's last, just before its answer is written, ns since the epoch; told with [`Carrier::Http`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handler_leave: Option<Nanos>,
    /// The clock exchange over UDP.
    pub clock: ClockReply,
}
