//! Attempts and samples that begin and end.

use std::sync::Arc;

use super::cell::count_of;
use super::{Activity, Board, Ended, Severity};
use crate::core::contract::Carrier;
use crate::core::offset::round_trip;
use crate::core::sample::{Attempt, AttemptOutcome, Purpose, SampleKey, SampleOutcome, StartKind};
use crate::core::time::Nanos;
use crate::core::words::size;

impl Board {
    pub(super) fn attempt_started(&mut self, purpose: Purpose, attempt_of_sample: u32) {
        let payload_bytes = self.plan().map(|plan| plan.payload_bytes(purpose.key()));
        self.spending.invoking(payload_bytes.unwrap_or_default());
        self.invoking_since = self.elapsed;
        self.current = Some(purpose.key());
        self.attempt_of_sample = attempt_of_sample;
        self.activity = Activity::Invoking { purpose };
    }

    pub(super) fn attempt_ended(&mut self, wall: Nanos, attempt: &Attempt) {
        self.activity = Activity::Idle;
        self.attempts += 1;
        let waited = self.elapsed - self.invoking_since;
        self.spending.invoked(attempt, waited);
        self.packets.add(&attempt.packets);
        self.followed(wall, attempt);
        self.clock = attempt.clock.or(self.clock);
        self.last_invocation = attempt
            .invocation_time()
            .zip(attempt.bound())
            .map(|(time, bound)| (attempt.number, time, bound));
        let key = attempt.purpose.key();
        let wrong = attempt.outcome == AttemptOutcome::WrongKind;
        if let Some(cell) = self.cell_mut(key) {
            cell.packets.add(&attempt.packets);
            cell.wrong_kind += u32::from(wrong);
            attempt
                .exchanges
                .iter()
                .filter_map(round_trip)
                .for_each(|rtt| cell.rtt.record(rtt));
        }
        let of = format!(
            "({} of {})",
            attempt.attempt_of_sample,
            self.most_attempts()
        );
        match &attempt.outcome {
            AttemptOutcome::WrongKind => {
                let got = attempt.got().map_or("unknown", StartKind::word);
                self.note(
                    wall,
                    Severity::Warning,
                    format!("asked {}, got {got} {of}", key.kind.word()),
                );
            }
            AttemptOutcome::Failed(failure) => {
                self.note(wall, Severity::Warning, format!("{failure} {of}"));
            }
            AttemptOutcome::Unsynchronised
                if self.sync() == Carrier::Udp || attempt.purpose.asked().is_some() =>
            {
                let imported = self.plan().and_then(|plan| plan.imported.as_ref());
                let why =
                    imported.map_or_else(|| why_unsynchronised(attempt), |_| why_left_out(attempt));
                self.note(wall, Severity::Warning, why);
            }
            AttemptOutcome::Measured
            | AttemptOutcome::Unsynchronised
            | AttemptOutcome::Cancelled => {}
        }
        if attempt.clock.is_some_and(|clock| clock.clock_step) {
            self.note(
                wall,
                Severity::Warning,
                "a clock was stepped during the exchange, or runs more than 100 ppm off: the bound is no proof".into(),
            );
        }
    }

    fn followed(&mut self, wall: Nanos, attempt: &Attempt) {
        let Some(counts) = attempt.follow_ups else {
            return;
        };
        self.follow_ups.add(&counts);
        if counts.elsewhere > 0 && attempt.clock.is_some() {
            let text = format!(
                "{} of {} follow-ups were answered by another instance and say nothing of this one's clock",
                counts.elsewhere, counts.made
            );
            self.note(wall, Severity::Warning, text);
        }
    }

