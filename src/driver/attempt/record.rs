//! What goes into an attempt's record: both ends' words, joined and judged. Nothing is asked or sent here.

use crate::core::contract::{Dialect, Reply};
use crate::core::exchange::{HostRecord, HostRow, join};
use crate::core::follow_up::Followed;
use crate::core::offset::estimate;
use crate::core::run::Invoke;
use crate::core::sample::{
    Attempt, AttemptOutcome, Failure, FunctionReport, HostStamps, HttpTimes, PacketCounts,
    PlatformRecord, StartKind, Token,
};

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

/// What an invocation yielded, apart from its datagrams.
pub(super) struct Answer {
    pub http: HttpTimes,
    pub reply: Reply,
    pub record: Result<PlatformRecord, Failure>,
}

/// Enters what either end has to say: the one is kept when the other has failed.
pub(super) fn settle(
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

pub(super) fn tell_fault(attempt: &mut Attempt, fault: &Failure) {
    if let Some(function) = &mut attempt.function {
        function.clock_error = Some(fault.to_string());
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
        cold_nonce: None,
    }
}
