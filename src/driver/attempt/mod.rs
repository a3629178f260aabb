//! One attempt from its token to its record: opens the session, invokes, joins both ends' stamps or follows up, judges.

mod request;
mod session;
mod warnings;

pub use self::request::budget;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hyper::body::Bytes;
use tokio::sync::oneshot;
use tokio::time::timeout;

use self::request::{Meeting, body};
use self::session::{Session, spec};
use self::warnings::warnings;
use super::Experiment;
use super::clock;
use super::echo::Echo;
use super::follow_up::follow;
use super::invoke::{Called, Connection};
use super::workshop::Done;
use crate::core::contract::{Carrier, Dialect, Reply};
use crate::core::exchange::{HostRecord, HostRow, join};
use crate::core::follow_up::{Followed, is_due};
use crate::core::live::{Live, Phase};
use crate::core::offset::estimate;
use crate::core::pace::Pace;
use crate::core::readiness::Readiness;
use crate::core::run::{Invoke, Outcome};
use crate::core::sample::{
    Attempt, AttemptOutcome, ColdNonce, Failure, FunctionReport, HostStamps, HttpTimes,
    PacketCounts, PlatformRecord, StartKind, Token,
};
use crate::core::time::Nanos;
use crate::platform::{HttpReply, Platform, PlatformError, Retry};

/// Longest wait that a platform's advice to try later can cause.
pub const RETRY_MOST: Duration = Duration::from_secs(60);

/// Telling where the function is, and afterwards what the platform's books say of an invocation.
const PLATFORM_DEADLINE: Duration = Duration::from_secs(120);

/// What every attempt of a run needs.
pub struct Bench {
    /// The run's settings.
    pub experiment: Arc<Experiment>,
    /// Where the function is.
    pub platform: Arc<dyn Platform>,
    /// How its clock is compared with the host's.
    pub clocks: Clocks,
    /// When the platform takes the next invocation.
    pub pace: Mutex<Pace>,
    /// Whether an environment may have to start for the next invocation.
    pub readiness: Mutex<Readiness>,
    /// What the screen reads.
    pub live: Arc<Live>,
}

impl Bench {
    /// An invocation begins now: how long the first byte of its answer may take.
    pub(super) fn answer_within(&self) -> Duration {
        let timeout = self.experiment.function.timeout.as_nanos() as Nanos;
        let deadline = self.readiness().begin(clock::now().monotonic, timeout);
        Duration::from_nanos(deadline as u64)
    }

    /// Remembers of a call that failed what that says of the next.
    pub(super) fn heed<T>(&self, called: Result<T, Failure>) -> Result<T, Failure> {
        called.inspect_err(|_| self.readiness().failed(clock::now().monotonic))
    }

