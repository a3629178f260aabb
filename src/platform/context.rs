//! What a platform is given by the run it serves: its name, the ledger, and ways to say what it is doing.

use std::sync::Arc;

use tokio::sync::mpsc;

use super::ledger::Ledger;
use super::origin::{Origin, Tag};
use crate::core::live::{Live, Phase};

/// Notes under way to the log; more are dropped, since a platform never waits for a reader.
const NOTES: usize = 64;

/// See the module. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Context {
    run: Arc<str>,
    ledger: Arc<Ledger>,
    live: Arc<Live>,
    notes: mpsc::Sender<String>,
}

/// The log's end of [`Context::note`].
pub type Notes = mpsc::Receiver<String>;

impl Context {
    /// A context for the run of this name, and where its notes arrive.
    pub fn new(run: &str, ledger: Ledger, live: Arc<Live>) -> (Self, Notes) {
        let (notes, arriving) = mpsc::channel(NOTES);
        let context = Self {
            run: run.into(),
            ledger: Arc::new(ledger),
            live,
            notes,
        };
        (context, arriving)
    }

    /// Name of the run: what is made on the platform is named by it.
    pub fn run(&self) -> &str {
        &self.run
    }

    /// What everything that is made is tagged with: the run, and where it was begun.
    pub fn tag(&self) -> String {
        Tag {
            run: self.run.as_ref().into(),
            origin: self.ledger.origin().cloned(),
        }
        .to_string()
    }

    /// Whether this tag is of the same run, begun with the same directory of ledgers: another machine may give a run of
    /// its own the same name. A machine may be renamed meanwhile.
    pub fn owns(&self, tag: &str) -> bool {
        let tag = Tag::parse(tag);
        let number = |origin: Option<&Origin>| origin.map(|origin| origin.ledgers.clone());
        tag.run == *self.run && number(tag.origin.as_ref()) == number(self.ledger.origin())
    }

    /// Where everything that is made is written down first.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Shows what is being done now.
    pub fn enter(&self, phase: Phase) {
        self.live.enter(phase);
    }

    /// A sentence for the log pane and the journal: a retry, its reason and its bound.
    pub fn note(&self, text: String) {
        _ = self.notes.try_send(text);
    }
}
