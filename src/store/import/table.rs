//! The table that is written: SeBS's ten columns, and without SeBS's rules ours after them.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use super::super::rows::{seconds, stamp_word};
use super::super::{StoreError, directory};
use super::{Existing, Rules};
use crate::core::offset::ClockEstimate;
use crate::core::reprocess::{Change, Evaluation, Sample};

/// SeBS's columns of `result-processed.csv`.
const SEBS: [&str; 10] = [
    "payload_size",
    "repetition",
    "is_cold",
    "connection_time",
    "start_timestamp",
    "finish_timestamp",
    "request_id",
    "clock_drift_mean",
    "clock_drift_std",
    "invocation_time",
];

/// Place of `is_cold` among them.
const COLD: usize = 2;

/// Whether the samples say of themselves that they were cold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KindColumn {
    /// They do.
    There,
    /// SeBS's first versions did not record it, and their `process` has no such column either.
    Absent,
}

/// A name, and what stands under it; empty where nothing is known.
type Column = (&'static str, fn(&Evaluation) -> Option<String>);

/// What this program adds; times in seconds.
const OURS: [Column; 13] = [
    ("outcome", |e| Some(e.outcome.word().into())),
    ("invocation_time_corrected", |e| e.time.map(seconds)),
    ("invocation_time_bound", |e| e.bound.map(seconds)),
    ("invocation_time_minimum_rtt", |e| {
        e.minimum_rtt_time.map(seconds)
    }),
    ("offset", |e| of(e, |clock| seconds(clock.offset))),
    ("offset_bound", |e| of(e, |clock| seconds(clock.bound))),
    ("clock_step", |e| {
        of(e, |clock| u8::from(clock.clock_step).to_string())
    }),
    ("stamp_kind", |e| {
        of(e, |clock| stamp_word(clock.stamps).into())
    }),
    ("exchanges", |e| of(e, |clock| clock.exchanges.to_string())),
    ("minimum_rtt", |e| of(e, |clock| seconds(clock.minimum_rtt))),
    ("minimum_rtt_offset", |e| {
        of(e, |clock| seconds(clock.minimum_rtt_offset))
    }),
    ("unmatched", |e| Some(e.unmatched.to_string())),
    ("changes", |e| {
        let words: Vec<_> = e.changes.iter().map(change).collect();
        Some(words.join("; "))
    }),
];

fn of(evaluation: &Evaluation, value: fn(&ClockEstimate) -> String) -> Option<String> {
    evaluation.clock.as_ref().map(value)
}

fn change(change: &Change) -> String {
    match change {
        Change::Sign { by } => format!("sign {}", seconds(*by)),
        Change::Misaligned { from, rows, by } => {
            format!("misaligned from {from} rows {rows} {}", seconds(*by))
        }
        Change::Unmatched { rows, by } => format!("unmatched rows {rows} {}", seconds(*by)),
        Change::Averaged { by } => format!("averaged {}", seconds(*by)),
        Change::Unsynchronised => "unsynchronised".into(),
        Change::Negative => "negative".into(),
        Change::BelowHalfRtt => "below half rtt".into(),
        Change::Implausible => "implausible".into(),
        Change::ClockStep => "clock step".into(),
    }
}

/// The name a table is written under; what is left there is removed.
struct Draft(PathBuf);

impl Drop for Draft {
    fn drop(&mut self) {
        // It is gone when the table is in its place, and nothing can be done where it cannot be removed.
        _ = std::fs::remove_file(&self.0);
    }
}

/// A table in the making; nobody sees it before it is finished.
pub(super) struct Table {
    path: PathBuf,
    draft: Draft,
    rules: Rules,
    kind: KindColumn,
    existing: Existing,
    writer: csv::Writer<BufWriter<File>>,
}

impl Table {
    /// Begins the table that will be at `path`.
    pub fn begin(
        path: &Path,
        rules: Rules,
        kind: KindColumn,
        existing: Existing,
    ) -> Result<Self, StoreError> {
        refuse(path, existing)?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        // SeBS reads every .csv it finds; this one must not look like it.
        let draft = Draft(path.with_file_name(format!(".{name}.new")));
        let file = File::create(&draft.0).map_err(StoreError::io("create", &draft.0))?;
        let mut writer = csv::WriterBuilder::new()
            // Lines end as SeBS ends them.
            .terminator(match rules {
                Rules::Sebs => csv::Terminator::CRLF,
                Rules::Ours => csv::Terminator::Any(b'\n'),
            })
            .from_writer(BufWriter::new(file));
        let ours = OURS.iter().map(|(name, _)| *name);
        let header = written(rules, kind, SEBS.into_iter().chain(ours));
        writer
            .write_record(header)
            .map_err(|error| StoreError::io("write", &draft.0)(error.into()))?;
        Ok(Self {
            path: path.into(),
            draft,
            rules,
            kind,
            existing,
            writer,
        })
    }

    /// Adds a row.
    pub fn add(&mut self, sample: &Sample, evaluation: &Evaluation) -> Result<(), StoreError> {
        let sebs = &evaluation.sebs;
        let sebs = [sebs.mean, sebs.deviation, sebs.invocation_time].map(double);
        let ours = OURS
            .iter()
            .map(|(_, value)| value(evaluation).unwrap_or_default());
        let row = [
            &sample.size,
            &sample.repetition,
            &sample.is_cold,
            &sample.connection_time,
            &sample.start_timestamp,
            &sample.finish_timestamp,
            &sample.request_id,
        ]
        .map(Clone::clone)
        .into_iter()
        .chain(sebs)
        .chain(ours);
        self.writer
            .write_record(written(self.rules, self.kind, row))
            .map_err(|error| StoreError::io("write", &self.draft.0)(error.into()))
    }

    /// Puts it in its place, on disk.
    pub fn finish(self) -> Result<PathBuf, StoreError> {
        let failed = StoreError::io("write", &self.draft.0);
        let file = self
            .writer
            .into_inner()
            .map_err(csv::IntoInnerError::into_error)
            .and_then(|buffer| {
                buffer
                    .into_inner()
                    .map_err(std::io::IntoInnerError::into_error)
            });
        file.and_then(|mut file| {
            file.flush()?;
            file.sync_data()
        })
        .map_err(failed)?;
        refuse(&self.path, self.existing)?;
        std::fs::rename(&self.draft.0, &self.path)
            .map_err(StoreError::io("replace", &self.path))?;
        directory::sync(self.path.parent().unwrap_or(Path::new(".")))?;
        Ok(self.path)
    }
}

/// What is written of all columns: by SeBS's rules its own, as far as it would have them.
fn written<T>(
    rules: Rules,
    kind: KindColumn,
    columns: impl Iterator<Item = T>,
) -> impl Iterator<Item = T> {
    let is_written = move |place: usize| match rules {
        Rules::Sebs => place < SEBS.len() && (kind == KindColumn::There || place != COLD),
        Rules::Ours => true,
    };
    let numbered = columns.enumerate();
    numbered.filter_map(move |(place, value)| is_written(place).then_some(value))
}

fn refuse(path: &Path, existing: Existing) -> Result<(), StoreError> {
    if existing == Existing::Kept && path.symlink_metadata().is_ok() {
        let what = "it exists already: give another name with --out, or --force to replace it";
        return Err(StoreError::Malformed {
            path: path.into(),
            what: what.into(),
        });
    }
    Ok(())
}

/// The shortest digits that read back as the same number, as SeBS writes them.
fn double(value: f64) -> String {
    if value.is_nan() {
        "nan".into()
    } else {
        value.to_string()
    }
}
