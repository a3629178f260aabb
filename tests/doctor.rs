//! What stands in the way of a run is found before the run, told with what to change, and nothing is left behind.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

#[cfg(feature = "aws")]
#[path = "aws/emulator.rs"]
mod emulator;
mod nat;
mod support;

use std::collections::BTreeMap;
use std::fs;
use std::net::UdpSocket;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use nat::{Answers, Nat};
use sebs_tui::core::sample::AttemptOutcome;
use sebs_tui::platform::Resource;
use sebs_tui::platform::ledger::{Ledger, Owner, path_in};
use serde_json::Value;
use support::{attempts, finish, journal, program, run_directory, short_run};

/// The doctor with its ledgers in `state`.
fn doctor(state: &Path, flags: &[&str]) -> Command {
    let mut command = program();
    command.arg("doctor").arg("--state").arg(state).args(flags);
    command.current_dir(state).env("TMPDIR", state);
    command
}

fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// The line of the finding on `subject`.
fn line<'a>(text: &'a str, subject: &str) -> &'a str {
    let of = |line: &&str| {
        let rest = line.split_once("  ").map_or("", |(_, rest)| rest);
        rest.trim_start().starts_with(subject)
    };
    text.lines()
        .find(of)
        .unwrap_or_else(|| panic!("no finding on {subject}:\n{text}"))
}

/// No ledger (their directory keeps its number), no run's directory, and nothing of the local platform's.
fn assert_nothing_left(state: &Path) {
    let inside = |directory: &Path| -> Vec<PathBuf> {
        let entries = fs::read_dir(directory).into_iter().flatten();
        entries.map(|entry| entry.unwrap().path()).collect()
    };
    let ledgers = state.join("ledgers");
    let mut left = inside(state);
    left.retain(|path| *path != ledgers);
    left.extend(inside(&ledgers));
    left.retain(|path| *path != ledgers.join("number"));
    assert_eq!(left, Vec::<PathBuf>::new());
}

#[test]
fn on_the_local_platform_everything_is_looked_at_and_datagrams_come_back() {
    let state = tempfile::tempdir().unwrap();
    let told = text(&finish(&mut doctor(state.path(), &[]), 0));
    for subject in [
        "wall clock",
        "timers",
        "left behind",
        "directory",
        "UDP socket",
        "kernel stamps",
        "function",
        "stamps",
    ] {
        line(&told, subject);
    }
    assert!(line(&told, "address").contains("127.0.0.1"), "{told}");
    assert!(line(&told, "datagrams").starts_with("ok"), "{told}");
    assert!(line(&told, "clock offset").contains('±'), "{told}");
    assert!(line(&told, "removal").starts_with("ok"), "{told}");
    assert!(told.contains("0 failed: "), "{told}");
    assert_nothing_left(state.path());
}

#[test]
fn looking_only_deploys_and_calls_nothing() {
    let state = tempfile::tempdir().unwrap();
    let told = text(&finish(&mut doctor(state.path(), &["--read-only"]), 0));
    line(&told, "address");
    assert!(
        !told.contains("invocation") && !told.contains("datagrams:"),
        "{told}"
    );
    assert_nothing_left(state.path());
}

#[test]
fn programs_get_one_document_with_the_figures() {
    let state = tempfile::tempdir().unwrap();
    let told = text(&finish(&mut doctor(state.path(), &["--json"]), 0));
    let document: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(document["platform"], "local");
    let probe = &document["probe"];
    assert!(probe["packets"]["answered"].as_u64().unwrap() > 0, "{told}");
    assert!(probe["minimum_rtt_ns"].as_i64().unwrap() > 0, "{told}");
    let (offset, bound) = (probe["offset_ns"].as_i64(), probe["bound_ns"].as_i64());
    assert!(
        offset.unwrap().abs() <= bound.unwrap(),
        "one host has one clock: {told}"
    );
    let findings = document["findings"].as_array().unwrap();
    let words = ["ok", "warning", "failed"];
    assert!(
        findings.iter().all(|finding| {
            let worth_doing = finding["verdict"] == "ok" || finding["advice"].is_string();
            words.contains(&finding["verdict"].as_str().unwrap()) && worth_doing
        }),
        "{told}"
    );
}

#[test]
fn datagrams_that_never_reach_this_host_are_told_with_what_to_change() {
    let state = tempfile::tempdir().unwrap();
    let flags = ["--advertise", "127.0.0.9", "--timeout", "6"];
    let told = text(&finish(&mut doctor(state.path(), &flags), 1));
    let found = line(&told, "datagrams");
    assert!(
        found.starts_with("failed") && found.contains("reached this host"),
        "{found}"
    );
    for way in [
        "none of",
        "127.0.0.9",
        "--advertise",
        "--listen",
        "firewall",
        "--sync http",
    ] {
        assert!(found.contains(way), "{way}: {found}");
    }
    assert!(line(&told, "removal").starts_with("ok"), "{told}");
    assert_nothing_left(state.path());
}

