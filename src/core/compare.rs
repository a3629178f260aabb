//! Runs against a baseline: where the invocation time changed, and how surely.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::counting::{counting, header};
use super::distribution::median;
use super::message::{Entry, RunHeader};
use super::plan::Sweep;
use super::sample::{AttemptOutcome, StartKind};
use super::statistics::{Change, Enough, RankTest, change, holm, mann_whitney};
use super::time::Nanos;

/// Version of its shape.
pub const COMPARISON_VERSION: u32 = 1;

/// Chance of a false alarm in the whole comparison that is accepted.
const SIGNIFICANCE: f64 = 0.05;

/// Seed of the resampling: the same journals give the same intervals.
const SEED: u64 = 0x00c0_4a7e;

/// A run by the name that a person gave, with its journal.
#[derive(Debug, Clone, Copy)]
pub struct Candidate<'a> {
    /// Its name, such as its directory.
    pub name: &'a str,
    /// Its journal.
    pub entries: &'a [Entry],
}

/// Why runs cannot be compared.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CompareError {
    /// There is nothing to compare with.
    #[error("a comparison takes at least two runs: name a baseline and another one")]
    TooFewRuns,
    /// A journal has no run in it.
    #[error("{0}: its journal does not begin with a run")]
    NoRun(String),
    /// Different things grow.
    #[error("{name}: a {} sweep cannot be compared with a {} sweep", .found.word(), .baseline.word())]
    OtherSweep {
        /// The run.
        name: String,
        /// What grows in it.
        found: Sweep,
        /// What grows in the baseline.
        baseline: Sweep,
    },
    /// No size and start kind has samples in both.
    #[error(
        "{0}: it has no size and start kind in common with the baseline: give both the same sizes"
    )]
    NothingInCommon(String),
}

/// Runs against a baseline.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// [`COMPARISON_VERSION`] of the writer.
    pub version: u32,
    /// Name of the baseline.
    pub baseline: String,
    /// The others, in the order they were given.
    pub runs: Vec<Compared>,
}

/// One run against the baseline.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Compared {
    /// Its name.
    pub name: String,
    /// By size and start kind, those with samples in both runs; sizes ascending, warm before cold.
    pub cells: Vec<CellChange>,
    /// Sizes and start kinds with samples in one of the runs only.
    pub unmatched: Vec<Unmatched>,
    /// What else is not the same in the two runs, so that it may be the cause.
    pub differences: Vec<Difference>,
}

/// A size and start kind with samples in one run only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unmatched {
    /// Bytes.
    pub size: u64,
    /// Start kind.
    pub kind: StartKind,
}

/// A condition that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// What it is.
    pub what: String,
    /// Of the baseline.
    pub baseline: String,
    /// Of the other.
    pub other: String,
}

/// One size and start kind in two runs. Lengths are in ns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CellChange {
    /// Bytes.
    pub size: u64,
    /// Start kind.
    pub kind: StartKind,
    /// Samples of the baseline and of the other.
    pub n: (usize, usize),
    /// Median invocation times of the baseline and of the other.
    pub medians: (Nanos, Nanos),
    /// From one to the other.
    pub change: Change,
    /// Whether one tends to be above the other.
    pub test: Enough<RankTest>,
    /// The test's chance, corrected for all tests of this comparison.
    pub corrected_p: Option<f64>,
    /// Sum of the median clock bounds of both. A change below it may be one of the paths' asymmetry.
    pub clock_bounds: Nanos,
    /// What follows.
    pub verdict: Verdict,
}

/// What a comparison says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The test is significant and the interval above 0.
    Slower,
    /// The test is significant and the interval below 0.
    Faster,
    /// Neither; that is no proof that there is none.
    NoDifferenceShown,
    /// One of the runs has too few samples.
    TooFewSamples,
}

impl Verdict {
    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Slower => "slower",
            Self::Faster => "faster",
            Self::NoDifferenceShown => "no difference shown",
            Self::TooFewSamples => "too few samples",
        }
    }
}

impl CellChange {
    /// The verdict in words, and whether the clocks leave it open.
    pub fn words(&self) -> String {
        let words = self.verdict.words();
        let sure = matches!(self.verdict, Verdict::Slower | Verdict::Faster);
        if sure && self.within_clock_bounds() {
            format!("{words}, within the clocks' bounds")
        } else {
            words.into()
        }
    }

