//! Where the host answers datagrams, and where functions are told that it does.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use super::echo::Echo;
use super::{DriverError, mapping};
use crate::core::checkup::address::Found;
use crate::core::live::Live;
use crate::core::stun::Server;
use crate::net::Socket;
use crate::platform::{Platform, Reach};

/// Begins to answer datagrams at `listen`, telling `live` of strays; before that, `servers` are asked how they see the
/// socket.
///
/// # Errors
/// When no socket can be bound there, or a server tells no address.
pub async fn listen(
    listen: SocketAddr,
    servers: Vec<Server>,
    live: Arc<Live>,
) -> Result<Echo, DriverError> {
    let failed = |source| DriverError::Listen { listen, source };
    let socket = Socket::bind(listen).map_err(failed)?;
    let (socket, mapping) = mapping::ask(socket, servers).await?;
    Echo::behind(socket, mapping, live).map_err(failed)
}

/// Where the function is told to send its datagrams, and how that is known: as the user says, else as STUN servers see
/// the socket, else where it is bound, else where the platform has this host.
///
/// # Errors
/// When nobody knows, or no datagram can get there.
pub fn advertised(
    given: Option<IpAddr>,
    platform: &dyn Platform,
    echo: &Echo,
) -> Result<(SocketAddr, Found), DriverError> {
    let listen = echo.local_addr();
    let bound = Some(listen.ip()).filter(|address| !address.is_unspecified());
    let here = |ip| SocketAddr::new(ip, listen.port());
    let (advertised, found) = match (given, echo.mapping(), bound, platform.reach()) {
        (Some(ip), ..) => (here(ip), Found::Given),
        (_, Some(mapping), ..) => (mapping.address, Found::Stun(mapping.servers)),
        (.., Some(ip), _) => (here(ip), Found::Bound),
        (.., Reach::Address(ip)) => (here(ip), Found::Platform),
        (.., Reach::Unknown) => return Err(DriverError::Unreachable(platform.name())),
    };
    // A socket bound to every IPv6 address also takes IPv4.
    let both = listen.is_ipv6() && listen.ip().is_unspecified();
    if !both && listen.is_ipv6() != advertised.is_ipv6() {
        let advertised = advertised.ip();
        return Err(DriverError::Families { listen, advertised });
    }
    Ok((advertised, found))
}
