//! How STUN servers see the socket that is to answer datagrams, asked before it answers any.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::lookup_host;
use tokio::time::timeout;

use crate::core::stun::Server;
use crate::net::Socket;
use crate::net::stun::{self, StunError};

/// Looking up a server's name.
const LOOKUP_DEADLINE: Duration = Duration::from_secs(5);

/// How a socket is seen from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mapping {
    /// Its address there.
    pub address: SocketAddr,
    /// Servers that agree on it.
    pub servers: usize,
    /// The first of them.
    pub server: SocketAddr,
}

/// Why the socket's address outside is not known.
#[derive(Debug, thiserror::Error)]
pub enum MappingError {
    /// The name.
    #[error("STUN server {0}: its name is not found: {1}")]
    Lookup(String, String),
    /// The answer.
    #[error(
        "STUN server {0}: {1}; UDP may be kept from leaving this network: try another server, or --sync http"
    )]
    Server(String, StunError),
    /// Two answers.
    #[error(
        "{first}, {second}: the NAT gives each destination another address (symmetric NAT), so functions cannot find this \
         host; forward a port and give it with --advertise and --listen, or do without datagrams: --sync http"
    )]
    Symmetric {
        /// One server and what it sees.
        first: String,
        /// The other.
        second: String,
    },
    /// A fault of ours.
    #[error("asking STUN servers failed: {0}")]
    Internal(String),
}

/// Asks each of `servers`, one after the other, and hands the socket back.
///
/// # Errors
/// When one does not tell, or they do not agree.
pub async fn ask(
    mut socket: Socket,
    servers: Vec<Server>,
) -> Result<(Socket, Option<Mapping>), MappingError> {
    let local = socket
        .local_addr()
        .map_err(|error| MappingError::Internal(error.to_string()))?;
    let mut addresses = Vec::new();
    for server in servers {
        addresses.push((look_up(&server, local).await?, server));
    }
    let asking = tokio::task::spawn_blocking(move || {
        let mapping = agreed(&mut socket, &addresses)?;
        Ok((socket, mapping))
    });
    asking
        .await
        .map_err(|error| MappingError::Internal(error.to_string()))?
}

fn agreed(
    socket: &mut Socket,
    servers: &[(SocketAddr, Server)],
) -> Result<Option<Mapping>, MappingError> {
    let mut first: Option<(Mapping, &Server)> = None;
    for (address, server) in servers {
        let seen = stun::mapped(socket, *address, &rand::random())
            .map_err(|error| MappingError::Server(format!("{server} ({address})"), error))?;
        match &mut first {
            None => {
                let mapping = Mapping {
                    address: seen,
                    servers: 1,
                    server: *address,
                };
                first = Some((mapping, server));
            }
            Some((mapping, _)) if mapping.address == seen => mapping.servers += 1,
            Some((mapping, before)) => {
                let told = |server: &Server, address| format!("{server} sees {address}");
                return Err(MappingError::Symmetric {
                    first: told(before, mapping.address),
                    second: told(server, seen),
                });
            }
        }
    }
    Ok(first.map(|(mapping, _)| mapping))
}

/// An address of the server's that a socket bound to `local` can send to.
async fn look_up(server: &Server, local: SocketAddr) -> Result<SocketAddr, MappingError> {
    let failed = |what: String| MappingError::Lookup(server.to_string(), what);
    let found = timeout(
        LOOKUP_DEADLINE,
        lookup_host((server.host.as_str(), server.port)),
    )
    .await
    .map_err(|_| failed(format!("not done after {} s", LOOKUP_DEADLINE.as_secs())))?
    .map_err(|error| failed(error.to_string()))?;
    let found: Vec<SocketAddr> = found.collect();
    let same = found
        .iter()
        .find(|address| address.is_ipv4() == local.is_ipv4());
    // A socket bound to every IPv6 address sends to IPv4 too, by a mapped address.
    let both = local.is_ipv6() && local.ip().is_unspecified();
    let mapped = || {
        let v4 = found.iter().find(|_| both)?;
        match v4 {
            SocketAddr::V4(v4) => Some((v4.ip().to_ipv6_mapped(), v4.port()).into()),
            SocketAddr::V6(_) => None,
        }
    };
    same.copied().or_else(mapped).ok_or_else(|| {
        failed(format!(
            "it has no address of the family of {local}: change --listen"
        ))
    })
}
