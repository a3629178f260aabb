//! What the figures show beyond the analysis: the samples themselves, and one attempt's exchanges.

use serde::Serialize;

use crate::core::counting::counting;
use crate::core::message::{Entry, Event, RunHeader};
use crate::core::offset::{round_trip, widening};
use crate::core::plan::Plan;
use crate::core::sample::{Attempt, Exchange, SampleKey, Stamps, StartKind};
use crate::core::time::Nanos;

/// A sample that counts and has a clock estimate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Sample {
    /// Repetition, from 0.
    pub repetition: u32,
    /// Number of its attempt.
    pub attempt: u64,
    /// Corrected invocation time, ns.
    #[serde(rename = "invocation_time")]
    pub time: Nanos,
    /// Proven bound on its error, ns.
    pub bound: Nanos,
}

/// One size and start kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CellData {
    /// Bytes.
    pub size: u64,
    /// Start kind.
    pub kind: StartKind,
    /// Samples measured, by repetition.
    pub samples: Vec<Sample>,
    /// RTTs of its samples' exchanges, ns, ascending.
    pub rtts: Vec<Nanos>,
}

/// What the figures are made from.
#[derive(Debug, Clone, PartialEq)]
pub struct Data {
    /// The run.
    pub run: RunHeader,
    /// By [`Plan::cell`].
    pub cells: Vec<CellData>,
    /// The attempt whose exchanges are shown.
    pub chosen: Option<Convergence>,
}

/// How one attempt's exchanges close in on the offset.
#[derive(Debug, Clone, PartialEq)]
pub struct Convergence {
    /// The attempt, without its exchanges.
    pub attempt: Attempt,
    /// In order of the exchanges.
    pub steps: Vec<Step>,
}

/// What is known of the offset after one more exchange, ns relative to the final estimate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Step {
    /// Sequence number of the exchange.
    pub sequence: u32,
    /// Least offset by this exchange alone.
    pub own_lower: Option<Nanos>,
    /// Largest offset by this exchange alone.
    pub own_upper: Option<Nanos>,
    /// Least offset by all exchanges so far.
    pub lower: Option<Nanos>,
    /// Largest offset by all exchanges so far.
    pub upper: Option<Nanos>,
}

/// The run has no attempt of that number with a clock estimate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoSuchAttempt(pub u64);

impl Data {
    /// Of a journal whose first entry is `run`; `attempt` is the one whose exchanges are shown, by default that
    /// whose bound is the median one.
    pub fn of(
        run: &RunHeader,
        entries: &[Entry],
        attempt: Option<u64>,
    ) -> Result<Self, NoSuchAttempt> {
        let mut cells: Vec<CellData> = run
            .plan
            .points
            .iter()
            .flat_map(|point| StartKind::ALL.map(|kind| empty_cell(point.size, kind)))
            .collect();
        for (key, counting) in counting(entries) {
            if let Some(cell) = cells.get_mut(Plan::cell(key)) {
                cell.rtts
                    .extend(counting.exchanges.iter().filter_map(round_trip));
                cell.samples.extend(Sample::of(key, counting));
            }
        }
        for cell in &mut cells {
            cell.rtts.sort_unstable();
        }
        let number = attempt.or_else(|| typical(&cells));
        let chosen = number.map(|number| {
            find(entries, number)
                .and_then(Convergence::of)
                .ok_or(NoSuchAttempt(number))
        });
        Ok(Self {
            run: run.clone(),
            cells,
            chosen: chosen.transpose()?,
        })
    }
}

impl Sample {
    fn of(key: SampleKey, attempt: &Attempt) -> Option<Self> {
        Some(Self {
            repetition: key.repetition,
            attempt: attempt.number,
            time: attempt.invocation_time()?,
            bound: attempt.bound()?,
        })
    }
}

fn find(entries: &[Entry], number: u64) -> Option<&Attempt> {
    entries.iter().find_map(|entry| match &entry.event {
        Event::AttemptEnded { attempt } if attempt.number == number => Some(attempt.as_ref()),
        _ => None,
    })
}

fn empty_cell(size: u64, kind: StartKind) -> CellData {
    CellData {
        size,
        kind,
        samples: Vec::new(),
        rtts: Vec::new(),
    }
}

/// The attempt whose bound is the median one.
fn typical(cells: &[CellData]) -> Option<u64> {
    let mut samples: Vec<&Sample> = cells.iter().flat_map(|cell| &cell.samples).collect();
    samples.sort_unstable_by_key(|sample| (sample.bound, sample.attempt));
    samples.get(samples.len() / 2).map(|sample| sample.attempt)
}

impl Convergence {
    /// Of an attempt with a clock estimate.
    fn of(attempt: &Attempt) -> Option<Self> {
        let clock = attempt.clock?;
        let (mut lower, mut upper): (Option<Nanos>, Option<Nanos>) = (None, None);
        let steps = attempt
            .exchanges
            .iter()
            .map(|exchange| {
                let (own_lower, own_upper) = limits(exchange, clock.at);
                let relative = |limit: Option<Nanos>| limit.map(|limit| limit - clock.offset);
                lower = lower.max(own_lower);
                upper = [upper, own_upper].into_iter().flatten().min();
                Step {
                    sequence: exchange.0,
                    own_lower: relative(own_lower),
                    own_upper: relative(own_upper),
                    lower: relative(lower),
                    upper: relative(upper),
                }
            })
            .collect();
        let attempt = Attempt {
            exchanges: Vec::new(),
            ..attempt.clone()
        };
        Some(Self { attempt, steps })
    }
}

/// T1 - T2 and T4 - T3, the limits that one exchange sets to the offset at `at`, as in [`crate::core::offset`].
fn limits(exchange: &Exchange, at: Nanos) -> (Option<Nanos>, Option<Nanos>) {
    let best = |Stamps(user, kernel): Stamps| kernel.unwrap_or(user);
    let Exchange(_, _, t1, t2, t3, t4) = *exchange;
    let lower = t2.map(|t2| best(t1) - best(t2) - widening(best(t1) - at));
    let upper = t3
        .zip(t4)
        .map(|(t3, t4)| best(t4) - best(t3) + widening(best(t4) - at));
    (lower, upper)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::offset::estimate;
    use crate::core::time::{MICROSECOND, SECOND};

    #[test]
    fn the_last_limits_are_those_of_the_estimate() {
        let begin = 1_800_000_000 * SECOND;
        let exchanges: Vec<Exchange> = [(90, 20), (30, 80), (50, 50)]
            .into_iter()
            .zip(0..)
            .map(|((out, back), number)| {
                let whole = |time| Stamps(time, Some(time));
                let t1 = begin + Nanos::from(number) * SECOND;
                let t2 = t1 + out * MICROSECOND;
                let t4 = t2 + back * MICROSECOND;
                Exchange(
                    number,
                    Some(number),
                    whole(t1),
                    Some(whole(t2)),
                    Some(whole(t2)),
                    Some(whole(t4)),
                )
            })
            .collect();
        let estimate = estimate(&exchanges, begin).expect("an estimate");
        let limits: Vec<_> = exchanges
            .iter()
            .map(|exchange| limits(exchange, begin))
            .collect();
        let lower = limits
            .iter()
            .filter_map(|limit| limit.0)
            .max()
            .expect("one");
        let upper = limits
            .iter()
            .filter_map(|limit| limit.1)
            .min()
            .expect("one");
        let ends = [estimate.offset - lower, upper - estimate.offset];
        assert_eq!(ends.into_iter().max(), Some(estimate.bound));
    }
}
