//! Docker, from the settings.

use std::sync::Arc;

use sebs_tui::platform::context::Context;
use sebs_tui::platform::{Platform, PlatformError};
use sebs_tui::settings::Settings;

#[allow(clippy::unused_async, reason = "as platforms start that are built in")]
pub(super) async fn start(_: &Settings, _: Context) -> Result<Arc<dyn Platform>, PlatformError> {
    Err(super::missing("docker"))
}
