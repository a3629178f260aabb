//! Recorded samples, of SeBS or of this program, evaluated again: files in, one table a directory out, or a run of ours.
//!
//! ```text
//! find      which directories and files: by file names alone
//! samples   result.csv, line by line            stamps   one request's exchanges, one end at a time
//! recorded  our own journal instead of those    table    what is written
//! found     what an import takes from there     run      the run it makes of that
//! attempt   one sample in it
//! ```
//!
//! Samples are streamed: at any time the exchanges of one are held, and of our own runs the clocks of all.

mod attempt;
mod find;
mod found;
mod lines;
mod number;
mod recorded;
mod run;
mod samples;
mod stamps;
mod table;

use std::path::{Path, PathBuf};

use super::StoreError;
use crate::core::reprocess::{BySebs, Evaluation, Findings, Rows, Sample};
use find::ExchangeFiles;
pub use found::{Found, Known};
use lines::Faults;
use recorded::Recorded;
pub use recorded::run_of;
pub use run::{Made, Naming};
use samples::{Line, Samples};
use stamps::End;
use table::Table;

/// What [`process`] writes beside the samples by our rules. SeBS's `process` reads every `.csv` beside them but those
/// with `result.csv` or `result-processed.csv` in their names, and fails on what it does not know.
pub const OURS: &str = "reprocessed-result.csv";
/// What it writes by SeBS's rules.
pub const BY_SEBS: &str = "sebs-result-processed.csv";

/// Directories below one that a person named in which its samples are taken to be: `<cloud>/<type>`.
const NEAR: usize = 2;

/// By whose rules samples are evaluated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rules {
    /// Rows joined by time, or by number where they have one; the offset with its bound, subtracted.
    Ours,
    /// Rows joined by their place, the offset averaged and added: what SeBS itself writes.
    Sebs,
}

/// What becomes of a file that is where the table goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// It stays, and nothing is written.
    Kept,
    /// It is replaced.
    Replaced,
}

/// How [`process`] goes about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    /// By whose rules.
    pub rules: Rules,
    /// The table's path; none for a new file beside the samples.
    pub out: Option<PathBuf>,
    /// What becomes of a file that is there.
    pub existing: Existing,
}

/// The directories with samples, in `directory` and below: a run's, that of one sweep, or one of several runs.
///
/// # Errors
/// There is none, or one cannot be listed.
pub fn directories(directory: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let found = find::directories(directory)?;
    if found.is_empty() {
        let what = "neither here nor below is a result.csv or result-processed.csv: give the directory of a run";
        return Err(StoreError::Malformed {
            path: directory.into(),
            what: what.into(),
        });
    }
    Ok(found)
}

/// Whether SeBS's samples are in `directory`, or not far below, and no journal of ours above them.
pub(super) fn is_of_sebs(directory: &Path) -> bool {
    let found = find::directories_within(directory, NEAR).unwrap_or_default();
    found.iter().any(|samples| run_of(samples).is_none())
}

/// Evaluates the samples in `directory`, hands each to `each`, writes them into a table, and tells what else is there.
///
/// # Errors
/// A file cannot be read or written, the table of samples has no usable columns, or the table to write exists.
pub fn process(
    directory: &Path,
    task: &Task,
    each: &mut dyn FnMut(&Sample, &Evaluation),
) -> Result<Findings, StoreError> {
    let Some(source) = find::samples_in(directory) else {
        return Err(StoreError::Malformed {
            path: directory.into(),
            what: "it holds no result.csv".into(),
        });
    };
    let mut samples = Samples::open(&source)?;
    let mut desk = Desk::open(directory, task.rules)?;
    let beside = directory.join(match task.rules {
        Rules::Ours => OURS,
        Rules::Sebs => BY_SEBS,
    });
    let path = task.out.as_ref().unwrap_or(&beside);
    if same_file(path, &source) {
        return Err(StoreError::Malformed {
            path: path.clone(),
            what: "it is what is read: give another name with --out".into(),
        });
    }
    let mut table = Table::begin(path, task.rules, samples.kind_column(), task.existing)?;
    while let Some(line) = samples.next(&mut desk.faults)? {
        let evaluation = desk.evaluate(&line)?;
        table.add(&line.sample, &evaluation)?;
        each(&line.sample, &evaluation);
    }
    let written = table.finish()?;
    Ok(desk.findings(&written))
}

fn same_file(one: &Path, other: &Path) -> bool {
    let real = |path: &Path| path.canonicalize().ok();
    real(one).is_some_and(|one| real(other) == Some(one))
}

/// What is at hand while a directory is worked on.
struct Desk {
    rules: Rules,
    files: ExchangeFiles,
    recorded: Option<Recorded>,
    faults: Faults,
    /// Samples, and those of which a file is missing.
    samples: u64,
    incomplete: u64,
    unknown_kind: u64,
    fractions: u64,
}

impl Desk {
    fn open(directory: &Path, rules: Rules) -> Result<Self, StoreError> {
        let (files, recorded) = match rules {
            Rules::Ours => (ExchangeFiles::below(directory)?, Recorded::of(directory)?),
            Rules::Sebs => (ExchangeFiles::of_sebs(directory)?, None),
        };
        Ok(Self {
            rules,
            files,
            recorded,
            faults: Faults::default(),
            samples: 0,
            incomplete: 0,
            unknown_kind: 0,
            fractions: 0,
        })
    }

    fn evaluate(&mut self, line: &Line) -> Result<Evaluation, StoreError> {
        let Line {
            sample,
            times,
            drift,
        } = line;
        self.samples += 1;
        self.unknown_kind += u64::from(sample.is_cold.is_empty());
        self.fractions += u64::from(sample.size.contains('.') && !sample.size.ends_with(".0"));
        let paths = End::ALL.map(|end| self.files.take(&sample.request_id, end));
        let recorded = self.recorded.as_ref();
        if let Some(known) = recorded.and_then(|run| run.evaluate(&sample.request_id, times)) {
            return Ok(known);
        }
        let [host, function] = paths;
        let (host, function) = (
            self.rows(host, End::Host)?,
            self.rows(function, End::Function)?,
        );
        let (Some(host), Some(function)) = (host, function) else {
            self.incomplete += 1;
            let [mean, deviation] = *drift;
            let sebs = BySebs::recorded(times, mean, deviation);
            return Ok(Evaluation::of_mean(times, sebs));
        };
        Ok(match self.rules {
            Rules::Ours => Evaluation::of_rows(times, host, function),
            Rules::Sebs => {
                Evaluation::of_estimate(times, BySebs::of(times, &host, &function), None)
            }
        })
    }

    fn rows(&mut self, path: Option<PathBuf>, end: End) -> Result<Option<Rows>, StoreError> {
        path.map(|path| stamps::read(&path, end, &mut self.faults))
            .transpose()
    }

    fn findings(self, written: &Path) -> Findings {
        let mut notes = Vec::new();
        let mut note = |count: u64, what: &str| {
            if count > 0 {
                notes.push(format!("{count} of {} samples {what}", self.samples));
            }
        };
        note(
            self.incomplete,
            "lack the file of the host, of the function, or both",
        );
        note(
            self.unknown_kind,
            "do not say whether they were cold: SeBS's first versions did not record it",
        );
        note(
            self.fractions,
            "have a size with a fraction: probably bytes on the wire, where whole ones may be those before base64",
        );
        Findings {
            orphans: self
                .files
                .orphans()
                .iter()
                .map(|path| path.display().to_string())
                .collect(),
            bad_lines: self.faults.named,
            more_bad_lines: self.faults.more,
            notes,
            written: written.display().to_string(),
        }
    }
}
