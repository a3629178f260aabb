//! One attempt from its token to its record: opens the session, invokes, joins both ends' stamps or follows up, judges.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hyper::body::Bytes;
use tokio::sync::oneshot;

use super::clock;
use super::echo::Echo;
use super::follow_up::follow;
use super::invoke::{Called, Connection};
use super::package;
use super::workshop::Done;
use super::{Experiment, Speaker};
use crate::core::contract::{Carrier, ClockRequest, Dialect, Invocation, Reply};
use crate::core::exchange::{HostRecord, HostRow, Identity, SessionSpec, join};
use crate::core::follow_up::{Followed, is_due};
use crate::core::live::{Live, Phase};
use crate::core::offset::estimate;
use crate::core::pace::Pace;
use crate::core::run::{Invoke, Outcome};
use crate::core::sample::{
    Attempt, AttemptOutcome, Failure, FunctionReport, HostStamps, HttpTimes, PacketCounts,
    PlatformRecord, StartKind, Token,
};
use crate::core::text::TextIdentity;
use crate::core::time::{MILLISECOND, Nanos, SECOND};
use crate::platform::{HttpReply, Platform, PlatformError, Retry};

/// Longest the clock exchange may take, whatever the function's time-out.
const BUDGET_MOST: Nanos = 10 * SECOND;
/// Longest wait that a platform's advice to try later can cause.
pub const RETRY_MOST: Duration = Duration::from_secs(60);
/// A cold start may add this to the function's own time-out.
pub(super) const START_ALLOWANCE: Duration = Duration::from_secs(60);
/// Wall and monotonic clock may drift apart by this much, and by a thousandth of the time, before it is called a step.
const STEP_ALLOWANCE: Nanos = MILLISECOND;

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
    /// What the screen reads.
    pub live: Arc<Live>,
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

/// Makes one attempt; never fails, since a failure is an outcome. `give_up` ends it early.
pub async fn make(
    bench: &Bench,
    invoke: Invoke,
    token: Token,
    package_bytes: u64,
    give_up: oneshot::Receiver<()>,
) -> Told {
    let mut attempt = blank(invoke, token, package_bytes);
    bench.live.begin();
    let outcome = tokio::select! {
        outcome = measure(bench, &mut attempt) => outcome,
        _ = give_up => AttemptOutcome::Cancelled,
    };
    bench.live.enter(Phase::Idle);
    attempt.outcome = outcome;
    Told::of(attempt)
}

