//! Running the whole program, and reading what it left on disk.
#![allow(dead_code, reason = "each test file uses a part of it")]

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

use sebs_tui::core::message::{Entry, Event};
use sebs_tui::core::sample::{Attempt, SampleKey};

/// How long anything is waited for; a busy machine may be slow.
const PATIENCE: Duration = Duration::from_secs(120);

/// The program, free of settings that the surroundings may carry.
pub fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sebs-tui"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("SEBS_TUI_") {
            command.env_remove(name);
        }
    }
    command.stdin(Stdio::null());
    // A shell has what it runs in the background ignore some signals, and that is handed down.
    // SAFETY: between fork and exec nothing but `signal` is called, which may be called there.
    unsafe {
        command.pre_exec(|| {
            for signal in [libc::SIGHUP, libc::SIGINT, libc::SIGTERM] {
                libc::signal(signal, libc::SIG_DFL);
            }
            Ok(())
        });
    }
    command
}

/// A short run: `points` sizes up to `end` bytes, `repetitions` of each kind, N = 5.
pub fn short_run(out: &Path, points: u32, end: u32, repetitions: u32) -> Command {
    let mut command = program();
    command
        .arg("run")
        .arg("--out")
        .arg(out)
        .args(["--n", "5", "--payload-begin", "1024"]);
    command.args([
        "--payload-end",
        &end.to_string(),
        "--payload-points",
        &points.to_string(),
    ]);
    command.args(["--repetitions", &repetitions.to_string()]);
    command.current_dir(out);
    command
}

/// Runs to the end and insists on the exit code.
pub fn finish(command: &mut Command, code: i32) -> Output {
    let output = command.output().expect("the program starts");
    assert_eq!(
        output.status.code(),
        Some(code),
        "stdout:\n{}\nstderr:\n{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    output
}

/// The only run directory in `out`.
pub fn run_directory(out: &Path) -> PathBuf {
    let directories: Vec<PathBuf> = fs::read_dir(out)
        .expect("the out directory")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.join("journal.jsonl").exists())
        .collect();
    assert_eq!(directories.len(), 1, "run directories: {directories:?}");
    directories[0].clone()
}

/// Every event of a run.
pub fn journal(run: &Path) -> Vec<Entry> {
    let text = fs::read_to_string(run.join("journal.jsonl")).expect("a journal");
    text.lines()
        .map(|line| serde_json::from_str(line).expect("a journal line"))
        .collect()
}

/// Every attempt of a run, in order.
pub fn attempts(entries: &[Entry]) -> Vec<&Attempt> {
    let of = |entry: &'_ Entry| matches!(entry.event, Event::AttemptEnded { .. });
    entries
        .iter()
        .filter(|entry| of(entry))
        .filter_map(|entry| {
            if let Event::AttemptEnded { attempt } = &entry.event {
                Some(attempt.as_ref())
            } else {
                None
            }
        })
        .collect()
}

/// The samples that have ended.
pub fn samples(entries: &[Entry]) -> BTreeSet<SampleKey> {
    sebs_tui::core::board::Board::of(entries)
        .ended
        .keys()
        .copied()
        .collect()
}

/// A CSV file as header and rows.
pub fn table(path: &Path) -> (Vec<String>, Vec<Vec<String>>) {
    let mut reader =
        csv::Reader::from_path(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let header = reader
        .headers()
        .expect("a header")
        .iter()
        .map(str::to_owned)
        .collect();
    let rows = reader
        .records()
        .map(|row| row.expect("a row").iter().map(str::to_owned).collect())
        .collect();
    (header, rows)
}

/// The column called `name`, as numbers.
pub fn column((header, rows): &(Vec<String>, Vec<Vec<String>>), name: &str) -> Vec<f64> {
    let index = header
        .iter()
        .position(|column| column == name)
        .unwrap_or_else(|| panic!("no column {name} in {header:?}"));
    rows.iter()
        .map(|row| {
            row[index]
                .parse()
                .unwrap_or_else(|_| panic!("{name}: {:?} is no number", row[index]))
        })
        .collect()
}

/// What the journals of the runs below `out` say so far; the last line of each may be half written.
pub fn journals_so_far(out: &Path) -> String {
    let journals = fs::read_dir(out)
        .expect("out")
        .map(|entry| entry.expect("an entry").path().join("journal.jsonl"));
    journals
        .filter_map(|path| fs::read(path).ok())
        .map(|text| String::from_utf8_lossy(&text).into_owned())
        .collect()
}

/// Samples that have ended in the runs below `out`, in whatever state their journals are.
pub fn ended_samples(out: &Path) -> usize {
    let ended = "\"event\":\"sample_ended\"";
    journals_so_far(out).matches(ended).count()
}

/// Waits until a journal below `out` says `what`.
pub fn wait_in_journal(out: &Path, what: &str) {
    let begun = Instant::now();
    while !journals_so_far(out).contains(what) {
        assert!(begun.elapsed() < PATIENCE, "no journal says {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Waits for the end of a program.
pub fn end_of(child: &mut Child) -> ExitStatus {
    let begun = Instant::now();
    loop {
        if let Some(status) = child.try_wait().expect("a child") {
            return status;
        }
        if begun.elapsed() > PATIENCE {
            child.kill().expect("an end");
            panic!("the program does not end");
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}
