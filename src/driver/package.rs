//! Packages of an exact size, and payloads.
//!
//! A package is the function's files plus one entry of random bytes, `filler.bin`, cut so that the zip has exactly
//! the size asked for. The function's own files are deflated, so that small packages can be had; the filler is stored,
//! since random bytes do not deflate: a byte asked for is a byte sent, stored and unpacked.

use std::fmt;
use std::io::{Cursor, Write};
use std::path::PathBuf;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hyper::body::Bytes;
use rand::rngs::Xoshiro256PlusPlus;
use rand::{Rng, SeedableRng};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use super::native;
use crate::core::processor::Processor;
use crate::platform::Package;

static PYTHON_HANDLER: &[u8] = include_bytes!("../../assets/python/handler.py");
static PYTHON_BOOTSTRAP: &[u8] = include_bytes!("../../assets/python/bootstrap");

/// Name of the entry that brings a package to its size.
const FILLER: &str = "filler.bin";
/// Random bytes in the smallest package, so that even its hash depends on the seed.
const LEAST_FILLER: u64 = 16;
/// Random bytes are made and written in pieces of this many, which stay in the processor's cache.
const PIECE: usize = 64 * 1024;

const EXECUTABLE: u32 = 0o755;
const READABLE: u32 = 0o644;

/// Which function a package holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Runtime {
    /// The one in this program, for this host's processor.
    Native,
    /// The one in this program for this processor, where it was built for it.
    NativeFor(Processor),
    /// The one for Python runtimes, standard library only.
    Python,
    /// The user's own: the path of a zip to which the filler is added.
    Custom(PathBuf),
}

impl Runtime {
    /// Entry point for the runtimes that need one.
    pub fn handler(&self) -> &'static str {
        match self {
            Self::Native | Self::NativeFor(_) => "bootstrap",
            Self::Python | Self::Custom(_) => "handler.handler",
        }
    }
}

impl fmt::Display for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Native | Self::NativeFor(_) => f.write_str("native"),
            Self::Python => f.write_str("python"),
            Self::Custom(path) => write!(f, "{}", path.display()),
        }
    }
}

/// Why a package cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum PackageError {
    /// The native function was not built for this processor.
    #[error(
        "this program holds no native function for {}: run `rustup target add {}` and build the program again (where that does not help, a warning of the build says why), or take --runtime python or another --architecture",
        .0.word(), .0.target()
    )]
    NotBuilt(Processor),
    /// The function alone is larger.
    #[error("a package of {asked} bytes cannot hold the function: the smallest has {smallest}")]
    TooSmall {
        /// Size asked for, bytes.
        asked: u64,
        /// Size of the smallest package, bytes.
        smallest: u64,
    },
    /// The user's zip cannot be read.
    #[error("{path}: {error}")]
    Read {
        /// Its path.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// The user's zip is no zip, or already has an entry of the filler's name.
    #[error("the package of `{runtime}` cannot be made: {error}")]
    Zip {
        /// Which function.
        runtime: String,
        /// Why.
        error: zip::result::ZipError,
    },
}

/// What packages of any size are made from; the user's zip is read once.
#[derive(Debug)]
pub struct Template {
    runtime: Runtime,
    /// The zip to which the filler is added.
    base: Vec<u8>,
    /// Bytes of a package beside the filler's own.
    overhead: u64,
}

impl Template {
    /// Prepares packages with this function.
    ///
    /// # Errors
    /// When the native function was not built for the processor, or the user's zip cannot be read or extended.
    pub fn new(runtime: Runtime) -> Result<Self, PackageError> {
        let base = match &runtime {
            Runtime::Native => bootstrap(native::program()),
            Runtime::NativeFor(processor) => native::program_for(*processor)
                .ok_or(PackageError::NotBuilt(*processor))
                .and_then(bootstrap),
            Runtime::Python => deflated(&[
                ("handler.py", PYTHON_HANDLER, READABLE),
                ("bootstrap", PYTHON_BOOTSTRAP, EXECUTABLE),
            ]),
            Runtime::Custom(path) => std::fs::read(path).map_err(|error| PackageError::Read {
                path: path.clone(),
                error,
            }),
        }?;
        let mut template = Self {
            runtime,
            base,
            overhead: 0,
        };
        template.overhead = template.zip(0, 0)?.len() as u64;
        Ok(template)
    }

    /// Bytes of the smallest package.
    pub fn smallest(&self) -> u64 {
        self.overhead + LEAST_FILLER
    }

    /// Makes a package of exactly `size` bytes; the same seed gives the same bytes, another seed another hash.
    ///
    /// # Errors
    /// When `size` is below [`Self::smallest`].
    pub fn package(&self, size: u64, seed: u64) -> Result<Package, PackageError> {
        if size < self.smallest() {
            return Err(PackageError::TooSmall {
                asked: size,
                smallest: self.smallest(),
            });
        }
        let bytes = self.zip(size - self.overhead, seed)?;
        Ok(Package::new(Bytes::from(bytes)))
    }

    fn zip(&self, filler: u64, seed: u64) -> Result<Vec<u8>, PackageError> {
        self.write(filler, seed).map_err(|error| PackageError::Zip {
            runtime: self.runtime.to_string(),
            error,
        })
    }

    fn write(&self, filler: u64, seed: u64) -> zip::result::ZipResult<Vec<u8>> {
        let mut buffer = Cursor::new(Vec::with_capacity((self.overhead + filler) as usize));
        buffer.get_mut().extend_from_slice(&self.base);
        let mut zip = ZipWriter::new_append(&mut buffer)?;
        zip.start_file(FILLER, entry(READABLE, CompressionMethod::Stored))?;
        write_random(&mut zip, filler, seed)?;
        zip.finish()?;
        Ok(buffer.into_inner())
    }
}

