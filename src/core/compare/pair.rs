//! One run against the baseline: the cells they share, and what else is not the same.

use std::collections::BTreeMap;

use super::differences::differences;
use super::{Candidate, CellChange, CompareError, Compared, Unmatched, Verdict};
use crate::core::counting::{counting, header};
use crate::core::distribution::median;
use crate::core::message::{Entry, RunHeader};
use crate::core::sample::{AttemptOutcome, StartKind};
use crate::core::statistics::{change, mann_whitney};
use crate::core::time::Nanos;

/// Seed of the resampling: the same journals give the same intervals.
const SEED: u64 = 0x00c0_4a7e;

/// Invocation times and clock bounds.
#[derive(Default)]
struct Cell {
    times: Vec<Nanos>,
    bounds: Vec<Nanos>,
}

type Cells = BTreeMap<(u64, StartKind), Cell>;

fn cells(run: &RunHeader, entries: &[Entry]) -> Cells {
    let mut cells = Cells::new();
    for (key, attempt) in counting(entries) {
        let bound = attempt
            .bound()
            .filter(|_| attempt.outcome == AttemptOutcome::Measured);
        if let Some((time, bound)) = attempt.invocation_time().zip(bound) {
            let cell = cells.entry((run.plan.size(key), key.kind)).or_default();
            cell.times.push(time);
            cell.bounds.push(bound);
        }
    }
    cells
}

/// Without the verdicts, which all tests give together.
pub(super) fn compare(baseline: &Candidate, other: &Candidate) -> Result<Compared, CompareError> {
    let run_of = |run: &Candidate| {
        header(run.entries)
            .cloned()
            .ok_or_else(|| CompareError::NoRun(run.name.into()))
    };
    let (before, after) = (run_of(baseline)?, run_of(other)?);
    let (expected, found) = (before.plan.outline.sweep, after.plan.outline.sweep);
    if expected != found {
        return Err(CompareError::OtherSweep {
            name: other.name.into(),
            found,
            baseline: expected,
        });
    }
    let (mut from, to) = (
        cells(&before, baseline.entries),
        cells(&after, other.entries),
    );
    let (mut changes, mut unmatched) = (Vec::new(), Vec::new());
    for ((size, kind), after) in to {
        match from.remove(&(size, kind)) {
            Some(before) => changes.extend(cell_change(size, kind, &before, &after)),
            None => unmatched.push(Unmatched { size, kind }),
        }
    }
    unmatched.extend(
        from.into_keys()
            .map(|(size, kind)| Unmatched { size, kind }),
    );
    if changes.is_empty() {
        return Err(CompareError::NothingInCommon(other.name.into()));
    }
    Ok(Compared {
        name: other.name.into(),
        cells: changes,
        unmatched,
        differences: differences(&before, &after),
    })
}

fn cell_change(size: u64, kind: StartKind, before: &Cell, after: &Cell) -> Option<CellChange> {
    let seed = SEED ^ size.rotate_left(1) ^ u64::from(kind == StartKind::Cold);
    Some(CellChange {
        size,
        kind,
        n: (before.times.len(), after.times.len()),
        medians: (median(&before.times)?, median(&after.times)?),
        change: change(&before.times, &after.times, seed)?,
        test: mann_whitney(&before.times, &after.times),
        corrected_p: None,
        needed: None,
        clock_bounds: median(&before.bounds)? + median(&after.bounds)?,
        verdict: Verdict::TooFewSamples,
    })
}
