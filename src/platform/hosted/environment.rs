//! An environment: one program that serves one invocation at a time, with a Runtime API of its own; and the traits by
//! which a platform says how it makes one.

use std::fmt;
use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use hyper::body::Bytes;
use tokio::sync::watch;
use tokio::time::timeout;

use super::fault::Fault;
use super::runtime_api::{Call, Event, Outcome, RuntimeApi};
use crate::platform::{FunctionSpec, Resource};

/// Longest time from an environment's creation to its first request for an event.
const READY_WITHIN: Duration = Duration::from_secs(60);

/// What is deployed.
#[derive(Debug)]
pub struct Deployment {
    /// The function's settings.
    pub spec: FunctionSpec,
    /// The stored zip.
    pub package: PathBuf,
    /// Its SHA-256, hex.
    pub sha256: String,
}

impl Deployment {
    /// A name in AWS's form, which its runtimes like to see.
    fn arn(&self) -> String {
        format!(
            "arn:aws:lambda:local:000000000000:function:{}",
            self.spec.name
        )
    }
}

/// How an environment ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// It never ran: the package could not be unpacked or its program not started.
    NeverRan(String),
    /// Its program ended by itself or was killed: the status in words.
    Exited(String),
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NeverRan(why) => f.write_str(why),
            Self::Exited(status) => write!(f, "Runtime exited with error: {status}"),
        }
    }
}

/// How far an environment's life has come.
#[derive(Debug, Clone)]
pub enum Life {
    /// It is made or runs.
    Lasts,
    /// Its program has ended.
    Ended(End),
    /// What it was made of is removed, too.
    Gone(End),
}

/// What an environment is made from.
#[derive(Debug)]
pub struct Plan {
    /// What it serves.
    pub deployment: Arc<Deployment>,
    /// A directory of its own, which does not exist yet; its last part names the environment.
    pub directory: PathBuf,
    /// The variables AWS sets, beside those that name the program's directories.
    pub variables: Vec<(&'static str, String)>,
}

/// Makes environments: what differs from platform to platform.
pub trait Housing: fmt::Debug + Send + Sync {
    /// Address of the host at which an environment reaches it.
    ///
    /// # Errors
    /// When there is none.
    fn host(&self) -> io::Result<IpAddr>;

    /// Begins to make one; `life` is told how far it has come, and [`Life::Gone`] last.
    ///
    /// # Errors
    /// When not even the beginning can be made.
    fn begin(&self, plan: Plan, life: watch::Sender<Life>) -> io::Result<Box<dyn Dwelling>>;
}

/// Where one environment's program lives.
#[async_trait]
pub trait Dwelling: fmt::Debug + Send + Sync {
    /// Ends the program and removes everything, now or as soon as it is started. Returns at once.
    fn kill(&self);

    /// The last of what the program wrote.
    async fn last_lines(&self) -> Vec<String>;

    /// What it is made of just now.
    fn traces(&self) -> Vec<Resource>;

    /// Waits until everything is removed, blocking the calling thread: for when no runtime may be left to wait in.
    fn gone_blocking(&self);
}

/// One program of the function.
#[derive(Debug)]
pub struct Environment {
    deployment: Arc<Deployment>,
    api: RuntimeApi,
    dwelling: Box<dyn Dwelling>,
    life: watch::Receiver<Life>,
    busy: AtomicBool,
}

impl Environment {
    /// Begins to make one, busy from the start; unpacking and starting go on in the background.
    pub fn begin(
        deployment: Arc<Deployment>,
        directory: PathBuf,
        housing: &dyn Housing,
    ) -> io::Result<Self> {
        let api = RuntimeApi::start(housing.host()?)?;
        let variables = variables(&deployment.spec, &api, &directory);
        let (entering, life) = watch::channel(Life::Lasts);
        let plan = Plan {
            deployment: Arc::clone(&deployment),
            directory,
            variables,
        };
        Ok(Self {
            deployment,
            api,
            dwelling: housing.begin(plan, entering)?,
            life,
            busy: AtomicBool::new(true),
        })
    }

