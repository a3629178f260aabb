//! A recorded run in the dashboard: it stands still, and goes back and forth by sample.

mod fake_run;
mod pty;
mod support;

use std::path::Path;
use std::time::Duration;

use pty::Terminal;
use sebs_tui::core::board::Board;
use sebs_tui::core::listing::Mark;
use sebs_tui::core::replay::Replay;
use sebs_tui::core::sample::StartKind;
use sebs_tui::screen::facts::Progress;
use sebs_tui::store::journal::attempt_in_line;
use support::{finish, program, run_directory, short_run};

fn view(directory: &Path) -> std::process::Command {
    let mut command = program();
    command.arg("view").arg(directory).current_dir(directory);
    command
}

#[test]
fn a_finished_run_goes_back_and_forth_by_sample_and_q_leaves() {
    let out = tempfile::tempdir().expect("a temporary directory");
    finish(short_run(out.path(), 2, 5000, 3).arg("--plain"), 0);
    let mut terminal = Terminal::start(&view(&run_directory(out.path())), 40, 120);
    terminal.wait_for("sample 12 of 12");
    terminal.wait_for("COMPLETE");
    terminal.press("\x1b[D");
    terminal.wait_for("sample 11 of 12");
    terminal.wait_until("11 samples", |text| {
        text.contains("11 of 12  elapsed") && text.contains("VIEW")
    });
    terminal.press("\x1b[H");
    terminal.wait_for("sample 1 of 12");
    terminal.wait_for("1 of 12  elapsed");
    terminal.press("\x1b[C");
    terminal.wait_for("sample 2 of 12");
    terminal.press("p");
    terminal.wait_for("this run is only looked at");
    terminal.press("\x1b[F");
    terminal.wait_for("COMPLETE");
    assert!(!terminal.text().contains("closing"), "it stays open");
    terminal.press("q");
    assert_eq!(terminal.end(), 0);
    terminal.assert_restored();
}

#[test]
fn the_samples_are_sorted_one_is_picked_and_its_exchanges_are_plotted() {
    let out = tempfile::tempdir().expect("a temporary directory");
    finish(short_run(out.path(), 2, 5000, 3).arg("--plain"), 0);
    let mut terminal = Terminal::start(&view(&run_directory(out.path())), 24, 80);
    terminal.wait_for("sample 12 of 12");
    terminal.press("o");
    terminal.wait_for("only the table of samples can be sorted");
    terminal.press("t");
    terminal.wait_for("by taken, rising");
    terminal.wait_for("line 12 of 12");
    terminal.press("oo");
    terminal.wait_for("by start, rising");
    terminal.press("\x1b[H");
    terminal.wait_for("line 1 of 12");
    terminal.press("\x1b[B\x1b[B");
    terminal.wait_for("line 3 of 12");
    terminal.press("O");
    terminal.wait_for("by start, falling");
    terminal.press("\x1b[5~");
    terminal.wait_for("line 1 of 12");
    terminal.press("\r");
    terminal.wait_until("the plot of a cold sample", |text| {
        text.contains("exchanges  of sample") && text.contains("COLD") && text.contains("min RTT")
    });
    terminal.press("v");
    terminal.wait_for("close up");
    terminal.press("v");
    terminal.wait_for("round trip");
    terminal.press("\x1b[F");
    terminal.wait_until("the plot of a warm sample", |text| {
        text.contains("exchanges  of sample") && text.contains("WARM")
    });
    terminal.press("\x1b");
    terminal.wait_for("line 12 of 12");
    terminal.press("\x1b");
    terminal.wait_for("datagrams");
    terminal.press("q");
    assert_eq!(terminal.end(), 0);
    terminal.assert_restored();
}

#[test]
fn a_run_that_was_cut_off_is_shown_and_its_time_stands_still() {
    let out = tempfile::tempdir().expect("a temporary directory");
    let mut run = fake_run::until(StartKind::Warm, 1, 3);
    run.warn("the last word");
    let lines: Vec<String> = run
        .entries
        .iter()
        .map(|entry| serde_json::to_string(entry).expect("a line"))
        .collect();
    let text = lines.join("\n") + "\n{\"number\":";
    std::fs::write(out.path().join("journal.jsonl"), text).expect("a journal");
    let mut terminal = Terminal::start(&view(out.path()), 24, 80);
    terminal.wait_for("sample 53 of 53");
    terminal.wait_for("VIEW");
    terminal.wait_for("the last word");
    terminal.wait_for_a_standstill(Duration::from_millis(1500));
    terminal.press("\x03");
    assert_eq!(terminal.end(), 0);
    terminal.assert_restored();
}

