//! The whole program on the embedded platform: every step is real, and every file is checked.

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use sebs_tui::core::analysis::Analysis;
use sebs_tui::core::message::{Event, RunState};
use sebs_tui::core::sample::{AttemptOutcome, PacketCounts, Purpose, SampleKey, StartKind};
use support::{
    attempts, column, end_of, finish, journal, program, run_directory, samples, short_run, table,
    wait_in_journal,
};

fn out() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary directory")
}

#[test]
fn a_payload_sweep_leaves_complete_and_consistent_files() {
    let out = out();
    finish(short_run(out.path(), 3, 300_000, 4).arg("--plain"), 0);
    let run = run_directory(out.path());
    let entries = journal(&run);
    assert!(matches!(
        entries.last().map(|entry| &entry.event),
        Some(Event::StateEntered {
            state: RunState::Complete
        })
    ));
    assert!(
        entries
            .iter()
            .zip(1..)
            .all(|(entry, number)| entry.number == number),
        "numbered without a gap"
    );
    assert_eq!(samples(&entries).len(), 24);
    for file in ["run.json", "summary.json"] {
        let text = fs::read_to_string(run.join(file)).expect(file);
        serde_json::from_str::<serde_json::Value>(&text).expect(file);
    }

    let tables = run.join("invocation-overhead/payload");
    let result = table(&tables.join("result.csv"));
    let columns = [
        "size",
        "repetition",
        "is_cold",
        "connection_time",
        "start_timestamp",
        "finish_timestamp",
        "request_id",
    ];
    assert_eq!(result.0, columns);
    assert_eq!(result.1.len(), 24);
    let sizes: BTreeSet<i64> = column(&result, "size")
        .into_iter()
        .map(|size| size as i64)
        .collect();
    assert_eq!(sizes, BTreeSet::from([1024, 150_512, 300_000]));

    let processed = table(&tables.join("result-processed.csv"));
    assert_eq!(processed.1.len(), 24);
    let readme = include_str!("../README.md");
    for column in &processed.0 {
        assert!(
            readme.contains(&format!("`{column}`")),
            "README.md does not explain {column}"
        );
    }
    let corrected = column(&processed, "invocation_time_corrected");
    assert!(
        corrected
            .iter()
            .all(|seconds| *seconds > 0.0 && *seconds < 30.0),
        "{corrected:?}"
    );
    for row in &result.1 {
        let id = &row[6];
        for kind in ["server", "results"] {
            let rows = table(&tables.join(format!("{kind}-{id}.csv"))).1;
            assert!(rows.len() >= 5, "{kind}-{id}.csv has {} rows", rows.len());
            assert!(
                rows.iter()
                    .zip(rows.iter().skip(1))
                    .all(|(one, next)| one[0].parse::<u32>().is_ok() && one[0] != next[0])
            );
        }
    }
}

#[test]
fn the_numbers_make_sense() {
    let out = out();
    finish(short_run(out.path(), 2, 4_000_000, 7).arg("--plain"), 0);
    let entries = journal(&run_directory(out.path()));
    let times = |size: u32, kind: StartKind| -> Vec<i64> {
        attempts(&entries)
            .into_iter()
            .filter(|attempt| attempt.outcome == AttemptOutcome::Measured)
            .filter(|attempt| matches!(attempt.purpose, Purpose::Sample(key) if key.size == size && key.kind == kind))
            .map(|attempt| attempt.invocation_time().expect("a measured attempt has a time"))
            .collect()
    };
    // A busy machine adds to any, but hardly to all.
    let least = |size, kind| times(size, kind).into_iter().min().expect("samples");
    assert!(
        least(0, StartKind::Cold) > least(0, StartKind::Warm),
        "a cold start takes longer"
    );
    assert!(
        least(1, StartKind::Warm) > least(0, StartKind::Warm),
        "a larger payload takes longer"
    );
    let sum = |of: fn(&PacketCounts) -> u32| -> u32 {
        let attempts = attempts(&entries).into_iter();
        attempts.map(|attempt| of(&attempt.packets)).sum()
    };
    let (sent, answered) = (sum(|packets| packets.sent), sum(|packets| packets.answered));
    assert!(10 * answered >= 9 * sent, "{answered} of {sent} answered");
    for attempt in attempts(&entries) {
        let clock = attempt.clock.expect("synchronised");
        assert!(
            clock.offset.abs() <= clock.bound,
            "one host has one clock: {clock:?}"
        );
        let function = attempt.function.as_ref().expect("a report");
        assert_eq!(function.platform_cold, Some(function.is_cold));
    }
}

