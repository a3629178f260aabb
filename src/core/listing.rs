//! Every sample of a run in a row: what it yielded, and where in the journal its attempt stands.

use std::collections::VecDeque;
use std::sync::Arc;

use super::message::{Entry, Event};
use super::offset::ClockEstimate;
use super::plan::Plan;
use super::sample::{Attempt, PacketCounts, SampleKey, SampleOutcome};
use super::time::Nanos;

/// Rows that a run in progress keeps, the latest: a few hundred kilobytes.
const KEPT: usize = 2000;

/// What is to be noticed of a sample before its numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// Nothing: it was measured.
    None,
    /// It was taken again later, or something contradicts it, such as a stepped clock: it is in no figure.
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
    /// Its number, from 1, in the order in which samples ended.
    pub number: usize,
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

/// The rows of a run, in the order in which its samples ended; cheap to clone.
pub type Rows = Arc<VecDeque<Row>>;

/// The row of the sample with this number.
pub fn find(rows: &Rows, number: usize) -> Option<&Row> {
    rows.get(number.checked_sub(rows.front()?.number)?)
}

/// Every row of a journal; a sample that was taken again has one for each time, one beyond a limit of the platform
/// has none.
pub fn rows(entries: &[Entry]) -> Rows {
    let mut listing = Listing {
        most: usize::MAX,
        ..Listing::default()
    };
    let plan = entries.iter().find_map(|entry| match &entry.event {
        Event::RunStarted { run } => Some(&run.plan),
        _ => None,
    });
    for entry in entries {
        listing.take(entry, plan);
    }
    listing.rows
}

/// The fold of a journal into rows, of which it keeps the latest.
#[derive(Debug, Clone)]
pub struct Listing {
    rows: Rows,
    /// Rows that are kept.
    most: usize,
    /// Samples that have ended, those without a row any more included.
    ended: usize,
    /// Entries taken in.
    entries: usize,
    /// Attempts that ended since the latest sample did.
    attempts: Vec<Seen>,
    tries: u32,
}

impl Default for Listing {
    fn default() -> Self {
        Self {
            rows: Rows::default(),
            most: KEPT,
            ended: 0,
            entries: 0,
            attempts: Vec::new(),
            tries: 0,
        }
    }
}

/// What a row needs of an attempt.
#[derive(Debug, Clone, Copy)]
struct Seen {
    key: SampleKey,
    place: usize,
    number: u64,
    invocation: Option<Nanos>,
    bound: Option<Nanos>,
    /// Its time is in no figure.
    doubtful: bool,
    clock: Option<ClockEstimate>,
    packets: PacketCounts,
}

impl Seen {
    fn of(place: usize, attempt: &Attempt) -> Self {
        Self {
            key: attempt.purpose.key(),
            place,
            number: attempt.number,
            invocation: attempt.corrected_time(),
            bound: attempt.bound(),
            doubtful: attempt.doubt().is_some(),
            clock: attempt.clock,
            packets: attempt.packets,
        }
    }
}

impl Listing {
    /// The latest rows.
    pub fn rows(&self) -> &Rows {
        &self.rows
    }

    /// Adds what happened; every entry from the first must come by.
    pub fn take(&mut self, entry: &Entry, plan: Option<&Plan>) {
        let place = self.entries;
        self.entries += 1;
        match &entry.event {
            Event::RunResumed { .. } => self.begin_next(),
            Event::PreparationFailed {
                attempt_of_sample, ..
            }
            | Event::AttemptStarted {
                attempt_of_sample, ..
            } => self.tries = self.tries.max(*attempt_of_sample),
            Event::AttemptEnded { attempt } if attempt.purpose.asked().is_some() => {
                self.attempts.push(Seen::of(place, attempt));
            }
            Event::SampleSuperseded { sample, .. } => self.superseded(*sample),
            Event::SampleEnded {
                sample,
                outcome,
                attempt,
                ..
            } => {
                let beyond = plan.is_some_and(|plan| plan.beyond(*sample).is_some());
                if !beyond {
                    let size = plan.map_or(0, |plan| plan.size(*sample));
                    self.push(self.row((*sample, size), outcome, *attempt));
                }
                self.begin_next();
            }
            _ => {}
        }
    }