    pub(super) fn sample_ended(
        &mut self,
        wall: Nanos,
        key: SampleKey,
        outcome: &SampleOutcome,
        attempt: Option<u64>,
        took: Nanos,
    ) {
        let (invocation, bound) = self
            .last_invocation
            .filter(|(number, ..)| Some(*number) == attempt)
            .map(|(_, time, bound)| (time, bound))
            .unzip();
        let measured = *outcome == SampleOutcome::Measured;
        if let Some(cell) = self.cell_mut(key) {
            *count_of(cell, outcome) += 1;
            if let Some((time, bound)) = invocation.zip(bound).filter(|_| measured) {
                cell.invocation.insert(key.repetition, time);
                cell.bounds.insert(key.repetition, bound);
            }
        }
        if !matches!(outcome, SampleOutcome::Skipped(_)) {
            Arc::make_mut(&mut self.durations[usize::from(key.kind == StartKind::Cold)]).push(took);
        }
        match outcome {
            SampleOutcome::Failed(failure) => {
                self.note(wall, Severity::Error, format!("sample failed: {failure}"));
            }
            // What the plan rules out is told once, what a person gives up each time.
            SampleOutcome::Skipped(reason) if key.repetition == 0 || self.is_possible(key) => {
                let text = format!("{} skipped: {reason}", self.cell_name(key));
                self.note(wall, Severity::Note, text);
            }
            _ => {}
        }
        Arc::make_mut(&mut self.ended).insert(
            key,
            Ended {
                outcome: outcome.clone(),
                attempt,
                invocation,
            },
        );
        // As in `core::run`, what was skipped without having begun cannot be taken again.
        if self.current == Some(key) {
            self.last = Some(key);
        }
        self.again.take_if(|again| *again == key);
        self.current = None;
        self.attempt_of_sample = 1;
        self.activity = Activity::Idle;
    }

    pub(super) fn kind_skipped(&mut self, wall: Nanos, kind: StartKind, reason: &str) {
        let ended = Arc::make_mut(&mut self.ended);
        for cell in self.cells.iter_mut().filter(|cell| cell.kind == kind) {
            let cell = Arc::make_mut(cell);
            for repetition in 0..cell.repetitions {
                let size = cell.size;
                let key = SampleKey {
                    size,
                    kind,
                    repetition,
                };
                ended.entry(key).or_insert_with(|| {
                    cell.skipped += 1;
                    Ended {
                        outcome: SampleOutcome::Skipped(reason.into()),
                        attempt: None,
                        invocation: None,
                    }
                });
            }
        }
        let text = format!("every {} sample is skipped: {reason}", kind.word());
        self.note(wall, Severity::Warning, text);
    }

    pub(super) fn superseded(&mut self, wall: Nanos, key: SampleKey) {
        let Some(ended) = Arc::make_mut(&mut self.ended).remove(&key) else {
            return;
        };
        if let Some(cell) = self.cell_mut(key) {
            let count = count_of(cell, &ended.outcome);
            *count = count.saturating_sub(1);
            cell.invocation.remove(&key.repetition);
            cell.bounds.remove(&key.repetition);
        }
        self.superseded += 1;
        (self.last, self.again) = (None, Some(key));
        let bytes = self.plan().map_or(0, |plan| plan.size(key));
        let text = format!(
            "taking {} rep {} again ({})",
            key.kind.word(),
            key.repetition + 1,
            size(bytes)
        );
        self.note(wall, Severity::Note, text);
    }

    fn is_possible(&self, key: SampleKey) -> bool {
        self.plan()
            .is_some_and(|plan| plan.is_possible(key.size, key.kind))
    }

    /// `warm 1024 B`.
    fn cell_name(&self, key: SampleKey) -> String {
        let bytes = self.plan().map_or(0, |plan| plan.size(key));
        format!("{} {}", key.kind.word(), size(bytes))
    }
}

/// Of a sample that was imported.
fn why_left_out(attempt: &Attempt) -> String {
    let function = attempt.function.as_ref();
    let (request, why) = function.map_or(("", None), |function| {
        (
            function.request_id.as_str(),
            function.clock_error.as_deref(),
        )
    });
    format!("{request} has no time: {}", why.unwrap_or("unknown"))
}

fn why_unsynchronised(attempt: &Attempt) -> String {
    if let Some(counts) = attempt.follow_ups {
        return format!(
            "no clock estimate: of {} follow-ups over HTTP {} were answered by another instance and {} not at all{}",
            counts.made,
            counts.elsewhere,
            counts.failed,
            attempt
                .function
                .as_ref()
                .and_then(|function| function.clock_error.as_ref())
                .map_or_else(String::new, |error| format!("; the last: {error}"))
        );
    }
    let packets = &attempt.packets;
    let told = attempt
        .function
        .as_ref()
        .and_then(|function| function.clock_error.as_ref());
    let why = match (told, packets.received, packets.answered) {
        (Some(error), _, _) => format!("the function says: {error}"),
        (None, 0, _) => format!(
            "none of {} datagrams of the function reached this host; see --listen and --advertise",
            packets.sent
        ),
        (None, received, 0) => format!("none of {received} replies reached the function"),
        _ => "no exchange is complete".into(),
    };
    format!("no clock estimate: {why}")
}
