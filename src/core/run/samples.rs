//! Which sample is next, which cannot be taken, which are added, and how each ends.

use std::collections::BTreeMap;

use super::{Action, Current, Run};
use crate::core::message::{Event, RunState};
use crate::core::sample::{SampleKey, SampleOutcome, StartKind};
use crate::core::time::Nanos;
use crate::core::until::half_width;

impl Run {
    pub(super) fn end_sample(
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
        self.fruitless = match outcome {
            SampleOutcome::Measured => None,
            SampleOutcome::Failed(_) | SampleOutcome::Unsynchronised => {
                self.fruitless.map(|before| before + 1)
            }
            SampleOutcome::Skipped(_) => self.fruitless,
        };
        self.record_end(current.key, outcome, attempt, took, actions);
    }

    pub(super) fn record_end(
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

    pub(super) fn skip_impossible_kind(&mut self, actions: &mut Vec<Action>) {
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

    pub(super) fn next_sample(&mut self, now: Nanos, actions: &mut Vec<Action>) -> Option<Current> {
        while self.current.is_none() {
            if self.queue.is_empty() {
                self.extend(actions);
            }
            let key = self.queue.pop_front()?;
            if let Some(limit) = self.plan.beyond(key) {
                let reason = limit.excludes(self.plan.size(key));
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
}