#[test]
fn answers_that_do_not_get_back_are_told_from_datagrams_that_do_not_arrive() {
    let (state, nat) = (tempfile::tempdir().unwrap(), Nat::start(Answers::Dropped));
    let flags = ["--advertise", &nat.advertise(), "--timeout", "6"];
    let told = text(&finish(&mut doctor(state.path(), &flags), 1));
    let found = line(&told, "datagrams");
    assert!(
        found.contains("but none of the answers got back") && found.contains("let UDP out"),
        "{found}"
    );
    assert!(line(&told, "NAT").starts_with("warning"), "{told}");
    assert!(line(&told, "NAT").contains("symmetric NAT"), "{told}");
}

#[test]
fn over_http_no_datagram_is_needed_and_the_clock_is_compared_all_the_same() {
    let state = tempfile::tempdir().unwrap();
    let told = text(&finish(&mut doctor(state.path(), &["--sync", "http"]), 0));
    assert!(line(&told, "clock offset").starts_with("ok"), "{told}");
    assert!(
        !told.contains("UDP socket") && !told.contains("datagrams "),
        "{told}"
    );
    assert_nothing_left(state.path());
}

#[test]
fn a_stun_server_that_does_not_answer_is_told_within_seconds() {
    let (state, silent) = (
        tempfile::tempdir().unwrap(),
        UdpSocket::bind("127.0.0.1:0").unwrap(),
    );
    let server = format!("stun:{}", silent.local_addr().unwrap());
    let begun = Instant::now();
    let told = text(&finish(
        &mut doctor(state.path(), &["--advertise", &server]),
        1,
    ));
    assert!(
        line(&told, "NAT").contains("no answer to 3 requests within 3.5 s"),
        "{told}"
    );
    assert!(
        begun.elapsed() < Duration::from_secs(60),
        "{:?}",
        begun.elapsed()
    );
    assert!(!told.contains("invocation"), "nothing was deployed: {told}");
    // All three were sent from one port, that of the echo, with one transaction.
    silent
        .set_read_timeout(Some(Duration::from_millis(100)))
        .unwrap();
    let mut requests = Vec::new();
    let mut buffer = [0; 100];
    while let Ok((length, from)) = silent.recv_from(&mut buffer) {
        requests.push((buffer[..length].to_vec(), from));
    }
    assert_eq!(requests.len(), 3);
    assert!(requests.iter().all(|request| *request == requests[0]));
}

#[test]
fn two_stun_servers_that_see_different_ports_show_a_nat_that_no_function_gets_through() {
    let state = tempfile::tempdir().unwrap();
    let nats = [Answers::Carried; 2].map(Nat::start);
    let servers = format!("{},{}", nats[0].advertise(), nats[1].advertise());
    let told = text(&finish(
        &mut doctor(state.path(), &["--advertise", &servers]),
        1,
    ));
    assert!(line(&told, "NAT").contains("symmetric NAT"), "{told}");
    assert!(
        line(&told, "NAT").contains(&nats[0].public().to_string()),
        "{told}"
    );
}

#[test]
fn a_run_behind_a_nat_is_measured_by_the_port_that_the_stun_server_saw() {
    let (out, nat) = (tempfile::tempdir().unwrap(), Nat::start(Answers::Carried));
    let mut run = short_run(out.path(), 1, 1024, 2);
    finish(run.args(["--plain", "--advertise", &nat.advertise()]), 0);
    let entries = journal(&run_directory(out.path()));
    let attempts = attempts(&entries);
    assert!(
        attempts
            .iter()
            .all(|attempt| attempt.outcome == AttemptOutcome::Measured)
    );
    let sent: u32 = attempts.iter().map(|attempt| attempt.packets.sent).sum();
    assert!(
        nat.carried() as u32 >= 2 * sent,
        "{} of {sent} datagrams",
        nat.carried()
    );
}

#[test]
fn a_run_whose_stun_server_is_silent_does_not_begin() {
    let (out, silent) = (
        tempfile::tempdir().unwrap(),
        UdpSocket::bind("127.0.0.1:0").unwrap(),
    );
    let server = format!("stun:{}", silent.local_addr().unwrap());
    let output = finish(
        short_run(out.path(), 1, 1024, 1).args(["--plain", "--advertise", &server]),
        1,
    );
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        told.contains("no answer to 3 requests") && told.contains("try another server"),
        "{told}"
    );
}

