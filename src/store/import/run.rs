//! A run of ours made from what was found: the same entries that a live run writes, through the same store.

use std::path::{Path, PathBuf};

use super::attempt::{attempt, last_seen, why_without_time};
use super::found::Found;
use super::samples::Line;
use crate::core::contract::{Carrier, StampKind};
use crate::core::imported::Imported;
use crate::core::message::{Entry, Event, JOURNAL_VERSION, RunHeader, RunState};
use crate::core::plan::Plan;
use crate::core::reprocess::{Evaluation, Findings, Outcome};
use crate::core::sample::{AttemptOutcome, SampleKey, SampleOutcome};
use crate::core::time::Nanos;
use crate::store::run_json::{Host, Setup};
use crate::store::{RunFile, Store, StoreError, directory};

/// What is said where SeBS's files say nothing.
const UNKNOWN: &str = "unknown";
/// What rows cannot tell.
const LOSS: &str = "datagrams are counted by their rows: a request that was lost is in no file, and copies and order are unknown";
/// Files of no sample that the journal names; `process` names all.
const MOST_ORPHANS: usize = 10;

/// How a run is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Naming {
    /// Directory in which it gets one of its own.
    pub parent: PathBuf,
    /// Name of the platform it ran on.
    pub platform: String,
    /// The command line, program name first.
    pub command_line: Vec<String>,
}

/// A run that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// Its directory.
    pub directory: PathBuf,
    /// Where it comes from.
    pub imported: Imported,
}

impl Found {
    /// Makes a run directory of it, which is a new one each time.
    ///
    /// # Errors
    /// A file of exchanges cannot be read, or one of the run cannot be written.
    pub fn into_run(mut self, naming: &Naming) -> Result<Made, StoreError> {
        let mut samples = Vec::new();
        for (key, line) in std::mem::take(&mut self.samples) {
            let evaluation = self.desk.evaluate(&line)?;
            samples.push((key, line, evaluation));
        }
        let findings = self.desk.findings(&self.directory);
        let mut imported = self.imported;
        complete(&mut imported, &findings, &samples);
        let begun = samples.first().map(|(_, line, _)| line.times.start);
        let begun = begun.unwrap_or_default();
        let plan = Plan::found(self.sweep, &self.sizes, imported.clone());
        let sweep = self.sweep.word();
        let directory = directory::create(&naming.parent, begun, &naming.platform, sweep)?;
        let file = run_file(&directory, naming, begun, &imported);
        let mut store = Store::create(&directory, &file)?;
        let header = header(&file.id, naming, plan);
        let mut journal = Journal::new(&mut store, begun);
        journal.open(header, &findings)?;
        for (key, line, evaluation) in samples {
            journal.sample(key, &line, evaluation)?;
        }
        journal.record(RunState::Complete)?;
        Ok(Made {
            directory,
            imported,
        })
    }
}

/// What is known only once every file was read.
fn complete(
    imported: &mut Imported,
    findings: &Findings,
    samples: &[(SampleKey, Line, Evaluation)],
) {
    imported.orphans = findings.orphans.len() as u64;
    imported.bad_lines = findings.bad_lines.len() as u64 + findings.more_bad_lines;
    imported.notes.splice(0..0, findings.notes.iter().cloned());
    imported.notes.push(LOSS.into());
    for outcome in [
        Outcome::SignOnly,
        Outcome::Implausible,
        Outcome::Unsynchronised,
    ] {
        let of = samples.iter();
        let count = of.filter(|sample| sample.2.outcome == outcome).count();
        if let Some(why) = why_without_time(outcome).filter(|_| count > 0) {
            let all = samples.len();
            imported
                .notes
                .push(format!("{count} of {all} samples have no time: {why}"));
        }
    }
}

fn run_file(directory: &Path, naming: &Naming, begun: Nanos, imported: &Imported) -> RunFile {
    let setup = Setup {
        wall: begun,
        command_line: naming.command_line.clone(),
        stamps: Some(StampKind::User),
        seed: 0,
        settings: std::collections::BTreeMap::new(),
    };
    RunFile {
        host: Host::unknown(),
        imported: Some(imported.clone()),
        ..RunFile::new(directory, setup)
    }
}

fn header(id: &str, naming: &Naming, plan: Plan) -> RunHeader {
    RunHeader {
        version: JOURNAL_VERSION,
        id: id.into(),
        platform: naming.platform.clone(),
        runtime: UNKNOWN.into(),
        cold_method: UNKNOWN.into(),
        n: 0,
        // SeBS's function waits for each reply before it sends again.
        in_flight: 1,
        sync: Carrier::Udp,
        shift: None,
        plan,
    }
}

/// The journal in the making.
struct Journal<'a> {
    store: &'a mut Store,
    begun: Nanos,
    /// Wall clock of what is recorded, ns since the epoch.
    wall: Nanos,
    entries: u64,
    attempts: u64,
}

impl<'a> Journal<'a> {
    fn new(store: &'a mut Store, begun: Nanos) -> Self {
        Self {
            store,
            begun,
            wall: begun,
            entries: 0,
            attempts: 0,
        }
    }

    fn record(&mut self, event: impl Into<Event>) -> Result<(), StoreError> {
        self.entries += 1;
        self.store.record(&Entry {
            number: self.entries,
            wall: self.wall,
            elapsed: self.wall - self.begun,
            event: event.into(),
        })
    }

    /// What the run is, and what was left out of it; last, where it comes from, as a screen shows the latest lines.
    fn open(&mut self, run: RunHeader, findings: &Findings) -> Result<(), StoreError> {
        let imported = run.plan.imported.clone();
        self.record(Event::RunStarted { run: Box::new(run) })?;
        let bad = findings.bad_lines.iter().map(|line| {
            let (file, column, value) = (&line.file, &line.column, &line.value);
            format!(
                "bad line: {file}, line {}, column {column}: {value:?}",
                line.line
            )
        });
        let orphans = findings.orphans.iter().take(MOST_ORPHANS);
        let orphans = orphans.map(|path| format!("of no sample: {path}"));
        let left_out = imported.as_ref().and_then(Imported::left_out);
        for text in bad.chain(orphans).chain(left_out) {
            self.record(Event::Warned { text })?;
        }
        if let Some(imported) = imported {
            let source = imported.to_string();
            for text in imported.notes.into_iter().chain([source]) {
                self.record(Event::Noted { text })?;
            }
        }
        self.record(RunState::Running)
    }

    fn sample(
        &mut self,
        key: SampleKey,
        line: &Line,
        evaluation: Evaluation,
    ) -> Result<(), StoreError> {
        self.attempts += 1;
        let number = self.attempts;
        let attempt = attempt(number, key, line, evaluation);
        let begun = line.times.start;
        self.wall = self.wall.max(begun);
        self.record(Event::AttemptStarted {
            number,
            token: attempt.token,
            purpose: attempt.purpose,
            attempt_of_sample: 1,
        })?;
        self.wall = self.wall.max(last_seen(line, &attempt));
        let outcome = match attempt.outcome {
            AttemptOutcome::Measured => SampleOutcome::Measured,
            _ => SampleOutcome::Unsynchronised,
        };
        self.record(Event::AttemptEnded {
            attempt: Box::new(attempt),
        })?;
        self.record(Event::SampleEnded {
            sample: key,
            outcome,
            attempt: Some(number),
            took: self.wall - begun,
        })
    }
}

impl From<RunState> for Event {
    fn from(state: RunState) -> Self {
        Self::StateEntered { state }
    }
}
