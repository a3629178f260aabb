//! How the samples of a run ended: how many in which way, and why those that yielded nothing did not.

use std::fmt::Write as _;

use serde::Serialize;

use crate::core::board::Board;
use crate::core::plan::Plan;
use crate::core::sample::{SampleKey, SampleOutcome};
use crate::core::words::size;

/// Reasons that are told, of failures and of skips.
const MOST_REASONS: usize = 10;

/// Samples within the limits, by how they ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Outcomes {
    /// All, those still to take included.
    pub planned: u32,
    /// With an answer and a clock estimate, those included that something contradicts.
    pub measured: u32,
    /// Without a clock estimate.
    pub unsynchronised: u32,
    /// Every attempt failed.
    pub failed: u32,
    /// Not taken.
    pub skipped: u32,
}

impl Outcomes {
    /// Of a run.
    pub fn of(board: &Board) -> Self {
        let Some(plan) = board.plan() else {
            return Self::default();
        };
        let cells = board.cells.iter();
        let possible = cells.filter(|cell| plan.is_possible(cell.size, cell.kind));
        possible.fold(Self::default(), |sum, cell| Self {
            planned: sum.planned + cell.repetitions,
            measured: sum.measured + cell.measured,
            unsynchronised: sum.unsynchronised + cell.unsynchronised,
            failed: sum.failed + cell.failed,
            skipped: sum.skipped + cell.skipped,
        })
    }

    /// `53 of 128 samples measured, 32 failed`: those that there are.
    pub fn words(&self) -> String {
        let mut text = format!("{} of {} samples measured", self.measured, self.planned);
        for (count, what) in [
            (self.unsynchronised, "without a clock estimate"),
            (self.failed, "failed"),
            (self.skipped, "skipped"),
        ] {
            if count > 0 {
                let _ = write!(text, ", {count} {what}");
            }
        }
        text
    }
}

/// Why samples failed or were skipped, each reason once, with how many there were and the first of them.
pub fn reasons(board: &Board) -> Vec<String> {
    let Some(plan) = board.plan() else {
        return Vec::new();
    };
    let mut reasons: Vec<(String, SampleKey, usize)> = Vec::new();
    for (key, ended) in board.ended.iter() {
        let reason = match &ended.outcome {
            SampleOutcome::Failed(failure) => format!("failed: {failure}"),
            SampleOutcome::Skipped(reason) => format!("skipped: {reason}"),
            SampleOutcome::Measured | SampleOutcome::Unsynchronised => continue,
        };
        match reasons.iter_mut().find(|(known, ..)| *known == reason) {
            Some((.., count)) => *count += 1,
            None => reasons.push((reason, *key, 1)),
        }
    }
    let more = reasons.len().saturating_sub(MOST_REASONS);
    let told = reasons.iter().take(MOST_REASONS);
    let mut told: Vec<String> = told
        .map(|(reason, first, count)| told_of(plan, reason, *first, *count))
        .collect();
    if more > 0 {
        told.push(format!(
            "samples failed or were skipped for {more} more reasons: see the journal"
        ));
    }
    told
}

fn told_of(plan: &Plan, reason: &str, first: SampleKey, count: usize) -> String {
    let which = format!(
        "{}, {}, repetition {}",
        first.kind.word(),
        size(plan.size(first)),
        first.repetition + 1
    );
    if count == 1 {
        format!("{which} {reason}")
    } else {
        format!("{count} samples {reason}; the first was {which}")
    }
}
