//! What the function is asked for.

use hyper::body::Bytes;

use super::Bench;
use crate::core::contract::{Carrier, ClockRequest, Invocation};
use crate::core::sample::{Attempt, Failure};
use crate::core::time::{Nanos, SECOND};
use crate::driver::Experiment;
use crate::driver::package;

/// Longest the clock exchange may take, whatever the function's time-out.
const BUDGET_MOST: Nanos = 10 * SECOND;
/// Where and how the function meets the host to compare clocks.
pub(super) struct Meeting {
    pub address: String,
    pub port: u16,
    pub session: u16,
    pub sync: Carrier,
}

pub(super) fn body(
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
