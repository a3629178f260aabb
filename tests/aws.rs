//! AWS Lambda against an emulator that really runs the functions: what is made, measured, and removed again.
#![cfg(feature = "aws")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

#[path = "aws/emulator.rs"]
mod emulator;
#[path = "aws/fault_proxy.rs"]
mod fault_proxy;

use std::ffi::OsString;
use std::io::Cursor;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_sdk_lambda::types::Architecture;
use emulator::Emulator;
use fault_proxy::{Fault, FaultProxy};
use sebs_tui::core::message::{Entry, Event};
use sebs_tui::core::processor::Processor;
use sebs_tui::core::sample::{Attempt, AttemptOutcome, Purpose, SampleOutcome, StartKind};
use sebs_tui::driver::package::{Runtime, Template};
use sebs_tui::platform::aws::{AwsPlatform, Cold, Form, Options, Trigger, Way};
use sebs_tui::platform::context::Context;
use sebs_tui::platform::ledger::Ledger;
use sebs_tui::platform::{ErrorKind, FunctionSpec, Package, Platform, Resource, Verdict};
use support::{attempts, finish, journal, program, run_directory, samples, short_run};

/// A short run on the emulator, with its ledgers below `out`.
fn run(emulator: &Emulator, out: &Path) -> Command {
    run_at(&emulator.url(), out)
}

fn run_at(url: &str, out: &Path) -> Command {
    let mut run = short_run(out, 2, 100_000, 2);
    run.args(["--plain", "--platform", "aws", "--endpoint-url", url]);
    surroundings(&mut run, out);
    run
}

fn surroundings<'a>(command: &'a mut Command, out: &Path) -> &'a mut Command {
    command
        .envs(emulator::VARIABLES)
        .env("XDG_STATE_HOME", out.join("state"))
}

/// Every sample was measured, in the kind that was asked for, and with the one clock there is.
fn assert_measured(entries: &[Entry], count: usize) {
    assert_eq!(samples(entries).len(), count);
    for kind in [StartKind::Cold, StartKind::Warm] {
        let of_kind = |attempt: &&Attempt| {
            attempt.outcome == AttemptOutcome::Measured
                && matches!(attempt.purpose, Purpose::Sample(key) if key.kind == kind)
        };
        let measured: Vec<&Attempt> = attempts(entries).into_iter().filter(of_kind).collect();
        assert_eq!(measured.len(), count / 2, "{kind:?}");
        for attempt in measured {
            let function = attempt.function.as_ref().unwrap();
            assert!(!function.is_outdated(), "{:?}", function.cold_nonce);
            let clock = attempt.clock.unwrap();
            assert!(
                clock.offset.abs() <= clock.bound,
                "one host has one clock: {clock:?}"
            );
        }
    }
}

fn options_at(url: String, trigger: Trigger, cold: Cold) -> Options {
    Options {
        way: Way {
            region: Some("us-east-1".into()),
            profile: None,
            endpoint_url: Some(url),
        },
        function_name: "sebs-tui".into(),
        role: None,
        bucket: None,
        form: Form::Native,
        processor: Processor::X86,
        trigger,
        cold,
    }
}

fn spec() -> FunctionSpec {
    FunctionSpec {
        name: "sebs-tui".into(),
        memory_mb: 128,
        timeout: Duration::from_secs(10),
        handler: "bootstrap".into(),
    }
}

fn package(seed: u64) -> Package {
    let template = Template::new(Runtime::Native).unwrap();
    template.package(template.smallest() + 1000, seed).unwrap()
}

/// A platform for the run `name`, as a library's user would make it.
async fn platform(options: Options, name: &str) -> AwsPlatform {
    emulator::assert_surroundings();
    let (context, _) = Context::new(name, Ledger::in_memory(), Arc::default());
    AwsPlatform::start(options, context).await.unwrap()
}

