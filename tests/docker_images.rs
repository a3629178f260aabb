//! A given image that speaks the Lambda Runtime Interface, in a whole run.
#![cfg(feature = "docker")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

#[allow(dead_code, reason = "each test file uses a part of it")]
#[path = "docker/engine.rs"]
mod engine;
#[allow(dead_code, reason = "each test file uses a part of it")]
#[path = "docker/images.rs"]
mod images;

use sebs_tui::core::sample::AttemptOutcome;
use support::{attempts, finish, journal, run_directory, samples, short_run};

#[tokio::test]
#[ignore = "needs Docker's engine, and awslambdaric from PyPI"]
async fn an_image_with_awss_own_runtime_client_runs_our_python_function_and_is_kept() {
    let docker = engine::client().await;
    let image = images::with_awslambdaric(&docker).await;
    let out = tempfile::tempdir().unwrap();
    let mut run = short_run(out.path(), 2, 10_000, 2);
    run.args(["--plain", "--platform", "docker", "--runtime", "python"])
        .args(["--image", &image, "--memory", "256", "--cpus", "1.5"])
        .env("XDG_STATE_HOME", out.path().join("state"));
    finish(&mut run, 0);
    let entries = journal(&run_directory(out.path()));
    assert_eq!(samples(&entries).len(), 8);
    for attempt in attempts(&entries) {
        assert_eq!(attempt.outcome, AttemptOutcome::Measured, "{attempt:?}");
        let clock = attempt.clock.expect("synchronised");
        assert!(
            clock.offset.abs() <= clock.bound,
            "one host has one clock: {clock:?}"
        );
    }
    // It is not the run's, so it is there still.
    images::remove(&docker, &image).await;
}
