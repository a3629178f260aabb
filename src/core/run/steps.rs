//! Which step is next: deploy, force a cold start, warm up or invoke, within what may be used up.

use super::{Action, Current, Invoke, Run, Step};
use crate::core::message::{Event, RunState};
use crate::core::plan::{Deployment, Sweep};
use crate::core::sample::{Purpose, SampleKey, StartKind};
use crate::core::time::Nanos;

impl Run {
    /// No step is under way: pause, end, or begin the next one.
    pub(super) fn between_steps(&mut self, now: Nanos, actions: &mut Vec<Action>) {
        match self.state {
            RunState::Pausing => {
                if let Some(current) = self.current.as_mut() {
                    current.spent += now - current.since;
                }
                self.enter(RunState::Paused, actions);
            }
            RunState::Stopping => self.finish(actions),
            RunState::Running => match self.next_sample(now, actions) {
                Some(current) if self.stopped_by_a_limit(current.key, actions) => {
                    self.enter(RunState::Stopping, actions);
                    self.finish(actions);
                }
                Some(current) => self.begin_step(current, now, actions),
                None => self.finish(actions),
            },
            RunState::Preparing | RunState::Paused | RunState::Complete | RunState::Incomplete => {}
        }
    }

    fn finish(&mut self, actions: &mut Vec<Action>) {
        let left = self.current.is_some() || !self.queue.is_empty();
        self.enter(
            if left {
                RunState::Incomplete
            } else {
                RunState::Complete
            },
            actions,
        );
        actions.push(Action::Finish);
    }

    /// The package to deploy before this sample: none when it is live, or when the function is not ours to deploy.
    fn package_due(&self, key: SampleKey) -> Option<u64> {
        let package_bytes = match (self.plan.deployment, self.plan.outline.sweep) {
            (Deployment::Theirs, _) => return None,
            (Deployment::Ours, Sweep::Payload) => self.conditions.smallest_package,
            (Deployment::Ours, Sweep::Code) => self.plan.size(key),
        };
        (self.deployed != Some(package_bytes)).then_some(package_bytes)
    }

    /// Whether nothing comes of it, or the next step would begin beyond a limit. A preparation is one with the invocation that it is for.
    fn stopped_by_a_limit(&self, key: SampleKey, actions: &mut Vec<Action>) -> bool {
        let bytes = self.package_due(key).unwrap_or_default() + self.plan.payload_bytes(key);
        let given_up = self
            .fruitless
            .and_then(|samples| self.terms.given_up(samples));
        let reached = given_up.or_else(|| self.terms.beyond(&self.spent, bytes));
        actions.extend(reached.map(|reached| Action::Record(Event::LimitReached { reached })));
        reached.is_some()
    }

    fn begin_step(&mut self, current: Current, now: Nanos, actions: &mut Vec<Action>) {
        let key = current.key;
        if now - self.last_invocation > self.conditions.keep_warm {
            self.warm = false;
        }
        if let Some(package_bytes) = self.package_due(key) {
            self.deployed = Some(package_bytes);
            (self.warm, self.cold_ready) = (false, false);
            self.step = Step::Deploying;
            self.spent.deploying(package_bytes);
            actions.push(Action::Record(Event::DeployStarted {
                sample: key,
                package_bytes,
            }));
            actions.push(Action::Deploy { package_bytes });
        } else if key.kind == StartKind::Cold && !self.cold_ready {
            self.warm = false;
            self.step = Step::ForcingCold;
            actions.push(Action::Record(Event::ColdStarted { sample: key }));
            actions.push(Action::ForceCold);
        } else {
            let warming_up = key.kind == StartKind::Warm && !self.warm;
            let purpose = if warming_up {
                Purpose::WarmUp(key)
            } else {
                Purpose::Sample(key)
            };
            let payload_bytes = self.plan.payload_bytes(key);
            self.attempts += 1;
            self.step = Step::Invoking;
            self.spent.invoking(payload_bytes);
            self.invoking_since = now;
            actions.push(Action::Invoke(Invoke {
                number: self.attempts,
                purpose,
                attempt_of_sample: current.tries + 1,
                payload_bytes,
            }));
        }
    }
}
