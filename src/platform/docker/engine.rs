//! The engine: how it is reached, with a deadline on every call, and what its errors mean for a person.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bollard::errors::Error;
use bollard::{API_DEFAULT_VERSION, ClientVersion, Docker};
use tokio::time::timeout;

use super::NAME;
use super::place::{CERT_PATH, Place, TLS_VERIFY};
use crate::core::processor::Processor;
use crate::platform::hosted;
use crate::platform::ledger::{self, Ledger};
use crate::platform::{ErrorKind, PlatformError};

/// Key of the setting that says where the engine is.
pub const SETTING: &str = "docker_host";
/// Longest wait for one answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(60);

/// Where the engine is, and which version of its API it speaks. Clients are made of it, one for each runtime.
#[derive(Debug, Clone)]
pub struct Engine {
    place: Place,
    api: ClientVersion,
    /// Its own number; none when it says another one each time it is asked, as Podman's service does.
    identity: Option<String>,
    /// Names of what it was asked to make without an answer: it may come still.
    awaited: Arc<Mutex<BTreeSet<String>>>,
    /// Its version, processor and operating system, in words.
    pub description: String,
    /// Its processor; none: it says none that is known.
    pub processor: Option<Processor>,
}

impl Engine {
    /// Finds the engine, as [`Place::find`] says, and asks it who it is. Where a run was there `before`, it is spoken to
    /// as it was then, whatever the environment says now, unless that cannot be done any more.
    ///
    /// # Errors
    /// When nobody answers there.
    pub async fn find(
        given: Option<&str>,
        before: Option<ledger::Place>,
    ) -> Result<Self, PlatformError> {
        let (led, variables) =
            before.map_or_else(Default::default, |place| (place.settings, place.variables));
        let now = |name: &str| std::env::var(name).ok();
        let then = |name: &str| match &variables {
            Some(led) if [TLS_VERIFY, CERT_PATH].contains(&name) => led.get(name).cloned(),
            _ => now(name),
        };
        let given = given.or(led.get(SETTING).map(String::as_str));
        let place = Place::find(given, then).or_else(|_| Place::find(given, now))?;
        let mut engine = Self {
            place,
            api: *API_DEFAULT_VERSION,
            identity: None,
            awaited: Arc::default(),
            description: String::new(),
            processor: None,
        };
        let client = engine.client()?;
        let client = engine
            .within("connect", "engine", client.negotiate_version())
            .await?;
        engine.api = client.client_version();
        let number = || engine.within("ask number", "engine", client.info());
        let (first, second) = (number().await?.id, number().await?.id);
        engine.identity = first.filter(|first| second.as_ref() == Some(first));
        let version = engine
            .within("ask version", "engine", client.version())
            .await?;
        engine.processor = version.arch.as_deref().and_then(Processor::named);
        engine.description = format!(
            "{} on {}/{}, API {}, at {}",
            version.version.unwrap_or_default(),
            version.os.unwrap_or_default(),
            version.arch.unwrap_or_default(),
            engine.api,
            engine.place
        );
        Ok(engine)
    }

    /// Where it is, for the ledger.
    pub fn place(&self) -> ledger::Place {
        ledger::Place {
            settings: BTreeMap::from([(SETTING.into(), self.place.name().into())]),
            variables: Some(self.place.variables()),
            identity: self.identity.clone(),
        }
    }

    /// Writes down in the run's ledger that its things are in this engine.
    ///
    /// # Errors
    /// When some are in another one, which would not be found here, or when the ledger cannot be written.
    pub fn keep_in(&self, ledger: &Ledger) -> Result<(), PlatformError> {
        let here = self.place();
        let Err(error) = ledger.reached(&here) else {
            return Ok(());
        };
        let words = |place: &ledger::Place| {
            let address = place.settings.get(SETTING).map_or("", String::as_str);
            let number = place.identity.as_deref().unwrap_or("without a number");
            format!("{number} at {address}")
        };
        let (kind, what) = match (error.kind(), ledger.place()) {
            (io::ErrorKind::AlreadyExists, Some(there)) => {
                let (there, here) = (words(&there), words(&here));
                let what = format!(
                    "what the run made is in the engine {there}, and this is {here}: let that one answer there, or delete the run's ledger if it is gone for good"
                );
                (ErrorKind::Conflict, what)
            }
            _ => (ErrorKind::Internal, format!("writing the ledger: {error}")),
        };
        Err(hosted::error(NAME, kind, "connect", "engine", what))
    }

