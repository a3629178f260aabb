//! The embedded platform: functions on this machine, with the steps of a cloud.
//!
//! ```text
//! deploy ──► packages/<sha256>.zip
//!                    │ unpacked by every cold start, inside its measured time
//!                    ▼
//! POST ──► gateway ──► fleet ──► environment: directory + process ◄──► Runtime API (AWS Lambda's)
//! ```
//!
//! A new environment unpacks the stored zip into a new directory and starts a new process there, so that the size
//! of a package shows in its cold start as it does in a cloud. The zip is read through the page cache.

mod answer;
mod archive;
mod environment;
mod fault;
mod fleet;
mod gateway;
mod home;
mod http;
mod leftovers;
mod output;
mod process;
mod runtime_api;

use std::fs;
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use hyper::body::Bytes;

use self::environment::Deployment;
use self::fleet::Fleet;
use self::home::Home;
use self::http::Server;
use super::{
    Abilities, Endpoint, ErrorKind, Finding, FunctionSpec, Guarantee, HttpReply, Package, Platform,
    PlatformError, Reach, Resource, Retry, Verdict,
};
use crate::core::contract::Reply;
use crate::core::plan::{Limit, Limits};
use crate::core::sample::{PlatformRecord, StartKind};

const NAME: &str = "local";
/// Largest package.
const PACKAGE_MOST: u64 = 512 * 1024 * 1024;
/// An environment lives until it is replaced; a day stands for that.
const KEEP_WARM: Duration = Duration::from_secs(24 * 60 * 60);

/// The embedded platform. Dropping it ends every function and removes its directory.
#[derive(Debug)]
pub struct LocalPlatform {
    fleet: Arc<Fleet>,
    gateway: Server,
    leftovers: Vec<PathBuf>,
}

impl LocalPlatform {
    /// Makes its directory, removes those of dead processes, and opens the HTTP trigger, on the ambient tokio runtime.
    ///
    /// # Errors
    /// When the directory cannot be made or no port opened.
    pub async fn start() -> Result<Self, PlatformError> {
        Self::start_with(home::remove_leftovers).await
    }

    /// As [`Self::start`], but what dead processes left stays, to be told and removed one by one.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub async fn start_beside_leftovers() -> Result<Self, PlatformError> {
        Self::start_with(Vec::new).await
    }

    async fn start_with(
        leftovers: impl FnOnce() -> Vec<PathBuf> + Send + 'static,
    ) -> Result<Self, PlatformError> {
        blocking("start", "its directory", move || {
            let leftovers = leftovers();
            let fleet = Arc::new(Fleet::new(Home::create()?));
            let gateway = gateway::start(&fleet)?;
            Ok(Self {
                fleet,
                gateway,
                leftovers,
            })
        })
        .await
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
            return Err(error(
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
        blocking(operation, &path.display().to_string(), move || {
            archive::store(&bytes, &stored)
        })
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
            error(
                ErrorKind::Timeout,
                operation,
                "environments",
                format!("{left} of them did not end when killed; look for stuck processes"),
            )
        })
    }
}

impl Drop for LocalPlatform {
    fn drop(&mut self) {
        self.gateway.stop();
        self.fleet.close();
    }
}

#[async_trait]
impl Platform for LocalPlatform {
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
        Abilities {
            limits: Limits {
                // The request around the payload has its few hundred bytes, too.
                payload_most: limit(http::BODY_MOST - 4096, "request body"),
                package_most: limit(PACKAGE_MOST, "package"),
                package_least: None,
            },
            cold: Guarantee::Guaranteed,
            cold_method: "new directory and new process".into(),
            keep_warm: KEEP_WARM,
            invocations_per_minute: None,
        }
    }

    fn reach(&self) -> Reach {
        Reach::Address(IpAddr::V4(Ipv4Addr::LOCALHOST))
    }

    async fn preflight(&self) -> Result<Vec<Finding>, PlatformError> {
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
                "functions run in {}; packages are read through the page cache",
                self.fleet.home().path().display()
            ),
        );
        Ok(removed.chain([place]).collect())
    }

    async fn ensure_function(
        &self,
        spec: &FunctionSpec,
        package: &Package,
    ) -> Result<(), PlatformError> {
        self.replace("create", spec.clone(), package).await
    }

    async fn update_code(&self, package: &Package) -> Result<(), PlatformError> {
        let Some(deployed) = self.fleet.deployment() else {
            return Err(error(
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

    async fn force_cold(&self) -> Result<(), PlatformError> {
        self.retire("force cold").await
    }

    async fn endpoint(&self, _: &Bytes) -> Result<Endpoint, PlatformError> {
        Ok(Endpoint {
            method: "POST".into(),
            url: format!("http://{}/", self.gateway.address()),
            connect_to: None,
            headers: Vec::new(),
        })
    }

    fn decode(&self, reply: &HttpReply) -> Result<Reply, PlatformError> {
        answer::decode(reply)
    }

    async fn record(&self, request_id: &str, _: &HttpReply) -> PlatformRecord {
        let kind = self.fleet.start_kind(request_id);
        PlatformRecord {
            cold: kind.map(|kind| kind == StartKind::Cold),
            ..PlatformRecord::default()
        }
    }

    async fn owned(&self) -> Vec<Resource> {
        let resource = |kind: &str, name: String| Resource {
            kind: kind.into(),
            name,
        };
        let home = self.fleet.home().path();
        let mut owned = Vec::new();
        owned.extend(
            home.exists()
                .then(|| resource("directory", home.display().to_string())),
        );
        owned.extend(
            self.fleet
                .deployment()
                .map(|deployment| resource("function", deployment.spec.name.clone())),
        );
        for (pid, directory) in self.fleet.traces() {
            owned.push(resource("directory", directory.display().to_string()));
            owned.extend(pid.map(|pid| resource("process", pid.to_string())));
        }
        owned
    }

    async fn tagged(&self) -> Result<Vec<(String, Resource)>, PlatformError> {
        Ok(leftovers::tagged())
    }

    async fn remove(&self, resource: &Resource) -> Result<(), PlatformError> {
        if self.owned().await.contains(resource) {
            return self.destroy().await;
        }
        let leftover = resource.clone();
        blocking("remove", &resource.name, move || {
            leftovers::remove(&leftover)
        })
        .await
    }

    fn removal_command(&self, resource: &Resource) -> String {
        match resource.kind.as_str() {
            "process" => format!("kill -9 {}", resource.name),
            _ => format!("rm -r {}", resource.name),
        }
    }

    async fn destroy(&self) -> Result<(), PlatformError> {
        self.gateway.stop();
        self.fleet.deploy(None);
        let retired = self.retire("destroy").await;
        self.fleet.home().remove();
        retired
    }
}

/// Does what blocks outside the threads that serve requests.
async fn blocking<T: Send + 'static>(
    operation: &'static str,
    resource: &str,
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, PlatformError> {
    let done = tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|panic| Err(io::Error::other(panic)));
    done.map_err(|why| error(ErrorKind::Internal, operation, resource, why.to_string()))
}

fn error(kind: ErrorKind, operation: &'static str, resource: &str, what: String) -> PlatformError {
    PlatformError {
        kind,
        platform: NAME,
        operation,
        resource: resource.into(),
        what,
        status: None,
        retry: Retry::No,
    }
}