    fn superseded(&mut self, sample: SampleKey) {
        let rows = Arc::make_mut(&mut self.rows).iter_mut();
        let earlier = rows.rev().find(|row| row.key == sample);
        if let Some(row) = earlier.filter(|row| row.mark == Mark::None) {
            row.mark = Mark::Look;
        }
    }

    fn push(&mut self, row: Row) {
        self.ended += 1;
        let rows = Arc::make_mut(&mut self.rows);
        if rows.len() >= self.most {
            rows.pop_front();
        }
        rows.push_back(row);
    }

    fn begin_next(&mut self) {
        self.attempts.clear();
        self.tries = 0;
    }

    fn row(
        &self,
        (key, size): (SampleKey, u64),
        outcome: &SampleOutcome,
        counts: Option<u64>,
    ) -> Row {
        let named = |seen: &&Seen| Some(seen.number) == counts;
        // That of a sample that was skipped meanwhile ends after it, among those of the next one.
        let mut own = self.attempts.iter().filter(|seen| seen.key == key);
        let found = own.clone().find(named).or(own.next_back());
        let clock = found.and_then(|seen| seen.clock);
        Row {
            number: self.ended + 1,
            key,
            size,
            mark: match outcome {
                SampleOutcome::Failed(_) => Mark::Failed,
                SampleOutcome::Skipped(_) => Mark::Skipped,
                SampleOutcome::Unsynchronised => Mark::NoClock,
                SampleOutcome::Measured if found.is_some_and(|seen| seen.doubtful) => Mark::Look,
                SampleOutcome::Measured => Mark::None,
            },
            invocation: found
                .filter(|_| *outcome == SampleOutcome::Measured)
                .and_then(|seen| seen.invocation),
            bound: found.and_then(|seen| seen.bound),
            rtt: clock.map(|clock| clock.minimum_rtt),
            packets: found.map(|seen| seen.packets).unwrap_or_default(),
            tries: self.tries,
            end: self.entries,
            attempt: found.map(|seen| seen.place),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::made_up;
    use crate::core::sample::{AttemptOutcome, Purpose, StartKind};

    fn warm(repetition: u32) -> SampleKey {
        SampleKey {
            size: 0,
            kind: StartKind::Warm,
            repetition,
        }
    }

    fn ended(repetition: u32) -> Entry {
        Entry {
            number: u64::from(repetition) + 1,
            wall: 0,
            elapsed: 0,
            event: Event::SampleEnded {
                sample: warm(repetition),
                outcome: SampleOutcome::Skipped("a test".into()),
                attempt: None,
                took: 0,
            },
        }
    }

    #[test]
    fn an_attempt_that_ends_after_its_sample_was_skipped_is_in_no_other_samples_row() {
        let cancelled = Entry {
            event: Event::AttemptEnded {
                attempt: Box::new(Attempt {
                    purpose: Purpose::Sample(warm(0)),
                    outcome: AttemptOutcome::Cancelled,
                    ..made_up::attempt()
                }),
            },
            ..ended(0)
        };
        let its_own = rows(&[cancelled.clone(), ended(0)]);
        assert_eq!(its_own[0].attempt, Some(0));
        let rows = rows(&[ended(0), cancelled, ended(1)]);
        assert_eq!(rows[1].key, warm(1));
        assert_eq!(rows[1].attempt, None);
        assert_eq!(rows[1].packets, PacketCounts::default());
    }

    #[test]
    fn a_long_run_keeps_its_latest_rows_under_the_numbers_they_had() {
        let mut listing = Listing::default();
        let last = KEPT as u32 + 10;
        (0..last).for_each(|repetition| listing.take(&ended(repetition), None));
        let rows = listing.rows();
        assert_eq!(rows.len(), KEPT);
        assert_eq!(rows.front().map(|row| row.number), Some(11));
        for number in [11, 500, KEPT + 10] {
            let found = find(rows, number).map(|row| (row.number, row.key.repetition));
            assert_eq!(found, Some((number, number as u32 - 1)));
        }
        assert!(find(rows, 10).is_none() && find(rows, KEPT + 11).is_none());
        let entries: Vec<Entry> = (0..last).map(ended).collect();
        assert_eq!(
            super::rows(&entries).len(),
            KEPT + 10,
            "a recorded run has all"
        );
    }
}
