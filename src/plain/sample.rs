//! The line of a finished sample.

use super::words::{clean, length, milliseconds, signed_with_bound, with_bound};
use crate::core::board::Board;
use crate::core::plan::Plan;
use crate::core::sample::{Attempt, SampleKey, SampleOutcome};

/// The line of a finished sample.
pub(super) fn sample_line(
    board: &Board,
    key: SampleKey,
    outcome: &SampleOutcome,
    attempt: Option<&Attempt>,
) -> String {
    let planned = board.planned().to_string();
    let mut parts = vec![format!(
        "[{:>width$}/{planned}]",
        board.ended.len(),
        width = planned.len()
    )];
    parts.extend(board.plan().map(|plan| name_of(board, plan, key)));
    parts.extend(attempt.into_iter().flat_map(measured_parts));
    match outcome {
        SampleOutcome::Measured => {}
        SampleOutcome::Unsynchronised => parts.push("unsynchronised".into()),
        SampleOutcome::Failed(failure) => {
            parts.push(format!("failed: {}", clean(&failure.to_string())));
        }
        SampleOutcome::Skipped(reason) => parts.push(format!("skipped: {}", clean(reason))),
    }
    parts.join("  ")
}

fn name_of(board: &Board, plan: &Plan, key: SampleKey) -> String {
    let cell = board.cells.get(Plan::cell(key));
    let repetitions = cell.map_or(plan.outline.repetitions, |cell| cell.repetitions);
    format!(
        "{} {:>9} B  rep {}/{repetitions}",
        key.kind.word(),
        plan.size(key),
        key.repetition + 1
    )
}

fn measured_parts(attempt: &Attempt) -> Vec<String> {
    let mut parts = Vec::new();
    parts.extend(
        attempt
            .corrected_time()
            .zip(attempt.bound())
            .map(|(time, bound)| with_bound(time, bound)),
    );
    parts.extend(
        attempt
            .doubt()
            .map(|doubt| format!("left out: {}", doubt.words())),
    );
    parts.extend(
        attempt
            .http
            .map(|http| format!("connect {}", milliseconds(http.connected_after))),
    );
    if let Some(clock) = attempt.clock {
        parts.push(format!("min RTT {}", length(clock.minimum_rtt)));
        parts.push(format!(
            "offset {}",
            signed_with_bound(clock.offset, clock.bound)
        ));
        let over = attempt.follow_ups.map_or("", |_| " over HTTP");
        parts.push(format!("{} exchanges{over}", clock.exchanges));
    }
    if let Some(counts) = attempt.follow_ups.filter(|counts| counts.elsewhere > 0) {
        parts.push(format!("{} by another instance", counts.elsewhere));
    }
    let packets = &attempt.packets;
    if packets.lost_outbound() + packets.lost_inbound() > 0 {
        let (outbound, inbound) = (packets.lost_outbound(), packets.lost_inbound());
        parts.push(format!("lost {outbound} to host, {inbound} to function"));
    }
    if attempt.attempt_of_sample > 1 {
        parts.push(format!("try {}", attempt.attempt_of_sample));
    }
    parts
}
