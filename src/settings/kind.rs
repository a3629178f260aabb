//! What a setting accepts: reading it, checking it, and saying what is allowed.

use std::net::SocketAddr;

use toml::Value;

use super::advertise::Advertise;
use crate::core::cold::{ColdMethod, WAYS};
use crate::core::simulation::{PRESETS, World};

/// What a setting accepts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    /// A whole number, both ends included.
    Integer {
        /// Smallest.
        least: i64,
        /// Largest.
        most: i64,
    },
    /// A number within plus or minus this.
    Number {
        /// Largest absolute value.
        most: f64,
    },
    /// A share above 0 % and up to 100 %, with or without the sign.
    Percent,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// A name that every platform takes.
    Name,
    /// `auto`, or an address and a port to listen on.
    Endpoint,
    /// `auto`, an address, or STUN servers.
    Host,
    /// A way to force a cold start.
    Cold,
    /// Any text that is not empty; the word stands for it in the help.
    Text(&'static str),
    /// A number above 0.
    Positive,
    /// Path of a directory.
    Directory,
    /// Laws of a simulated world.
    World,
}

impl Kind {
    /// What is allowed, to end the sentence "it must be …".
    pub fn allowed(&self) -> String {
        match self {
            Self::Integer { least, most } => format!("a whole number from {least} to {most}"),
            Self::Number { most } => format!("a number from -{most} to {most}"),
            Self::Percent => "a percentage above 0 and at most 100, such as \"5%\"".into(),
            Self::Choice([only]) => format!("\"{only}\""),
            Self::Choice(words) => format!("one of {}", quoted(words)),
            Self::Name => "1 to 64 letters, digits, '-' or '_'".into(),
            Self::Endpoint => {
                "\"auto\" or an address with a port, such as \"10.0.0.7:12000\"".into()
            }
            Self::Host => "\"auto\" or a numeric address, such as \"203.0.113.5\", or one or two STUN servers, such as \"stun:stun.example.org\" or \"stun:a.example:3478,stun:b.example\"".into(),
            Self::Cold => WAYS.into(),
            Self::Text(_) => "text that is not empty".into(),
            Self::Positive => "a number above 0".into(),
            Self::Directory => "the path of a directory".into(),
            Self::World => {
                let names: Vec<&str> = PRESETS.iter().map(|(name, _)| *name).collect();
                format!(
                    "names of worlds ({}) and laws, separated by commas, such as \"wan,loss=0.02,lies=0.1\"",
                    names.join(", ")
                )
            }
        }
    }

    /// Reads the text of a flag or a variable.
    pub fn parse(&self, text: &str) -> Option<Value> {
        let value = match self {
            Self::Integer { .. } => Value::Integer(text.parse().ok()?),
            Self::Number { .. } | Self::Positive => Value::Float(text.parse().ok()?),
            Self::Percent => Value::Float(
                text.strip_suffix('%')
                    .unwrap_or(text)
                    .trim_end()
                    .parse()
                    .ok()?,
            ),
            _ => Value::String(text.into()),
        };
        self.accept(value)
    }

    /// The value as it is kept, when it is allowed.
    pub fn accept(&self, value: Value) -> Option<Value> {
        let auto_or = |text: &str, fits: bool| text == "auto" || fits;
        let allowed = match (self, &value) {
            (Self::Integer { least, most }, Value::Integer(number)) => {
                (least..=most).contains(&number)
            }
            (Self::Number { most }, Value::Float(number)) => number.abs() <= *most,
            (Self::Number { most }, Value::Integer(number)) => {
                let number = *number as f64;
                return (number.abs() <= *most).then_some(Value::Float(number));
            }
            (Self::Positive, Value::Float(number)) => *number > 0.0 && number.is_finite(),
            (Self::Percent, Value::String(text)) => return self.parse(text),
            (Self::Positive | Self::Percent, Value::Integer(number)) => {
                return self.accept(Value::Float(*number as f64));
            }
            (Self::Percent, Value::Float(number)) => *number > 0.0 && *number <= 100.0,
            (Self::Choice(words), Value::String(text)) => words.contains(&text.as_str()),
            (Self::Name, Value::String(text)) => {
                let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
                (1..=64).contains(&text.len()) && text.chars().all(plain)
            }
            (Self::Endpoint, Value::String(text)) => {
                auto_or(text, text.parse::<SocketAddr>().is_ok())
            }
            (Self::Host, Value::String(text)) => text.parse::<Advertise>().is_ok(),
            (Self::Cold, Value::String(text)) => text.parse::<ColdMethod>().is_ok(),
            (Self::Directory | Self::Text(_), Value::String(text)) => !text.is_empty(),
            (Self::World, Value::String(text)) => text.parse::<World>().is_ok(),
            _ => false,
        };
        allowed.then_some(value)
    }

    /// Placeholder of the value in the help.
    pub fn placeholder(&self) -> &'static str {
        match self {
            Self::Integer { .. } | Self::Number { .. } | Self::Positive => "NUMBER",
            Self::Cold => "WAY",
            Self::Text(word) => word,
            Self::Percent => "PERCENT",
            Self::Choice(_) => "WORD",
            Self::Name => "NAME",
            Self::Endpoint => "ADDR:PORT",
            Self::Host => "ADDR|stun:HOST",
            Self::Directory => "DIR",
            Self::World => "LAWS",
        }
    }
}

fn quoted(words: &[&str]) -> String {
    words
        .iter()
        .map(|word| format!("\"{word}\""))
        .collect::<Vec<_>>()
        .join(", ")
}
