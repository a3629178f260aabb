//! The lines of a ledger.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Write};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::core::message::AtEnd;
use crate::platform::Resource;

/// Version of the lines; a reader refuses a higher one.
const VERSION: u32 = 1;
/// The first line: whose ledger it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Owner {
    /// Version of the writer's lines.
    #[serde(default = "first_version")]
    pub version: u32,
    /// Name of the run.
    pub run: String,
    /// Its directory.
    pub directory: PathBuf,
    /// Its settings by key, which hold no secrets: enough to reach the platform again.
    pub settings: BTreeMap<String, serde_json::Value>,
    /// What becomes of its things at its end; older ledgers do not say.
    #[serde(default)]
    pub at_end: AtEnd,
}

impl Owner {
    /// A run that begins now, and removes what it made.
    pub fn new(
        run: &str,
        directory: PathBuf,
        settings: BTreeMap<String, serde_json::Value>,
    ) -> Self {
        Self {
            version: VERSION,
            run: run.into(),
            directory,
            settings,
            at_end: AtEnd::Remove,
        }
    }
}

/// Of a ledger that names none.
fn first_version() -> u32 {
    1
}

/// Where the things of a run are, as its platform found out: variables of the environment may lead there, which `clean`
/// does not have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Settings by key that lead there by themselves; they go before the owner's.
    pub settings: BTreeMap<String, String>,
    /// Variables of the environment that the platform's own tools heed, paths and URLs but no secrets: those that led
    /// there, and no others of the kind. None in older ledgers, which do not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variables: Option<BTreeMap<String, String>>,
    /// What the platform calls itself there, such as an engine's or an account's number; none when it has no lasting name.
    pub identity: Option<String>,
}

impl Place {
    /// Whether what is there is not what is here: by name where both have one, else by the way there.
    pub fn differs(&self, here: &Self) -> bool {
        match (&self.identity, &here.identity) {
            (Some(there), Some(here)) => there != here,
            _ => self.settings != here.settings,
        }
    }
}

/// A further line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub(super) enum Line {
    /// The platform was reached here.
    Reached(Place),
    /// It will be made now.
    Creating(Resource),
    /// It is gone.
    Removed(Resource),
    /// The run goes on, and its things have another end than was said before.
    GoesOn {
        /// Which.
        at_end: AtEnd,
    },
}

/// What a ledger's text says.
pub(super) struct Parsed {
    pub owner: Owner,
    pub open: Vec<Resource>,
    pub place: Option<Place>,
    /// Bytes of its whole lines.
    pub whole: u64,
    /// What is wrong with the lines that are left out.
    pub damage: Vec<String>,
}

/// Appends a line that is on disk when this returns, or not in the file at all.
pub(super) fn write(file: &mut File, line: &impl Serialize) -> io::Result<()> {
    let mut text = serde_json::to_vec(line)?;
    text.push(b'\n');
    let before = file.metadata()?.len();
    let written = file.write_all(&text).and_then(|()| file.sync_data());
    if written.is_err() {
        // A part of a line, as on a full disk, would spoil the next one.
        file.set_len(before)?;
    }
    written
}

/// Reads a ledger; a line that cannot be read is told and left out.
pub(super) fn parse(text: &[u8]) -> io::Result<Parsed> {
    let whole = text
        .iter()
        .rposition(|byte| *byte == b'\n')
        .map_or(0, |end| end + 1);
    let wrong = |number: usize, what: &dyn std::fmt::Display| {
        format!("line {number}: {what}; the ledger was changed or damaged")
    };
    let invalid = |what: String| io::Error::new(io::ErrorKind::InvalidData, what);
    let mut lines = text[..whole]
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .zip(1..);
    let (first, _) = lines
        .next()
        .ok_or_else(|| invalid(wrong(1, &"it is missing")))?;
    refuse_newer(first).map_err(invalid)?;
    let mut owner: Owner =
        serde_json::from_slice(first).map_err(|error| invalid(wrong(1, &error)))?;
    let (mut open, mut place, mut damage) = (Vec::new(), None, Vec::new());
    for (line, number) in lines {
        match serde_json::from_slice(line) {
            Ok(Line::Reached(reached)) => place = Some(reached),
            Ok(Line::Creating(resource)) if open.contains(&resource) => {}
            Ok(Line::Creating(resource)) => open.push(resource),
            Ok(Line::Removed(resource)) => open.retain(|open| *open != resource),
            Ok(Line::GoesOn { at_end }) => owner.at_end = at_end,
            Err(error) => damage.push(wrong(number, &error)),
        }
    }
    for (key, value) in place.iter().flat_map(|place: &Place| &place.settings) {
        owner.settings.insert(key.clone(), value.as_str().into());
    }
    Ok(Parsed {
        owner,
        open,
        place,
        whole: whole as u64,
        damage,
    })
}

/// Looks at the version alone: the rest of a newer line may not be readable.
fn refuse_newer(first: &[u8]) -> Result<(), String> {
    #[derive(Deserialize)]
    struct Version {
        version: u32,
    }
    match serde_json::from_slice::<Version>(first) {
        Ok(Version { version }) if version > VERSION => Err(format!(
            "it has version {version}, and this program reads up to {VERSION}: clean with the newer program"
        )),
        _ => Ok(()),
    }
}
