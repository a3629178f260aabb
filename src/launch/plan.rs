//! `sebs-tui plan`.

use std::process::ExitCode;
use std::time::Duration;

use sebs_tui::cli::Options;
use sebs_tui::core::plan::{Deployment, Limits, Plan};
use sebs_tui::core::time::Nanos;
use sebs_tui::driver::package::Template;
use sebs_tui::plain::plan::About;
use sebs_tui::plain::{self};
use sebs_tui::platform::{Abilities, ErrorKind, Guarantee, PlatformError};
use sebs_tui::settings::{self, PlatformName, Settings};

use super::platforms::{abilities, form, planned, template, typical};
use super::{Done, tell, tell_unused, tokio_runtime};

/// `sebs-tui plan`: prints what would happen, and leaves nothing behind.
pub fn plan(options: &Options) -> Done {
    let resolved = settings::resolve(&options.sources())?;
    tell_unused(&resolved);
    let mut settings = resolved.settings;
    let ((abilities, fallback), unasked) = match tokio_runtime()?.block_on(abilities(&mut settings))
    {
        Ok(abilities) => (abilities, None),
        // Whether somebody else's function can be deployed or started cold is not known without it.
        Err(error) if is_absent(&error) && settings.platform != PlatformName::Endpoint => {
            ((unknown(&settings), None), Some(error.to_string()))
        }
        Err(error) => return Err(error.into()),
    };
    if let Some(fallback) = fallback {
        eprintln!("sebs-tui: {fallback}");
    }
    let template = template(&settings, &abilities)?;
    let plan = planned(&settings, &abilities, &template)?;
    let about = About {
        unasked,
        ..about(&settings, &plan, &abilities, &template)
    };
    tell(plain::plan::render(&plan, &about))?;
    Ok(ExitCode::SUCCESS)
}

/// Whether the platform is merely not there now, which is no fault of the plan.
fn is_absent(error: &PlatformError) -> bool {
    match error.kind {
        ErrorKind::NotFound
        | ErrorKind::Transport
        | ErrorKind::Timeout
        | ErrorKind::Credentials
        | ErrorKind::Permission
        | ErrorKind::Throttled => true,
        ErrorKind::Config
        | ErrorKind::Conflict
        | ErrorKind::TooLarge { .. }
        | ErrorKind::Unsupported
        | ErrorKind::Protocol
        | ErrorKind::Function
        | ErrorKind::Internal => false,
    }
}

/// Nothing is known of limits.
fn unknown(settings: &Settings) -> Abilities {
    let is_chosen = settings.platform == PlatformName::Aws;
    Abilities {
        deployment: Deployment::Ours,
        limits: Limits::default(),
        cold: Guarantee::BestEffort,
        cold_method: "unknown, since the platform could not be asked".into(),
        keep_warm: Duration::ZERO,
        invocations_per_minute: None,
        processor: is_chosen.then_some(settings.architecture),
    }
}

/// What is known of the run beside its plan.
pub(super) fn about(
    settings: &Settings,
    plan: &Plan,
    abilities: &Abilities,
    template: &Template,
) -> About {
    let platform = settings.platform.word();
    About {
        platform: platform.into(),
        runtime: form(settings, plan.deployment).into(),
        cold: abilities.cold_method.clone(),
        n: settings.n,
        sync: settings.carrier(),
        max_exchanges: settings.max_exchanges,
        package: Some(template.smallest()),
        typical: typical(settings),
        timeout: settings.timeout().as_nanos() as Nanos,
        terms: settings.terms(),
        per_minute: abilities.invocations_per_minute,
        unasked: None,
        unpriced: if settings.platform.is_free() {
            format!("nothing is paid on {platform}")
        } else {
            format!("unknown on {platform}")
        },
    }
}
