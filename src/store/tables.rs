//! SeBS's tables of a run, such that SeBS's own `process` reads them: one row for each sample that counts.
//!
//! A superseded sample has no row, and attempts that do not count have none: those are in the journal.
//! SeBS joins by the text between the first `-` and the first `.` of a file's name, which is our token here; where the
//! function keeps its exchanges to itself it is the function's request id, by which they can be found.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use super::rows::{Facts, exchange_rows, host_rows, processed_header, result_header};
use super::{StoreError, directory};
use crate::core::message::{Entry, Event, RunHeader};
use crate::core::sample::{Attempt, Purpose, SampleKey, SampleOutcome, Token};

/// SeBS's name of the experiment and of its directory.
pub const EXPERIMENT: &str = "invocation-overhead";
/// The samples as SeBS records them.
pub const RESULT: &str = "result.csv";
/// The samples as SeBS evaluates them, with our columns after its own.
pub const PROCESSED: &str = "result-processed.csv";

/// Longest request id that files are named by, bytes.
const LONGEST_ID: usize = 128;

/// One sample's lines.
#[derive(Debug)]
struct Row {
    key: SampleKey,
    /// What its files of exchanges are named by.
    id: String,
    result: Vec<u8>,
    processed: Vec<u8>,
}

/// The tables of a run in progress, fed with its events.
#[derive(Debug)]
pub struct Tables {
    run_directory: PathBuf,
    run: Option<Box<RunHeader>>,
    /// Attempts at the sample in progress: which of them counts is known at its end.
    candidates: Vec<Attempt>,
    rows: Vec<Row>,
}

impl Tables {
    /// Those of the new run in `run_directory`; made when the run starts.
    pub fn new(run_directory: &Path) -> Self {
        Self {
            run_directory: run_directory.into(),
            run: None,
            candidates: Vec::new(),
            rows: Vec::new(),
        }
    }

    /// Makes the tables of a recorded run again.
    pub fn rebuild(run_directory: &Path, entries: &[Entry]) -> Result<Self, StoreError> {
        let mut tables = Self::new(run_directory);
        entries.iter().try_for_each(|entry| tables.apply(entry))?;
        Ok(tables)
    }

    /// Brings the tables up to date with what happened.
    pub fn apply(&mut self, entry: &Entry) -> Result<(), StoreError> {
        match &entry.event {
            Event::RunStarted { run } => self.begin(run),
            Event::AttemptEnded { attempt } => {
                if matches!(attempt.purpose, Purpose::Sample(_)) {
                    self.candidates.push(attempt.as_ref().clone());
                }
                Ok(())
            }
            Event::SampleEnded {
                sample,
                outcome,
                attempt,
                ..
            } => self.add(*sample, outcome, *attempt),
            Event::SampleSuperseded { sample, .. } => self.withdraw(*sample),
            _ => Ok(()),
        }
    }

    fn begin(&mut self, run: &RunHeader) -> Result<(), StoreError> {
        self.run = Some(Box::new(run.clone()));
        let directory = self.directory();
        fs::create_dir_all(&directory).map_err(StoreError::io("create", &directory))?;
        remove_exchange_files(&directory)?;
        self.rewrite()
    }

    fn add(
        &mut self,
        key: SampleKey,
        outcome: &SampleOutcome,
        counting: Option<u64>,
    ) -> Result<(), StoreError> {
        let candidates = std::mem::take(&mut self.candidates);
        let Some(run) = &self.run else { return Ok(()) };
        let Some(attempt) = candidates
            .iter()
            .find(|attempt| Some(attempt.number) == counting)
        else {
            return Ok(());
        };
        let id = self.id_of(attempt);
        let Some(facts) = Facts::of(run, key, outcome, attempt, id.clone()) else {
            return Ok(());
        };
        let row = Row {
            key,
            id,
            result: csv([facts.result()]),
            processed: csv([facts.processed()]),
        };
        self.write_exchanges(attempt, &row.id)?;
        append(&self.directory().join(RESULT), &row.result)?;
        append(&self.directory().join(PROCESSED), &row.processed)?;
        self.rows.push(row);
        Ok(())
    }