    /// Takes it for an invocation, if it is free and lives.
    pub fn claim(&self) -> bool {
        matches!(*self.life.borrow(), Life::Lasts) && !self.busy.swap(true, Ordering::AcqRel)
    }

    /// Gives it back.
    pub fn release(&self) {
        self.busy.store(false, Ordering::Release);
    }

    /// Nothing of it is left.
    pub fn is_gone(&self) -> bool {
        matches!(*self.life.borrow(), Life::Gone(_))
    }

    /// What it is made of just now.
    pub fn traces(&self) -> Vec<Resource> {
        self.dwelling.traces()
    }

    /// Has it serve an event.
    ///
    /// # Errors
    /// Says how the function or its environment failed; kill it unless the fault spares it.
    pub async fn invoke(&self, request_id: &str, body: Bytes) -> Result<Bytes, Fault> {
        let limit = self.deployment.spec.timeout;
        let event = Event {
            request_id: request_id.to_owned(),
            function_arn: self.deployment.arn(),
            timeout: limit,
            body,
        };
        let call = self.api.offer(event);
        tokio::select! {
            // An answer that came just before the end of the process counts.
            biased;
            result = answered(call, limit) => result,
            end = self.ended() => Err(Fault::Ended(end, self.dwelling.last_lines().await)),
        }
    }

    /// Ends the program and the Runtime API. Returns at once: see [`Self::gone`].
    pub fn kill(&self) {
        self.dwelling.kill();
        self.api.stop();
    }

    /// Waits until it [is gone](Self::is_gone).
    pub async fn gone(&self) {
        // That the sender is dropped means that whoever made it has ended: nothing is left then, either.
        let _ = self
            .life
            .clone()
            .wait_for(|life| matches!(life, Life::Gone(_)))
            .await;
    }

    /// Waits like [`Self::gone`], blocking the calling thread: for when no runtime may be left to wait in.
    pub fn gone_blocking(&self) {
        self.dwelling.gone_blocking();
    }

    async fn ended(&self) -> End {
        let mut life = self.life.clone();
        match life
            .wait_for(|life| !matches!(life, Life::Lasts))
            .await
            .as_deref()
        {
            Ok(Life::Ended(end) | Life::Gone(end)) => end.clone(),
            Ok(Life::Lasts) | Err(_) => End::NeverRan("what made it has died".into()),
        }
    }
}

async fn answered(call: Call, limit: Duration) -> Result<Bytes, Fault> {
    // It fails when the event was withdrawn; the outcome then says why.
    let _ = timeout(READY_WITHIN, call.taken)
        .await
        .map_err(|_| Fault::NeverReady(READY_WITHIN))?;
    match timeout(limit, call.outcome)
        .await
        .map_err(|_| Fault::TimedOut(limit))?
    {
        Ok(Outcome::Response(body)) => Ok(body),
        Ok(Outcome::Error(body)) => Err(Fault::Handler(body)),
        Ok(Outcome::InitError(body)) => Err(Fault::Init(body)),
        Err(_) => Err(Fault::Host("the invocation was given up".into())),
    }
}

/// The variables AWS sets, beside those that name the program's directories.
fn variables(
    spec: &FunctionSpec,
    api: &RuntimeApi,
    directory: &Path,
) -> Vec<(&'static str, String)> {
    let stream = directory.file_name().unwrap_or_default();
    let stream = stream.to_string_lossy().into_owned();
    vec![
        ("AWS_LAMBDA_RUNTIME_API", api.address().to_string()),
        ("AWS_LAMBDA_FUNCTION_NAME", spec.name.clone()),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST".into()),
        (
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
            spec.memory_mb.to_string(),
        ),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand".into()),
        (
            "AWS_LAMBDA_LOG_GROUP_NAME",
            format!("/aws/lambda/{}", spec.name),
        ),
        ("AWS_LAMBDA_LOG_STREAM_NAME", stream),
        ("AWS_REGION", "local".into()),
        ("_HANDLER", spec.handler.clone()),
    ]
}
