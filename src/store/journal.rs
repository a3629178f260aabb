//! The journal: every event of a run, one line of JSON each, in order, on disk when a sample has ended.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, BufRead, BufReader, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::{StoreError, directory, import, line};
use crate::core::message::{Entry, Event, JOURNAL_VERSION};
use crate::core::sample::Attempt;

/// Its name in a run's directory.
pub const FILE_NAME: &str = "journal.jsonl";

/// The journal of the run in `directory`.
pub fn path_in(directory: &Path) -> PathBuf {
    directory.join(FILE_NAME)
}

/// A journal as it was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Journal {
    /// Its whole lines.
    pub entries: Vec<Entry>,
    /// Bytes of those lines.
    pub bytes: u64,
    /// Bytes of a last line that is no entry.
    pub dropped_bytes: u64,
    /// What is wrong with that line, if it is whole; none when it is torn.
    pub dropped_for: Option<String>,
}

/// The same without the exchanges of the attempts, by far the most of it, for readers of results alone.
pub fn read_results(path: &Path) -> Result<Journal, StoreError> {
    read_with(path, without_exchanges)
}

/// `entry` without the exchanges of its attempt.
pub(super) fn without_exchanges(mut entry: Entry) -> Entry {
    if let Event::AttemptEnded { attempt } = &mut entry.event {
        attempt.exchanges = Vec::new();
    }
    entry
}

/// Reads a journal. A bad last line is dropped and told; any other bad line is an error.
pub fn read(path: &Path) -> Result<Journal, StoreError> {
    read_with(path, |entry| entry)
}

fn read_with(path: &Path, kept: fn(Entry) -> Entry) -> Result<Journal, StoreError> {
    let file = File::open(path).map_err(|error| unreadable(path, error))?;
    read_lines(path, BufReader::new(file), kept)
}

/// Where there is no journal there may be SeBS's files.
fn unreadable(path: &Path, error: io::Error) -> StoreError {
    let directory = path.parent().unwrap_or(Path::new("."));
    if error.kind() == ErrorKind::NotFound && import::is_of_sebs(directory) {
        let directory = directory.into();
        return StoreError::NotImported { directory };
    }
    StoreError::io("read", path)(error)
}

fn read_lines(
    path: &Path,
    mut text: impl BufRead,
    kept: fn(Entry) -> Entry,
) -> Result<Journal, StoreError> {
    let refused = || StoreError::io("read", path);
    // Line by line: a long run's text is larger than what it says.
    let mut journal = Journal {
        entries: Vec::new(),
        bytes: 0,
        dropped_bytes: 0,
        dropped_for: None,
    };
    let mut line = Vec::new();
    while text.read_until(b'\n', &mut line).map_err(refused())? > 0 {
        let number = journal.entries.len() + 1;
        if number == 1 {
            refuse_newer(path, &line)?;
        }
        if !line.ends_with(b"\n") {
            // Its end may be written just now: what follows belongs to it.
            journal.dropped_bytes = line.len() as u64;
            break;
        }
        match entry(&line, number) {
            Ok(entry) => {
                journal.entries.push(kept(entry));
                journal.bytes += line.len() as u64;
            }
            // A crash of the host can leave anything in what was not yet on disk, even a line's end.
            Err(what) if text.fill_buf().map_err(refused())?.is_empty() => {
                journal.dropped_bytes = line.len() as u64;
                journal.dropped_for = Some(what);
            }
            Err(what) => {
                return Err(StoreError::BadLine {
                    path: path.into(),
                    line: number,
                    what,
                });
            }
        }
        line.clear();
    }
    Ok(journal)
}

/// The attempt in line `number`, from 1, of a journal that may be growing; none when that line tells of none. The
/// lines before it are passed over unread.
///
/// # Errors
/// The journal cannot be read, or that line is not in it yet or makes no sense.
pub fn attempt_in_line(path: &Path, number: u64) -> Result<Option<Attempt>, StoreError> {
    let refused = || StoreError::io("read", path);
    let mut text = BufReader::new(File::open(path).map_err(refused())?);
    for _ in 1..number {
        text.skip_until(b'\n').map_err(refused())?;
    }
    let mut line = Vec::new();
    text.read_until(b'\n', &mut line).map_err(refused())?;
    let entry = entry(&line, number as usize).map_err(|what| StoreError::BadLine {
        path: path.into(),
        line: number as usize,
        what,
    })?;
    Ok(match entry.event {
        Event::AttemptEnded { attempt } => Some(*attempt),
        _ => None,
    })
}

/// Reads line `number` of a journal, its end included.
fn entry(line: &[u8], number: usize) -> Result<Entry, String> {
    let Some(line) = line.strip_suffix(b"\n") else {
        return Err("it has no end".into());
    };
    let entry = line::parse(line).map_err(|error| error.to_string())?;
    if entry.number != number as u64 {
        return Err(format!(
            "it has number {} where {number} is due",
            entry.number
        ));
    }
    match entry.event {
        Event::RunStarted { .. } if number > 1 => Err("a run starts only once".into()),
        Event::RunStarted { .. } => Ok(entry),
        _ if number == 1 => Err("the first event must be run_started".into()),
        _ => Ok(entry),
    }
}

