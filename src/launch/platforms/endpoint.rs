//! A function that somebody else deployed, from the settings.

use std::sync::Arc;
use std::time::Duration;

use sebs_tui::core::cold::ColdMethod;
use sebs_tui::core::contract::Dialect;
use sebs_tui::driver::{Foreign, Speaker, invoke};
use sebs_tui::platform::context::Context;
use sebs_tui::platform::endpoint::{self, EndpointPlatform};
use sebs_tui::platform::{ErrorKind, Platform, PlatformError, Retry};
use sebs_tui::settings::{PlatformName, Settings};
use serde_json::{Map, Value};

/// The answer to a request that forces a cold start may take this long.
const WEBHOOK_DEADLINE: Duration = Duration::from_secs(200);

pub(super) async fn start(
    settings: &Settings,
    _: Context,
) -> Result<Arc<dyn Platform>, PlatformError> {
    members(settings)?;
    let about = endpoint::Settings {
        url: settings.url.clone(),
        method: settings.method.clone(),
        headers: settings.headers.clone(),
        reply: settings.reply.clone(),
        cold: settings.cold_method.clone(),
        dialect: settings.dialect,
        sync: settings.carrier(),
        per_minute: settings.invocations_per_minute,
    };
    let send: endpoint::Sender = Box::new(|endpoint| {
        Box::pin(async move {
            let called =
                invoke::call(&endpoint, "{}".into(), WEBHOOK_DEADLINE, &Arc::default()).await;
            called
                .map(|(_, reply)| reply)
                .map_err(|failure| failure.what)
        })
    });
    let variable = |name: &str| std::env::var(name).ok();
    Ok(Arc::new(
        EndpointPlatform::new(about, variable, send).await?,
    ))
}

/// What the driver does otherwise for such a function.
pub(super) fn foreign(settings: &Settings) -> Foreign {
    let cold_wait = match settings.cold_method {
        ColdMethod::Idle(length) => length,
        _ => Duration::ZERO,
    };
    if settings.platform != PlatformName::Endpoint {
        return Foreign {
            cold_wait,
            ..Foreign::default()
        };
    }
    Foreign {
        speaker: match settings.dialect {
            Dialect::Stamp => Speaker::Ours,
            Dialect::Text => Speaker::Any,
        },
        request: members(settings).unwrap_or_default(),
        cold_wait,
    }
}

/// Further members of the request.
fn members(settings: &Settings) -> Result<Map<String, Value>, PlatformError> {
    let Some(text) = &settings.request else {
        return Ok(Map::new());
    };
    serde_json::from_str(text).map_err(|error| PlatformError {
        kind: ErrorKind::Config,
        platform: "endpoint",
        operation: "settings",
        resource: "request".into(),
        what: format!("--request {text}: it must be a JSON object ({error})"),
        status: None,
        retry: Retry::No,
    })
}
