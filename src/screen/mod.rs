//! The run as a dashboard: it looks at the board and sends commands, and the run never waits for it.
//!
//! [`run`] blocks its thread, best the main one, and keeps its own small runtime there; the experiment
//! goes on elsewhere whether the screen is drawn, stopped, slow or gone. At most ten frames a second
//! are drawn, and none while nothing changes.

pub mod control;
pub mod draw;
pub mod facts;
pub mod format;
pub mod glyphs;
pub mod input;
pub mod keys;
pub mod layout;
pub mod pane;
pub mod scale;
pub mod segments;
mod session;
mod signals;
pub mod table;
mod terminal;
pub mod theme;
pub mod view;

use std::io;
use std::sync::Arc;

use tokio::sync::{mpsc, watch};

use crate::core::board::Board;
use crate::core::listing::Row;
use crate::core::live::Live;
use crate::core::message::Command;
use crate::core::sample::Attempt;

pub use terminal::{Screen, leave};
use theme::ThemeChoice;

/// Where the screen's knowledge comes from and its wishes go.
#[derive(Debug)]
pub struct Feed {
    /// The board, latest first and last.
    pub board: watch::Receiver<Arc<Board>>,
    /// The attempt in flight.
    pub live: Arc<Live>,
    /// Where commands go; none when the run is only looked at.
    pub commands: Option<mpsc::Sender<Command>>,
    /// The samples of a recorded run; none when the run is in progress.
    pub moments: Option<Moments>,
    /// The signal, by number, that asks the process to end. Whoever notices one sets it, the screen also
    /// for Ctrl-C; the driver then stops as for [`Command::Stop`], and the screen leaves.
    pub interrupt: watch::Sender<Option<i32>>,
}

/// The samples of a recorded run, after any of which it can be shown.
#[derive(Debug)]
pub struct Moments {
    /// Every one that ended; the board is that after the last.
    pub rows: Arc<[Row]>,
    /// Which one is asked for, from 1: the board as it stood at its end shall follow.
    pub wanted: watch::Sender<usize>,
    /// The attempt of the sample that the board stands at, set before the board; none when nothing was invoked for it.
    pub attempt: watch::Receiver<Option<Arc<Attempt>>>,
}

/// Why the screen was left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Left {
    /// The run was over and its time on the screen was up, or the user closed it.
    RunOver,
    /// The user asked to quit, and the run has stopped.
    Quit,
    /// A signal, by number, or Ctrl-C asked the process to end; the run may still be stopping.
    Interrupted(i32),
    /// The user did not wait for the run to stop.
    Abandoned,
    /// The terminal has vanished or hung up; the run goes on.
    TerminalGone,
    /// The run's side ended without a last word, or a thread panicked.
    RunLost,
}

/// The screen cannot be shown.
#[derive(Debug, thiserror::Error)]
pub enum ScreenError {
    /// Nothing was drawn.
    #[error("the dashboard cannot take over the terminal: {0}; --plain needs none")]
    Enter(#[source] io::Error),
    /// The system refused what every program gets.
    #[error("the dashboard cannot wait for events: {0}; --plain needs no terminal")]
    Runtime(#[source] io::Error),
}

/// Shows the run until the user leaves, the run is over, or a signal comes; blocks.
///
/// # Errors
/// The terminal cannot be taken over. What goes wrong later is a way to leave, not an error.
pub fn run(feed: Feed, theme: ThemeChoice) -> Result<Left, ScreenError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(ScreenError::Runtime)?;
    runtime.block_on(session::show(feed, theme))
}
