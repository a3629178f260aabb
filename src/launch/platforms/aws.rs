//! AWS Lambda, from the settings.

use std::sync::Arc;

use sebs_tui::platform::context::Context;
use sebs_tui::platform::{Platform, PlatformError};
use sebs_tui::settings::Settings;

#[cfg(feature = "aws")]
pub(super) async fn start(
    settings: &Settings,
    context: Context,
) -> Result<Arc<dyn Platform>, PlatformError> {
    use sebs_tui::platform::aws::{AwsPlatform, Cold, Form, Options, Trigger, Way};
    use sebs_tui::settings::{Runtime, Trigger as Called};

    let options = Options {
        way: Way {
            region: settings.region.clone(),
            profile: settings.profile.clone(),
            endpoint_url: settings.endpoint_url.clone(),
        },
        function_name: settings.function_name.clone(),
        role: settings.role.clone(),
        bucket: settings.bucket.clone(),
        form: match settings.runtime {
            Runtime::Native => Form::Native,
            Runtime::Python => Form::Python,
        },
        processor: settings.architecture,
        trigger: match settings.trigger {
            Called::Url => Trigger::Url,
            Called::Invoke => Trigger::Invoke,
        },
        cold: Cold::of(&settings.cold_method)?,
    };
    Ok(Arc::new(AwsPlatform::start(options, context).await?))
}

#[cfg(not(feature = "aws"))]
#[allow(clippy::unused_async, reason = "as platforms start that are built in")]
pub(super) async fn start(_: &Settings, _: Context) -> Result<Arc<dyn Platform>, PlatformError> {
    Err(super::missing("aws"))
}
