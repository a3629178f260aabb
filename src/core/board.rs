//! The fold of a run's events that screen, plain output, resume and tables share.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use super::contract::Carrier;
use super::distribution::Distribution;
use super::follow_up::FollowUps;
use super::message::{Entry, Event, RunHeader, RunState};
use super::offset::ClockEstimate;
use super::plan::Plan;
use super::sample::{
    Attempt, AttemptOutcome, PacketCounts, Purpose, SampleKey, SampleOutcome, StartKind,
};
use super::spending::{Reached, Spending, Terms};
use super::time::Nanos;

/// Log lines kept.
const LOG_LINES: usize = 500;

/// What the driver is busy with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Activity {
    /// Between steps.
    #[default]
    Idle,
    /// A package is being made, sent and activated.
    Deploying {
        /// Bytes of the zip.
        package_bytes: u64,
    },
    /// A cold start is being prepared.
    ForcingCold,
    /// An invocation is in flight; its phase is in [`super::live::Live`].
    Invoking {
        /// The discarded one, or the sample's.
        purpose: Purpose,
    },
}

/// How much a log line matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// Good to know.
    Note,
    /// Something a person should look at.
    Warning,
    /// A sample was lost.
    Error,
}

/// One line of the log pane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// Wall clock, ns since the epoch.
    pub wall: Nanos,
    /// How much it matters.
    pub severity: Severity,
    /// The text.
    pub text: String,
}

/// One size and start kind.
#[derive(Debug, Clone)]
pub struct Cell {
    /// Index into the plan's points.
    pub size: u32,
    /// Start kind.
    pub kind: StartKind,
    /// Repetitions planned, added ones included.
    pub repetitions: u32,
    /// Samples measured.
    pub measured: u32,
    /// Samples without a clock estimate.
    pub unsynchronised: u32,
    /// Samples failed.
    pub failed: u32,
    /// Samples skipped.
    pub skipped: u32,
    /// Attempts that started in the other kind.
    pub wrong_kind: u32,
    /// Corrected invocation times of the measured samples, ns, by repetition.
    pub invocation: BTreeMap<u32, Nanos>,
    /// RTTs of all its attempts, ns.
    pub rtt: Distribution,
    /// Datagrams of all its attempts.
    pub packets: PacketCounts,
}

impl Cell {
    fn new(size: u32, kind: StartKind, repetitions: u32) -> Self {
        Self {
            size,
            kind,
            repetitions,
            measured: 0,
            unsynchronised: 0,
            failed: 0,
            skipped: 0,
            wrong_kind: 0,
            invocation: BTreeMap::new(),
            rtt: Distribution::default(),
            packets: PacketCounts::default(),
        }
    }

    /// Samples that have ended.
    pub fn ended(&self) -> u32 {
        self.measured + self.unsynchronised + self.failed + self.skipped
    }
}

/// How a sample ended, for resume and lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// How.
    pub outcome: SampleOutcome,
    /// The attempt that counts.
    pub attempt: Option<u64>,
    /// Its corrected invocation time, ns.
    pub invocation: Option<Nanos>,
}

