//! What is put into images and containers: tar archives.

use std::io::{self, Read, Seek};

use tar::{Builder, EntryType, Header};
use zip::ZipArchive;

/// Where the package is in a container.
pub const TASK: &str = "/var/task";
/// Most bytes that a package may unpack to: a bound against zip bombs.
const UNPACKED_MOST: u64 = 1 << 30;
/// Mode of a file whose zip keeps none.
const MODE: u32 = 0o644;

/// The only content of the empty image: a directory for temporary files.
pub fn empty_image() -> io::Result<Vec<u8>> {
    let mut tar = Builder::new(Vec::new());
    directory(&mut tar, "tmp/", 0o1777)?;
    tar.into_inner()
}

/// A package as an archive for the root of a container, its files below [`TASK`]; names that lead out are refused.
pub fn task(package: impl Read + Seek) -> io::Result<Vec<u8>> {
    let mut zip = ZipArchive::new(package)?;
    let mut tar = Builder::new(Vec::new());
    for parent in ["var/", "var/task/"] {
        directory(&mut tar, parent, 0o755)?;
    }
    let mut unpacked = 0;
    for index in 0..zip.len() {
        let mut entry = zip.by_index(index)?;
        let Some(name) = entry.enclosed_name() else {
            let name = String::from_utf8_lossy(entry.name_raw());
            return Err(io::Error::other(format!(
                "`{name}` leads out of the package"
            )));
        };
        let path = format!("{}/{}", TASK.trim_start_matches('/'), name.display());
        let mode = entry.unix_mode().unwrap_or(MODE) & 0o7777;
        unpacked += entry.size();
        if unpacked > UNPACKED_MOST {
            return Err(io::Error::other(format!(
                "the package unpacks to more than {UNPACKED_MOST} bytes"
            )));
        }
        let mut header = Header::new_gnu();
        header.set_mode(mode);
        if entry.is_dir() {
            directory(&mut tar, &path, mode | 0o755)?;
        } else if entry.is_symlink() {
            let mut target = String::new();
            entry.read_to_string(&mut target)?;
            header.set_entry_type(EntryType::Symlink);
            header.set_size(0);
            tar.append_link(&mut header, path, target)?;
        } else {
            header.set_size(entry.size());
            // A zip that says less than it holds is cut here, and one that says more fails.
            let (size, content) = (entry.size(), &mut entry);
            tar.append_data(&mut header, path, content.take(size))?;
        }
    }
    tar.into_inner()
}

fn directory(tar: &mut Builder<Vec<u8>>, path: &str, mode: u32) -> io::Result<()> {
    let mut header = Header::new_gnu();
    header.set_entry_type(EntryType::Directory);
    header.set_mode(mode);
    header.set_size(0);
    tar.append_data(&mut header, path, io::empty())
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Write};

    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::*;

    fn zipped(name: &str, content: &[u8]) -> Cursor<Vec<u8>> {
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        zip.start_file(name, SimpleFileOptions::default().unix_permissions(0o755))
            .unwrap();
        zip.write_all(content).unwrap();
        zip.finish().unwrap()
    }

    #[test]
    fn a_packages_files_keep_their_names_modes_and_content_below_the_task_directory() {
        let long = format!("{}/tool", "deep/".repeat(40).trim_end_matches('/'));
        let archive = task(zipped(&long, b"content")).unwrap();
        let mut archive = tar::Archive::new(archive.as_slice());
        let mut file = archive.entries().unwrap().nth(2).unwrap().unwrap();
        assert_eq!(
            file.path().unwrap().to_str().unwrap(),
            format!("var/task/{long}")
        );
        assert_eq!(file.header().mode().unwrap(), 0o755);
        let mut content = String::new();
        file.read_to_string(&mut content).unwrap();
        assert_eq!(content, "content");
    }

    #[test]
    fn a_name_that_leads_out_of_the_package_is_refused() {
        for name in ["../escaped", "a/../../escaped"] {
            let error = task(zipped(name, b"x")).unwrap_err();
            assert!(error.to_string().contains("leads out"), "{name}: {error}");
        }
    }
}
