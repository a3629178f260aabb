//! Where the function is, and which of our addresses it can find us at.

use std::time::Duration;

use hyper::Uri;
use tokio::net::lookup_host;
use tokio::time::timeout;

use crate::platform::Reach;
use crate::platform::facing::facing;

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
