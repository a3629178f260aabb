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

use self::residence::Processes;
use super::hosted::platform::{Hosted, Premises};
use super::hosted::{Leftovers, blocking};
use super::{Finding, PlatformError, Reach, Resource};

const NAME: &str = "local";
/// The kind of resource that a function's process is.
const PROCESS: &str = "process";

/// The embedded platform. Dropping it ends every function and removes its directory.
pub type LocalPlatform = Hosted<Machine>;

/// This machine, which needs nothing to be made before a function can run.
#[derive(Debug)]
pub struct Machine;

impl LocalPlatform {
    /// Makes its directory, removes those of dead processes, and opens the HTTP trigger, on the ambient tokio runtime.
    ///
    /// # Errors
    /// When the directory cannot be made or no port opened.
    pub async fn start() -> Result<Self, PlatformError> {
        Self::open(Machine, Box::new(Processes), Leftovers::Remove).await
    }

    /// As [`Self::start`], but what dead processes left stays, to be told and removed one by one.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub async fn start_beside_leftovers() -> Result<Self, PlatformError> {
        Self::open(Machine, Box::new(Processes), Leftovers::Keep).await
    }
}

#[async_trait]
impl Premises for Machine {
    const NAME: &'static str = NAME;
    const COLD_METHOD: &'static str = "new directory and new process";
    const SWEPT: &'static [&'static str] = &[NAME, "docker"];

    fn reach(&self) -> Reach {
        Reach::Address(IpAddr::V4(Ipv4Addr::LOCALHOST))
    }

    async fn findings(&self) -> Vec<Finding> {
        Vec::new()
    }

    async fn prepare(&self) -> Result<(), PlatformError> {
        Ok(())
    }

    fn made(&self) -> Vec<Resource> {
        Vec::new()
    }

    /// Processes end with the thread that started them.
    async fn tagged(&self) -> Result<Vec<(String, Resource)>, PlatformError> {
        Ok(Vec::new())
    }

    async fn remove(&self, resource: &Resource) -> Result<(), PlatformError> {
        let leftover = resource.clone();
        blocking(NAME, "remove", &resource.name, move || {
            leftovers::remove(&leftover)
        })
        .await
    }

    fn removal_command(&self, resource: &Resource) -> String {
        format!("kill -9 {}", resource.name)
    }

    async fn clear(&self) -> Result<(), PlatformError> {
        Ok(())
    }
}
