//! Packages on disk: stored whole, unpacked with care.

use std::fs::{self, File};
use std::io::{self, Cursor};
use std::path::Path;

use zip::ZipArchive;
use zip::read::{ExtractOptions, SymlinkExtractAction};

/// The program of a package, at its top.
pub const BOOTSTRAP: &str = "bootstrap";
/// Most bytes that a package may unpack to: a bound against zip bombs.
const UNPACKED_MOST: u64 = 1 << 30;

/// Writes a package to its place, whole or not at all, after a look at what a start will need of it.
pub fn store(bytes: &[u8], path: &Path) -> io::Result<()> {
    let missing = |why| io::Error::other(format!("no `{BOOTSTRAP}` in the package: {why}"));
    ZipArchive::new(Cursor::new(bytes))?
        .by_name(BOOTSTRAP)
        .map_err(missing)?;
    let partial = path.with_extension("partial");
    fs::write(&partial, bytes)?;
    fs::rename(&partial, path)
}

/// Unpacks a zip into a new directory; names that lead out of it are refused, unix modes are kept.
pub fn unpack(package: &Path, directory: &Path) -> io::Result<()> {
    fs::create_dir_all(directory)?;
    let options = ExtractOptions::default()
        .symlink_action(SymlinkExtractAction::ExtractRecursiveInFolder)
        .with_size_limit(UNPACKED_MOST);
    ZipArchive::new(File::open(package)?)?.extract_with_options(directory, options)?;
    Ok(())
}

#[cfg(test)]
pub mod tests {
    use std::io::Write;
    use std::os::unix::fs::PermissionsExt;
    use std::path::PathBuf;

    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::*;

    /// A zip in `directory` with one executable entry.
    pub fn zipped(directory: &Path, name: &str, content: &[u8]) -> PathBuf {
        let path = directory.join("package.zip");
        let mut zip = ZipWriter::new(File::create(&path).unwrap());
        zip.start_file(name, SimpleFileOptions::default().unix_permissions(0o755))
            .unwrap();
        zip.write_all(content).unwrap();
        zip.finish().unwrap();
        path
    }

    #[test]
    fn a_name_that_leads_out_of_the_directory_writes_nothing_outside() {
        let directory = tempfile::tempdir().unwrap();
        for name in ["../escaped", "a/../../escaped", "/tmp/../escaped"] {
            let package = zipped(directory.path(), name, b"x");
            // Refused or put inside: the library may do either.
            let _ = unpack(&package, &directory.path().join("task"));
            assert!(!directory.path().join("escaped").exists(), "{name}");
        }
        assert!(!Path::new("/escaped").exists());
    }

    #[test]
    fn a_link_that_leads_out_of_the_directory_is_not_followed() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("package.zip");
        let mut zip = ZipWriter::new(File::create(&path).unwrap());
        zip.add_symlink("out", "..", SimpleFileOptions::default())
            .unwrap();
        zip.start_file("out/escaped", SimpleFileOptions::default())
            .unwrap();
        zip.write_all(b"x").unwrap();
        zip.finish().unwrap();
        let _ = unpack(&path, &directory.path().join("task"));
        assert!(!directory.path().join("escaped").exists());
    }

    #[test]
    fn unpacked_files_keep_their_modes() {
        let directory = tempfile::tempdir().unwrap();
        let package = zipped(directory.path(), "bin/tool", b"x");
        let task = directory.path().join("task");
        unpack(&package, &task).unwrap();
        let mode = fs::metadata(task.join("bin/tool"))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o755);
    }
}
