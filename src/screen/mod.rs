//! The run as a dashboard: it looks at the board and sends commands, and the run never waits for it.
//!
//! [`run`] blocks its thread, best the main one, and keeps its own small runtime there; the experiment
//! goes on elsewhere whether the screen is drawn, stopped, slow or gone. At most ten frames a second
//! are drawn, and none while nothing changes.

mod answer;
pub mod control;
pub mod draw;
pub mod facts;
pub mod format;
pub mod glyphs;
pub mod input;
pub mod keys;
pub mod layout;
pub mod pane;
pub mod raster;
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
use crate::core::effort::Typical;
use crate::core::listing::Rows;
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
    /// The samples.
    pub samples: Samples,
    /// What samples typically take here, until some have been measured; none where nobody knows.
    pub typical: Option<Typical>,
    /// Directory of the run, to be told.
    pub directory: String,
    /// The signal, by number, that asks the process to end. Whoever notices one sets it, the screen also
    /// for Ctrl-C; the driver then stops as for [`Command::Stop`], and the screen leaves.
    pub interrupt: watch::Sender<Option<i32>>,
}

/// The samples one by one, and where the exchanges of one come from: they are not on the board.
#[derive(Debug)]
pub struct Samples {
    /// Every one of a recorded run, which can be shown as it stood after any of them; none when the run is in
    /// progress, whose latest are on the board.
    pub recorded: Option<Rows>,
    /// Which one is asked for, by number: its attempt shall follow, and before it, in a recorded run, the board as it
    /// stood at its end.
    pub wanted: watch::Sender<usize>,
    /// What was found.
    pub attempt: watch::Receiver<Lookup>,
}

/// The attempt of a sample; none when nothing was invoked for it; else why it cannot be had, as a sentence.
pub type Lookup = Result<Option<Arc<Attempt>>, String>;

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
