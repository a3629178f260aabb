//! A program in a real pseudo terminal: what is typed, what is shown, and how it ends.
#![allow(dead_code, reason = "each test file uses a part of it")]

use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

/// How long anything is waited for.
pub const DEADLINE: Duration = Duration::from_secs(60);
/// How long the last output may take to arrive once the program has ended.
const LAST_OUTPUT_WITHIN: Duration = Duration::from_secs(10);

/// The program in a pseudo terminal, and the screen it shows.
pub struct Terminal {
    pub master: Box<dyn MasterPty + Send>,
    pub child: Box<dyn Child + Send + Sync>,
    pub writer: Box<dyn Write + Send>,
    pub output: Receiver<Vec<u8>>,
    pub parser: vt100::Parser,
    pub raw: Vec<u8>,
}

impl Terminal {
    pub fn start(command: &std::process::Command, rows: u16, cols: u16) -> Self {
        Self::start_with(command, rows, cols, &[])
    }

    pub fn start_with(
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

    pub fn take_in(&mut self) {
        while let Ok(bytes) = self.output.try_recv() {
            self.parser.process(&bytes);
            self.raw.extend(bytes);
        }
    }

    pub fn text(&mut self) -> String {
        self.take_in();
        self.parser.screen().contents()
    }

    pub fn wait_for(&mut self, what: &str) {
        self.wait_until(what, |text| text.contains(what));
    }

    pub fn wait_until(&mut self, what: &str, found: impl Fn(&str) -> bool) {
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

    /// Waits until the screen has shown the same for so long.
    pub fn wait_for_a_standstill(&mut self, length: Duration) {
        let begun = Instant::now();
        let (mut shown, mut since) = (self.text(), Instant::now());
        while since.elapsed() < length {
            assert!(begun.elapsed() < DEADLINE, "it moves:\n{shown}");
            std::thread::sleep(Duration::from_millis(10));
            let text = self.text();
            if text != shown {
                (shown, since) = (text, Instant::now());
            }
        }
    }

    pub fn press(&mut self, keys: &str) {
        self.writer.write_all(keys.as_bytes()).expect("a key press");
        self.writer.flush().expect("a key press");
    }

    pub fn signal(&self, signal: i32) {
        let pid = self.child.process_id().expect("a running child");
        // SAFETY: a signal to a child of ours that has not been waited for.
        assert_eq!(unsafe { libc::kill(pid as i32, signal) }, 0);
    }

    /// Takes in what is shown until nobody can show any more.
    fn take_in_the_rest(&mut self) {
        let end = Instant::now() + LAST_OUTPUT_WITHIN;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            match self.output.recv_timeout(left) {
                Ok(bytes) => {
                    self.parser.process(&bytes);
                    self.raw.extend(bytes);
                }
                Err(RecvTimeoutError::Disconnected | RecvTimeoutError::Timeout) => return,
            }
        }
    }

    /// Waits for the end and returns the exit code.
    pub fn end(&mut self) -> u32 {
        let begun = Instant::now();
        loop {
            self.take_in();
            if let Some(status) = self.child.try_wait().expect("a child") {
                self.take_in_the_rest();
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
    pub fn assert_restored(&mut self) {
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

/// An empty screen of this size.
pub fn screen_of(rows: u16, cols: u16) -> vt100::Parser {
    let size = |cells| NonZeroU16::new(cells).expect("a size above zero");
    vt100::Parser::new(size(rows), size(cols), 2000)
}
