//! What carries the clock exchange, once it is known whether functions find this host.

use std::fmt::{self, Display, Formatter};
use std::net::SocketAddr;

use sebs_tui::core::plan::Deployment;
use sebs_tui::platform::{Platform, Reach};
use sebs_tui::settings::{Advertise, Auto, Settings, Sync};

/// Further invocations compare the clocks though nobody asked for them.
#[derive(Debug, Clone, Copy)]
pub struct Fallback;

impl Display for Fallback {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(
            "clocks are compared over HTTP, since no address is known at which functions find this host; \
             give one with --advertise ADDR or stun:HOST for datagrams: fewer invocations, and narrower bounds",
        )
    }
}

/// Settles what carries the clock exchange: where nothing is asked for, datagrams if functions find this host.
pub fn settle(settings: &mut Settings, platform: &dyn Platform) -> Option<Fallback> {
    let bound = |address: SocketAddr| !address.ip().is_unspecified();
    let is_found = settings.advertise != Advertise::Auto
        || matches!(settings.listen, Auto::Given(address) if bound(address))
        || platform.reach() != Reach::Unknown;
    // A function of somebody else's is not known to answer further invocations.
    let can_do_without = platform.abilities().deployment == Deployment::Ours;
    let falls_back = settings.sync == Sync::Auto && !is_found && can_do_without;
    settings.sync = if falls_back {
        Sync::Http
    } else {
        settings.carrier().into()
    };
    falls_back.then_some(Fallback)
}
