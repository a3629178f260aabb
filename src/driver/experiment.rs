//! What a run is to measure, and how.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use super::package::Template;
use crate::core::contract::Dialect;
use crate::core::message::RunHeader;
use crate::core::spending::Terms;
use crate::core::time::Nanos;
use crate::platform::FunctionSpec;

/// What is to be measured and how.
#[derive(Debug, Clone)]
pub struct Experiment {
    /// What readers need to know of the run.
    pub header: RunHeader,
    /// The function.
    pub function: FunctionSpec,
    /// What its packages are made from.
    pub template: Arc<Template>,
    /// Where the function finds it; none: where the platform says.
    pub advertise: Option<IpAddr>,
    /// Language of the datagrams.
    pub dialect: Dialect,
    /// Most probes of a session.
    pub max_exchanges: u32,
    /// Least time between probes when several are under way, ns.
    pub pace: Nanos,
    /// Seed of the packages' filling.
    pub seed: u64,
    /// What this process may use up.
    pub terms: Terms,
    /// What the run is expected to take, for the log of a new one.
    pub expected: String,
    /// What a function needs that somebody else deployed.
    pub foreign: Foreign,
}

/// What differs for a function that somebody else deployed; by default nothing does.
#[derive(Debug, Clone, Default)]
pub struct Foreign {
    /// Whose text is answered.
    pub speaker: Speaker,
    /// Further members of the request; one of ours with the same name gives way.
    pub request: serde_json::Map<String, serde_json::Value>,
    /// How long forcing a cold start does nothing but wait.
    pub cold_wait: Duration,
}

/// Who speaks to the host when datagrams are text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Speaker {
    /// Our function, which sends the attempt's token.
    #[default]
    Ours,
    /// Any, such as SeBS's own, which sends an id that the host does not know before.
    Any,
}
