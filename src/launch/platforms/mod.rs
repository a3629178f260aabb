//! The platforms, registered: how settings become what an experiment is run with.

mod aws;
mod carrier;
mod docker;
mod endpoint;
mod typical;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use sebs_tui::core::contract::Carrier;
use sebs_tui::core::live::Live;
use sebs_tui::core::message::{AtEnd, RunHeader};
use sebs_tui::core::plan::{Deployment, Limit, Limits, Plan, Sweep};
use sebs_tui::core::time::Moment;
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
use sebs_tui::settings::{Advertise, Auto, PlatformName, Runtime, Settings};

use super::plan::about;

pub(super) use self::carrier::{Fallback, settle};
pub(super) use self::typical::typical;

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
