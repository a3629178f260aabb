//! A function that somebody else deployed, at a URL: nothing is created, changed or removed.

mod cold;
mod headers;
mod place;
mod refusal;
mod reply;
#[cfg(test)]
mod tests;

use std::fmt;
use std::pin::Pin;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use hyper::body::Bytes;

use self::headers::Secrets;
use self::place::{authority, reach};
use self::refusal::Refusal;
use self::reply::Shape;
use super::{
    Abilities, Endpoint, ErrorKind, Finding, FunctionSpec, Guarantee, HttpReply, Package, Platform,
    PlatformError, Reach, Resource, Retry, Tagged, Verdict,
};
use crate::core::cold::ColdMethod;
use crate::core::contract::{Carrier, Dialect, Reply};
use crate::core::plan::{Deployment, Limits};
use crate::core::sample::PlatformRecord;

const NAME: &str = "endpoint";
/// Platforms keep an environment for some minutes at least; after less than that a warm-up is sent.
const KEEP_WARM: Duration = Duration::from_secs(4 * 60);

/// Characters of a text in an answer that are kept.
const LONGEST_TEXT: usize = 400;

/// What is known of the function, as the user says it.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Its URL.
    pub url: Option<String>,
    /// HTTP method.
    pub method: String,
    /// `NAME=VARIABLE,…`.
    pub headers: Option<String>,
    /// `auto`, or where the answer holds what is needed.
    pub reply: String,
    /// How a cold start is forced.
    pub cold: ColdMethod,
    /// Language of the datagrams.
    pub dialect: Dialect,
    /// What carries the clock exchange.
    pub sync: Carrier,
    /// Most invocations in a minute that its platform takes.
    pub per_minute: Option<u32>,
}

/// Sends one request and returns its answer, within deadlines of its own; the error says what went wrong.
pub type Sender = Box<dyn Fn(Endpoint) -> Sending + Send + Sync>;

/// A request under way.
pub type Sending = Pin<Box<dyn Future<Output = Result<HttpReply, String>> + Send>>;

/// A function at a URL.
pub struct EndpointPlatform {
    url: String,
    method: String,
    secrets: Secrets,
    shape: Shape,
    cold: ColdMethod,
    dialect: Dialect,
    sync: Carrier,
    per_minute: Option<u32>,
    reach: Reach,
    send: Sender,
}

impl fmt::Debug for EndpointPlatform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EndpointPlatform")
            .field("url", &self.url)
            .field("method", &self.method)
            .field("headers", &self.secrets)
            .field("cold", &self.cold)
            .field("reach", &self.reach)
            .finish_non_exhaustive()
    }
}

impl EndpointPlatform {
    /// Reads what the settings and `variable` (the environment) say, and looks the function's host up; sends nothing.
    ///
    /// # Errors
    /// Which setting is missing or wrong, and how to mend it.
    pub async fn new(
        settings: Settings,
        variable: impl Fn(&str) -> Option<String>,
        send: Sender,
    ) -> Result<Self, PlatformError> {
        let bad = |what: String| error(ErrorKind::Config, "settings", "endpoint", what);
        let url = settings.url.ok_or_else(|| {
            bad("no URL is given: name the function with --url http://… or https://…".into())
        })?;
        let wrong =
            |flag: &str, url: &str, why: String| bad(format!("{flag}{}: {why}", shown(url)));
        let (host, port) = authority(&url).map_err(|why| wrong("--url ", &url, why))?;
        if let ColdMethod::Webhook(url) = &settings.cold {
            authority(url).map_err(|why| wrong("--cold-method webhook:", url, why))?;
        }
        if matches!(settings.cold, ColdMethod::Config | ColdMethod::Publish) {
            return Err(bad(format!(
                "--cold-method {} changes a function, and this one is not ours: use none, command:…, webhook:http… or idle:15m",
                settings.cold
            )));
        }
        let shape = Shape::parse(&settings.reply).map_err(&bad)?;
        let lacking = shape.lacks_for_pairing();
        if settings.sync == Carrier::Http && !lacking.is_empty() {
            return Err(bad(format!(
                "--reply {} does not say where {} is, and a function of another shape cannot do --sync http without: its invocations are paired by the instance, from its leave to the next entry; add {}=/POINTER, or use --sync udp",
                settings.reply,
                lacking.join(" or "),
                lacking.join("=/POINTER,"),
            )));
        }
        Ok(Self {
            secrets: Secrets::read(settings.headers.as_deref().unwrap_or(""), variable)
                .map_err(&bad)?,
            shape,
            method: settings.method,
            cold: match settings.cold {
                ColdMethod::Auto => ColdMethod::None,
                named => named,
            },
            dialect: settings.dialect,
            sync: settings.sync,
            per_minute: settings.per_minute,
            reach: reach(&host, port)
                .await
                .map_err(|why| error(ErrorKind::Transport, "look up", &url, why))?,
            url,
            send,
        })
    }
}

/// A URL as it may be told: without its password.
fn shown(url: &str) -> &str {
    if url.contains('@') { "(…@…)" } else { url }
}

