//! One showing of the dashboard: waits for keys, signals, the board and the clock, and draws when something changed.

mod picture;
mod react;

use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use crate::core::board::{Activity, Board};
use crate::core::message::{Command, RunState};
use crate::core::time::SECOND;

use super::answer;
use super::draw::{Scene, draw};
use super::input::Decoder;
use super::signals::Signals;
use super::table::Table;
use super::terminal::{Screen, is_entered};
use super::theme::{Palette, Theme, ThemeChoice};
use super::view::{Access, Leaving, Moment, View};
use super::{Feed, Left, ScreenError, facts};
use picture::{Picture, clock, rows};

/// Ten frames a second at most.
const FRAME: Duration = Duration::from_millis(100);
/// How long an answer stays in the footer.
const MESSAGE: Duration = Duration::from_secs(4);
/// How long a finished run stays on the screen by itself.
const CLOSING: Duration = Duration::from_secs(10);

/// Shows the run until there is a reason to leave.
pub async fn show(feed: Feed, choice: ThemeChoice) -> Result<Left, ScreenError> {
    let signals = Signals::listen().map_err(ScreenError::Runtime)?;
    let theme = Theme::resolve(choice, |name| std::env::var(name).ok());
    // The theme has decided; crossterm's own reading of NO_COLOR would overrule an explicit choice.
    crossterm::style::force_color_output(theme.palette() == Palette::Colour);
    let screen = Screen::enter().map_err(ScreenError::Enter)?;
    Ok(Session::new(feed, theme, screen).run(signals).await)
}

struct Session {
    feed: Feed,
    interrupt: watch::Receiver<Option<i32>>,
    board_open: bool,
    attempt_open: bool,
    theme: Theme,
    zone: TimeZone,
    screen: Screen,
    decoder: Decoder,
    view: View,
    picture: Picture,
    changed: bool,
    drawn: Instant,
    looked: Instant,
    message_until: Instant,
    /// The command that the message answers, if it does.
    answered: Option<Command>,
    over_since: Option<Instant>,
    suspend_by: Option<Instant>,
    interrupted: Option<i32>,
}

impl Session {
    #[expect(clippy::large_types_passed_by_value, reason = "it moves in once")]
    fn new(feed: Feed, theme: Theme, screen: Screen) -> Self {
        let access = if feed.commands.is_some() {
            Access::Command
        } else {
            Access::Look
        };
        let now = Instant::now();
        let board = feed.board.borrow().clone();
        let attempt = feed.samples.attempt.borrow().clone();
        Self {
            interrupt: feed.interrupt.subscribe(),
            board_open: true,
            attempt_open: true,
            theme,
            zone: TimeZone::system(),
            screen,
            decoder: Decoder::default(),
            view: View {
                access,
                moment: feed.samples.recorded.as_ref().map(|rows| Moment {
                    at: rows.len(),
                    of: rows.len(),
                }),
                table: Table::new(rows(&feed, &board)),
                ..View::default()
            },
            picture: Picture {
                now: clock(access, &board),
                board,
                live: feed.live.read(),
                attempt,
            },
            feed,
            changed: true,
            drawn: now - FRAME,
            looked: now,
            message_until: now,
            answered: None,
            over_since: None,
            suspend_by: None,
            interrupted: None,
        }
    }

    async fn run(mut self, mut signals: Signals) -> Left {
        loop {
            if let Some(left) = self.reason_to_leave() {
                return left;
            }
            let wake = self.wake();
            // In this order: whatever has already come in is taken in before a frame is drawn.
            let left = tokio::select! {
                biased;
                heard = signals.next() => self.hear(heard),
                set = self.interrupt.changed() => self.interrupt.borrow_and_update().filter(|_| set.is_ok()).map(Left::Interrupted),
                typed = self.screen.read() => match typed {
                    Ok(bytes) => self.type_in(&bytes),
                    Err(_) => Some(Left::TerminalGone),
                },
                updated = self.feed.board.changed(), if self.board_open => {
                    self.board_open = updated.is_ok();
                    None
                }
                found = self.feed.samples.attempt.changed(), if self.attempt_open => {
                    self.attempt_open = found.is_ok();
                    self.changed = true;
                    None
                }
                written = self.screen.write_pending(), if self.screen.has_pending() => {
                    written.is_err().then_some(Left::TerminalGone)
                }
                () = sleep_until(wake) => self.look(),
            };
            if let Some(left) = left {
                return left;
            }
        }
    }