/// Everything a reader of a run can know, but for the datagrams of the attempt in flight.
#[derive(Debug, Clone, Default)]
pub struct Board {
    /// What the run is; none before its first event.
    pub run: Option<Arc<RunHeader>>,
    /// Where it stands.
    pub state: RunState,
    /// What the driver is busy with.
    pub activity: Activity,
    /// The sample in progress.
    pub current: Option<SampleKey>,
    /// Which try at it, from 1.
    pub attempt_of_sample: u32,
    /// The sample that ended last: what `retry` takes again.
    pub last: Option<SampleKey>,
    /// By [`Plan::cell`].
    pub cells: Vec<Arc<Cell>>,
    /// How each sample ended.
    pub ended: Arc<BTreeMap<SampleKey, Ended>>,
    /// Clock estimate of the last attempt that had one.
    pub clock: Option<ClockEstimate>,
    /// Datagrams of all attempts.
    pub packets: PacketCounts,
    /// Invocations that compared the clocks of all attempts over HTTP.
    pub follow_ups: FollowUps,
    /// Attempts made, warm-ups included.
    pub attempts: u64,
    /// Samples taken again.
    pub superseded: u32,
    /// Wall clock at the first event, ns since the epoch.
    pub started: Nanos,
    /// Wall clock at the last event, ns since the epoch: what has passed since can be added to `elapsed`.
    pub last_event: Nanos,
    /// Run time up to the last event, pauses and earlier processes included, ns.
    pub elapsed: Nanos,
    /// Durations of ended samples that had an attempt, ns, by kind (warm, cold): what the ETA rests on.
    pub durations: [Arc<Vec<Nanos>>; 2],
    /// What has been used up.
    pub spending: Spending,
    /// What may be, and its price; none when nothing limits this process and nothing is paid.
    pub terms: Option<Terms>,
    /// The limit that stopped the run.
    pub reached: Option<Reached>,
    /// The last lines.
    pub log: VecDeque<Arc<LogLine>>,
    elapsed_before: Nanos,
    last_invocation: Option<(u64, Option<Nanos>)>,
    /// `elapsed` when the invocation under way began.
    invoking_since: Nanos,
}

impl Board {
    /// Folds a whole journal.
    pub fn of<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> Self {
        let mut board = Self::default();
        entries.into_iter().for_each(|entry| board.apply(entry));
        board
    }

    /// The plan; none before the first event.
    pub fn plan(&self) -> Option<&Plan> {
        self.run.as_ref().map(|run| &run.plan)
    }

    /// Samples planned, added repetitions included.
    pub fn planned(&self) -> u32 {
        self.cells.iter().map(|cell| cell.repetitions).sum()
    }

