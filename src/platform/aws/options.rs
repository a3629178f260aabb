//! What a user chooses.

use super::cold::Cold;
use crate::core::processor::Processor;

/// How the account is reached; what is not given is found by the SDK's own chain.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Way {
    /// Region.
    pub region: Option<String>,
    /// Profile of the SDK's configuration files.
    pub profile: Option<String>,
    /// Where an emulator listens.
    pub endpoint_url: Option<String>,
}

/// What the package holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A program for the processor, on `provided.al2023`.
    Native,
    /// A module, on `python3.13`.
    Python,
}

/// How the function is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trigger {
    /// Its own URL.
    Url,
    /// The Invoke API.
    Invoke,
}

/// What a user chooses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// How the account is reached.
    pub way: Way,
    /// Name that the function's begins with.
    pub function_name: String,
    /// ARN of the role that the function takes; none: one is made.
    pub role: Option<String>,
    /// Bucket through which packages go that no call takes; none: one is made when it is needed.
    pub bucket: Option<String>,
    /// What the package holds.
    pub form: Form,
    /// The function's processor.
    pub processor: Processor,
    /// How it is called.
    pub trigger: Trigger,
    /// How a cold start is forced.
    pub cold: Cold,
}