#[tokio::test]
async fn the_largest_package_unpacks_to_what_aws_takes() {
    const UNPACKED_MOST: u64 = 262_144_000;
    for (form, runtime) in [
        (Form::Native, Runtime::Native),
        (Form::Python, Runtime::Python),
    ] {
        let template = Template::new(runtime).unwrap();
        let package = template.package(template.smallest(), 1).unwrap();
        let packed = package.bytes.len() as u64;
        let mut zip = zip::ZipArchive::new(Cursor::new(package.bytes)).unwrap();
        let unpacked: u64 = (0..zip.len())
            .map(|index| zip.by_index(index).unwrap().size())
            .sum();
        let mut options = options_at("http://127.0.0.1:1".into(), Trigger::Url, Cold::Config);
        options.form = form;
        let (context, _) = Context::new("limits", Ledger::in_memory(), Arc::default());
        let platform = AwsPlatform::start(options, context).await.unwrap();
        let limit = platform.abilities().limits.package_most.unwrap().bytes;
        let largest = limit - packed + unpacked;
        assert!(largest <= UNPACKED_MOST, "{form:?}: {largest}");
        assert!(largest > UNPACKED_MOST - 1_000_000, "{form:?}: {largest}");
    }
}

#[test]
#[ignore = "needs MiniStack"]
fn a_native_function_is_measured_by_its_url_and_nothing_is_left() {
    let emulator = Emulator::start();
    let out = tempfile::tempdir().unwrap();
    finish(&mut run(&emulator, out.path()), 0);
    assert_measured(&journal(&run_directory(out.path())), 8);
    emulator.assert_empty();
}

#[test]
#[ignore = "needs MiniStack"]
fn a_python_function_is_measured_by_signed_invocations_with_republished_code_and_nothing_is_left() {
    let emulator = Emulator::start();
    let out = tempfile::tempdir().unwrap();
    let mut run = run(&emulator, out.path());
    run.args([
        "--runtime",
        "python",
        "--trigger",
        "invoke",
        "--cold-method",
        "publish",
    ]);
    finish(&mut run, 0);
    assert_measured(&journal(&run_directory(out.path())), 8);
    emulator.assert_empty();
}

#[test]
#[ignore = "needs MiniStack"]
fn without_a_datagram_clocks_are_compared_by_further_invocations_over_either_trigger() {
    let emulator = Emulator::start();
    for trigger in ["url", "invoke"] {
        let out = tempfile::tempdir().unwrap();
        let mut run = run(&emulator, out.path());
        finish(run.args(["--sync", "http", "--trigger", trigger]), 0);
        let entries = journal(&run_directory(out.path()));
        assert_measured(&entries, 8);
        let measured = |attempt: &&Attempt| {
            matches!(attempt.purpose, Purpose::Sample(_))
                && attempt.outcome == AttemptOutcome::Measured
        };
        for attempt in attempts(&entries).into_iter().filter(measured) {
            let counts = attempt.follow_ups.expect("further invocations");
            assert!(counts.paired > 0, "{trigger}: {counts:?}");
            assert_eq!(attempt.packets.sent, 0);
        }
        emulator.assert_empty();
    }
}

#[test]
#[ignore = "needs MiniStack"]
fn a_code_sweep_deploys_every_size_and_skips_what_is_above_the_limit() {
    let emulator = Emulator::start();
    let out = tempfile::tempdir().unwrap();
    let mut run = run(&emulator, out.path());
    run.args([
        "--type",
        "code",
        "--code-begin",
        "2000000",
        "--code-end",
        "300000000",
        "--code-points",
        "2",
    ]);
    finish(&mut run, 0);
    let entries = journal(&run_directory(out.path()));
    let mut sizes: Vec<u64> = attempts(&entries)
        .into_iter()
        .filter(|attempt| attempt.outcome == AttemptOutcome::Measured)
        .map(|attempt| attempt.package_bytes)
        .collect();
    sizes.sort_unstable();
    sizes.dedup();
    assert_eq!(sizes, [2_000_000]);
    emulator.assert_empty();
}

