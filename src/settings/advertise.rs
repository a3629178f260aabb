//! Where functions are told to find this host.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::core::stun::Server;

const STUN: &str = "stun:";
/// Servers that can be compared: two show what a NAT does.
const SERVERS_MOST: usize = 2;

/// See the module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Advertise {
    /// Where the platform or the bound socket says.
    Auto,
    /// At this address.
    Given(IpAddr),
    /// Where these STUN servers, one or two, see the socket.
    Stun(Vec<Server>),
}

impl FromStr for Advertise {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "auto" {
            return Ok(Self::Auto);
        }
        if !text.starts_with(STUN) {
            let address = text.parse().map(Self::Given);
            return address.map_err(|_| format!("{text:?} is no address"));
        }
        let servers: Vec<Server> = text
            .split(',')
            .map(|one| {
                let server = one.trim();
                let server = server.strip_prefix(STUN).unwrap_or(server);
                server.parse().map_err(|error| format!("{error}"))
            })
            .collect::<Result<_, _>>()?;
        if servers.len() > SERVERS_MOST {
            return Err(format!("at most {SERVERS_MOST} STUN servers are asked"));
        }
        Ok(Self::Stun(servers))
    }
}

impl fmt::Display for Advertise {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Given(address) => address.fmt(f),
            Self::Stun(servers) => servers.iter().enumerate().try_for_each(|(number, server)| {
                f.write_str(if number == 0 { "" } else { "," })?;
                write!(f, "{STUN}{server}")
            }),
        }
    }
}

impl Serialize for Advertise {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Advertise {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_servers_or_auto_are_understood_and_nothing_else() {
        let table = [
            ("auto", Some("auto")),
            ("203.0.113.5", Some("203.0.113.5")),
            ("2001:db8::1", Some("2001:db8::1")),
            ("stun:a.example", Some("stun:a.example:3478")),
            ("stun:a:1,stun:b", Some("stun:a:1,stun:b:3478")),
            ("stun:a:1, b:2", Some("stun:a:1,stun:b:2")),
            ("stun:", None),
            ("stun:a,", None),
            ("stun:a,b,c", None),
            ("my-host", None),
            ("203.0.113.5:12000", None),
            ("", None),
        ];
        for (text, shown) in table {
            let read = text.parse::<Advertise>().ok();
            assert_eq!(
                read.map(|read| read.to_string()).as_deref(),
                shown,
                "{text}"
            );
        }
    }
}
