//! Attempts and samples: what one invocation yielded, and how each ended.

pub use super::token::{BadToken, Token};
use serde::{Deserialize, Serialize};

use super::contract::{StampKind, StopReason};
use super::follow_up::FollowUps;
use super::offset::ClockEstimate;
use super::time::Nanos;

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

/// What the platform's own books say of an invocation, where it keeps any.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct PlatformRecord {
    /// It was a cold start.
    pub cold: Option<bool>,
    /// Initialisation before the handler, ns (AWS: `Init Duration`).
    #[serde(default)]
    pub init: Option<Nanos>,
    /// Time that is paid for, ns (AWS: `Billed Duration`).
    #[serde(default)]
    pub billed: Option<Nanos>,
}

/// By which value an environment is known that was made after the last forced cold start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColdNonce {
    /// The one that was set.
    pub set: String,
    /// The one that the function answered.
    pub answered: Option<String>,
}

/// What the function said of itself, on the function's clock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FunctionReport {
    /// From the function's process: nothing was served by it before.
    pub is_cold: bool,
    /// What the platform's own record says, where it keeps one.
    pub platform_cold: Option<bool>,
    /// Initialisation by the platform's record, ns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub init: Option<Nanos>,
    /// Time paid for by the platform's record, ns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub billed: Option<Nanos>,
    /// The platform's request id.
    pub request_id: String,
    /// Random name of the function's process.
    pub instance_id: String,
    /// Which invocation of this process it was, from 1.
    pub invocation: u32,
    /// Start of the process, ns since the epoch.
    pub process_start: Nanos,
    /// The handler's first instruction, ns since the epoch.
    pub handler_entry: Nanos,
    /// Time stamps the function could get.
    pub stamps: StampKind,
    /// Why it stopped exchanging datagrams; none when it could not begin.
    #[serde(default)]
    pub stop: Option<StopReason>,
    /// What kept it from exchanging datagrams, or ended that early.
    #[serde(default)]
    pub clock_error: Option<String>,
    /// Kernel stamps that either end threw away because they contradicted the user-space ones.
    #[serde(default)]
    pub implausible: u32,
    /// How its environment is known to be a new one; none where the platform sets nothing for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cold_nonce: Option<ColdNonce>,
}

impl FunctionReport {
    /// Whether an environment answered that should not have been there any more.
    pub fn is_outdated(&self) -> bool {
        let differs = |nonce: &ColdNonce| nonce.answered.as_ref() != Some(&nonce.set);
        self.cold_nonce.as_ref().is_some_and(differs)
    }
}

/// One exchange with every stamp both ends have of it, joined by sequence number: a row of ten columns.
///
/// `t1` function sends, `t2` host receives, `t3` host sends, `t4` function receives; ns since the epoch,
/// `t1` and `t4` on the function's clock, `t2` and `t3` on the host's; user-space stamp, then kernel stamp. Over HTTP
/// what the function sends is an answer and what the host sends the next request: see [`super::follow_up`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exchange(
    /// Sequence number of the request.
    pub u32,
    /// Number of the reply that reached the function.
    pub Option<u32>,
    /// T1.
    pub Stamps,
    /// T2, none when the request was lost.
    pub Option<Stamps>,
    /// T3 of that reply.
    pub Option<Stamps>,
    /// T4, none when the reply was lost.
    pub Option<Stamps>,
);

/// The stamps of one passage of a datagram through one end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamps(
    /// Read in user space, ns since the epoch.
    pub Nanos,
    /// Taken by the kernel, where it gives one and it is plausible.
    pub Option<Nanos>,
);

/// A datagram as the host alone knows it: T2, and T3 of its reply, none when that could not be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostStamps(
    /// T2.
    pub Stamps,
    /// T3.
    pub Option<Stamps>,
);

/// Datagrams of one attempt, counted; exact, from sequence and reply numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct PacketCounts {
    /// Probes the function sent, without the end markers.
    pub sent: u32,
    /// Distinct probes that reached the host.
    pub received: u32,
    /// Distinct probes whose reply reached the function.
    pub answered: u32,
    /// Surplus copies of probes that reached the host.
    pub duplicates: u32,
    /// Probes that reached the host after one with a higher number.
    pub reordered: u32,
}

impl PacketCounts {
    /// Lost on the way from function to host.
    pub fn lost_outbound(&self) -> u32 {
        self.sent.saturating_sub(self.received)
    }

    /// Lost on the way from host to function.
    pub fn lost_inbound(&self) -> u32 {
        self.received.saturating_sub(self.answered)
    }

    /// Share of the probes without an answer, 0 to 1.
    pub fn loss(&self) -> f64 {
        if self.sent == 0 {
            0.0
        } else {
            f64::from(self.sent.saturating_sub(self.answered)) / f64::from(self.sent)
        }
    }

    /// Adds another attempt's counts.
    pub fn add(&mut self, other: &Self) {
        self.sent += other.sent;
        self.received += other.received;
        self.answered += other.answered;
        self.duplicates += other.duplicates;
        self.reordered += other.reordered;
    }
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
    /// handler entry − offset − start − connection time. The bound is the clock estimate's.
    pub fn invocation_time(&self) -> Option<Nanos> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_reads_back_from_its_text_and_nothing_else_does() {
        let token = Token([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 255]);
        assert_eq!(token.to_string(), "000102030405060708090a0b0c0d0eff");
        assert_eq!(token.to_string().parse(), Ok(token));
        for bad in [
            "",
            "00",
            "zz0102030405060708090a0b0c0d0eff",
            "000102030405060708090a0b0c0d0eff0",
            "ä00102030405060708090a0b0c0d0e",
        ] {
            assert!(bad.parse::<Token>().is_err(), "{bad}");
        }
    }

    #[test]
    fn losses_are_told_apart_by_direction() {
        let counts = PacketCounts {
            sent: 100,
            received: 97,
            answered: 90,
            duplicates: 2,
            reordered: 1,
        };
        assert_eq!((counts.lost_outbound(), counts.lost_inbound()), (3, 7));
        assert!((counts.loss() - 0.1).abs() < 1e-12);
        assert!(PacketCounts::default().loss() < f64::EPSILON);
    }
}