impl EndpointPlatform {
    /// An answer as it may be written down: what a server says may hold what it was told, and be of any length.
    fn shown(&self, mut reply: Reply) -> Reply {
        for text in [
            Some(&mut reply.request_id),
            Some(&mut reply.instance_id),
            reply.clock.error.as_mut(),
        ]
        .into_iter()
        .flatten()
        {
            *text = self.secrets.hide(text).chars().take(LONGEST_TEXT).collect();
        }
        reply
    }
}

#[async_trait]
impl Platform for EndpointPlatform {
    fn name(&self) -> &'static str {
        NAME
    }

    fn abilities(&self) -> Abilities {
        let (cold, cold_method) = match &self.cold {
            ColdMethod::None => (Guarantee::Impossible, "none".to_owned()),
            method => (Guarantee::BestEffort, method.to_string()),
        };
        Abilities {
            deployment: Deployment::Theirs,
            limits: Limits::default(),
            cold,
            cold_method,
            keep_warm: KEEP_WARM,
            invocations_per_minute: self.per_minute,
            processor: None,
        }
    }

    fn reach(&self) -> Reach {
        self.reach
    }

    async fn preflight(&self) -> Result<Vec<Finding>, PlatformError> {
        let finding = |subject, verdict, text: String| Finding {
            subject,
            verdict,
            text,
        };
        let mut findings = vec![finding(
            "function",
            Verdict::Good,
            format!(
                "{} {}: somebody else deployed it; it is only called",
                self.method, self.url
            ),
        )];
        if self.dialect == Dialect::Text && self.sync == Carrier::Http && self.shape == Shape::Auto
        {
            findings.push(finding(
                "clocks",
                Verdict::Doubtful,
                "--sync http compares no clock of SeBS's own function, which --dialect text is for: it tells neither its instance nor when it leaves; use --sync udp, or say with --reply where instance_id and leave are".into(),
            ));
        }
        if self.dialect == Dialect::Text && self.sync == Carrier::Udp {
            findings.push(finding(
                "clocks",
                Verdict::Doubtful,
                "SeBS's own function keeps its exchanges in its bucket, so its samples stay unsynchronised in this run: afterwards put its results-….csv beside result.csv and compare the clocks with sebs-tui process; a function of ours in text answers with its exchanges".into(),
            ));
        }
        Ok(findings)
    }

    async fn ensure_function(&self, _: &FunctionSpec, _: &Package) -> Result<(), PlatformError> {
        Ok(())
    }

    async fn update_code(&self, _: &Package) -> Result<(), PlatformError> {
        Ok(())
    }

    async fn force_cold(&self) -> Result<(), PlatformError> {
        let failed = |kind, what| error(kind, "force cold", &self.cold.to_string(), what);
        match &self.cold {
            ColdMethod::Command(command) => cold::run(command, cold::DEADLINE, &self.secrets)
                .await
                .map_err(|what| failed(ErrorKind::Function, what)),
            ColdMethod::Webhook(url) => cold::post(url, &self.send, &self.secrets)
                .await
                .map_err(|what| failed(ErrorKind::Transport, what)),
            ColdMethod::Idle(length) => {
                tokio::time::sleep(*length).await;
                Ok(())
            }
            _ => Err(failed(
                ErrorKind::Unsupported,
                "there is no way to force a cold start here: name one with --cold-method command:…, webhook:http… or idle:15m".into(),
            )),
        }
    }

    async fn endpoint(&self, _: &Bytes) -> Result<Endpoint, PlatformError> {
        Ok(Endpoint {
            method: self.method.clone(),
            url: self.url.clone(),
            connect_to: None,
            headers: self.secrets.headers().to_vec(),
        })
    }

    fn decode(&self, reply: &HttpReply) -> Result<Reply, PlatformError> {
        let refused = match reply.status {
            200..=299 => match self.shape.read(reply) {
                Ok(read) => return Ok(self.shown(read)),
                Err(what) => Refusal {
                    kind: ErrorKind::Protocol,
                    what: format!("{what}: {}", reply::told(&reply.body, &self.secrets)),
                    retry: Retry::No,
                },
            },
            _ => Refusal::of(reply, &self.secrets, SystemTime::now()),
        };
        Err(PlatformError {
            status: Some(reply.status),
            retry: refused.retry,
            ..error(refused.kind, "invoke", "function", refused.what)
        })
    }

    async fn record(&self, _: &str, _: &HttpReply) -> PlatformRecord {
        PlatformRecord::default()
    }

    async fn owned(&self) -> Vec<Resource> {
        Vec::new()
    }

    async fn tagged(&self) -> Result<Tagged, PlatformError> {
        Ok(Tagged::default())
    }

    async fn remove(&self, _: &Resource) -> Result<(), PlatformError> {
        Ok(())
    }

    fn removal_command(&self, _: &Resource) -> String {
        "true # nothing is made at an endpoint".into()
    }

    async fn destroy(&self) -> Result<(), PlatformError> {
        Ok(())
    }
}

fn error(kind: ErrorKind, operation: &'static str, resource: &str, what: String) -> PlatformError {
    PlatformError::new(NAME, kind, operation, resource, what)
}
