//! Where a run was begun, as the tags of its things tell: only there its lock says whether it is alive.

use std::fmt;
use std::fs;
use std::io;
use std::path::Path;

/// File in a directory of ledgers with the number of that directory.
const FILE: &str = "number";
/// Characters of a machine's name that a tag holds; a platform limits how long it may be.
const HOST_MOST: usize = 60;

/// A machine and a directory of ledgers on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// Name of the machine, for a person.
    pub host: String,
    /// Random number of the directory of ledgers, hex: two machines may have one name, and one machine two directories.
    pub ledgers: String,
}

impl Origin {
    /// This machine and this directory of ledgers, which gets its number now if it has none.
    ///
    /// # Errors
    /// The directory cannot be read or written.
    pub fn of(ledgers: &Path) -> io::Result<Self> {
        if let Some(known) = Self::known(ledgers)? {
            return Ok(known);
        }
        // It appears with what it holds, and the first of two programs names it.
        let draft = ledgers.join(format!("{FILE}.{}.draft", std::process::id()));
        fs::write(&draft, format!("{:012x}\n", rand::random::<u64>() >> 16))?;
        let named = fs::hard_link(&draft, ledgers.join(FILE));
        fs::remove_file(&draft)?;
        match named {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
        Self::known(ledgers)?.ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    /// The same, or none when it has no number: then no run was begun there.
    ///
    /// # Errors
    /// The number is there and cannot be read.
    pub fn known(ledgers: &Path) -> io::Result<Option<Self>> {
        match fs::read_to_string(ledgers.join(FILE)) {
            Ok(number) => Ok(Some(Self {
                host: host(),
                ledgers: number.trim().into(),
            })),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// The machine's name, in characters that every platform takes in a tag.
fn host() -> String {
    let name = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let kept = |c: &char| c.is_ascii_alphanumeric() || "-._".contains(*c);
    let name: String = name.chars().filter(kept).take(HOST_MOST).collect();
    if name.is_empty() {
        "nameless".into()
    } else {
        name
    }
}

/// What a thing on a platform says of the run that made it: `RUN@HOST/NUMBER`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag {
    /// Name of the run.
    pub run: String,
    /// Where it was begun; none when its ledger was not on a disk.
    pub origin: Option<Origin>,
}

impl Tag {
    /// Reads one; a text of another form is the name of a run.
    pub fn parse(text: &str) -> Self {
        let parts = text
            .split_once('@')
            .and_then(|(run, origin)| Some((run, origin.split_once('/')?)));
        match parts {
            Some((run, (host, ledgers))) => Self {
                run: run.into(),
                origin: Some(Origin {
                    host: host.into(),
                    ledgers: ledgers.into(),
                }),
            },
            None => Self {
                run: text.into(),
                origin: None,
            },
        }
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.origin {
            Some(Origin { host, ledgers }) => write!(f, "{}@{host}/{ledgers}", self.run),
            None => f.write_str(&self.run),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_of_ledgers_keeps_its_number_and_a_tag_reads_back() {
        let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        assert_eq!(Origin::known(one.path()).unwrap(), None);
        let first = Origin::of(one.path()).unwrap();
        assert_eq!(Origin::of(one.path()).unwrap(), first);
        assert_eq!(Origin::known(one.path()).unwrap(), Some(first.clone()));
        assert_ne!(Origin::of(other.path()).unwrap().ledgers, first.ledgers);
        for origin in [Some(first), None] {
            let run = "20261123-101502-aws-payload".into();
            let tag = Tag { run, origin };
            let text = tag.to_string();
            assert_eq!(Tag::parse(&text), tag);
            let taken = |c: char| c.is_ascii_alphanumeric() || "+-=._:/@".contains(c);
            assert!(text.len() <= 256 && text.chars().all(taken), "{text}");
        }
    }
}
