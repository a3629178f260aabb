//! Signals that concern a screen.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// What a signal asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// Stop the run, as Ctrl-C does.
    Interrupt,
    /// End the process soon; the signal's number.
    Terminate(i32),
    /// The terminal has hung up.
    HangUp,
    /// Give the terminal to the shell.
    Suspend,
    /// The process goes on after a stop.
    GoOn,
    /// The terminal has another size.
    Resize,
}

/// All of them.
#[derive(Debug)]
pub struct Signals {
    interrupt: Signal,
    terminate: Signal,
    quit: Signal,
    hang_up: Signal,
    suspend: Signal,
    go_on: Signal,
    resize: Signal,
}

impl Signals {
    /// From now on these signals are heard here and do nothing else.
    pub fn listen() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            quit: signal(SignalKind::quit())?,
            hang_up: signal(SignalKind::hangup())?,
            suspend: signal(SignalKind::from_raw(libc::SIGTSTP))?,
            go_on: signal(SignalKind::from_raw(libc::SIGCONT))?,
            resize: signal(SignalKind::window_change())?,
        })
    }

    /// Waits for the next.
    pub async fn next(&mut self) -> Heard {
        tokio::select! {
            _ = self.hang_up.recv() => Heard::HangUp,
            _ = self.terminate.recv() => Heard::Terminate(libc::SIGTERM),
            _ = self.quit.recv() => Heard::Terminate(libc::SIGQUIT),
            _ = self.interrupt.recv() => Heard::Interrupt,
            _ = self.suspend.recv() => Heard::Suspend,
            _ = self.go_on.recv() => Heard::GoOn,
            _ = self.resize.recv() => Heard::Resize,
        }
    }
}
