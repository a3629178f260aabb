//! `sebs-tui plan`.

use std::process::ExitCode;

use sebs_tui::cli::Options;
use sebs_tui::core::plan::Plan;
use sebs_tui::core::time::Nanos;
use sebs_tui::driver::package::Template;
use sebs_tui::plain::plan::About;
use sebs_tui::plain::{self};
use sebs_tui::settings::{self, Settings};

use super::platforms::{abilities, form, planned, template, typical};
use super::{Done, tell_unused, tokio_runtime};

/// `sebs-tui plan`: prints what would happen, and leaves nothing behind.
pub fn plan(options: &Options) -> Done {
    let resolved = settings::resolve(&options.sources())?;
    tell_unused(&resolved);
    let settings = &resolved.settings;
    let template = template(settings)?;
    let abilities = tokio_runtime()?.block_on(abilities(settings))?;
    let plan = planned(settings, &abilities, &template)?;
    let about = about(settings, &plan, abilities.cold_method, &template);
    print!("{}", plain::plan::render(&plan, &about));
    Ok(ExitCode::SUCCESS)
}

/// What is known of the run beside its plan.
pub(super) fn about(settings: &Settings, plan: &Plan, cold: String, template: &Template) -> About {
    let platform = settings.platform.word();
    About {
        platform: platform.into(),
        runtime: form(settings, plan.deployment).into(),
        cold,
        n: settings.n,
        package: Some(template.smallest()),
        typical: typical(settings),
        timeout: settings.timeout().as_nanos() as Nanos,
        terms: settings.terms(),
        unpriced: if settings.platform.is_free() {
            format!("nothing is paid on {platform}")
        } else {
            format!("unknown on {platform}")
        },
    }
}
