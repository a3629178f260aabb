//! The experiment as a state machine: what happened goes in, what to do next comes out.
//!
//! At most one step (deploy, force cold, invoke) is under way at a time. Every way back to a step
//! is counted against the sample's bound of attempts, so that no sample can hold up a run.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::board::Ended;
use super::message::{Command, Event, RunState};
use super::plan::{Deployment, Plan, Sweep};
use super::sample::{
    Attempt, AttemptOutcome, Failure, Purpose, SampleKey, SampleOutcome, StartKind,
};
use super::spending::{Spending, Terms};
use super::time::Nanos;
use super::until::half_width;

/// What the driver is to do.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Write this down and tell everyone.
    Record(Event),
    /// Deploy a package of this size; answer with [`Outcome::Deployed`] or [`Outcome::PreparationFailed`].
    Deploy {
        /// Bytes of the zip.
        package_bytes: u64,
    },
    /// Force a cold start; answer with [`Outcome::ColdForced`] or [`Outcome::PreparationFailed`].
    ForceCold,
    /// Invoke the function; answer with [`Outcome::Invoked`].
    Invoke(Invoke),
    /// Give up the step under way; answer as above, or with [`Outcome::GivenUp`].
    GiveUp,
    /// Clean up; nothing follows.
    Finish,
}

/// An invocation to make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Invoke {
    /// Number in the run, from 1.
    pub number: u64,
    /// Why.
    pub purpose: Purpose,
    /// Which try at its sample, from 1.
    pub attempt_of_sample: u32,
    /// Length of the `data` field, bytes.
    pub payload_bytes: u64,
}

/// How a step ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// The package is live.
    Deployed {
        /// SHA-256 of the zip, hex.
        sha256: String,
        /// How long it took, ns.
        took: Nanos,
    },
    /// The next invocation starts cold.
    ColdForced {
        /// How long it took, ns.
        took: Nanos,
    },
    /// Deploying or forcing a cold start failed.
    PreparationFailed(Failure),
    /// The invocation is over, well or not.
    Invoked(Box<Attempt>),
    /// The step was given up, as asked.
    GivenUp,
}

/// What goes in.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// Begin, or go on with an interrupted run.
    Begin,
    /// A person's wish.
    Command(Command),
    /// The step under way ended.
    Outcome(Outcome),
}

/// Facts about the platform that the rules need.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Conditions {
    /// Bytes of the smallest package: what a payload sweep deploys.
    pub smallest_package: u64,
    /// Idle time after which a warm environment is no longer believed in, ns.
    pub keep_warm: Nanos,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    None,
    Deploying,
    ForcingCold,
    Invoking,
}

#[derive(Debug, Clone, Copy)]
struct Current {
    key: SampleKey,
    /// Tries used up.
    tries: u32,
    /// Run time spent on it so far, ns.
    spent: Nanos,
    /// When the time not yet in `spent` began.
    since: Nanos,
}

/// A run in progress.
#[derive(Debug, Clone)]
pub struct Run {
    plan: Plan,
    conditions: Conditions,
    state: RunState,
    step: Step,
    queue: VecDeque<SampleKey>,
    current: Option<Current>,
    /// The attempt that counts for each ended sample.
    counted: BTreeMap<SampleKey, Option<u64>>,
    /// Skipped samples: none is added to their size and start kind.
    skipped: BTreeSet<SampleKey>,
    /// Invocation times of the measured samples, ns.
    times: BTreeMap<SampleKey, Nanos>,
    last: Option<SampleKey>,
    attempts: u64,
    deployed: Option<u64>,
    /// An environment has served an invocation that is no cold sample since the last deployment or forced cold start.
    warm: bool,
    cold_ready: bool,
    last_invocation: Nanos,
    terms: Terms,
    spent: Spending,
    /// Up to when run time is counted as spent; none before the first input.
    counted_to: Option<Nanos>,
    /// When the invocation under way began.
    invoking_since: Nanos,
}

