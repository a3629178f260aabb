//! The echo thread on the bridge of Docker's engine, whose masquerading changes where a datagram seems to come from.
#![cfg(feature = "docker")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use bollard::Docker;
use bollard::query_parameters::InspectNetworkOptions;
use sebs_tui::core::live::Live;
use sebs_tui::core::sample::Token;
use sebs_tui::driver::echo::{Echo, Identity, SessionSpec};

/// This host's address on the network that containers get by default.
async fn bridge() -> IpAddr {
    let engine = Docker::connect_with_defaults().unwrap();
    let network = engine.inspect_network("bridge", None::<InspectNetworkOptions>);
    let managed = network.await.unwrap().ipam.unwrap().config.unwrap();
    let gateway = managed.into_iter().find_map(|subnet| subnet.gateway);
    gateway.unwrap().parse().unwrap()
}

#[tokio::test]
#[ignore = "needs Docker's engine"]
async fn waking_the_echo_counts_no_stray_on_the_engines_bridge() {
    let live: Arc<Live> = Arc::default();
    let echo = Echo::start(SocketAddr::new(bridge().await, 0), live.clone()).unwrap();
    for number in 0..20 {
        let id = echo
            .open(SessionSpec {
                token: Token([number; 16]),
                identity: Identity::Token,
                live: Arc::default(),
                capacity: 10,
            })
            .unwrap();
        echo.close(id).unwrap();
    }
    assert_eq!(live.read().strays, 0);
}
