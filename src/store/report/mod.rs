//! The report of a run: one HTML file, its figures alone, Markdown, or JSON.
//!
//! ```text
//! journal ─► core::analysis ─┐
//!        ├─► data ───────────┴─► figures (plot on axis, drawn on canvas) ─► page, svg, markdown, published
//!        └─► core::compare with earlier runs ──► comparison ──────────────┘
//! ```

mod answer;
mod axis;
mod canvas;
mod comparison;
mod data;
mod figures;
mod markdown;
mod method;
mod outcomes;
mod page;
mod plot;
mod published;
mod svg;
mod words;

use std::path::{Path, PathBuf};

use super::{RunFile, StoreError, directory, journal, run_json};
use crate::core::account::Account;
use crate::core::analysis::{Analysis, sentences};
use crate::core::board::Board;
use crate::core::compare::{Candidate, Comparison};
use crate::core::counting::header;
use crate::core::message::{Entry, RunState};
use crate::core::simulation;

use data::Data;
use figures::Sources;
use outcomes::{Outcomes, reasons};

/// Name of the HTML file in a run's directory.
pub const FILE_NAME: &str = "report.html";

/// Everything that a report says, in whatever form.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    file: Option<RunFile>,
    state: RunState,
    account: Account,
    dropped_bytes: u64,
    /// What is wrong with a whole last line that was left out.
    dropped_for: Option<String>,
    outcomes: Outcomes,
    /// Why samples failed or were skipped.
    reasons: Vec<String>,
    data: Data,
    analysis: Analysis,
    /// With each baseline, in the order given; each has this run alone.
    comparisons: Vec<Comparison>,
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
            outcomes: Outcomes::of(&board),
            reasons: reasons(&board),
            dropped_bytes: journal.dropped_bytes,
            dropped_for: journal.dropped_for,
            analysis: Analysis::of(&journal.entries),
            comparisons: Vec::new(),
            data,
            results: journal
                .entries
                .into_iter()
                .map(journal::without_exchanges)
                .collect(),
        })
    }

    /// The same with a section for each of `baselines` on what changed since, corrected over all of them. `directory` is
    /// where this report was read.
    pub fn against(mut self, directory: &Path, baselines: &[PathBuf]) -> Result<Self, StoreError> {
        let name = directory.display().to_string();
        for baseline in baselines {
            let found = self.since(baseline, &name)?;
            self.comparisons.push(found);
        }
        Comparison::judge_together(&mut self.comparisons);
        Ok(self)
    }

    /// The comparison of this run, which is called `name`, with one baseline.
    fn since(&self, baseline: &Path, name: &str) -> Result<Comparison, StoreError> {
        let before = journal::read_results(&journal::path_in(baseline))?.entries;
        let candidates = [
            Candidate {
                name: &baseline.display().to_string(),
                entries: &before,
            },
            Candidate {
                name,
                entries: &self.results,
            },
        ];
        let found = Comparison::of(&candidates).map_err(|error| StoreError::Incomparable {
            baseline: baseline.into(),
            error,
        })?;
        let conditions = self.file.as_ref().map(RunFile::conditions);
        Ok(found.with_conditions(&[
            RunFile::conditions_in(baseline)?,
            conditions.unwrap_or_default(),
        ]))
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
        let made_up = (self.data.run.platform == simulation::NAME)
            .then(|| "simulated: no function was called; every figure is made up".to_owned());
        let unfinished = (self.state != RunState::Complete)
            .then(|| "the run is not complete: samples are missing".to_owned());
        let torn = (self.dropped_bytes > 0).then(|| {
            let why = self.dropped_for.as_deref().unwrap_or("it is torn");
            format!(
                "the last line of the journal, {} bytes, is left out: {why}",
                self.dropped_bytes
            )
        });
        [made_up, unfinished, torn]
            .into_iter()
            .flatten()
            .chain(self.reasons.iter().cloned())
            .chain(sentences(&self.analysis.warnings))
            .collect()
    }
}

fn program() -> String {
    format!("{} {}", env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"))
}