impl Run {
    /// A run of `plan`, without the samples that have `ended` and after `attempts` earlier invocations.
    pub fn new(
        plan: Plan,
        conditions: Conditions,
        ended: &BTreeMap<SampleKey, Ended>,
        attempts: u64,
    ) -> Self {
        let queue = plan
            .samples()
            .into_iter()
            .filter(|key| !ended.contains_key(key))
            .collect();
        Self {
            plan,
            conditions,
            state: RunState::Preparing,
            step: Step::None,
            queue,
            current: None,
            counted: ended
                .iter()
                .map(|(key, ended)| (*key, ended.attempt))
                .collect(),
            skipped: ended
                .iter()
                .filter(|(_, ended)| matches!(ended.outcome, SampleOutcome::Skipped(_)))
                .map(|(key, _)| *key)
                .collect(),
            times: ended
                .iter()
                .filter(|(_, ended)| ended.outcome == SampleOutcome::Measured)
                .filter_map(|(key, ended)| Some((*key, ended.invocation?)))
                .collect(),
            last: None,
            attempts,
            deployed: None,
            warm: false,
            cold_ready: false,
            last_invocation: 0,
            terms: Terms::default(),
            spent: Spending::default(),
            counted_to: None,
            invoking_since: 0,
        }
    }

    /// The same run, of which `spent` is used up, and which stops before a step that would begin beyond `terms`.
    #[must_use]
    pub fn within(self, terms: Terms, spent: Spending) -> Self {
        Self {
            terms,
            spent,
            ..self
        }
    }

    /// Where it stands.
    pub fn state(&self) -> RunState {
        self.state
    }

    /// Takes in what happened at the monotonic time `now`, ns, and says what to do.
    pub fn handle(&mut self, input: Input, now: Nanos) -> Vec<Action> {
        let mut actions = Vec::new();
        if self.state.is_over() {
            return actions;
        }
        self.count_time(now);
        match input {
            Input::Begin => {
                self.enter(RunState::Running, &mut actions);
                self.skip_impossible_kind(&mut actions);
            }
            Input::Command(command) => self.command(command, now, &mut actions),
            Input::Outcome(outcome) => self.outcome(outcome, now, &mut actions),
        }
        if self.step == Step::None {
            self.between_steps(now, &mut actions);
        }
        actions
    }

    /// As in [`super::board`], time in a pause is not spent.
    fn count_time(&mut self, now: Nanos) {
        let since = self.counted_to.replace(now).unwrap_or(now);
        if self.state != RunState::Paused {
            self.spent.time += now - since;
        }
    }

    fn enter(&mut self, state: RunState, actions: &mut Vec<Action>) {
        self.state = state;
        actions.push(Action::Record(Event::StateEntered { state }));
    }

