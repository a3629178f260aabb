//! Values that are chosen by a word.

use std::fmt::Display;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::core::simulation;

/// A platform this program knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlatformName {
    /// This machine.
    Local,
    /// Containers.
    Docker,
    /// AWS Lambda.
    Aws,
    /// A function that somebody else deployed.
    Endpoint,
    /// Nowhere: everything is made up.
    Simulated,
}

impl PlatformName {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Docker => "docker",
            Self::Aws => "aws",
            Self::Endpoint => "endpoint",
            Self::Simulated => simulation::NAME,
        }
    }
}

/// The function's form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Runtime {
    /// A small program without an interpreter.
    Native,
    /// Python.
    Python,
}

impl Runtime {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Python => "python",
        }
    }
}

/// How a function of AWS is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trigger {
    /// Its own URL.
    Url,
    /// The Invoke API.
    Invoke,
}

/// Order of the samples; the seed is a setting of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderName {
    /// See [`crate::core::plan::Order::Sebs`].
    Sebs,
    /// See [`crate::core::plan::Order::Shuffled`].
    Shuffled,
}

/// Colours of the dashboard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Theme {
    /// Colour where the terminal has it and `NO_COLOR` is not set.
    Auto,
    /// Colour.
    Colour,
    /// No colour.
    Mono,
}

/// Characters of the dashboard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Glyphs {
    /// By the locale.
    Auto,
    /// Box drawing and blocks.
    Utf8,
    /// ASCII alone.
    Ascii,
}

/// A value that the program finds by itself unless it is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Auto<T> {
    /// The program finds it.
    Auto,
    /// This one.
    Given(T),
}

impl<T: Display> Serialize for Auto<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Auto => serializer.serialize_str("auto"),
            Self::Given(value) => serializer.collect_str(value),
        }
    }
}

impl<'de, T: FromStr<Err: Display>> Deserialize<'de> for Auto<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match String::deserialize(deserializer)?.as_str() {
            "auto" => Ok(Self::Auto),
            text => text
                .parse()
                .map(Self::Given)
                .map_err(serde::de::Error::custom),
        }
    }
}
