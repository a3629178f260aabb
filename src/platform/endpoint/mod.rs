//! A function that somebody else deployed, at a URL: nothing is created, changed or removed.

mod cold;
mod headers;
mod reply;

use std::fmt;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::pin::Pin;
use std::time::Duration;

use async_trait::async_trait;
use hyper::Uri;
use hyper::body::Bytes;
use tokio::net::lookup_host;
use tokio::time::timeout;

use self::headers::Secrets;
use self::reply::Shape;
use super::{
    Abilities, Endpoint, ErrorKind, Finding, FunctionSpec, Guarantee, HttpReply, Package, Platform,
    PlatformError, Reach, Resource, Verdict,
};
use crate::core::cold::ColdMethod;
use crate::core::contract::{Dialect, Reply};
use crate::core::plan::{Limits, Sweep};
use crate::core::sample::PlatformRecord;

const NAME: &str = "endpoint";
/// Platforms keep an environment for some minutes at least; after less than that a warm-up is sent.
const KEEP_WARM: Duration = Duration::from_secs(4 * 60);
/// Looking up the function's host, to find which of our addresses faces it.
const LOOKUP_DEADLINE: Duration = Duration::from_secs(5);

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
    /// What the run varies.
    pub sweep: Sweep,
    /// Language of the datagrams.
    pub dialect: Dialect,
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
        if settings.sweep == Sweep::Code {
            return Err(error(
                ErrorKind::Unsupported,
                "settings",
                "type = code",
                "a code sweep deploys packages, and this function was deployed by somebody else: use --type payload, or a platform that deploys (local, docker, aws)".into(),
            ));
        }
        let url = settings.url.ok_or_else(|| {
            bad("no URL is given: name the function with --url http://… or https://…".into())
        })?;
        let (host, port) = authority(&url).map_err(|why| bad(format!("--url {url}: {why}")))?;
        if matches!(settings.cold, ColdMethod::Config | ColdMethod::Publish) {
            return Err(bad(format!(
                "--cold-method {} changes a function, and this one is not ours: use none, command:…, webhook:http… or idle:15m",
                settings.cold
            )));
        }
        Ok(Self {
            secrets: Secrets::read(settings.headers.as_deref().unwrap_or(""), variable)
                .map_err(&bad)?,
            shape: Shape::parse(&settings.reply).map_err(&bad)?,
            method: settings.method,
            cold: match settings.cold {
                ColdMethod::Auto => ColdMethod::None,
                named => named,
            },
            dialect: settings.dialect,
            reach: reach(&host, port).await,
            url,
            send,
        })
    }
}