#[test]
fn what_cannot_be_viewed_is_said_without_a_dashboard() {
    let out = tempfile::tempdir().expect("a temporary directory");
    let said = |code| {
        let output = finish(&mut view(out.path()), code);
        String::from_utf8(output.stderr).expect("UTF-8")
    };
    assert!(said(1).contains("journal.jsonl"), "there is no run");
    let journal = out.path().join("journal.jsonl");
    std::fs::write(&journal, "").expect("a journal");
    assert!(said(1).contains("nothing to view"));
    let entry = serde_json::to_string(&fake_run::FakeRun::new().entries[0]).expect("a line");
    std::fs::write(&journal, entry + "\n").expect("a journal");
    assert!(said(1).contains("needs a terminal"));
}

#[test]
fn a_run_in_progress_lists_the_same_samples_and_finds_their_attempts_in_its_journal() {
    let out = tempfile::tempdir().expect("a temporary directory");
    let path = out.path().join("journal.jsonl");
    let run = fake_run::until(StartKind::Cold, 0, 20);
    let lines: Vec<String> = run
        .entries
        .iter()
        .map(|entry| serde_json::to_string(entry).expect("a line"))
        .collect();
    let torn = lines.join("\n") + "\n{\"number\":";
    std::fs::write(&path, torn).expect("a journal");
    let replay = Replay::new(run.entries.clone());
    let board = run.board();
    let rows = board.samples.rows();
    assert_eq!(*rows, replay.rows());
    for row in rows.iter().step_by(7).chain(rows.back()) {
        let place = row.attempt.expect("each was invoked");
        let found = attempt_in_line(&path, place as u64 + 1).expect("it is there");
        assert_eq!(found.as_ref(), replay.attempt(row.number));
    }
    assert_eq!(attempt_in_line(&path, 1).expect("the header"), None);
    let last = run.entries.len() as u64;
    for beyond in [last + 1, last + 2] {
        let error = attempt_in_line(&path, beyond).expect_err("it is torn, or not there");
        assert!(error.to_string().contains("it has no end"), "{error}");
    }
}

#[test]
fn a_replay_stands_where_the_journals_beginning_would() {
    let entries = fake_run::whole().entries;
    let mut replay = Replay::new(entries.clone());
    assert_eq!(replay.samples(), 700);
    for sample in [700, 3, 4, 400, 399, 1, 0, 699, 900] {
        let board = replay.at(sample);
        let ended = Progress::of(&board).ended() as usize;
        assert_eq!(ended, sample.min(700), "after {sample}");
        assert_eq!(board.state.is_over(), sample >= 700, "after {sample}");
    }
    let whole = Board::of(&entries);
    let (rows, plan) = (replay.rows(), fake_run::FakeRun::new().header.plan);
    for (sample, row) in (1..).zip(rows.iter()) {
        let attempt = replay.attempt(sample).expect("each was invoked");
        assert_eq!(attempt.purpose.key(), row.key);
        assert_eq!(row.size, plan.size(row.key));
        let failed = row.mark == Mark::Failed;
        let time = attempt.invocation_time().filter(|_| !failed);
        assert_eq!((row.invocation, row.packets), (time, attempt.packets));
        let retried = row.key.kind == StartKind::Cold && row.key.repetition % 17 == 9;
        assert_eq!(row.tries, 1 + u32::from(retried));
    }
    assert_eq!(
        rows.iter().filter(|row| row.mark == Mark::Failed).count(),
        1
    );
    assert!(replay.attempt(0).is_none() && replay.attempt(701).is_none());
    assert_eq!(replay.at(700).elapsed, whole.elapsed);
    assert_eq!(Replay::new(Vec::new()).at(1).ended.len(), 0);
}