#[test]
#[ignore = "needs MiniStack"]
fn a_package_that_no_call_takes_goes_through_a_bucket_and_nothing_is_left() {
    let emulator = Emulator::start();
    let out = tempfile::tempdir().unwrap();
    let mut run = run(&emulator, out.path());
    run.args(["--type", "code", "--code-begin", "60000000"]);
    run.args(["--code-end", "60000000", "--code-points", "1"]);
    run.args(["--repetitions", "1", "--cold-method", "publish"]);
    finish(&mut run, 0);
    let entries = journal(&run_directory(out.path()));
    assert_measured(&entries, 2);
    for attempt in attempts(&entries) {
        assert_eq!(attempt.package_bytes, 60_000_000);
    }
    let told = |entry: &Entry| matches!(&entry.event, Event::Noted { text } if text.contains("go through the bucket sebs-tui-"));
    assert_eq!(entries.iter().filter(|entry| told(entry)).count(), 1);
    emulator.assert_empty();
}

#[tokio::test]
#[ignore = "needs MiniStack"]
async fn a_given_bucket_is_used_and_left_empty_and_a_made_one_is_found_by_its_tag() {
    let emulator = Emulator::start();
    emulator.make_bucket("mine");
    let template = Template::new(Runtime::Native).unwrap();
    let large = template.package(52_500_000, 1).unwrap();
    let mut options = options_at(emulator.url(), Trigger::Invoke, Cold::Config);
    options.bucket = Some("mine".into());
    let given = platform(options.clone(), "given").await;
    given.ensure_function(&spec(), &large).await.unwrap();
    assert_eq!(emulator.buckets(), [("mine".to_owned(), 0)]);
    given.destroy().await.unwrap();

    options.bucket = None;
    let made = platform(options, "made").await;
    made.ensure_function(&spec(), &large).await.unwrap();
    let buckets = emulator.buckets();
    assert_eq!(buckets.len(), 2, "{buckets:?}");
    assert!(buckets.iter().all(|(_, objects)| *objects == 0));
    let tagged = made.tagged().await.unwrap().things;
    let (run, bucket) = tagged
        .iter()
        .find(|(_, resource)| resource.kind == "bucket")
        .unwrap();
    assert_eq!(run, "made");
    assert!(bucket.name.starts_with("us-east-1/sebs-tui-made-"));
    made.destroy().await.unwrap();
    assert_eq!(emulator.buckets(), [("mine".to_owned(), 0)]);
}

#[tokio::test]
#[ignore = "needs MiniStack"]
async fn in_a_bucket_that_keeps_versions_nothing_of_a_package_is_left() {
    let emulator = Emulator::start();
    emulator.make_versioned_bucket("kept");
    for key in [
        "sebs-tui/r/1.zip",
        "sebs-tui/r/1.zip",
        "sebs-tui/r/1.zip.mine",
    ] {
        emulator.put("kept", key);
    }
    let platform = platform(
        options_at(emulator.url(), Trigger::Invoke, Cold::Config),
        "versions",
    )
    .await;
    let object = Resource {
        kind: "object".into(),
        name: "us-east-1/kept/sebs-tui/r/1.zip".into(),
    };
    platform.remove(&object).await.unwrap();
    assert_eq!(emulator.versions("kept"), ["sebs-tui/r/1.zip.mine"]);
    // Once more: that it is gone is no error, and no mark stays.
    platform.remove(&object).await.unwrap();
    assert_eq!(emulator.versions("kept"), ["sebs-tui/r/1.zip.mine"]);
}

