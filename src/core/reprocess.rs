//! Samples that SeBS recorded, evaluated again: by its own rules, and by ours with what differs and why.
//!
//! In SeBS's files the function is the "client" and the host the "server". SeBS joins the two ends' rows by their
//! place in the files, averages the offset, and adds it to the invocation time, from which it had to be subtracted.

use serde::Serialize;

use super::doubt::is_plausible;
use super::exchange::{Span, contain};
use super::offset::{ClockEstimate, estimate};
use super::sample::{Exchange, Stamps};
use super::time::{MICROSECOND, Nanos, SECOND};

/// Effects on an invocation time that are not worth a word, ns.
const NEGLIGIBLE: Nanos = MICROSECOND;

/// The times in one row of `result.csv`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Times {
    /// From the look-up of the name until the request could be sent, ns.
    pub connection: Nanos,
    /// The host's clock before that, ns since the epoch.
    pub start: Nanos,
    /// The function's clock at the handler's entry, ns since the epoch.
    pub finish: Nanos,
    /// The unit of these two stamps, ns; 0 for nanoseconds.
    pub unit: Nanos,
}

impl Times {
    /// The invocation time if the function's clock is `offset` ahead, ns.
    fn invocation(&self, offset: Nanos) -> Nanos {
        // Each of them fits; all of them together need not, in a file that makes no sense.
        [offset, self.start, self.connection]
            .into_iter()
            .fold(self.finish, Nanos::saturating_sub)
    }
}

/// One row of `result.csv` as it stands there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Sample {
    /// Bytes; SeBS has written whole numbers and fractions.
    pub size: String,
    /// Repetition.
    pub repetition: String,
    /// 1 for a cold start, 0 for a warm one; empty where SeBS did not record it.
    pub is_cold: String,
    /// Seconds until the request could be sent.
    pub connection_time: String,
    /// The host's clock before that, s since the epoch.
    pub start_timestamp: String,
    /// The function's clock at the handler's entry, s since the epoch.
    pub finish_timestamp: String,
    /// The platform's request id, by which the files of the exchanges are named.
    pub request_id: String,
}

/// A line that could not be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BadLine {
    /// The file.
    pub file: String,
    /// Its line, from 1.
    pub line: u64,
    /// The column.
    pub column: String,
    /// What stands there, its beginning.
    pub value: String,
}

/// What was found in a directory besides its samples.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Findings {
    /// The first of the lines that could not be used.
    pub bad_lines: Vec<BadLine>,
    /// How many more there are.
    pub more_bad_lines: u64,
    /// Files with exchanges that belong to no sample.
    pub orphans: Vec<String>,
    /// What else one should know.
    pub notes: Vec<String>,
    /// The table that was written.
    pub written: String,
}

/// One end's file: its usable rows, and the place of each among all rows, from 0.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rows {
    /// T2 to T3 of the host, T1 to T4 of the function.
    pub spans: Vec<Span>,
    /// Places in the file; rows that make no sense have one too.
    pub places: Vec<u32>,
    /// The unit of the stamps, ns; 0 for nanoseconds.
    pub unit: Nanos,
}

impl Rows {
    /// In the order of time, in which they are unless someone changed the file.
    fn in_order(mut self) -> Self {
        if !self.spans.is_sorted_by_key(|span| span.from) {
            let mut rows: Vec<_> = self.spans.into_iter().zip(self.places).collect();
            rows.sort_by_key(|(span, _)| span.from);
            (self.spans, self.places) = rows.into_iter().unzip();
        }
        self
    }
}

/// What SeBS writes into its last three columns, s; not a number where it had nothing to average.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BySebs {
    /// `clock_drift_mean`.
    pub mean: f64,
    /// `clock_drift_std`: the sample standard deviation.
    pub deviation: f64,
    /// `invocation_time`, with the mean added.
    pub invocation_time: f64,
}

impl BySebs {
    /// By SeBS's formulas in double precision, over the rows that have the same place in both files.
    pub fn of(times: &Times, host: &Rows, function: &Rows) -> Self {
        let count = drifts(host, function).count() as f64;
        let mean = if count > 0.0 {
            drifts(host, function).sum::<f64>() / count
        } else {
            f64::NAN
        };
        let squares: f64 = drifts(host, function)
            .map(|drift| (drift - mean).powi(2))
            .sum();
        let deviation = if count > 1.0 {
            (squares / (count - 1.0)).sqrt()
        } else {
            f64::NAN
        };
        Self::recorded(times, mean, deviation)
    }

    /// From a mean and a deviation that are known.
    pub fn recorded(times: &Times, mean: f64, deviation: f64) -> Self {
        let raw = double(times.finish) - double(times.start) - double(times.connection);
        Self {
            mean,
            deviation,
            invocation_time: raw + mean,
        }
    }
}

/// SeBS's `clock_drift` of each pair of rows with the same place.
fn drifts(host: &Rows, function: &Rows) -> impl Iterator<Item = f64> {
    let mut hosts = host.places.iter().zip(&host.spans).peekable();
    let functions = function.places.iter().zip(&function.spans);
    functions.filter_map(move |(place, outer)| {
        while hosts.next_if(|(other, _)| *other < place).is_some() {}
        let (_, inner) = hosts.next_if(|(other, _)| *other == place)?;
        let (out, back) = (
            double(outer.from) - double(inner.from),
            double(outer.to) - double(inner.to),
        );
        Some(f64::midpoint(out, back))
    })
}

/// `nanos` in seconds, as SeBS reads it from its files: the nearest double, also of times since the epoch.
fn double(nanos: Nanos) -> f64 {
    (nanos / SECOND) as f64 + (nanos % SECOND) as f64 / SECOND as f64
}

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
