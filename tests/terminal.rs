//! The whole program in a real pseudo terminal: keys, signals, sizes, and the terminal as it was afterwards.

mod pty;
mod support;

use std::path::Path;
use std::time::{Duration, Instant};

use portable_pty::{CommandBuilder, PtySize, native_pty_system};
use pty::{DEADLINE, Terminal, screen_of};
use sebs_tui::core::analysis::Analysis;
use sebs_tui::core::message::{Event, RunState};
use sebs_tui::core::sample::{AttemptOutcome, SampleOutcome};
use support::{
    attempts, ended_samples, journal, program, run_directory, samples, short_run, wait_in_journal,
};

fn out() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary directory")
}

/// Long enough to be interfered with, short enough to be waited for.
fn long_run(out: &Path) -> std::process::Command {
    short_run(out, 4, 200_000, 100)
}

#[test]
fn watching_a_short_run_to_its_end_is_enough() {
    let out = out();
    let mut terminal = Terminal::start(&short_run(out.path(), 2, 5000, 2), 40, 120);
    terminal.wait_for("COMPLETE");
    assert_eq!(terminal.end(), 0);
    terminal.assert_restored();
    let entries = journal(&run_directory(out.path()));
    assert_eq!(samples(&entries).len(), 8);
    let screen = Analysis::of(&entries).screen;
    assert_eq!((screen.words().as_str(), screen.on), ("on", 8));
    let text = terminal.text();
    assert!(
        text.contains("result-processed.csv"),
        "the summary names the files:\n{text}"
    );
}

#[test]
fn pause_skip_retry_and_quit_do_what_they_say() {
    let out = out();
    let mut terminal = Terminal::start(&long_run(out.path()), 40, 120);
    terminal.wait_for("RUNNING");
    terminal.press("p");
    terminal.wait_for("PAUSED");
    let paused_at = ended_samples(out.path());
    std::thread::sleep(Duration::from_millis(300));
    let later = ended_samples(out.path());
    assert_eq!(later, paused_at, "nothing is measured in a pause");
    terminal.press("p");
    terminal.wait_for("RUNNING");
    let begun = Instant::now();
    while ended_samples(out.path()) < paused_at + 3 {
        assert!(begun.elapsed() < DEADLINE);
        std::thread::sleep(Duration::from_millis(5));
    }
    terminal.press("s");
    wait_in_journal(out.path(), "by the user");
    terminal.press("r");
    wait_in_journal(out.path(), "\"sample_superseded\"");
    terminal.press("q");
    terminal.wait_until("the question", |text| text.to_lowercase().contains("quit"));
    terminal.press("y");
    assert_eq!(terminal.end(), 3, "incomplete");
    terminal.assert_restored();
    let entries = journal(&run_directory(out.path()));
    let skipped = |event: &Event| {
        matches!(
            event,
            Event::SampleEnded {
                outcome: SampleOutcome::Skipped(_),
                ..
            }
        )
    };
    assert!(
        entries.iter().any(|entry| skipped(&entry.event)),
        "the skip is recorded"
    );
    assert!(
        entries
            .iter()
            .any(|entry| matches!(entry.event, Event::SampleSuperseded { .. })),
        "the retry is recorded"
    );
    assert!(matches!(
        entries.last().map(|entry| &entry.event),
        Some(Event::StateEntered {
            state: RunState::Incomplete
        })
    ));
    assert!(
        terminal.text().contains("--resume"),
        "how to go on:\n{}",
        terminal.text()
    );
}

#[test]
fn samples_are_listed_and_their_exchanges_plotted_while_the_run_goes_on() {
    let out = out();
    // Slow enough that the table is not full before it has been looked at.
    let mut endless = short_run(out.path(), 4, 1_000_000, 300);
    endless.args(["--n", "200"]);
    let mut terminal = Terminal::start(&endless, 24, 80);
    terminal.wait_for("RUNNING");
    let enough = |text: &str| lines_listed(text).is_some_and(|(_, of)| of >= 4);
    // There is no list before a sample has ended, and the screen hears of it after the journal.
    wait_in_journal(out.path(), "\"sample_ended\"");
    terminal.wait_until("a sample of 2,400", |text| {
        text.contains(" of 2,400") && !text.contains(" 0 of 2,400")
    });
    terminal.press("t");
    terminal.wait_for("by taken");
    terminal.wait_until("a list of samples", enough);
    let seen = lines_listed(&terminal.text()).expect("a table");
    terminal.wait_until("more samples, the last one picked", |text| {
        lines_listed(text).is_some_and(|(line, of)| line == of && of > seen.1)
    });
    terminal.press("o");
    terminal.wait_for("by size, rising");
    terminal.press("\x1b[H");
    terminal.wait_for("line 1 of");
    terminal.press("\r");
    terminal.wait_until("the plot", |text| {
        text.contains("exchanges  of sample") && text.contains("min RTT")
    });
    terminal.press("vv");
    terminal.wait_for("round trip");
    terminal.press("\x1b");
    terminal.wait_for("by size, rising");
    terminal.press("p");
    terminal.wait_until("a pause, as among the panes", |text| {
        text.contains("PAUSED") || text.contains("PAUSING")
    });
    terminal.press("\x1b");
    terminal.wait_for("datagrams");
    terminal.press("\x03");
    assert_eq!(terminal.end(), 130);
    terminal.assert_restored();
}

