//! A run stops before it goes beyond a limit, says so, and goes on with a higher one.

mod support;

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use sebs_tui::core::board::Board;
use sebs_tui::core::message::{Entry, Event, RunState};
use sebs_tui::core::spending::Reached;
use support::{finish, journal, program, run_directory, samples, short_run};

/// Code after a run that left samples.
const INCOMPLETE: i32 = 3;

fn board(out: &Path) -> Board {
    Board::of(&journal(&run_directory(out)))
}

fn resume(out: &Path, limit: &[&str], code: i32) -> Output {
    let mut command = program();
    command
        .current_dir(out)
        .args(["run", "--plain"])
        .args(limit)
        .arg("--resume")
        .arg(run_directory(out));
    finish(&mut command, code)
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn limited(command: &mut Command, limit: &[&str]) -> String {
    text(&finish(command.arg("--plain").args(limit), INCOMPLETE))
}

#[test]
fn too_many_bytes_stop_a_run_that_goes_on_with_more() {
    let out = tempfile::tempdir().expect("a directory");
    // The function's package alone has hundreds of kB; each sample 1 or 2 MB.
    let mut run = short_run(out.path(), 2, 2_000_000, 3);
    run.args(["--payload-begin", "1000000"]);
    let told = limited(&mut run, &["--max-bytes", "9000000"]);
    assert!(told.contains("expected: "), "{told}");
    assert!(
        told.contains("warning: stopped by --max-bytes 9000000: "),
        "{told}"
    );
    assert!(told.contains("go on with: sebs-tui --resume"), "{told}");
    let stopped = board(out.path());
    assert_eq!(stopped.state, RunState::Incomplete);
    let Some(Reached::Bytes { limit, spent, next }) = stopped.reached else {
        panic!("{:?}", stopped.reached);
    };
    assert!(spent <= limit && spent + next > limit);
    assert_eq!(stopped.spending.bytes, spent);
    let ended = stopped.ended.len();
    assert!((1..12).contains(&ended), "{ended} samples");

    // The same limit begins nothing; a higher one is counted from what was spent.
    resume(out.path(), &[], INCOMPLETE);
    assert_eq!(board(out.path()).ended.len(), ended);
    resume(out.path(), &["--max-bytes", "16000000"], INCOMPLETE);
    let further = board(out.path());
    assert!(further.ended.len() > ended && further.spending.bytes <= 16_000_000);
    let told = text(&resume(out.path(), &["--max-bytes", "1000000000"], 0));
    assert!(told.contains("COMPLETE after"), "{told}");
    let entries = journal(&run_directory(out.path()));
    assert_eq!(samples(&entries).len(), 12);
    let reached = |event: &Event| matches!(event, Event::LimitReached { .. });
    let stops = entries.iter().filter(|entry| reached(&entry.event)).count();
    assert_eq!(stops, 3, "every stop is in the journal");
}

#[test]
fn the_minutes_of_a_simulated_run_are_its_own() {
    let out = tempfile::tempdir().expect("a directory");
    let mut run = short_run(out.path(), 3, 50_000, 20);
    run.args(["--platform", "simulated", "--seed", "1"]);
    let told = limited(&mut run, &["--max-minutes", "0.02"]);
    assert!(told.contains("stopped by --max-minutes 0.02: "), "{told}");
    assert!(matches!(
        board(out.path()).reached,
        Some(Reached::Time { .. })
    ));
    resume(out.path(), &["--max-minutes", "1000"], 0);
    assert_eq!(samples(&journal(&run_directory(out.path()))).len(), 120);
}

#[test]
fn a_budget_where_nothing_is_paid_is_told_to_stop_nothing() {
    let out = tempfile::tempdir().expect("a directory");
    let mut run = short_run(out.path(), 1, 1024, 1);
    run.args(["--platform", "simulated", "--plain", "--budget", "0.01"]);
    let told = text(&finish(&mut run, 0));
    assert!(
        told.contains("warning: --budget stops nothing here: there is no price for simulated"),
        "{told}"
    );
}

#[test]
fn a_run_that_goes_on_after_a_limit_shows_every_new_line() {
    let out = tempfile::tempdir().expect("a directory");
    let mut run = short_run(out.path(), 2, 2_000_000, 5);
    run.args(["--payload-begin", "1000000"]);
    limited(&mut run, &["--max-bytes", "9000000"]);
    let path = run_directory(out.path()).join("journal.jsonl");
    let earlier = fs::read_to_string(&path).expect("a journal");

    let mut json = program();
    json.current_dir(out.path())
        .args(["run", "--json", "--max-bytes", "25000000", "--resume"])
        .arg(run_directory(out.path()));
    let shown = text(&finish(&mut json, INCOMPLETE));
    let whole = fs::read_to_string(&path).expect("a journal");
    assert_eq!(shown, whole[earlier.len()..], "every new line, once");
    let ended = board(out.path()).ended.len();
    let damaged = format!("{whole}{{\"number\":7}}\n");
    fs::write(&path, damaged).expect("a whole line that is no event");

    let shown = text(&resume(out.path(), &["--max-bytes", "1000000000"], 0));
    assert!(
        shown.contains("dropped a last line of 13 bytes")
            && shown.contains("warning: the journal's last line was whole, yet no event"),
        "{shown}"
    );
    let of_samples = shown.lines().filter(|line| line.starts_with('['));
    assert_eq!(of_samples.count(), 20 - ended, "a line a sample: {shown}");

    let entries = journal(&run_directory(out.path()));
    let resumed = |entry: &Entry| matches!(entry.event, Event::RunResumed { .. });
    let first = entries.iter().position(resumed).expect("it went on");
    assert_eq!(Board::of(&entries[..first]).state, RunState::Incomplete);
    assert_eq!(Board::of(&entries[..=first]).state, RunState::Preparing);
    assert_eq!(
        Board::about_to_go_on(&entries[..first]).state,
        RunState::Preparing
    );
}