    /// The cell of the sample in progress, or of the last one.
    pub fn cell_in_view(&self) -> Option<&Cell> {
        self.current
            .or(self.last)
            .and_then(|key| self.cells.get(Plan::cell(key)))
            .map(AsRef::as_ref)
    }

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
            } => {
                self.activity = Activity::Idle;
                self.note(
                    entry.wall,
                    Severity::Note,
                    format!(
                        "deployed a package of {package_bytes} B in {:.0} ms",
                        *took as f64 / 1e6
                    ),
                );
            }
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
    }

    fn begin(&mut self, run: &RunHeader, wall: Nanos) {
        self.cells = (0..run.plan.points.len() as u32)
            .flat_map(|size| {
                StartKind::ALL
                    .map(|kind| Arc::new(Cell::new(size, kind, run.plan.outline.repetitions)))
            })
            .collect();
        self.run = Some(Arc::new(run.clone()));
        self.started = wall;
    }

    fn resumed(&mut self, wall: Nanos, kept: u32, dropped_bytes: u64) {
        self.current = None;
        self.last = None;
        self.activity = Activity::Idle;
        (self.terms, self.reached) = (None, None);
        self.forget_added();
        let torn = if dropped_bytes > 0 {
            format!("; dropped {dropped_bytes} bytes of a torn last line")
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
                "{} {bytes} B: its median {width}: {more} repetitions more",
                kind.word()
            ),
        );
    }

    fn cell_mut(&mut self, key: SampleKey) -> Option<&mut Cell> {
        self.cells.get_mut(Plan::cell(key)).map(Arc::make_mut)
    }

    /// What carries the clock exchange.
    pub fn sync(&self) -> Carrier {
        self.run
            .as_ref()
            .map_or_else(Carrier::default, |run| run.sync)
    }

    fn most_attempts(&self) -> u32 {
        self.plan()
            .map_or(0, |plan| plan.outline.attempts_per_sample)
    }

    fn attempt_started(&mut self, purpose: Purpose, attempt_of_sample: u32) {
        let payload_bytes = self.plan().map(|plan| plan.payload_bytes(purpose.key()));
        self.spending.invoking(payload_bytes.unwrap_or_default());
        self.invoking_since = self.elapsed;
        self.current = Some(purpose.key());
        self.attempt_of_sample = attempt_of_sample;
        self.activity = Activity::Invoking { purpose };
    }

    fn attempt_ended(&mut self, wall: Nanos, attempt: &Attempt) {
        self.activity = Activity::Idle;
        self.attempts += 1;
        let waited = self.elapsed - self.invoking_since;
        self.spending.invoked(attempt, waited);
        self.packets.add(&attempt.packets);
        self.followed(wall, attempt);
        self.clock = attempt.clock.or(self.clock);
        self.last_invocation = Some((attempt.number, attempt.invocation_time()));
        let key = attempt.purpose.key();
        let wrong = attempt.outcome == AttemptOutcome::WrongKind;
        if let Some(cell) = self.cell_mut(key) {
            cell.packets.add(&attempt.packets);
            cell.wrong_kind += u32::from(wrong);
            attempt
                .exchanges
                .iter()
                .filter_map(super::offset::round_trip)
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
                self.note(wall, Severity::Warning, why_unsynchronised(attempt));
            }
            AttemptOutcome::Measured
            | AttemptOutcome::Unsynchronised
            | AttemptOutcome::Cancelled => {}
        }
        if attempt.clock.is_some_and(|clock| clock.clock_step) {
            self.note(
                wall,
                Severity::Warning,
                "a clock was stepped during the exchange: the bound is no proof".into(),
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

    fn sample_ended(
        &mut self,
        wall: Nanos,
        key: SampleKey,
        outcome: &SampleOutcome,
        attempt: Option<u64>,
        took: Nanos,
    ) {
        let invocation = self
            .last_invocation
            .filter(|(number, _)| Some(*number) == attempt)
            .and_then(|(_, time)| time);
        let measured = *outcome == SampleOutcome::Measured;
        if let Some(cell) = self.cell_mut(key) {
            *count_of(cell, outcome) += 1;
            if let Some(time) = invocation.filter(|_| measured) {
                cell.invocation.insert(key.repetition, time);
            }
        }
        if !matches!(outcome, SampleOutcome::Skipped(_)) {
            Arc::make_mut(&mut self.durations[usize::from(key.kind == StartKind::Cold)]).push(took);
        }
        match outcome {
            SampleOutcome::Failed(failure) => {
                self.note(wall, Severity::Error, format!("sample failed: {failure}"));
            }
            SampleOutcome::Skipped(reason) if key.repetition == 0 => {
                self.note(wall, Severity::Note, format!("skipped: {reason}"));
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
        self.current = None;
        self.attempt_of_sample = 1;
        self.activity = Activity::Idle;
    }

    fn kind_skipped(&mut self, wall: Nanos, kind: StartKind, reason: &str) {
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

    fn superseded(&mut self, wall: Nanos, key: SampleKey) {
        let Some(ended) = Arc::make_mut(&mut self.ended).remove(&key) else {
            return;
        };
        if let Some(cell) = self.cell_mut(key) {
            let count = count_of(cell, &ended.outcome);
            *count = count.saturating_sub(1);
            cell.invocation.remove(&key.repetition);
        }
        self.superseded += 1;
        self.last = None;
        self.note(
            wall,
            Severity::Note,
            format!(
                "taking {} rep {} again",
                key.kind.word(),
                key.repetition + 1
            ),
        );
    }

    fn note(&mut self, wall: Nanos, severity: Severity, text: String) {
        if self.log.len() == LOG_LINES {
            self.log.pop_front();
        }
        self.log.push_back(Arc::new(LogLine {
            wall,
            severity,
            text,
        }));
    }
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

fn count_of<'a>(cell: &'a mut Cell, outcome: &SampleOutcome) -> &'a mut u32 {
    match outcome {
        SampleOutcome::Measured => &mut cell.measured,
        SampleOutcome::Unsynchronised => &mut cell.unsynchronised,
        SampleOutcome::Failed(_) => &mut cell.failed,
        SampleOutcome::Skipped(_) => &mut cell.skipped,
    }
}
