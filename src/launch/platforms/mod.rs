//! The platforms, registered: how settings become what an experiment is run with.

mod aws;
mod docker;
mod endpoint;

use std::fmt::{self, Display, Formatter};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use sebs_tui::core::cold::ColdMethod;
use sebs_tui::core::contract::Carrier;
use sebs_tui::core::effort::{ASSUMED_ROUND_TRIP, Basis, Typical, round_trips};
use sebs_tui::core::live::Live;
use sebs_tui::core::message::{AtEnd, RunHeader};
use sebs_tui::core::plan::{Deployment, Limit, Limits, Plan, Sweep};
use sebs_tui::core::time::{MILLISECOND, Moment, Nanos, SECOND};
use sebs_tui::driver::echo::Echo;
use sebs_tui::driver::package::{self, Template};
use sebs_tui::driver::{self, DriverError, Equipment, Experiment};
use sebs_tui::net;
use sebs_tui::plain;
use sebs_tui::platform::context::{Context, Notes};
use sebs_tui::platform::ledger::Ledger;
use sebs_tui::platform::local::LocalPlatform;
use sebs_tui::platform::{
    Abilities, ErrorKind, FunctionSpec, Platform, PlatformError, Reach, Retry,
};
use sebs_tui::settings::{Advertise, Auto, PlatformName, Runtime, Settings, Sync};

use super::plan::about;

/// Registers the platforms: none for the simulated one, which is part of the driver.
async fn platform(
    settings: &Settings,
    context: Context,
) -> Result<Option<Arc<dyn Platform>>, PlatformError> {
    Ok(Some(match settings.platform {
        PlatformName::Local => Arc::new(LocalPlatform::start().await?),
        PlatformName::Docker => docker::start(settings, context).await?,
        PlatformName::Aws => aws::start(settings, context).await?,
        PlatformName::Endpoint => endpoint::start(settings, context).await?,
        PlatformName::Simulated => return Ok(None),
    }))
}

/// What the platform can do, once it is settled what carries the clock exchange there.
pub(super) async fn abilities(
    settings: &mut Settings,
) -> Result<(Abilities, Option<Fallback>), PlatformError> {
    let (context, _) = Context::new("plan", Ledger::in_memory(), Arc::default());
    let Some(platform) = to_clean(settings, context).await? else {
        return Ok((driver::simulated_abilities(), None));
    };
    let fallback = settle(settings, platform.as_ref());
    Ok((platform.abilities(), fallback))
}

/// Further invocations compare the clocks though nobody asked for them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fallback;

impl Display for Fallback {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(
            "clocks are compared over HTTP, since no address is known at which functions find this host; \
             give one with --advertise ADDR or stun:HOST for datagrams: fewer invocations, and narrower bounds",
        )
    }
}

/// Settles what carries the clock exchange: where nothing is asked for, datagrams if functions find this host.
pub(super) fn settle(settings: &mut Settings, platform: &dyn Platform) -> Option<Fallback> {
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

/// The platform, without removing what earlier runs left there; none for the simulated one.
pub(super) async fn to_clean(
    settings: &Settings,
    context: Context,
) -> Result<Option<Arc<dyn Platform>>, PlatformError> {
    match settings.platform {
        // As these start for a run they would remove what is to be told.
        PlatformName::Local => Ok(Some(Arc::new(
            LocalPlatform::start_beside_leftovers().await?,
        ))),
        PlatformName::Docker => Box::pin(docker::to_clean(settings, context))
            .await
            .map(Some),
        _ => Box::pin(platform(settings, context)).await,
    }
}

/// Whether what a run makes there outlives this process, so that it is written down.
pub(super) fn needs_ledger(platform: PlatformName) -> bool {
    match platform {
        PlatformName::Docker | PlatformName::Aws => true,
        PlatformName::Local | PlatformName::Endpoint | PlatformName::Simulated => false,
    }
}

/// What the run is made with; settles what carries the clock exchange.
pub(super) async fn equipment(
    settings: &mut Settings,
    (context, notes): (Context, Notes),
    live: Arc<Live>,
    at_end: AtEnd,
) -> Result<Equipment, DriverError> {
    let Some(platform) = platform(settings, context.clone()).await? else {
        return Ok(simulated(settings));
    };
    if let Some(fallback) = settle(settings, platform.as_ref()) {
        context.note(fallback.to_string());
    }
    Ok(Equipment::Real {
        echo: match settings.carrier() {
            Carrier::Udp => Some(listen(settings, platform.reach(), live).await?),
            Carrier::Http => None,
        },
        platform,
        notes,
        at_end,
    })
}

/// A simulation that begins now.
pub(super) fn simulated(settings: &Settings) -> Equipment {
    Equipment::Simulated {
        world: settings.world(),
        start: Moment {
            wall: net::wall_clock(),
            monotonic: net::monotonic(),
        },
    }
}

/// Begins to answer datagrams, as the settings say.
pub(super) async fn listen(
    settings: &Settings,
    reach: Reach,
    live: Arc<Live>,
) -> Result<Echo, DriverError> {
    let servers = match &settings.advertise {
        Advertise::Stun(servers) => servers.clone(),
        Advertise::Auto | Advertise::Given(_) => Vec::new(),
    };
    driver::listen(listen_address(settings, reach), servers, live).await
}

/// The address that the user gave.
pub(super) fn given_address(settings: &Settings) -> Option<IpAddr> {
    match settings.advertise {
        Advertise::Given(address) => Some(address),
        Advertise::Auto | Advertise::Stun(_) => None,
    }
}

/// What is said of a platform that this program was built without.
#[cfg(not(all(feature = "aws", feature = "docker")))]
fn missing(platform: &'static str) -> PlatformError {
    PlatformError {
        kind: ErrorKind::Unsupported,
        platform,
        operation: "start",
        resource: "platform".into(),
        what: format!(
            "this program was built without the feature `{platform}`: build it with `cargo build --release --features {platform}`"
        ),
        status: None,
        retry: Retry::No,
    }
}

/// What packages are made from for a platform of these abilities.
///
/// # Errors
/// When this program does not hold the function for the platform's processor.
pub(super) fn template(
    settings: &Settings,
    abilities: &Abilities,
) -> Result<Template, package::PackageError> {
    Template::new(match settings.runtime {
        Runtime::Native => abilities
            .processor
            .map_or(package::Runtime::Native, package::Runtime::NativeFor),
        Runtime::Python => package::Runtime::Python,
    })
}

/// What a run by these settings will do on a platform of these abilities.
///
/// # Errors
/// The platform cannot do what is to be varied.
pub(super) fn planned(
    settings: &Settings,
    abilities: &Abilities,
    template: &Template,
) -> Result<Plan, PlatformError> {
    if abilities.deployment == Deployment::Theirs && settings.sweep == Sweep::Code {
        return Err(PlatformError {
            kind: ErrorKind::Unsupported,
            platform: settings.platform.word(),
            operation: "settings",
            resource: "type = code".into(),
            what: "a code sweep deploys packages, and this function was deployed by somebody else: use --type payload, or a platform that deploys (local, docker, aws)".into(),
            status: None,
            retry: Retry::No,
        });
    }
    let limits = limits(abilities.limits.clone(), template);
    Ok(Plan::new(settings.outline(), &limits)
        .until(settings.until())
        .deployed(abilities.deployment)
        .without_cold(abilities.no_cold()))
}

/// The function's form, for people: that of somebody else's function is not known.
pub(super) fn form(settings: &Settings, deployment: Deployment) -> &'static str {
    match deployment {
        Deployment::Ours => settings.runtime.word(),
        Deployment::Theirs => "foreign",
    }
}

