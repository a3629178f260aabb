//! Whole runs whose clocks are compared over HTTP, against truths that are known.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use sebs_tui::core::board::Board;
use sebs_tui::core::contract::{Carrier, ClockShift, StampKind};
use sebs_tui::core::follow_up::MOST;
use sebs_tui::core::message::{Entry, Event, RunHeader};
use sebs_tui::core::sample::{Attempt, AttemptOutcome, Purpose};
use sebs_tui::core::time::{MILLISECOND, Nanos, SECOND};
use support::{attempts, column, finish, journal, program, run_directory, short_run, table};
use tempfile::TempDir;

/// A bound of a busy machine; a shift of half a second cannot be taken for none.
const WIDEST: Nanos = 200 * MILLISECOND;

fn out() -> TempDir {
    tempfile::tempdir().unwrap()
}

/// A short run over HTTP; datagrams could not be received where it is told to listen.
fn over_http(out: &Path) -> Command {
    let mut run = short_run(out, 2, 20_000, 2);
    run.args(["--plain", "--sync", "http", "--listen", "192.0.2.1:9"]);
    run
}

fn samples(entries: &[Entry]) -> Vec<&Attempt> {
    attempts(entries)
        .into_iter()
        .filter(|attempt| matches!(attempt.purpose, Purpose::Sample(_)))
        .collect()
}

fn header(entries: &[Entry]) -> &RunHeader {
    match &entries[0].event {
        Event::RunStarted { run } => run,
        other => panic!("{other:?}"),
    }
}

/// Every sample is measured, within its bound of `truth` and closer than [`WIDEST`], by follow-ups alone.
fn assert_synchronised(entries: &[Entry], truth: impl Fn(&Attempt) -> Nanos) {
    let samples = samples(entries);
    assert_eq!(samples.len(), 8);
    for attempt in samples {
        assert_eq!(
            attempt.outcome,
            AttemptOutcome::Measured,
            "{:?}",
            attempt.function
        );
        let clock = attempt.clock.unwrap();
        let truth = truth(attempt);
        assert!(
            (clock.offset - truth).abs() <= clock.bound && clock.bound < WIDEST,
            "the truth is {truth} ns: {clock:?}"
        );
        assert!(!clock.clock_step);
        assert_eq!(clock.stamps, StampKind::User);
        assert_eq!(attempt.packets.sent, 0, "no datagram is sent");
        let counts = attempt.follow_ups.unwrap();
        assert_eq!(clock.exchanges, counts.paired);
        assert!((5..=MOST).contains(&counts.made), "{counts:?}");
        assert!(counts.billed >= Nanos::from(counts.made) * MILLISECOND);
    }
}

/// The follow-ups are told wherever a run is told of.
fn assert_told(run: &Path, entries: &[Entry]) {
    let board = Board::of(entries);
    let made: u32 = samples(entries)
        .iter()
        .map(|attempt| attempt.follow_ups.unwrap().made)
        .sum();
    assert_eq!(board.follow_ups.made, made);
    assert_eq!(
        board.spending.requests,
        board.attempts + u64::from(made),
        "every invocation is paid for"
    );
    assert_eq!(header(entries).sync, Carrier::Http);
    let rows = table(&run.join("invocation-overhead/payload/result-processed.csv"));
    let in_rows: f64 = column(&rows, "follow_ups").iter().sum();
    assert_eq!(in_rows.round() as u32, made);
    let summary = fs::read_to_string(run.join("summary.json")).unwrap();
    let summary: serde_json::Value = serde_json::from_str(&summary).unwrap();
    assert_eq!(summary["follow_ups"]["made"], made);
    assert_eq!(summary["run"]["sync"], "http");
}

