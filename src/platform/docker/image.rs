//! What containers are made from: an image without a system, made once for the run, or a given one.

use std::sync::OnceLock;

use bollard::models::ContainerCreateBody;
use bollard::query_parameters::CreateImageOptionsBuilder;
use bollard::{Docker, body_full};
use futures_util::TryStreamExt;

use super::engine::Engine;
use super::{IMAGE, LABEL, NAME, archive, resource};
use crate::platform::context::Context;
use crate::platform::{ErrorKind, FunctionSpec, PlatformError, Resource, hosted};

/// See the module.
#[derive(Debug)]
pub struct Image {
    name: String,
    origin: Origin,
}

#[derive(Debug)]
enum Origin {
    /// Made by the run.
    Ours,
    /// The user's: whether it has an entry point of its own, which takes the handler as its argument, once known.
    Given(OnceLock<bool>),
}

impl Image {
    /// An empty one of the run's own, by this name; made by [`Self::ensure`].
    pub fn ours(name: String) -> Self {
        Self {
            name,
            origin: Origin::Ours,
        }
    }

    /// One that speaks the Lambda Runtime API.
    pub fn given(name: String) -> Self {
        Self {
            name,
            origin: Origin::Given(OnceLock::new()),
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The image as something the run makes, if it does.
    pub fn made(&self) -> Option<Resource> {
        match self.origin {
            Origin::Ours => Some(resource(IMAGE, &self.name)),
            Origin::Given(_) => None,
        }
    }

    /// Makes it, or sees that it is there.
    ///
    /// # Errors
    /// When it cannot be made, or is not there.
    pub async fn ensure(
        &self,
        engine: &Engine,
        client: &Docker,
        context: &Context,
    ) -> Result<(), PlatformError> {
        let Origin::Given(has_entry) = &self.origin else {
            return self.make(engine, client, context).await;
        };
        let inspect = client.inspect_image(&self.name);
        let image = engine.within("inspect", &self.name, inspect).await?;
        let entry = image.config.and_then(|config| config.entrypoint);
        // Set before only by an earlier call for the same image.
        let _ = has_entry.set(entry.is_some_and(|entry| !entry.is_empty()));
        Ok(())
    }

    async fn make(
        &self,
        engine: &Engine,
        client: &Docker,
        context: &Context,
    ) -> Result<(), PlatformError> {
        let failed =
            |what: String| hosted::error(NAME, ErrorKind::Internal, "make image", &self.name, what);
        context
            .ledger()
            .creating(&resource(IMAGE, &self.name))
            .map_err(|error| failed(format!("writing the ledger: {error}")))?;
        let files = archive::empty_image().map_err(|error| failed(error.to_string()))?;
        let options = CreateImageOptionsBuilder::default()
            .from_src("-")
            .repo(&self.name)
            .tag("latest")
            .changes(vec![format!("LABEL {LABEL}={}", context.tag())])
            .build();
        let make = client.create_image(Some(options), Some(body_full(files.into())), None);
        let make = make.try_for_each(|_| std::future::ready(Ok(())));
        let answer = engine.within("make image", &self.name, make).await;
        engine.made(&self.name, &answer);
        answer
    }

    /// What a container of it runs.
    pub fn entry(&self, spec: &FunctionSpec) -> ContainerCreateBody {
        let (entrypoint, cmd) = match &self.origin {
            Origin::Ours => (Some(vec![format!("{}/bootstrap", archive::TASK)]), None),
            Origin::Given(has_entry) if has_entry.get() == Some(&true) => {
                (None, Some(vec![spec.handler.clone()]))
            }
            Origin::Given(_) => (None, None),
        };
        ContainerCreateBody {
            entrypoint,
            cmd,
            ..ContainerCreateBody::default()
        }
    }
}
