//! What platforms share that host the functions themselves, with the steps of a cloud.
//!
//! ```text
//! deploy ──► packages/<sha256>.zip
//!                    │ put into the environment by every cold start, inside its measured time
//!                    ▼
//! POST ──► gateway ──► fleet ──► environment (a platform's Dwelling) ◄──► Runtime API (AWS Lambda's)
//! ```
//!
//! What differs is how an environment is made, see [`Housing`](environment::Housing), and what a platform has beside: see
//! [`Premises`](platform::Premises).

mod answer;
pub mod archive;
pub mod environment;
mod fault;
mod fleet;
mod gateway;
pub mod home;
mod host;
mod http;
pub mod platform;
mod runtime_api;

use std::io;

pub use self::host::{Host, Leftovers};
use super::{ErrorKind, PlatformError};

/// Does what blocks outside the threads that serve requests.
pub async fn blocking<T: Send + 'static>(
    platform: &'static str,
    operation: &'static str,
    resource: &str,
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, PlatformError> {
    let done = tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|panic| Err(io::Error::other(panic)));
    done.map_err(|why| {
        error(
            platform,
            ErrorKind::Internal,
            operation,
            resource,
            why.to_string(),
        )
    })
}

/// An error of this platform that another try does not help.
pub fn error(
    platform: &'static str,
    kind: ErrorKind,
    operation: &'static str,
    resource: &str,
    what: String,
) -> PlatformError {
    PlatformError::new(platform, kind, operation, resource, what)
}
