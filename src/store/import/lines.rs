//! CSV files line by line, and what is wrong with their lines.

use std::fs::File;
use std::path::{Path, PathBuf};

use csv::ByteRecord;

use super::super::StoreError;
use crate::core::reprocess::BadLine;

/// Bad lines that are named; the others are counted.
const MOST_NAMED: usize = 100;
/// Characters that are shown of a bad value.
const MOST_SHOWN: usize = 60;

/// Whether `"` may surround a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Quotes {
    /// It may.
    Kept,
    /// It may not: in files of numbers one would swallow the lines up to the next.
    Ignored,
}

/// A file of comma-separated values that is never held as a whole.
pub(super) struct Lines {
    path: PathBuf,
    reader: csv::Reader<File>,
    record: ByteRecord,
}

impl Lines {
    /// Opens a file.
    pub fn open(path: &Path, quotes: Quotes) -> Result<Self, StoreError> {
        let file = File::open(path).map_err(StoreError::io("open", path))?;
        let reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            // The reader counts lines by this; the other half of a line's end goes with the space around fields.
            .terminator(csv::Terminator::Any(b'\n'))
            .quoting(quotes == Quotes::Kept)
            .from_reader(file);
        Ok(Self {
            path: path.into(),
            reader,
            record: ByteRecord::new(),
        })
    }

    /// Goes to the next line that is not empty; false at the end.
    pub fn advance(&mut self) -> Result<bool, StoreError> {
        loop {
            let more = self.reader.read_byte_record(&mut self.record);
            let more = more.map_err(|error| StoreError::io("read", &self.path)(error.into()))?;
            if !more || self.len() > 1 || !self.field(0).is_empty() {
                return Ok(more);
            }
        }
    }

    /// Number of fields.
    pub fn len(&self) -> usize {
        self.record.len()
    }

    /// A field without the space around it; empty when there is none.
    pub fn field(&self, column: usize) -> &[u8] {
        let mark = "\u{feff}".as_bytes();
        let field = self.record.get(column).unwrap_or_default();
        field.strip_prefix(mark).unwrap_or(field).trim_ascii()
    }

    /// A field as text.
    pub fn text(&self, column: usize) -> String {
        String::from_utf8_lossy(self.field(column)).into_owned()
    }

    /// The column with this name, in a header.
    pub fn column(&self, name: &str) -> Option<usize> {
        (0..self.len()).find(|column| self.field(*column) == name.as_bytes())
    }

    /// Names a bad field of this line.
    pub fn fault(&self, column: usize, name: &str) -> BadLine {
        let value = self.text(column);
        BadLine {
            file: self.path.display().to_string(),
            line: self.record.position().map_or(0, csv::Position::line),
            column: name.into(),
            value: value.chars().take(MOST_SHOWN).collect(),
        }
    }
}

/// What is wrong with the lines of a directory's files.
#[derive(Debug, Default)]
pub(super) struct Faults {
    /// The first of them.
    pub named: Vec<BadLine>,
    /// How many more there are.
    pub more: u64,
}

impl Faults {
    /// Adds one.
    pub fn add(&mut self, fault: BadLine) {
        if self.named.len() < MOST_NAMED {
            self.named.push(fault);
        } else {
            self.more += 1;
        }
    }
}
