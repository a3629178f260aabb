//! Docker, from the settings.

use std::sync::Arc;

use sebs_tui::platform::context::Context;
use sebs_tui::platform::{Platform, PlatformError};
use sebs_tui::settings::Settings;

#[cfg(feature = "docker")]
use sebs_tui::platform::docker::{DockerPlatform, Network, Options};

#[cfg(feature = "docker")]
pub(super) async fn start(
    settings: &Settings,
    context: Context,
) -> Result<Arc<dyn Platform>, PlatformError> {
    let platform = DockerPlatform::start(options(settings), context);
    Ok(Arc::new(platform.await?))
}

#[cfg(feature = "docker")]
pub(super) async fn to_clean(
    settings: &Settings,
    context: Context,
) -> Result<Arc<dyn Platform>, PlatformError> {
    let platform = DockerPlatform::start_beside_leftovers(options(settings), context);
    Ok(Arc::new(platform.await?))
}

#[cfg(feature = "docker")]
fn options(settings: &Settings) -> Options {
    Options {
        engine: settings.docker_host.clone(),
        image: settings.image.clone(),
        network: Network::of(&settings.network),
        cpus: settings.cpus,
    }
}

#[cfg(not(feature = "docker"))]
#[allow(clippy::unused_async, reason = "as platforms start that are built in")]
pub(super) async fn start(_: &Settings, _: Context) -> Result<Arc<dyn Platform>, PlatformError> {
    Err(super::missing("docker"))
}

#[cfg(not(feature = "docker"))]
pub(super) use start as to_clean;