/// The picked line of the table of samples, and how many it has.
fn lines_listed(text: &str) -> Option<(usize, usize)> {
    let (_, after) = text.split_once("line ")?;
    let mut words = after.split_whitespace();
    let line = words.next()?.parse().ok()?;
    let of = words.nth(1)?.parse().ok()?;
    Some((line, of))
}

#[test]
fn signals_end_the_run_cleanly_and_restore_the_terminal() {
    for (signal, code) in [
        (libc::SIGTERM, 143),
        (libc::SIGHUP, 129),
        (libc::SIGINT, 130),
    ] {
        let out = out();
        let mut terminal = Terminal::start(&long_run(out.path()), 24, 80);
        terminal.wait_for("RUNNING");
        terminal.signal(signal);
        assert_eq!(terminal.end(), code, "signal {signal}");
        terminal.assert_restored();
        let entries = journal(&run_directory(out.path()));
        assert!(matches!(
            entries.last().map(|entry| &entry.event),
            Some(Event::StateEntered {
                state: RunState::Incomplete
            })
        ));
    }
}

#[test]
fn control_c_stops_at_once() {
    let out = out();
    let mut terminal = Terminal::start(&long_run(out.path()), 24, 80);
    terminal.wait_for("RUNNING");
    terminal.press("\x03");
    assert_eq!(terminal.end(), 130);
    terminal.assert_restored();
}

#[test]
fn control_z_gives_the_terminal_to_the_shell_and_coming_back_redraws_it() {
    let out = out();
    let run = long_run(out.path());
    // A job can only be stopped under a shell that would let it go on.
    let mut shell = std::process::Command::new("bash");
    shell.args([
        "-c",
        "set -m; \"$@\"; echo the shell is back; read -r; fg; exit",
        "bash",
    ]);
    shell
        .arg(run.get_program())
        .args(run.get_args())
        .current_dir(out.path());
    let mut terminal = Terminal::start(&shell, 24, 80);
    terminal.wait_for("RUNNING");
    terminal.press("\x1a");
    terminal.wait_for("the shell is back");
    assert!(
        !terminal.parser.screen().alternate_screen(),
        "the shell has its screen"
    );
    let stopped_at = ended_samples(out.path());
    std::thread::sleep(Duration::from_millis(300));
    let later = ended_samples(out.path());
    assert_eq!(later, stopped_at, "a stopped program measures nothing");
    terminal.press("\n");
    terminal.wait_for("RUNNING");
    assert!(terminal.parser.screen().alternate_screen());
    terminal.press("\x03");
    assert_eq!(terminal.end(), 130);
    terminal.assert_restored();
    let entries = journal(&run_directory(out.path()));
    assert!(
        attempts(&entries)
            .iter()
            .all(|attempt| attempt.outcome != AttemptOutcome::WrongKind)
    );
}

#[test]
fn a_storm_of_sizes_does_not_hurt() {
    let out = out();
    let mut terminal = Terminal::start(&long_run(out.path()), 24, 80);
    terminal.wait_for("RUNNING");
    for step in 0..150_u16 {
        let (rows, cols) = (1 + step * 7 % 60, 1 + step * 13 % 200);
        terminal
            .master
            .resize(PtySize {
                rows,
                cols,
                pixel_width: 0,
                pixel_height: 0,
            })
            .expect("a resize");
        terminal.take_in();
        std::thread::sleep(Duration::from_millis(5));
    }
    terminal
        .master
        .resize(PtySize {
            rows: 24,
            cols: 80,
            pixel_width: 0,
            pixel_height: 0,
        })
        .expect("a resize");
    terminal.parser = screen_of(24, 80);
    terminal.wait_for("RUNNING");
    terminal.press("\x03");
    assert_eq!(terminal.end(), 130);
}