#[test]
#[ignore = "needs MiniStack"]
fn clean_fails_for_what_may_not_be_looked_at_and_removes_the_rest() {
    const DENIED: Fault = Fault::Answer(
        403,
        "content-type: application/xml",
        "<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>",
    );
    const DENIED_BY_LAMBDA: Fault = Fault::Answer(
        403,
        "x-amzn-errortype: AccessDeniedException",
        r#"{"Message":"Access Denied"}"#,
    );
    let emulator = Emulator::start();
    emulator.make_bucket("sebs-tui-secret");
    let out = tempfile::tempdir().unwrap();
    for (request, fault, words) in [
        (
            "GET /sebs-tui-secret…tagging",
            DENIED,
            "bucket sebs-tui-secret",
        ),
        (
            "GET /?…ListBuckets",
            DENIED,
            "a bucket that a run made may be left",
        ),
        (
            "GET /2015-03-31/functions",
            DENIED_BY_LAMBDA,
            "a function that a run made may be left",
        ),
    ] {
        let proxy = FaultProxy::start(emulator.port(), &[(request, fault)]);
        let mut clean = program();
        clean.args(["clean", "--all", "--platform", "aws"]);
        clean.args(["--endpoint-url", &proxy.url()]);
        let output = finish(surroundings(&mut clean, out.path()), 1);
        let told = String::from_utf8(output.stderr).unwrap();
        assert!(
            told.contains(words)
                && told.contains("AccessDenied")
                && told.contains("allow it to these credentials"),
            "{told}"
        );
        let found = String::from_utf8(output.stdout).unwrap();
        assert!(!found.contains("nothing is left"), "{found}");
        proxy.assert_used();
    }
}

#[test]
#[ignore = "needs MiniStack"]
fn what_a_run_keeps_is_removed_by_clean() {
    let emulator = Emulator::start();
    let out = tempfile::tempdir().unwrap();
    finish(run(&emulator, out.path()).arg("--keep"), 0);
    let mut clean = program();
    let output = finish(surroundings(clean.arg("clean"), out.path()), 0);
    let told = String::from_utf8(output.stdout).unwrap();
    assert_eq!(told.matches("kept on purpose").count(), 2, "{told}");
    assert_eq!(emulator.held(), (1, 1), "functions and roles");
    let mut clean = program();
    clean.args(["clean", "--all"]);
    finish(surroundings(&mut clean, out.path()), 0);
    emulator.assert_empty();
}

/// Name of the only run in `out`.
fn name(out: &Path) -> OsString {
    run_directory(out).file_name().unwrap().into()
}

#[test]
#[ignore = "needs MiniStack"]
fn what_a_run_keeps_is_found_without_the_variable_that_led_there() {
    let emulator = Emulator::start();
    let out = tempfile::tempdir().unwrap();
    let mut run = short_run(out.path(), 1, 1024, 1);
    run.args(["--plain", "--platform", "aws", "--keep"]);
    run.env("AWS_ENDPOINT_URL", emulator.url());
    finish(surroundings(&mut run, out.path()), 0);
    assert_eq!(emulator.held(), (1, 1), "functions and roles");
    let mut clean = program();
    clean.args(["clean", "--run"]).arg(name(out.path()));
    finish(surroundings(&mut clean, out.path()), 0);
    emulator.assert_empty();
}

#[test]
#[ignore = "needs MiniStack"]
fn a_service_with_an_endpoint_of_its_own_is_found_without_its_variable() {
    const DENIED: Fault = Fault::Answer(
        403,
        "x-amzn-errortype: AccessDeniedException",
        r#"{"Message":"Access Denied"}"#,
    );
    let emulator = Emulator::start();
    let removal = ("DELETE /2015-03-31/functions/", DENIED);
    let proxy = FaultProxy::start(emulator.port(), &[removal]);
    let out = tempfile::tempdir().unwrap();
    let mut run = short_run(out.path(), 1, 1024, 1);
    run.args(["--plain", "--platform", "aws", "--keep"]);
    run.env("AWS_ENDPOINT_URL", emulator.url());
    run.env("AWS_ENDPOINT_URL_LAMBDA", proxy.url());
    finish(surroundings(&mut run, out.path()), 0);
    for (code, words) in [(1, "AccessDenied"), (0, "removed")] {
        let mut clean = program();
        clean.args(["clean", "--run"]).arg(name(out.path()));
        let output = finish(surroundings(&mut clean, out.path()), code);
        let told = String::from_utf8(output.stdout).unwrap();
        assert!(told.contains(words), "{told}");
    }
    proxy.assert_used();
    emulator.assert_empty();
}