    pub(super) fn readiness(&self) -> MutexGuard<'_, Readiness> {
        self.readiness
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// How clocks are compared.
pub enum Clocks {
    /// By datagrams.
    Udp {
        /// Who answers them.
        echo: Arc<Echo>,
        /// Where the host is, for the function.
        host: SocketAddr,
    },
    /// By further invocations.
    Http,
}

impl Clocks {
    /// What a person should know of how comparing went since this was last asked.
    fn faults(&self) -> Option<String> {
        let Self::Udp { echo, .. } = self else {
            return None;
        };
        let (count, last) = echo.faults()?;
        Some(format!(
            "errors of the echo's socket since the last attempt: {count}, the last one: {last}; datagrams may be lost"
        ))
    }
}

/// An attempt's record and what a person should know of it.
pub struct Told {
    /// The record.
    pub attempt: Attempt,
    /// Sentences for the log.
    pub warnings: Vec<String>,
}

impl Told {
    /// Looks the record over.
    pub fn of(attempt: Attempt) -> Self {
        Self {
            warnings: warnings(&attempt),
            attempt,
        }
    }
}

impl From<Told> for Done {
    fn from(told: Told) -> Self {
        Self {
            outcome: Outcome::Invoked(Box::new(told.attempt)),
            warnings: told.warnings,
        }
    }
}

/// Makes one attempt from a blank record; never fails, since a failure is an outcome. `give_up` ends it early.
pub async fn make(bench: &Bench, mut attempt: Attempt, give_up: oneshot::Receiver<()>) -> Told {
    bench.live.begin();
    let outcome = tokio::select! {
        outcome = measure(bench, &mut attempt) => outcome,
        _ = give_up => AttemptOutcome::Cancelled,
    };
    bench.live.enter(Phase::Idle);
    attempt.outcome = outcome;
    let mut told = Told::of(attempt);
    told.warnings.extend(bench.clocks.faults());
    told
}

/// The record of an attempt that has yielded nothing so far.
pub fn blank(invoke: Invoke, token: Token, package_bytes: u64) -> Attempt {
    Attempt {
        number: invoke.number,
        token,
        purpose: invoke.purpose,
        attempt_of_sample: invoke.attempt_of_sample,
        outcome: AttemptOutcome::Cancelled,
        held: None,
        payload_bytes: invoke.payload_bytes,
        package_bytes,
        http: None,
        function: None,
        clock: None,
        packets: PacketCounts::default(),
        follow_ups: None,
        exchanges: Vec::new(),
        host_rows: Vec::new(),
    }
}

async fn measure(bench: &Bench, attempt: &mut Attempt) -> AttemptOutcome {
    match exchange(bench, attempt).await {
        Err(failure) => AttemptOutcome::Failed(failure),
        Ok(()) => judge(attempt),
    }
}

/// How an attempt ended that was answered.
pub fn judge(attempt: &Attempt) -> AttemptOutcome {
    match (attempt.purpose.asked(), attempt.got()) {
        (Some(asked), Some(got)) if asked != got => AttemptOutcome::WrongKind,
        (Some(StartKind::Cold), _) if is_outdated(attempt) => AttemptOutcome::WrongKind,
        _ if attempt.clock.is_none() => AttemptOutcome::Unsynchronised,
        _ => AttemptOutcome::Measured,
    }
}

/// Whether an environment answered that a forced cold start had replaced.
fn is_outdated(attempt: &Attempt) -> bool {
    let function = attempt.function.as_ref();
    function.is_some_and(FunctionReport::is_outdated)
}

/// Enters the nonce that was set beside the one that the function answered with.
fn remember_nonce(bench: &Bench, attempt: &mut Attempt, answered: Option<String>) {
    if let Some(function) = &mut attempt.function {
        let known_by = |set| ColdNonce { set, answered };
        function.cold_nonce = bench.platform.cold_nonce().map(known_by);
    }
}

async fn exchange(bench: &Bench, attempt: &mut Attempt) -> Result<(), Failure> {
    match &bench.clocks {
        Clocks::Udp { echo, host } => over_udp(bench, echo, *host, attempt).await,
        Clocks::Http => over_http(bench, attempt).await,
    }
}

async fn over_udp(
    bench: &Bench,
    echo: &Arc<Echo>,
    host: SocketAddr,
    attempt: &mut Attempt,
) -> Result<(), Failure> {
    let session = Session::open(echo.clone(), spec(bench, attempt.token)).await?;
    let meeting = Meeting {
        address: host.ip().to_string(),
        port: host.port(),
        session: session.id,
        sync: Carrier::Udp,
    };
    let answered = call(bench, body(bench, attempt, meeting, attempt.payload_bytes)?).await;
    let host = session.close().await;
    let nonce = answered
        .as_ref()
        .ok()
        .and_then(|answered| answered.reply.cold_nonce.clone());
    let answer = answered.map(|answered| Answer {
        http: answered.called.times,
        reply: answered.reply,
        record: answered.record,
    });
    let settled = settle(attempt, answer, host);
    remember_nonce(bench, attempt, nonce);
    settled
}

/// What an invocation yielded, apart from its datagrams.
struct Answer {
    http: HttpTimes,
    reply: Reply,
    record: Result<PlatformRecord, Failure>,
}

/// Enters what either end has to say: the one is kept when the other has failed.
fn settle(
    attempt: &mut Attempt,
    answer: Result<Answer, Failure>,
    host: Result<HostRecord, Failure>,
) -> Result<(), Failure> {
    let mut failures = Vec::new();
    let mut kept = |failure| failures.push(failure);
    let answer = answer.map_err(&mut kept).ok();
    let host = host.map_err(&mut kept).ok();
    attempt.packets = host.as_ref().map(|host| host.packets).unwrap_or_default();
    if let Some(Answer {
        http,
        reply,
        record,
    }) = answer
    {
        let record = record.map_err(&mut kept).unwrap_or_default();
        match host {
            Some(host) => fill(attempt, http, reply, &host, record),
            None => enter(attempt, http, reply, record, 0),
        }
    }
    all_of(failures)
}

/// All of them as one that is named after the first.
fn all_of(failures: Vec<Failure>) -> Result<(), Failure> {
    let mut failures = failures.into_iter();
    let Some(first) = failures.next() else {
        return Ok(());
    };
    Err(failures.fold(first, |first, next| Failure {
        what: format!("{}; {next}", first.what),
        ..first
    }))
}

async fn over_http(bench: &Bench, attempt: &mut Attempt) -> Result<(), Failure> {
    let meeting = || Meeting {
        address: String::new(),
        port: 0,
        session: 0,
        sync: Carrier::Http,
    };
    let follow_up = body(bench, attempt, meeting(), 0)?;
    let measured = body(bench, attempt, meeting(), attempt.payload_bytes)?;
    let answered = call(bench, measured).await?;
    let (reply, is_cold) = (answered.reply.clone(), answered.reply.is_cold);
    let nonce = answered.reply.cold_nonce.clone();
    let record = answered.record.as_ref().copied().unwrap_or_default();
    let late = answered.record.as_ref().err().cloned();
    enter(attempt, answered.called.times, reply, record, 0);
    remember_nonce(bench, attempt, nonce);
    late.map_or(Ok(()), Err)?;
    if is_due(attempt.purpose, is_cold) && judge(attempt) != AttemptOutcome::WrongKind {
        match follow(bench, attempt, answered, &follow_up).await {
            Ok((followed, fault)) => fill_followed(attempt, followed, fault),
            Err(failure) => tell_fault(attempt, &failure),
        }
    }
    Ok(())
}

/// Enters what both ends know of their datagrams, joined.
pub fn fill(
    attempt: &mut Attempt,
    http: HttpTimes,
    reply: Reply,
    host: &HostRecord,
    record: PlatformRecord,
) {
    let (exchanges, packets) = join(host, &reply.clock);
    attempt.clock = estimate(&exchanges, reply.handler_entry);
    if exchanges.is_empty() && host.dialect == Dialect::Text {
        let stamps = |row: &HostRow| HostStamps(row.t2, row.t3);
        attempt.host_rows = host.rows.iter().map(stamps).collect();
    }
    attempt.exchanges = exchanges;
    attempt.packets = packets;
    enter(attempt, http, reply, record, host.implausible);
}

/// Enters what an answer says, but for the clocks.
pub fn enter(
    attempt: &mut Attempt,
    http: HttpTimes,
    reply: Reply,
    record: PlatformRecord,
    implausible_here: u32,
) {
    attempt.http = Some(http);
    attempt.function = Some(report(reply, record, implausible_here));
}

/// Enters what the follow-ups of an attempt yielded, and the last thing that went wrong with one.
pub fn fill_followed(attempt: &mut Attempt, followed: Followed, fault: Option<Failure>) {
    attempt.follow_ups = Some(followed.counts);
    if let Some(function) = &mut attempt.function {
        function.stop = Some(followed.stop);
        attempt.clock = estimate(&followed.exchanges, function.handler_entry);
    }
    attempt.exchanges = followed.exchanges;
    if let Some(fault) = fault.filter(|_| attempt.clock.is_none()) {
        tell_fault(attempt, &fault);
    }
}

fn tell_fault(attempt: &mut Attempt, fault: &Failure) {
    if let Some(function) = &mut attempt.function {
        function.clock_error = Some(fault.to_string());
    }
}

/// An invocation that was answered.
pub(super) struct Answered {
    /// The connection it went over.
    pub connection: Connection,
    /// Its times.
    pub called: Called,
    /// What the function said.
    pub reply: Reply,
    /// What the platform's books say, or that they did not.
    pub record: Result<PlatformRecord, Failure>,
}

async fn call(bench: &Bench, body: Bytes) -> Result<Answered, Failure> {
    let platform = &bench.platform;
    let failed = |error| failure_of(&error);
    let endpoint = platform.endpoint(&body);
    let endpoint = within(PLATFORM_DEADLINE, (platform.name(), "endpoint"), endpoint);
    let endpoint = endpoint.await?.map_err(failed)?;
    let deadline = bench.answer_within();
    let called = Connection::open(&endpoint, body, deadline, &bench.live).await;
    let (connection, called) = bench.heed(called)?;
    let reply = decoded(bench, &called.reply)?;
    let record = platform.record(&reply.request_id, &called.reply);
    let record = within(PLATFORM_DEADLINE, (platform.name(), "record"), record).await;
    Ok(Answered {
        connection,
        called,
        reply,
        record,
    })
}

/// What the platform of this name says of its own, within a deadline.
async fn within<T>(
    deadline: Duration,
    (platform, step): (&str, &str),
    said: impl Future<Output = T>,
) -> Result<T, Failure> {
    timeout(deadline, said).await.map_err(|_| Failure {
        step: step.into(),
        what: format!(
            "the platform {platform} did not tell it within {} s",
            deadline.as_secs()
        ),
        status: None,
    })
}

/// The function's answer; a platform that asks for a rest instead is left alone so long, within bounds.
pub(super) fn decoded(bench: &Bench, answer: &HttpReply) -> Result<Reply, Failure> {
    let decoded = bench.platform.decode(answer);
    if decoded.is_ok() {
        bench.readiness().answered(clock::now().monotonic);
    }
    decoded.map_err(|error| {
        if let Retry::After(wait) = error.retry {
            let until = clock::now().monotonic + wait.min(RETRY_MOST).as_nanos() as Nanos;
            let mut pace = bench.pace.lock().unwrap_or_else(PoisonError::into_inner);
            pace.rest(until);
        }
        failure_of(&error)
    })
}

fn report(reply: Reply, record: PlatformRecord, implausible_here: u32) -> FunctionReport {
    FunctionReport {
        is_cold: reply.is_cold,
        platform_cold: record.cold,
        init: record.init,
        billed: record.billed,
        request_id: reply.request_id,
        instance_id: reply.instance_id,
        invocation: reply.invocation,
        process_start: reply.process_start,
        handler_entry: reply.handler_entry,
        stamps: reply.clock.stamps,
        stop: reply.clock.stop,
        clock_error: reply.clock.error,
        implausible: reply.clock.implausible + implausible_here,
        cold_nonce: None,
    }
}

/// A platform's error as an attempt's failure.
pub fn failure_of(error: &PlatformError) -> Failure {
    Failure {
        step: error.operation.into(),
        what: format!("{}: {}", error.resource, error.what),
        status: error.status,
    }
}

#[cfg(test)]
mod tests;