/// Looks at the version alone: the rest of a newer line may not be readable.
fn refuse_newer(path: &Path, first_line: &[u8]) -> Result<(), StoreError> {
    #[derive(Deserialize)]
    struct First {
        run: Header,
    }
    #[derive(Deserialize)]
    struct Header {
        version: u32,
    }
    match serde_json::from_slice::<First>(first_line) {
        Ok(First {
            run: Header { version },
        }) if version > JOURNAL_VERSION => Err(StoreError::Newer {
            path: path.into(),
            found: version,
        }),
        _ => Ok(()),
    }
}

/// Appends to a journal that no other process can write meanwhile.
#[derive(Debug)]
pub struct Writer {
    path: PathBuf,
    file: File,
    /// Bytes of whole lines.
    length: u64,
}

impl Writer {
    /// Begins the journal of the run in `directory`; there must be none.
    pub fn create(directory: &Path) -> Result<Self, StoreError> {
        let path = path_in(directory);
        let file = OpenOptions::new().append(true).create_new(true).open(&path);
        let file = file.map_err(StoreError::io("create", &path))?;
        lock(&file, &path)?;
        directory::sync(directory)?;
        Ok(Self {
            path,
            file,
            length: 0,
        })
    }

    /// Goes on with the journal of the run in `directory`, cutting off a bad last line.
    pub fn reopen(directory: &Path) -> Result<(Self, Journal), StoreError> {
        let path = path_in(directory);
        let file = OpenOptions::new()
            .append(true)
            .open(&path)
            .map_err(StoreError::io("open", &path))?;
        lock(&file, &path)?;
        let journal = read(&path)?;
        let writer = Self {
            path,
            file,
            length: journal.bytes,
        };
        writer.cut()?;
        Ok((writer, journal))
    }

    /// Adds an event as one line, which is on disk at the latest when a sample ends or the run's state changes.
    pub fn append(&mut self, entry: &Entry) -> Result<(), StoreError> {
        let mut line = serde_json::to_vec(entry).map_err(|error| StoreError::Malformed {
            path: self.path.clone(),
            what: format!("event {} cannot be written: {error}", entry.number),
        })?;
        line.push(b'\n');
        if let Err(error) = self.file.write_all(&line) {
            // Half a line in the middle would make the journal unreadable for good; at its end it is dropped anyhow.
            let _ = self.cut();
            return Err(StoreError::io("write", &self.path)(error));
        }
        self.length += line.len() as u64;
        if is_milestone(&entry.event) {
            self.sync()
        } else {
            Ok(())
        }
    }

    fn cut(&self) -> Result<(), StoreError> {
        self.file
            .set_len(self.length)
            .map_err(StoreError::io("truncate", &self.path))?;
        self.sync()
    }

    fn sync(&self) -> Result<(), StoreError> {
        self.file
            .sync_data()
            .map_err(StoreError::io("sync", &self.path))
    }
}

/// Whether what happened must outlive a crash of the host.
fn is_milestone(event: &Event) -> bool {
    matches!(
        event,
        Event::RunStarted { .. }
            | Event::RunResumed { .. }
            | Event::StateEntered { .. }
            | Event::SampleEnded { .. }
            | Event::KindSkipped { .. }
            | Event::SampleSuperseded { .. }
    )
}

/// Held as long as the file is open; it ends with the process, however that ends.
fn lock(file: &File, path: &Path) -> Result<(), StoreError> {
    file.try_lock().map_err(|error| match error {
        TryLockError::WouldBlock => StoreError::Busy { path: path.into() },
        TryLockError::Error(source) => StoreError::io("lock", path)(source),
    })
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    /// A file that another process writes: nothing more is there after each of these pieces, for once.
    struct Growing(Vec<Vec<u8>>);

    impl Read for Growing {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            if self.0.is_empty() {
                return Ok(0);
            }
            let piece = self.0.remove(0);
            into[..piece.len()].copy_from_slice(&piece);
            Ok(piece.len())
        }
    }

    #[test]
    fn a_line_that_is_finished_while_it_is_read_is_the_torn_last_one() {
        let pieces = [&b"{\"numb"[..], b"", b"er\":1}\n"].map(<[u8]>::to_vec);
        let text = BufReader::new(Growing(pieces.into()));
        let journal = read_lines(Path::new("journal.jsonl"), text, |entry| entry)
            .expect("its whole lines are read");
        assert_eq!((journal.entries.len(), journal.bytes), (0, 0));
        assert_eq!(journal.dropped_bytes, 6);
    }

    #[test]
    fn a_full_disk_is_told_with_the_journals_path() {
        // Linux's device without room stands for the disk.
        let file = OpenOptions::new()
            .append(true)
            .open("/dev/full")
            .expect("Linux has it");
        let mut writer = Writer {
            path: "run/journal.jsonl".into(),
            file,
            length: 0,
        };
        let entry = Entry {
            number: 1,
            wall: 0,
            elapsed: 0,
            event: Event::Warned {
                text: String::new(),
            },
        };
        let error = writer
            .append(&entry)
            .expect_err("there is no room")
            .to_string();
        assert!(
            error.starts_with("run/journal.jsonl: cannot write: No space left"),
            "{error}"
        );
    }
}
