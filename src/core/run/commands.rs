//! What a person asks of a run: pause, skip, retry, stop.

use super::{Action, Run, Step};
use crate::core::message::{Command, Event, RunState};
use crate::core::sample::SampleOutcome;
use crate::core::time::Nanos;

impl Run {
    pub(super) fn command(&mut self, command: Command, now: Nanos, actions: &mut Vec<Action>) {
        match command {
            Command::Pause if self.state == RunState::Running => {
                self.enter(RunState::Pausing, actions);
            }
            Command::Resume if matches!(self.state, RunState::Pausing | RunState::Paused) => {
                if let Some(current) = self
                    .current
                    .as_mut()
                    .filter(|_| self.state == RunState::Paused)
                {
                    current.since = now;
                }
                self.enter(RunState::Running, actions);
            }
            Command::SkipSample => self.skip_current(now, actions),
            Command::SkipSize => self.skip_size(now, actions),
            Command::Retry => self.retry(actions),
            Command::Stop if self.state != RunState::Stopping => {
                self.enter(RunState::Stopping, actions);
                self.give_up(actions);
            }
            Command::Pause | Command::Resume | Command::Stop => {}
        }
    }

    pub(super) fn give_up(&self, actions: &mut Vec<Action>) {
        if self.step != Step::None {
            actions.push(Action::GiveUp);
        }
    }

    fn skip_current(&mut self, now: Nanos, actions: &mut Vec<Action>) {
        if self.current.is_some() && self.state != RunState::Stopping {
            self.give_up(actions);
            self.end_sample(
                SampleOutcome::Skipped("by the user".into()),
                None,
                now,
                actions,
            );
        }
    }

    fn skip_size(&mut self, now: Nanos, actions: &mut Vec<Action>) {
        let Some(size) = self.current.map(|current| current.key.size) else {
            return;
        };
        if self.state == RunState::Stopping {
            return;
        }
        self.skip_current(now, actions);
        let (skipped, kept): (Vec<_>, Vec<_>) =
            self.queue.drain(..).partition(|key| key.size == size);
        self.queue = kept.into();
        for key in skipped {
            self.record_end(
                key,
                SampleOutcome::Skipped("its size, by the user".into()),
                None,
                0,
                actions,
            );
        }
    }

    fn retry(&mut self, actions: &mut Vec<Action>) {
        if self.state == RunState::Stopping {
            return;
        }
        if let Some(key) = self.last.take() {
            let attempt = self.counted.remove(&key).flatten();
            self.times.remove(&key);
            self.skipped.remove(&key);
            actions.push(Action::Record(Event::SampleSuperseded {
                sample: key,
                attempt,
            }));
            self.queue.push_front(key);
        }
    }
}
