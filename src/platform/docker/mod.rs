//! Docker: each environment is a container of an engine on this machine.
//!
//! A new container gets the package inside the measured cold start, since the layers of an image are there already:
//! a package built into one would not be felt. It runs from an image without a system, made once for the run, or
//! from a given one that speaks the Lambda Runtime API.

mod archive;
mod container;
mod engine;
mod image;
mod removal;

use std::net::IpAddr;
use std::sync::Arc;

use async_trait::async_trait;
use bollard::Docker;
use hyper::body::Bytes;

use self::container::Containers;
use self::engine::Engine;
use self::image::Image;
use super::context::Context;
use super::hosted::{Host, KEEP_WARM, Leftovers};
use super::{
    Abilities, Endpoint, Finding, FunctionSpec, Guarantee, HttpReply, Package, Platform,
    PlatformError, Reach, Resource, Verdict,
};
use crate::core::contract::Reply;
use crate::core::plan::Deployment;
use crate::core::sample::PlatformRecord;

const NAME: &str = "docker";
/// The label of all that is made, with the run's name as its value.
const LABEL: &str = "sebs-tui.run";
/// Kinds of resources.
const CONTAINER: &str = "container";
const IMAGE: &str = "image";

/// Network of the containers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Network {
    /// The engine's bridge.
    Bridge,
    /// The host's own.
    Host,
}

impl Network {
    /// As the engine calls it.
    fn name(self) -> &'static str {
        match self {
            Self::Bridge => "bridge",
            Self::Host => "host",
        }
    }
}

/// What a user may choose.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// Where the engine listens; none: `DOCKER_HOST`, or the local socket.
    pub engine: Option<String>,
    /// An image that speaks the Lambda Runtime API; none: an empty one, made for the run.
    pub image: Option<String>,
    /// Network of the containers.
    pub network: Network,
    /// Processors that a container may use; none: all.
    pub cpus: Option<f64>,
}

/// Docker. Dropping it removes every container.
#[derive(Debug)]
pub struct DockerPlatform {
    host: Host,
    engine: Engine,
    client: Docker,
    context: Context,
    image: Arc<Image>,
    address: Result<IpAddr, PlatformError>,
}

impl DockerPlatform {
    /// Finds the engine and the address at which containers reach this host; opens the HTTP trigger.
    ///
    /// # Errors
    /// When no engine answers, or no port can be opened.
    pub async fn start(options: Options, context: Context) -> Result<Self, PlatformError> {
        let engine = Engine::find(options.engine.as_deref()).await?;
        let client = engine.client()?;
        let address = engine.host_address(&client, options.network).await;
        let prefix = name(context.run());
        let image = Arc::new(match options.image {
            Some(image) => Image::given(image),
            None => Image::ours(prefix.clone()),
        });
        let containers = Containers {
            engine: engine.clone(),
            context: context.clone(),
            image: Arc::clone(&image),
            network: options.network,
            host: address.clone(),
            cpus: options.cpus,
            prefix,
        };
        Ok(Self {
            host: Host::start(NAME, Box::new(containers), Leftovers::Remove).await?,
            engine,
            client,
            context,
            image,
            address,
        })
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
impl Platform for DockerPlatform {
    fn name(&self) -> &'static str {
        NAME
    }

    fn abilities(&self) -> Abilities {
        Abilities {
            deployment: Deployment::Ours,
            limits: self.host.limits(),
            cold: Guarantee::Guaranteed,
            cold_method: "new container, the package put into it".into(),
            keep_warm: KEEP_WARM,
            invocations_per_minute: None,
        }
    }

    fn reach(&self) -> Reach {
        self.address
            .as_ref()
            .map_or(Reach::Unknown, |address| Reach::Address(*address))
    }

    async fn preflight(&self) -> Result<Vec<Finding>, PlatformError> {
        let finding = |subject, verdict, text| Finding {
            subject,
            verdict,
            text,
        };
        let engine = finding("engine", Verdict::Good, self.engine.description.clone());
        let address = match &self.address {
            Ok(address) => finding(
                "address",
                Verdict::Good,
                format!("containers reach this host at {address}"),
            ),
            Err(error) => finding("address", Verdict::Bad, error.to_string()),
        };
        let mut findings = self.host.findings();
        findings.extend([engine, address]);
        if self.image.made().is_none() {
            let look = self.image.ensure(&self.engine, &self.client, &self.context);
            findings.push(match look.await {
                Ok(()) => finding("image", Verdict::Good, self.image.name().into()),
                Err(error) => finding("image", Verdict::Bad, error.to_string()),
            });
        }
        Ok(findings)
    }

    async fn ensure_function(
        &self,
        spec: &FunctionSpec,
        package: &Package,
    ) -> Result<(), PlatformError> {
        self.image
            .ensure(&self.engine, &self.client, &self.context)
            .await?;
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

    /// What the ledger has, which knows of every container and image.
    async fn owned(&self) -> Vec<Resource> {
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

    async fn destroy(&self) -> Result<(), PlatformError> {
        let ended = self.host.destroy().await;
        // Containers whose removal failed, then the image they were made from.
        for resource in self.context.ledger().open() {
            if resource.kind == CONTAINER {
                self.remove(&resource).await?;
            }
        }
        if let Some(image) = self.image.made() {
            self.remove(&image).await?;
        }
        ended
    }
}
