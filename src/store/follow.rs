//! Reads a journal while it grows, so that output needs no queue from the measuring side.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use super::{StoreError, line};
use crate::core::message::Entry;

/// Bytes read at once.
const CHUNK: usize = 64 * 1024;

/// A whole line of a journal.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// As it stands there, without its end.
    pub text: String,
    /// What it says.
    pub entry: Entry,
}

/// Hands out the lines of a growing journal, each when it is whole.
///
/// As an iterator it ends at the end of the file and goes on when there is more.
#[derive(Debug)]
pub struct Follower {
    path: PathBuf,
    file: File,
    /// Bytes read and not handed out.
    pending: Vec<u8>,
    /// How many of them hold no line's end.
    searched: usize,
    /// Where `pending` begins in the file.
    offset: u64,
}

impl Follower {
    /// Follows the journal at `path` from `offset`, the first byte of a line.
    pub fn from(path: &Path, offset: u64) -> Result<Self, StoreError> {
        let mut file = File::open(path).map_err(StoreError::io("open", path))?;
        file.seek(SeekFrom::Start(offset))
            .map_err(StoreError::io("seek in", path))?;
        Ok(Self {
            path: path.into(),
            file,
            pending: Vec::new(),
            searched: 0,
            offset,
        })
    }

    /// The next line, if it is there already.
    fn line(&mut self) -> Result<Option<Line>, StoreError> {
        loop {
            let found = self.pending[self.searched..]
                .iter()
                .position(|byte| *byte == b'\n');
            if let Some(place) = found.map(|place| self.searched + place) {
                let line: Vec<u8> = self.pending.drain(..=place).collect();
                self.searched = 0;
                return self.parsed(line).map(Some);
            }
            self.searched = self.pending.len();
            if self.fill()? == 0 {
                return Ok(None);
            }
        }
    }

    fn fill(&mut self) -> Result<usize, StoreError> {
        self.pending.resize(self.searched + CHUNK, 0);
        let read = self.file.read(&mut self.pending[self.searched..]);
        self.pending
            .truncate(self.searched + read.as_ref().copied().unwrap_or(0));
        read.map_err(StoreError::io("read", &self.path))
    }

    fn parsed(&mut self, mut line: Vec<u8>) -> Result<Line, StoreError> {
        let begin = self.offset;
        self.offset += line.len() as u64;
        line.pop();
        let malformed = |what: String| StoreError::Malformed {
            path: self.path.clone(),
            what: format!("the line at byte {begin}: {what}"),
        };
        let text = String::from_utf8(line).map_err(|error| malformed(error.to_string()))?;
        let entry = line::parse(text.as_bytes()).map_err(|error| malformed(error.to_string()))?;
        Ok(Line { text, entry })
    }
}

impl Iterator for Follower {
    type Item = Result<Line, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.line().transpose()
    }
}