    fn command(&mut self, command: Command, now: Nanos, actions: &mut Vec<Action>) {
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

    fn give_up(&self, actions: &mut Vec<Action>) {
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

    fn skip_impossible_kind(&mut self, actions: &mut Vec<Action>) {
        let Some(reason) = self.plan.no_cold.clone() else {
            return;
        };
        let (skipped, kept): (Vec<_>, Vec<_>) = self
            .queue
            .drain(..)
            .partition(|key| key.kind == StartKind::Cold);
        self.queue = kept.into();
        if skipped.is_empty() {
            return;
        }
        self.counted.extend(skipped.iter().map(|key| (*key, None)));
        self.skipped.extend(skipped);
        actions.push(Action::Record(Event::KindSkipped {
            kind: StartKind::Cold,
            reason,
        }));
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

    fn outcome(&mut self, outcome: Outcome, now: Nanos, actions: &mut Vec<Action>) {
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
            ) => current.tries += 1,
        }
    }

    fn fail_if_exhausted(&mut self, failure: Failure, now: Nanos, actions: &mut Vec<Action>) {
        if self.state != RunState::Stopping
            && self
                .current
                .is_some_and(|current| current.tries >= self.plan.outline.attempts_per_sample)
        {
            self.end_sample(SampleOutcome::Failed(failure), None, now, actions);
        }
    }

    fn end_sample(
        &mut self,
        outcome: SampleOutcome,
        attempt: Option<u64>,
        now: Nanos,
        actions: &mut Vec<Action>,
    ) {
        let Some(current) = self.current.take() else {
            return;
        };
        let took = current.spent
            + if self.state == RunState::Paused {
                0
            } else {
                now - current.since
            };
        self.last = Some(current.key);
        self.record_end(current.key, outcome, attempt, took, actions);
    }

    fn record_end(
        &mut self,
        sample: SampleKey,
        outcome: SampleOutcome,
        attempt: Option<u64>,
        took: Nanos,
        actions: &mut Vec<Action>,
    ) {
        self.counted.insert(sample, attempt);
        if matches!(outcome, SampleOutcome::Skipped(_)) {
            self.skipped.insert(sample);
        }
        actions.push(Action::Record(Event::SampleEnded {
            sample,
            outcome,
            attempt,
            took,
        }));
    }

    /// No step is under way: pause, end, or begin the next one.
    fn between_steps(&mut self, now: Nanos, actions: &mut Vec<Action>) {
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

    fn next_sample(&mut self, now: Nanos, actions: &mut Vec<Action>) -> Option<Current> {
        while self.current.is_none() {
            if self.queue.is_empty() {
                self.extend(actions);
            }
            let key = self.queue.pop_front()?;
            if let Some(limit) = self.plan.beyond(key) {
                let reason = format!(
                    "{} B is beyond the limit of {} B ({})",
                    self.plan.size(key),
                    limit.bytes,
                    limit.name
                );
                self.record_end(key, SampleOutcome::Skipped(reason), None, 0, actions);
            } else {
                self.current = Some(Current {
                    key,
                    tries: 0,
                    spent: 0,
                    since: now,
                });
            }
        }
        self.current
    }

    /// Adds repetitions where the plan asks for it: bounded, as each round raises a count that may not exceed its most.
    fn extend(&mut self, actions: &mut Vec<Action>) {
        let Some(until) = self.plan.until else {
            return;
        };
        let mut added = BTreeMap::new();
        for (size, point) in (0..).zip(&self.plan.points) {
            for kind in StartKind::ALL {
                let mine = |key: &SampleKey| key.size == size && key.kind == kind;
                let ended = self.counted.keys().filter(|key| mine(key));
                let Some(from) = ended.map(|key| key.repetition + 1).max() else {
                    continue;
                };
                let times: Vec<Nanos> = self
                    .times
                    .iter()
                    .filter(|(key, _)| mine(key))
                    .map(|(_, time)| *time)
                    .collect();
                let more = until.more(&times, from);
                let given_up = self.skipped.iter().any(mine);
                if more == 0 || given_up || point.beyond.is_some() {
                    continue;
                }
                added.insert((size, kind), from..from + more);
                actions.push(Action::Record(Event::RepetitionsAdded {
                    size,
                    kind,
                    repetitions: from + more,
                    half_width: half_width(&times),
                }));
            }
        }
        let of = |size, kind| added.get(&(size, kind)).cloned().unwrap_or(0..0);
        self.queue.extend(self.plan.ordered(of));
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

    /// Whether the next step would begin beyond a limit. A preparation is one with the invocation that it is for.
    fn stopped_by_a_limit(&self, key: SampleKey, actions: &mut Vec<Action>) -> bool {
        let bytes = self.package_due(key).unwrap_or_default() + self.plan.payload_bytes(key);
        let reached = self.terms.beyond(&self.spent, bytes);
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

#[cfg(test)]
#[path = "run_tests.rs"]
mod tests;
