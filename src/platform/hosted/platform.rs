//! A host of functions as a [`Platform`], written once: what differs between them is their [`Premises`].

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;
use hyper::body::Bytes;

use super::environment::Housing;
use super::{Host, Leftovers, blocking, home};
use crate::core::contract::Reply;
use crate::core::plan::Deployment;
use crate::core::processor::Processor;
use crate::core::sample::PlatformRecord;
use crate::platform::{
    Abilities, Endpoint, Finding, FunctionSpec, Guarantee, HttpReply, Package, Platform,
    PlatformError, Reach, Resource, Tagged,
};

/// An environment lives until it is replaced; a day stands for that.
const KEEP_WARM: Duration = Duration::from_secs(24 * 60 * 60);

/// What a platform has of its own beside the functions that it hosts.
#[async_trait]
pub trait Premises: fmt::Debug + Send + Sync {
    /// The platform's name, in the names of its directories too.
    const NAME: &'static str;
    /// How a cold start is forced, in a few words.
    const COLD_METHOD: &'static str;
    /// Names of the platforms whose directories of dead processes [`Platform::tagged`] tells of. Such a directory is
    /// known to be nobody's by itself, so that one platform that is always there tells of all.
    const SWEPT: &'static [&'static str];

    /// Where functions find the host.
    fn reach(&self) -> Reach;

    /// Processor of its functions; none: this host's, as far as is known.
    fn processor(&self) -> Option<Processor> {
        None
    }

    /// What is found before a run.
    async fn findings(&self) -> Vec<Finding>;

    /// Makes what environments are made from.
    ///
    /// # Errors
    /// When it cannot be made or is not there.
    async fn prepare(&self) -> Result<(), PlatformError>;

    /// What exists because of this run, beside the host's directory and environments.
    fn made(&self) -> Vec<Resource>;

    /// What other runs left beside directories, with the run's name.
    ///
    /// # Errors
    /// When it cannot be found out.
    async fn tagged(&self) -> Result<Vec<(String, Resource)>, PlatformError>;

    /// Removes one thing that is no directory; that it is not there is no error.
    ///
    /// # Errors
    /// When it stays.
    async fn remove(&self, resource: &Resource) -> Result<(), PlatformError>;

    /// The command by which a person removes a thing that is no directory.
    fn removal_command(&self, resource: &Resource) -> String;

    /// Removes what [is made](Self::made), once every environment has ended.
    ///
    /// # Errors
    /// When something stays.
    async fn clear(&self) -> Result<(), PlatformError>;
}

/// See the module. Dropping it ends every function and removes its directory.
#[derive(Debug)]
pub struct Hosted<P> {
    host: Host,
    premises: P,
}

impl<P: Premises> Hosted<P> {
    /// Opens the HTTP trigger on these premises, on the ambient tokio runtime.
    ///
    /// # Errors
    /// When its directory cannot be made or no port opened.
    pub async fn open(
        premises: P,
        housing: Box<dyn Housing>,
        leftovers: Leftovers,
    ) -> Result<Self, PlatformError> {
        let host = Host::start(P::NAME, housing, leftovers).await?;
        Ok(Self { host, premises })
    }
}

#[async_trait]
impl<P: Premises> Platform for Hosted<P> {
    fn name(&self) -> &'static str {
        P::NAME
    }

    fn abilities(&self) -> Abilities {
        Abilities {
            deployment: Deployment::Ours,
            limits: self.host.limits(),
            cold: Guarantee::Guaranteed,
            cold_method: P::COLD_METHOD.into(),
            keep_warm: KEEP_WARM,
            invocations_per_minute: None,
            processor: self.premises.processor(),
        }
    }

    fn reach(&self) -> Reach {
        self.premises.reach()
    }

    async fn preflight(&self) -> Result<Vec<Finding>, PlatformError> {
        let mut findings = self.host.findings();
        findings.extend(self.premises.findings().await);
        Ok(findings)
    }

    async fn ensure_function(
        &self,
        spec: &FunctionSpec,
        package: &Package,
    ) -> Result<(), PlatformError> {
        self.premises.prepare().await?;
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
        let mut owned = self.host.owned();
        let made = self.premises.made().into_iter();
        let further: Vec<_> = made.filter(|made| !owned.contains(made)).collect();
        owned.extend(further);
        owned
    }

    async fn tagged(&self) -> Result<Tagged, PlatformError> {
        // The only name that such a directory has of its run is the process.
        let named = |platform: &str, path: PathBuf| {
            let owner = home::owner(platform, &path).unwrap_or_default();
            let name = path.display().to_string();
            let kind = home::KIND.into();
            (format!("process {owner}"), Resource { kind, name })
        };
        let mut tagged = Tagged::default();
        for platform in P::SWEPT {
            let left = home::leftovers(platform).into_iter();
            tagged.things.extend(left.map(|path| named(platform, path)));
        }
        tagged.things.extend(self.premises.tagged().await?);
        Ok(tagged)
    }

    /// What belongs to the host that runs goes with all of it.
    async fn remove(&self, resource: &Resource) -> Result<(), PlatformError> {
        if self.host.owned().contains(resource) {
            return self.destroy().await;
        }
        if resource.kind != home::KIND {
            return self.premises.remove(resource).await;
        }
        let path = PathBuf::from(&resource.name);
        blocking(P::NAME, "remove", &resource.name, move || {
            home::remove_leftover(P::SWEPT, &path)
        })
        .await
    }

    fn removal_command(&self, resource: &Resource) -> String {
        if resource.kind == home::KIND {
            format!("rm -r {}", resource.name)
        } else {
            self.premises.removal_command(resource)
        }
    }

    async fn destroy(&self) -> Result<(), PlatformError> {
        let ended = self.host.destroy().await;
        self.premises.clear().await?;
        ended
    }
}
