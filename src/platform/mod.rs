//! Where functions run: one trait, its limits and its errors.
//!
//! Invoking is not in it: one HTTP client, shared by all, keeps platforms comparable.

pub mod local;

use std::fmt::Write;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use async_trait::async_trait;
use sha2::{Digest, Sha256};

use crate::core::contract::Reply;
use crate::core::plan::Limits;

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
    /// Largest payload and package.
    pub limits: Limits,
    /// How sure a forced cold start is.
    pub cold: Guarantee,
    /// How it is forced, in a few words.
    pub cold_method: &'static str,
    /// Idle time after which an environment may be gone, so that a warm-up is due.
    pub keep_warm: Duration,
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
    pub bytes: hyper::body::Bytes,
    /// Their SHA-256, hex.
    pub sha256: String,
}

impl Package {
    /// The package of these bytes, which are hashed.
    pub fn new(bytes: hyper::body::Bytes) -> Self {
        let mut sha256 = String::with_capacity(64);
        for byte in Sha256::digest(&bytes) {
            let _ = write!(sha256, "{byte:02x}");
        }
        Self { bytes, sha256 }
    }
}

/// Where and how the function is called over HTTP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// `http://host[:port]/path`.
    pub url: String,
    /// Address to connect to, where the host of the URL cannot be looked up.
    pub connect_to: Option<SocketAddr>,
    /// Further request headers.
    pub headers: Vec<(String, String)>,
}

/// The HTTP answer of an invocation.
#[derive(Debug, Clone)]
pub struct HttpReply {
    /// Status.
    pub status: u16,
    /// Headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: hyper::body::Bytes,
}

/// Something that exists because of this run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    /// What it is: `function`, `directory`, `process`.
    pub kind: String,
    /// Its name or path.
    pub name: String,
}

/// What kind of failure it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ErrorKind {
    /// A setting is wrong.
    Config,
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

/// A platform on which the experiment can run. One value serves one run and owns at most one function.
#[async_trait]
pub trait Platform: Send + Sync {
    /// Its name: `local`.
    fn name(&self) -> &'static str;

    /// Known before anything is sent.
    fn abilities(&self) -> Abilities;

    /// Where the function finds the host.
    fn reach(&self) -> Reach;

    /// Reads only: is everything there that a run needs? Returns notes for the log.
    async fn preflight(&self) -> Result<Vec<String>, PlatformError>;

    /// Creates or adopts the function with this package; returns when it can be invoked.
    async fn ensure_function(
        &self,
        spec: &FunctionSpec,
        package: &Package,
    ) -> Result<(), PlatformError>;

    /// Replaces its code; does nothing when the hash is the deployed one; returns when it is live.
    async fn update_code(&self, package: &Package) -> Result<(), PlatformError>;

    /// No environment of before will serve the next invocation, or the best that can be done for it.
    async fn force_cold(&self) -> Result<(), PlatformError>;

    /// How to call it.
    async fn endpoint(&self) -> Result<Endpoint, PlatformError>;

    /// Unwraps the function's answer.
    fn decode(&self, reply: &HttpReply) -> Result<Reply, PlatformError>;

    /// Whether the platform's own record has this request as a cold start.
    async fn recorded_cold(&self, request_id: &str) -> Option<bool>;

    /// What exists because of this run.
    async fn owned(&self) -> Vec<Resource>;

    /// Removes everything owned; harmless when nothing is.
    async fn destroy(&self) -> Result<(), PlatformError>;
}