/// The record of an attempt that has yielded nothing so far.
pub fn blank(invoke: Invoke, token: Token, package_bytes: u64) -> Attempt {
    Attempt {
        number: invoke.number,
        token,
        purpose: invoke.purpose,
        attempt_of_sample: invoke.attempt_of_sample,
        outcome: AttemptOutcome::Cancelled,
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
        _ if attempt.clock.is_none() => AttemptOutcome::Unsynchronised,
        _ => AttemptOutcome::Measured,
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
    let session = Session::open(bench, echo, attempt.token)?;
    let meeting = Meeting {
        address: host.ip().to_string(),
        port: host.port(),
        session: session.id,
        sync: Carrier::Udp,
    };
    let answered = call(bench, body(bench, attempt, meeting, attempt.payload_bytes)?).await;
    let host = session.close().await?;
    attempt.packets = host.packets;
    let answered = answered?;
    fill(
        attempt,
        answered.called.times,
        answered.reply,
        &host,
        answered.record,
    );
    Ok(())
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
    enter(attempt, answered.called.times, reply, answered.record, 0);
    if is_due(attempt.purpose, is_cold) {
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
    /// What the platform's books say.
    pub record: PlatformRecord,
}

async fn call(bench: &Bench, body: Bytes) -> Result<Answered, Failure> {
    let platform = &bench.platform;
    let failed = |error| failure_of(&error);
    let endpoint = platform.endpoint(&body).await.map_err(failed)?;
    let deadline = bench.experiment.function.timeout + START_ALLOWANCE;
    let (connection, called) = Connection::open(&endpoint, body, deadline, &bench.live).await?;
    let reply = decoded(bench, &called.reply)?;
    let record = platform.record(&reply.request_id, &called.reply).await;
    Ok(Answered {
        connection,
        called,
        reply,
        record,
    })
}

/// The function's answer; a platform that asks for a rest instead is left alone so long, within bounds.
pub(super) fn decoded(bench: &Bench, answer: &HttpReply) -> Result<Reply, Failure> {
    bench.platform.decode(answer).map_err(|error| {
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
    }
}

/// Where and how the function meets the host to compare clocks.
struct Meeting {
    address: String,
    port: u16,
    session: u16,
    sync: Carrier,
}

fn body(
    bench: &Bench,
    attempt: &Attempt,
    meeting: Meeting,
    payload_bytes: u64,
) -> Result<Bytes, Failure> {
    let experiment = &bench.experiment;
    let invocation = Invocation {
        server_address: meeting.address,
        server_port: meeting.port,
        repetition: attempt.purpose.key().repetition,
        n: experiment.header.n,
        sync: meeting.sync,
        clock: Some(ClockRequest {
            proto: experiment.dialect,
            token: attempt.token,
            session: meeting.session,
            max_exchanges: experiment.max_exchanges,
            in_flight: experiment.header.in_flight,
            pace: experiment.pace,
            budget: budget(experiment),
            shift: experiment.header.shift,
        }),
    };
    let fault = |error: serde_json::Error| Failure {
        step: "request".into(),
        what: error.to_string(),
        status: None,
    };
    let mut text = if experiment.foreign.request.is_empty() {
        serde_json::to_string(&invocation).map_err(fault)?
    } else {
        let mut members = serde_json::to_value(&invocation).map_err(fault)?;
        for (name, value) in &experiment.foreign.request {
            members[name] = value.clone();
        }
        members.to_string()
    };
    text.pop();
    text.push_str(r#","data":""#);
    text.push_str(&package::payload(payload_bytes, rand::random()));
    text.push_str(r#""}"#);
    Ok(text.into())
}

/// Longest time the clock exchange may take, ns.
pub fn budget(experiment: &Experiment) -> Nanos {
    BUDGET_MOST.min(experiment.function.timeout.as_nanos() as Nanos / 2)
}

/// Closes its session also when the attempt is given up.
struct Session {
    echo: Arc<Echo>,
    id: u16,
    closed: bool,
}

impl Session {
    fn open(bench: &Bench, echo: &Arc<Echo>, token: Token) -> Result<Self, Failure> {
        let spec = SessionSpec {
            token,
            identity: match bench.experiment.dialect {
                Dialect::Stamp => Identity::Token,
                Dialect::Text => Identity::Text(match bench.experiment.foreign.speaker {
                    Speaker::Ours => TextIdentity::Exactly(token),
                    Speaker::Any => TextIdentity::First,
                }),
            },
            live: bench.live.clone(),
            capacity: bench.experiment.max_exchanges,
        };
        let id = echo.open(spec).map_err(|error| echo_failure(&error))?;
        Ok(Self {
            echo: echo.clone(),
            id,
            closed: false,
        })
    }

    async fn close(mut self) -> Result<HostRecord, Failure> {
        self.closed = true;
        let (echo, id) = (self.echo.clone(), self.id);
        let closing = tokio::task::spawn_blocking(move || echo.close(id)).await;
        closing
            .map_err(|error| echo_failure(&error))?
            .map_err(|error| echo_failure(&error))
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if !self.closed {
            _ = self.echo.close(self.id);
        }
    }
}

fn echo_failure(error: &impl std::fmt::Display) -> Failure {
    Failure {
        step: "clock".into(),
        what: error.to_string(),
        status: None,
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

fn warnings(attempt: &Attempt) -> Vec<String> {
    let mut warnings = Vec::new();
    if let Some(FunctionReport {
        is_cold,
        platform_cold: Some(platform_cold),
        ..
    }) = attempt.function
        && is_cold != platform_cold
    {
        let (function, platform) = (
            StartKind::of(is_cold).word(),
            StartKind::of(platform_cold).word(),
        );
        warnings.push(format!(
            "attempt {}: the function says {function}, the platform's record says {platform}",
            attempt.number
        ));
    }
    if let Some(http) = attempt.http {
        let step = (http.end - http.start) - http.end_after;
        if step.abs() > STEP_ALLOWANCE + http.end_after / 1000 {
            warnings.push(format!(
                "attempt {}: the host's wall clock moved by {:.3} ms against its monotonic clock during the invocation",
                attempt.number,
                step as f64 / MILLISECOND as f64
            ));
        }
    }
    warnings
}
