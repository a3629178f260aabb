//! One row of SeBS's table with its exchanges, as an attempt of ours; what is not known is said to be so.

use super::samples::Line;
use crate::core::contract::StampKind;
use crate::core::offset::ClockEstimate;
use crate::core::reprocess::{Evaluation, Outcome};
use crate::core::sample::{
    Attempt, AttemptOutcome, FunctionReport, HttpTimes, PacketCounts, Purpose, SampleKey,
    StartKind, Token,
};
use crate::core::time::Nanos;

/// Why a sample has no invocation time; none: it has one.
pub(super) fn why_without_time(outcome: Outcome) -> Option<&'static str> {
    match outcome {
        Outcome::Measured => None,
        Outcome::SignOnly => Some(
            "there are no rows of exchanges, only the mean that SeBS made of them, which has no bound",
        ),
        Outcome::Implausible => Some(
            "it would be below half the smallest round trip, so it is withheld: an uneven path or a stepped clock",
        ),
        Outcome::Unsynchronised => Some("the clocks were not compared"),
    }
}

/// The host's clock when it is last known to have had to do with the sample.
pub(super) fn last_seen(line: &Line, attempt: &Attempt) -> Nanos {
    let connected = line.times.start.saturating_add(line.times.connection);
    let sent = attempt.exchanges.iter().filter_map(|exchange| exchange.4);
    sent.map(|stamps| stamps.0).fold(connected, Nanos::max)
}

/// The sample as the one attempt that was made at it, with this number in the run.
pub(super) fn attempt(number: u64, key: SampleKey, line: &Line, evaluation: Evaluation) -> Attempt {
    let times = &line.times;
    let is_measured = evaluation.outcome == Outcome::Measured;
    let answered = evaluation.exchanges.len() as u32;
    // The entry and the start are known to within their unit, which `bound` has beside that of the exchanges.
    let clock = evaluation.clock.zip(evaluation.bound);
    let clock = clock.map(|(clock, bound)| ClockEstimate { bound, ..clock });
    Attempt {
        number,
        token: Token(u128::from(number).to_be_bytes()),
        purpose: Purpose::Sample(key),
        attempt_of_sample: 1,
        outcome: if is_measured {
            AttemptOutcome::Measured
        } else {
            AttemptOutcome::Unsynchronised
        },
        held: None,
        payload_bytes: 0,
        package_bytes: 0,
        http: Some(HttpTimes {
            start: times.start,
            connected_after: times.connection,
            sent_after: 0,
            first_byte_after: 0,
            end_after: 0,
            end: times.start,
        }),
        function: Some(FunctionReport {
            is_cold: key.kind == StartKind::Cold,
            platform_cold: None,
            init: None,
            billed: None,
            request_id: line.sample.request_id.clone(),
            instance_id: String::new(),
            invocation: 0,
            process_start: 0,
            handler_entry: times.finish,
            stamps: StampKind::User,
            stop: None,
            clock_error: why_without_time(evaluation.outcome).map(str::to_owned),
            implausible: 0,
            cold_nonce: None,
        }),
        clock: clock.filter(|_| is_measured),
        packets: PacketCounts {
            // A request that was lost is in neither file.
            sent: answered + evaluation.unanswered,
            received: answered + evaluation.unanswered,
            answered,
            ..PacketCounts::default()
        },
        follow_ups: None,
        exchanges: evaluation.exchanges,
        host_rows: Vec::new(),
    }
}
