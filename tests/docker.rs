//! The platform of containers on a real engine, as an experiment uses it.
#![cfg(feature = "docker")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[allow(dead_code, reason = "each test file uses a part of it")]
#[path = "docker/engine.rs"]
mod engine;
#[allow(dead_code, reason = "each test file uses a part of it")]
mod functions;
#[allow(dead_code, reason = "each test file uses a part of it")]
#[path = "docker/images.rs"]
mod images;

use std::io::{Cursor, Read};
use std::net::UdpSocket;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bollard::query_parameters::KillContainerOptions;
use sebs_tui::core::contract::StopReason;
use sebs_tui::driver::package::{Runtime, Template};
use sebs_tui::platform::context::Context;
use sebs_tui::platform::docker::{DockerPlatform, Network, Options};
use sebs_tui::platform::ledger::Ledger;
use sebs_tui::platform::{ErrorKind, Package, Platform, Reach};

use functions::{Echo, owned, post, shell, slow_invocation, spec};

/// A killed container must be seen long before any time-out.
const SOON: Duration = Duration::from_secs(10);

fn options(network: Network) -> Options {
    Options {
        engine: None,
        image: None,
        network,
        cpus: None,
    }
}

/// A run's name that no other test has.
fn run_name() -> String {
    format!("test-{:08x}", rand::random::<u32>())
}

async fn platform(options: Options, run: &str) -> DockerPlatform {
    let (context, _) = Context::new(run, Ledger::in_memory(), Arc::default());
    DockerPlatform::start(options, context).await.unwrap()
}

fn native() -> Package {
    let template = Template::new(Runtime::Native).unwrap();
    template.package(template.smallest(), 1).unwrap()
}

/// The program in the native function's package.
fn function() -> Vec<u8> {
    let mut zip = zip::ZipArchive::new(Cursor::new(native().bytes)).unwrap();
    let (mut file, mut program) = (zip.by_name("bootstrap").unwrap(), Vec::new());
    file.read_to_end(&mut program).unwrap();
    program
}

/// What the engine has of this run.
async fn left(platform: &DockerPlatform, run: &str) -> Vec<String> {
    let tagged = platform.tagged().await.unwrap().things.into_iter();
    let tagged = tagged.filter(|(of, _)| of == run);
    tagged.map(|(_, resource)| resource.name).collect()
}

#[tokio::test]
#[ignore = "needs Docker's engine"]
async fn on_either_network_the_first_call_is_cold_and_a_forced_one_has_a_new_container() {
    for network in ["bridge", "host"].map(Network::of) {
        let run = run_name();
        let platform = platform(options(network.clone()), &run).await;
        let Reach::Address(host) = platform.reach() else {
            panic!("{:?}", platform.preflight().await);
        };
        assert_eq!(host.is_loopback(), network == Network::Host);
        let echo = Echo::at(host);
        platform.ensure_function(&spec(), &native()).await.unwrap();
        let invocation = echo.invocation();
        let mut replies = Vec::new();
        for forced in [false, false, true] {
            if forced {
                platform.force_cold().await.unwrap();
            }
            let called = post(&platform, invocation.clone()).await;
            assert_eq!(called.reply.status, 200, "{}", called.text());
            let reply = platform.decode(&called.reply).unwrap();
            assert_eq!(reply.clock.stop, Some(StopReason::Settled), "{reply:?}");
            replies.push(reply);
        }
        // Datagrams come over the network that was asked for: from a container's address, or from this host's own.
        for source in echo.sources() {
            let here = UdpSocket::bind((source, 0)).is_ok();
            assert_eq!(here, network == Network::Host, "{source}");
        }
        assert_eq!(
            replies
                .iter()
                .map(|reply| reply.is_cold)
                .collect::<Vec<_>>(),
            [true, false, true]
        );
        assert_eq!(replies[0].instance_id, replies[1].instance_id);
        assert_ne!(replies[1].instance_id, replies[2].instance_id);
        assert_eq!(owned(&platform, "container").await.len(), 1);
        assert_eq!(left(&platform, &run).await.len(), 2);
        platform.destroy().await.unwrap();
        assert_eq!(platform.owned().await, []);
        assert_eq!(left(&platform, &run).await, Vec::<String>::new());
        platform.destroy().await.unwrap();
    }
}

#[tokio::test]
#[ignore = "needs Docker's engine"]
async fn a_container_killed_in_an_invocation_is_seen_soon_and_the_next_call_is_served() {
    let run = run_name();
    let platform = platform(options(Network::Host), &run).await;
    platform.ensure_function(&spec(), &native()).await.unwrap();
    let killer = async {
        let docker = engine::client().await;
        tokio::time::sleep(Duration::from_millis(1500)).await;
        let name = owned(&platform, "container").await.remove(0);
        docker
            .kill_container(&name, None::<KillContainerOptions>)
            .await
            .unwrap();
    };
    let (called, ()) = tokio::join!(post(&platform, slow_invocation()), killer);
    assert_eq!(called.reply.status, 502, "{}", called.text());
    assert!(called.took < SOON, "{:?}", called.took);
    assert!(
        called.text().contains("exit status: 137"),
        "{}",
        called.text()
    );
    let called = post(&platform, Echo::start().invocation()).await;
    assert!(platform.decode(&called.reply).unwrap().is_cold);
    platform.destroy().await.unwrap();
}

