//! What ends a run before its time.

use std::error::Error;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use super::mapping::MappingError;
use crate::platform::{ErrorKind, PlatformError, Retry};

/// What ends a run before its time.
#[derive(Debug, thiserror::Error)]
pub enum DriverError {
    /// The UDP socket.
    #[error(
        "cannot exchange datagrams at {listen}: {source}; choose another address with --listen"
    )]
    Listen {
        /// Where.
        listen: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// The address outside is not known.
    #[error(transparent)]
    Mapping(#[from] MappingError),
    /// The platform is not ready.
    #[error(transparent)]
    Platform(#[from] PlatformError),
    /// It was looked at, and no run is possible.
    #[error("{platform} is not ready: {what}")]
    NotReady {
        /// Its name.
        platform: &'static str,
        /// What was found, and what to change.
        what: String,
    },
    /// Nobody knows where the function finds the host.
    #[error(
        "{0} does not say where its functions find this host; give an address with --advertise ADDR or stun:HOST, or do without datagrams: --sync http"
    )]
    Unreachable(&'static str),
    /// No datagram can get from one to the other.
    #[error(
        "functions cannot reach {listen} at {advertised}: one is IPv4, the other IPv6; change --listen or --advertise"
    )]
    Families {
        /// Where the socket is bound.
        listen: SocketAddr,
        /// What the function would be told.
        advertised: IpAddr,
    },
    /// Results cannot be kept, so none are taken.
    #[error("the run stopped because an event could not be written down: {0}")]
    Record(Box<dyn Error + Send + Sync>),
}

/// A step on the platform of this name that was not done in time.
pub(super) fn late(
    platform: &'static str,
    (operation, resource): (&'static str, &str),
    deadline: Duration,
) -> PlatformError {
    let what = format!("not done after {} s", deadline.as_secs());
    PlatformError {
        retry: Retry::After(Duration::from_secs(1)),
        ..PlatformError::new(platform, ErrorKind::Timeout, operation, resource, what)
    }
}
