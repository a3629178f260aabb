//! AWS Lambda, by its official SDK.
//!
//! ```text
//! account (credentials, region) ──► role ──► function: create or adopt, wait until live ──► url
//!                                              │                                              │
//!                                      cold: config, publish, idle            invoke: signed, instead of the URL
//!                                                                                             │
//!                                                             answer, log_tail ◄── the one HTTP client
//! ```
//!
//! Everything that is made is in the ledger before the call that makes it, and carries the run's name as a tag.

mod account;
mod answer;
mod cold;
mod errors;
mod function;
mod invoke;
mod log_tail;
mod names;
mod preflight;
mod retry;
mod role;
mod url;

use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use hyper::body::Bytes;

use self::account::Account;
pub use self::cold::Cold;
use self::errors::error;
use self::function::Function;
use super::context::Context;
use super::{
    Abilities, Endpoint, ErrorKind, Finding, FunctionSpec, HttpReply, Package, Platform,
    PlatformError, Reach, Resource, Retry,
};
use crate::core::contract::Reply;
use crate::core::live::Phase;
use crate::core::plan::{Limit, Limits};
use crate::core::sample::PlatformRecord;

const NAME: &str = "aws";
/// Largest zip that fits a call, bytes; larger ones would have to go through S3.
const PACKAGE_MOST: u64 = 50 * 1024 * 1024;
/// Largest event of a synchronous invocation, bytes.
const EVENT_MOST: u64 = 6 * 1024 * 1024;
/// What surrounds the payload in an event: our own request, and with a URL its escapes, headers and context.
const AROUND_PAYLOAD: u64 = 4096;
const AROUND_URL_PAYLOAD: u64 = 12 * 1024;
/// AWS keeps an environment that is not used for some minutes at least.
const KEEP_WARM: Duration = Duration::from_secs(5 * 60);
/// A new URL may refuse calls for so long, until its permissions are known everywhere.
const URL_IS_NEW: Duration = Duration::from_secs(60);

/// How the account is reached; what is not given is found by the SDK's own chain.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Way {
    /// Region.
    pub region: Option<String>,
    /// Profile of the SDK's configuration files.
    pub profile: Option<String>,
    /// Where an emulator listens.
    pub endpoint_url: Option<String>,
}

/// What the package holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A program for the processor of this host, on `provided.al2023`.
    Native,
    /// A module, on `python3.13`.
    Python,
}

/// The function's processor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Processor {
    /// 64-bit x86.
    X86,
    /// 64-bit ARM.
    Arm,
}

impl Processor {
    /// The word that Rust and Linux have for it.
    fn word(self) -> &'static str {
        match self {
            Self::X86 => "x86_64",
            Self::Arm => "aarch64",
        }
    }
}

/// How the function is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trigger {
    /// Its own URL.
    Url,
    /// The Invoke API.
    Invoke,
}

/// What a user chooses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// How the account is reached.
    pub way: Way,
    /// Name that the function's begins with.
    pub function_name: String,
    /// ARN of the role that the function takes; none: one is made.
    pub role: Option<String>,
    /// What the package holds.
    pub form: Form,
    /// The function's processor.
    pub processor: Processor,
    /// How it is called.
    pub trigger: Trigger,
    /// How a cold start is forced.
    pub cold: Cold,
}

/// AWS Lambda for one run.
pub struct AwsPlatform {
    options: Options,
    context: Context,
    account: Account,
    name: String,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The package that is live; none while that is not known.
    live: Option<Package>,
    url: Option<OpenUrl>,
    /// The last forced cold start's; random at first, since an earlier process of this run may have used some.
    nonce: u32,
    /// No call before this.
    hold: Option<Instant>,
}

struct OpenUrl {
    url: String,
    since: Instant,
    refusals: u32,
}

