//! A look into Docker's engine, past the program.

use std::collections::BTreeSet;

use bollard::Docker;
use bollard::query_parameters::{
    KillContainerOptions, ListContainersOptionsBuilder, ListImagesOptionsBuilder,
    ListNetworksOptions, ListVolumesOptions,
};
use sebs_tui::platform::origin::Tag;

/// A client of the engine that the program finds by itself.
pub async fn client() -> Docker {
    let client = Docker::connect_with_defaults().unwrap();
    client.negotiate_version().await.unwrap()
}

/// Every container, image, volume and network, whosever it is.
pub async fn everything(docker: &Docker) -> BTreeSet<String> {
    let mut things = BTreeSet::new();
    let all = ListContainersOptionsBuilder::default().all(true).build();
    for container in docker.list_containers(Some(all)).await.unwrap() {
        let names = container.names.unwrap_or_default().join(" ");
        things.insert(format!("container {names}"));
    }
    let all = ListImagesOptionsBuilder::default().all(true).build();
    for image in docker.list_images(Some(all)).await.unwrap() {
        things.insert(format!("image {} {}", image.id, image.repo_tags.join(" ")));
    }
    let volumes = docker.list_volumes(None::<ListVolumesOptions>).await;
    for volume in volumes.unwrap().volumes.unwrap_or_default() {
        things.insert(format!("volume {}", volume.name));
    }
    let networks = docker.list_networks(None::<ListNetworksOptions>).await;
    for network in networks.unwrap() {
        things.insert(format!("network {}", network.name.unwrap_or_default()));
    }
    things
}

/// Kills every running container of the run of this name, as `docker kill` does; returns how many.
pub async fn kill_containers(docker: &Docker, run: &str) -> usize {
    let filters = [("label", vec!["sebs-tui.run"])];
    let running = ListContainersOptionsBuilder::default()
        .filters(&filters.into())
        .build();
    let mut killed = 0;
    for container in docker.list_containers(Some(running)).await.unwrap() {
        let labels = container.labels.unwrap_or_default();
        if Tag::parse(&labels["sebs-tui.run"]).run != run {
            continue;
        }
        let id = container.id.unwrap();
        let kill = docker.kill_container(&id, None::<KillContainerOptions>);
        // One that has just ended cannot be killed any more.
        killed += usize::from(kill.await.is_ok());
    }
    killed
}
