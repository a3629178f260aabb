//! The platform's private directory, and what dead processes left of theirs.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// The kind of resource that such a directory is.
pub const KIND: &str = "directory";

/// Names of these directories: prefix, process id, random part.
fn prefix(platform: &str) -> String {
    format!("sebs-tui-{platform}-")
}

/// A directory under the temporary one that is removed with this value. It is locked, so that other processes can
/// tell it from one whose owner was killed.
#[derive(Debug)]
pub struct Home {
    path: PathBuf,
    _lock: File,
}

impl Home {
    /// Makes a new one for this platform, which only this user may enter.
    pub fn create(platform: &str) -> io::Result<Self> {
        let path = std::env::temp_dir().join(format!(
            "{}{}-{:08x}",
            prefix(platform),
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

/// The platform's directories of processes that are gone.
pub fn leftovers(platform: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(std::env::temp_dir())
        .into_iter()
        .flatten()
        .flatten();
    entries
        .map(|entry| entry.path())
        .filter(|path| is_leftover(platform, path))
        .collect()
}

/// Removes the platform's directories of processes that are gone; returns those it removed.
pub fn remove_leftovers(platform: &str) -> Vec<PathBuf> {
    leftovers(platform)
        .into_iter()
        .filter(|path| fs::remove_dir_all(path).is_ok())
        .collect()
}

/// Removes such a directory of one of these platforms, or one in it, of a process that is gone; that it is not there is
/// no error.
///
/// # Errors
/// When it is none of these platforms', when its run is alive, or when the system refuses.
pub fn remove_leftover(platforms: &[&str], path: &Path) -> io::Result<()> {
    if !path.exists() {
        return Ok(());
    }
    let home = path.ancestors().find_map(|home| {
        let of = |platform: &&&str| owner(platform, home).is_some();
        Some((platforms.iter().find(of)?, home))
    });
    match home {
        Some((platform, home)) if is_leftover(platform, home) => fs::remove_dir_all(path),
        Some(_) => Err(io::Error::other("its run is alive")),
        None => Err(io::Error::other(format!(
            "not a directory of the platform {}",
            platforms.join(" or ")
        ))),
    }
}

/// The process that made such a directory, by the directory's name.
pub fn owner(platform: &str, path: &Path) -> Option<u32> {
    let name = path.file_name()?.to_str()?;
    let owner = name.strip_prefix(&prefix(platform))?.split('-').next()?;
    owner.parse().ok()
}

/// Neither its owner nor anyone's lock is there. Between making a directory and locking it only the process id
/// protects it; after that the lock does, also from a reader in another process id namespace.
fn is_leftover(platform: &str, path: &Path) -> bool {
    let Some(owner) = owner(platform, path) else {
        return false;
    };
    let locked = || File::open(path).is_ok_and(|directory| directory.try_lock().is_err());
    !Path::new("/proc").join(owner.to_string()).exists() && path.is_dir() && !locked()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLATFORM: &str = "tested";

    /// A directory as a process that is gone left it: process ids end at 2^22 on Linux.
    fn left() -> PathBuf {
        let name = format!("{}4194305-{:08x}", prefix(PLATFORM), rand::random::<u32>());
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(path.join("environments/1/task")).unwrap();
        path
    }

    #[test]
    fn a_directory_whose_process_is_gone_is_removed_and_a_living_ones_is_kept() {
        let (home, dead) = (Home::create(PLATFORM).unwrap(), left());
        assert_eq!(remove_leftovers("another"), Vec::<PathBuf>::new());
        let removed = remove_leftovers(PLATFORM);
        // Another test may have been the first.
        assert!(!dead.exists(), "{removed:?}");
        assert!(home.path().exists());
        let path = home.path().to_owned();
        drop(home);
        assert!(!path.exists());
    }

    #[test]
    fn only_what_a_dead_run_left_is_removed() {
        let elsewhere = tempfile::tempdir().unwrap();
        let platforms = ["another", PLATFORM];
        let refused = |path: &Path| remove_leftover(&platforms, path).unwrap_err().to_string();
        assert!(refused(elsewhere.path()).contains("not a directory"));
        let home = Home::create(PLATFORM).unwrap();
        assert!(refused(home.path()).contains("alive"));
        remove_leftover(&platforms, Path::new("/nowhere/at/all")).unwrap();
        let dead = left();
        remove_leftover(&platforms, &dead).unwrap();
        assert!(!dead.exists());
    }
}