#[test]
#[ignore = "needs MiniStack"]
fn what_is_in_another_account_is_not_taken_for_gone() {
    const ANOTHER: &str = "<GetCallerIdentityResponse><GetCallerIdentityResult><Account>999999999999</Account></GetCallerIdentityResult></GetCallerIdentityResponse>";
    let emulator = Emulator::start();
    let another = Fault::Answer(200, "content-type: text/xml", ANOTHER);
    let proxy = FaultProxy::start(emulator.port(), &[("POST / HTTP…api/sts", another)]);
    let out = tempfile::tempdir().unwrap();
    let mut run = run_at(&proxy.url(), out.path());
    run.args(["--payload-points", "1", "--repetitions", "1", "--keep"]);
    finish(&mut run, 0);
    proxy.assert_used();
    for _ in 0..2 {
        let mut clean = program();
        clean.args(["clean", "--run"]).arg(name(out.path()));
        let output = finish(surroundings(&mut clean, out.path()), 1);
        let told = String::from_utf8(output.stdout).unwrap();
        assert!(
            told.contains("is in account 999999999999 at http://127.0.0.1:"),
            "{told}"
        );
        assert_eq!(emulator.held(), (1, 1), "functions and roles");
    }
}

#[test]
#[ignore = "needs MiniStack"]
fn what_a_killed_run_leaves_is_removed_by_clean() {
    let emulator = Emulator::start();
    let out = tempfile::tempdir().unwrap();
    let mut run = run(&emulator, out.path());
    run.args(["--repetitions", "1000"]).stdout(Stdio::null());
    let mut run = run.spawn().unwrap();
    let begun = Instant::now();
    while emulator.held() != (1, 1) {
        assert!(begun.elapsed() < Duration::from_secs(60), "nothing is made");
        assert_eq!(run.try_wait().unwrap(), None, "the run has ended");
    }
    run.kill().unwrap();
    run.wait().unwrap();
    let mut clean = program();
    finish(surroundings(clean.arg("clean"), out.path()), 0);
    emulator.assert_empty();
}

#[tokio::test]
#[ignore = "needs MiniStack"]
async fn a_function_of_somebody_elses_is_left_alone() {
    let emulator = Emulator::start();
    let options = options_at(emulator.url(), Trigger::Url, Cold::Config);
    let first = platform(options.clone(), "one").await;
    first.ensure_function(&spec(), &package(1)).await.unwrap();
    emulator.retag("sebs-tui-one", "another").await;

    let second = platform(options, "one").await;
    let findings = second.preflight().await.unwrap();
    assert!(
        findings
            .iter()
            .any(|found| found.verdict == Verdict::Bad && found.text.contains("left alone")),
        "{findings:?}"
    );
    let refused = second
        .ensure_function(&spec(), &package(1))
        .await
        .unwrap_err();
    assert_eq!(refused.kind, ErrorKind::Conflict);
    second.destroy().await.unwrap();
    assert_eq!(emulator.held().0, 1, "the function is still there");
}

