//! Engines that are not where the usual one is: on another bridge, behind TLS, in a network that is not this machine's.
#![cfg(feature = "docker")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

#[allow(dead_code, reason = "each test file uses a part of it")]
#[path = "docker/fake_engine.rs"]
mod fake_engine;
#[path = "docker/own_engine.rs"]
mod own_engine;

use std::path::Path;
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};

use fake_engine::FakeEngine;
use own_engine::OwnEngine;
use sebs_tui::core::processor::Processor;
use sebs_tui::core::sample::AttemptOutcome;
use sebs_tui::platform::Platform;
use sebs_tui::platform::context::Context;
use sebs_tui::platform::docker::{DockerPlatform, Network, Options};
use sebs_tui::platform::ledger::Ledger;
use support::{attempts, journal, run_directory, samples, short_run};

/// One engine at a time.
static TURN: Mutex<()> = Mutex::new(());

fn run(out: &Path) -> Command {
    let mut run = short_run(out, 2, 10_000, 1);
    run.args(["--plain", "--platform", "docker"])
        .env("XDG_STATE_HOME", out.join("state"));
    run
}

/// Every sample was measured and synchronised; returns what the run said.
fn measured(run: &mut Command, out: &Path) -> String {
    let Output { stdout, .. } = support::finish(run, 0);
    let entries = journal(&run_directory(out));
    assert_eq!(samples(&entries).len(), 4);
    for attempt in attempts(&entries) {
        assert_eq!(attempt.outcome, AttemptOutcome::Measured, "{attempt:?}");
    }
    String::from_utf8(stdout).unwrap()
}

#[tokio::test]
async fn functions_are_for_the_processor_that_the_engine_tells() {
    let place = tempfile::tempdir().unwrap();
    let engine = FakeEngine::start(place.path(), "elsewhere");
    let options = Options {
        engine: Some(engine.address()),
        image: None,
        network: Network::Host,
        cpus: None,
    };
    let (context, _) = Context::new("processor", Ledger::in_memory(), Arc::default());
    let platform = DockerPlatform::start(options, context).await.unwrap();
    assert_eq!(platform.abilities().processor, Some(Processor::Arm));
}

#[test]
#[ignore = "needs dockerd, ip, openssl and root"]
fn an_engine_on_another_bridge_is_measured_by_its_socket_and_over_tls() {
    let _turn = TURN.lock();
    let engine = OwnEngine::on_another_bridge();
    let out = tempfile::tempdir().unwrap();
    let told = measured(
        run(out.path()).args(["--docker-host", &engine.socket()]),
        out.path(),
    );
    assert!(
        told.contains("on the network bridge reach this host at 10.213.7.1"),
        "{told}"
    );
    if cfg!(feature = "tls") {
        let over_tls = |out: &Path| {
            let mut run = run(out);
            run.env("DOCKER_HOST", engine.over_tls())
                .env("DOCKER_TLS_VERIFY", "1")
                .env("DOCKER_CERT_PATH", engine.certificates());
            run
        };
        let out = tempfile::tempdir().unwrap();
        let told = measured(&mut over_tls(out.path()), out.path());
        assert!(
            told.contains(&format!("at {} (TLS)", engine.over_tls())),
            "{told}"
        );
        // What is kept is found again by a shell that knows nothing of TLS, by its ledger and by its tag.
        for asked in ["--run", "--all"] {
            let out = tempfile::tempdir().unwrap();
            support::finish(over_tls(out.path()).arg("--keep"), 0);
            let mut clean = support::program();
            clean
                .args(["clean", asked])
                .env_remove("DOCKER_HOST")
                .env("TMPDIR", out.path())
                .env("XDG_STATE_HOME", out.path().join("state"));
            if asked == "--run" {
                clean.arg(run_directory(out.path()).file_name().unwrap());
            }
            let Output { stdout, .. } = support::finish(&mut clean, 0);
            let told = String::from_utf8(stdout).unwrap();
            assert!(told.contains("  removed"), "{told}");
        }
        // Without asking for TLS nothing is understood.
        let mut plain = over_tls(out.path());
        let Output { stderr, .. } = support::finish(plain.env_remove("DOCKER_TLS_VERIFY"), 1);
        let told = String::from_utf8(stderr).unwrap();
        assert!(told.contains("DOCKER_TLS_VERIFY"), "{told}");
    }
}

#[test]
#[ignore = "needs dockerd, ip, openssl and root"]
fn an_engine_in_another_network_reaches_this_host_by_its_way_out_and_that_is_told() {
    let _turn = TURN.lock();
    let engine = OwnEngine::in_another_network();
    for network in ["bridge", "host"] {
        let out = tempfile::tempdir().unwrap();
        let mut run = run(out.path());
        run.args(["--docker-host", &engine.socket(), "--network", network]);
        let told = measured(&mut run, out.path());
        assert!(told.contains("is not this machine's"), "{told}");
    }
}