/// SeBS joins the rows of both ends by their place: the same names and numbers of rows, each a probe and its reply.
fn assert_rows_of_sebs(run: &Path, entries: &[Entry]) {
    let tables = run.join("invocation-overhead/payload");
    for attempt in samples(entries) {
        let rows = |end: &str| table(&tables.join(format!("{end}-{}.csv", attempt.token)));
        let (host, function) = (rows("server"), rows("results"));
        let of_host = column(&host, "server_rcv")
            .into_iter()
            .zip(column(&host, "server_send"));
        let of_function = column(&function, "client_send")
            .into_iter()
            .zip(column(&function, "client_rcv"));
        let mut count = 0;
        for ((t2, t3), (t1, t4)) in of_host.zip(of_function) {
            assert!(t3 >= t2 && t4 >= t1 && (t4 - t1) >= (t3 - t2));
            count += 1;
        }
        // SeBS leaves out the first.
        assert_eq!(count + 1, attempt.follow_ups.unwrap().paired);
        assert_eq!(function.1.len(), host.1.len());
    }
}

#[test]
fn every_sample_is_synchronised_where_no_datagram_can_be_received() {
    let out = out();
    let told = finish(&mut over_http(out.path()), 0);
    let run = run_directory(out.path());
    let entries = journal(&run);
    assert_synchronised(&entries, |_| 0);
    assert_told(&run, &entries);
    assert_rows_of_sebs(&run, &entries);
    let told = String::from_utf8_lossy(&told.stdout);
    assert!(told.contains("exchanges over HTTP"), "{told}");
    assert!(!told.contains("datagrams"), "{told}");
    // The follow-ups are the same instance's: a cold one is invoked again, and still cold samples are cold.
    for attempt in samples(&entries) {
        let function = attempt.function.as_ref().unwrap();
        assert_eq!(function.platform_cold, Some(function.is_cold));
    }
}

#[test]
#[ignore = "needs python3"]
fn the_python_function_is_synchronised_as_the_native_one_is() {
    let out = out();
    finish(over_http(out.path()).args(["--runtime", "python"]), 0);
    let run = run_directory(out.path());
    let entries = journal(&run);
    assert_synchronised(&entries, |_| 0);
    assert_told(&run, &entries);
}

fn a_shift_is_found_by(runtime: &str) {
    let out = out();
    let run = &mut over_http(out.path());
    finish(
        run.args(["--runtime", runtime, "--clock-offset-s", "-0.5"]),
        0,
    );
    let entries = journal(&run_directory(out.path()));
    assert_synchronised(&entries, |_| -SECOND / 2);
}

#[test]
fn a_shift_that_is_known_is_found() {
    a_shift_is_found_by("native");
}

#[test]
#[ignore = "needs python3"]
fn a_shift_that_is_known_is_found_by_the_python_function() {
    a_shift_is_found_by("python");
}

#[test]
#[ignore = "needs python3 and the faketime library (Debian: faketime)"]
fn a_clock_that_is_really_shifted_is_found() {
    for (clock, ahead) in [("+0.5s", SECOND / 2), ("-5s", -5 * SECOND)] {
        let out = out();
        let path = std::env::var("PATH").unwrap();
        let programs = out.path().join("bin");
        fs::create_dir(&programs).unwrap();
        let python = programs.join("python3");
        let script = format!(
            "#!/bin/sh\nexport PATH='{path}' FAKETIME_DONT_FAKE_MONOTONIC=1\nexec faketime -f '{clock}' python3 \"$@\"\n"
        );
        fs::write(&python, script).unwrap();
        fs::set_permissions(&python, fs::Permissions::from_mode(0o755)).unwrap();
        let run = &mut over_http(out.path());
        run.env("PATH", format!("{}:{path}", programs.display()));
        finish(run.args(["--runtime", "python"]), 0);
        let entries = journal(&run_directory(out.path()));
        assert_synchronised(&entries, |_| ahead);
    }
}

/// A server of `two_instances.py`, which ends with this value.
struct TwoInstances {
    server: Child,
    port: String,
}

