//! From where an address can be reached.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// From where an address can be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// This machine.
    Loopback,
    /// Neighbours.
    Link,
    /// The own network: RFC 1918, RFC 4193.
    Private,
    /// Carrier-grade NAT, RFC 6598.
    Shared,
    /// The Internet.
    Public,
}

impl Scope {
    /// Of this address.
    pub fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            address if address.is_loopback() => Self::Loopback,
            IpAddr::V4(address) => Self::of_v4(address),
            IpAddr::V6(address) => Self::of_v6(address),
        }
    }

    fn of_v4(address: Ipv4Addr) -> Self {
        let [first, second, ..] = address.octets();
        if address.is_private() {
            Self::Private
        } else if first == 100 && (64..128).contains(&second) {
            Self::Shared
        } else if address.is_link_local() {
            Self::Link
        } else {
            Self::Public
        }
    }

    fn of_v6(address: Ipv6Addr) -> Self {
        if address.is_unique_local() {
            Self::Private
        } else if address.is_unicast_link_local() {
            Self::Link
        } else {
            Self::Public
        }
    }

    /// For people.
    pub fn words(self) -> &'static str {
        match self {
            Self::Loopback => "a loopback address, which only this machine reaches",
            Self::Link => "a link-local address, which only neighbours reach",
            Self::Private => {
                "a private address (RFC 1918, RFC 4193), which the Internet cannot reach"
            }
            Self::Shared => {
                "an address of a provider's NAT (CGNAT, RFC 6598), which the Internet cannot reach"
            }
            Self::Public => "a public address",
        }
    }

    /// Whether whoever has the address is this machine or in its own network.
    pub fn is_near(self) -> bool {
        matches!(self, Self::Loopback | Self::Link | Self::Private)
    }
}
