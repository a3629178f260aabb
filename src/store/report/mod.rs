//! The report of a run: one HTML file, its figures alone, Markdown, or JSON.
//!
//! ```text
//! journal ─► core::analysis ─┐
//!        ├─► data ───────────┴─► figures (plot on axis, drawn on canvas) ─► page, svg, markdown, published
//!        └─► core::compare with an earlier run ─► comparison ──────────────┘
//! ```

mod answer;
mod axis;
mod canvas;
mod comparison;
mod data;
mod figures;
mod markdown;
mod method;
mod page;
mod plot;
mod published;
mod svg;
mod words;

use std::path::{Path, PathBuf};

use super::{RunFile, StoreError, directory, journal, run_json};
use crate::core::account::Account;
use crate::core::analysis::Analysis;
use crate::core::board::Board;
use crate::core::compare::{Candidate, Comparison};
use crate::core::counting::header;
use crate::core::message::{Entry, RunState};
use crate::core::sample::SampleOutcome;
use crate::core::words::size;

use data::Data;
use figures::Sources;

/// Name of the HTML file in a run's directory.
pub const FILE_NAME: &str = "report.html";

/// Failed samples whose reason is told.
const MOST_FAILURES: usize = 10;

/// Everything that a report says, in whatever form.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    file: Option<RunFile>,
    state: RunState,
    account: Account,
    dropped_bytes: u64,
    failures: Vec<String>,
    data: Data,
    analysis: Analysis,
    comparison: Option<Comparison>,
    /// The journal without exchanges, for comparisons.
    results: Vec<Entry>,
}

impl Report {
    /// Of the run in `directory`, finished or not. `attempt` is the one whose clock exchange is shown; by default that
    /// whose bound is the median one.
    pub fn read(directory: &Path, attempt: Option<u64>) -> Result<Self, StoreError> {
        let path = journal::path_in(directory);
        let journal = journal::read(&path)?;
        let malformed = |what: String| StoreError::Malformed {
            path: path.clone(),
            what,
        };
        let Some(run) = header(&journal.entries) else {
            return Err(malformed(
                "it holds no event: there is nothing to report".into(),
            ));
        };
        let data = Data::of(run, &journal.entries, attempt).map_err(|missing| {
            malformed(format!(
                "no attempt {} with a clock estimate: choose another --attempt",
                missing.0
            ))
        })?;
        let file = if directory.join(run_json::FILE_NAME).exists() {
            Some(RunFile::read(directory)?)
        } else {
            None
        };
        let board = Board::of(&journal.entries);
        Ok(Self {
            file,
            state: board.state,
            account: board.account(),
            failures: failures(&board),
            dropped_bytes: journal.dropped_bytes,
            analysis: Analysis::of(&journal.entries),
            comparison: None,
            data,
            results: journal
                .entries
                .into_iter()
                .map(journal::without_exchanges)
                .collect(),
        })
    }

    /// The same with a section on what changed since the run in `baseline`. `directory` is where this report was read.
    pub fn against(self, directory: &Path, baseline: &Path) -> Result<Self, StoreError> {
        let before = journal::read_results(&journal::path_in(baseline))?.entries;
        let names = [baseline, directory].map(|directory| directory.display().to_string());
        let candidates = [
            Candidate {
                name: &names[0],
                entries: &before,
            },
            Candidate {
                name: &names[1],
                entries: &self.results,
            },
        ];
        let comparison = Comparison::of(&candidates).map_err(|error| StoreError::Incomparable {
            baseline: baseline.into(),
            error,
        })?;
        Ok(Self {
            comparison: Some(comparison),
            ..self
        })
    }

    /// The HTML file.
    pub fn html(&self) -> String {
        page::html(self)
    }

    /// The answer and the tables.
    pub fn markdown(&self) -> String {
        markdown::markdown(self)
    }

    /// Everything the figures show, as `assets/report/report.schema.json` describes it.
    pub fn json(&self) -> String {
        let published = published::Published::of(self);
        serde_json::to_string(&published).expect("keys are strings and nothing else can fail")
    }

    /// Every figure as an SVG file of its own: name and content.
    pub fn svgs(&self) -> Vec<(String, String)> {
        svg::files(self.sources())
    }

    /// Writes the HTML file to `path`.
    pub fn write_html(&self, path: &Path) -> Result<(), StoreError> {
        directory::replace(path, self.html().as_bytes())
    }

    /// Writes every figure into `directory`, which is made if need be; the files' paths.
    pub fn write_svgs(&self, directory: &Path) -> Result<Vec<PathBuf>, StoreError> {
        std::fs::create_dir_all(directory).map_err(StoreError::io("create", directory))?;
        self.svgs()
            .into_iter()
            .map(|(name, content)| {
                let path = directory.join(name);
                directory::replace(&path, content.as_bytes()).map(|()| path)
            })
            .collect()
    }

    fn sources(&self) -> Sources<'_> {
        Sources {
            data: &self.data,
            analysis: &self.analysis,
        }
    }

    /// What a reader should be wary of, as sentences, that of the whole run first.
    fn warnings(&self) -> Vec<String> {
        let unfinished = (self.state != RunState::Complete)
            .then(|| "The run is not complete: samples are missing.".to_owned());
        let torn = (self.dropped_bytes > 0).then(|| {
            format!(
                "The last line of the journal is torn; its {} bytes are left out.",
                self.dropped_bytes
            )
        });
        let found = self.analysis.warnings.iter().map(ToString::to_string);
        unfinished
            .into_iter()
            .chain(torn)
            .chain(self.failures.iter().cloned())
            .chain(found)
            .collect()
    }
}

/// The first samples that failed, with the reason, and how many more there are.
fn failures(board: &Board) -> Vec<String> {
    let Some(plan) = board.plan() else {
        return Vec::new();
    };
    let failed: Vec<String> = board
        .ended
        .iter()
        .filter_map(|(key, ended)| match &ended.outcome {
            SampleOutcome::Failed(failure) => Some(format!(
                "{}, {}, repetition {} failed: {failure}",
                key.kind.word(),
                size(plan.size(*key)),
                key.repetition + 1
            )),
            _ => None,
        })
        .collect();
    let more = failed.len().saturating_sub(MOST_FAILURES);
    let mut told: Vec<String> = failed.into_iter().take(MOST_FAILURES).collect();
    if more > 0 {
        told.push(format!("{more} more samples failed: see the journal."));
    }
    told
}

fn program() -> String {
    format!("{} {}", env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"))
}