#[test]
fn a_shifted_function_clock_is_found_and_taken_out_again() {
    let out = out();
    finish(
        short_run(out.path(), 1, 1024, 3).args([
            "--plain",
            "--clock-offset-s",
            "0.5",
            "--clock-rate-ppm",
            "50",
        ]),
        0,
    );
    let entries = journal(&run_directory(out.path()));
    let mut times = Vec::new();
    for attempt in attempts(&entries) {
        let clock = attempt.clock.expect("synchronised");
        // 50 ppm add at most 9 ms within three minutes.
        let truths = 500_000_000 - clock.bound..509_000_000 + clock.bound;
        assert!(truths.contains(&clock.offset), "{clock:?}");
        times.push(attempt.invocation_time().expect("a time"));
    }
    assert!(
        times
            .iter()
            .min()
            .is_some_and(|least| (0..400_000_000).contains(least)),
        "the shift is not in the invocation times: {times:?} ns"
    );
}

#[test]
fn plain_and_json_give_the_same_samples() {
    let (plain, json) = (out(), out());
    finish(short_run(plain.path(), 2, 5000, 2).arg("--plain"), 0);
    let output = finish(short_run(json.path(), 2, 5000, 2).arg("--json"), 0);
    let (of_plain, of_json) = (
        journal(&run_directory(plain.path())),
        journal(&run_directory(json.path())),
    );
    assert_eq!(samples(&of_plain), samples(&of_json));
    assert_eq!(Analysis::of(&of_plain).screen.words(), "off");
    let stdout = String::from_utf8(output.stdout).expect("UTF-8");
    let file =
        fs::read_to_string(run_directory(json.path()).join("journal.jsonl")).expect("a journal");
    assert_eq!(stdout, file, "--json prints the journal, line by line");
}

#[test]
fn a_code_sweep_deploys_packages_of_exactly_the_asked_size() {
    let out = out();
    let mut command = program();
    command
        .current_dir(out.path())
        .arg("--out")
        .arg(out.path())
        .args([
            "--plain",
            "--type",
            "code",
            "--n",
            "5",
            "--repetitions",
            "2",
        ]);
    command.args([
        "--code-begin",
        "2000000",
        "--code-end",
        "4000001",
        "--code-points",
        "3",
    ]);
    finish(&mut command, 0);
    let run = run_directory(out.path());
    let entries = journal(&run);
    let deployed: BTreeSet<u64> = entries
        .iter()
        .filter_map(|entry| {
            if let Event::Deployed { package_bytes, .. } = entry.event {
                Some(package_bytes)
            } else {
                None
            }
        })
        .collect();
    assert_eq!(deployed, BTreeSet::from([2_000_000, 3_000_001, 4_000_001]));
    assert_eq!(samples(&entries).len(), 12);
    assert_eq!(
        table(&run.join("invocation-overhead/code/result.csv"))
            .1
            .len(),
        12
    );
}

#[test]
fn a_package_smaller_than_the_function_is_a_recorded_skip() {
    let out = out();
    let mut command = program();
    command
        .current_dir(out.path())
        .arg("--out")
        .arg(out.path())
        .args([
            "--plain",
            "--type",
            "code",
            "--n",
            "5",
            "--repetitions",
            "1",
        ]);
    command.args([
        "--code-begin",
        "100",
        "--code-end",
        "3000000",
        "--code-points",
        "2",
    ]);
    finish(&mut command, 0);
    let entries = journal(&run_directory(out.path()));
    assert_eq!(samples(&entries).len(), 4);
    assert_eq!(
        attempts(&entries)
            .iter()
            .filter(|attempt| matches!(attempt.purpose, Purpose::Sample(_)))
            .count(),
        2
    );
}

#[test]
fn a_shuffled_run_takes_the_same_samples_in_an_order_its_seed_repeats() {
    let order = |seed: &str| -> Vec<SampleKey> {
        let out = out();
        finish(
            short_run(out.path(), 3, 3000, 2)
                .args(["--plain", "--order", "shuffled", "--seed", seed]),
            0,
        );
        let entries = journal(&run_directory(out.path()));
        entries
            .iter()
            .filter_map(|entry| {
                if let Event::SampleEnded { sample, .. } = entry.event {
                    Some(sample)
                } else {
                    None
                }
            })
            .collect()
    };
    let (first, second, other) = (order("1"), order("1"), order("2"));
    assert_eq!(first, second);
    assert_ne!(first, other);
    assert_eq!(
        first.iter().collect::<BTreeSet<_>>(),
        other.iter().collect::<BTreeSet<_>>()
    );
}

#[test]
fn the_text_dialect_of_sebs_is_spoken_when_asked_for() {
    let out = out();
    finish(
        short_run(out.path(), 1, 1024, 6).args(["--plain", "--dialect", "text"]),
        0,
    );
    let entries = journal(&run_directory(out.path()));
    let attempts = attempts(&entries);
    assert!(attempts.iter().all(|attempt| attempt.exchanges.len() >= 5));
    // A late reply can leave several offsets possible, since text carries no numbers; not in every attempt.
    let clocks: Vec<_> = attempts
        .iter()
        .filter_map(|attempt| attempt.clock)
        .collect();
    assert!(!clocks.is_empty(), "none of {}", attempts.len());
    for clock in clocks {
        assert!(clock.offset.abs() <= clock.bound, "{clock:?}");
    }
}

