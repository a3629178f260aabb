//! The invocation itself: where to, the call, and what the function and its platform say of it.

use std::sync::PoisonError;
use std::time::Duration;

use hyper::body::Bytes;
use tokio::time::timeout;

use super::bench::Bench;
use crate::core::contract::Reply;
use crate::core::sample::{Failure, PlatformRecord};
use crate::core::time::Nanos;
use crate::driver::clock;
use crate::driver::invoke::{Called, Connection};
use crate::platform::{HttpReply, PlatformError, Retry};

/// Longest wait that a platform's advice to try later can cause.
pub const RETRY_MOST: Duration = Duration::from_secs(60);
/// Telling where the function is, and afterwards what the platform's books say of an invocation.
const PLATFORM_DEADLINE: Duration = Duration::from_secs(120);

/// An invocation that was answered.
pub struct Answered {
    /// The connection it went over.
    pub connection: Connection,
    /// Its times.
    pub called: Called,
    /// What the function said.
    pub reply: Reply,
    /// What the platform's books say, or that they did not.
    pub record: Result<PlatformRecord, Failure>,
}

/// Calls the function once.
pub(super) async fn call(bench: &Bench, body: Bytes) -> Result<Answered, Failure> {
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
pub(super) async fn within<T>(
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
pub fn decoded(bench: &Bench, answer: &HttpReply) -> Result<Reply, Failure> {
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

/// A platform's error as an attempt's failure.
pub fn failure_of(error: &PlatformError) -> Failure {
    Failure {
        step: error.operation.into(),
        what: format!("{}: {}", error.resource, error.what),
        status: error.status,
    }
}