    /// Remembers from the answer to the making of this whether it may come still: it may when there was none.
    pub fn made<T>(&self, name: &str, answer: &Result<T, PlatformError>) {
        match answer {
            Err(error) if matches!(error.kind, ErrorKind::Timeout | ErrorKind::Transport) => {
                self.awaited().insert(name.into());
            }
            _ => self.came(name),
        }
    }

    /// Whether this is not there and may come still.
    pub fn awaits(&self, name: &str) -> bool {
        self.awaited().contains(name)
    }

    /// This was there, or will not come.
    pub fn came(&self, name: &str) {
        self.awaited().remove(name);
    }

    fn awaited(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.awaited.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A client for the runtime it is used in.
    ///
    /// # Errors
    /// When none can be made.
    pub fn client(&self) -> Result<Docker, PlatformError> {
        let client = self.place.client(ANSWER_WITHIN.as_secs(), &self.api);
        client.map_err(|error| self.explain("connect", "engine", &error))
    }

    /// Its address, when it is on another machine as far as its place tells.
    pub fn elsewhere(&self) -> Option<SocketAddr> {
        self.place.elsewhere()
    }

    /// Waits for an answer of the engine, not for ever.
    ///
    /// # Errors
    /// When it does not come in time or is an error.
    pub async fn within<T>(
        &self,
        operation: &'static str,
        resource: &str,
        answer: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, PlatformError> {
        match timeout(ANSWER_WITHIN, answer).await {
            Ok(answer) => answer.map_err(|error| self.explain(operation, resource, &error)),
            Err(_) => Err(self.explain(operation, resource, &Error::RequestTimeoutError)),
        }
    }

    fn explain(&self, operation: &'static str, resource: &str, error: &Error) -> PlatformError {
        let place = &self.place;
        let absent = || {
            format!(
                "no engine answers at {place}: is dockerd running? Start it (`sudo systemctl start docker`), or name another with --docker-host or DOCKER_HOST"
            )
        };
        let (kind, what, status) = match error {
            Error::DockerResponseServerError {
                status_code,
                message,
            } => {
                let kind = match status_code {
                    404 => ErrorKind::NotFound,
                    409 => ErrorKind::Conflict,
                    400 => ErrorKind::Config,
                    _ => ErrorKind::Internal,
                };
                let advice = if message.contains("No such image") {
                    format!(": fetch it with `docker pull {resource}`")
                } else if message.contains("HTTPS server") {
                    ": set DOCKER_TLS_VERIFY=1, and DOCKER_CERT_PATH to the directory of the certificates".into()
                } else {
                    String::new()
                };
                let what = format!("the engine at {place} says: {}{advice}", message.trim());
                (kind, what, Some(*status_code))
            }
            Error::RequestTimeoutError => {
                let seconds = ANSWER_WITHIN.as_secs();
                let what = format!(
                    "the engine at {place} did not answer within {seconds} s; look at `docker info` and dockerd's log"
                );
                (ErrorKind::Timeout, what, None)
            }
            Error::SocketNotFoundError(_) => (ErrorKind::Transport, absent(), None),
            other => match cause(other) {
                Some(io::ErrorKind::PermissionDenied) => {
                    let what = format!(
                        "this user may not open {place}: add them to its group (`sudo usermod -aG docker $USER`, then log in again)"
                    );
                    (ErrorKind::Permission, what, None)
                }
                Some(io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused) => {
                    (ErrorKind::Transport, absent(), None)
                }
                _ => (ErrorKind::Transport, format!("{place}: {other}"), None),
            },
        };
        PlatformError {
            status,
            ..hosted::error(NAME, kind, operation, resource, what)
        }
    }
}

/// The kind of the I/O error beneath.
fn cause(error: &Error) -> Option<io::ErrorKind> {
    let mut next: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = next {
        if let Some(error) = error.downcast_ref::<io::Error>() {
            return Some(error.kind());
        }
        next = error.source();
    }
    None
}
