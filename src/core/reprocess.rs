//! Samples that SeBS recorded, evaluated again: by its own rules, and by ours with what differs and why.
//!
//! In SeBS's files the function is the "client" and the host the "server". SeBS joins the two ends' rows by their
//! place in the files, averages the offset, and adds it to the invocation time, from which it had to be subtracted.

mod by_sebs;
mod recorded;

use serde::Serialize;

use super::doubt::is_plausible;
use super::exchange::{Span, contain};
use super::offset::{ClockEstimate, estimate};
use super::sample::{Exchange, Stamps};
use super::time::{MICROSECOND, Nanos, SECOND};

pub use self::by_sebs::BySebs;
pub use self::recorded::{BadLine, Findings, Rows, Sample, Times};

/// Effects on an invocation time that are not worth a word, ns.
const NEGLIGIBLE: Nanos = MICROSECOND;

/// How much is known of a sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The clocks were compared by the exchanges' rows.
    Measured,
    /// There are no rows, but the mean that SeBS made of them: its sign is put right, and there is no bound.
    SignOnly,
    /// The clocks were compared, and the time that follows is one that no invocation takes: it is withheld.
    Implausible,
    /// The clocks were not compared: there is no invocation time.
    Unsynchronised,
}

impl Outcome {
    /// Its word in tables.
    pub fn word(self) -> &'static str {
        match self {
            Self::Measured => "measured",
            Self::SignOnly => "sign_only",
            Self::Implausible => "implausible",
            Self::Unsynchronised => "unsynchronised",
        }
    }
}

/// Why a sample's figure is not the one of SeBS. The effects `by` add up to the whole difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum Change {
    /// SeBS added the offset.
    Sign {
        /// Effect on the invocation time, ns.
        by: Nanos,
    },
    /// A datagram was lost on one end only, so SeBS's rows do not belong together.
    Misaligned {
        /// The first such row of the function's file, from 1.
        from: u32,
        /// How many rows of the function belong to another one of the host.
        rows: u32,
        /// Effect on the invocation time, ns.
        by: Nanos,
    },
    /// Rows of the function have no partner, and SeBS averages them with whatever has the same place.
    Unmatched {
        /// How many rows.
        rows: u32,
        /// Effect on the invocation time, ns.
        by: Nanos,
    },
    /// SeBS averages all exchanges, of which the slow ones say less.
    Averaged {
        /// Effect on the invocation time, ns.
        by: Nanos,
    },
    /// There is nothing to compare the clocks by.
    Unsynchronised,
    /// SeBS's figure is below 0.
    Negative,
    /// SeBS's figure is below half the smallest RTT, which a request takes at the least on an even path.
    BelowHalfRtt,
    /// So is ours, or it is below 0: the path was uneven, or a clock was stepped.
    Implausible,
    /// No offset agrees with all exchanges: a clock was stepped, or runs more than 100 ppm off, and the bound is no proof.
    ClockStep,
}

/// A sample evaluated again.
#[derive(Debug, Clone, PartialEq)]
pub struct Evaluation {
    /// By SeBS's rules.
    pub sebs: BySebs,
    /// How much is known.
    pub outcome: Outcome,
    /// The clocks compared at the handler's entry.
    pub clock: Option<ClockEstimate>,
    /// The invocation time, ns; none below half the smallest RTT.
    pub time: Option<Nanos>,
    /// The bound on its error, ns.
    pub bound: Option<Nanos>,
    /// The invocation time by the exchange with the smallest RTT alone, ns; none below half of that.
    pub minimum_rtt_time: Option<Nanos>,
    /// Rows of the function without one of the host.
    pub unmatched: u32,
    /// Rows of the host without one of the function: replies that did not arrive.
    pub unanswered: u32,
    /// Why it differs.
    pub changes: Vec<Change>,
    /// The rows joined by time; none where they stand elsewhere.
    pub exchanges: Vec<Exchange>,
}

impl Evaluation {
    /// From the rows of both ends, joined by time.
    pub fn of_rows(times: &Times, host: Rows, function: Rows) -> Self {
        let sebs = BySebs::of(times, &host, &function);
        let unit = host.unit.max(function.unit);
        let (host, function) = (host.in_order(), function.in_order());
        let partners = contain(&host.spans, &function.spans);
        let misaligned = Misaligned::of(&host, &function, &partners);
        let exchanges = exchanges(&host, &function, &partners);
        let clock = estimate(&exchanges, times.finish).map(|clock| clock.coarsened(unit));
        let matched = partners.iter().flatten().count();
        Self {
            unanswered: (host.spans.len() - matched) as u32,
            exchanges,
            ..Self::of_clock(times, sebs, clock, misaligned)
        }
    }

    /// From clocks that have been compared already, by exchanges with sequence numbers.
    pub fn of_estimate(times: &Times, sebs: BySebs, clock: Option<ClockEstimate>) -> Self {
        Self::of_clock(times, sebs, clock, Misaligned::default())
    }

