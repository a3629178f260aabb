//! `result.csv` and `result-processed.csv`: one sample a line.

use std::path::Path;

use super::super::StoreError;
use super::lines::{Faults, Lines, Quotes};
use super::number::{difference, seconds, unit};
use super::table::KindColumn;
use crate::core::reprocess::{BadLine, Sample, Times};

/// SeBS's columns, in its order. Its first versions had no `is_cold`.
const COLUMNS: [&str; 7] = [
    "size",
    "repetition",
    "is_cold",
    "connection_time",
    "start_timestamp",
    "finish_timestamp",
    "request_id",
];
/// SeBS's other name of the first.
const PROCESSED_SIZE: &str = "payload_size";
/// Place of the size.
pub(super) const SIZE: usize = 0;
/// Place of `is_cold`.
pub(super) const COLD: usize = 2;

/// A line of a table of samples.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Line {
    /// The sample as it stands there.
    pub sample: Sample,
    /// Its times.
    pub times: Times,
    /// `clock_drift_mean` and `clock_drift_std`, s, of a processed table; not a number where there is none.
    pub drift: [f64; 2],
}

/// Reads a table of samples line by line.
pub(super) struct Samples {
    lines: Lines,
    /// Where each column is; none for an `is_cold` that is not there.
    columns: [Option<usize>; 7],
    /// Where the mean and the deviation are.
    drift: [Option<usize>; 2],
    /// The line at hand is a sample, as there is no header.
    pending: bool,
}

impl Samples {
    /// Opens a table, and finds its columns by their names, or in SeBS's order when it has no header.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let mut lines = Lines::open(path, Quotes::Kept)?;
        let malformed = |what: String| StoreError::Malformed {
            path: path.into(),
            what,
        };
        if !lines.advance()? {
            return Err(malformed(
                "it is empty, so there is nothing to process".into(),
            ));
        }
        let names = [COLUMNS[0], PROCESSED_SIZE];
        if names.iter().any(|name| lines.column(name).is_some()) {
            let columns = COLUMNS.map(|name| lines.column(name));
            let size = names.iter().find_map(|name| lines.column(name));
            let missing = columns
                .iter()
                .enumerate()
                .skip(1)
                .find(|(place, column)| column.is_none() && *place != COLD);
            if let Some((place, _)) = missing {
                return Err(malformed(format!("it has no column {}", COLUMNS[place])));
            }
            let drift = ["clock_drift_mean", "clock_drift_std"].map(|name| lines.column(name));
            let columns = [[size].as_slice(), &columns[1..]]
                .concat()
                .try_into()
                .expect("seven columns");
            return Ok(Self {
                lines,
                columns,
                drift,
                pending: false,
            });
        }
        let columns = match lines.len() {
            7.. => [0, 1, 2, 3, 4, 5, 6].map(Some),
            6 => [Some(0), Some(1), None, Some(2), Some(3), Some(4), Some(5)],
            _ => {
                return Err(malformed(
                    "its first line is neither a header nor a sample".into(),
                ));
            }
        };
        Ok(Self {
            lines,
            columns,
            drift: [None; 2],
            pending: true,
        })
    }

    /// Whether there is an `is_cold`.
    pub fn kind_column(&self) -> KindColumn {
        self.columns[COLD].map_or(KindColumn::Absent, |_| KindColumn::There)
    }

    /// Names one of [`COLUMNS`] of the line at hand as bad.
    pub fn fault(&self, column: usize) -> BadLine {
        self.lines.fault(self.place(column), COLUMNS[column])
    }

    /// The next sample; lines that make no sense are named and passed over.
    pub fn next(&mut self, faults: &mut Faults) -> Result<Option<Line>, StoreError> {
        while std::mem::take(&mut self.pending) || self.lines.advance()? {
            match self.line() {
                Ok(line) => return Ok(Some(line)),
                Err(column) => faults.add(self.fault(column)),
            }
        }
        Ok(None)
    }

    fn place(&self, column: usize) -> usize {
        self.columns[column].unwrap_or(self.lines.len())
    }

    /// The line at hand, or which of [`COLUMNS`] is bad.
    fn line(&self) -> Result<Line, usize> {
        let number = |column| seconds(self.lines.field(self.place(column))).ok_or(column);
        let text = |column| self.lines.text(self.place(column));
        let (connection, start, finish) = (number(3)?, number(4)?, number(5)?);
        let sample = Sample {
            size: text(0),
            repetition: text(1),
            is_cold: text(COLD),
            connection_time: text(3),
            start_timestamp: text(4),
            finish_timestamp: text(5),
            request_id: text(6),
        };
        if sample.request_id.is_empty() {
            return Err(6);
        }
        let drift = self
            .drift
            .map(|column| column.map_or(f64::NAN, |column| difference(&self.lines.text(column))));
        Ok(Line {
            sample,
            times: Times {
                connection: connection.nanos,
                start: start.nanos,
                finish: finish.nanos,
                unit: unit(start.decimals.max(finish.decimals)),
            },
            drift,
        })
    }
}