#[tokio::test]
#[ignore = "needs MiniStack"]
async fn a_function_or_role_of_a_run_of_the_same_name_on_another_machine_is_left_alone() {
    const OTHER: &str = "one@another/0123456789ab";
    const UNSEEN: Fault = Fault::Answer(
        404,
        "x-amzn-errortype: ResourceNotFoundException",
        r#"{"Message":"Function not found"}"#,
    );
    let emulator = Emulator::start();
    // The other run makes it after it was looked for.
    let looked = "GET /2015-03-31/functions/sebs-tui-one HTTP";
    let proxy = FaultProxy::start(emulator.port(), &[(looked, UNSEEN)]);
    let options = options_at(emulator.url(), Trigger::Url, Cold::Config);
    let first = platform(options, "one").await;
    first.ensure_function(&spec(), &package(1)).await.unwrap();
    emulator.retag("sebs-tui-one", OTHER).await;
    emulator.retag_role("sebs-tui-one", OTHER).await;
    for role in [None, Some("arn:aws:iam::000000000000:role/sebs-tui-one")] {
        let mut options = options_at(proxy.url(), Trigger::Url, Cold::Config);
        options.role = role.map(ToOwned::to_owned);
        let second = platform(options, "one").await;
        let refused = second.ensure_function(&spec(), &package(2)).await;
        let refused = refused.unwrap_err();
        assert_eq!(refused.kind, ErrorKind::Conflict);
        assert!(refused.what.contains(OTHER), "{refused}");
        assert_eq!(second.owned().await, []);
        second.destroy().await.unwrap();
        assert_eq!(emulator.held(), (1, 1), "functions and roles");
    }
    proxy.assert_used();
}

#[tokio::test]
#[ignore = "needs MiniStack"]
async fn a_function_of_the_same_run_is_used_again_and_found_by_its_tag() {
    let emulator = Emulator::start();
    let options = options_at(emulator.url(), Trigger::Url, Cold::Config);
    for seed in 1..=2 {
        let platform = platform(options.clone(), "again").await;
        platform
            .ensure_function(&spec(), &package(seed))
            .await
            .unwrap();
        assert_eq!(platform.owned().await.len(), 2, "also what is used again");
    }
    let later = platform(options, "later").await;
    let named = |kind: &str, name: &str| {
        let resource = Resource {
            kind: kind.into(),
            name: name.into(),
        };
        ("again".to_owned(), resource)
    };
    let tagged = later.tagged().await.unwrap().things;
    assert_eq!(
        tagged,
        [
            named("function", "us-east-1/sebs-tui-again"),
            named("role", "sebs-tui-again")
        ]
    );
    for (_, resource) in &tagged {
        later.remove(resource).await.unwrap();
        // Once more: that it is gone is no error.
        later.remove(resource).await.unwrap();
    }
    emulator.assert_empty();
}

#[tokio::test]
#[ignore = "needs MiniStack"]
async fn waiting_for_environments_to_end_takes_as_long_as_asked() {
    let emulator = Emulator::start();
    let length = Duration::from_millis(300);
    let platform = platform(
        options_at(emulator.url(), Trigger::Url, Cold::Idle(length)),
        "idle",
    )
    .await;
    let begun = Instant::now();
    platform.force_cold().await.unwrap();
    assert!(begun.elapsed() >= length);
}

#[test]
#[ignore = "needs MiniStack"]
fn waiting_that_ends_no_environment_fails_cold_samples_within_their_bound() {
    let emulator = Emulator::start();
    let out = tempfile::tempdir().unwrap();
    let mut run = run(&emulator, out.path());
    run.args(["--payload-points", "1", "--repetitions", "1"]);
    run.args(["--cold-method", "idle:1s", "--attempts", "2"]);
    let begun = Instant::now();
    finish(&mut run, 1);
    assert!(begun.elapsed() >= Duration::from_secs(2), "two waits");
    let entries = journal(&run_directory(out.path()));
    let count = |outcome: AttemptOutcome| {
        let made = attempts(&entries).into_iter();
        made.filter(|attempt| attempt.outcome == outcome).count()
    };
    assert_eq!(count(AttemptOutcome::WrongKind), 2);
    let failed = |entry: &Entry| matches!(&entry.event, Event::SampleEnded { outcome: SampleOutcome::Failed(why), .. } if why.what.contains("never started cold"));
    assert_eq!(entries.iter().filter(|entry| failed(entry)).count(), 1);
    emulator.assert_empty();
}

