//! What a run makes on a platform, written down on disk before it is made, so that nothing is ever left unknown.
//!
//! One JSON object a line: first the run and what it takes to reach its platform again, then every resource before
//! the call that makes it, and again when it is removed.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use super::Resource;

/// The first line: whose ledger it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Owner {
    /// Name of the run.
    pub run: String,
    /// Its directory.
    pub directory: PathBuf,
    /// Its settings by key, which hold no secrets: enough to reach the platform again.
    pub settings: BTreeMap<String, serde_json::Value>,
}

/// A further line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
enum Line {
    /// It will be made now.
    Creating(Resource),
    /// It is gone.
    Removed(Resource),
}

/// The ledger of one run.
#[derive(Debug)]
pub struct Ledger {
    book: Mutex<Book>,
}

#[derive(Debug)]
struct Book {
    file: Option<(File, PathBuf)>,
    open: Vec<Resource>,
}

impl Ledger {
    /// Begins a ledger in a file that must not exist yet.
    ///
    /// # Errors
    /// When it cannot be written, or not be brought to the disk.
    pub fn create(path: &Path, owner: &Owner) -> io::Result<Self> {
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        let mut file = OpenOptions::new()
            .append(true)
            .create_new(true)
            .open(path)?;
        write(&mut file, owner)?;
        Ok(Self::of(Some((file, path.into())), Vec::new()))
    }

    /// A ledger in memory: for what makes nothing that outlives the process.
    pub fn in_memory() -> Self {
        Self::of(None, Vec::new())
    }

    fn of(file: Option<(File, PathBuf)>, open: Vec<Resource>) -> Self {
        Self {
            book: Mutex::new(Book { file, open }),
        }
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
}

fn write(file: &mut File, line: &impl Serialize) -> io::Result<()> {
    let mut text = serde_json::to_vec(line)?;
    text.push(b'\n');
    file.write_all(&text)?;
    file.sync_data()
}
