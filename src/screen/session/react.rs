//! What is done about keys and signals.

use tokio::sync::mpsc::error::TrySendError;
use tokio::time::{Duration, Instant};

use crate::core::message::{Command, RunState};

use super::{MESSAGE, Session};
use crate::screen::Left;
use crate::screen::answer;
use crate::screen::control::{Effect, press};
use crate::screen::input::Press;
use crate::screen::layout::place;
use crate::screen::signals::Heard;
use crate::screen::view::Leaving;

/// How long the run is given to pause before the process is stopped.
const PAUSING: Duration = Duration::from_secs(2);

impl Session {
    pub(super) fn hear(&mut self, heard: Heard) -> Option<Left> {
        match heard {
            Heard::Interrupt => self.press(Press::Control('c')),
            Heard::Terminate(signal) => {
                self.feed.interrupt.send_replace(Some(signal));
                Some(Left::Interrupted(signal))
            }
            Heard::HangUp => Some(Left::TerminalGone),
            Heard::Suspend => self.begin_suspend(),
            Heard::GoOn => {
                self.changed = true;
                self.screen.reclaim().is_err().then_some(Left::TerminalGone)
            }
            Heard::Resize => {
                self.changed = true;
                self.screen
                    .start_afresh()
                    .is_err()
                    .then_some(Left::TerminalGone)
            }
        }
    }

    pub(super) fn type_in(&mut self, bytes: &[u8]) -> Option<Left> {
        self.decoder
            .decode(bytes)
            .into_iter()
            .find_map(|key| self.press(key))
    }

    fn press(&mut self, key: Press) -> Option<Left> {
        let board = self.board();
        let focus = self.view.focus;
        self.answered = None;
        let effect = press(key, &board, &mut self.view);
        self.changed = true;
        if self.view.focus != focus && !self.view.zoomed {
            self.say_where_the_focus_is();
        }
        let left = match effect {
            None => None,
            Some(Effect::Leave(left)) => Some(left),
            Some(Effect::Show(sample)) => {
                self.feed.samples.wanted.send_replace(sample);
                None
            }
            Some(Effect::Suspend) => self.begin_suspend(),
            Some(Effect::Interrupt) => {
                self.feed.interrupt.send_replace(Some(libc::SIGINT));
                self.interrupt.mark_unchanged();
                self.interrupted = Some(libc::SIGINT);
                self.view.leaving = Leaving::Interrupted;
                None
            }
            Some(Effect::Send(command)) => {
                self.send(command);
                None
            }
        };
        self.message_until = Instant::now() + MESSAGE;
        left
    }

    /// A pane that has no room here would be focused unseen.
    fn say_where_the_focus_is(&mut self) {
        let area = self.screen.area();
        let sizes = self
            .picture
            .board
            .plan()
            .map_or(0, |plan| plan.points.len());
        if !place(area, sizes, self.view.focus, None).shows(self.view.focus) {
            self.view.message = Some(format!(
                "{}: no room beside the others, z shows it alone",
                self.view.focus.name()
            ));
        }
    }

    fn send(&mut self, command: Command) {
        let Some(commands) = &self.feed.commands else {
            return;
        };
        self.view.message = match commands.try_send(command) {
            Ok(()) if command == Command::Stop => {
                self.view.leaving = Leaving::Asked;
                None
            }
            Ok(()) => {
                self.answered = Some(command);
                Some(answer::words(command).into())
            }
            Err(TrySendError::Full(_)) => {
                Some("the run is busy with earlier keys; press again in a moment".into())
            }
            Err(TrySendError::Closed(_)) => Some("the run no longer listens".into()),
        };
    }

    /// Pauses the run first, so that no attempt in flight is measured across the stop.
    fn begin_suspend(&mut self) -> Option<Left> {
        let paused = self.board().state == RunState::Running
            && self
                .feed
                .commands
                .as_ref()
                .is_some_and(|commands| commands.try_send(Command::Pause).is_ok());
        if !paused {
            return self.suspend(false);
        }
        self.suspend_by.get_or_insert(Instant::now() + PAUSING);
        self.view.message = Some("pausing, then to the shell".into());
        None
    }

    pub(super) fn suspend(&mut self, resume: bool) -> Option<Left> {
        self.suspend_by = None;
        self.changed = true;
        let back = self.screen.suspend();
        if resume {
            self.send(Command::Resume);
        }
        back.is_err().then_some(Left::TerminalGone)
    }
}