#[test]
#[ignore = "needs MiniStack"]
fn a_given_role_is_taken_and_left() {
    let emulator = Emulator::start();
    let role = emulator.make_role("mine");
    let out = tempfile::tempdir().unwrap();
    let mut run = run(&emulator, out.path());
    run.args(["--payload-points", "1", "--repetitions", "1"]);
    finish(run.args(["--role", &role]).arg("--keep"), 0);
    assert_eq!(emulator.held(), (1, 1), "functions and roles");
    assert_eq!(emulator.only_function().role(), Some(role.as_str()));
    let mut clean = program();
    clean.args(["clean", "--all"]);
    finish(surroundings(&mut clean, out.path()), 0);
    assert_eq!(emulator.held(), (0, 1), "functions and roles");
}

#[tokio::test]
#[ignore = "needs MiniStack and the aarch64 target"]
async fn a_function_for_another_processor_is_asked_for_as_such() {
    let emulator = Emulator::start();
    for (form, runtime, name) in [
        (
            Form::Native,
            Runtime::NativeFor(Processor::Arm),
            "provided.al2023",
        ),
        (Form::Python, Runtime::Python, "python3.13"),
    ] {
        let mut options = options_at(emulator.url(), Trigger::Invoke, Cold::Config);
        (options.form, options.processor) = (form, Processor::Arm);
        let aws = platform(options, "arm").await;
        assert_eq!(aws.abilities().processor, Some(Processor::Arm));
        let findings = aws.preflight().await.unwrap();
        assert!(findings.iter().all(|found| found.verdict != Verdict::Bad));
        let template = Template::new(runtime).unwrap();
        let package = template.package(template.smallest(), 1).unwrap();
        aws.ensure_function(&spec(), &package).await.unwrap();
        let made = emulator.only_function();
        assert_eq!(made.architectures(), [Architecture::Arm64]);
        assert_eq!(made.runtime().unwrap().as_str(), name);
        aws.destroy().await.unwrap();
        emulator.assert_empty();
    }
}

#[test]
#[ignore = "needs MiniStack"]
fn a_lost_emulator_is_told_with_the_step_that_failed() {
    let emulator = Emulator::start();
    let out = tempfile::tempdir().unwrap();
    let mut run = run(&emulator, out.path());
    drop(emulator);
    let output = run.output().unwrap();
    assert_ne!(output.status.code(), Some(0));
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(
        told.contains("aws") && told.contains("get settings of account"),
        "{told}"
    );
    let warned = |entry: &Entry| matches!(entry.event, Event::SampleEnded { .. });
    assert!(!journal(&run_directory(out.path())).iter().any(warned));
}

