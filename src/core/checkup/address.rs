//! The address at which the function is told to find this host.

use std::net::SocketAddr;

use super::Check;
use crate::core::scope::Scope;

/// Where the function runs, as seen from this host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// On this machine or in its own network.
    Near,
    /// In the Internet.
    Far,
}

/// How an address became known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// The user gave it.
    Given,
    /// The socket is bound to it.
    Bound,
    /// The platform knows it: its bridge, its loopback, the route to it.
    Platform,
    /// So many STUN servers see it.
    Stun(usize),
}

impl Found {
    fn words(self) -> String {
        match self {
            Self::Given => "given with --advertise".into(),
            Self::Bound => "where the socket is bound".into(),
            Self::Platform => "as the platform knows this host".into(),
            Self::Stun(1) => "as a STUN server sees the socket".into(),
            Self::Stun(servers) => format!("as {servers} STUN servers see the socket"),
        }
    }
}

/// What is to be said of the address that the function is told.
pub fn advertised(address: SocketAddr, found: Found, place: Place) -> Check {
    const SUBJECT: &str = "address";
    let scope = Scope::of(address.ip());
    let how = found.words();
    match (place, scope) {
        (Place::Near, _) | (Place::Far, Scope::Public) => {
            Check::good(SUBJECT, format!("functions are told {address}, {how}"))
        }
        (Place::Far, _) => {
            let found = format!(
                "functions in the Internet are told {address}, {how}: {}",
                scope.words()
            );
            Check::doubtful(SUBJECT, found, ways_in(address.port()))
        }
    }
}

/// What is known of the NAT when so many STUN servers agree.
pub fn nat(servers: usize) -> Check {
    const SUBJECT: &str = "NAT";
    if servers > 1 {
        let found = format!(
            "{servers} STUN servers see the same address and port; whether datagrams of others are let in there, only the probe shows"
        );
        return Check::good(SUBJECT, found);
    }
    Check::doubtful(
        SUBJECT,
        "one STUN server cannot show whether the NAT gives each destination another port (symmetric NAT)",
        "name a second one, --advertise stun:HOST,stun:HOST, to have them compared; if the probe's datagrams arrive, all is well",
    )
}

/// How datagrams from the Internet can be let in at this port.
pub(super) fn ways_in(port: u16) -> String {
    format!(
        "let UDP port {port} in: in the security group of a machine in a cloud, by a forwarded port of the NAT, and in the \
         firewall, and give the public address with --advertise ADDR or stun:HOST; or do without datagrams: --sync http"
    )
}

#[cfg(test)]
mod tests {
    use super::super::Verdict;
    use super::*;

    #[test]
    fn addresses_that_the_internet_cannot_reach_are_warned_of_and_the_ways_out_are_named() {
        let table = [
            ("10.0.0.7", Some("private")),
            ("172.16.0.1", Some("private")),
            ("172.32.0.1", None),
            ("192.168.1.2", Some("private")),
            ("100.64.0.1", Some("CGNAT")),
            ("100.127.255.255", Some("CGNAT")),
            ("100.128.0.1", None),
            ("127.0.0.1", Some("loopback")),
            ("::1", Some("loopback")),
            ("::ffff:10.0.0.7", Some("private")),
            ("169.254.3.4", Some("link-local")),
            ("fe80::1", Some("link-local")),
            ("fd00::1", Some("private")),
            ("203.0.113.5", None),
            ("2001:db8::5", None),
        ];
        for (text, why) in table {
            let address = SocketAddr::new(text.parse().unwrap(), 12_000);
            let far = advertised(address, Found::Given, Place::Far);
            let expected = if why.is_some() {
                Verdict::Doubtful
            } else {
                Verdict::Good
            };
            assert_eq!(far.verdict, expected, "{text}");
            assert!(
                far.found.contains(why.unwrap_or("given with")),
                "{}",
                far.found
            );
            for way in ["security group", "NAT", "firewall", "12000", "--sync http"] {
                assert_eq!(
                    far.advice.as_deref().unwrap_or_default().contains(way),
                    why.is_some()
                );
            }
            let near = advertised(address, Found::Platform, Place::Near);
            assert_eq!(near.verdict, Verdict::Good, "{text}");
        }
    }
}
