//! Docker, from the settings.

use std::sync::Arc;

use sebs_tui::platform::context::Context;
use sebs_tui::platform::{Platform, PlatformError};
use sebs_tui::settings::Settings;

#[cfg(feature = "docker")]
pub(super) async fn start(
    settings: &Settings,
    context: Context,
) -> Result<Arc<dyn Platform>, PlatformError> {
    use sebs_tui::platform::docker::{DockerPlatform, Network, Options};
    use sebs_tui::settings;

    let options = Options {
        engine: settings.docker_host.clone(),
        image: settings.image.clone(),
        network: match settings.network {
            settings::Network::Bridge => Network::Bridge,
            settings::Network::Host => Network::Host,
        },
        cpus: settings.cpus,
    };
    Ok(Arc::new(DockerPlatform::start(options, context).await?))
}

#[cfg(not(feature = "docker"))]
#[allow(clippy::unused_async, reason = "as platforms start that are built in")]
pub(super) async fn start(_: &Settings, _: Context) -> Result<Arc<dyn Platform>, PlatformError> {
    Err(super::missing("docker"))
}