impl TwoInstances {
    /// Of one instance or two, on connections that are kept or not.
    fn start(arguments: &[&str]) -> Self {
        let script =
            PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/http_sync/two_instances.py");
        let mut server = Command::new("python3")
            .arg(script)
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut port = String::new();
        let output = server.stdout.take().unwrap();
        BufReader::new(output).read_line(&mut port).unwrap();
        Self {
            server,
            port: port.trim().into(),
        }
    }
}

impl Drop for TwoInstances {
    fn drop(&mut self) {
        _ = self.server.kill();
        _ = self.server.wait();
    }
}

#[test]
#[ignore = "needs python3"]
fn of_two_instances_that_answer_in_turn_each_is_compared_with_itself() {
    let out = out();
    let server = TwoInstances::start(&["2", "HTTP/1.1"]);
    let mut run = over_http(out.path());
    run.args(["--platform", "endpoint", "--cold-method", "none", "--url"])
        .arg(format!("http://127.0.0.1:{}/", server.port));
    let told = run.output().unwrap();
    let entries = journal(&run_directory(out.path()));
    let mut names = std::collections::BTreeMap::new();
    for attempt in samples(&entries) {
        let Some(clock) = attempt.clock else { continue };
        let counts = attempt.follow_ups.unwrap();
        assert_eq!(counts.made, counts.paired + counts.elsewhere, "{counts:?}");
        assert!(counts.elsewhere + 1 >= counts.paired, "{counts:?}");
        let ahead = if clock.offset > SECOND / 2 { SECOND } else { 0 };
        assert!(
            (clock.offset - ahead).abs() <= clock.bound && clock.bound < WIDEST,
            "{clock:?}"
        );
        let name = attempt.function.as_ref().unwrap().instance_id.clone();
        assert_eq!(
            *names.entry(name).or_insert(ahead),
            ahead,
            "one instance has one clock"
        );
    }
    assert!(
        !names.is_empty(),
        "no sample was synchronised: {}",
        String::from_utf8_lossy(&told.stdout)
    );
    let told = String::from_utf8_lossy(&told.stdout);
    assert!(told.contains("answered by another instance"), "{told}");
}

#[test]
#[ignore = "needs python3"]
fn a_server_that_keeps_no_connection_is_called_over_new_ones() {
    let out = out();
    let server = TwoInstances::start(&["1", "HTTP/1.0"]);
    let mut run = over_http(out.path());
    run.args(["--platform", "endpoint", "--cold-method", "none", "--url"])
        .arg(format!("http://127.0.0.1:{}/", server.port));
    finish(&mut run, 0);
    let entries = journal(&run_directory(out.path()));
    let warm: Vec<_> = samples(&entries)
        .into_iter()
        .filter_map(|attempt| Some((attempt.clock?, attempt.follow_ups?)))
        .collect();
    assert_eq!(warm.len(), 4);
    for (clock, counts) in warm {
        assert!(clock.offset.abs() <= clock.bound, "{clock:?}");
        assert_eq!((counts.failed, counts.elsewhere), (0, 0));
    }
}

#[test]
#[ignore = "needs python3"]
fn a_function_that_does_not_tell_when_it_leaves_is_kept_unsynchronised_and_says_what_to_do() {
    let out = out();
    let server = TwoInstances::start(&["1", "HTTP/1.1", "silent"]);
    let mut run = over_http(out.path());
    run.args(["--platform", "endpoint", "--cold-method", "none", "--url"])
        .arg(format!("http://127.0.0.1:{}/", server.port));
    let told = finish(&mut run, 1);
    let run = run_directory(out.path());
    let warm = table(&run.join("invocation-overhead/payload/result-processed.csv"));
    assert_eq!(warm.1.len(), 4, "the samples are kept");
    assert!(
        warm.1
            .iter()
            .all(|row| row.contains(&"unsynchronised".to_owned()))
    );
    let told = String::from_utf8_lossy(&told.stdout);
    assert!(told.contains("use --sync udp"), "{told}");
}

