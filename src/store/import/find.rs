//! Which directories hold samples, and which files hold whose exchanges: by file names alone.

use std::collections::HashMap;
use std::fs::{self, DirEntry};
use std::path::{Path, PathBuf};

use super::super::StoreError;
use super::super::tables::{PROCESSED, RESULT};
use super::stamps::End;

/// Directories within directories that are looked into.
const MOST_DEPTH: usize = 6;
/// Hex digits at most that a storage client puts before the last point, to tell uploads apart.
const MOST_NONCE: usize = 32;

/// The table of samples in a directory; the raw one where there are both.
pub(super) fn samples_in(directory: &Path) -> Option<PathBuf> {
    let tables = [RESULT, PROCESSED].map(|name| directory.join(name));
    tables.into_iter().find(|path| path.is_file())
}

/// All directories with samples, in `directory` and below, by name.
pub(super) fn directories(directory: &Path) -> Result<Vec<PathBuf>, StoreError> {
    directories_within(directory, MOST_DEPTH)
}

/// Those that are at most so many directories below.
pub(super) fn directories_within(
    directory: &Path,
    most_depth: usize,
) -> Result<Vec<PathBuf>, StoreError> {
    let mut found = Vec::new();
    let mut ahead = vec![(directory.to_path_buf(), 0)];
    while let Some((directory, depth)) = ahead.pop() {
        for entry in entries(&directory)? {
            if depth < most_depth && is_directory(&entry) {
                ahead.push((entry.path(), depth + 1));
            }
        }
        found.extend(samples_in(&directory).map(|_| directory));
    }
    found.sort();
    Ok(found)
}

fn entries(directory: &Path) -> Result<Vec<DirEntry>, StoreError> {
    let entries = fs::read_dir(directory).and_then(Iterator::collect);
    entries.map_err(StoreError::io("list", directory))
}

/// Links are not followed: they could lead round in a circle.
fn is_directory(entry: &DirEntry) -> bool {
    entry.file_type().is_ok_and(|kind| kind.is_dir())
}

/// How surely a name belongs to a request, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Reading {
    /// The request's id.
    Whole,
    /// That with an upload's number.
    Upload,
    /// SeBS's rule: what is between the first `-` and the first `.` of the base name.
    Sebs,
    /// With every sign that some system refuses in names replaced by the same.
    Flat,
}

/// A file with one end's exchanges of one request.
#[derive(Debug)]
pub(super) struct ExchangeFile {
    /// Where it is.
    pub path: PathBuf,
    bytes: u64,
    taken: bool,
}

/// The files with exchanges of one directory.
#[derive(Debug, Default)]
pub(super) struct ExchangeFiles {
    files: Vec<ExchangeFile>,
    by_name: HashMap<(Reading, End, String), Vec<u32>>,
}

impl ExchangeFiles {
    /// Those in `directory` and below, up to where other samples are.
    ///
    /// A request id with `/` in it can have become directories: `server-<first part>/<rest>.csv`.
    pub fn below(directory: &Path) -> Result<Self, StoreError> {
        let mut files = Self::default();
        let mut ahead = vec![(directory.to_path_buf(), String::new(), 0)];
        while let Some((directory, name, depth)) = ahead.pop() {
            for entry in entries(&directory)? {
                let own = entry.file_name().to_string_lossy().into_owned();
                let name = match end_and_rest(&name) {
                    Some(_) => format!("{name}/{own}"),
                    None => own,
                };
                if !is_directory(&entry) {
                    files.add(&entry, &name);
                } else if depth < MOST_DEPTH && samples_in(&entry.path()).is_none() {
                    ahead.push((entry.path(), name, depth + 1));
                }
            }
        }
        Ok(files)
    }

    /// Those that SeBS finds: directly in `directory`, by its own rule.
    pub fn of_sebs(directory: &Path) -> Result<Self, StoreError> {
        let mut files = Self::default();
        for entry in entries(directory)? {
            let name = entry.file_name().to_string_lossy().into_owned();
            let csv = name.strip_suffix(".csv").filter(|_| !is_directory(&entry));
            if let Some((end, id)) = csv.and_then(end_and_rest) {
                let id = id.split('.').next().unwrap_or_default().to_owned();
                let place = files.push(&entry);
                files.index(Reading::Sebs, end, id, place);
            }
        }
        Ok(files)
    }

