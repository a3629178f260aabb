//! The containers' network, and the address at which they reach this host on it.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};

use bollard::Docker;
use bollard::models::{NetworkInspect, SystemInfo};

use super::NAME;
use super::engine::Engine;
use super::place::is_of_this_machine;
use crate::platform::{ErrorKind, Finding, PlatformError, Verdict, hosted};

/// A port that takes and forgets (RFC 863).
const DISCARD: u16 = 9;
/// An address far away (TEST-NET-3, RFC 5737), the way to which leads out of this machine.
const FAR_AWAY: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(203, 0, 113, 1)), DISCARD);
/// What the engine says of itself where its network is not this machine's.
const ROOTLESS: &str = "name=rootless";
const DESKTOP: &str = "Docker Desktop";

/// Network of the containers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Network {
    /// The host's own.
    Host,
    /// A network of the engine by its name, such as its own `bridge`.
    Named(String),
}

impl Network {
    /// The one of this name: `host`, `bridge` or another.
    pub fn of(name: &str) -> Self {
        match name {
            "host" => Self::Host,
            name => Self::Named(name.into()),
        }
    }

    /// As the engine calls it.
    pub fn name(&self) -> &str {
        match self {
            Self::Host => "host",
            Self::Named(name) => name,
        }
    }
}

/// The address of this host at which containers reach it, and how it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostAddress {
    /// It.
    pub address: IpAddr,
    found: Found,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Found {
    /// The containers share this machine's network.
    Shared,
    /// It is this machine's address in the containers' network.
    Gateway,
    /// The engine's network is not this machine's, for this reason: it is where this machine's own way out begins.
    WayOut(String),
}

impl HostAddress {
    /// For a person, before a run.
    pub fn finding(&self, network: &Network) -> Finding {
        let (address, network) = (self.address, network.name());
        let (verdict, text) = match &self.found {
            Found::Shared => (
                Verdict::Good,
                format!("containers share this host's network and reach it at {address}"),
            ),
            Found::Gateway => (
                Verdict::Good,
                format!(
                    "containers on the network {network} reach this host at {address}, its gateway"
                ),
            ),
            Found::WayOut(why) => (
                Verdict::Doubtful,
                format!(
                    "{why}: containers are told to reach this host at {address}, its own address on the way there; if no container ever asks for an event, let it in through firewalls or run sebs-tui where the engine is"
                ),
            ),
        };
        Finding {
            subject: "address",
            verdict,
            text,
        }
    }
}

/// Finds it.
///
/// # Errors
/// When the network is not there or has no way to this host.
pub async fn host_address(
    engine: &Engine,
    client: &Docker,
    network: &Network,
) -> Result<HostAddress, PlatformError> {
    // Where the host's own network is wanted, the bridge still shows whether the engine's host is this one.
    let name = match network {
        Network::Host => "bridge",
        Network::Named(name) => name,
    };
    let inspected = engine.within("inspect", name, client.inspect_network(name, None));
    let gateway = inspected.await.and_then(|found| gateway(name, found));
    let gateway = match network {
        Network::Host => gateway.ok(),
        Network::Named(_) => Some(gateway?),
    };
    let info = engine.within("ask about", "engine", client.info()).await?;
    let apart = apart(engine.elsewhere(), info, gateway);
    let (address, found) = match (apart, network, gateway) {
        (Some((why, towards)), ..) => {
            let address = own_address_towards(towards);
            let address = address.ok_or_else(|| no_way(name, format!("{why}, and this machine has no way out on which it could be reached: run sebs-tui where the engine is")))?;
            (address, Found::WayOut(why))
        }
        (None, Network::Named(_), Some(gateway)) => (gateway, Found::Gateway),
        (None, ..) => (Ipv4Addr::LOCALHOST.into(), Found::Shared),
    };
    Ok(HostAddress { address, found })
}

/// Why the engine's network is not this machine's, if it is not, and whither the way to it leads.
fn apart(
    elsewhere: Option<SocketAddr>,
    info: SystemInfo,
    gateway: Option<IpAddr>,
) -> Option<(String, SocketAddr)> {
    if let Some(address) = elsewhere {
        return Some((format!("the engine is at {address}"), address));
    }
    let mut options = info.security_options.into_iter().flatten();
    let system = info.operating_system.unwrap_or_default();
    let foreign = gateway.filter(|gateway| !is_of_this_machine(*gateway));
    let why = if options.any(|option| option.contains(ROOTLESS)) {
        "the engine is rootless, in a network of its own".into()
    } else if system.contains(DESKTOP) {
        "the engine is Docker Desktop's, in a virtual machine".into()
    } else {
        format!("the engine's gateway {} is not this machine's", foreign?)
    };
    Some((why, FAR_AWAY))
}

