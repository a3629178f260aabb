//! Ways to a cold start.

use std::time::Duration;

use hyper::body::Bytes;

use super::errors::error;
use crate::core::cold::ColdMethod;
use crate::platform::{ErrorKind, Guarantee, PlatformError};

/// A way to a cold start that AWS has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cold {
    /// A variable of the function gets a new value: environments with the old one serve no more.
    Config,
    /// The package is sent again with another time stamp in it: the code's hash is another.
    Publish,
    /// The function is left alone, in the hope that its environments end.
    Idle(Duration),
    /// No way: cold samples are skipped.
    None,
}

impl Cold {
    /// The way that a user names.
    ///
    /// # Errors
    /// When AWS does not have it.
    pub fn of(method: &ColdMethod) -> Result<Self, PlatformError> {
        Ok(match method {
            ColdMethod::Auto | ColdMethod::Config => Self::Config,
            ColdMethod::Publish => Self::Publish,
            ColdMethod::Idle(length) => Self::Idle(*length),
            ColdMethod::None => Self::None,
            ColdMethod::Command(_) | ColdMethod::Webhook(_) => {
                let what = "aws does not have it: choose --cold-method config, publish or idle:15m";
                return Err(error(
                    ErrorKind::Unsupported,
                    "force cold",
                    &method.to_string(),
                    what.into(),
                ));
            }
        })
    }

    pub(super) fn guarantee(self) -> Guarantee {
        match self {
            Self::Config | Self::Publish => Guarantee::Guaranteed,
            Self::Idle(_) => Guarantee::BestEffort,
            Self::None => Guarantee::Impossible,
        }
    }

    pub(super) fn words(self) -> String {
        match self {
            Self::Config => "a changed variable of the function".into(),
            Self::Publish => "the same code under another hash".into(),
            Self::Idle(length) => format!("left alone for {} s", length.as_secs()),
            Self::None => "none".into(),
        }
    }
}

/// The package with another time in the first entry of its directory: as long as before, with another hash.
///
/// # Errors
/// When it does not end like a zip without a comment.
pub(super) fn restamped(package: &Bytes, nonce: u32) -> Result<Bytes, PlatformError> {
    let place = time_of_first_entry(package).ok_or_else(|| {
        let what =
            "the package has no zip directory where one is expected: choose --cold-method config";
        error(ErrorKind::Unsupported, "force cold", "package", what.into())
    })?;
    let mut bytes = package.to_vec();
    bytes[place..place + 2].copy_from_slice(&dos_time(nonce).to_le_bytes());
    Ok(bytes.into())
}

/// Where the directory has the time of its first entry (PKWARE's APPNOTE, 4.3.12 and 4.3.16).
fn time_of_first_entry(zip: &[u8]) -> Option<usize> {
    const END: usize = 22;
    let end = zip.len().checked_sub(END)?;
    if !zip[end..].starts_with(b"PK\x05\x06") {
        return None;
    }
    let offset = zip[end + 16..end + 20]
        .try_into()
        .map(u32::from_le_bytes)
        .ok()? as usize;
    let entry = zip.get(offset..end)?;
    (entry.len() > 14 && entry.starts_with(b"PK\x01\x02")).then_some(offset + 12)
}

/// A valid time of the day in steps of 2 s, another for each of 43,200 nonces in a row.
fn dos_time(nonce: u32) -> u16 {
    let (seconds, minutes, hours) = (nonce % 30, nonce / 30 % 60, nonce / 1800 % 24);
    (hours << 11 | minutes << 5 | seconds) as u16
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::io::{Cursor, Read, Write};

    use zip::write::SimpleFileOptions;
    use zip::{ZipArchive, ZipWriter};

    use super::*;
    use crate::platform::Package;

    fn package() -> Bytes {
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        for name in ["bootstrap", "filler.bin"] {
            zip.start_file(name, SimpleFileOptions::default()).unwrap();
            zip.write_all(&[7; 1000]).unwrap();
        }
        zip.finish().unwrap().into_inner().into()
    }

    #[test]
    fn a_restamped_package_has_its_length_and_content_and_another_hash_each_time() {
        let package = package();
        let mut hashes = BTreeSet::from([Package::new(package.clone()).sha256]);
        for nonce in 1..=100 {
            let stamped = restamped(&package, nonce).unwrap();
            assert_eq!(stamped.len(), package.len());
            let mut archive = ZipArchive::new(Cursor::new(&stamped)).unwrap();
            for name in ["bootstrap", "filler.bin"] {
                let mut content = Vec::new();
                archive
                    .by_name(name)
                    .unwrap()
                    .read_to_end(&mut content)
                    .unwrap();
                assert_eq!(content, [7; 1000]);
            }
            assert!(
                archive
                    .by_index(0)
                    .unwrap()
                    .last_modified()
                    .unwrap()
                    .is_valid()
            );
            hashes.insert(Package::new(stamped).sha256);
        }
        assert_eq!(hashes.len(), 101);
    }

    #[test]
    fn what_is_no_zip_is_refused() {
        for bytes in [&b""[..], b"PK\x05\x06", &[0; 100]] {
            assert_eq!(
                restamped(&Bytes::copy_from_slice(bytes), 1)
                    .unwrap_err()
                    .kind,
                ErrorKind::Unsupported
            );
        }
    }

    #[test]
    fn a_method_that_aws_lacks_is_refused_with_those_it_has() {
        assert_eq!(Cold::of(&ColdMethod::Auto), Ok(Cold::Config));
        let error = Cold::of(&ColdMethod::Webhook("http://x".into())).unwrap_err();
        assert!(error.what.contains("config, publish or idle"), "{error}");
    }
}
