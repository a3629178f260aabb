//! How steps end: what counts, what is tried again, and the bound on it.

use super::{Action, Outcome, Run, Step};
use crate::core::message::{Event, RunState};
use crate::core::sample::{Attempt, AttemptOutcome, Failure, Purpose, SampleOutcome, StartKind};
use crate::core::time::Nanos;

impl Run {
    pub(super) fn outcome(&mut self, outcome: Outcome, now: Nanos, actions: &mut Vec<Action>) {
        let step = std::mem::replace(&mut self.step, Step::None);
        match outcome {
            Outcome::Deployed { sha256, took } => {
                let package_bytes = self.deployed.unwrap_or_default();
                actions.push(Action::Record(Event::Deployed {
                    package_bytes,
                    sha256,
                    took,
                }));
            }
            Outcome::ColdForced { took } => {
                self.cold_ready = true;
                actions.push(Action::Record(Event::ColdForced { took }));
            }
            Outcome::PreparationFailed(failure) => {
                self.forget_preparation(step);
                let Some(current) = self.current.as_mut() else {
                    return;
                };
                current.tries += 1;
                let (sample, attempt_of_sample) = (current.key, current.tries);
                actions.push(Action::Record(Event::PreparationFailed {
                    sample,
                    attempt_of_sample,
                    failure: failure.clone(),
                }));
                self.fail_if_exhausted(failure, now, actions);
            }
            Outcome::Invoked(attempt) => self.invoked(*attempt, now, actions),
            Outcome::GivenUp => self.forget_preparation(step),
        }
    }

    fn forget_preparation(&mut self, step: Step) {
        if step == Step::Deploying {
            self.deployed = None;
        }
        self.cold_ready = false;
        self.warm = false;
    }

    fn invoked(&mut self, attempt: Attempt, now: Nanos, actions: &mut Vec<Action>) {
        self.last_invocation = now;
        self.spent.invoked(&attempt, now - self.invoking_since);
        self.cold_ready = false;
        // The invocation after a cold start is slower than later ones, so a measured cold start warms nothing up.
        let was_cold_sample = attempt.purpose.asked() == Some(StartKind::Cold);
        self.warm = attempt.function.is_some() && !was_cold_sample;
        let (number, purpose, outcome) = (attempt.number, attempt.purpose, attempt.outcome.clone());
        let time = attempt.invocation_time();
        actions.push(Action::Record(Event::AttemptEnded {
            attempt: Box::new(attempt),
        }));
        // A sample that was skipped meanwhile has ended already.
        let Some(current) = self
            .current
            .as_mut()
            .filter(|current| current.key == purpose.key())
        else {
            return;
        };
        if self.state == RunState::Stopping {
            return;
        }
        match (purpose, outcome) {
            (Purpose::Sample(key), AttemptOutcome::Measured) => {
                self.times.extend(time.map(|time| (key, time)));
                self.end_sample(SampleOutcome::Measured, Some(number), now, actions);
            }
            (Purpose::Sample(_), AttemptOutcome::Unsynchronised) => {
                self.end_sample(SampleOutcome::Unsynchronised, Some(number), now, actions);
            }
            (Purpose::WarmUp(_), _) if self.warm => {}
            (_, AttemptOutcome::Failed(failure)) => {
                current.tries += 1;
                self.fail_if_exhausted(failure, now, actions);
            }
            (_, AttemptOutcome::WrongKind) => {
                current.tries += 1;
                let kind = purpose.key().kind;
                let what = format!("the function never started {}", kind.word());
                self.fail_if_exhausted(
                    Failure {
                        step: "start kind".into(),
                        what,
                        status: None,
                    },
                    now,
                    actions,
                );
            }
            (
                _,
                AttemptOutcome::Cancelled
                | AttemptOutcome::Measured
                | AttemptOutcome::Unsynchronised,
            ) => {
                current.tries += 1;
                let failure = Failure {
                    step: "invocation".into(),
                    what: "it was given up, or no function told of it".into(),
                    status: None,
                };
                self.fail_if_exhausted(failure, now, actions);
            }
        }
    }

    pub(super) fn fail_if_exhausted(
        &mut self,
        failure: Failure,
        now: Nanos,
        actions: &mut Vec<Action>,
    ) {
        if self.state != RunState::Stopping
            && self
                .current
                .is_some_and(|current| current.tries >= self.plan.outline.attempts_per_sample)
        {
            self.end_sample(SampleOutcome::Failed(failure), None, now, actions);
        }
    }
}
