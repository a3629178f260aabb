//! From one event to the next board.

use std::sync::Arc;

use super::{Activity, Board, Cell, Severity};
use crate::core::message::{Entry, Event, RunHeader, RunState};
use crate::core::plan::Plan;
use crate::core::sample::{SampleKey, StartKind};
use crate::core::time::Nanos;
use crate::core::words::counted;

impl Board {
    /// Adds what happened.
    pub fn apply(&mut self, entry: &Entry) {
        if let Event::RunResumed { .. } = entry.event {
            self.elapsed_before = self.elapsed;
        }
        let elapsed = self.elapsed_before + entry.elapsed;
        if self.state != RunState::Paused {
            self.spending.time += elapsed - self.elapsed;
        }
        self.elapsed = elapsed;
        self.last_event = entry.wall;
        match &entry.event {
            Event::RunStarted { run } => self.begin(run, entry.wall),
            Event::RunResumed {
                kept,
                dropped_bytes,
            } => self.resumed(entry.wall, *kept, *dropped_bytes),
            Event::Shown { on } => self.display = Some(*on),
            Event::TermsSet { terms } => self.terms = Some(terms.clone()),
            Event::LimitReached { reached } => {
                self.reached = Some(*reached);
                self.note(
                    entry.wall,
                    Severity::Warning,
                    format!("stopped by {reached}"),
                );
            }
            Event::StateEntered { state } => {
                self.state = *state;
                if state.is_over() {
                    self.current = None;
                    self.activity = Activity::Idle;
                }
                self.note(entry.wall, Severity::Note, state.word().to_lowercase());
            }
            Event::DeployStarted {
                sample,
                package_bytes,
            } => {
                self.spending.deploying(*package_bytes);
                self.current = Some(*sample);
                self.activity = Activity::Deploying {
                    package_bytes: *package_bytes,
                };
            }
            Event::Deployed {
                package_bytes,
                took,
                ..
            } => self.deployed(entry.wall, *package_bytes, *took),
            Event::ColdStarted { sample } => {
                self.current = Some(*sample);
                self.activity = Activity::ForcingCold;
            }
            Event::ColdForced { .. } => self.activity = Activity::Idle,
            Event::PreparationFailed {
                failure,
                attempt_of_sample,
                ..
            } => {
                self.activity = Activity::Idle;
                let most = self.most_attempts();
                self.note(
                    entry.wall,
                    Severity::Warning,
                    format!("{failure} ({attempt_of_sample} of {most})"),
                );
            }
            Event::AttemptStarted {
                purpose,
                attempt_of_sample,
                ..
            } => self.attempt_started(*purpose, *attempt_of_sample),
            Event::AttemptEnded { attempt } => self.attempt_ended(entry.wall, attempt),
            Event::SampleEnded {
                sample,
                outcome,
                attempt,
                took,
            } => self.sample_ended(entry.wall, *sample, outcome, *attempt, *took),
            Event::KindSkipped { kind, reason } => self.kind_skipped(entry.wall, *kind, reason),
            Event::SampleSuperseded { sample, .. } => self.superseded(entry.wall, *sample),
            Event::RepetitionsAdded {
                size,
                kind,
                repetitions,
                half_width,
            } => self.added(entry.wall, (*size, *kind), *repetitions, *half_width),
            Event::Noted { text } => self.note(entry.wall, Severity::Note, text.clone()),
            Event::Warned { text } => self.note(entry.wall, Severity::Warning, text.clone()),
        }
        let plan = self.run.as_ref().map(|run| &run.plan);
        self.samples.take(entry, plan);
    }

    fn deployed(&mut self, wall: Nanos, package_bytes: u64, took: Nanos) {
        self.activity = Activity::Idle;
        let took = took as f64 / 1e6;
        let text = format!("deployed a package of {package_bytes} B in {took:.0} ms");
        self.note(wall, Severity::Note, text);
    }

    fn begin(&mut self, run: &RunHeader, wall: Nanos) {
        let plan = &run.plan;
        let cells = plan.cells();
        self.cells = cells
            .map(|(size, kind)| Arc::new(Cell::new(size, kind, plan.repetitions(size, kind))))
            .collect();
        self.run = Some(Arc::new(run.clone()));
        self.started = wall;
    }

    /// Forgets what concerned an earlier process alone: how it ended, what it had under way, its limits.
    pub(super) fn go_on(&mut self) {
        self.state = RunState::Preparing;
        self.current = None;
        self.last = None;
        self.activity = Activity::Idle;
        self.display = None;
        (self.terms, self.reached) = (None, None);
        self.forget_added();
    }

    fn resumed(&mut self, wall: Nanos, kept: u32, dropped_bytes: u64) {
        self.go_on();
        let torn = if dropped_bytes > 0 {
            format!("; dropped a last line of {dropped_bytes} bytes that was no whole event")
        } else {
            String::new()
        };
        self.note(
            wall,
            Severity::Note,
            format!("resumed: {kept} samples kept{torn}"),
        );
    }

    /// A run that goes on decides anew what is to be added to the samples that have ended.
    fn forget_added(&mut self) {
        let Some(planned) = self.plan().map(|plan| plan.outline.repetitions) else {
            return;
        };
        let ended = self.ended.clone();
        for cell in &mut self.cells {
            let mine = |key: &&SampleKey| key.size == cell.size && key.kind == cell.kind;
            let last = ended
                .keys()
                .filter(mine)
                .map(|key| key.repetition + 1)
                .max();
            let repetitions = planned.max(last.unwrap_or_default());
            Arc::make_mut(cell).repetitions = repetitions;
        }
    }

    fn added(
        &mut self,
        wall: Nanos,
        (size, kind): (u32, StartKind),
        repetitions: u32,
        half_width: Option<f64>,
    ) {
        let key = SampleKey {
            size,
            kind,
            repetition: 0,
        };
        let Some(cell) = self.cell_mut(key) else {
            return;
        };
        let more = repetitions.saturating_sub(cell.repetitions);
        cell.repetitions = repetitions;
        let bytes = self.plan().map_or(0, |plan| plan.size(key));
        let width = half_width.map_or_else(
            || "has no interval".into(),
            |width| format!("is known to ±{:.1} %", width * 100.0),
        );
        self.note(
            wall,
            Severity::Note,
            format!(
                "{} {bytes} B: its median {width}: {} more",
                kind.word(),
                counted(more.into(), "repetition")
            ),
        );
    }

    pub(super) fn cell_mut(&mut self, key: SampleKey) -> Option<&mut Cell> {
        self.cells.get_mut(Plan::cell(key)).map(Arc::make_mut)
    }

    pub(super) fn most_attempts(&self) -> u32 {
        self.plan()
            .map_or(0, |plan| plan.outline.attempts_per_sample)
    }
}