/// What a network leads out by.
fn gateway(name: &str, network: NetworkInspect) -> Result<IpAddr, PlatformError> {
    let configs = network.ipam.and_then(|ipam| ipam.config);
    let mut gateways = configs.into_iter().flatten().filter_map(|config| {
        let named = config.gateway.and_then(|gateway| gateway.parse().ok());
        named.or_else(|| own_address_in(&config.subnet?))
    });
    gateways.next().ok_or_else(|| {
        let what = "the network has neither a gateway nor an address of this machine, so containers on it cannot reach this host: use --network bridge or host";
        no_way(name, what.into())
    })
}

fn no_way(network: &str, what: String) -> PlatformError {
    hosted::error(NAME, ErrorKind::Unsupported, "find gateway", network, what)
}

/// This machine's address in an IPv4 subnet such as `172.17.0.0/16`, by which it would send there: the engine names no
/// gateway for its own bridge until it is started again, but the bridge has the address already.
fn own_address_in(subnet: &str) -> Option<IpAddr> {
    let (base, bits) = subnet.split_once('/')?;
    let base = base.parse::<Ipv4Addr>().ok()?.to_bits();
    let mask = u32::MAX.checked_shl(32 - bits.parse::<u32>().ok().filter(|bits| *bits <= 32)?)?;
    let neighbour = Ipv4Addr::from_bits((base & mask) | 2);
    let address = own_address_towards((neighbour, DISCARD).into())?;
    let inside = |address: Ipv4Addr| address.to_bits() & mask == base & mask;
    matches!(address, IpAddr::V4(address) if inside(address)).then_some(address)
}

/// This machine's address by which it would send there. Nothing is sent.
fn own_address_towards(there: SocketAddr) -> Option<IpAddr> {
    let any: IpAddr = match there {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => std::net::Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = UdpSocket::bind((any, 0)).ok()?;
    socket.connect(there).ok()?;
    Some(socket.local_addr().ok()?.ip())
}

#[cfg(test)]
mod tests {
    use bollard::models::{Ipam, IpamConfig};

    use super::*;

    fn network(gateway: Option<&str>, subnet: &str) -> NetworkInspect {
        let config = IpamConfig {
            gateway: gateway.map(str::to_owned),
            subnet: Some(subnet.into()),
            ..IpamConfig::default()
        };
        NetworkInspect {
            ipam: Some(Ipam {
                config: Some(vec![config]),
                ..Ipam::default()
            }),
            ..NetworkInspect::default()
        }
    }

    #[test]
    fn the_gateway_is_the_one_the_engine_names_or_else_this_machines_own_address_there() {
        let named = gateway("n", network(Some("10.9.8.1"), "10.9.8.0/24"));
        assert_eq!(named.unwrap().to_string(), "10.9.8.1");
        let own = gateway("n", network(None, "127.0.0.0/8"));
        assert!(own.unwrap().is_loopback());
        // TEST-NET-3, in which no machine is.
        for network in [network(None, "203.0.113.0/24"), NetworkInspect::default()] {
            let error = gateway("n", network).unwrap_err().to_string();
            assert!(error.contains("--network bridge or host"), "{error}");
        }
    }

    #[test]
    fn an_engine_whose_network_is_not_this_machines_is_told_by_what_it_says_of_itself() {
        let why = |info, gateway: &str| {
            let gateway = Some(gateway.parse().unwrap());
            apart(None, info, gateway).map(|(why, _)| why)
        };
        let usual = || SystemInfo {
            security_options: Some(vec!["name=seccomp,profile=default".into()]),
            operating_system: Some("Debian GNU/Linux 12 (bookworm)".into()),
            ..SystemInfo::default()
        };
        let rootless = SystemInfo {
            security_options: Some(vec!["name=rootless".into()]),
            ..usual()
        };
        let desktop = SystemInfo {
            operating_system: Some("Docker Desktop".into()),
            ..usual()
        };
        assert_eq!(why(usual(), "127.0.0.1"), None);
        for (info, gateway, part) in [
            (rootless, "127.0.0.1", "rootless"),
            (desktop, "127.0.0.1", "Docker Desktop"),
            (usual(), "203.0.113.9", "203.0.113.9 is not this machine's"),
        ] {
            let why = why(info, gateway).unwrap();
            assert!(why.contains(part), "{why}");
        }
        let elsewhere = Some((Ipv4Addr::LOCALHOST, 2375).into());
        assert!(apart(elsewhere, usual(), None).is_some());
    }

    #[test]
    fn an_address_that_is_only_likely_is_told_as_doubtful_with_its_reason() {
        let address = |found| HostAddress {
            address: Ipv4Addr::LOCALHOST.into(),
            found,
        };
        let network = Network::of("bridge");
        let finding = address(Found::WayOut("the engine is rootless".into())).finding(&network);
        assert_eq!(finding.verdict, Verdict::Doubtful);
        assert!(
            finding.text.starts_with("the engine is rootless: "),
            "{}",
            finding.text
        );
        assert_eq!(
            address(Found::Gateway).finding(&network).verdict,
            Verdict::Good
        );
    }
}
