//! Kill the program at any moment: what had finished is on disk, and `--resume` brings the same set of samples.

mod support;

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rand::{RngExt, SeedableRng, rngs::StdRng};
use sebs_tui::core::message::Event;
use support::{
    end_of, ended_samples, finish, journal, program, run_directory, samples, short_run, table,
};

const DEADLINE: Duration = Duration::from_secs(120);
/// The variable that repeats the moments of a failure.
const SEED: &str = "RESUME_SEED";

fn start(command: &mut Command) -> Child {
    command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program starts")
}

fn wait_for_samples(child: &mut Child, out: &Path, count: usize) {
    let begun = Instant::now();
    while ended_samples(out) < count && child.try_wait().expect("a child").is_none() {
        assert!(begun.elapsed() < DEADLINE, "{count} samples took too long");
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn resume(out: &Path) {
    finish(
        program()
            .current_dir(out)
            .args(["run", "--plain", "--resume"])
            .arg(run_directory(out)),
        0,
    );
}

#[test]
fn a_run_killed_at_random_moments_ends_with_the_same_samples() {
    let seed =
        std::env::var(SEED).map_or_else(|_| rand::random(), |seed| seed.parse().expect("a number"));
    println!("to be repeated with {SEED}={seed}");
    let mut rng = StdRng::seed_from_u64(seed);
    let out = tempfile::tempdir().expect("a directory");
    let mut child = start(short_run(out.path(), 3, 50_000, 4).arg("--plain"));
    let mut kept = 0;
    for _ in 0..3 {
        wait_for_samples(&mut child, out.path(), kept + rng.random_range(1..5));
        std::thread::sleep(Duration::from_micros(rng.random_range(0..20_000)));
        child.kill().expect("kill -9");
        child.wait().expect("a dead child");
        let before = ended_samples(out.path());
        assert!(before > 0 && before >= kept, "{before} samples of {kept}");
        kept = before;
        let run = run_directory(out.path());
        let rows = table(&run.join("invocation-overhead/payload/result.csv"))
            .1
            .len();
        assert!(
            rows + 1 >= before.min(24),
            "{before} samples in the journal, {rows} rows in result.csv"
        );
        child = start(
            program()
                .current_dir(out.path())
                .args(["run", "--plain", "--resume"])
                .arg(run),
        );
    }
    assert_eq!(end_of(&mut child).code(), Some(0));
    let run = run_directory(out.path());
    let entries = journal(&run);
    assert_eq!(samples(&entries).len(), 24);
    assert_eq!(
        ended_samples(out.path()),
        24,
        "no finished sample was taken twice"
    );
    let rows = table(&run.join("invocation-overhead/payload/result.csv")).1;
    assert_eq!(rows.len(), 24);
    let ids: std::collections::BTreeSet<&String> = rows.iter().map(|row| &row[6]).collect();
    assert_eq!(ids.len(), 24);
}

#[test]
fn a_torn_last_line_is_dropped_and_told() {
    let out = tempfile::tempdir().expect("a directory");
    let mut child = start(short_run(out.path(), 2, 5000, 5).arg("--plain"));
    wait_for_samples(&mut child, out.path(), 3);
    child.kill().expect("kill -9");
    child.wait().expect("a dead child");
    let path = run_directory(out.path()).join("journal.jsonl");
    let mut text = fs::read_to_string(&path).expect("a journal");
    text.truncate(text.trim_end().rfind('\n').expect("lines") + 1);
    fs::write(&path, format!("{text}{{\"number\":7,\"wal")).expect("a torn line");
    resume(out.path());
    let entries = journal(&run_directory(out.path()));
    assert!(entries.iter().any(|entry| matches!(
        entry.event,
        Event::RunResumed {
            dropped_bytes: 16,
            ..
        }
    )));
    assert_eq!(samples(&entries).len(), 20);
}

#[test]
fn a_stopped_run_says_how_to_go_on_and_does() {
    for (signal, code) in [(libc::SIGTERM, 143), (libc::SIGINT, 130)] {
        let out = tempfile::tempdir().expect("a directory");
        let mut child = start(short_run(out.path(), 3, 50_000, 20).arg("--plain"));
        wait_for_samples(&mut child, out.path(), 2);
        // SAFETY: a signal to a child of ours that has not been waited for.
        assert_eq!(unsafe { libc::kill(child.id() as i32, signal) }, 0);
        assert_eq!(end_of(&mut child).code(), Some(code));
        resume(out.path());
        assert_eq!(samples(&journal(&run_directory(out.path()))).len(), 120);
    }
}

#[test]
fn a_complete_run_cannot_be_resumed_into_more_samples() {
    let out = tempfile::tempdir().expect("a directory");
    finish(short_run(out.path(), 1, 1024, 2).arg("--plain"), 0);
    let before = samples(&journal(&run_directory(out.path())));
    resume(out.path());
    assert_eq!(samples(&journal(&run_directory(out.path()))), before);
}
