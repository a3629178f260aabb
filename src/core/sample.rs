//! Attempts and samples: what one invocation yielded, and how each ended.

use serde::{Deserialize, Serialize};

use super::follow_up::FollowUps;
use super::offset::ClockEstimate;
use super::time::Nanos;

pub use super::function_report::{ColdNonce, FunctionReport, PlatformRecord};
pub use super::rows::{Exchange, HostStamps, PacketCounts, Stamps};
pub use super::token::{BadToken, Token};

/// Whether the function's environment existed before the invocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StartKind {
    /// An environment that has served an invocation since its deployment.
    Warm,
    /// A new environment.
    Cold,
}

impl StartKind {
    /// Both kinds, in SeBS's order.
    pub const ALL: [Self; 2] = [Self::Warm, Self::Cold];

    /// The kind that `is_cold` stands for.
    pub fn of(is_cold: bool) -> Self {
        if is_cold { Self::Cold } else { Self::Warm }
    }

    /// The word for it: `warm` or `cold`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Warm => "warm",
            Self::Cold => "cold",
        }
    }
}

/// Names a sample within its plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SampleKey {
    /// Index into the plan's sizes.
    pub size: u32,
    /// Asked start kind.
    pub kind: StartKind,
    /// Repetition, from 0.
    pub repetition: u32,
}

/// Why a function is invoked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// To have a warm environment; its result is kept but is no sample. The key is that of the sample it precedes.
    WarmUp(SampleKey),
    /// To measure this sample.
    Sample(SampleKey),
}

impl Purpose {
    /// The sample that is measured or prepared.
    pub fn key(self) -> SampleKey {
        match self {
            Self::WarmUp(key) | Self::Sample(key) => key,
        }
    }

    /// The start kind that is asked for; a warm-up takes either.
    pub fn asked(self) -> Option<StartKind> {
        match self {
            Self::WarmUp(_) => None,
            Self::Sample(key) => Some(key.kind),
        }
    }
}

/// When each part of the HTTP exchange happened, on the host's clocks.
///
/// The `*_after` lengths are monotonic, in ns since `start`. Of an imported sample only the first two are known: the
/// other lengths are 0, and `end` is `start`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpTimes {
    /// Wall clock just before the name was looked up, ns since the epoch.
    pub start: Nanos,
    /// The request could be sent: DNS, TCP (and TLS) were done. SeBS's `connection_time`.
    pub connected_after: Nanos,
    /// The last byte of the request was handed to the kernel.
    pub sent_after: Nanos,
    /// The first byte of the answer arrived.
    pub first_byte_after: Nanos,
    /// The last byte of the answer arrived.
    pub end_after: Nanos,
    /// Wall clock at the end: against `end_after` it shows a step of the wall clock.
    pub end: Nanos,
}

/// What failed, with which value, and what to do next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The step: `connect`, `deploy`, `reply`, …
    pub step: String,
    /// What went wrong, with the value that shows it.
    pub what: String,
    /// HTTP status, when one was received.
    pub status: Option<u16>,
}

impl Failure {
    /// The step until the request can be sent: looking up, TCP, TLS.
    pub const CONNECT: &str = "connect";
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.step, self.what)
    }
}

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttemptOutcome {
    /// Of the kind that was asked for, with a clock estimate.
    Measured,
    /// Of the kind that was asked for, but no clock estimate could be made.
    Unsynchronised,
    /// The function started in the other kind.
    WrongKind,
    /// No usable answer.
    Failed(Failure),
    /// Given up because the user asked to skip or stop.
    Cancelled,
}

/// How an attempt was held back by the platform's limit of invocations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Held {
    /// It began so much later than it was ordered, ns.
    For(Nanos),
    /// It was given up before it could begin: nothing was sent.
    ToTheEnd,
}

/// One invocation with everything that was measured in it: one line of the journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attempt {
    /// Number of the attempt in the run, from 1, warm-ups included.
    pub number: u64,
    /// Ties payload, datagrams and rows together.
    pub token: Token,
    /// Why it was made.
    pub purpose: Purpose,
    /// Which try at its sample it was, from 1.
    pub attempt_of_sample: u32,
    /// How it ended.
    pub outcome: AttemptOutcome,
    /// What the platform's limit of invocations made of it; none when it began at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<Held>,
    /// Bytes of the `data` field on the wire.
    pub payload_bytes: u64,
    /// Bytes of the deployed zip.
    pub package_bytes: u64,
    /// The HTTP exchange, when an answer came.
    pub http: Option<HttpTimes>,
    /// What the function reported.
    pub function: Option<FunctionReport>,
    /// The clock estimate at the handler's entry.
    pub clock: Option<ClockEstimate>,
    /// Datagram counts.
    pub packets: PacketCounts,
    /// The invocations that compared the clocks, where it was done over HTTP.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub follow_ups: Option<FollowUps>,
    /// Every exchange, joined.
    pub exchanges: Vec<Exchange>,
    /// What the host saw of a function that speaks text and keeps its exchanges to itself, in order of arrival.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub host_rows: Vec<HostStamps>,
}

impl Attempt {
    /// From the request that could be sent to the function's first instruction, on the host's time line, ns:
    /// handler entry − offset − start − connection time. Figures rest on [`Attempt::invocation_time`].
    pub fn corrected_time(&self) -> Option<Nanos> {
        let (http, function, clock) = (self.http?, self.function.as_ref()?, self.clock.as_ref()?);
        Some(function.handler_entry - clock.offset - http.start - http.connected_after)
    }

    /// The kind that was measured, when the function said it.
    pub fn got(&self) -> Option<StartKind> {
        self.function
            .as_ref()
            .map(|function| StartKind::of(function.is_cold))
    }
}

/// How a sample ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SampleOutcome {
    /// It has an attempt that counts.
    Measured,
    /// It has an attempt of the right kind, but without a clock estimate; left out of fits.
    Unsynchronised,
    /// No attempt within the bound was usable.
    Failed(Failure),
    /// Not tried, or given up: by the user or for a limit.
    Skipped(String),
}
