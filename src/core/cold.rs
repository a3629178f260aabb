//! Ways to force a cold start, as a user names them.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A way to force a cold start.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum ColdMethod {
    /// The platform's surest.
    #[default]
    Auto,
    /// A change of the function's configuration.
    Config,
    /// A new version of its code.
    Publish,
    /// Leaving it alone for so long.
    Idle(Duration),
    /// A command of the user's, run by the shell.
    Command(String),
    /// A POST request to this URL.
    Webhook(String),
    /// There is none: cold samples are skipped.
    None,
}

/// The text names no way.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no way to force a cold start: {WAYS}")]
pub struct BadColdMethod(String);

/// What is allowed, to end the sentence "it must be …".
pub const WAYS: &str = "\"auto\", \"config\", \"publish\", \"idle:15m\" (s, m or h), \"command:…\", \"webhook:http…\" or \"none\"";

impl FromStr for ColdMethod {
    type Err = BadColdMethod;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bad = || BadColdMethod(text.into());
        Ok(match text.split_once(':') {
            None => match text {
                "auto" => Self::Auto,
                "config" => Self::Config,
                "publish" => Self::Publish,
                "none" => Self::None,
                _ => return Err(bad()),
            },
            Some(("idle", length)) => Self::Idle(duration(length).ok_or_else(bad)?),
            Some(("command", command)) if !command.is_empty() => Self::Command(command.into()),
            Some(("webhook", url)) if url.starts_with("http") => Self::Webhook(url.into()),
            Some(_) => return Err(bad()),
        })
    }
}

/// `90s`, `15m`, `1h`.
fn duration(text: &str) -> Option<Duration> {
    let unit = match text.bytes().last()? {
        b's' => 1,
        b'm' => 60,
        b'h' => 3600,
        _ => return None,
    };
    let count: u64 = text[..text.len() - 1].parse().ok()?;
    (count > 0).then_some(Duration::from_secs(count.checked_mul(unit)?))
}

impl fmt::Display for ColdMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Config => f.write_str("config"),
            Self::Publish => f.write_str("publish"),
            Self::Idle(length) => match length.as_secs() {
                seconds if seconds % 3600 == 0 => write!(f, "idle:{}h", seconds / 3600),
                seconds if seconds % 60 == 0 => write!(f, "idle:{}m", seconds / 60),
                seconds => write!(f, "idle:{seconds}s"),
            },
            Self::Command(command) => write!(f, "command:{command}"),
            Self::Webhook(url) => write!(f, "webhook:{url}"),
            Self::None => f.write_str("none"),
        }
    }
}

impl Serialize for ColdMethod {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ColdMethod {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_reads_back_as_it_is_written() {
        for text in [
            "auto",
            "config",
            "publish",
            "idle:90s",
            "idle:15m",
            "idle:2h",
            "command:kubectl rollout restart deploy/f",
            "webhook:https://example.org/restart",
            "none",
        ] {
            let method: ColdMethod = text.parse().unwrap();
            assert_eq!(method.to_string(), text);
        }
    }

    #[test]
    fn what_names_no_way_is_refused_with_the_ways_there_are() {
        for text in [
            "",
            "warm",
            "idle",
            "idle:",
            "idle:0m",
            "idle:5",
            "idle:m",
            "command:",
            "webhook:ftp://x",
        ] {
            let error = text.parse::<ColdMethod>().unwrap_err().to_string();
            assert!(error.contains("idle:15m"), "{error}");
        }
    }
}
