//! Where functions run: one trait, its limits and its errors.
//!
//! Invoking is not in it: one HTTP client, shared by all, keeps platforms comparable.

#[cfg(feature = "aws")]
pub mod aws;
pub mod cleaning;
pub mod context;
#[cfg(feature = "docker")]
pub mod docker;
pub mod endpoint;
mod facing;
mod hosted;
pub mod ledger;
pub mod local;
pub mod origin;

use std::fmt::{self, Write};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use async_trait::async_trait;
use hyper::body::Bytes;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::core::contract::Reply;
use crate::core::plan::{Deployment, Limits};
use crate::core::processor::Processor;
use crate::core::sample::PlatformRecord;

pub use crate::core::checkup::Verdict;

/// How sure a forced cold start is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guarantee {
    /// After `force_cold` no older environment can be chosen.
    Guaranteed,
    /// Usually; the function's own word decides.
    BestEffort,
    /// There is no way.
    Impossible,
}

/// What a platform can do, known before anything is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Abilities {
    /// Who puts the function there.
    pub deployment: Deployment,
    /// Largest payload and package.
    pub limits: Limits,
    /// How sure a forced cold start is.
    pub cold: Guarantee,
    /// How it is forced, in a few words.
    pub cold_method: String,
    /// Idle time after which an environment may be gone, so that a warm-up is due.
    pub keep_warm: Duration,
    /// Most invocations in a minute that the platform takes; none: no such limit is known.
    pub invocations_per_minute: Option<u32>,
    /// Processor that the function runs on; none: this host's, as far as is known.
    pub processor: Option<Processor>,
}

impl Abilities {
    /// Why no cold start can be had, and what to do; none: it can.
    pub fn no_cold(&self) -> Option<String> {
        (self.cold == Guarantee::Impossible).then(|| {
            "there is no way to force a cold start here: name one with --cold-method, such as command:…, webhook:http… or idle:15m".into()
        })
    }
}

/// Where the function finds the host's UDP port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// At this address of the host.
    Address(IpAddr),
    /// At an address the user must give.
    Unknown,
}

/// What is to be deployed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionSpec {
    /// Name of the function.
    pub name: String,
    /// Memory, MB.
    pub memory_mb: u32,
    /// Time-out of an invocation.
    pub timeout: Duration,
    /// Entry point for runtimes that need one: `handler.handler`.
    pub handler: String,
}

/// A zip with the function in it.
#[derive(Debug, Clone)]
pub struct Package {
    /// The zip's bytes.
    pub bytes: Bytes,
    /// Their SHA-256, hex.
    pub sha256: String,
}

impl Package {
    /// The package of these bytes, which are hashed.
    pub fn new(bytes: Bytes) -> Self {
        let mut sha256 = String::with_capacity(64);
        for byte in Sha256::digest(&bytes) {
            let _ = write!(sha256, "{byte:02x}");
        }
        Self { bytes, sha256 }
    }
}

/// Where and how the function is called over HTTP. `Debug` shows no header's value: it may be a secret.
#[derive(Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// `POST` unless the user says otherwise.
    pub method: String,
    /// `http://host[:port]/path` or `https://…`.
    pub url: String,
    /// Address to connect to, where the host of the URL cannot be looked up.
    pub connect_to: Option<SocketAddr>,
    /// Further request headers.
    pub headers: Vec<(String, String)>,
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.headers.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("Endpoint")
            .field("method", &self.method)
            .field("url", &self.url)
            .field("connect_to", &self.connect_to)
            .field("headers", &names)
            .finish()
    }
}

/// The HTTP answer of an invocation.
#[derive(Debug, Clone)]
pub struct HttpReply {
    /// Status.
    pub status: u16,
    /// Headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: Bytes,
}

/// Something that exists because of a run.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Resource {
    /// What it is: `function`, `role`, `directory`, `container`.
    pub kind: String,
    /// Its name or path, as the platform's own tools take it.
    pub name: String,
}

/// What a platform holds with this program's tag, of any run.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tagged {
    /// Each thing with its tag, in the order in which things are made: the last is removed first.
    pub things: Vec<(String, Resource)>,
    /// What could not be looked at, so that something may be left there: why, and what to do.
    pub unseen: Vec<String>,
}

/// One thing that was looked at before a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What was looked at, in a word or two: `credentials`, `region`, `engine`.
    pub subject: &'static str,
    /// How good it is.
    pub verdict: Verdict,
    /// What was found, and what to change when it is not good.
    pub text: String,
}

