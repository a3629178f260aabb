//! `run.json`: how a run was set up, written before its first event; what a resumed run starts from.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{StoreError, directory};
use crate::core::compare::Conditions;
use crate::core::contract::StampKind;
use crate::core::imported::Imported;
use crate::core::time::Nanos;

/// Its name in a run's directory.
pub const FILE_NAME: &str = "run.json";

/// Version of its shape; a reader refuses a higher one.
const VERSION: u32 = 1;

/// Settings that may change a run's times and are not in its journal, and what they are called.
const CONDITIONS: [(&str, &str); 6] = [
    ("memory", "memory in MB"),
    ("architecture", "architecture"),
    ("dialect", "dialect"),
    ("simulated", "simulated world"),
    ("clock_offset_s", "clock offset in s"),
    ("clock_rate_ppm", "clock rate in ppm"),
];

/// How a run was set up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunFile {
    /// Version of this file's shape.
    pub version: u32,
    /// Name of the run and of its directory.
    pub id: String,
    /// Name and version of the program.
    pub program: String,
    /// Wall clock at the start, local time with its offset.
    pub started: String,
    /// The same, ns since the epoch.
    pub started_ns: Nanos,
    /// The command line, program name first.
    pub command_line: Vec<String>,
    /// The measuring machine.
    pub host: Host,
    /// Time stamps the host's socket gives; none when that is not known.
    pub stamps: Option<StampKind>,
    /// Seed of the shuffled order.
    pub seed: u64,
    /// Every setting that has a value.
    pub settings: BTreeMap<String, RecordedSetting>,
    /// The files of another program that the run was made from; none: it was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub imported: Option<Imported>,
}

/// A setting's value and where it came from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecordedSetting {
    /// Its value.
    pub value: serde_json::Value,
    /// In words.
    pub origin: String,
}

/// The measuring machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Host {
    /// Its name.
    pub hostname: String,
    /// Operating system and architecture: `linux x86_64`.
    pub system: String,
    /// Version of its kernel.
    pub kernel: String,
    /// Processors this process may use; 0 when that is not known.
    pub cpus: usize,
}

impl Host {
    /// A machine of which nothing is known.
    pub fn unknown() -> Self {
        let unknown = || "unknown".to_owned();
        Self {
            hostname: unknown(),
            system: unknown(),
            kernel: unknown(),
            cpus: 0,
        }
    }

    /// This machine; what cannot be found out is `unknown`.
    pub fn this() -> Self {
        let fact = |name: &str| {
            let text = std::fs::read_to_string(Path::new("/proc/sys/kernel").join(name));
            text.map_or_else(|_| "unknown".into(), |text| text.trim().to_string())
        };
        Self {
            hostname: fact("hostname"),
            system: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
            kernel: fact("osrelease"),
            cpus: std::thread::available_parallelism().map_or(1, usize::from),
        }
    }
}

/// What only the caller knows of a run that begins.
#[derive(Debug, Clone, PartialEq)]
pub struct Setup {
    /// Wall clock, ns since the epoch.
    pub wall: Nanos,
    /// The command line, program name first.
    pub command_line: Vec<String>,
    /// Time stamps the host's socket gives.
    pub stamps: Option<StampKind>,
    /// Seed of the shuffled order.
    pub seed: u64,
    /// Every setting that has a value.
    pub settings: BTreeMap<String, RecordedSetting>,
}

impl RunFile {
    /// Describes the run that begins in `directory` on this host.
    pub fn new(directory: &Path, setup: Setup) -> Self {
        Self {
            version: VERSION,
            id: directory
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned(),
            program: format!("{} {}", env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION")),
            started: directory::local_time(setup.wall, "%Y-%m-%dT%H:%M:%S%:z"),
            started_ns: setup.wall,
            command_line: setup.command_line,
            host: Host::this(),
            stamps: setup.stamps,
            seed: setup.seed,
            settings: setup.settings,
            imported: None,
        }
    }

    /// Writes it into `directory`.
    pub fn write(&self, directory: &Path) -> Result<(), StoreError> {
        let mut text =
            serde_json::to_string_pretty(self).expect("keys are strings and nothing else can fail");
        text.push('\n');
        directory::replace(&directory.join(FILE_NAME), text.as_bytes())
    }

    /// Reads that of the run in `directory`.
    pub fn read(directory: &Path) -> Result<Self, StoreError> {
        let path = directory.join(FILE_NAME);
        let text = std::fs::read_to_string(&path).map_err(StoreError::io("read", &path))?;
        let malformed = |what: String| StoreError::Malformed {
            path: path.clone(),
            what,
        };
        let file: Self =
            serde_json::from_str(&text).map_err(|error| malformed(error.to_string()))?;
        if file.version > VERSION {
            let what = format!(
                "version {}, but this program reads up to {VERSION}: use a newer one",
                file.version
            );
            return Err(malformed(what));
        }
        Ok(file)
    }

    /// The [`conditions`](Self::conditions) of the run in `directory`; none where its journal stands alone.
    ///
    /// # Errors
    /// Its file is there and cannot be read.
    pub fn conditions_in(directory: &Path) -> Result<Conditions, StoreError> {
        if directory.join(FILE_NAME).exists() {
            Ok(Self::read(directory)?.conditions())
        } else {
            Ok(Conditions::default())
        }
    }

    /// What the run was set up with that may change its times and is not in its journal, by name.
    pub fn conditions(&self) -> Conditions {
        let simulated = self.setting("platform").as_deref() == Some("simulated");
        CONDITIONS
            .into_iter()
            .filter(|(key, _)| simulated || *key != "simulated")
            .filter_map(|(key, name)| Some((name.into(), self.setting(key)?)))
            .collect()
    }

    fn setting(&self, key: &str) -> Option<String> {
        self.settings.get(key).map(|setting| match &setting.value {
            serde_json::Value::String(text) => text.clone(),
            other => other.to_string(),
        })
    }

    /// The settings as `(key, value, origin)`.
    pub fn recorded(&self) -> impl Iterator<Item = (&str, &serde_json::Value, &str)> {
        self.settings
            .iter()
            .map(|(key, setting)| (key.as_str(), &setting.value, setting.origin.as_str()))
    }
}
