//! The engine: how it is reached, with a deadline on every call, and what its errors mean for a person.

use std::io;
use std::net::{IpAddr, Ipv4Addr, UdpSocket};
use std::time::Duration;

use bollard::errors::Error;
use bollard::{API_DEFAULT_VERSION, ClientVersion, Docker};
use tokio::time::timeout;

use super::{NAME, Network};
use crate::platform::hosted;
use crate::platform::{ErrorKind, PlatformError};

/// Where the engine listens unless something else is said.
const SOCKET: &str = "unix:///var/run/docker.sock";
/// Longest wait for one answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(60);

/// A port that takes and forgets (RFC 863).
const DISCARD: u16 = 9;

/// Where the engine is, and which version of its API it speaks. Clients are made of it, one for each runtime.
#[derive(Debug, Clone)]
pub struct Engine {
    place: String,
    api: ClientVersion,
    /// Its version, processor and operating system, in words.
    pub description: String,
}

impl Engine {
    /// Finds the engine: `given`, or `DOCKER_HOST`, or the local socket.
    ///
    /// # Errors
    /// When nobody answers there.
    pub async fn find(given: Option<&str>) -> Result<Self, PlatformError> {
        let place = given
            .map(str::to_owned)
            .or_else(|| {
                std::env::var("DOCKER_HOST")
                    .ok()
                    .filter(|host| !host.is_empty())
            })
            .unwrap_or_else(|| SOCKET.into());
        let mut engine = Self {
            place,
            api: *API_DEFAULT_VERSION,
            description: String::new(),
        };
        let client = engine.client()?;
        let client = engine
            .within("connect", "engine", client.negotiate_version())
            .await?;
        engine.api = client.client_version();
        let version = engine
            .within("ask version", "engine", client.version())
            .await?;
        engine.description = format!(
            "{} on {}/{}, API {}, at {}",
            version.version.unwrap_or_default(),
            version.os.unwrap_or_default(),
            version.arch.unwrap_or_default(),
            engine.api,
            engine.place
        );
        Ok(engine)
    }

    /// A client for the runtime it is used in.
    ///
    /// # Errors
    /// When the place is none that can be spoken to.
    pub fn client(&self) -> Result<Docker, PlatformError> {
        let (place, seconds) = (self.place.as_str(), ANSWER_WITHIN.as_secs());
        let client = match place.split_once("://").map(|(scheme, _)| scheme) {
            Some("unix") => Docker::connect_with_unix(place, seconds, &self.api),
            Some("tcp" | "http") => Docker::connect_with_http(place, seconds, &self.api),
            _ => {
                let what = format!(
                    "the engine's place must begin with unix://, tcp:// or http://: set --docker-host or DOCKER_HOST, such as {SOCKET}"
                );
                return Err(hosted::error(
                    NAME,
                    ErrorKind::Config,
                    "connect",
                    place,
                    what,
                ));
            }
        };
        client.map_err(|error| self.explain("connect", "engine", &error))
    }