impl AwsPlatform {
    /// Finds region and endpoint; asks AWS nothing yet.
    ///
    /// # Errors
    /// When an endpoint or region cannot be looked up.
    pub async fn start(options: Options, context: Context) -> Result<Self, PlatformError> {
        Ok(Self {
            account: Account::open(&options).await?,
            name: names::of(&options.function_name, context.run()),
            options,
            context,
            state: Mutex::new(State {
                nonce: rand::random(),
                ..State::default()
            }),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn function(&self) -> Function<'_> {
        Function {
            account: &self.account,
            context: &self.context,
            name: &self.name,
        }
    }

    /// Shows that nothing is being done any more, also when the work is given up.
    fn working(&self) -> Working<'_> {
        Working(&self.context)
    }

    fn too_large(&self, package: &Package) -> Result<(), PlatformError> {
        let got = package.bytes.len() as u64;
        if got <= PACKAGE_MOST {
            return Ok(());
        }
        let what = format!(
            "the package has {got} bytes, a call takes {PACKAGE_MOST}: choose a smaller size"
        );
        Err(error(
            ErrorKind::TooLarge {
                limit: PACKAGE_MOST,
                got,
            },
            "upload",
            &self.name,
            what,
        ))
    }

    fn missing(&self, operation: &'static str) -> PlatformError {
        error(
            ErrorKind::NotFound,
            operation,
            &self.name,
            "there is no function yet: create it first".into(),
        )
    }

    /// Remembers what a refused call says about the time of the next.
    fn heed(&self, refusal: &PlatformError) {
        let mut state = self.state();
        let wait = match (refusal.retry, refusal.status, &mut state.url) {
            (Retry::After(wait), _, _) => wait,
            (Retry::No, Some(403), Some(url)) if url.since.elapsed() < URL_IS_NEW => {
                url.refusals += 1;
                Duration::from_secs(1 << url.refusals.min(4))
            }
            _ => return,
        };
        state.hold = Some(Instant::now() + wait);
        drop(state);
        self.context.note(format!(
            "{refusal}; the next call waits for {} s",
            wait.as_secs()
        ));
    }

    /// Waits as a refused call has asked for.
    async fn held(&self) {
        let hold = self.state().hold.take();
        if let Some(wait) = hold.map(|until| until.saturating_duration_since(Instant::now())) {
            self.context.enter(Phase::Waiting);
            tokio::time::sleep(wait).await;
        }
    }
}

struct Working<'a>(&'a Context);

impl Drop for Working<'_> {
    fn drop(&mut self) {
        self.0.enter(Phase::Idle);
    }
}

