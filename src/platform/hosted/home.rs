//! The platform's private directory, and what dead processes left of theirs.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// Names of these directories: prefix, process id, random part.
const PREFIX: &str = "sebs-tui-local-";

/// A directory under the temporary one that is removed with this value. It is locked, so that other processes can
/// tell it from one whose owner was killed.
#[derive(Debug)]
pub struct Home {
    path: PathBuf,
    _lock: File,
}

impl Home {
    /// Makes a new one, which only this user may enter.
    pub fn create() -> io::Result<Self> {
        let path = std::env::temp_dir().join(format!(
            "{PREFIX}{}-{:08x}",
            std::process::id(),
            rand::random::<u32>()
        ));
        let unusable = |error: io::Error| {
            let what = format!("{}: {error}; TMPDIR can name another place", path.display());
            io::Error::new(error.kind(), what)
        };
        DirBuilder::new()
            .mode(0o700)
            .create(&path)
            .map_err(unusable)?;
        let lock = File::open(&path)?;
        lock.try_lock()?;
        let home = Self { path, _lock: lock };
        fs::create_dir(home.packages())?;
        fs::create_dir(home.environments())?;
        Ok(home)
    }

    /// The directory itself.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where uploaded packages are stored, each by its hash.
    pub fn packages(&self) -> PathBuf {
        self.path.join("packages")
    }

    /// Where each environment has its own directory.
    pub fn environments(&self) -> PathBuf {
        self.path.join("environments")
    }

    /// Removes it with all that is in it; a later run finds what could not be removed.
    pub fn remove(&self) {
        let _ = fs::remove_dir_all(&self.path);
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        self.remove();
    }
}

/// The directories of processes that are gone.
pub fn leftovers() -> Vec<PathBuf> {
    let entries = fs::read_dir(std::env::temp_dir())
        .into_iter()
        .flatten()
        .flatten();
    entries
        .map(|entry| entry.path())
        .filter(|path| is_leftover(path))
        .collect()
}

/// Removes the directories of processes that are gone; returns those it removed.
pub fn remove_leftovers() -> Vec<PathBuf> {
    leftovers()
        .into_iter()
        .filter(|path| fs::remove_dir_all(path).is_ok())
        .collect()
}

/// The process that made such a directory, by the directory's name.
pub fn owner(path: &Path) -> Option<u32> {
    let name = path.file_name()?.to_str()?;
    name.strip_prefix(PREFIX)?.split('-').next()?.parse().ok()
}

/// Neither its owner nor anyone's lock is there. Between making a directory and locking it only the process id
/// protects it; after that the lock does, also from a reader in another process id namespace.
pub fn is_leftover(path: &Path) -> bool {
    let Some(owner) = owner(path) else {
        return false;
    };
    let locked = || File::open(path).is_ok_and(|directory| directory.try_lock().is_err());
    !Path::new("/proc").join(owner.to_string()).exists() && path.is_dir() && !locked()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_whose_process_is_gone_is_removed_and_a_living_ones_is_kept() {
        let home = Home::create().unwrap();
        // Process ids end at 2^22 on Linux.
        let dead =
            std::env::temp_dir().join(format!("{PREFIX}4194305-{:08x}", rand::random::<u32>()));
        fs::create_dir_all(dead.join("environments/1/task")).unwrap();
        let removed = remove_leftovers();
        assert!(removed.contains(&dead) && !dead.exists(), "{removed:?}");
        assert!(home.path().exists());
        let path = home.path().to_owned();
        drop(home);
        assert!(!path.exists());
    }
}
