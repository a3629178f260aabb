//! Where a value came from, and what is wrong with one that cannot be used.

use std::fmt;
use std::path::PathBuf;

use super::table::{Setting, TABLE};

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// The table.
    Default,
    /// Drawn at random by this process.
    Drawn,
    /// SeBS's JSON.
    SebsConfig(PathBuf),
    /// A TOML file.
    File(PathBuf),
    /// This variable.
    Variable(String),
    /// This flag.
    Flag(String),
    /// A run that is resumed, with what it had recorded as the origin.
    Recorded(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::Drawn => f.write_str("drawn at random"),
            Self::SebsConfig(path) | Self::File(path) => write!(f, "{}", path.display()),
            Self::Variable(name) => f.write_str(name),
            Self::Flag(name) => write!(f, "flag {name}"),
            Self::Recorded(origin) => write!(f, "the resumed run ({origin})"),
        }
    }
}

/// A setting that cannot be used: says where, which, the value, and what is allowed.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// A file cannot be read.
    #[error("{}: cannot be read: {source}", path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file is no TOML, or no JSON.
    #[error("{}: not valid {format}: {what}", path.display())]
    Syntax {
        /// Which file.
        path: PathBuf,
        /// `TOML` or `JSON`.
        format: &'static str,
        /// What and where.
        what: String,
    },
    /// There is no such setting.
    #[error("{place}: unknown setting \"{key}\"; {}", instead(key))]
    Unknown {
        /// File or variable.
        place: Origin,
        /// The key.
        key: String,
    },
    /// The value is not allowed.
    #[error("{place}: {key} = {value}: it must be {allowed}")]
    Bad {
        /// File, variable or flag.
        place: Origin,
        /// The key.
        key: String,
        /// The value.
        value: String,
        /// What is allowed.
        allowed: String,
    },
    /// A range is upside down.
    #[error("{begin} = {} ({}) must not be above {end} = {} ({})", values[0], origins[0], values[1], origins[1])]
    UpsideDown {
        /// Key of the lower end.
        begin: &'static str,
        /// Key of the upper end.
        end: &'static str,
        /// Both values.
        values: [i64; 2],
        /// Their origins.
        origins: Box<[Origin; 2]>,
    },
    /// A resumed run keeps its settings.
    #[error(
        "{flag} {given}: a resumed run keeps its settings, and it has {recorded}; leave the flag out or begin a new run"
    )]
    Fixed {
        /// The flag.
        flag: String,
        /// What was asked for.
        given: String,
        /// What the run has.
        recorded: String,
    },
}

/// The error for a value that `setting` does not take.
pub(super) fn bad(
    place: Origin,
    key: &str,
    value: &dyn fmt::Display,
    setting: &Setting,
) -> SettingsError {
    SettingsError::Bad {
        place,
        key: key.into(),
        value: value.to_string(),
        allowed: setting.kind.allowed(),
    }
}

/// What may have been meant by a key that is none.
fn instead(key: &str) -> String {
    if let Some(alike) = nearest(key) {
        return format!("did you mean \"{alike}\"?");
    }
    let keys: Vec<_> = TABLE.iter().map(|setting| setting.key).collect();
    format!("the settings are: {}", keys.join(", "))
}

/// The key that is most like this one, if one is.
pub(super) fn nearest(key: &str) -> Option<&'static str> {
    /// As clap has it for flags.
    const ALIKE: f64 = 0.8;
    let likeness = |setting: &Setting| strsim::jaro(key, setting.key);
    TABLE
        .iter()
        .map(|setting| (likeness(setting), setting.key))
        .filter(|(likeness, _)| *likeness > ALIKE)
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .map(|(_, key)| key)
}
