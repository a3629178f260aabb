//! Where the function is, and which of our addresses it can find us at.

use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::time::Duration;

use hyper::Uri;
use tokio::net::lookup_host;
use tokio::time::timeout;

use crate::platform::Reach;

/// Looking up the function's host, to find which of our addresses faces it.
const LOOKUP_DEADLINE: Duration = Duration::from_secs(5);

/// Host and port of a URL that can be called.
pub fn authority(url: &str) -> Result<(String, u16), String> {
    let parsed: Uri = url.parse().map_err(|error| format!("{error}"))?;
    let usual_port = match parsed.scheme_str() {
        Some("http") => 80,
        Some("https") => 443,
        _ => return Err("it must begin with http:// or https://".into()),
    };
    let authority = parsed.authority().ok_or("it names no host")?;
    if authority.as_str().contains('@') {
        return Err("it holds a password, which would be stored with the run: send it as a header, --headers Authorization=VARIABLE".into());
    }
    Ok((
        authority.host().trim_matches(['[', ']']).to_owned(),
        authority.port_u16().unwrap_or(usual_port),
    ))
}

/// Our address that faces the function; unknown when it is a private one and the function is not near.
///
/// # Errors
/// Its host cannot be looked up.
pub async fn reach(host: &str, port: u16) -> Result<Reach, String> {
    let looked_up = timeout(LOOKUP_DEADLINE, lookup_host((host, port))).await;
    let why = match looked_up {
        Ok(Ok(found)) => return Ok(facing(found)),
        Ok(Err(error)) => error.to_string(),
        Err(_) => format!("no answer after {} s", LOOKUP_DEADLINE.as_secs()),
    };
    Err(format!(
        "the name {host} cannot be looked up ({why}): see its spelling, and the name server of this machine"
    ))
}

fn facing(mut functions: impl Iterator<Item = SocketAddr>) -> Reach {
    let facing = |function: SocketAddr| {
        let any: SocketAddr = if function.is_ipv4() {
            ([0; 4], 0).into()
        } else {
            ([0; 8], 0).into()
        };
        // Connecting a datagram socket sends nothing: it only chooses the route.
        let socket = UdpSocket::bind(any).ok()?;
        socket.connect(function).ok()?;
        let ours = socket.local_addr().ok()?.ip();
        (is_near(function.ip()) || !is_near(ours)).then_some(ours)
    };
    functions
        .find_map(facing)
        .map_or(Reach::Unknown, Reach::Address)
}

/// Loopback or of a private network.
fn is_near(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            address.is_loopback() || address.is_private() || address.is_link_local()
        }
        IpAddr::V6(address) => {
            address.is_loopback() || address.is_unique_local() || address.is_unicast_link_local()
        }
    }
}
