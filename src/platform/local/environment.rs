//! An environment: one process that serves one invocation at a time, with a directory and a Runtime API of its own.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use hyper::body::Bytes;
use tokio::sync::watch;
use tokio::time::timeout;

use super::fault::Fault;
use super::output::Output;
use super::process::{self, End, Launch, Leash};
use super::runtime_api::{Call, Event, Outcome, RuntimeApi};
use crate::platform::FunctionSpec;

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

/// How far an environment's life has come.
#[derive(Debug, Clone)]
enum Life {
    /// It is made or runs.
    Lasts,
    /// Its process has ended.
    Ended(End),
    /// Its directory is removed, too.
    Gone(End),
}

/// One process of the function.
#[derive(Debug)]
pub struct Environment {
    deployment: Arc<Deployment>,
    directory: PathBuf,
    api: RuntimeApi,
    output: Output,
    leash: Arc<Leash>,
    life: watch::Receiver<Life>,
    thread: Mutex<Option<JoinHandle<()>>>,
    busy: AtomicBool,
}

impl Environment {
    /// Begins to make one, busy from the start; unpacking and starting go on in a thread of its own.
    pub fn begin(deployment: Arc<Deployment>, directory: PathBuf) -> io::Result<Self> {
        let api = RuntimeApi::start()?;
        let (reader, writer) = io::pipe()?;
        let output = Output::collect(reader)?;
        let variables = variables(&deployment.spec, &api, &directory);
        let launch = Launch {
            package: deployment.package.clone(),
            directory: directory.clone(),
            variables,
        };
        let leash = Arc::<Leash>::default();
        let (entering, life) = watch::channel(Life::Lasts);
        let thread = std::thread::Builder::new()
            .name("environment".into())
            .spawn({
                let leash = Arc::clone(&leash);
                move || {
                    let end = process::live(&launch, &leash, writer, |end| {
                        entering.send_replace(Life::Ended(end.clone()));
                    });
                    entering.send_replace(Life::Gone(end));
                }
            })?;
        Ok(Self {
            deployment,
            directory,
            api,
            output,
            leash,
            life,
            thread: Mutex::new(Some(thread)),
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

    /// Nothing of it is left: process reaped, directory removed.
    pub fn is_gone(&self) -> bool {
        matches!(*self.life.borrow(), Life::Gone(_))
    }

    /// Process id while it runs, and directory.
    pub fn traces(&self) -> (Option<u32>, &PathBuf) {
        (self.leash.pid(), &self.directory)
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
            end = self.ended() => Err(Fault::Ended(end, self.output.last_lines().await)),
        }
    }

    /// Kills the process, its children, and the Runtime API. Returns at once: see [`Self::gone`].
    pub fn kill(&self) {
        self.leash.kill();
        self.api.stop();
    }

    /// Waits until it [is gone](Self::is_gone).
    pub async fn gone(&self) {
        // That the sender is dropped means that the thread has ended: nothing is left then, either.
        let _ = self
            .life
            .clone()
            .wait_for(|life| matches!(life, Life::Gone(_)))
            .await;
    }

    /// Waits like [`Self::gone`], blocking the calling thread: for when no runtime may be left to wait in.
    pub fn gone_blocking(&self) {
        if let Some(thread) = self
            .thread
            .lock()
            .expect("nothing panics while it holds this lock")
            .take()
        {
            // A panic of that thread has nothing to add here.
            let _ = thread.join();
        }
    }

    async fn ended(&self) -> End {
        let mut life = self.life.clone();
        match life
            .wait_for(|life| !matches!(life, Life::Lasts))
            .await
            .as_deref()
        {
            Ok(Life::Ended(end) | Life::Gone(end)) => end.clone(),
            Ok(Life::Lasts) | Err(_) => End::NeverRan("its thread has died".into()),
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

/// The variables AWS sets, beside those that name the process's directories.
fn variables(
    spec: &FunctionSpec,
    api: &RuntimeApi,
    directory: &Path,
) -> Vec<(&'static str, OsString)> {
    let stream = directory.file_name().unwrap_or_default().to_owned();
    vec![
        ("AWS_LAMBDA_RUNTIME_API", api.address().to_string().into()),
        ("AWS_LAMBDA_FUNCTION_NAME", spec.name.clone().into()),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST".into()),
        (
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
            spec.memory_mb.to_string().into(),
        ),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand".into()),
        (
            "AWS_LAMBDA_LOG_GROUP_NAME",
            format!("/aws/lambda/{}", spec.name).into(),
        ),
        ("AWS_LAMBDA_LOG_STREAM_NAME", stream),
        ("AWS_REGION", "local".into()),
        ("_HANDLER", spec.handler.clone().into()),
    ]
}