#[test]
fn what_a_killed_run_left_is_told_and_stays_for_clean() {
    let state = tempfile::tempdir().unwrap();
    let path = path_in(&state.path().join("ledgers"), "dead");
    let settings = BTreeMap::from([("platform".into(), "simulated".into())]);
    let owner = Owner::new("dead", "results/dead".into(), settings);
    let ledger = Ledger::create(&path, &owner).unwrap();
    let kind = "function".into();
    let name = "lost".into();
    ledger.creating(&Resource { kind, name }).unwrap();
    drop(ledger);
    let before = fs::read(&path).unwrap();
    let told = text(&finish(
        &mut doctor(state.path(), &["--platform", "simulated"]),
        0,
    ));
    let found = line(&told, "left behind");
    assert!(
        found.starts_with("warning") && found.contains("function lost"),
        "{found}"
    );
    assert!(found.contains("sebs-tui clean"), "{found}");
    assert_eq!(fs::read(&path).unwrap(), before);
    assert!(line(&told, "datagrams").starts_with("ok"), "{told}");
}

/// Whether the local platform has begun to serve an invocation: its packages are unpacked then.
fn has_an_environment(state: &Path) -> bool {
    let inside = fs::read_dir(state).unwrap();
    inside.flatten().any(|entry| {
        let environments = fs::read_dir(entry.path().join("environments"));
        environments.is_ok_and(|mut environments| environments.next().is_some())
    })
}

#[test]
fn an_interrupt_ends_it_and_nothing_is_left() {
    let state = tempfile::tempdir().unwrap();
    // The function waits for answers that never come.
    let flags = ["--advertise", "127.0.0.9", "--timeout", "120"];
    let running = doctor(state.path(), &flags)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let begun = Instant::now();
    while !has_an_environment(state.path()) {
        assert!(begun.elapsed() < Duration::from_secs(60), "nothing invoked");
        std::thread::sleep(Duration::from_millis(10));
    }
    let pid = libc::pid_t::try_from(running.id()).unwrap();
    // SAFETY: takes plain integers; the child is ours and not yet waited for.
    assert_eq!(unsafe { libc::kill(pid, libc::SIGINT) }, 0);
    let begun = Instant::now();
    let output = running.wait_with_output().unwrap();
    let took = begun.elapsed();
    assert!(took < Duration::from_secs(60), "{took:?}");
    assert_eq!(output.status.code(), Some(130), "{}", text(&output));
    assert_nothing_left(state.path());
}

#[test]
fn a_function_that_is_not_there_is_told_and_wrong_usage_has_its_own_status() {
    let state = tempfile::tempdir().unwrap();
    let flags = ["--platform", "endpoint", "--url", "http://127.0.0.1:9/"];
    let told = text(&finish(&mut doctor(state.path(), &flags), 1));
    assert!(line(&told, "invocation").starts_with("failed"), "{told}");
    assert!(!told.contains("removal"), "nothing was made: {told}");
    finish(&mut doctor(state.path(), &["--advertise", "my-host"]), 2);
    finish(&mut doctor(state.path(), &["--probe"]), 2);
}

#[cfg(feature = "docker")]
#[test]
#[ignore = "needs Docker's engine"]
fn a_container_is_made_called_and_removed() {
    let state = tempfile::tempdir().unwrap();
    let told = text(&finish(
        &mut doctor(state.path(), &["--platform", "docker"]),
        0,
    ));
    line(&told, "engine");
    for subject in ["datagrams", "clock offset", "removal"] {
        assert!(line(&told, subject).starts_with("ok"), "{told}");
    }
    assert_nothing_left(state.path());
}

#[cfg(feature = "aws")]
#[test]
#[ignore = "needs MiniStack"]
fn a_function_of_the_emulator_is_made_called_and_removed_also_when_datagrams_are_lost() {
    let emulator = emulator::Emulator::start();
    let url = emulator.url();
    let state = tempfile::tempdir().unwrap();
    let aws = ["--platform", "aws", "--endpoint-url", &url];
    let told = text(&finish(
        doctor(state.path(), &aws).envs(emulator::VARIABLES),
        0,
    ));
    line(&told, "credentials");
    for subject in ["datagrams", "removal"] {
        assert!(line(&told, subject).starts_with("ok"), "{told}");
    }
    emulator.assert_empty();
    let lost = [
        &aws[..],
        &["--advertise", "127.0.0.9", "--listen", "127.0.0.1:0"],
    ]
    .concat();
    let told = text(&finish(
        doctor(state.path(), &lost).envs(emulator::VARIABLES),
        1,
    ));
    assert!(line(&told, "datagrams").contains("none of"), "{told}");
    emulator.assert_empty();
    assert_nothing_left(state.path());
}
