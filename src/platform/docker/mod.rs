//! Docker: each environment is a container of an engine on this machine.
//!
//! A new container gets the package inside the measured cold start, since the layers of an image are there already:
//! a package built into one would not be felt. It runs from an image without a system, made once for the run, or
//! from a given one that speaks the Lambda Runtime API.

mod archive;
mod container;
mod engine;
mod image;
mod network;
mod place;
mod removal;

use std::sync::Arc;

use async_trait::async_trait;
use bollard::Docker;

use self::container::Containers;
use self::engine::Engine;
use self::image::Image;
pub use self::network::Network;
use self::network::{HostAddress, host_address};
use super::context::Context;
use super::hosted::Leftovers;
use super::hosted::platform::{Hosted, Premises};
use super::{Finding, PlatformError, Reach, Resource, Verdict};
use crate::core::processor::Processor;

const NAME: &str = "docker";
/// The label of all that is made, with the run's name as its value.
const LABEL: &str = "sebs-tui.run";
/// Kinds of resources.
const CONTAINER: &str = "container";
const IMAGE: &str = "image";

/// What a user may choose.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// Where the engine listens; none: `DOCKER_HOST`, or the local socket that answers.
    pub engine: Option<String>,
    /// An image that speaks the Lambda Runtime API; none: an empty one, made for the run.
    pub image: Option<String>,
    /// Network of the containers.
    pub network: Network,
    /// Processors that a container may use; none: all.
    pub cpus: Option<f64>,
}

/// Docker. Dropping it removes every container; the image then stays in the ledger.
pub type DockerPlatform = Hosted<Yard>;

/// An engine, and what containers are made from.
#[derive(Debug)]
pub struct Yard {
    engine: Engine,
    client: Docker,
    context: Context,
    image: Arc<Image>,
    network: Network,
    address: Result<HostAddress, PlatformError>,
}

impl DockerPlatform {
    /// Finds the engine and the address at which containers reach this host; removes the directories of dead
    /// processes and opens the HTTP trigger.
    ///
    /// # Errors
    /// When no engine answers, what the run made before is in another one, or no port can be opened.
    pub async fn start(options: Options, context: Context) -> Result<Self, PlatformError> {
        Self::start_with(options, context, Leftovers::Remove).await
    }

    /// As [`Self::start`], but what dead processes left stays, to be told and removed one by one.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub async fn start_beside_leftovers(
        options: Options,
        context: Context,
    ) -> Result<Self, PlatformError> {
        Self::start_with(options, context, Leftovers::Keep).await
    }

    async fn start_with(
        options: Options,
        context: Context,
        leftovers: Leftovers,
    ) -> Result<Self, PlatformError> {
        // A run that goes on finds what it made before; its environment may be another.
        let before = context.ledger().place();
        let engine = Engine::find(options.engine.as_deref(), before).await?;
        engine.keep_in(context.ledger())?;
        let client = engine.client()?;
        let address = host_address(&engine, &client, &options.network).await;
        let prefix = name(context.run());
        let image = Arc::new(match options.image {
            Some(image) => Image::given(image),
            None => Image::ours(prefix.clone()),
        });
        let containers = Containers {
            engine: engine.clone(),
            context: context.clone(),
            image: Arc::clone(&image),
            network: options.network.clone(),
            host: address.clone().map(|found| found.address),
            cpus: options.cpus,
            prefix,
        };
        let yard = Yard {
            engine,
            client,
            context,
            image,
            network: options.network,
            address,
        };
        Self::open(yard, Box::new(containers), leftovers).await
    }
}

/// A name of its own for what this process makes for the run, in the characters that images may have.
fn name(run: &str) -> String {
    let run: String = run
        .chars()
        .map(|c| match c.to_ascii_lowercase() {
            c if c.is_ascii_alphanumeric() => c,
            _ => '-',
        })
        .collect();
    let run = run
        .trim_matches('-')
        .split('-')
        .filter(|part| !part.is_empty());
    let run = run.collect::<Vec<_>>().join("-");
    format!("sebs-tui-{run}-{:08x}", rand::random::<u32>())
}

fn resource(kind: &str, name: &str) -> Resource {
    Resource {
        kind: kind.into(),
        name: name.into(),
    }
}

#[async_trait]
impl Premises for Yard {
    const NAME: &'static str = NAME;
    const COLD_METHOD: &'static str = "new container, the package put into it";
    /// The local platform tells of them, which needs no engine.
    const SWEPT: &'static [&'static str] = &[];

    fn reach(&self) -> Reach {
        self.address
            .as_ref()
            .map_or(Reach::Unknown, |found| Reach::Address(found.address))
    }

    fn processor(&self) -> Option<Processor> {
        self.engine.processor
    }

    async fn findings(&self) -> Vec<Finding> {
        let finding = |subject, verdict, text| Finding {
            subject,
            verdict,
            text,
        };
        let engine = finding("engine", Verdict::Good, self.engine.description.clone());
        let address = match &self.address {
            Ok(found) => found.finding(&self.network),
            Err(error) => finding("address", Verdict::Bad, error.to_string()),
        };
        let mut findings = vec![engine, address];
        if self.image.made().is_none() {
            findings.push(match self.prepare().await {
                Ok(()) => finding("image", Verdict::Good, self.image.name().into()),
                Err(error) => finding("image", Verdict::Bad, error.to_string()),
            });
        }
        findings
    }

    async fn prepare(&self) -> Result<(), PlatformError> {
        self.image
            .ensure(&self.engine, &self.client, &self.context)
            .await
    }

    /// What the ledger has, which knows of every container and image.
    fn made(&self) -> Vec<Resource> {
        self.context.ledger().open()
    }

    async fn tagged(&self) -> Result<Vec<(String, Resource)>, PlatformError> {
        removal::tagged(&self.engine, &self.client).await
    }

    async fn remove(&self, resource: &Resource) -> Result<(), PlatformError> {
        removal::remove(&self.engine, &self.client, resource).await?;
        let noted = self.context.ledger().removed(resource);
        noted.or_else(|error| {
            self.context.note(format!(
                "{resource:?} is removed, the ledger is not: {error}"
            ));
            Ok(())
        })
    }

    fn removal_command(&self, resource: &Resource) -> String {
        match resource.kind.as_str() {
            IMAGE => format!("docker rmi -f {}", resource.name),
            _ => format!("docker rm -f {}", resource.name),
        }
    }

    /// Containers whose removal failed, then the image they were made from.
    async fn clear(&self) -> Result<(), PlatformError> {
        for resource in self.made() {
            if resource.kind == CONTAINER {
                self.remove(&resource).await?;
            }
        }
        match self.image.made() {
            Some(image) => self.remove(&image).await,
            None => Ok(()),
        }
    }
}
