//! Unmodified clients of the AWS Lambda Runtime API run on the embedded platform.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::fs;
use std::path::Path;
use std::process::Command;

use sebs_tui::platform::Platform;
use sebs_tui::platform::local::LocalPlatform;

#[allow(dead_code, reason = "each test file uses a part of it")]
mod functions;

use functions::{Echo, package, post, recorded_cold, spec};

/// Name and content of every file below `directory`.
fn files(directory: &Path, prefix: &str) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap().map(Result::unwrap) {
        let name = format!("{prefix}{}", entry.file_name().to_str().unwrap());
        if entry.file_type().unwrap().is_dir() {
            found.extend(files(&entry.path(), &format!("{name}/")));
        } else {
            found.push((name, fs::read(entry.path()).unwrap()));
        }
    }
    found
}

fn run(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{command:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[tokio::test]
#[ignore = "needs pip and PyPI: awslambdaric"]
async fn awslambdaric_runs_our_python_function_cold_and_warm() {
    let directory = tempfile::tempdir().unwrap();
    run(Command::new("python3")
        .args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "awslambdaric",
            "--target",
        ])
        .arg(directory.path()));
    let mut content = files(directory.path(), "");
    content.push((
        "handler.py".into(),
        include_bytes!("../assets/python/handler.py").into(),
    ));
    content.push((
        "bootstrap".into(),
        b"#!/bin/sh\nexec python3 -m awslambdaric \"$_HANDLER\"\n".into(),
    ));
    let content: Vec<(&str, &[u8])> = content
        .iter()
        .map(|(name, bytes)| (name.as_str(), bytes.as_slice()))
        .collect();

    let (platform, echo) = (LocalPlatform::start().await.unwrap(), Echo::start());
    platform
        .ensure_function(&spec(), &package(&content))
        .await
        .unwrap();
    for is_cold in [true, false, true] {
        if is_cold {
            platform.force_cold().await.unwrap();
        }
        let called = post(&platform, echo.invocation()).await;
        let reply = platform.decode(&called.reply).unwrap();
        println!("awslambdaric, cold: {is_cold}: {:?}", called.took);
        assert_eq!((reply.is_cold, reply.clock.error), (is_cold, None));
        assert_eq!(
            recorded_cold(&platform, &reply.request_id).await,
            Some(is_cold)
        );
    }
    let called = post(&platform, "[]").await;
    assert_eq!(called.reply.status, 502, "{}", called.text());
}

#[tokio::test]
#[ignore = "needs crates.io: builds a lambda_runtime function"]
async fn a_function_on_the_lambda_runtime_crate_runs_cold_and_warm() {
    let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/functions/lambda_runtime");
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("lambda_runtime");
    run(Command::new(env!("CARGO"))
        .arg("build")
        .arg("--quiet")
        .arg("--target-dir")
        .arg(&target)
        .current_dir(project));
    let bootstrap = fs::read(target.join("debug/on-lambda-runtime")).unwrap();

    let platform = LocalPlatform::start().await.unwrap();
    platform
        .ensure_function(&spec(), &package(&[("bootstrap", &bootstrap)]))
        .await
        .unwrap();
    for (is_cold, invocation) in [(true, 1), (false, 2), (true, 1)] {
        if is_cold {
            platform.force_cold().await.unwrap();
        }
        let called = post(&platform, r#"{"n":7}"#).await;
        println!("lambda_runtime, cold: {is_cold}: {:?}", called.took);
        let request_id = called.header("x-amzn-requestid").unwrap();
        assert_eq!(recorded_cold(&platform, request_id).await, Some(is_cold));
        let expected = serde_json::json!({ "event": { "n": 7 }, "request_id": request_id, "invocation": invocation });
        assert_eq!(
            serde_json::from_slice::<serde_json::Value>(&called.reply.body).unwrap(),
            expected
        );
    }
    let called = post(&platform, r#"{"fail":true}"#).await;
    assert_eq!(called.reply.status, 502);
    assert!(
        called.text().contains("it was asked to fail"),
        "{}",
        called.text()
    );
}
