//! The embedded platform: functions on this machine, each environment a directory and a process.
//!
//! A new environment unpacks the stored zip into a new directory and starts a new process there, so that the size
//! of a package shows in its cold start as it does in a cloud.

mod leftovers;
mod output;
mod process;
mod residence;

use std::net::{IpAddr, Ipv4Addr};

use async_trait::async_trait;
use hyper::body::Bytes;

use self::residence::Processes;
use super::hosted::{Host, KEEP_WARM, Leftovers, blocking};
use super::{
    Abilities, Endpoint, Finding, FunctionSpec, Guarantee, HttpReply, Package, Platform,
    PlatformError, Reach, Resource,
};
use crate::core::contract::Reply;
use crate::core::plan::Deployment;
use crate::core::sample::PlatformRecord;

const NAME: &str = "local";

/// The embedded platform. Dropping it ends every function and removes its directory.
#[derive(Debug)]
pub struct LocalPlatform {
    host: Host,
}

impl LocalPlatform {
    /// Makes its directory, removes those of dead processes, and opens the HTTP trigger, on the ambient tokio runtime.
    ///
    /// # Errors
    /// When the directory cannot be made or no port opened.
    pub async fn start() -> Result<Self, PlatformError> {
        Self::start_with(Leftovers::Remove).await
    }

    /// As [`Self::start`], but what dead processes left stays, to be told and removed one by one.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub async fn start_beside_leftovers() -> Result<Self, PlatformError> {
        Self::start_with(Leftovers::Keep).await
    }

    async fn start_with(leftovers: Leftovers) -> Result<Self, PlatformError> {
        let host = Host::start(NAME, Box::new(Processes), leftovers).await?;
        Ok(Self { host })
    }
}

#[async_trait]
impl Platform for LocalPlatform {
    fn name(&self) -> &'static str {
        NAME
    }

    fn abilities(&self) -> Abilities {
        Abilities {
            deployment: Deployment::Ours,
            limits: self.host.limits(),
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
        Ok(self.host.findings())
    }

    async fn ensure_function(
        &self,
        spec: &FunctionSpec,
        package: &Package,
    ) -> Result<(), PlatformError> {
        self.host.create(spec, package).await
    }

    async fn update_code(&self, package: &Package) -> Result<(), PlatformError> {
        self.host.update(package).await
    }

    async fn force_cold(&self) -> Result<(), PlatformError> {
        self.host.force_cold().await
    }

    async fn endpoint(&self, _: &Bytes) -> Result<Endpoint, PlatformError> {
        Ok(self.host.endpoint())
    }

    fn decode(&self, reply: &HttpReply) -> Result<Reply, PlatformError> {
        self.host.decode(reply)
    }

    async fn record(&self, request_id: &str, _: &HttpReply) -> PlatformRecord {
        self.host.record(request_id)
    }

    async fn owned(&self) -> Vec<Resource> {
        self.host.owned()
    }

    async fn tagged(&self) -> Result<Vec<(String, Resource)>, PlatformError> {
        Ok(leftovers::tagged())
    }

    async fn remove(&self, resource: &Resource) -> Result<(), PlatformError> {
        if self.owned().await.contains(resource) {
            return self.destroy().await;
        }
        let leftover = resource.clone();
        blocking(NAME, "remove", &resource.name, move || {
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
        self.host.destroy().await
    }
}
