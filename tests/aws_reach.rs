//! What carries the clock exchange on AWS, where no more is known than credentials: nothing is asked over the network.
#![cfg(feature = "aws")]

mod support;

use std::process::Output;

use support::{finish, program};

const FALLBACK: &str = "clocks are compared over HTTP";
const OVER_HTTP: &str = "clock        over HTTP";

/// What `plan` prints, and what it says beside.
fn plan(arguments: &[&str]) -> (String, String) {
    let mut plan = program();
    plan.args(["plan", "--platform", "aws", "--region", "eu-north-1"])
        .args(arguments)
        .env("AWS_ACCESS_KEY_ID", "nobody")
        .env("AWS_SECRET_ACCESS_KEY", "nothing")
        .env("AWS_EC2_METADATA_DISABLED", "true");
    let Output { stdout, stderr, .. } = finish(&mut plan, 0);
    let [stdout, stderr] = [stdout, stderr].map(|text| String::from_utf8(text).expect("text"));
    (stdout, stderr)
}

#[test]
fn an_address_that_was_given_is_used_and_nothing_else_is_chosen() {
    for given in [
        &["--advertise", "203.0.113.7"][..],
        &["--advertise", "stun:stun.invalid"],
        &["--listen", "203.0.113.7:12000"],
        &["--sync", "udp"],
    ] {
        let (plan, said) = plan(given);
        assert!(!plan.contains(OVER_HTTP), "{given:?}: {plan}");
        assert!(!said.contains(FALLBACK), "{given:?}: {said}");
    }
}

#[test]
fn without_one_invocations_are_planned_instead_of_datagrams_and_it_is_told() {
    let (plan, said) = plan(&[]);
    // A host whose own address is public needs none to be given.
    assert_eq!(plan.contains(OVER_HTTP), said.contains(FALLBACK), "{said}");
    if said.contains(FALLBACK) {
        for way in ["--advertise ADDR", "stun:HOST"] {
            assert!(said.contains(way), "{said}");
        }
    }
}

#[test]
fn what_was_asked_for_needs_no_word() {
    let (plan, said) = plan(&["--sync", "http"]);
    assert!(plan.contains(OVER_HTTP), "{plan}");
    assert!(!said.contains(FALLBACK), "{said}");
}