#[test]
#[ignore = "needs python3"]
fn the_python_function_measures_as_the_native_one_does() {
    let out = out();
    finish(
        short_run(out.path(), 2, 100_000, 3).args(["--plain", "--runtime", "python"]),
        0,
    );
    let run = run_directory(out.path());
    let entries = journal(&run);
    assert_eq!(samples(&entries).len(), 12);
    for attempt in attempts(&entries) {
        let clock = attempt.clock.expect("synchronised");
        assert!(clock.offset.abs() <= clock.bound, "{clock:?}");
    }
    assert_eq!(
        table(&run.join("invocation-overhead/payload/result-processed.csv"))
            .1
            .len(),
        12
    );
}

#[test]
fn a_run_whose_function_cannot_start_ends_with_an_error_and_says_why() {
    let out = out();
    let mut command = short_run(out.path(), 1, 1024, 1);
    command.args(["--plain", "--runtime", "python", "--attempts", "2"]);
    // The Python function finds no interpreter there.
    let output = finish(command.env("PATH", "/nonexistent"), 1);
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert!(stdout.contains("python3"), "{stdout}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("2 samples failed"));
    let entries = journal(&run_directory(out.path()));
    assert_eq!(samples(&entries).len(), 2);
}

#[test]
fn the_function_is_told_the_address_that_the_host_listens_on() {
    let out = out();
    finish(
        short_run(out.path(), 1, 1024, 2).args(["--plain", "--listen", "127.0.0.2:0"]),
        0,
    );
    let entries = journal(&run_directory(out.path()));
    assert!(
        attempts(&entries)
            .iter()
            .all(|attempt| attempt.clock.is_some())
    );

    let output = finish(
        short_run(out.path(), 1, 1024, 2).args(["--plain", "--advertise", "::1"]),
        1,
    );
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(
        stderr.contains("IPv4") && stderr.contains("--advertise"),
        "{stderr}"
    );
}

#[test]
fn an_unreachable_host_is_named_at_once_and_no_sample_is_lost() {
    let out = out();
    let mut command = short_run(out.path(), 1, 1024, 1);
    // Nobody listens at that address, and the exchange must end well before the function's time-out.
    command.args(["--plain", "--advertise", "127.0.0.9", "--timeout", "6"]);
    let output = finish(&mut command, 1);
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert!(
        stdout.contains("none of") && stdout.contains("--advertise"),
        "{stdout}"
    );
    let entries = journal(&run_directory(out.path()));
    assert!(
        attempts(&entries)
            .iter()
            .all(|attempt| attempt.outcome == AttemptOutcome::Unsynchronised),
        "{stdout}"
    );
}

#[test]
fn nohup_is_respected() {
    let out = out();
    let run = short_run(out.path(), 2, 5000, 20);
    let mut shell = Command::new("sh");
    shell
        .args(["-c", "trap '' HUP; exec \"$@\"", "sh"])
        .arg(run.get_program())
        .args(run.get_args())
        .arg("--plain");
    shell
        .current_dir(out.path())
        .stdout(std::process::Stdio::null());
    let mut child = shell.spawn().expect("the program starts");
    wait_in_journal(out.path(), "\"sample_ended\"");
    // SAFETY: a signal to a child of ours that has not been waited for.
    assert_eq!(unsafe { libc::kill(child.id() as i32, libc::SIGHUP) }, 0);
    assert_eq!(end_of(&mut child).code(), Some(0));
    assert_eq!(samples(&journal(&run_directory(out.path()))).len(), 80);
}

#[test]
fn a_disk_that_fills_up_ends_the_run_with_a_clear_word_and_keeps_what_was_written() {
    let out = out();
    // Many exchanges make a journal larger than the function is.
    let mut run = short_run(out.path(), 5, 200_000, 50);
    run.args(["--n", "100"]);
    let mut shell = Command::new("bash");
    // A limit on file sizes answers like a full disk, and needs no file system of our own.
    shell
        .args(["-c", "trap '' XFSZ; ulimit -f 2048; exec \"$@\"", "bash"])
        .arg(run.get_program())
        .args(run.get_args())
        .arg("--plain");
    let output = finish(shell.current_dir(out.path()), 1);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(stderr.contains("could not be written"), "{stderr}");
    let text =
        fs::read_to_string(run_directory(out.path()).join("journal.jsonl")).expect("a journal");
    let whole = text.rsplit_once('\n').expect("lines").0;
    let ended = whole
        .lines()
        .filter(|line| line.contains("\"sample_ended\""))
        .count();
    assert!(ended > 0);
}
