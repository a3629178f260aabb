//! AWS Lambda against moto's server, which runs no function but checks what is asked more strictly.
#![cfg(feature = "aws")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "aws/emulator.rs"]
mod emulator;

use std::sync::Arc;
use std::time::{Duration, Instant};

use emulator::Emulator;
use sebs_tui::core::processor::Processor;
use sebs_tui::driver::package::{Runtime, Template};
use sebs_tui::platform::aws::{AwsPlatform, Cold, Form, Options, Trigger, Way};
use sebs_tui::platform::context::Context;
use sebs_tui::platform::ledger::Ledger;
use sebs_tui::platform::{FunctionSpec, Package, Platform, Verdict};

fn options(emulator: &Emulator, region: &str) -> Options {
    Options {
        way: Way {
            region: Some(region.into()),
            profile: None,
            endpoint_url: Some(emulator.url()),
        },
        function_name: "sebs-tui".into(),
        role: None,
        bucket: None,
        form: Form::Native,
        processor: Processor::X86,
        trigger: Trigger::Url,
        cold: Cold::Config,
    }
}

async fn platform(options: Options) -> AwsPlatform {
    emulator::assert_surroundings();
    let (context, _) = Context::new("moto", Ledger::in_memory(), Arc::default());
    AwsPlatform::start(options, context).await.unwrap()
}

fn spec() -> FunctionSpec {
    FunctionSpec {
        name: "sebs-tui".into(),
        memory_mb: 128,
        timeout: Duration::from_secs(10),
        handler: "bootstrap".into(),
    }
}

fn package(bytes: u64) -> Package {
    let template = Template::new(Runtime::Native).unwrap();
    template
        .package(bytes.max(template.smallest()), bytes)
        .unwrap()
}

#[tokio::test]
#[ignore = "needs moto's server"]
async fn a_role_that_does_not_exist_is_named_before_the_run_and_by_the_creation() {
    const ROLE: &str = "arn:aws:iam::123456789012:role/nobody-made-it";
    let emulator = Emulator::moto();
    let platform = platform(Options {
        role: Some(ROLE.into()),
        ..options(&emulator, "us-east-1")
    })
    .await;
    let findings = platform.preflight().await.unwrap();
    let bad: Vec<&str> = findings
        .iter()
        .filter(|finding| finding.verdict == Verdict::Bad)
        .map(|finding| finding.text.as_str())
        .collect();
    let [told] = bad[..] else {
        panic!("one thing is wrong: {findings:?}")
    };
    assert!(told.contains(ROLE) && told.contains("--role"), "{told}");

    let begun = Instant::now();
    let refused = platform
        .ensure_function(&spec(), &package(0))
        .await
        .unwrap_err();
    assert!(begun.elapsed() < Duration::from_secs(10), "told at once");
    let told = refused.to_string();
    assert!(told.contains(ROLE) && told.contains("--role"), "{told}");
    platform.destroy().await.unwrap();
    emulator.assert_empty();
}

#[tokio::test]
#[ignore = "needs moto's server"]
async fn every_step_of_a_run_is_taken_and_all_it_made_is_found_and_removed() {
    let emulator = Emulator::moto();
    let platform = platform(options(&emulator, "us-east-1")).await;
    platform
        .ensure_function(&spec(), &package(0))
        .await
        .unwrap();
    platform.update_code(&package(1_000_000)).await.unwrap();
    platform.force_cold().await.unwrap();
    assert!(platform.cold_nonce().unwrap().starts_with("moto-"));
    let kinds: Vec<String> = platform
        .tagged()
        .await
        .unwrap()
        .things
        .into_iter()
        .map(|(run, resource)| format!("{run} {}", resource.kind))
        .collect();
    assert_eq!(kinds, ["moto function", "moto role"]);
    platform.destroy().await.unwrap();
    emulator.assert_empty();
}

#[tokio::test]
#[ignore = "needs moto's server"]
async fn a_bucket_is_made_where_the_function_is_and_removed_with_it() {
    let emulator = Emulator::moto();
    let platform = platform(options(&emulator, "eu-north-1")).await;
    platform
        .ensure_function(&spec(), &package(52_500_000))
        .await
        .unwrap();
    let buckets = emulator.buckets();
    assert!(
        matches!(&buckets[..], [(name, 0)] if name.starts_with("sebs-tui-moto-")),
        "{buckets:?}"
    );
    platform.destroy().await.unwrap();
    emulator.assert_empty();
}
