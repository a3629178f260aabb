//! Which engine holds what a run made is known from its ledger, and nothing is forgotten that may be there.
#![cfg(feature = "docker")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

#[path = "docker/fake_engine.rs"]
mod fake_engine;

use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::Arc;
use std::time::{Duration, Instant};

use fake_engine::FakeEngine;
use sebs_tui::driver::package::{Runtime, Template};
use sebs_tui::platform::context::Context;
use sebs_tui::platform::docker::{DockerPlatform, Network, Options};
use sebs_tui::platform::ledger::{Ledger, Owner, path_in};
use sebs_tui::platform::{FunctionSpec, Platform, Resource};
use support::{finish, program};

fn ledger(place: &Path) -> (Ledger, PathBuf) {
    let settings = [
        ("platform".into(), "docker".into()),
        ("seed".into(), 1.into()),
    ];
    let path = path_in(&place.join("state/ledgers"), "killed");
    let owner = Owner::new("killed", "results/killed".into(), settings.into());
    (Ledger::create(&path, &owner).unwrap(), path)
}

async fn platform(engine: &FakeEngine, context: Context) -> DockerPlatform {
    let options = Options {
        engine: Some(engine.address()),
        image: None,
        network: Network::Host,
        cpus: None,
    };
    DockerPlatform::start(options, context).await.unwrap()
}

/// Returns once nobody holds the ledger: a dropped platform's threads end by themselves.
async fn ended(path: &Path) {
    let begin = Instant::now();
    while Ledger::is_locked(path).unwrap() {
        assert!(begin.elapsed() < Duration::from_secs(10), "not ended");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// `sebs-tui clean` in an environment that leads to this engine.
fn clean(place: &Path, engine: &FakeEngine, code: i32) -> String {
    let mut clean = program();
    clean
        .args(["clean", "--state"])
        .arg(place.join("state"))
        .env("DOCKER_HOST", engine.address())
        .env("TMPDIR", place)
        .current_dir(place);
    let Output { stdout, .. } = finish(&mut clean, code);
    String::from_utf8(stdout).unwrap()
}

#[tokio::test]
async fn a_killed_run_is_cleaned_in_the_engine_it_used_and_in_no_other() {
    let place = tempfile::tempdir().unwrap();
    let used = FakeEngine::start(place.path(), "used");
    let other = FakeEngine::start(place.path(), "other");
    let (ledger, path) = ledger(place.path());
    let (context, _) = Context::new("killed", ledger, Arc::default());
    let container = Resource {
        kind: "container".into(),
        name: "of-killed".into(),
    };
    let killed = platform(&used, context.clone()).await;
    context.ledger().creating(&container).unwrap();
    drop((killed, context));
    ended(&path).await;

    // Another engine has come to its address.
    let written = std::fs::read_to_string(&path).unwrap();
    let elsewhere = written.replace(&used.address(), &other.address());
    assert_ne!(elsewhere, written);
    std::fs::write(&path, elsewhere).unwrap();
    let told = clean(place.path(), &other, 1);
    assert!(told.contains("is in the engine used at"), "{told}");
    assert!(path.exists() && other.removals().is_empty());

    std::fs::write(&path, written).unwrap();
    let told = clean(place.path(), &other, 0);
    assert!(told.contains("of-killed  removed"), "{told}");
    assert_eq!(used.removals(), ["of-killed"]);
    assert!(!path.exists() && other.removals().is_empty());
}

#[tokio::test]
async fn what_an_engine_did_not_answer_to_have_made_stays_in_the_ledger_until_it_is_cleaned() {
    let place = tempfile::tempdir().unwrap();
    let engine = FakeEngine::start(place.path(), "mute");
    let (ledger, path) = ledger(place.path());
    let (context, _) = Context::new("killed", ledger, Arc::default());
    let mute = platform(&engine, context.clone()).await;
    let template = Template::new(Runtime::Native).unwrap();
    let package = template.package(template.smallest(), 1).unwrap();
    let spec = FunctionSpec {
        name: "f".into(),
        memory_mb: 128,
        timeout: Duration::from_secs(10),
        handler: "handler".into(),
    };
    mute.ensure_function(&spec, &package).await.unwrap_err();
    let error = mute.destroy().await.unwrap_err();
    assert!(error.to_string().contains("did not answer"), "{error}");
    drop((mute, context));
    ended(&path).await;
    let (_, open) = Ledger::read(&path).unwrap();
    assert!(
        matches!(&open[..], [image] if image.kind == "image"),
        "{open:?}"
    );
    // Who comes later finds nothing.
    clean(place.path(), &engine, 0);
    assert!(!path.exists());
}