    /// From the mean that SeBS recorded, without the rows it was made of.
    pub fn of_mean(times: &Times, sebs: BySebs) -> Self {
        if sebs.mean.is_nan() {
            return Self::of_estimate(times, sebs, None);
        }
        let offset = (sebs.mean * SECOND as f64).round() as Nanos;
        let mut changes = vec![Change::Sign { by: -2 * offset }];
        changes.extend((sebs.invocation_time < 0.0).then_some(Change::Negative));
        let time = times.invocation(offset);
        changes.extend((time < 0).then_some(Change::Implausible));
        Self {
            outcome: if time < 0 {
                Outcome::Implausible
            } else {
                Outcome::SignOnly
            },
            time: Some(time).filter(|time| *time >= 0),
            changes,
            ..Self::of_estimate(times, sebs, None)
        }
    }

    fn of_clock(
        times: &Times,
        sebs: BySebs,
        clock: Option<ClockEstimate>,
        misaligned: Misaligned,
    ) -> Self {
        let time = clock.map(|clock| times.invocation(clock.offset));
        let plausible = |time: &Nanos| clock.is_some_and(|clock| is_plausible(*time, &clock));
        Self {
            sebs,
            outcome: match time {
                Some(time) if plausible(&time) => Outcome::Measured,
                Some(_) => Outcome::Implausible,
                None => Outcome::Unsynchronised,
            },
            clock,
            time: time.filter(plausible),
            bound: clock.map(|clock| clock.bound + times.unit),
            minimum_rtt_time: clock
                .map(|clock| times.invocation(clock.minimum_rtt_offset))
                .filter(plausible),
            unmatched: misaligned.unmatched,
            unanswered: 0,
            exchanges: Vec::new(),
            changes: match (clock, time) {
                (Some(clock), Some(time)) => changes(&sebs, &clock, time, misaligned),
                _ => vec![Change::Unsynchronised],
            },
        }
    }
}

/// Rows that have the same place and do not belong together.
#[derive(Clone, Copy, Default)]
struct Misaligned {
    from: u32,
    rows: u32,
    /// Rows of the function without a partner at any place.
    unmatched: u32,
}

impl Misaligned {
    fn of(host: &Rows, function: &Rows, partners: &[Option<u32>]) -> Self {
        let elsewhere = function
            .places
            .iter()
            .zip(partners)
            .filter(|(place, partner)| {
                partner.is_some_and(|partner| host.places[partner as usize] != **place)
            });
        let unmatched = partners.iter().filter(|partner| partner.is_none()).count() as u32;
        let none = Self {
            unmatched,
            ..Self::default()
        };
        elsewhere.fold(none, |found, (place, _)| Self {
            from: if found.rows == 0 {
                place + 1
            } else {
                found.from.min(place + 1)
            },
            rows: found.rows + 1,
            unmatched,
        })
    }
}

/// The rows as exchanges, numbered from 1, as SeBS leaves out the first.
fn exchanges(host: &Rows, function: &Rows, partners: &[Option<u32>]) -> Vec<Exchange> {
    let stamps = |nanos| Stamps(nanos, None);
    let exchange = |((outer, partner), number): ((&Span, &Option<u32>), u32)| {
        let inner = partner.map(|partner| host.spans[partner as usize]);
        Exchange(
            number,
            None,
            stamps(outer.from),
            inner.map(|inner| stamps(inner.from)),
            inner.map(|inner| stamps(inner.to)),
            Some(stamps(outer.to)),
        )
    };
    function
        .spans
        .iter()
        .zip(partners)
        .zip(1..)
        .map(exchange)
        .collect()
}

fn changes(
    sebs: &BySebs,
    clock: &ClockEstimate,
    time: Nanos,
    misaligned: Misaligned,
) -> Vec<Change> {
    let mut changes = Vec::new();
    let joined = clock.mean.round() as Nanos;
    // Without a pair of rows in the same places SeBS has no figure that could be changed.
    if !sebs.mean.is_nan() {
        let mean = (sebs.mean * SECOND as f64).round() as Nanos;
        let said = |change, by: Nanos| (by.abs() >= NEGLIGIBLE).then_some(change);
        let sign = -2 * mean;
        changes.extend(said(Change::Sign { by: sign }, sign));
        let by = mean - joined;
        changes.extend(match misaligned {
            Misaligned { from, rows, .. } if rows > 0 => {
                Some(Change::Misaligned { from, rows, by })
            }
            Misaligned { unmatched, .. } => {
                let rows = unmatched;
                said(Change::Unmatched { rows, by }, by)
            }
        });
        let by = joined - clock.offset;
        changes.extend(said(Change::Averaged { by }, by));
        let half = clock.minimum_rtt / 2;
        let theirs = (sebs.invocation_time * SECOND as f64).round() as Nanos;
        if theirs < 0 {
            changes.push(Change::Negative);
        } else if theirs < half {
            changes.push(Change::BelowHalfRtt);
        }
    }
    changes.extend((!is_plausible(time, clock)).then_some(Change::Implausible));
    changes.extend(clock.clock_step.then_some(Change::ClockStep));
    changes
}