    fn withdraw(&mut self, key: SampleKey) -> Result<(), StoreError> {
        let Some(place) = self.rows.iter().position(|row| row.key == key) else {
            return Ok(());
        };
        let row = self.rows.remove(place);
        self.rewrite()?;
        for path in self.exchange_files(&row.id) {
            match fs::remove_file(&path) {
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    return Err(StoreError::io("remove", &path)(error));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// The token; for exchanges that the function keeps its request id, unless that can be no part of a file's name or
    /// names another sample already.
    fn id_of(&self, attempt: &Attempt) -> String {
        let named = |id: &&str| {
            let plain = |sign: char| sign.is_ascii_alphanumeric() || matches!(sign, '-' | '_');
            (1..=LONGEST_ID).contains(&id.len())
                && id.chars().all(plain)
                && self.rows.iter().all(|row| row.id != *id)
        };
        let function = attempt.function.as_ref();
        function
            .filter(|_| !attempt.host_rows.is_empty())
            .map(|function| function.request_id.as_str())
            .filter(named)
            .map_or_else(|| attempt.token.to_string(), str::to_owned)
    }

    fn rewrite(&self) -> Result<(), StoreError> {
        let table = |header: Vec<&str>, line: fn(&Row) -> &[u8]| {
            let mut text = csv([header]);
            self.rows
                .iter()
                .for_each(|row| text.extend_from_slice(line(row)));
            text
        };
        directory::replace(
            &self.directory().join(RESULT),
            &table(result_header(), |row| &row.result),
        )?;
        directory::replace(
            &self.directory().join(PROCESSED),
            &table(processed_header(), |row| &row.processed),
        )
    }

    fn write_exchanges(&self, attempt: &Attempt, id: &str) -> Result<(), StoreError> {
        let header = |columns: [&str; 3]| columns.map(String::from);
        let (host, function): (Vec<_>, Vec<_>) = exchange_rows(attempt).unzip();
        let [host_file, function_file] = self.exchange_files(id);
        if !attempt.host_rows.is_empty() {
            let rows = [header(["id", "server_rcv", "server_send"])]
                .into_iter()
                .chain(host_rows(attempt));
            return fs::write(&host_file, csv(rows)).map_err(StoreError::io("write", &host_file));
        }
        let host = csv([header(["id", "server_rcv", "server_send"])]
            .into_iter()
            .chain(host));
        let function = csv([header(["id", "client_send", "client_rcv"])]
            .into_iter()
            .chain(function));
        fs::write(&host_file, host).map_err(StoreError::io("write", &host_file))?;
        fs::write(&function_file, function).map_err(StoreError::io("write", &function_file))
    }

    fn exchange_files(&self, id: &str) -> [PathBuf; 2] {
        ["server", "results"].map(|end| self.directory().join(format!("{end}-{id}.csv")))
    }

    fn directory(&self) -> PathBuf {
        let sweep = self
            .run
            .as_ref()
            .map_or("", |run| run.plan.outline.sweep.word());
        self.run_directory.join(EXPERIMENT).join(sweep)
    }
}

/// Removes what an earlier process wrote for samples that may count no more.
fn remove_exchange_files(directory: &Path) -> Result<(), StoreError> {
    for file in fs::read_dir(directory).map_err(StoreError::io("list", directory))? {
        let path = file.map_err(StoreError::io("list", directory))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let token = ["server-", "results-"]
            .iter()
            .find_map(|end| name.strip_prefix(end)?.strip_suffix(".csv"));
        if token.is_some_and(|token| token.parse::<Token>().is_ok()) {
            fs::remove_file(&path).map_err(StoreError::io("remove", &path))?;
        }
    }
    Ok(())
}

fn append(path: &Path, line: &[u8]) -> Result<(), StoreError> {
    let file = OpenOptions::new().append(true).open(path);
    file.and_then(|mut file| file.write_all(line))
        .map_err(StoreError::io("append to", path))
}

/// Lines of comma-separated values, quoted where they must be.
fn csv<Row: IntoIterator<Item: AsRef<[u8]>>>(rows: impl IntoIterator<Item = Row>) -> Vec<u8> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for row in rows {
        writer
            .write_record(row)
            .expect("rows of one table are equally long, and memory takes all of them");
    }
    writer.into_inner().expect("memory takes all of them")
}
