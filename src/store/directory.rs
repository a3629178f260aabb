//! Directories and whole files: made once, never overwritten, on disk when the call returns.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::StoreError;
use crate::core::time::Nanos;

/// Runs that may begin within one second before something must be wrong.
const MOST_NAMESAKES: u32 = 1000;

/// Makes a directory for a run that begins at `wall` (ns since the epoch) in `parent`, with a name of its own:
/// `<YYYYMMDD-HHMMSS>-<platform>-<type>`, with `-2`, `-3`, … when that is taken.
pub fn create(
    parent: &Path,
    wall: Nanos,
    platform: &str,
    sweep: &str,
) -> Result<PathBuf, StoreError> {
    fs::create_dir_all(parent).map_err(StoreError::io("create", parent))?;
    let name = name(wall, platform, sweep);
    for number in 1..=MOST_NAMESAKES {
        let path = parent.join(if number == 1 {
            name.clone()
        } else {
            format!("{name}-{number}")
        });
        // Making it is the test whether it is free: two processes cannot both succeed.
        match fs::create_dir(&path) {
            Ok(()) => return sync(parent).map(|()| path),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(StoreError::io("create", &path)(error)),
        }
    }
    let what =
        format!("{MOST_NAMESAKES} runs named {name} exist already; choose another directory");
    Err(StoreError::Malformed {
        path: parent.into(),
        what,
    })
}

/// What is named after its beginning at `wall`, ns since the epoch: `<YYYYMMDD-HHMMSS>-<platform>-<job>`.
pub fn name(wall: Nanos, platform: &str, job: &str) -> String {
    format!("{}-{platform}-{job}", local_time(wall, "%Y%m%d-%H%M%S"))
}

/// `wall` (ns since the epoch) in the time zone of this host.
pub(super) fn local_time(wall: Nanos, format: &str) -> String {
    let timestamp = Timestamp::from_nanosecond(wall.into())
        .expect("64 bits of nanoseconds are within jiff's years");
    timestamp
        .to_zoned(TimeZone::system())
        .strftime(format)
        .to_string()
}

/// Makes the names in `directory` durable.
pub(super) fn sync(directory: &Path) -> Result<(), StoreError> {
    // The parent of a relative name is the empty path, which stands for the working directory.
    let directory = if directory.as_os_str().is_empty() {
        Path::new(".")
    } else {
        directory
    };
    File::open(directory)
        .and_then(|file| file.sync_all())
        .map_err(StoreError::io("sync", directory))
}

/// Puts `bytes` in the place of the file at `path`: a reader sees the old file or the new one, never a part.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let directory = path.parent().unwrap_or(Path::new("."));
    // SeBS reads every .csv it finds; this one must not look like it.
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let new = directory.join(format!(".{name}.new"));
    let mut file = File::create(&new).map_err(StoreError::io("create", &new))?;
    file.write_all(bytes)
        .and_then(|()| file.sync_data())
        .map_err(StoreError::io("write", &new))?;
    fs::rename(&new, path).map_err(StoreError::io("replace", path))?;
    sync(directory)
}
