//! Runs against a baseline: where the invocation time changed, and how surely.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::counting::{counting, header};
use super::distribution::median;
use super::message::{Entry, RunHeader};
use super::plan::Sweep;
use super::sample::{AttemptOutcome, StartKind};
use super::statistics::{
    Change, Enough, LEAST_FOR_INTERVAL, Method, RankTest, change, holm, least_chance, mann_whitney,
};
use super::time::Nanos;

/// Version of its shape.
pub const COMPARISON_VERSION: u32 = 1;

/// Chance of a false alarm in the whole comparison that is accepted.
const SIGNIFICANCE: f64 = 0.05;

/// Where the search for enough samples ends: far beyond what any number of tests takes.
const MOST_NEEDED: usize = 1000;

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

/// What a run was set up with beyond its journal: values by their names, such as `memory`.
pub type Conditions = BTreeMap<String, String>;

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
    /// Samples of each of the two runs that suffice for a verdict among so many tests; none unless there are too few.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub needed: Option<usize>,
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
    /// One of the runs has too few samples: among so many tests no difference, however large, could be shown.
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
    /// The verdict in words, whether the clocks leave it open, and how many samples it takes.
    pub fn words(&self) -> String {
        let words = self.verdict.words();
        if let Some(needed) = self.needed {
            return format!("{words}: it takes {needed}");
        }
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

    /// Whether it is slower by its corrected test, and the whole interval of the change lies above this share of the
    /// baseline's median (0.1: 10 %). The interval alone is that of one cell: of many, some lie above by chance.
    pub fn surely_above(&self, share: f64) -> bool {
        self.verdict == Verdict::Slower
            && self
                .change
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

    /// Also tells what the runs were set up with: `conditions` of each of them, the baseline's first.
    #[must_use]
    pub fn with_conditions(mut self, conditions: &[Conditions]) -> Self {
        let Some((before, others)) = conditions.split_first() else {
            return self;
        };
        for (run, after) in self.runs.iter_mut().zip(others) {
            run.differences.extend(changed(before, after));
        }
        self
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

    /// The runs of which no size and start kind could be tested, with the samples of each that would suffice.
    pub fn untested(&self) -> impl Iterator<Item = (&str, usize)> {
        self.runs.iter().filter_map(|run| {
            let few = |cell: &CellChange| cell.verdict == Verdict::TooFewSamples;
            let needed = run.cells.iter().filter_map(|cell| cell.needed).max();
            let none = run.cells.iter().all(few);
            none.then(|| (run.name.as_str(), needed.unwrap_or(LEAST_FOR_INTERVAL)))
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
        needed: None,
        clock_bounds: median(&before.bounds)? + median(&after.bounds)?,
        verdict: Verdict::TooFewSamples,
    })
}

/// Corrects the chances of all tests together, and says what follows.
fn judge(cells: Vec<&mut CellChange>) {
    let chances: Vec<f64> = cells
        .iter()
        .filter_map(|cell| cell.test.known().map(|test| test.p))
        .collect();
    // What has too few samples for any test takes part once it has enough.
    let tests = cells.len();
    let mut corrected = holm(&chances).into_iter();
    for cell in cells {
        let p = cell.test.known().and_then(|_| corrected.next());
        cell.corrected_p = p;
        let interval = cell.change.interval.known().copied();
        cell.verdict = match interval.filter(|_| p.is_some_and(|p| p < SIGNIFICANCE)) {
            Some(interval) if interval.low > 0 => Verdict::Slower,
            Some(interval) if interval.high < 0 => Verdict::Faster,
            _ if can_show(cell, chances.len()) => Verdict::NoDifferenceShown,
            _ => Verdict::TooFewSamples,
        };
        let few = cell.verdict == Verdict::TooFewSamples;
        cell.needed = few.then(|| needed(cell, tests));
    }
}

/// Whether the farthest that samples of these sizes can be apart would be significant among so many tests.
fn can_show(cell: &CellChange, tests: usize) -> bool {
    let least = |test: &RankTest| least_chance(cell.n, test.method) * tests as f64;
    cell.test
        .known()
        .is_some_and(|test| least(test) < SIGNIFICANCE)
}

/// The fewest samples of each of the two runs with which a difference can be shown among so many tests.
fn needed(cell: &CellChange, tests: usize) -> usize {
    let method = cell.test.known().map_or(Method::Exact, |test| test.method);
    (LEAST_FOR_INTERVAL..MOST_NEEDED)
        .find(|n| least_chance((*n, *n), method) * (tests as f64) < SIGNIFICANCE)
        .unwrap_or(MOST_NEEDED)
}

fn differences(before: &RunHeader, after: &RunHeader) -> Vec<Difference> {
    let facts = |run: &RunHeader| {
        let outline = &run.plan.outline;
        [
            ("platform", run.platform.clone()),
            ("runtime", run.runtime.clone()),
            ("cold starts", run.cold_method.clone()),
            ("N", run.n.to_string()),
            ("clock exchange", run.sync.word().to_owned()),
            ("datagrams in flight", run.in_flight.to_string()),
            ("order", order(run)),
            ("payload of a code sweep", outline.fixed_payload.to_string()),
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

/// The conditions that are not the same in both.
fn changed(before: &Conditions, after: &Conditions) -> Vec<Difference> {
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let of = |run: &Conditions, name: &String| match run.get(name) {
        Some(value) => value.clone(),
        None if run.is_empty() => "not recorded".into(),
        None => "not set".into(),
    };
    names
        .into_iter()
        .map(|name| Difference {
            what: name.clone(),
            baseline: of(before, name),
            other: of(after, name),
        })
        .filter(|difference| difference.baseline != difference.other)
        .collect()
}

/// The order without its seed, which is to differ.
fn order(run: &RunHeader) -> String {
    match run.plan.outline.order {
        super::plan::Order::Sebs => "sebs".into(),
        super::plan::Order::Shuffled { .. } => "shuffled".into(),
    }
}