#[async_trait]
impl Platform for EndpointPlatform {
    fn name(&self) -> &'static str {
        NAME
    }

    fn abilities(&self) -> Abilities {
        let (cold, cold_method) = match &self.cold {
            ColdMethod::None => (
                Guarantee::Impossible,
                "none: every cold sample fails".to_owned(),
            ),
            method => (Guarantee::BestEffort, method.to_string()),
        };
        Abilities {
            limits: Limits::default(),
            cold,
            cold_method,
            keep_warm: KEEP_WARM,
            invocations_per_minute: None,
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
        if self.cold == ColdMethod::None {
            findings.push(finding(
                "cold starts",
                Verdict::Doubtful,
                "there is no way to force a cold start: every cold sample will fail; name one with --cold-method command:…, webhook:http… or idle:15m".into(),
            ));
        }
        if self.dialect == Dialect::Text {
            findings.push(finding(
                "clocks",
                Verdict::Doubtful,
                "SeBS's own function does not answer with its exchanges, so its clock cannot be compared and its samples stay unsynchronised; a function of ours in text does".into(),
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
            ColdMethod::Command(command) => cold::run(command)
                .await
                .map_err(|what| failed(ErrorKind::Function, what)),
            ColdMethod::Webhook(url) => cold::post(url, &self.send)
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
        let decoded = match reply.status {
            200..=299 => self
                .shape
                .read(reply)
                .map_err(|what| (ErrorKind::Protocol, what)),
            status => Err((ErrorKind::Function, format!("HTTP {status}"))),
        };
        decoded.map_err(|(kind, what)| PlatformError {
            status: Some(reply.status),
            ..error(
                kind,
                "invoke",
                "function",
                // What a server says back may hold what it was told.
                self.secrets
                    .hide(&format!("{what}: {}", reply::told(&reply.body))),
            )
        })
    }

    async fn record(&self, _: &str, _: &HttpReply) -> PlatformRecord {
        PlatformRecord::default()
    }

    async fn owned(&self) -> Vec<Resource> {
        Vec::new()
    }

    async fn tagged(&self) -> Result<Vec<(String, Resource)>, PlatformError> {
        Ok(Vec::new())
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

/// Host and port of a URL that can be called.
fn authority(url: &str) -> Result<(String, u16), String> {
    let parsed: Uri = url.parse().map_err(|error| format!("{error}"))?;
    let usual_port = match parsed.scheme_str() {
        Some("http") => 80,
        Some("https") => 443,
        _ => return Err("it must begin with http:// or https://".into()),
    };
    let authority = parsed.authority().ok_or("it names no host")?;
    if authority.as_str().contains('@') {
        return Err("it holds a password, which would be stored with the run: send it as a header, --headers Authorization=VARIABLE".into());
    }
    Ok((
        authority.host().trim_matches(['[', ']']).to_owned(),
        authority.port_u16().unwrap_or(usual_port),
    ))
}

/// Our address that faces the function; unknown when it is a private one and the function is not near.
async fn reach(host: &str, port: u16) -> Reach {
    let Ok(Ok(mut found)) = timeout(LOOKUP_DEADLINE, lookup_host((host, port))).await else {
        return Reach::Unknown;
    };
    let facing = |function: SocketAddr| {
        let any: SocketAddr = if function.is_ipv4() {
            ([0; 4], 0).into()
        } else {
            ([0; 8], 0).into()
        };
        // Connecting a datagram socket sends nothing: it only chooses the route.
        let socket = UdpSocket::bind(any).ok()?;
        socket.connect(function).ok()?;
        let ours = socket.local_addr().ok()?.ip();
        (is_near(function.ip()) || !is_near(ours)).then_some(ours)
    };
    found
        .find_map(facing)
        .map_or(Reach::Unknown, Reach::Address)
}

/// Loopback or of a private network.
fn is_near(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            address.is_loopback() || address.is_private() || address.is_link_local()
        }
        IpAddr::V6(address) => {
            address.is_loopback() || address.is_unique_local() || address.is_unicast_link_local()
        }
    }
}

fn error(kind: ErrorKind, operation: &'static str, resource: &str, what: String) -> PlatformError {
    PlatformError::new(NAME, kind, operation, resource, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> Settings {
        Settings {
            url: Some("http://127.0.0.1:9/".into()),
            method: "POST".into(),
            headers: Some("Authorization=TOKEN".into()),
            reply: "auto".into(),
            cold: ColdMethod::Auto,
            sweep: Sweep::Payload,
            dialect: Dialect::Stamp,
        }
    }

    async fn made(settings: Settings) -> Result<EndpointPlatform, PlatformError> {
        let send: Sender = Box::new(|_| Box::pin(async { Err("nobody is called".into()) }));
        EndpointPlatform::new(settings, |_| Some("s3cret".into()), send).await
    }

    #[tokio::test]
    async fn what_cannot_be_done_is_refused_before_anything_is_sent() {
        let refused = [
            (
                Settings {
                    sweep: Sweep::Code,
                    ..settings()
                },
                "--type payload",
            ),
            (
                Settings {
                    url: None,
                    ..settings()
                },
                "--url",
            ),
            (
                Settings {
                    url: Some("ftp://x/".into()),
                    ..settings()
                },
                "http://",
            ),
            (
                Settings {
                    url: Some("http://me:pw@x/".into()),
                    ..settings()
                },
                "--headers",
            ),
            (
                Settings {
                    cold: ColdMethod::Publish,
                    ..settings()
                },
                "webhook",
            ),
            (
                Settings {
                    reply: "is_cold=/c".into(),
                    ..settings()
                },
                "request_id",
            ),
        ];
        for (settings, advice) in refused {
            let error = made(settings).await.unwrap_err().to_string();
            assert!(error.contains(advice), "{error}");
        }
    }

    #[tokio::test]
    async fn a_secret_is_sent_but_never_shown() {
        let platform = made(settings()).await.unwrap();
        let endpoint = platform.endpoint(&Bytes::new()).await.unwrap();
        assert_eq!(endpoint.headers[0].1, "s3cret");
        let echoed = HttpReply {
            status: 401,
            headers: Vec::new(),
            body: "not welcome: s3cret".into(),
        };
        let error = platform.decode(&echoed).unwrap_err();
        for shown in [
            format!("{platform:?} {endpoint:?}"),
            format!("{error} {error:?}"),
        ] {
            assert!(!shown.contains("s3cret"), "{shown}");
        }
        assert!(error.what.contains("not welcome"), "{error}");
    }

    #[tokio::test]
    async fn without_a_way_to_force_it_a_cold_start_is_refused_with_the_ways_there_are() {
        let platform = made(settings()).await.unwrap();
        assert_eq!(platform.abilities().cold, Guarantee::Impossible);
        let error = platform.force_cold().await.unwrap_err().to_string();
        assert!(error.contains("--cold-method command"), "{error}");
    }

    #[tokio::test]
    async fn a_failing_command_is_told_with_its_status_and_its_output() {
        let cold = ColdMethod::Command("echo no such service; exit 3".into());
        let platform = made(Settings { cold, ..settings() }).await.unwrap();
        let error = platform.force_cold().await.unwrap_err().to_string();
        assert!(
            error.contains("exit status: 3") && error.contains("no such service"),
            "{error}"
        );
    }

    #[tokio::test]
    async fn the_function_on_this_machine_finds_the_host_on_loopback() {
        let platform = made(settings()).await.unwrap();
        assert_eq!(
            platform.reach(),
            Reach::Address(IpAddr::from([127, 0, 0, 1]))
        );
    }
}