#[test]
fn a_terminal_that_nobody_reads_costs_no_sample() {
    let out = out();
    let run = short_run(out.path(), 2, 5000, 40);
    let pair = native_pty_system()
        .openpty(PtySize {
            rows: 50,
            cols: 200,
            pixel_width: 0,
            pixel_height: 0,
        })
        .expect("a pty");
    let mut builder = CommandBuilder::new(run.get_program());
    builder.args(run.get_args());
    builder.env("TERM", "xterm-256color");
    builder.cwd(out.path());
    let mut child = pair
        .slave
        .spawn_command(builder)
        .expect("the program starts");
    drop(pair.slave);
    // A run that waited for its terminal would never be complete.
    wait_in_journal(out.path(), "\"state\":\"complete\"");
    let entries = journal(&run_directory(out.path()));
    assert_eq!(samples(&entries).len(), 160);
    let packets = || attempts(&entries).into_iter().map(|one| one.packets);
    let sent: u32 = packets().map(|packets| packets.sent).sum();
    let lost: u32 = packets()
        .map(|packets| packets.lost_outbound() + packets.lost_inbound())
        .sum();
    println!("{lost} of {sent} lost");
    assert!(lost <= sent / 10, "{lost} of {sent}");
    child.kill().expect("an end");
}

#[test]
fn a_vanished_terminal_ends_the_program_but_not_the_results() {
    let out = out();
    let Terminal {
        master,
        mut child,
        writer,
        output,
        ..
    } = Terminal::start(&long_run(out.path()), 24, 80);
    let begun = Instant::now();
    while ended_samples(out.path()) == 0 {
        assert!(begun.elapsed() < DEADLINE);
        std::thread::sleep(Duration::from_millis(10));
    }
    drop((master, writer, output));
    let begun = Instant::now();
    while child.try_wait().expect("a child").is_none() {
        assert!(begun.elapsed() < DEADLINE, "it outlives its terminal");
        std::thread::sleep(Duration::from_millis(10));
    }
    let entries = journal(&run_directory(out.path()));
    assert!(matches!(
        entries.last().map(|entry| &entry.event),
        Some(Event::StateEntered {
            state: RunState::Incomplete
        })
    ));
}

/// Set for the child of the test of a panic.
const PANICS: &str = "CHILD_PANICS";

/// What the child of the test of a panic does.
fn panic_in_the_screen() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let _screen = sebs_tui::screen::Screen::enter().expect("a terminal");
        panic!("the reason of the panic");
    });
}

#[test]
fn a_panic_restores_the_terminal_and_then_says_why() {
    if std::env::var_os(PANICS).is_some() {
        panic_in_the_screen();
    }
    let mut command = std::process::Command::new(std::env::current_exe().expect("this test"));
    let name = "a_panic_restores_the_terminal_and_then_says_why";
    command.args(["--exact", name, "--nocapture"]);
    let mut terminal = Terminal::start_with(&command, 24, 80, &[(PANICS, "1")]);
    assert_ne!(terminal.end(), 0);
    terminal.assert_restored();
    let raw = String::from_utf8_lossy(&terminal.raw).into_owned();
    let (_, after) = raw.split_once("\x1b[?1049l").expect("the screen was left");
    assert!(after.contains("the reason of the panic"), "{after}");
}

#[test]
fn without_a_terminal_the_run_is_plain_lines() {
    let out = out();
    let output = support::finish(&mut short_run(out.path(), 1, 1024, 2), 0);
    let stdout = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(!stdout.contains('\x1b'), "{stdout}");
    assert!(stdout.lines().count() >= 4, "{stdout}");
    support::finish(program().arg("--version"), 0);
}

#[test]
fn a_run_that_goes_on_after_a_limit_is_not_over_on_the_dashboard() {
    let out = out();
    let mut stopped = long_run(out.path());
    support::finish(stopped.args(["--plain", "--max-bytes", "5000000"]), 3);
    let mut command = program();
    command
        .current_dir(out.path())
        .args(["run", "--max-bytes", "1000000000000", "--resume"])
        .arg(run_directory(out.path()));
    let mut terminal = Terminal::start(&command, 40, 120);
    terminal.wait_for("RUNNING");
    let shown = String::from_utf8_lossy(&terminal.raw).into_owned();
    assert!(!shown.contains("INCOMPLETE"), "{shown}");
    terminal.press("q");
    terminal.wait_until("the question", |text| text.to_lowercase().contains("quit"));
    terminal.press("y");
    assert_eq!(terminal.end(), 3, "incomplete");
    terminal.assert_restored();
}
