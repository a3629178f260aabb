//! A platform's limit of invocations in a minute is told before anything is sent, with what it makes of the run's time.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use support::{finish, program};

/// What `sebs-tui plan` says of 2 sizes, 100 repetitions of each kind: 401 invocations with the first warm-up.
fn planned(platform: &[&str]) -> String {
    let place = tempfile::tempdir().unwrap();
    let mut plan = program();
    plan.arg("plan").args(platform).current_dir(place.path());
    plan.args(["--payload-points", "2", "--repetitions", "100"]);
    String::from_utf8(finish(&mut plan, 0).stdout).unwrap()
}

#[test]
fn a_limit_that_the_user_knows_is_in_the_plan() {
    let endpoint = ["--platform", "endpoint", "--url", "http://127.0.0.1:9/"];
    let endpoint = [&endpoint[..], &["--cold-method", "command:true"]].concat();
    let told = planned(&[&endpoint[..], &["--invocations-per-minute", "120"]].concat());
    let line = "at most 120 invocations a minute, so at least 3 min";
    assert!(told.contains(line), "{told}");
    assert!(!planned(&endpoint).contains("a minute"));
    assert!(!planned(&["--platform", "local"]).contains("a minute"));
}

#[test]
fn what_a_run_is_expected_to_call_is_what_its_limit_has_room_for() {
    let place = tempfile::tempdir().unwrap();
    let mut run = program();
    run.args(["run", "--plain", "--platform", "endpoint", "--sync", "http"])
        .args(["--url", "http://127.0.0.1:9/", "--cold-method", "none"])
        .args(["--payload-points", "2", "--repetitions", "1"])
        .args(["--attempts", "1", "--invocations-per-minute", "4"])
        .current_dir(place.path());
    let told = String::from_utf8(run.output().unwrap().stdout).unwrap();
    // A warm-up, two samples, and after each what two and a half minutes hold.
    assert!(told.contains("expected: 27 invocations"), "{told}");
    assert!(told.contains("about 12 invocations after each"), "{told}");
}

#[cfg(feature = "aws")]
#[test]
fn on_aws_it_is_what_a_new_account_may_call_a_function() {
    let aws = ["--platform", "aws", "--region", "us-east-1"];
    let told = planned(&aws);
    let line = "at most 6000 invocations a minute\n";
    assert!(told.contains(line), "{told}");
    let emulated = [&aws[..], &["--endpoint-url", "http://127.0.0.1:9"]].concat();
    assert!(!planned(&emulated).contains("a minute"));
}
