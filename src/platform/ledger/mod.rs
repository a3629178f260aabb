//! What a run makes on a platform, written down on disk before it is made, so that nothing is ever left unknown.
//!
//! One JSON object a line: first the run and what it takes to reach its platform again, then every resource before
//! the call that makes it, and again when it is removed. The file is locked while its run lives, and goes with its
//! [`Ledger`] once nothing is open in it.

mod lines;
#[cfg(test)]
mod tests;

pub use self::lines::{Owner, Place};

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use self::lines::{Line, parse, write};
use super::Resource;
use super::origin::Origin;
use crate::core::message::AtEnd;

/// How the names of the files end.
const EXTENSION: &str = "jsonl";

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

    /// Where the things are of which a ledger says so; none when it does not.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn place_in(path: &Path) -> io::Result<Option<Place>> {
        parse(&fs::read(path)?).map(|parsed| parsed.place)
    }

    /// A ledger in memory for things that another one has: it leads where that one does.
    pub fn beside(place: Option<Place>) -> Self {
        let mut ledger = Self::in_memory();
        if let Ok(book) = ledger.book.get_mut() {
            book.place = place;
        }
        ledger
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

    /// Writes down that the run goes on, and what becomes of its things at its end from now on.
    ///
    /// # Errors
    /// When it cannot be written down.
    pub fn goes_on(&self, at_end: AtEnd) -> io::Result<()> {
        let mut book = self.book.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut book.file {
            Some((file, _)) => write(file, &Line::GoesOn { at_end }),
            None => Ok(()),
        }
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
