//! One attempt from its token to its record: opens the session, invokes, joins both ends' stamps or follows up, judges.

mod bench;
mod call;
mod record;
mod request;
mod session;
mod warnings;

pub use self::bench::{Bench, Clocks};
pub use self::call::{Answered, RETRY_MOST, decoded, failure_of};
pub use self::record::{blank, enter, fill, fill_followed, judge};
pub use self::request::budget;

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::sync::oneshot;

use self::call::call;
use self::record::{Answer, settle, tell_fault};
use self::request::{Meeting, body};
use self::session::{Session, spec};
use self::warnings::warnings;
use super::echo::Echo;
use super::follow_up::follow;
use super::workshop::Done;
use crate::core::contract::Carrier;
use crate::core::follow_up::is_due;
use crate::core::live::Phase;
use crate::core::run::Outcome;
use crate::core::sample::{Attempt, AttemptOutcome, ColdNonce, Failure};

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

async fn measure(bench: &Bench, attempt: &mut Attempt) -> AttemptOutcome {
    match exchange(bench, attempt).await {
        Err(failure) => AttemptOutcome::Failed(failure),
        Ok(()) => judge(attempt),
    }
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

#[cfg(test)]
mod tests;
