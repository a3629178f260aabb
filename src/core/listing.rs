//! Every sample of a recorded run in a row: what it yielded, and where in the journal its attempt stands.

use super::message::{Entry, Event};
use super::plan::Plan;
use super::sample::{Attempt, PacketCounts, SampleKey, SampleOutcome};
use super::time::Nanos;

/// What is to be noticed of a sample before its numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// Nothing: it was measured.
    None,
    /// It was taken again later, or a clock was stepped during it.
    Look,
    /// It has no clock estimate.
    NoClock,
    /// It failed.
    Failed,
    /// It was skipped.
    Skipped,
}

impl Mark {
    /// The character for it.
    pub fn symbol(self) -> &'static str {
        match self {
            Self::None => " ",
            Self::Look => "!",
            Self::NoClock => "?",
            Self::Failed => "x",
            Self::Skipped => "-",
        }
    }
}

/// One sample that ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Which.
    pub key: SampleKey,
    /// The size that was swept, bytes.
    pub size: u64,
    /// What is to be noticed.
    pub mark: Mark,
    /// Corrected invocation time, ns; none without a clock estimate.
    pub invocation: Option<Nanos>,
    /// Its proven bound, ns.
    pub bound: Option<Nanos>,
    /// Smallest RTT of its exchanges, ns.
    pub rtt: Option<Nanos>,
    /// Datagrams of the attempt that counts.
    pub packets: PacketCounts,
    /// Tries it took, those that failed before the invocation included.
    pub tries: u32,
    /// Entries of the journal up to its end.
    pub end: usize,
    /// Index of the entry with the attempt that counts, else with the last one; none when nothing was invoked.
    pub attempt: Option<usize>,
}

/// The samples in the order in which they ended; one that was taken again has a row for each time, one beyond a
/// limit of the platform has none.
pub fn rows(entries: &[Entry]) -> Vec<Row> {
    let mut list = List::default();
    let plan = entries.iter().find_map(|entry| match &entry.event {
        Event::RunStarted { run } => Some(&run.plan),
        _ => None,
    });
    for (place, entry) in entries.iter().enumerate() {
        list.take(place, entry, plan);
    }
    list.rows
}

#[derive(Default)]
struct List<'a> {
    rows: Vec<Row>,
    /// The attempts of the sample in progress, each with its place.
    attempts: Vec<(usize, &'a Attempt)>,
    tries: u32,
}

impl<'a> List<'a> {
    fn take(&mut self, place: usize, entry: &'a Entry, plan: Option<&Plan>) {
        match &entry.event {
            Event::RunResumed { .. } => self.begin_next(),
            Event::PreparationFailed {
                attempt_of_sample, ..
            }
            | Event::AttemptStarted {
                attempt_of_sample, ..
            } => self.tries = self.tries.max(*attempt_of_sample),
            Event::AttemptEnded { attempt } if attempt.purpose.asked().is_some() => {
                self.attempts.push((place, attempt));
            }
            Event::SampleSuperseded { sample, .. } => {
                let earlier = self.rows.iter_mut().rev().find(|row| row.key == *sample);
                if let Some(row) = earlier.filter(|row| row.mark == Mark::None) {
                    row.mark = Mark::Look;
                }
            }
            Event::SampleEnded {
                sample,
                outcome,
                attempt,
                ..
            } => {
                let beyond = plan.is_some_and(|plan| plan.beyond(*sample).is_some());
                if !beyond {
                    let size = plan.map_or(0, |plan| plan.size(*sample));
                    let row = self.row(*sample, size, outcome, *attempt);
                    self.rows.push(Row {
                        end: place + 1,
                        ..row
                    });
                }
                self.begin_next();
            }
            _ => {}
        }
    }

    fn begin_next(&mut self) {
        self.attempts.clear();
        self.tries = 0;
    }

    fn row(&self, key: SampleKey, size: u64, outcome: &SampleOutcome, number: Option<u64>) -> Row {
        let named = |(_, attempt): &&(usize, &Attempt)| Some(attempt.number) == number;
        let found = self.attempts.iter().find(named).or(self.attempts.last());
        let attempt = found.map(|(_, attempt)| *attempt);
        let clock = attempt.and_then(|attempt| attempt.clock);
        Row {
            key,
            size,
            mark: match outcome {
                SampleOutcome::Failed(_) => Mark::Failed,
                SampleOutcome::Skipped(_) => Mark::Skipped,
                SampleOutcome::Unsynchronised => Mark::NoClock,
                SampleOutcome::Measured if clock.is_some_and(|clock| clock.clock_step) => {
                    Mark::Look
                }
                SampleOutcome::Measured => Mark::None,
            },
            invocation: attempt
                .filter(|_| *outcome == SampleOutcome::Measured)
                .and_then(Attempt::invocation_time),
            bound: clock.map(|clock| clock.bound),
            rtt: clock.map(|clock| clock.minimum_rtt),
            packets: attempt.map(|attempt| attempt.packets).unwrap_or_default(),
            tries: self.tries,
            end: 0,
            attempt: found.map(|(place, _)| *place),
        }
    }
}