    /// The board as it is, frozen picture or not.
    fn board(&self) -> Arc<Board> {
        self.feed.board.borrow().clone()
    }

    fn reason_to_leave(&mut self) -> Option<Left> {
        let board = self.board();
        if board.state.is_over() {
            let since = *self.over_since.get_or_insert_with(Instant::now);
            return match self.view.leaving {
                Leaving::Interrupted => {
                    Some(Left::Interrupted(self.interrupted.unwrap_or(libc::SIGINT)))
                }
                Leaving::Asked => Some(Left::Quit),
                Leaving::No if self.stays_open() => None,
                Leaving::No => (since.elapsed() >= CLOSING).then_some(Left::RunOver),
            };
        }
        self.over_since = None;
        // After a panic on any thread the terminal has been given back already.
        let lost = !is_entered() || (!self.board_open && self.view.access == Access::Command);
        if lost {
            return Some(Left::RunLost);
        }
        let paused = board.state == RunState::Paused;
        match self.suspend_by {
            Some(deadline) if paused || Instant::now() >= deadline => self.suspend(true),
            _ => None,
        }
    }

    /// A finished run stays while someone looks: after a key, when frozen, and when it is only looked at.
    fn stays_open(&self) -> bool {
        self.view.kept_open || self.view.frozen || self.view.access == Access::Look
    }

    /// When to look next, if nothing comes in before.
    fn wake(&self) -> Instant {
        let board = self.feed.board.borrow();
        let moving = self.changed
            || self.feed.board.has_changed().unwrap_or(false)
            || (self.view.access == Access::Command && board.activity != Activity::Idle);
        let wake = if self.screen.has_pending() {
            self.looked + Duration::from_secs(1)
        } else if moving && (self.changed || !self.view.frozen) {
            self.drawn.max(self.looked) + FRAME
        } else {
            let now = clock(self.view.access, &board);
            let into_second = facts::elapsed(&board, now).rem_euclid(SECOND);
            self.looked + Duration::from_nanos((SECOND - into_second) as u64)
        };
        wake.min(self.suspend_by.unwrap_or(wake))
    }

    /// Takes in what changed since the last look and draws it, if anything did.
    fn look(&mut self) -> Option<Left> {
        let now = Instant::now();
        self.looked = now;
        if self.view.message.is_some() && now >= self.message_until {
            self.view.message = None;
            self.changed = true;
        }
        self.count_down(now);
        if !self.view.frozen {
            self.take_picture();
        }
        self.forget_answer();
        if !self.changed || self.screen.has_pending() {
            return None;
        }
        self.changed = false;
        self.drawn = now;
        let Picture {
            board,
            live,
            attempt,
            now,
        } = &self.picture;
        let scene = Scene {
            board,
            live,
            attempt: match attempt {
                Ok(attempt) => Ok(attempt.as_deref()),
                Err(why) => Err(why),
            },
            typical: self.feed.typical.as_ref(),
            directory: &self.feed.directory,
            view: &self.view,
            theme: &self.theme,
            now: *now,
            zone: &self.zone,
        };
        self.screen
            .draw(|frame| draw(frame, &scene))
            .is_err()
            .then_some(Left::TerminalGone)
    }

    /// An answer goes when the picture shows that it is no longer true.
    fn forget_answer(&mut self) {
        let state = self.picture.board.state;
        let untrue = |command: &mut Command| !answer::is_true(*command, state);
        if self.answered.take_if(untrue).is_some() {
            self.view.message = None;
            self.changed = true;
        }
    }

    fn count_down(&mut self, now: Instant) {
        let left = self
            .over_since
            .filter(|_| !self.stays_open())
            .map(|since| CLOSING.saturating_sub(now - since));
        let seconds = left.map(|left| left.as_millis().div_ceil(1000) as u64);
        self.changed |= self.view.closing_in != seconds;
        self.view.closing_in = seconds;
    }
}