    /// The change is smaller than what the clocks' bounds leave open.
    pub fn within_clock_bounds(&self) -> bool {
        self.change.difference.abs() <= self.clock_bounds
    }

    /// Whether the whole interval of the change lies above this share of the baseline's median (0.1: 10 %).
    pub fn surely_above(&self, share: f64) -> bool {
        self.change
            .ratio_interval
            .is_some_and(|interval| interval.low - 1.0 > share)
    }
}

impl Comparison {
    /// Of all `runs` with the first.
    pub fn of(runs: &[Candidate]) -> Result<Self, CompareError> {
        let [baseline, others @ ..] = runs else {
            return Err(CompareError::TooFewRuns);
        };
        if others.is_empty() {
            return Err(CompareError::TooFewRuns);
        }
        let mut compared = others
            .iter()
            .map(|other| compare(baseline, other))
            .collect::<Result<Vec<_>, _>>()?;
        judge(compared.iter_mut().flat_map(|run| &mut run.cells).collect());
        Ok(Self {
            version: COMPARISON_VERSION,
            baseline: baseline.name.into(),
            runs: compared,
        })
    }

    /// The changes that are surely above this share of the baseline's median (0.1: 10 %), with their run's name.
    pub fn above(&self, share: f64) -> impl Iterator<Item = (&str, &CellChange)> {
        self.runs.iter().flat_map(move |run| {
            let above = run
                .cells
                .iter()
                .filter(move |cell| cell.surely_above(share));
            above.map(|cell| (run.name.as_str(), cell))
        })
    }
}

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
        let clock = attempt
            .clock
            .filter(|_| attempt.outcome == AttemptOutcome::Measured);
        if let Some((time, clock)) = attempt.invocation_time().zip(clock) {
            let cell = cells.entry((run.plan.size(key), key.kind)).or_default();
            cell.times.push(time);
            cell.bounds.push(clock.bound);
        }
    }
    cells
}

fn compare(baseline: &Candidate, other: &Candidate) -> Result<Compared, CompareError> {
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
        clock_bounds: median(&before.bounds)? + median(&after.bounds)?,
        verdict: Verdict::TooFewSamples,
    })
}

/// Corrects the chances of all tests together, and says what follows.
fn judge(mut cells: Vec<&mut CellChange>) {
    cells.retain(|cell| cell.test.known().is_some());
    let chances: Vec<f64> = cells
        .iter()
        .filter_map(|cell| cell.test.known().map(|test| test.p))
        .collect();
    for (cell, corrected) in cells.into_iter().zip(holm(&chances)) {
        cell.corrected_p = Some(corrected);
        let interval = cell.change.interval.known().copied();
        cell.verdict = match interval.filter(|_| corrected < SIGNIFICANCE) {
            Some(interval) if interval.low > 0 => Verdict::Slower,
            Some(interval) if interval.high < 0 => Verdict::Faster,
            _ => Verdict::NoDifferenceShown,
        };
    }
}

fn differences(before: &RunHeader, after: &RunHeader) -> Vec<Difference> {
    let facts = |run: &RunHeader| {
        let outline = &run.plan.outline;
        [
            ("platform", run.platform.clone()),
            ("runtime", run.runtime.clone()),
            ("cold starts", run.cold_method.clone()),
            ("N", known(run, run.n.into())),
            ("clock exchange", run.sync.word().to_owned()),
            ("datagrams in flight", run.in_flight.to_string()),
            ("order", order(run)),
            ("payload of a code sweep", known(run, outline.fixed_payload)),
        ]
    };
    facts(before)
        .into_iter()
        .zip(facts(after))
        .filter(|((_, baseline), (_, other))| baseline != other)
        .map(|((what, baseline), (_, other))| Difference {
            what: what.into(),
            baseline,
            other,
        })
        .collect()
}

/// A setting, which the files of another program do not tell.
fn known(run: &RunHeader, value: u64) -> String {
    match run.plan.imported {
        Some(_) => "unknown".into(),
        None => value.to_string(),
    }
}

/// The order without its seed, which is to differ.
fn order(run: &RunHeader) -> String {
    if run.plan.imported.is_some() {
        return "as recorded".into();
    }
    match run.plan.outline.order {
        super::plan::Order::Sebs => "sebs".into(),
        super::plan::Order::Shuffled { .. } => "shuffled".into(),
    }
}