/// What the shifted clock was ahead by when it showed `at`.
fn truth(shift: &ClockShift, at: Nanos) -> Nanos {
    // A few ns are lost in turning the reading back.
    let unshifted = at - shift.offset;
    let unshifted = unshifted - (shift.apply(unshifted) - unshifted - shift.offset);
    at - unshifted
}

/// A simulated run, and the median of its bounds.
fn simulated(world: &str, sync: &str) -> (Vec<Entry>, Nanos) {
    let out = out();
    let mut run = short_run(out.path(), 2, 20_000, 2);
    run.args(["--plain", "--platform", "simulated", "--sync", sync]);
    run.args(["--n", "20", "--simulated", world, "--seed", "7"]);
    run.args(["--clock-offset-s", "0.5", "--clock-rate-ppm", "50"]);
    finish(&mut run, 0);
    let entries = journal(&run_directory(out.path()));
    let shift = header(&entries).shift.unwrap();
    let mut bounds = Vec::new();
    for attempt in samples(&entries) {
        let Some(clock) = attempt.clock else { continue };
        let truth = truth(&shift, clock.at);
        assert!(
            (clock.offset - truth).abs() <= clock.bound + 2 && !clock.clock_step,
            "{world}: the truth is {truth} ns: {clock:?}"
        );
        bounds.push(clock.bound);
    }
    bounds.sort_unstable();
    let median = bounds[bounds.len() / 2];
    (entries, median)
}

#[test]
fn in_every_simulated_world_the_truth_is_within_the_bound_and_datagrams_are_not_wider() {
    for world in [
        "idle",
        "busy",
        "jitter-out",
        "tail-out",
        "asymmetric",
        "loss-10",
        "wan",
        "wan-loss",
    ] {
        let ((entries, http), (_, udp)) = (simulated(world, "http"), simulated(world, "udp"));
        println!("{world}: ±{http} ns over HTTP, ±{udp} ns over UDP");
        assert_eq!(header(&entries).sync, Carrier::Http);
        assert!(udp <= http, "{world}: {udp} {http}");
        for attempt in samples(&entries) {
            assert!(attempt.clock.is_some(), "{world}: {attempt:?}");
        }
    }
}

#[test]
fn another_instance_of_a_simulated_world_is_counted_and_its_clock_is_not_believed() {
    let (entries, _) = simulated("idle, fickle=0.3", "http");
    let elsewhere = Board::of(&entries).follow_ups.elsewhere;
    assert!(elsewhere > 10, "{elsewhere}");
}

#[test]
fn a_plan_says_what_comparing_over_http_costs() {
    let out = out();
    let plan = |sync: &str| {
        let mut plan = program();
        plan.current_dir(out.path()).args([
            "plan",
            "--payload-points",
            "2",
            "--repetitions",
            "5",
            "--sync",
            sync,
        ]);
        String::from_utf8(finish(&mut plan, 0).stdout).unwrap()
    };
    let invocations = |text: &str| -> u64 {
        let line = text
            .lines()
            .find(|line| line.starts_with("invocations"))
            .unwrap();
        line.split([' ', ','])
            .find_map(|word| word.parse().ok())
            .unwrap()
    };
    let (udp, http) = (plan("udp"), plan("http"));
    assert!(!udp.contains("HTTP"), "{udp}");
    let line = http
        .lines()
        .find(|line| line.starts_with("clock "))
        .unwrap();
    let numbers: Vec<u64> = line
        .split([' ', ',', ';'])
        .filter_map(|word| word.parse().ok())
        .collect();
    let [all, each, most] = numbers[..] else {
        panic!("{line}")
    };
    assert_eq!(most, u64::from(MOST));
    assert!(each > 20 && each < most && all == 20 * each, "{line}");
    assert_eq!(invocations(&http), invocations(&udp) + all);
}
