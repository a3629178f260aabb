//! What a run makes on a platform, written down on disk before it is made, so that nothing is ever left unknown.
//!
//! One JSON object a line: first the run and what it takes to reach its platform again, then every resource before
//! the call that makes it, and again when it is removed. The file is locked while its run lives, and goes with its
//! [`Ledger`] once nothing is open in it.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use super::Resource;
use super::origin::Origin;

/// Version of the lines; a reader refuses a higher one.
const VERSION: u32 = 1;
/// How the names of the files end.
const EXTENSION: &str = "jsonl";

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
}

impl Owner {
    /// A run that begins now.
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
enum Line {
    /// The platform was reached here.
    Reached(Place),
    /// It will be made now.
    Creating(Resource),
    /// It is gone.
    Removed(Resource),
}

/// Where the ledger of this run is, in the directory of ledgers.
pub fn path_in(ledgers: &Path, run: &str) -> PathBuf {
    ledgers.join(format!("{run}.{EXTENSION}"))
}

/// The ledgers in a directory, by name; none when there is no such directory.
///
/// # Errors
/// When it cannot be read.
pub fn list(ledgers: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(ledgers) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut paths = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == EXTENSION)
        {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

/// The ledger of one run.
#[derive(Debug)]
pub struct Ledger {
    book: Mutex<Book>,
    origin: Option<Origin>,
    damage: Vec<String>,
}

#[derive(Debug)]
struct Book {
    file: Option<(File, PathBuf)>,
    open: Vec<Resource>,
    place: Option<Place>,
    /// The file says more than could be read: it stays.
    damaged: bool,
}

/// What a ledger's text says.
struct Parsed {
    owner: Owner,
    open: Vec<Resource>,
    place: Option<Place>,
    /// Bytes of its whole lines.
    whole: u64,
    /// What is wrong with the lines that are left out.
    damage: Vec<String>,
}

impl Ledger {
    /// Begins a ledger in a file that must not exist yet, and locks it.
    ///
    /// # Errors
    /// [`io::ErrorKind::AlreadyExists`] when another run has this name; else when it cannot be written, or not be
    /// brought to the disk.
    pub fn create(path: &Path, owner: &Owner) -> io::Result<Self> {
        let parent = path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(parent)?;
        let origin = Origin::of(parent)?;
        // Nobody sees the file by its name before it is locked and has its owner.
        let draft = path.with_extension(format!("{}.draft", std::process::id()));
        let mut file = OpenOptions::new().append(true).create(true).open(&draft)?;
        let named = file
            .lock()
            .and_then(|()| write(&mut file, owner))
            .and_then(|()| fs::hard_link(&draft, path));
        fs::remove_file(&draft)?;
        named?;
        File::open(parent)?.sync_all()?;
        Ok(Self {
            origin: Some(origin),
            ..Self::of(Some((file, path.into())), Vec::new())
        })
    }

    /// Goes on with the ledger of a run that has ended or was killed, and locks it. A torn last line is dropped; other
    /// lines that make no sense are left out and told by [`Self::damage`].
    ///
    /// # Errors
    /// [`io::ErrorKind::WouldBlock`] when its run is alive, [`io::ErrorKind::InvalidData`] when it does not say whose it
    /// is or is of a newer version; else when it cannot be read or written.
    pub fn reopen(path: &Path) -> io::Result<(Self, Owner)> {
        let mut file = OpenOptions::new().read(true).append(true).open(path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(io::ErrorKind::WouldBlock.into()),
            Err(TryLockError::Error(error)) => return Err(error),
        }
        // Its run may have ended, and removed it, between our opening and locking it.
        let (ours, named) = (file.metadata()?, fs::metadata(path)?);
        if (ours.dev(), ours.ino()) != (named.dev(), named.ino()) {
            return Err(io::ErrorKind::NotFound.into());
        }
        let mut text = Vec::new();
        file.read_to_end(&mut text)?;
        let parsed = parse(&text)?;
        file.set_len(parsed.whole)?;
        let mut ledger = Self::of(Some((file, path.into())), parsed.open);
        ledger.origin = path.parent().map(Origin::of).transpose()?;
        if let Ok(book) = ledger.book.get_mut() {
            book.damaged = !parsed.damage.is_empty();
            book.place = parsed.place;
        }
        ledger.damage = parsed.damage;
        Ok((ledger, parsed.owner))
    }

    /// Whether the run of this ledger lives: whether it is locked.
    ///
    /// # Errors
    /// When that cannot be found out, which is no sign of death.
    pub fn is_locked(path: &Path) -> io::Result<bool> {
        let file = match File::open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            file => file?,
        };
        match file.try_lock_shared() {
            Ok(()) => Ok(false),
            Err(TryLockError::WouldBlock) => Ok(true),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    /// What is wrong with lines that were left out.
    pub fn damage(&self) -> &[String] {
        &self.damage
    }

    /// Where its run was begun; none for one in memory.
    pub fn origin(&self) -> Option<&Origin> {
        self.origin.as_ref()
    }

    /// What a ledger says: whose it is, with the settings that lead to its [`Place`], and what is open, without locking it.
    ///
    /// # Errors
    /// As [`Self::reopen`], but for a live run.
    pub fn read(path: &Path) -> io::Result<(Owner, Vec<Resource>)> {
        parse(&fs::read(path)?).map(|parsed| (parsed.owner, parsed.open))
    }

    /// A ledger in memory: for what makes nothing that outlives the process.
    pub fn in_memory() -> Self {
        Self::of(None, Vec::new())
    }

    fn of(file: Option<(File, PathBuf)>, open: Vec<Resource>) -> Self {
        Self {
            book: Mutex::new(Book {
                file,
                open,
                place: None,
                damaged: false,
            }),
            origin: None,
            damage: Vec::new(),
        }
    }

    /// Where the run's things are; none when that is not known.
    pub fn place(&self) -> Option<Place> {
        let book = self.book.lock().unwrap_or_else(PoisonError::into_inner);
        book.place.clone()
    }

    /// Writes down where the run's things will be, and returns once that is on the disk.
    ///
    /// # Errors
    /// [`io::ErrorKind::AlreadyExists`] when things are open that are in another place; else when it cannot be written
    /// down: then nothing must be made.
    pub fn reached(&self, place: &Place) -> io::Result<()> {
        let mut book = self.book.lock().unwrap_or_else(PoisonError::into_inner);
        if book.place.as_ref() == Some(place) {
            return Ok(());
        }
        let before = book.place.as_ref();
        if !book.open.is_empty() && before.is_some_and(|before| before.differs(place)) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        if let Some((file, _)) = &mut book.file {
            write(file, &Line::Reached(place.clone()))?;
        }
        book.place = Some(place.clone());
        Ok(())
    }

    /// Writes down that this will be made, and returns once that is on the disk.
    ///
    /// # Errors
    /// When it cannot be written down: then it must not be made.
    pub fn creating(&self, resource: &Resource) -> io::Result<()> {
        let mut book = self.book.lock().unwrap_or_else(PoisonError::into_inner);
        if book.open.contains(resource) {
            return Ok(());
        }
        if let Some((file, _)) = &mut book.file {
            write(file, &Line::Creating(resource.clone()))?;
        }
        book.open.push(resource.clone());
        Ok(())
    }

    /// Writes down that this is gone.
    ///
    /// # Errors
    /// When that cannot be written down.
    pub fn removed(&self, resource: &Resource) -> io::Result<()> {
        let mut book = self.book.lock().unwrap_or_else(PoisonError::into_inner);
        book.open.retain(|open| open != resource);
        if let Some((file, _)) = &mut book.file {
            write(file, &Line::Removed(resource.clone()))?;
        }
        Ok(())
    }

    /// What was or may have been made and is not known to be gone, in the order it was made.
    pub fn open(&self) -> Vec<Resource> {
        let book = self.book.lock().unwrap_or_else(PoisonError::into_inner);
        book.open.clone()
    }

    /// The run is over: a ledger with nothing open in it is removed at once, whoever still holds this value.
    pub fn close(&self) {
        let mut book = self.book.lock().unwrap_or_else(PoisonError::into_inner);
        book.close();
    }
}

impl Book {
    fn close(&mut self) {
        if self.open.is_empty()
            && !self.damaged
            && let Some((_, path)) = self.file.take()
        {
            // One that stays is found empty, and removed, by the next cleaning.
            let _ = fs::remove_file(path);
        }
    }
}

impl Drop for Book {
    fn drop(&mut self) {
        self.close();
    }
}

fn write(file: &mut File, line: &impl Serialize) -> io::Result<()> {
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

fn parse(text: &[u8]) -> io::Result<Parsed> {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn owner() -> Owner {
        let settings = BTreeMap::from([("platform".into(), "local".into())]);
        Owner::new("r", "results/r".into(), settings)
    }

    fn thing(name: &str) -> Resource {
        Resource {
            kind: "function".into(),
            name: name.into(),
        }
    }

    #[test]
    fn what_a_killed_run_had_made_is_known_although_its_last_line_is_torn() {
        let directory = tempfile::tempdir().unwrap();
        let path = path_in(directory.path(), "r");
        let ledger = Ledger::create(&path, &owner()).unwrap();
        for name in ["a", "b", "c"] {
            ledger.creating(&thing(name)).unwrap();
        }
        ledger.removed(&thing("b")).unwrap();
        drop(ledger);
        assert!(!Ledger::is_locked(&path).unwrap());
        let mut file = OpenOptions::new().append(true).open(&path).unwrap();
        file.write_all(b"{\"what\":\"creating\",\"ki").unwrap();
        assert_eq!(list(directory.path()).unwrap(), std::slice::from_ref(&path));
        let (read, open) = Ledger::read(&path).unwrap();
        assert_eq!((read, open), (owner(), vec![thing("a"), thing("c")]));
        let (ledger, _) = Ledger::reopen(&path).unwrap();
        ledger.removed(&thing("a")).unwrap();
        drop(ledger);
        assert_eq!(Ledger::read(&path).unwrap().1, [thing("c")]);
    }

    #[test]
    fn a_live_runs_ledger_is_locked_and_one_with_nothing_open_goes() {
        let directory = tempfile::tempdir().unwrap();
        let path = path_in(&directory.path().join("new"), "r");
        let ledger = Ledger::create(&path, &owner()).unwrap();
        let again = Ledger::create(&path, &owner()).unwrap_err();
        assert_eq!(again.kind(), io::ErrorKind::AlreadyExists);
        let alive = Ledger::reopen(&path).unwrap_err();
        assert_eq!(alive.kind(), io::ErrorKind::WouldBlock);
        assert!(Ledger::is_locked(&path).unwrap());
        ledger.creating(&thing("a")).unwrap();
        ledger.removed(&thing("a")).unwrap();
        drop(ledger);
        assert!(list(path.parent().unwrap()).unwrap().is_empty());
        assert!(!Ledger::is_locked(&path).unwrap());
    }

    #[test]
    fn a_ledger_leads_to_the_place_that_was_reached_and_refuses_another_while_things_are_there() {
        let directory = tempfile::tempdir().unwrap();
        let path = path_in(directory.path(), "r");
        let at = |address: &str, identity: Option<&str>| Place {
            settings: BTreeMap::from([("docker_host".into(), address.into())]),
            identity: identity.map(str::to_owned),
        };
        let ledger = Ledger::create(&path, &owner()).unwrap();
        assert_eq!(ledger.place(), None);
        ledger.reached(&at("tcp://a", Some("A"))).unwrap();
        ledger.reached(&at("tcp://b", Some("B"))).unwrap();
        ledger.creating(&thing("a")).unwrap();
        drop(ledger);
        let (ledger, owner) = Ledger::reopen(&path).unwrap();
        assert_eq!(owner.settings["docker_host"], "tcp://b");
        assert_eq!(ledger.place(), Some(at("tcp://b", Some("B"))));
        for elsewhere in [
            at("tcp://b", Some("A")),
            at("tcp://a", Some("A")),
            at("tcp://a", None),
        ] {
            let refused = ledger.reached(&elsewhere).unwrap_err();
            assert_eq!(refused.kind(), io::ErrorKind::AlreadyExists);
        }
        // One engine, by another way.
        ledger.reached(&at("unix:///b", Some("B"))).unwrap();
        ledger.removed(&thing("a")).unwrap();
        ledger.reached(&at("tcp://a", Some("A"))).unwrap();
    }

    #[test]
    fn a_damaged_ledger_says_where() {
        let directory = tempfile::tempdir().unwrap();
        let path = path_in(directory.path(), "r");
        let first = serde_json::to_string(&owner()).unwrap();
        let newer = first.replace("\"version\":1", "\"version\":2,\"more\":0");
        for (text, told) in [
            ("", "line 1"),
            ("nonsense\n", "line 1"),
            (&*format!("{newer}\n"), "it has version 2"),
        ] {
            fs::write(&path, text).unwrap();
            let error = Ledger::reopen(&path).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidData);
            assert!(error.to_string().contains(told), "{error}");
        }
    }

    #[test]
    fn one_bad_line_is_told_the_others_are_used_and_the_ledger_stays() {
        let directory = tempfile::tempdir().unwrap();
        let path = path_in(directory.path(), "r");
        let ledger = Ledger::create(&path, &owner()).unwrap();
        for name in ["a", "b"] {
            ledger.creating(&thing(name)).unwrap();
        }
        drop(ledger);
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, text.replacen("creating", "cre\0ting", 1)).unwrap();
        let (ledger, _) = Ledger::reopen(&path).unwrap();
        assert_eq!(ledger.open(), [thing("b")]);
        assert!(
            ledger.damage()[0].contains("line 2"),
            "{:?}",
            ledger.damage()
        );
        ledger.removed(&thing("b")).unwrap();
        drop(ledger);
        assert!(path.exists(), "what cannot be read may name a thing");
    }
}
