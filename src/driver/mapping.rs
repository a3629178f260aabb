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
    let mut found = Vec::new();
    for server in &servers {
        found.push(look_up(server, local).await?);
    }
    let asked: Vec<_> = of_one_family(&found).into_iter().zip(servers).collect();
    let asking = tokio::task::spawn_blocking(move || {
        let mapping = agreed(&asked, |server| {
            stun::mapped(&mut socket, server, &rand::random())
        })?;
        Ok((socket, mapping))
    });
    asking
        .await
        .map_err(|error| MappingError::Internal(error.to_string()))?
}

/// One address of each server, all of one family where they have one in common: a socket has an address outside in each.
fn of_one_family(servers: &[Vec<SocketAddr>]) -> Vec<SocketAddr> {
    let is_v4 = |address: &SocketAddr| address.ip().to_canonical().is_ipv4();
    let first = |v4: Option<bool>| -> Option<Vec<SocketAddr>> {
        let fits = |address: &&SocketAddr| v4.is_none_or(|v4| v4 == is_v4(address));
        servers
            .iter()
            .map(|addresses| addresses.iter().find(fits).copied())
            .collect()
    };
    first(Some(false))
        .or_else(|| first(Some(true)))
        .or_else(|| first(None))
        .unwrap_or_default()
}

/// What `ask` hears of each server, which must not differ within a family of addresses.
fn agreed(
    servers: &[(SocketAddr, Server)],
    mut ask: impl FnMut(SocketAddr) -> Result<SocketAddr, StunError>,
) -> Result<Option<Mapping>, MappingError> {
    let mut first: Option<(Mapping, &Server)> = None;
    for (address, server) in servers {
        let seen = ask(*address)
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
            Some((mapping, _)) if mapping.address.is_ipv4() != seen.is_ipv4() => {}
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

/// The addresses of the server's that a socket bound to `local` can send to, at least one.
async fn look_up(server: &Server, local: SocketAddr) -> Result<Vec<SocketAddr>, MappingError> {
    let failed = |what: String| MappingError::Lookup(server.to_string(), what);
    let found = timeout(
        LOOKUP_DEADLINE,
        lookup_host((server.host.as_str(), server.port)),
    )
    .await
    .map_err(|_| failed(format!("not done after {} s", LOOKUP_DEADLINE.as_secs())))?
    .map_err(|error| failed(error.to_string()))?;
    let usable = usable(found, local);
    if usable.is_empty() {
        return Err(failed(format!(
            "it has no address of the family of {local}: change --listen"
        )));
    }
    Ok(usable)
}

/// Those of the addresses that a socket bound to `local` can send to.
fn usable(found: impl Iterator<Item = SocketAddr>, local: SocketAddr) -> Vec<SocketAddr> {
    // A socket bound to every IPv6 address sends to IPv4 too, by a mapped address.
    let both = local.is_ipv6() && local.ip().is_unspecified();
    let as_sent = |address| match address {
        SocketAddr::V4(v4) if both => Some((v4.ip().to_ipv6_mapped(), v4.port()).into()),
        other if other.is_ipv4() == local.is_ipv4() => Some(other),
        _ => None,
    };
    found.filter_map(as_sent).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(texts: &[&str]) -> Vec<SocketAddr> {
        texts
            .iter()
            .map(|text| text.parse().expect("an address"))
            .collect()
    }

    #[test]
    fn servers_are_asked_at_addresses_of_one_family_where_they_have_one_in_common() {
        let (v4, v6) = ("192.0.2.1:1", "[2001:db8::1]:1");
        let (other4, other6) = ("192.0.2.2:2", "[2001:db8::2]:2");
        let (mapped4, other_mapped4) = ("[::ffff:192.0.2.1]:1", "[::ffff:192.0.2.2]:2");
        let table: [(&str, [&[&str]; 3]); 6] = [
            ("[::]:9", [&[v4, v6], &[other6, other4], &[v6, other6]]),
            ("[::]:9", [&[v6, v4], &[other4], &[mapped4, other_mapped4]]),
            (
                "[::]:9",
                [&[v4], &[other4, other6], &[mapped4, other_mapped4]],
            ),
            ("[::]:9", [&[v4], &[other6], &[mapped4, other6]]),
            ("0.0.0.0:9", [&[v6, v4], &[other4, other6], &[v4, other4]]),
            ("[2001:db8::9]:9", [&[v4, v6], &[other6], &[v6, other6]]),
        ];
        for (local, [one, other, asked]) in table {
            let local: SocketAddr = local.parse().expect("an address");
            let found = [one, other].map(|texts| usable(addresses(texts).into_iter(), local));
            assert_eq!(of_one_family(&found), addresses(asked), "{found:?}");
        }
        assert!(
            usable(
                addresses(&[v6]).into_iter(),
                "0.0.0.0:9".parse().expect("one")
            )
            .is_empty()
        );
    }

    #[test]
    fn answers_are_compared_within_a_family_of_addresses() {
        let (v4, v6) = ("192.0.2.9:9", "[2001:db8::9]:9");
        for (seen, servers) in [
            ([v4, v4], Some(2)),
            ([v6, v6], Some(2)),
            ([v4, v6], Some(1)),
            ([v4, "192.0.2.9:10"], None),
            ([v6, "[2001:db8::9]:10"], None),
        ] {
            let mut answers = addresses(&seen).into_iter();
            let asked: Vec<_> = addresses(&[v4, v6])
                .into_iter()
                .map(|address| {
                    let (host, port) = (address.ip().to_string(), address.port());
                    (address, Server { host, port })
                })
                .collect();
            let mapping = agreed(&asked, |_| Ok(answers.next().expect("an answer")));
            match (mapping, servers) {
                (Ok(Some(mapping)), Some(servers)) => {
                    assert_eq!(
                        (mapping.address, mapping.servers),
                        (addresses(&seen)[0], servers)
                    );
                }
                (Err(MappingError::Symmetric { .. }), None) => {}
                (other, _) => panic!("{seen:?}: {other:?}"),
            }
        }
    }
}
