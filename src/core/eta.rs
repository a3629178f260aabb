//! How long the rest of a run takes: what remains of each start kind times that kind's median so far.

use super::board::Board;
use super::distribution::median;
use super::sample::StartKind;
use super::time::Nanos;

/// Samples of a kind before its median is believed.
const ENOUGH: usize = 3;

/// Time left, ns; none while samples remain of a kind that has not been seen often enough.
pub fn time_left(board: &Board) -> Option<Nanos> {
    let plan = board.plan()?;
    StartKind::ALL.into_iter().zip(&board.durations).try_fold(0, |total, (kind, durations)| {
        let possible = plan.points.iter().filter(|point| point.beyond.is_none()).count() as u32 * plan.outline.repetitions;
        let over = board.ended.keys().filter(|key| key.kind == kind && plan.beyond(**key).is_none()).count() as u32;
        match possible.saturating_sub(over) {
            0 => Some(total),
            _ if durations.len() < ENOUGH => None,
            remaining => Some(total + median(durations)? * Nanos::from(remaining)),
        }
    })
}