fn limits(platform: Limits, template: &Template) -> Limits {
    let least = Limit {
        bytes: template.smallest(),
        name: "the function's package without filling".into(),
    };
    Limits {
        package_least: Some(least),
        ..platform
    }
}

/// What steps take, for a rough estimate: as measured, or on AWS, where nothing was, as assumed.
pub(super) fn typical(settings: &Settings) -> Option<Typical> {
    match settings.platform {
        PlatformName::Local => Some(Typical {
            basis: Basis::Measured,
            warm: 10 * MILLISECOND,
            cold: 30 * MILLISECOND,
            deployment: 20 * MILLISECOND,
            megabyte: 3 * MILLISECOND,
            unpacking: 2 * MILLISECOND,
            follow_up: MILLISECOND,
        }),
        // The old container is removed before the new one gets the package.
        PlatformName::Docker => Some(Typical {
            basis: Basis::Measured,
            warm: 12 * MILLISECOND,
            cold: 600 * MILLISECOND,
            deployment: 200 * MILLISECOND,
            megabyte: 3 * MILLISECOND,
            unpacking: 14 * MILLISECOND,
            follow_up: MILLISECOND,
        }),
        PlatformName::Aws => {
            // A new connection takes two round trips with TLS.
            let warm =
                Nanos::from(round_trips(settings.carrier(), settings.n) + 2) * ASSUMED_ROUND_TRIP;
            let forced = match settings.cold_method {
                ColdMethod::Idle(wait) => wait.as_nanos() as Nanos,
                _ => 2 * SECOND,
            };
            Some(Typical {
                basis: Basis::Assumed(
                    "round trips of 50 ms, 100 Mbit/s, 2 s for a forced cold start and 15 s for a deployment",
                ),
                warm,
                cold: warm + forced,
                deployment: 15 * SECOND,
                megabyte: 80 * MILLISECOND,
                unpacking: 10 * MILLISECOND,
                follow_up: ASSUMED_ROUND_TRIP,
            })
        }
        PlatformName::Endpoint | PlatformName::Simulated => None,
    }
}

/// Functions of the local platform are on this host; others must be able to come from outside. Containers get their
/// replies from the very address they send to, since a network's translation between them drops all others.
fn listen_address(settings: &Settings, reach: Reach) -> SocketAddr {
    let address: IpAddr = match (settings.platform, &settings.advertise, reach) {
        (PlatformName::Local | PlatformName::Simulated, ..) => Ipv4Addr::LOCALHOST.into(),
        (PlatformName::Docker, Advertise::Auto, Reach::Address(address)) => address,
        (PlatformName::Docker | PlatformName::Aws | PlatformName::Endpoint, ..) => {
            Ipv4Addr::UNSPECIFIED.into()
        }
    };
    match settings.listen {
        Auto::Given(address) => address,
        Auto::Auto => (address, 0).into(),
    }
}

pub(super) fn experiment(
    settings: &Settings,
    header: RunHeader,
    abilities: &Abilities,
    template: Arc<Template>,
) -> Experiment {
    let handler = match settings.runtime {
        Runtime::Native => package::Runtime::Native.handler(),
        Runtime::Python => package::Runtime::Python.handler(),
    };
    let about = about(settings, &header.plan, abilities, &template);
    Experiment {
        expected: plain::plan::expected(&header.plan, &about),
        terms: about.terms,
        header,
        function: FunctionSpec {
            name: settings.function_name.clone(),
            memory_mb: settings.memory,
            timeout: settings.timeout(),
            handler: handler.into(),
        },
        template,
        advertise: given_address(settings),
        dialect: settings.dialect,
        max_exchanges: settings.max_exchanges,
        pace: settings.pace(),
        seed: settings.seed,
        foreign: endpoint::foreign(settings),
    }
}