/// A zip of a program that the platform starts itself.
fn bootstrap(program: &[u8]) -> Result<Vec<u8>, PackageError> {
    deflated(&[("bootstrap", program, EXECUTABLE)])
}

/// A zip of files given by name, content and mode.
fn deflated(files: &[(&str, &[u8], u32)]) -> Result<Vec<u8>, PackageError> {
    let write = || {
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, content, mode) in files {
            zip.start_file(*name, entry(*mode, CompressionMethod::Deflated))?;
            zip.write_all(content)?;
        }
        Ok(zip.finish()?.into_inner())
    };
    write().map_err(|error| PackageError::Zip {
        runtime: "built in".into(),
        error,
    })
}

/// With a fixed date, so that a package depends on nothing but its seed.
fn entry(mode: u32, method: CompressionMethod) -> SimpleFileOptions {
    SimpleFileOptions::default()
        .compression_method(method)
        .last_modified_time(DateTime::default())
        .unix_permissions(mode)
}

fn write_random(out: &mut impl Write, mut bytes: u64, seed: u64) -> std::io::Result<()> {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
    let mut piece = vec![0; PIECE];
    while bytes > 0 {
        let part = bytes.min(PIECE as u64) as usize;
        random.fill_bytes(&mut piece[..part]);
        out.write_all(&piece[..part])?;
        bytes -= part as u64;
    }
    Ok(())
}

/// A payload: exactly `size` bytes of base64 text of random bytes, which JSON carries unescaped and nothing compresses
/// below three quarters.
pub fn payload(size: u64, seed: u64) -> String {
    let mut random = vec![0; (size as usize).div_ceil(4) * 3];
    Xoshiro256PlusPlus::seed_from_u64(seed).fill_bytes(&mut random);
    let mut text = BASE64_STANDARD.encode(random);
    text.truncate(size as usize);
    text
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use proptest::prelude::*;

    use super::*;

    fn native() -> Template {
        Template::new(Runtime::Native).expect("the native function is built in")
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]

        #[test]
        fn a_package_has_exactly_the_size_asked_for(extra in 0_u64..300_000, seed: u64) {
            let template = native();
            let package = template.package(template.smallest() + extra, seed).unwrap();
            prop_assert_eq!(package.bytes.len() as u64, template.smallest() + extra);
        }

        #[test]
        fn a_payload_has_exactly_the_length_asked_for_and_needs_no_escaping(size in 0_u64..10_000, seed: u64) {
            let text = payload(size, seed);
            prop_assert_eq!(text.len() as u64, size);
            prop_assert_eq!(serde_json::to_string(&text).unwrap().len() as u64, size + 2);
        }
    }

    #[test]
    fn a_package_too_small_for_the_function_is_refused_with_the_smallest_size() {
        let template = native();
        let error = template.package(template.smallest() - 1, 0).unwrap_err();
        assert!(
            error.to_string().contains(&template.smallest().to_string()),
            "{error}"
        );
    }

    #[test]
    fn the_seed_alone_decides_the_hash() {
        let template = native();
        let hash = |seed| template.package(template.smallest(), seed).unwrap().sha256;
        assert_eq!(hash(1), hash(1));
        assert_ne!(hash(1), hash(2));
        assert_eq!(hash(1).len(), 64);
    }

    #[test]
    fn the_bootstrap_is_executable_and_whole() {
        for runtime in [Runtime::Native, Runtime::Python] {
            let template = Template::new(runtime).unwrap();
            let package = template.package(template.smallest() + 1000, 7).unwrap();
            let mut zip = zip::ZipArchive::new(Cursor::new(package.bytes)).unwrap();
            let mut bootstrap = zip.by_name("bootstrap").unwrap();
            assert_eq!(bootstrap.unix_mode().unwrap() & 0o777, 0o755);
            let mut content = Vec::new();
            bootstrap.read_to_end(&mut content).unwrap();
            assert!(
                content.starts_with(b"\x7fELF") || content.starts_with(b"#!"),
                "{:?}",
                &content[..4]
            );
        }
    }

    #[test]
    fn a_zip_of_the_users_is_filled_up_and_keeps_its_entries() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("mine.zip");
        let mut zip = ZipWriter::new(std::fs::File::create(&path).unwrap());
        zip.start_file(
            "deep/bootstrap",
            SimpleFileOptions::default().unix_permissions(0o755),
        )
        .unwrap();
        zip.write_all(&[b'x'; 5000]).unwrap();
        zip.finish().unwrap();

        let template = Template::new(Runtime::Custom(path)).unwrap();
        let package = template.package(20_000, 3).unwrap();
        assert_eq!(package.bytes.len(), 20_000);
        let mut zip = zip::ZipArchive::new(Cursor::new(package.bytes)).unwrap();
        assert_eq!(zip.by_name("deep/bootstrap").unwrap().size(), 5000);
        assert!(zip.by_name(FILLER).unwrap().size() > 10_000);
    }

    #[test]
    fn what_is_no_zip_is_refused_with_its_path() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "no zip").unwrap();
        let error = Template::new(Runtime::Custom(file.path().to_owned())).unwrap_err();
        assert!(
            error
                .to_string()
                .contains(&file.path().display().to_string()),
            "{error}"
        );
    }
}
