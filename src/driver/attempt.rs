//! One attempt from its token to its record: opens the session, invokes, joins both ends' stamps, judges.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hyper::body::Bytes;
use tokio::sync::oneshot;

use super::clock;
use super::echo::Echo;
use super::invoke;
use super::package;
use super::workshop::Done;
use super::{Experiment, Speaker};
use crate::core::contract::{ClockRequest, Dialect, Invocation, Reply};
use crate::core::exchange::{HostRecord, HostRow, Identity, SessionSpec, join};
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
use crate::platform::{Platform, PlatformError, Retry};

/// Longest the clock exchange may take, whatever the function's time-out.
const BUDGET_MOST: Nanos = 10 * SECOND;
/// Longest wait that a platform's advice to try later can cause.
pub const RETRY_MOST: Duration = Duration::from_secs(60);
/// A cold start may add this to the function's own time-out.
const START_ALLOWANCE: Duration = Duration::from_secs(60);
/// Wall and monotonic clock may drift apart by this much, and by a thousandth of the time, before it is called a step.
const STEP_ALLOWANCE: Nanos = MILLISECOND;

/// What every attempt of a run needs.
pub struct Bench {
    /// The run's settings.
    pub experiment: Arc<Experiment>,
    /// Where the function is.
    pub platform: Arc<dyn Platform>,
    /// Who answers its datagrams.
    pub echo: Arc<Echo>,
    /// Where the host is, for the function.
    pub host: SocketAddr,
    /// What the screen reads.
    pub live: Arc<Live>,
    /// When the platform takes the next invocation.
    pub pace: Mutex<Pace>,
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
    let session = Session::open(bench, attempt.token)?;
    let answered = call(bench, body(bench, attempt, session.id)?).await;
    let host = session.close().await?;
    attempt.packets = host.packets;
    let (http, reply, record) = answered?;
    fill(attempt, http, reply, &host, record);
    Ok(())
}

/// Enters what both ends know, joined.
pub fn fill(
    attempt: &mut Attempt,
    http: HttpTimes,
    reply: Reply,
    host: &HostRecord,
    record: PlatformRecord,
) {
    let (exchanges, packets) = join(host, &reply.clock);
    attempt.http = Some(http);
    attempt.clock = estimate(&exchanges, reply.handler_entry);
    if exchanges.is_empty() && host.dialect == Dialect::Text {
        let stamps = |row: &HostRow| HostStamps(row.t2, row.t3);
        attempt.host_rows = host.rows.iter().map(stamps).collect();
    }
    attempt.exchanges = exchanges;
    attempt.packets = packets;
    attempt.function = Some(report(reply, record, host.implausible));
}

async fn call(bench: &Bench, body: Bytes) -> Result<(HttpTimes, Reply, PlatformRecord), Failure> {
    let platform = &bench.platform;
    let failed = |error| failure_of(&error);
    let endpoint = platform.endpoint(&body).await.map_err(failed)?;
    let deadline = bench.experiment.function.timeout + START_ALLOWANCE;
    let (http, answer) = invoke::call(&endpoint, body, deadline, &bench.live).await?;
    let reply = platform.decode(&answer).map_err(|error| {
        heed(bench, error.retry);
        failure_of(&error)
    })?;
    let record = platform.record(&reply.request_id, &answer).await;
    Ok((http, reply, record))
}

/// Leaves the platform alone as long as it asks for, within bounds.
fn heed(bench: &Bench, advice: Retry) {
    if let Retry::After(wait) = advice {
        let until = clock::now().monotonic + wait.min(RETRY_MOST).as_nanos() as Nanos;
        let mut pace = bench.pace.lock().unwrap_or_else(PoisonError::into_inner);
        pace.rest(until);
    }
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

fn body(bench: &Bench, attempt: &Attempt, session: u16) -> Result<Bytes, Failure> {
    let experiment = &bench.experiment;
    let invocation = Invocation {
        server_address: bench.host.ip().to_string(),
        server_port: bench.host.port(),
        repetition: attempt.purpose.key().repetition,
        n: experiment.header.n,
        clock: Some(ClockRequest {
            proto: experiment.dialect,
            token: attempt.token,
            session,
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
    text.push_str(&package::payload(attempt.payload_bytes, rand::random()));
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
    fn open(bench: &Bench, token: Token) -> Result<Self, Failure> {
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
        let id = bench
            .echo
            .open(spec)
            .map_err(|error| echo_failure(&error))?;
        Ok(Self {
            echo: bench.echo.clone(),
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