#[tokio::test]
#[ignore = "needs Docker's engine"]
async fn a_program_that_cannot_run_there_is_told_at_once() {
    let run = run_name();
    let platform = platform(options(Network::of("bridge")), &run).await;
    // There is no shell in the empty image.
    platform
        .ensure_function(&spec(), &shell("true"))
        .await
        .unwrap();
    let begin = Instant::now();
    let called = post(&platform, "{}").await;
    assert!(begin.elapsed() < SOON);
    let error = platform.decode(&called.reply).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Function);
    assert!(error.what.contains("bootstrap"), "{error}");
    platform.destroy().await.unwrap();
}

#[tokio::test]
#[ignore = "needs Docker's engine"]
async fn what_a_crash_left_is_found_by_its_label_and_removed() {
    let (run, echo) = (run_name(), Echo::start());
    let crashed = platform(options(Network::Host), &run).await;
    crashed.ensure_function(&spec(), &native()).await.unwrap();
    post(&crashed, echo.invocation()).await;
    // Neither destroyed nor dropped, as if the process were gone.
    std::mem::forget(crashed);
    let cleaner = platform(options(Network::Host), "cleaner").await;
    assert_eq!(left(&cleaner, &run).await.len(), 2);
    for (of, resource) in cleaner.tagged().await.unwrap().things.into_iter().rev() {
        if of == run {
            assert!(cleaner.removal_command(&resource).contains(&resource.name));
            cleaner.remove(&resource).await.unwrap();
            cleaner.remove(&resource).await.unwrap();
        }
    }
    assert_eq!(left(&cleaner, &run).await, Vec::<String>::new());
}

#[tokio::test]
#[ignore = "needs Docker's engine"]
async fn a_dropped_platform_leaves_no_container_and_its_ledger_tells_of_the_image() {
    let (run, echo) = (run_name(), Echo::start());
    let (context, _) = Context::new(&run, Ledger::in_memory(), Arc::default());
    let dropped = DockerPlatform::start(options(Network::Host), context.clone());
    let dropped = dropped.await.unwrap();
    dropped.ensure_function(&spec(), &native()).await.unwrap();
    post(&dropped, echo.invocation()).await;
    let image = owned(&dropped, "image").await;
    drop(dropped);
    let open = context.ledger().open().into_iter();
    let open: Vec<String> = open.map(|resource| resource.name).collect();
    assert_eq!(open, image, "the ledger tells of the image alone");
    let looker = platform(options(Network::Host), "looker").await;
    assert_eq!(left(&looker, &run).await, image);
    for (of, resource) in looker.tagged().await.unwrap().things {
        if of == run {
            looker.remove(&resource).await.unwrap();
        }
    }
}

#[tokio::test]
#[ignore = "needs Docker's engine"]
async fn a_given_image_runs_its_own_entry_point_and_is_kept() {
    let docker = engine::client().await;
    let image = images::with_program(&docker, &function()).await;
    let (run, echo) = (run_name(), Echo::start());
    let given = Options {
        image: Some(image.clone()),
        cpus: Some(0.5),
        ..options(Network::Host)
    };
    let platform = platform(given, &run).await;
    // A bootstrap that cannot run shows that the image's own program answers.
    platform
        .ensure_function(&spec(), &shell("false"))
        .await
        .unwrap();
    let called = post(&platform, echo.invocation()).await;
    assert!(platform.decode(&called.reply).unwrap().is_cold);
    let name = owned(&platform, "container").await.remove(0);
    let inspected = docker.inspect_container(&name, None).await.unwrap();
    let limits = inspected.host_config.unwrap();
    assert_eq!(limits.nano_cpus, Some(500_000_000));
    assert_eq!(limits.memory, Some(128 * 1024 * 1024));
    platform.destroy().await.unwrap();
    // It is not the run's, so it is there still.
    images::remove(&docker, &image).await;
}

#[tokio::test]
#[ignore = "needs Docker's engine"]
async fn an_engine_or_image_that_is_not_there_is_named_with_what_to_do() {
    let (context, _) = Context::new("absent", Ledger::in_memory(), Arc::default());
    let nowhere = Options {
        engine: Some("unix:///nowhere/docker.sock".into()),
        ..options(Network::Host)
    };
    let error = DockerPlatform::start(nowhere, context).await.unwrap_err();
    for part in ["/nowhere/docker.sock", "dockerd", "--docker-host"] {
        assert!(error.to_string().contains(part), "{error}");
    }
    let missing = Options {
        image: Some("sebs-tui-no-such-image".into()),
        ..options(Network::Host)
    };
    let platform = platform(missing, "absent").await;
    let error = platform
        .ensure_function(&spec(), &native())
        .await
        .unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotFound);
    assert!(
        error
            .to_string()
            .contains("docker pull sebs-tui-no-such-image"),
        "{error}"
    );
}