#[async_trait]
impl Platform for AwsPlatform {
    fn name(&self) -> &'static str {
        NAME
    }

    fn abilities(&self) -> Abilities {
        let limit = |bytes, name: &str| {
            Some(Limit {
                bytes,
                name: format!("{NAME}: {name}"),
            })
        };
        let around = match self.options.trigger {
            Trigger::Url => AROUND_URL_PAYLOAD,
            Trigger::Invoke => AROUND_PAYLOAD,
        };
        Abilities {
            limits: Limits {
                payload_most: limit(
                    EVENT_MOST - around,
                    "event of 6 MB with what surrounds the payload",
                ),
                package_most: limit(PACKAGE_MOST, "package in one call, 50 MB; S3 is not used"),
                package_least: None,
            },
            cold: self.options.cold.guarantee(),
            cold_method: self.options.cold.words(),
            keep_warm: KEEP_WARM,
            invocations_per_minute: None,
        }
    }

    fn reach(&self) -> Reach {
        let local =
            |emulator: &account::Emulator| Some(emulator.address.ip()).filter(IpAddr::is_loopback);
        self.account
            .emulator
            .as_ref()
            .and_then(local)
            .map_or(Reach::Unknown, Reach::Address)
    }

    async fn preflight(&self) -> Result<Vec<Finding>, PlatformError> {
        let _working = self.working();
        Ok(preflight::look(&self.options, &self.function()).await)
    }

    async fn ensure_function(
        &self,
        spec: &FunctionSpec,
        package: &Package,
    ) -> Result<(), PlatformError> {
        let _working = self.working();
        self.too_large(package)?;
        let made;
        let role = match &self.options.role {
            Some(role) => role,
            None => {
                made = role::ensure(&self.account, &self.context, &self.name).await?;
                &made
            }
        };
        let (form, processor) = (self.options.form, self.options.processor);
        let plan = function::Plan {
            spec,
            form,
            processor,
            role,
        };
        self.function().ensure(&plan, &package.bytes).await?;
        if self.options.trigger == Trigger::Url {
            let url = url::ensure(&self.account, &self.context, &self.name).await?;
            self.state().url = Some(OpenUrl {
                url,
                since: Instant::now(),
                refusals: 0,
            });
        }
        self.state().live = Some(package.clone());
        Ok(())
    }

    async fn update_code(&self, package: &Package) -> Result<(), PlatformError> {
        let _working = self.working();
        self.too_large(package)?;
        let same = self
            .state()
            .live
            .as_ref()
            .is_some_and(|live| live.sha256 == package.sha256);
        if same {
            return Ok(());
        }
        // Not known again before the change is through, which may be given up on the way.
        self.state().live = None;
        self.function().upload(&package.bytes).await?;
        self.state().live = Some(package.clone());
        Ok(())
    }

    async fn force_cold(&self) -> Result<(), PlatformError> {
        let _working = self.working();
        let nonce = {
            let mut state = self.state();
            state.nonce = state.nonce.wrapping_add(1);
            state.nonce
        };
        match self.options.cold {
            Cold::Config => {
                self.function()
                    .vary(&format!("{}-{nonce}", self.context.run()))
                    .await
            }
            Cold::Publish => {
                let live = self
                    .state()
                    .live
                    .clone()
                    .ok_or_else(|| self.missing("force cold"))?;
                self.function()
                    .upload(&cold::restamped(&live.bytes, nonce)?)
                    .await
            }
            Cold::Idle(length) => {
                self.context.enter(Phase::Waiting);
                tokio::time::sleep(length).await;
                Ok(())
            }
            Cold::None => {
                let what = "--cold-method none: there is no way to a cold start".into();
                Err(error(
                    ErrorKind::Unsupported,
                    "force cold",
                    &self.name,
                    what,
                ))
            }
        }
    }

    async fn endpoint(&self, body: &Bytes) -> Result<Endpoint, PlatformError> {
        self.held().await;
        match self.options.trigger {
            Trigger::Url => {
                let url = self.state().url.as_ref().map(|open| open.url.clone());
                let url = url.ok_or_else(|| self.missing("invoke"))?;
                url::endpoint(&url, self.account.emulator.as_ref())
            }
            Trigger::Invoke => invoke::endpoint(&self.account, &self.name, body).await,
        }
    }

    fn decode(&self, reply: &HttpReply) -> Result<Reply, PlatformError> {
        answer::decode(reply).inspect_err(|refusal| self.heed(refusal))
    }

    async fn record(&self, request_id: &str, reply: &HttpReply) -> PlatformRecord {
        log_tail::record(request_id, reply)
    }

    async fn owned(&self) -> Vec<Resource> {
        self.context.ledger().open()
    }

    async fn tagged(&self) -> Result<Vec<(String, Resource)>, PlatformError> {
        let mut found = function::tagged(&self.account).await?;
        found.extend(role::tagged(&self.account).await?);
        Ok(found)
    }

    async fn remove(&self, resource: &Resource) -> Result<(), PlatformError> {
        let _working = self.working();
        let Resource { kind, name } = resource;
        match (kind.as_str(), name.split_once('/')) {
            (function::KIND, Some((region, name))) => {
                Function {
                    account: &self.account,
                    context: &self.context,
                    name,
                }
                .remove(region)
                .await
            }
            (role::KIND, None) => role::remove(&self.account, &self.context, name).await,
            _ => {
                let what = format!(
                    "a {kind} of this name was not made by this platform: remove it by hand"
                );
                Err(error(ErrorKind::Unsupported, "remove", name, what))
            }
        }
    }

    fn removal_command(&self, resource: &Resource) -> String {
        let flags = self.account.flags();
        match (resource.kind.as_str(), resource.name.split_once('/')) {
            (function::KIND, Some((region, name))) => {
                format!(
                    "aws lambda delete-function --region {region} --function-name {name}{flags}"
                )
            }
            _ => format!("aws iam delete-role --role-name {}{flags}", resource.name),
        }
    }

    async fn destroy(&self) -> Result<(), PlatformError> {
        let mut first = Ok(());
        for resource in self.context.ledger().open().iter().rev() {
            let gone = match self.remove(resource).await {
                Ok(()) => self.context.ledger().removed(resource).map_err(|why| {
                    error(
                        ErrorKind::Internal,
                        "write down",
                        &resource.name,
                        why.to_string(),
                    )
                }),
                Err(left) => Err(PlatformError {
                    what: format!(
                        "{}; remove it with `{}`",
                        left.what,
                        self.removal_command(resource)
                    ),
                    ..left
                }),
            };
            first = first.and(gone);
        }
        first
    }
}
