//! What the function and its platform say of one invocation.

use serde::{Deserialize, Serialize};

use super::contract::{StampKind, StopReason};
use super::time::Nanos;

/// What the platform's own books say of an invocation, where it keeps any.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct PlatformRecord {
    /// It was a cold start.
    pub cold: Option<bool>,
    /// Initialisation before the handler, ns (AWS: `Init Duration`).
    #[serde(default)]
    pub init: Option<Nanos>,
    /// Time that is paid for, ns (AWS: `Billed Duration`).
    #[serde(default)]
    pub billed: Option<Nanos>,
}

/// By which value an environment is known that was made after the last forced cold start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColdNonce {
    /// The one that was set.
    pub set: String,
    /// The one that the function answered.
    pub answered: Option<String>,
}

/// What the function said of itself, on the function's clock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FunctionReport {
    /// From the function's process: nothing was served by it before.
    pub is_cold: bool,
    /// What the platform's own record says, where it keeps one.
    pub platform_cold: Option<bool>,
    /// Initialisation by the platform's record, ns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub init: Option<Nanos>,
    /// Time paid for by the platform's record, ns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub billed: Option<Nanos>,
    /// The platform's request id.
    pub request_id: String,
    /// Random name of the function's process.
    pub instance_id: String,
    /// Which invocation of this process it was, from 1.
    pub invocation: u32,
    /// Start of the process, ns since the epoch.
    pub process_start: Nanos,
    /// The handler's first instruction, ns since the epoch.
    pub handler_entry: Nanos,
    /// Time stamps the function could get.
    pub stamps: StampKind,
    /// Why it stopped exchanging datagrams; none when it could not begin.
    #[serde(default)]
    pub stop: Option<StopReason>,
    /// What kept it from exchanging datagrams, or ended that early.
    #[serde(default)]
    pub clock_error: Option<String>,
    /// Kernel stamps that either end threw away because they contradicted the user-space ones.
    #[serde(default)]
    pub implausible: u32,
    /// How its environment is known to be a new one; none where the platform sets nothing for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cold_nonce: Option<ColdNonce>,
}

impl FunctionReport {
    /// Whether an environment answered that should not have been there any more.
    pub fn is_outdated(&self) -> bool {
        let differs = |nonce: &ColdNonce| nonce.answered.as_ref() != Some(&nonce.set);
        self.cold_nonce.as_ref().is_some_and(differs)
    }
}
