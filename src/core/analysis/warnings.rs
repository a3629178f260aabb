//! What a reader of the figures should be wary of.

use super::{Cell, CellAnalysis, Gap, Screen, Warning};
use crate::core::distribution::median;
use crate::core::doubt::Doubt;
use crate::core::message::{Entry, Event};
use crate::core::sample::{AttemptOutcome, SampleKey, StartKind};
use crate::core::statistics::{LEAST_FOR_INTERVAL, trend};
use crate::core::time::Nanos;

/// Share of datagrams without an answer from which loss is called high.
const HIGH_LOSS: f64 = 0.05;
/// Share of the median from which the clocks' bound is called wide.
const WIDE_BOUND: f64 = 0.1;
/// Chance below which a trend is not taken for chance.
const RARE: f64 = 0.01;
/// Weakest correlation with time that is called drift.
const WEAKEST_DRIFT: f64 = 0.3;
/// Fewest samples of a kind that can show a drift.
const LEAST_FOR_DRIFT: usize = 12;

/// Whether a clock's bound is not small beside the median time, both in ns.
pub fn is_wide(bound: Nanos, median: Nanos) -> bool {
    bound as f64 > WIDE_BOUND * median as f64
}

/// The samples that an attempt of the other kind was made for, once for each.
pub(super) fn wrong_kind(entries: &[Entry]) -> impl Iterator<Item = SampleKey> {
    entries.iter().filter_map(|entry| match &entry.event {
        Event::AttemptEnded { attempt } if attempt.outcome == AttemptOutcome::WrongKind => {
            Some(attempt.purpose.key())
        }
        _ => None,
    })
}

/// All of them, those of the whole run first.
pub(super) fn of(
    screen: Screen,
    cells: &[Cell],
    described: &[CellAnalysis],
    gaps: &[Gap],
) -> Vec<Warning> {
    let counts = cells.iter().filter(|cell| !cell.beyond);
    let mut warnings: Vec<Warning> = too_few(counts.map(|cell| cell.measured().count()))
        .into_iter()
        .collect();
    if screen.on > 0 && screen.off > 0 {
        warnings.push(Warning::ScreenOn {
            count: screen.on,
            of: screen.samples(),
        });
    }
    warnings.extend(
        StartKind::ALL
            .into_iter()
            .filter_map(|kind| drift(cells, kind)),
    );
    warnings.extend(gaps.iter().filter_map(cold_faster));
    for (cell, figures) in cells.iter().zip(described) {
        of_cell(cell, figures, &mut warnings);
    }
    warnings
}

/// Of the samples measured of each size and start kind within the limits; none when all have enough for an interval.
pub fn too_few(counts: impl Iterator<Item = usize>) -> Option<Warning> {
    let (mut of, mut cells, mut fewest) = (0, 0, usize::MAX);
    for count in counts {
        of += 1;
        cells += usize::from(count < LEAST_FOR_INTERVAL);
        fewest = fewest.min(count);
    }
    (cells > 0).then_some(Warning::TooFewSamples {
        cells,
        of,
        fewest,
        least: LEAST_FOR_INTERVAL,
    })
}

fn cold_faster(gap: &Gap) -> Option<Warning> {
    let change = gap.change.filter(|change| change.difference < 0)?;
    let certain = change
        .interval
        .known()
        .is_some_and(|interval| interval.high < 0);
    Some(Warning::ColdFasterThanWarm {
        size: gap.size,
        difference: change.difference,
        certain,
    })
}

fn drift(cells: &[Cell], kind: StartKind) -> Option<Warning> {
    let groups: Vec<Vec<(Nanos, Nanos)>> = cells
        .iter()
        .filter(|cell| cell.kind == kind)
        .map(|cell| {
            let middle = median(&cell.times()).unwrap_or_default();
            cell.measured()
                .filter_map(|(attempt, time)| Some((attempt.http?.start, time - middle)))
                .collect()
        })
        .collect();
    let trend = trend(&groups).filter(|trend| {
        trend.n >= LEAST_FOR_DRIFT && trend.p < RARE && trend.correlation.abs() >= WEAKEST_DRIFT
    })?;
    // Each group has its own thirds, so that sizes weigh the same in both.
    let (mut first, mut last) = (Vec::new(), Vec::new());
    for mut group in groups {
        group.sort_unstable();
        let residuals: Vec<Nanos> = group.into_iter().map(|(_, residual)| residual).collect();
        let third = residuals.len().div_ceil(3);
        first.extend_from_slice(&residuals[..third]);
        last.extend_from_slice(&residuals[residuals.len() - third..]);
    }
    Some(Warning::Drift {
        kind,
        correlation: trend.correlation,
        p: trend.p,
        moved: median(&last)? - median(&first)?,
    })
}

fn of_cell(cell: &Cell, figures: &CellAnalysis, warnings: &mut Vec<Warning>) {
    let (size, kind) = (cell.size, cell.kind);
    if let Some(times) = figures.invocation_time.filter(|times| times.outliers > 0) {
        warnings.push(Warning::Outliers {
            size,
            kind,
            count: times.outliers,
            of: times.n,
        });
    }
    let attempts = || cell.attempts.iter().map(|(_, attempt)| attempt);
    let (of, doubtful) = (cell.attempts.len(), |doubt| {
        attempts().filter(|it| it.doubt() == Some(doubt)).count()
    });
    let (in_exchange, of_host) = (doubtful(Doubt::ClockStep), doubtful(Doubt::HostStep));
    if in_exchange + of_host > 0 {
        warnings.push(Warning::ClockStep {
            size,
            kind,
            in_exchange,
            of_host,
        });
    }
    let count = doubtful(Doubt::Implausible);
    if count > 0 {
        warnings.push(Warning::Implausible {
            size,
            kind,
            count,
            of,
        });
    }
    let count = doubtful(Doubt::Contradicted);
    if count > 0 {
        warnings.push(Warning::Contradicted {
            size,
            kind,
            count,
            of,
        });
    }
    let count = figures.rate.beyond;
    if count > 0 {
        warnings.push(Warning::FastClock {
            size,
            kind,
            count,
            of,
        });
    }
    if figures.unsynchronised > 0 {
        warnings.push(Warning::Unsynchronised {
            size,
            kind,
            count: figures.unsynchronised,
            of,
        });
    }
    if figures.loss >= HIGH_LOSS {
        let loss = figures.loss;
        warnings.push(Warning::HighLoss { size, kind, loss });
    }
    if let Some((times, bound)) = figures.invocation_time.zip(figures.bound)
        && is_wide(bound.median, times.median)
    {
        warnings.push(Warning::WideBound {
            size,
            kind,
            bound: bound.median,
            median: times.median,
        });
    }
    if cell.wrong_kind > 0 {
        let count = cell.wrong_kind;
        warnings.push(Warning::WrongKind { size, kind, count });
    }
}