/// What kind of failure it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ErrorKind {
    /// A setting is wrong.
    Config,
    /// There are no credentials, or they are not accepted.
    Credentials,
    /// The credentials do not allow it.
    Permission,
    /// Something else is changing it just now.
    Conflict,
    /// The platform asks to be called less often.
    Throttled,
    /// It is not there.
    NotFound,
    /// A limit was found exceeded before anything was sent.
    TooLarge {
        /// The limit, bytes.
        limit: u64,
        /// What was asked for, bytes.
        got: u64,
    },
    /// The platform cannot do it.
    Unsupported,
    /// A deadline passed.
    Timeout,
    /// The network failed.
    Transport,
    /// The answer makes no sense.
    Protocol,
    /// The function failed.
    Function,
    /// A fault of the host or of ours.
    Internal,
}

/// Whether another try may help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// No.
    No,
    /// Not before this has passed.
    After(Duration),
}

/// What failed on a platform: says which operation, on what, why, and what may help.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{platform}: {operation} {resource}: {what}")]
pub struct PlatformError {
    /// Kind.
    pub kind: ErrorKind,
    /// Platform's name.
    pub platform: &'static str,
    /// Operation: `unpack`, `start`, …
    pub operation: &'static str,
    /// What it was done to.
    pub resource: Box<str>,
    /// What went wrong, with the value that shows it, and what to do.
    pub what: String,
    /// HTTP status, where there was one.
    pub status: Option<u16>,
    /// Whether to try again.
    pub retry: Retry,
}

impl PlatformError {
    /// An error without an HTTP status, that another try does not help.
    pub fn new(
        platform: &'static str,
        kind: ErrorKind,
        operation: &'static str,
        resource: &str,
        what: String,
    ) -> Self {
        Self {
            kind,
            platform,
            operation,
            resource: resource.into(),
            what,
            status: None,
            retry: Retry::No,
        }
    }
}

/// A platform on which the experiment can run. One value serves one run and owns at most one function.
#[async_trait]
pub trait Platform: Send + Sync {
    /// Its name: `local`.
    fn name(&self) -> &'static str;

    /// Known before anything is sent.
    fn abilities(&self) -> Abilities;

    /// Where the function finds the host.
    fn reach(&self) -> Reach;

    /// Reads only: is everything there that a run needs? What is not is a [`Verdict::Bad`] finding, so that all are
    /// told at once; an error only when nothing could be looked at.
    async fn preflight(&self) -> Result<Vec<Finding>, PlatformError>;

    /// Creates or adopts the function with this package; returns when it can be invoked. Like `update_code` it is not
    /// called where somebody else deploys.
    async fn ensure_function(
        &self,
        spec: &FunctionSpec,
        package: &Package,
    ) -> Result<(), PlatformError>;

    /// Replaces its code; does nothing when the hash is the deployed one; returns when it is live.
    async fn update_code(&self, package: &Package) -> Result<(), PlatformError>;

    /// No environment of before will serve the next invocation, or the best that can be done for it.
    async fn force_cold(&self) -> Result<(), PlatformError>;

    /// The [`COLD_NONCE`](crate::core::contract::COLD_NONCE) that was set by the last forced cold start: environments
    /// of before answer another. None where it is not by a nonce that they are told apart.
    fn cold_nonce(&self) -> Option<String> {
        None
    }

    /// How to call it with this body, which a signature may cover.
    async fn endpoint(&self, body: &Bytes) -> Result<Endpoint, PlatformError>;

    /// Unwraps the function's answer.
    fn decode(&self, reply: &HttpReply) -> Result<Reply, PlatformError>;

    /// What the platform's own books have of this invocation, from its answer or its records.
    async fn record(&self, request_id: &str, reply: &HttpReply) -> PlatformRecord;

    /// What exists because of this run.
    async fn owned(&self) -> Vec<Resource>;

    /// What is found on the platform with this program's tag, of any run.
    async fn tagged(&self) -> Result<Tagged, PlatformError>;

    /// Removes one thing, of this run or an earlier one; that it is not there is no error.
    async fn remove(&self, resource: &Resource) -> Result<(), PlatformError>;

    /// The command by which a person removes it.
    fn removal_command(&self, resource: &Resource) -> String;

    /// Removes everything owned; harmless when nothing is.
    async fn destroy(&self) -> Result<(), PlatformError>;
}
