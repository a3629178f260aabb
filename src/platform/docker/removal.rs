//! What carries this program's label, and its removal.

use std::collections::HashMap;
use std::time::Duration;

use bollard::Docker;
use bollard::query_parameters::{
    ListContainersOptionsBuilder, ListImagesOptionsBuilder, RemoveContainerOptionsBuilder,
    RemoveImageOptionsBuilder,
};

use super::engine::Engine;
use super::{CONTAINER, IMAGE, LABEL, NAME, resource};
use crate::platform::{ErrorKind, PlatformError, Resource, hosted};

/// Tries while the engine is removing it already, and the wait between them.
const TRIES: u32 = 100;
const PAUSE: Duration = Duration::from_millis(100);

/// Every image and container with the label, with its value; containers last, since they are removed first and images
/// wait for them.
pub async fn tagged(
    engine: &Engine,
    client: &Docker,
) -> Result<Vec<(String, Resource)>, PlatformError> {
    let filters = HashMap::from([("label", vec![LABEL])]);
    let options = ListContainersOptionsBuilder::default()
        .all(true)
        .filters(&filters)
        .build();
    let containers = client.list_containers(Some(options));
    let containers = engine.within("list", "containers", containers).await?;
    let options = ListImagesOptionsBuilder::default()
        .filters(&filters)
        .build();
    let images = client.list_images(Some(options));
    let images = engine.within("list", "images", images).await?;
    let run = |labels: &HashMap<String, String>| labels.get(LABEL).cloned().unwrap_or_default();
    let containers = containers.into_iter().filter_map(|container| {
        let name = container.names.into_iter().flatten().next();
        let name = name.or(container.id)?;
        let run = run(&container.labels.unwrap_or_default());
        Some((run, resource(CONTAINER, name.trim_start_matches('/'))))
    });
    let images = images.into_iter().map(|image| {
        let name = image.repo_tags.first().unwrap_or(&image.id);
        let name = name.strip_suffix(":latest").unwrap_or(name);
        (run(&image.labels), resource(IMAGE, name))
    });
    Ok(images.chain(containers).collect())
}

/// Removes one; that it is not there is no error, unless it may come still.
pub async fn remove(
    engine: &Engine,
    client: &Docker,
    resource: &Resource,
) -> Result<(), PlatformError> {
    let name = resource.name.as_str();
    for _ in 1..TRIES {
        match once(engine, client, resource).await {
            Err(error) if error.kind == ErrorKind::NotFound => {
                if !engine.awaits(name) {
                    return Ok(());
                }
                tokio::time::sleep(PAUSE).await;
            }
            // Somebody else is at it: it is gone when it is not found any more.
            Err(error) if error.kind == ErrorKind::Conflict && error.what.contains("progress") => {
                tokio::time::sleep(PAUSE).await;
            }
            done => {
                if done.is_ok() {
                    engine.came(name);
                }
                return done;
            }
        }
    }
    let seconds = (PAUSE * TRIES).as_secs();
    let what = if engine.awaits(name) {
        format!(
            "the engine did not answer when it was to make it, and has not made it {seconds} s later; it may still: it stays in the ledger for `sebs-tui clean`"
        )
    } else {
        format!("the engine has been removing it for {seconds} s; look at `docker ps -a`")
    };
    Err(hosted::error(
        NAME,
        ErrorKind::Timeout,
        "remove",
        name,
        what,
    ))
}

async fn once(engine: &Engine, client: &Docker, resource: &Resource) -> Result<(), PlatformError> {
    let name = resource.name.as_str();
    match resource.kind.as_str() {
        CONTAINER => {
            let options = RemoveContainerOptionsBuilder::default()
                .force(true)
                .v(true)
                .build();
            let remove = client.remove_container(name, Some(options));
            engine.within("remove", name, remove).await
        }
        IMAGE => {
            let options = RemoveImageOptionsBuilder::default().force(true).build();
            let remove = client.remove_image(name, Some(options), None);
            engine.within("remove", name, remove).await.map(|_| ())
        }
        kind => Err(hosted::error(
            NAME,
            ErrorKind::Unsupported,
            "remove",
            name,
            format!("Docker's platform makes no `{kind}`"),
        )),
    }
}
