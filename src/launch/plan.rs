//! `sebs-tui plan`.

use std::process::ExitCode;

use sebs_tui::cli::Options;
use sebs_tui::core::plan::Plan;
use sebs_tui::plain::plan::About;
use sebs_tui::plain::{self};
use sebs_tui::settings::{self};

use super::platforms::{abilities, limits, template, typical};
use super::{Done, tell_unused, tokio_runtime};

/// `sebs-tui plan`: prints what would happen, and leaves nothing behind.
pub fn plan(options: &Options) -> Done {
    let resolved = settings::resolve(&options.sources())?;
    tell_unused(&resolved);
    let settings = &resolved.settings;
    let template = template(settings)?;
    let abilities = tokio_runtime()?.block_on(abilities(settings))?;
    let plan =
        Plan::new(settings.outline(), &limits(abilities.limits, &template)).until(settings.until());
    let about = About {
        platform: settings.platform.word().into(),
        runtime: settings.runtime.word().into(),
        cold: abilities.cold_method,
        n: settings.n,
        package: Some(template.smallest()),
        typical: typical(settings),
    };
    print!("{}", plain::plan::render(&plan, &about));
    Ok(ExitCode::SUCCESS)
}
