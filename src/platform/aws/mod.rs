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
mod bucket;
mod code;
mod cold;
mod entry;
mod errors;
mod function;
mod invoke;
mod limits;
mod log_tail;
mod names;
mod object;
mod options;
mod place;
mod preflight;
mod removal;
mod restraint;
mod retry;
mod role;
mod services;
mod tagged;
mod url;
mod waiting;

use std::iter;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use hyper::body::Bytes;
use tokio::sync::OnceCell;

use self::account::Account;
use self::code::Code;
pub use self::cold::Cold;
use self::errors::error;
use self::function::Function;
pub use self::options::{Form, Options, Trigger, Way};
use self::restraint::Restraint;
use self::services::Services;
use super::context::Context;
use super::facing::facing;
use super::{
    Abilities, Endpoint, ErrorKind, Finding, FunctionSpec, HttpReply, Package, Platform,
    PlatformError, Reach, Resource, Tagged,
};
use crate::core::contract::Reply;
use crate::core::live::Phase;
use crate::core::plan::Deployment;
use crate::core::sample::PlatformRecord;

const NAME: &str = "aws";
/// AWS keeps an environment that is not used for some minutes at least.
const KEEP_WARM: Duration = Duration::from_secs(5 * 60);
/// AWS Lambda for one run.
pub struct AwsPlatform {
    options: Options,
    context: Context,
    account: Account,
    name: String,
    /// Filled once it is known that the run's things are in this account.
    at_home: OnceCell<()>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The package that is live; none while that is not known.
    live: Option<Package>,
    url: Option<String>,
    /// The last forced cold start's; random at first, since an earlier process of this run may have used some.
    nonce: u32,
    /// What the last forced cold start has set in the function's environment.
    cold_nonce: Option<String>,
    restraint: Restraint,
}

impl AwsPlatform {
    /// Finds region and endpoint; asks AWS nothing yet.
    ///
    /// # Errors
    /// When an endpoint or region cannot be looked up.
    pub async fn start(mut options: Options, context: Context) -> Result<Self, PlatformError> {
        let before = context.ledger().place();
        let variable = |name: &str| std::env::var(name).ok();
        let services = Services::find(&options.way, before.as_ref(), variable)?;
        place::as_before(&mut options.way, &context);
        Ok(Self {
            account: Account::open(&options.way, services).await?,
            name: names::of(&options.function_name, context.run()),
            options,
            context,
            at_home: OnceCell::new(),
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

    /// Writes down in which account the run's things will be, and refuses another than they are in.
    async fn keep_place(&self) -> Result<(), PlatformError> {
        let keep = || place::keep(&self.account, &self.context);
        self.at_home.get_or_try_init(keep).await.copied()
    }

    /// Refuses to look for the run's things in another account; what was found by its tag is where it was found.
    async fn check_place(&self) -> Result<(), PlatformError> {
        match self.context.ledger().place() {
            Some(_) => self.keep_place().await,
            None => Ok(()),
        }
    }

    async fn offer(&self, package: &Bytes) -> Result<Code, PlatformError> {
        let given = self.options.bucket.as_deref();
        Code::offer(&self.account, &self.context, given, package).await
    }

    /// Replaces the function's code; returns when it is live.
    async fn replace(&self, package: &Bytes) -> Result<(), PlatformError> {
        let code = self.offer(package).await?;
        self.function().upload(&code).await?;
        code.taken(&self.account, &self.context).await;
        Ok(())
    }

    /// Shows that nothing is being done any more, also when the work is given up.
    fn working(&self) -> Working<'_> {
        Working(&self.context)
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
        let wait = self.state().restraint.heed(refusal, Instant::now());
        if let Some(wait) = wait {
            let wait = wait.as_secs();
            self.context
                .note(format!("{refusal}; the next call waits for {wait} s"));
        }
    }

    /// Waits as a refused call has asked for.
    async fn restrained(&self) {
        let wait = self.state().restraint.wait(Instant::now());
        if let Some(wait) = wait {
            self.context.enter(Phase::Waiting);
            tokio::time::sleep(wait).await;
        }
    }
}

impl AwsPlatform {
    /// An emulator sets no limit.
    fn invocations_per_minute(&self) -> Option<u32> {
        let real = self.account.emulator.is_none();
        real.then_some(limits::INVOCATIONS_PER_MINUTE)
    }
}

/// Any address of the Internet: this one is for documentation (RFC 5737), and nothing is sent to it.
const THE_INTERNET: SocketAddr = SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::new(192, 0, 2, 1), 9));

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
        Abilities {
            deployment: Deployment::Ours,
            limits: limits::of(self.options.trigger, self.options.form),
            cold: self.options.cold.guarantee(),
            cold_method: self.options.cold.words(),
            keep_warm: KEEP_WARM,
            invocations_per_minute: self.invocations_per_minute(),
            processor: Some(self.options.processor),
        }
    }

    fn reach(&self) -> Reach {
        let emulator = self.account.emulator.as_ref();
        facing(iter::once(
            emulator.map_or(THE_INTERNET, |emulator| emulator.address),
        ))
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
        limits::check(&self.name, self.options.form, package)?;
        self.keep_place().await?;
        let made;
        let role = if let Some(given) = &self.options.role {
            given
        } else {
            made = role::ensure(&self.account, &self.context, &self.name).await?;
            &made
        };
        let (form, processor) = (self.options.form, self.options.processor);
        let plan = function::Plan {
            spec,
            form,
            processor,
            role,
            role_is_given: self.options.role.is_some(),
        };
        let code = self.offer(&package.bytes).await?;
        self.function().ensure(&plan, &code).await?;
        code.taken(&self.account, &self.context).await;
        if self.options.trigger == Trigger::Url {
            let url = url::ensure(&self.account, &self.context, &self.name).await?;
            let mut state = self.state();
            state.url = Some(url);
            state.restraint = Restraint::of_new_url(Instant::now());
        }
        self.state().live = Some(package.clone());
        Ok(())
    }

    async fn update_code(&self, package: &Package) -> Result<(), PlatformError> {
        let _working = self.working();
        limits::check(&self.name, self.options.form, package)?;
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
        self.replace(&package.bytes).await?;
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
                let nonce = format!("{}-{nonce}", self.context.run());
                // Not known again before the change is through.
                self.state().cold_nonce = None;
                self.function().vary(&nonce).await?;
                self.state().cold_nonce = Some(nonce);
                Ok(())
            }
            Cold::Publish => {
                let live = self
                    .state()
                    .live
                    .clone()
                    .ok_or_else(|| self.missing("force cold"))?;
                self.replace(&cold::restamped(&live.bytes, nonce)?).await
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

    fn cold_nonce(&self) -> Option<String> {
        self.state().cold_nonce.clone()
    }

    async fn endpoint(&self, body: &Bytes) -> Result<Endpoint, PlatformError> {
        self.restrained().await;
        match self.options.trigger {
            Trigger::Url => {
                let url = self.state().url.clone();
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

    async fn tagged(&self) -> Result<Tagged, PlatformError> {
        tagged::everything(&self.account).await
    }

    async fn remove(&self, resource: &Resource) -> Result<(), PlatformError> {
        let _working = self.working();
        self.check_place().await?;
        removal::remove(&self.account, &self.context, resource).await
    }

    fn removal_command(&self, resource: &Resource) -> String {
        removal::command(&self.account, resource)
    }

    async fn destroy(&self) -> Result<(), PlatformError> {
        let _working = self.working();
        if self.context.ledger().open().is_empty() {
            return Ok(());
        }
        self.check_place().await?;
        removal::everything(&self.account, &self.context).await
    }
}