    fn push(&mut self, entry: &DirEntry) -> u32 {
        self.files.push(ExchangeFile {
            path: entry.path(),
            bytes: entry.metadata().map_or(0, |metadata| metadata.len()),
            taken: false,
        });
        self.files.len() as u32 - 1
    }

    fn add(&mut self, entry: &DirEntry, name: &str) {
        let Some((end, rest)) = end_and_rest(name) else {
            return;
        };
        let Some(stem) = rest.strip_suffix(".csv") else {
            return;
        };
        let place = self.push(entry);
        let upload = without_nonce(stem).map(|id| (Reading::Upload, id));
        for (reading, id) in [(Reading::Whole, stem)].into_iter().chain(upload) {
            self.index(reading, end, id.to_owned(), place);
            if let Some(plain) = unescaped(id) {
                self.index(reading, end, plain, place);
            }
            self.index(Reading::Flat, end, flat(id), place);
        }
        let by_sebs = stem.split('.').next().unwrap_or_default();
        self.index(Reading::Sebs, end, by_sebs.to_owned(), place);
    }

    fn index(&mut self, reading: Reading, end: End, name: String, place: u32) {
        self.by_name
            .entry((reading, end, name))
            .or_default()
            .push(place);
    }

    /// One end's file of a request; the largest where there are several, as an empty one is left by a retry.
    pub fn take(&mut self, request: &str, end: End) -> Option<PathBuf> {
        let find = |(reading, name)| {
            let places = self.by_name.get(&(reading, end, name))?;
            let free = places.iter().map(|place| *place as usize);
            free.filter(|place| !self.files[*place].taken)
                .max_by_key(|place| {
                    (
                        self.files[*place].bytes,
                        std::cmp::Reverse(&self.files[*place].path),
                    )
                })
        };
        let names = [
            (Reading::Whole, request.to_owned()),
            (Reading::Upload, request.to_owned()),
            (Reading::Sebs, request.to_owned()),
            (Reading::Flat, flat(request)),
        ];
        let place = names.into_iter().find_map(find)?;
        self.files[place].taken = true;
        Some(self.files[place].path.clone())
    }

    /// The files that belong to no sample, by name.
    pub fn orphans(&self) -> Vec<&Path> {
        let left = self.files.iter().filter(|file| !file.taken);
        let mut paths: Vec<_> = left.map(|file| file.path.as_path()).collect();
        paths.sort();
        paths
    }
}

fn end_and_rest(name: &str) -> Option<(End, &str)> {
    End::ALL
        .into_iter()
        .find_map(|end| Some((end, name.strip_prefix(end.prefix())?)))
}

/// `<id>` of `<id>.<hex digits>`.
fn without_nonce(stem: &str) -> Option<&str> {
    let (id, nonce) = stem.rsplit_once('.')?;
    let is_nonce = (1..=MOST_NONCE).contains(&nonce.len())
        && nonce.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_nonce.then_some(id)
}

/// With `%2F` and the like as the signs they stand for; none when there is no such thing in it.
fn unescaped(name: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(name.len());
    let mut rest = name.as_bytes();
    while let [first, after @ ..] = rest {
        let digit = |place: usize| char::from(*after.get(place)?).to_digit(16);
        let sign = digit(0).zip(digit(1)).filter(|_| *first == b'%');
        bytes.push(sign.map_or(*first, |(high, low)| (high * 16 + low) as u8));
        rest = if sign.is_some() { &after[2..] } else { after };
    }
    String::from_utf8(bytes).ok().filter(|plain| plain != name)
}

fn flat(name: &str) -> String {
    let keep = |sign: char| {
        if sign.is_alphanumeric() || sign == '-' {
            sign
        } else {
            '_'
        }
    };
    name.chars().map(keep).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_were_escaped() {
        assert_eq!(without_nonce("a-b.1f2e3d4c"), Some("a-b"));
        assert_eq!(without_nonce("a.b.xyz"), None);
        assert_eq!(unescaped("a%2F1%3bo"), Some("a/1;o".into()));
        assert_eq!(unescaped("a%2"), None);
        assert_eq!(flat("a/1;o=1..2"), flat("a_1_o_1__2"));
    }
}