#[tokio::test]
#[ignore = "needs MiniStack"]
async fn what_aws_says_to_try_again_is_tried_again_and_told() {
    const CREATE: &str = "POST /2015-03-31/functions HTTP";
    const CONFIGURE: &str = "PUT /2015-03-31/functions/sebs-tui-faults/configuration";
    const UPLOAD: &str = "PUT /2015-03-31/functions/sebs-tui-faults/code";
    const BUSY: Fault = Fault::Answer(
        409,
        "x-amzn-errortype: ResourceConflictException",
        r#"{"Message":"An update is in progress for resource"}"#,
    );
    const NEW_ROLE: Fault = Fault::Answer(
        400,
        "x-amzn-errortype: InvalidParameterValueException",
        r#"{"Message":"The role defined for the function cannot be assumed by Lambda."}"#,
    );
    const TOO_MANY: Fault = Fault::Answer(
        429,
        "x-amzn-errortype: TooManyRequestsException\r\nretry-after: 1",
        r#"{"Message":"Rate exceeded"}"#,
    );
    let emulator = Emulator::start();
    let rules = [
        (CREATE, NEW_ROLE),
        (CREATE, Fault::AnswerLost),
        (CONFIGURE, BUSY),
        (CONFIGURE, TOO_MANY),
        (UPLOAD, Fault::Lost),
        (UPLOAD, Fault::AnswerCut),
    ];
    let proxy = FaultProxy::start(emulator.port(), &rules);
    emulator::assert_surroundings();
    let (context, mut notes) = Context::new("faults", Ledger::in_memory(), Arc::default());
    let options = options_at(proxy.url(), Trigger::Url, Cold::Config);
    let platform = AwsPlatform::start(options, context).await.unwrap();
    platform
        .ensure_function(&spec(), &package(1))
        .await
        .unwrap();
    platform.force_cold().await.unwrap();
    platform.update_code(&package(2)).await.unwrap();
    proxy.assert_used();

    let mut told = Vec::new();
    while let Ok(note) = notes.try_recv() {
        told.push(note);
    }
    assert_eq!(told.len(), rules.len(), "{told:#?}");
    for (note, words) in told.iter().zip([
        "cannot be assumed",
        "create",
        "in progress",
        "Rate exceeded",
    ]) {
        assert!(
            note.contains(words) && note.contains("trying again in"),
            "{note}"
        );
    }
    platform.destroy().await.unwrap();
    emulator.assert_empty();
}

#[test]
#[ignore = "needs MiniStack"]
fn a_new_environment_of_before_the_forced_cold_start_is_no_cold_sample() {
    let emulator = Emulator::start();
    // AWS has taken the change, and the old configuration serves on.
    let taken = Fault::Answer(200, "content-type: application/json", "{}");
    let proxy = FaultProxy::start(emulator.port(), &[("PUT …/configuration HTTP", taken)]);
    let out = tempfile::tempdir().unwrap();
    let mut run = run_at(&proxy.url(), out.path());
    run.args(["--type", "code", "--code-begin", "1000000"]);
    run.args(["--code-end", "2000000", "--code-points", "2"]);
    run.args(["--repetitions", "1"]);
    finish(&mut run, 0);
    proxy.assert_used();
    let entries = journal(&run_directory(out.path()));
    let wrong: Vec<&Attempt> = attempts(&entries)
        .into_iter()
        .filter(|attempt| attempt.outcome == AttemptOutcome::WrongKind)
        .collect();
    let [wrong] = wrong[..] else {
        panic!("one attempt is of the wrong kind: {wrong:?}")
    };
    let report = wrong.function.as_ref().unwrap();
    assert!(report.is_cold && report.is_outdated(), "{report:?}");
    let told = |entry: &Entry| matches!(&entry.event, Event::Warned { text } if text.contains("before the last forced cold start"));
    assert!(entries.iter().any(told));
    assert_eq!(samples(&entries).len(), 4);
    emulator.assert_empty();
}

#[test]
#[ignore = "needs MiniStack"]
fn calls_that_are_refused_at_first_or_break_off_cost_attempts_and_no_sample() {
    const CALL: &str = ".lambda-url.";
    let emulator = Emulator::start();
    let rules = [
        (
            CALL,
            Fault::Answer(403, "x-amzn-errortype: AccessDeniedException", "{}"),
        ),
        (CALL, Fault::Answer(429, "retry-after: 1", "{}")),
        (CALL, Fault::AnswerCut),
    ];
    let proxy = FaultProxy::start(emulator.port(), &rules);
    let out = tempfile::tempdir().unwrap();
    finish(&mut run_at(&proxy.url(), out.path()), 0);
    proxy.assert_used();
    let entries = journal(&run_directory(out.path()));
    assert_measured(&entries, 8);
    let failed: Vec<Option<u16>> = attempts(&entries)
        .into_iter()
        .filter_map(|attempt| match &attempt.outcome {
            AttemptOutcome::Failed(failure) => Some(failure.status),
            _ => None,
        })
        .collect();
    assert_eq!(failed, [Some(403), Some(429), None]);
    emulator.assert_empty();
}
