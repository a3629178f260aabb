//! The experiment as a state machine: what happened goes in, what to do next comes out.
//!
//! At most one step (deploy, force cold, invoke) is under way at a time. Every way back to a step
//! is counted against the sample's bound of attempts, so that no sample can hold up a run.

mod attempts;
mod commands;
mod samples;
mod steps;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::core::board::Ended;
use crate::core::message::{Command, Event, RunState};
use crate::core::plan::Plan;
use crate::core::sample::{Attempt, Failure, Purpose, SampleKey, SampleOutcome};
use crate::core::spending::{Spending, Terms};
use crate::core::time::Nanos;

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
    /// Invocation times of the measured samples that nothing contradicts, ns.
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
    /// Samples that came to nothing since the run was begun or resumed; none once one was measured, be it before.
    fruitless: Option<u32>,
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
            fruitless: (ended.values())
                .all(|ended| ended.outcome != SampleOutcome::Measured)
                .then_some(0),
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
}