    /// Waits for an answer of the engine, not for ever.
    ///
    /// # Errors
    /// When it does not come in time or is an error.
    pub async fn within<T>(
        &self,
        operation: &'static str,
        resource: &str,
        answer: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, PlatformError> {
        match timeout(ANSWER_WITHIN, answer).await {
            Ok(answer) => answer.map_err(|error| self.explain(operation, resource, &error)),
            Err(_) => Err(self.explain(operation, resource, &Error::RequestTimeoutError)),
        }
    }

    fn explain(&self, operation: &'static str, resource: &str, error: &Error) -> PlatformError {
        let place = &self.place;
        let absent = || {
            format!(
                "no engine answers at {place}: is dockerd running? Start it (`sudo systemctl start docker`), or name another with --docker-host or DOCKER_HOST"
            )
        };
        let (kind, what, status) = match error {
            Error::DockerResponseServerError {
                status_code,
                message,
            } => {
                let kind = match status_code {
                    404 => ErrorKind::NotFound,
                    409 => ErrorKind::Conflict,
                    400 => ErrorKind::Config,
                    _ => ErrorKind::Internal,
                };
                let advice = if message.contains("No such image") {
                    format!(": fetch it with `docker pull {resource}`")
                } else {
                    String::new()
                };
                let what = format!("the engine at {place} says: {}{advice}", message.trim());
                (kind, what, Some(*status_code))
            }
            Error::RequestTimeoutError => {
                let seconds = ANSWER_WITHIN.as_secs();
                let what = format!(
                    "the engine at {place} did not answer within {seconds} s; look at `docker info` and dockerd's log"
                );
                (ErrorKind::Timeout, what, None)
            }
            Error::SocketNotFoundError(_) => (ErrorKind::Transport, absent(), None),
            other => match cause(other) {
                Some(io::ErrorKind::PermissionDenied) => {
                    let what = format!(
                        "this user may not open {place}: add them to its group (`sudo usermod -aG docker $USER`, then log in again)"
                    );
                    (ErrorKind::Permission, what, None)
                }
                Some(io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused) => {
                    (ErrorKind::Transport, absent(), None)
                }
                _ => (ErrorKind::Transport, format!("{place}: {other}"), None),
            },
        };
        PlatformError {
            status,
            ..hosted::error(NAME, kind, operation, resource, what)
        }
    }

    /// The address at which containers on this network reach the host.
    ///
    /// # Errors
    /// When the network has none, or it is not this host's.
    pub async fn host_address(
        &self,
        client: &Docker,
        network: Network,
    ) -> Result<IpAddr, PlatformError> {
        if network == Network::Host {
            return Ok(Ipv4Addr::LOCALHOST.into());
        }
        let name = network.name();
        let inspected = self
            .within("inspect", name, client.inspect_network(name, None))
            .await?;
        let missing =
            |what| hosted::error(NAME, ErrorKind::Unsupported, "find gateway", name, what);
        let configs = inspected.ipam.and_then(|ipam| ipam.config);
        let gateway = configs
            .into_iter()
            .flatten()
            .find_map(|config| {
                let named = config.gateway.and_then(|gateway| gateway.parse().ok());
                named.or_else(|| own_address_in(&config.subnet?))
            })
            .ok_or_else(|| {
                missing(
                    "the network has neither a gateway nor an address of this machine: use --network host"
                        .into(),
                )
            })?;
        UdpSocket::bind((gateway, 0)).map_err(|error| {
            missing(format!(
                "its gateway {gateway} is no address of this machine ({error}), so the engine is on another or in a virtual one: run sebs-tui where the engine is"
            ))
        })?;
        Ok(gateway.into())
    }
}

/// This machine's address in an IPv4 subnet such as `172.17.0.0/16`, by which it would send there: the engine names no
/// gateway for its own bridge until it is started again, but the bridge has the address already. Nothing is sent.
fn own_address_in(subnet: &str) -> Option<Ipv4Addr> {
    let (base, bits) = subnet.split_once('/')?;
    let base = base.parse::<Ipv4Addr>().ok()?.to_bits();
    let mask = u32::MAX.checked_shl(32 - bits.parse::<u32>().ok().filter(|bits| *bits <= 32)?)?;
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    let neighbour = Ipv4Addr::from_bits((base & mask) | 2);
    socket.connect((neighbour, DISCARD)).ok()?;
    match socket.local_addr().ok()?.ip() {
        IpAddr::V4(address) if address.to_bits() & mask == base & mask => Some(address),
        _ => None,
    }
}

/// The kind of the I/O error beneath.
fn cause(error: &Error) -> Option<io::ErrorKind> {
    let mut next: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = next {
        if let Some(error) = error.downcast_ref::<io::Error>() {
            return Some(error.kind());
        }
        next = error.source();
    }
    None
}
