//! The whole program in a real pseudo terminal: keys, signals, sizes, and the terminal as it was afterwards.

mod support;

use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::path::Path;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use sebs_tui::core::message::{Event, RunState};
use sebs_tui::core::sample::{AttemptOutcome, SampleOutcome};
use support::{attempts, journal, program, run_directory, samples, short_run};

const DEADLINE: Duration = Duration::from_secs(40);

struct Terminal {
    master: Box<dyn MasterPty + Send>,
    child: Box<dyn Child + Send + Sync>,
    writer: Box<dyn Write + Send>,
    output: Receiver<Vec<u8>>,
    parser: vt100::Parser,
    raw: Vec<u8>,
}

impl Terminal {
    fn start(command: &std::process::Command, rows: u16, cols: u16) -> Self {
        Self::start_with(command, rows, cols, &[])
    }

    fn start_with(
        command: &std::process::Command,
        rows: u16,
        cols: u16,
        env: &[(&str, &str)],
    ) -> Self {
        let pair = native_pty_system()
            .openpty(PtySize {
                rows,
                cols,
                pixel_width: 0,
                pixel_height: 0,
            })
            .expect("a pty");
        let mut builder = CommandBuilder::new(command.get_program());
        builder.args(command.get_args());
        builder.env("TERM", "xterm-256color");
        builder.env("LANG", "C.UTF-8");
        for (name, value) in env {
            builder.env(name, value);
        }
        if let Some(directory) = command.get_current_dir() {
            builder.cwd(directory);
        }
        let child = pair
            .slave
            .spawn_command(builder)
            .expect("the program starts");
        drop(pair.slave);
        let mut reader = pair.master.try_clone_reader().expect("a reader");
        let (sender, output) = channel();
        std::thread::spawn(move || {
            let mut buffer = [0; 8192];
            while let Ok(count) = reader.read(&mut buffer) {
                if count == 0 || sender.send(buffer[..count].to_vec()).is_err() {
                    break;
                }
            }
        });
        let writer = pair.master.take_writer().expect("a writer");
        Self {
            master: pair.master,
            child,
            writer,
            output,
            parser: screen_of(rows, cols),
            raw: Vec::new(),
        }
    }

    fn take_in(&mut self) {
        while let Ok(bytes) = self.output.try_recv() {
            self.parser.process(&bytes);
            self.raw.extend(bytes);
        }
    }

    fn text(&mut self) -> String {
        self.take_in();
        self.parser.screen().contents()
    }

    fn wait_for(&mut self, what: &str) {
        self.wait_until(what, |text| text.contains(what));
    }

    fn wait_until(&mut self, what: &str, found: impl Fn(&str) -> bool) {
        let begun = Instant::now();
        loop {
            let text = self.text();
            if found(&text) {
                return;
            }
            assert!(
                begun.elapsed() < DEADLINE,
                "no {what:?} on the screen:\n{text}"
            );
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    fn press(&mut self, keys: &str) {
        self.writer.write_all(keys.as_bytes()).expect("a key press");
        self.writer.flush().expect("a key press");
    }

    fn signal(&self, signal: i32) {
        let pid = self.child.process_id().expect("a running child");
        // SAFETY: a signal to a child of ours that has not been waited for.
        assert_eq!(unsafe { libc::kill(pid as i32, signal) }, 0);
    }

    /// Waits for the end and returns the exit code.
    fn end(&mut self) -> u32 {
        let begun = Instant::now();
        loop {
            self.take_in();
            if let Some(status) = self.child.try_wait().expect("a child") {
                std::thread::sleep(Duration::from_millis(50));
                self.take_in();
                return status.exit_code();
            }
            assert!(
                begun.elapsed() < DEADLINE,
                "the program does not end:\n{}",
                self.text()
            );
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// The alternate screen was entered and left equally often, the cursor is shown, and echo is back.
    fn assert_restored(&mut self) {
        self.take_in();
        let count = |sequence: &str| {
            self.raw
                .windows(sequence.len())
                .filter(|window| *window == sequence.as_bytes())
                .count()
        };
        let (entered, left) = (count("\x1b[?1049h"), count("\x1b[?1049l"));
        assert!(entered > 0, "the dashboard was never shown");
        assert_eq!(entered, left, "entered and left the alternate screen");
        assert!(!self.parser.screen().alternate_screen());
        assert!(!self.parser.screen().hide_cursor(), "the cursor is shown");
        let fd = self.master.as_raw_fd().expect("a pty");
        // SAFETY: termios is plain data, and fd is the open master of this test.
        let modes = unsafe {
            let mut modes: libc::termios = std::mem::zeroed();
            assert_eq!(libc::tcgetattr(fd, &raw mut modes), 0);
            modes
        };
        assert_ne!(modes.c_lflag & libc::ECHO, 0, "echo is back");
        assert_ne!(modes.c_lflag & libc::ICANON, 0, "line mode is back");
    }
}

fn screen_of(rows: u16, cols: u16) -> vt100::Parser {
    let size = |cells| NonZeroU16::new(cells).expect("a size above zero");
    vt100::Parser::new(size(rows), size(cols), 2000)
}

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
    assert_eq!(samples(&journal(&run_directory(out.path()))).len(), 8);
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
    let count = || samples(&journal(&run_directory(out.path()))).len();
    let paused_at = count();
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(count(), paused_at, "nothing is measured in a pause");
    terminal.press("p");
    terminal.wait_for("RUNNING");
    let begun = Instant::now();
    while count() < paused_at + 3 {
        assert!(begun.elapsed() < DEADLINE);
        std::thread::sleep(Duration::from_millis(5));
    }
    terminal.press("s");
    std::thread::sleep(Duration::from_millis(200));
    terminal.press("r");
    std::thread::sleep(Duration::from_millis(200));
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
    let stopped_at = support::ended_samples(out.path());
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(
        support::ended_samples(out.path()),
        stopped_at,
        "a stopped program measures nothing"
    );
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
fn a_terminal_that_nobody_reads_loses_no_exchange() {
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
    let begun = Instant::now();
    let complete = || {
        std::fs::read_dir(out.path()).expect("out").any(|entry| {
            let path = entry.expect("an entry").path().join("journal.jsonl");
            std::fs::read_to_string(path).is_ok_and(|text| text.contains("\"state\":\"complete\""))
        })
    };
    while !complete() {
        assert!(begun.elapsed() < DEADLINE, "the run waits for its terminal");
        std::thread::sleep(Duration::from_millis(20));
    }
    let entries = journal(&run_directory(out.path()));
    assert_eq!(samples(&entries).len(), 160);
    assert!(
        attempts(&entries)
            .iter()
            .all(|attempt| attempt.packets.lost_outbound() + attempt.packets.lost_inbound() == 0)
    );
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
    while support::ended_samples(out.path()) == 0 {
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

/// Not a test by itself: the child of the next one.
#[test]
fn child_that_panics_in_its_screen() {
    if std::env::var_os("CHILD_PANICS").is_some() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        runtime.block_on(async {
            let _screen = sebs_tui::screen::Screen::enter().expect("a terminal");
            panic!("the reason of the panic");
        });
    }
}

#[test]
fn a_panic_restores_the_terminal_and_then_says_why() {
    let mut command = std::process::Command::new(std::env::current_exe().expect("this test"));
    command.args(["--exact", "child_that_panics_in_its_screen", "--nocapture"]);
    let mut terminal = Terminal::start_with(&command, 24, 80, &[("CHILD_PANICS", "1")]);
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
