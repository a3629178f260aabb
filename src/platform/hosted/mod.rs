//! What platforms share that host the functions themselves, with the steps of a cloud.
//!
//! ```text
//! deploy ──► packages/<sha256>.zip
//!                    │ put into the environment by every cold start, inside its measured time
//!                    ▼
//! POST ──► gateway ──► fleet ──► environment (a platform's Dwelling) ◄──► Runtime API (AWS Lambda's)
//! ```
//!
//! What differs is how an environment is made, see [`Housing`], and what a platform has beside: see
//! [`Premises`](platform::Premises).

mod answer;
pub mod archive;
pub mod environment;
mod fault;
mod fleet;
mod gateway;
pub mod home;
mod http;
pub mod platform;
mod runtime_api;

use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use self::environment::{Deployment, Housing};
use self::fleet::Fleet;
use self::home::Home;
use self::http::Server;
use super::{
    Endpoint, ErrorKind, Finding, FunctionSpec, HttpReply, Package, PlatformError, Resource, Retry,
    Verdict,
};
use crate::core::contract::Reply;
use crate::core::plan::{Limit, Limits};
use crate::core::sample::{PlatformRecord, StartKind};

/// Largest package.
const PACKAGE_MOST: u64 = 512 * 1024 * 1024;

/// What becomes of the directories of processes that are gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leftovers {
    /// They are removed at the start.
    Remove,
    /// They stay, to be told and removed one by one.
    Keep,
}

/// A host of functions. Dropping it ends every function and removes its directory.
#[derive(Debug)]
pub struct Host {
    name: &'static str,
    fleet: Arc<Fleet>,
    gateway: Server,
    leftovers: Vec<PathBuf>,
}

impl Host {
    /// Makes its directory, heeds those of dead processes, and opens the HTTP trigger, on the ambient tokio runtime.
    ///
    /// # Errors
    /// When the directory cannot be made or no port opened.
    pub async fn start(
        name: &'static str,
        housing: Box<dyn Housing>,
        leftovers: Leftovers,
    ) -> Result<Self, PlatformError> {
        blocking(name, "start", "its directory", move || {
            let leftovers = match leftovers {
                Leftovers::Remove => home::remove_leftovers(name),
                Leftovers::Keep => Vec::new(),
            };
            let fleet = Arc::new(Fleet::new(Home::create(name)?, housing));
            let gateway = gateway::start(&fleet)?;
            Ok(Self {
                name,
                fleet,
                gateway,
                leftovers,
            })
        })
        .await
    }

    /// Largest payload and package.
    pub fn limits(&self) -> Limits {
        let limit = |bytes, what: &str| {
            Some(Limit {
                bytes,
                name: format!("{}: {what}", self.name),
            })
        };
        Limits {
            // The request around the payload has its few hundred bytes, too.
            payload_most: limit(http::BODY_MOST - 4096, "request body"),
            package_most: limit(PACKAGE_MOST, "package"),
            package_least: None,
        }
    }

    /// Where packages are, and what was removed of dead processes.
    pub fn findings(&self) -> Vec<Finding> {
        let good = |subject, text| Finding {
            subject,
            verdict: Verdict::Good,
            text,
        };
        let removed = self.leftovers.iter().map(|path| {
            good(
                "leftovers",
                format!("removed what a killed run had left: {}", path.display()),
            )
        });
        let place = good(
            "directory",
            format!(
                "packages are kept in {} and read through the page cache",
                self.fleet.home().path().display()
            ),
        );
        removed.chain([place]).collect()
    }

    /// Has this function serve from now on.
    ///
    /// # Errors
    /// When the package cannot be stored, or what was there does not go.
    pub async fn create(
        &self,
        spec: &FunctionSpec,
        package: &Package,
    ) -> Result<(), PlatformError> {
        self.replace("create", spec.clone(), package).await
    }

    /// Replaces the function's code unless it is this.
    ///
    /// # Errors
    /// As [`Self::create`], and when there is no function.
    pub async fn update(&self, package: &Package) -> Result<(), PlatformError> {
        let Some(deployed) = self.fleet.deployment() else {
            return Err(self.error(
                ErrorKind::NotFound,
                "update",
                "function",
                "there is none: create it first".into(),
            ));
        };
        if deployed.sha256 == package.sha256 {
            return Ok(());
        }
        self.replace("update", deployed.spec.clone(), package).await
    }

    /// Ends every environment and waits until nothing of them is left.
    ///
    /// # Errors
    /// When some do not go.
    pub async fn force_cold(&self) -> Result<(), PlatformError> {
        self.retire("force cold").await
    }

