//! Runs against a baseline: where the invocation time changed, and how surely.

mod differences;
mod pair;
mod verdict;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use self::differences::changed;
use self::verdict::judge;
use super::message::Entry;
use super::plan::Sweep;
use super::sample::StartKind;
use super::statistics::{Change, Enough, LEAST_FOR_INTERVAL, RankTest};
use super::time::Nanos;

/// Version of its shape.
pub const COMPARISON_VERSION: u32 = 1;

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
    /// The test's chance, corrected for all tests of this comparison, or of all that were judged together.
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
            .map(|other| pair::compare(baseline, other))
            .collect::<Result<Vec<_>, _>>()?;
        judge(compared.iter_mut().flat_map(|run| &mut run.cells).collect());
        Ok(Self {
            version: COMPARISON_VERSION,
            baseline: baseline.name.into(),
            runs: compared,
        })
    }

    /// Corrects the chances for the tests of all these comparisons, as if they were one: a run against several baselines.
    pub fn judge_together(comparisons: &mut [Self]) {
        let runs = comparisons.iter_mut().flat_map(|found| &mut found.runs);
        judge(runs.flat_map(|run| &mut run.cells).collect());
    }

    /// Tests that were made.
    pub fn tests(&self) -> usize {
        let cells = self.runs.iter().flat_map(|run| &run.cells);
        cells.filter(|cell| cell.corrected_p.is_some()).count()
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
