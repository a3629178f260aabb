//! A run on disk. The journal is the truth; every other file can be made again from it.
//!
//! ```text
//! results/<time>-<platform>-<type>[-n]/
//!   run.json                        settings with their origins, host, versions
//!   journal.jsonl                   every event, one a line
//!   summary.json                    the numbers of the whole run, at its end
//!   report.html                     what they say, when a report was asked for
//!   invocation-overhead/<type>/     SeBS's tables
//! ```

pub mod directory;
pub mod follow;
pub mod import;
pub mod journal;
mod line;
pub mod report;
mod rows;
pub mod run_json;
pub mod summary;
pub mod tables;

use std::io;
use std::path::{Path, PathBuf};

use crate::core::compare::CompareError;
use crate::core::message::{Entry, Event, JOURNAL_VERSION};

pub use follow::{Follower, Line};
pub use journal::Journal;
pub use report::Report;
pub use run_json::RunFile;
pub use summary::Summary;

/// What failed on disk, and where.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The operating system refused.
    #[error("{}: cannot {operation}: {source}", path.display())]
    Io {
        /// What was tried: `create`, `write`, …
        operation: &'static str,
        /// On what.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A line of a journal, other than a torn last one, makes no sense.
    #[error("{}: line {line}: {what}; the journal was changed or damaged", path.display())]
    BadLine {
        /// The journal.
        path: PathBuf,
        /// Which line, from 1.
        line: usize,
        /// What is wrong with it.
        what: String,
    },
    /// A file that is written whole makes no sense.
    #[error("{}: {what}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// The journal is of a later version of this program.
    #[error("{}: journal version {found}, but this program reads up to {JOURNAL_VERSION}: use a newer one", path.display())]
    Newer {
        /// The journal.
        path: PathBuf,
        /// Its version.
        found: u32,
    },
    /// A run says nothing about the change since another one.
    #[error("{}: no comparison with it: {error}", baseline.display())]
    Incomparable {
        /// Directory of the other one.
        baseline: PathBuf,
        /// Why not.
        error: CompareError,
    },
    /// There is no journal, but what SeBS writes.
    #[error(
        "{0}: there is no journal, but SeBS's files: `sebs-tui import {0}` makes a run of them for report, compare and \
         view; `sebs-tui process {0}` evaluates them where they are", directory.display()
    )]
    NotImported {
        /// The directory.
        directory: PathBuf,
    },
    /// Another process writes this run.
    #[error("{}: another process is writing this run: wait for its end, or stop it", path.display())]
    Busy {
        /// The journal.
        path: PathBuf,
    },
}

impl StoreError {
    /// Names the operation and the path of an I/O error.
    fn io(operation: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| Self::Io {
            operation,
            path,
            source,
        }
    }
}

/// The files of the run in progress: every event is recorded here before anyone else hears of it.
#[derive(Debug)]
pub struct Store {
    directory: PathBuf,
    journal: journal::Writer,
    tables: tables::Tables,
}

impl Store {
    /// Begins the files of a new run in `directory`: `run.json` is there before the first event.
    pub fn create(directory: &Path, run: &RunFile) -> Result<Self, StoreError> {
        run.write(directory)?;
        let journal = journal::Writer::create(directory)?;
        Ok(Self {
            directory: directory.into(),
            journal,
            tables: tables::Tables::new(directory),
        })
    }

    /// Goes on with the run in `directory`: drops a torn last line and makes all tables again.
    pub fn resume(directory: &Path) -> Result<(Self, Journal), StoreError> {
        let (writer, journal) = journal::Writer::reopen(directory)?;
        if journal.entries.is_empty() {
            let what = "it holds no event, so there is nothing to resume: begin a new run".into();
            return Err(StoreError::Malformed {
                path: journal::path_in(directory),
                what,
            });
        }
        let tables = tables::Tables::rebuild(directory, &journal.entries)?;
        Ok((
            Self {
                directory: directory.into(),
                journal: writer,
                tables,
            },
            journal,
        ))
    }

    /// Records an event: in the journal first, then in what is made from it.
    pub fn record(&mut self, entry: &Entry) -> Result<(), StoreError> {
        self.journal.append(entry)?;
        self.tables.apply(entry)?;
        match entry.event {
            Event::StateEntered { state } if state.is_over() => {
                let journal = journal::read(&journal::path_in(&self.directory))?;
                Summary::of(&journal.entries).write(&self.directory)
            }
            _ => Ok(()),
        }
    }
}

/// The files of the run in `directory` that a person may look for, those that exist.
pub fn files(directory: &Path) -> Vec<PathBuf> {
    let tables = ["payload", "code"].map(|kind| {
        directory
            .join(tables::EXPERIMENT)
            .join(kind)
            .join(tables::PROCESSED)
    });
    [run_json::FILE_NAME, journal::FILE_NAME, summary::FILE_NAME]
        .map(|name| directory.join(name))
        .into_iter()
        .chain(tables)
        .filter(|path| path.exists())
        .collect()
}