    /// How the function is called.
    pub fn endpoint(&self) -> Endpoint {
        Endpoint {
            method: "POST".into(),
            url: format!("http://{}/", self.gateway.address()),
            connect_to: None,
            headers: Vec::new(),
        }
    }

    /// Unwraps the function's answer.
    ///
    /// # Errors
    /// When there was a fault, or it is not the answer of our function.
    pub fn decode(&self, reply: &HttpReply) -> Result<Reply, PlatformError> {
        answer::decode(self.name, reply)
    }

    /// Whether this invocation began with a new environment.
    pub fn record(&self, request_id: &str) -> PlatformRecord {
        let kind = self.fleet.start_kind(request_id);
        PlatformRecord {
            cold: kind.map(|kind| kind == StartKind::Cold),
            ..PlatformRecord::default()
        }
    }

    /// The directory, the function and what its environments are made of.
    pub fn owned(&self) -> Vec<Resource> {
        let resource = |kind: &str, name: String| Resource {
            kind: kind.into(),
            name,
        };
        let path = self.fleet.home().path();
        let mut owned = Vec::new();
        owned.extend(
            path.exists()
                .then(|| resource(home::KIND, path.display().to_string())),
        );
        owned.extend(
            self.fleet
                .deployment()
                .map(|deployment| resource("function", deployment.spec.name.clone())),
        );
        owned.extend(self.fleet.traces());
        owned
    }

    /// Removes all of it; harmless when nothing is there.
    ///
    /// # Errors
    /// When environments do not go.
    pub async fn destroy(&self) -> Result<(), PlatformError> {
        self.gateway.stop();
        self.fleet.deploy(None);
        let retired = self.retire("destroy").await;
        self.fleet.home().remove();
        retired
    }

    /// Stores a package and has it serve from now on, with nothing of the old one left.
    async fn replace(
        &self,
        operation: &'static str,
        spec: FunctionSpec,
        package: &Package,
    ) -> Result<(), PlatformError> {
        let got = package.bytes.len() as u64;
        if got > PACKAGE_MOST {
            let what = format!(
                "the package has {got} bytes, the limit is {PACKAGE_MOST}: choose a smaller size"
            );
            return Err(self.error(
                ErrorKind::TooLarge {
                    limit: PACKAGE_MOST,
                    got,
                },
                operation,
                &spec.name,
                what,
            ));
        }
        let old = self
            .fleet
            .deployment()
            .map(|deployment| deployment.package.clone());
        let path = self
            .fleet
            .home()
            .packages()
            .join(format!("{}.zip", package.sha256));
        let deployment = Deployment {
            spec,
            package: path.clone(),
            sha256: package.sha256.clone(),
        };
        let (bytes, stored) = (package.bytes.clone(), path.clone());
        blocking(
            self.name,
            operation,
            &path.display().to_string(),
            move || archive::store(&bytes, &stored),
        )
        .await?;
        self.fleet.deploy(Some(deployment));
        self.retire(operation).await?;
        if let Some(old) = old.filter(|old| *old != path) {
            // A stored package that stays goes with the directory.
            let _ = fs::remove_file(old);
        }
        Ok(())
    }

    async fn retire(&self, operation: &'static str) -> Result<(), PlatformError> {
        self.fleet.retire().await.map_err(|left| {
            self.error(
                ErrorKind::Timeout,
                operation,
                "environments",
                format!("{left} of them did not end when killed; look for stuck processes"),
            )
        })
    }

    fn error(
        &self,
        kind: ErrorKind,
        operation: &'static str,
        resource: &str,
        what: String,
    ) -> PlatformError {
        error(self.name, kind, operation, resource, what)
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.gateway.stop();
        self.fleet.close();
    }
}

/// Does what blocks outside the threads that serve requests.
pub async fn blocking<T: Send + 'static>(
    platform: &'static str,
    operation: &'static str,
    resource: &str,
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, PlatformError> {
    let done = tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|panic| Err(io::Error::other(panic)));
    done.map_err(|why| {
        error(
            platform,
            ErrorKind::Internal,
            operation,
            resource,
            why.to_string(),
        )
    })
}

/// An error of this platform that another try does not help.
pub fn error(
    platform: &'static str,
    kind: ErrorKind,
    operation: &'static str,
    resource: &str,
    what: String,
) -> PlatformError {
    PlatformError {
        kind,
        platform,
        operation,
        resource: resource.into(),
        what,
        status: None,
        retry: Retry::No,
    }
}
