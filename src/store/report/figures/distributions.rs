//! The distribution of the invocation times of each size: ECDF and histogram.

use crate::core::time::Nanos;

use super::super::axis::{Axis, Quantity, Scale};
use super::super::canvas::{Mark, Shape};
use super::super::data::CellData;
use super::super::plot::Plot;
use super::{CARD, Figure, KINDS, Sources, Table, strings};
use crate::core::words::{digits, interval, nanos, percent, size};

/// Bins of a histogram.
const BINS: usize = 24;
/// Steps drawn of an ECDF; of more values, so many evenly spaced ranks.
const MOST_STEPS: usize = 200;

/// Two figures a size: those of one size stand together.
pub(super) fn figures(sources: Sources<'_>) -> Vec<Figure> {
    // The cells of a size are neighbours.
    sources
        .data
        .cells
        .chunks(2)
        .filter(|cells| cells.iter().any(|cell| !cell.samples.is_empty()))
        .flat_map(|cells| {
            let cells: Vec<(&CellData, Vec<Nanos>)> =
                cells.iter().map(|cell| (cell, sorted(cell))).collect();
            [ecdf(&cells), histogram(&cells)]
        })
        .collect()
}

fn sorted(cell: &CellData) -> Vec<Nanos> {
    let mut times: Vec<Nanos> = cell.samples.iter().map(|sample| sample.time).collect();
    times.sort_unstable();
    times
}

/// The time axis that both figures of a size share: logarithmic, unless a time is not positive.
fn time_axis(cells: &[(&CellData, Vec<Nanos>)]) -> Axis {
    let times = || cells.iter().flat_map(|(_, times)| times);
    let scale = if times().all(|time| *time > 0) {
        Scale::Log
    } else {
        Scale::Linear
    };
    Axis::of(
        "invocation time",
        Quantity::Time,
        scale,
        times().map(|time| *time as f64),
    )
}

fn name(cells: &[(&CellData, Vec<Nanos>)]) -> u64 {
    cells.first().map_or(0, |(cell, _)| cell.size)
}

/// How many samples there are: `n = 20 each`, `n = 20 warm, 19 cold`.
fn counts(cells: &[(&CellData, Vec<Nanos>)]) -> String {
    match cells {
        [(_, warm), (_, cold)] if warm.len() == cold.len() => format!("n = {} each", warm.len()),
        _ => {
            let counts = cells.iter();
            let counts =
                counts.map(|(cell, times)| format!("{} {}", times.len(), cell.kind.word()));
            format!("n = {}", counts.collect::<Vec<_>>().join(", "))
        }
    }
}

fn ecdf(cells: &[(&CellData, Vec<Nanos>)]) -> Figure {
    let x = time_axis(cells);
    let y = Axis::of("share", Quantity::Share, Scale::Linear, [1.0].into_iter()).between(0.0, 1.0);
    let shapes = cells
        .iter()
        .filter(|(_, times)| !times.is_empty())
        .map(|(cell, times)| {
            let word = cell.kind.word();
            let tip = format!(
                "{word}, {}: {} to {}, n = {}",
                size(cell.size),
                nanos(times[0]),
                nanos(times[times.len() - 1]),
                times.len()
            );
            Shape::new(Mark::Line, format!("{word} ecdf"), steps(times, &x))
                .with("size", &cell.size)
                .with("n", &times.len())
                .with(
                    "ns",
                    &join(
                        &ranks(times.len())
                            .map(|rank| times[rank])
                            .collect::<Vec<_>>(),
                    ),
                )
                .tip(tip)
        })
        .collect();
    let of = name(cells);
    Figure {
        id: format!("ecdf-{of}"),
        title: format!("{}: cumulative share, {}", size(of), counts(cells)),
        caption: format!(
            "Share of the samples at {} that took at most so long.",
            size(of)
        ),
        legend: KINDS.to_vec(),
        plots: vec![Plot { x, y, shapes }],
        formats: CARD,
        table: Some(quantiles(cells)),
    }
}

/// Ranks that are drawn of `n` values, from 0, the last one included.
fn ranks(n: usize) -> impl Iterator<Item = usize> {
    let drawn = n.min(MOST_STEPS);
    (1..=drawn).map(move |step| (step * n).div_ceil(drawn) - 1)
}

fn steps(times: &[Nanos], x: &Axis) -> Vec<(f64, f64)> {
    let n = times.len();
    let mut points = vec![(x.from(), 0.0)];
    let mut share = 0.0;
    for rank in ranks(n) {
        let time = times[rank] as f64;
        points.push((time, share));
        share = (rank + 1) as f64 / n as f64;
        points.push((time, share));
    }
    points.push((x.to(), share));
    points
}

fn join(values: &[Nanos]) -> String {
    let texts: Vec<String> = values.iter().map(ToString::to_string).collect();
    texts.join(" ")
}

fn quantiles(cells: &[(&CellData, Vec<Nanos>)]) -> Table {
    let head = strings(["start", "n", "smallest", "quartiles", "median", "largest"]);
    let rows = cells
        .iter()
        .filter(|(_, times)| !times.is_empty())
        .map(|(cell, times)| {
            let rank = |quarters: usize| times[(quarters * times.len()).div_ceil(4).max(1) - 1];
            let median = crate::core::distribution::median(times).unwrap_or_default();
            vec![
                cell.kind.word().into(),
                times.len().to_string(),
                nanos(times[0]),
                interval(rank(1) as f64, rank(3) as f64),
                nanos(median),
                nanos(times[times.len() - 1]),
            ]
        })
        .collect();
    Table { head, rows }
}

fn histogram(cells: &[(&CellData, Vec<Nanos>)]) -> Figure {
    let x = time_axis(cells);
    let edges = edges(&x, cells);
    let bins: Vec<(usize, usize, usize)> = cells
        .iter()
        .enumerate()
        .flat_map(|(number, (_, times))| {
            let edges = &edges;
            (0..BINS).map(move |bin| (number, bin, count(times, edges, bin)))
        })
        .filter(|(_, _, count)| *count > 0)
        .collect();
    let largest = bins.iter().map(|(_, _, count)| *count as f64);
    let y = Axis::of("samples", Quantity::Count, Scale::Linear, largest);
    let shapes = bins
        .iter()
        .map(|(number, bin, count)| {
            let cell = cells[*number].0;
            let word = cell.kind.word();
            let (from, to) = (edges[*bin], edges[bin + 1]);
            let share = *count as f64 / cells[*number].1.len() as f64;
            let corners = vec![(from, 0.0), (to, *count as f64)];
            Shape::new(Mark::Bar, format!("{word} bar"), corners)
                .with("size", &cell.size)
                .with("from", &digits(from, 9))
                .with("to", &digits(to, 9))
                .with("count", &count)
                .tip(format!(
                    "{word}: {count} samples ({}) from {}",
                    percent(share),
                    interval(from, to)
                ))
        })
        .collect();
    let of = name(cells);
    Figure {
        id: format!("histogram-{of}"),
        title: format!("{}: histogram, {}", size(of), counts(cells)),
        caption: format!(
            "Samples at {} by invocation time, in {BINS} bins of equal width on the axis.",
            size(of)
        ),
        legend: KINDS.to_vec(),
        plots: vec![Plot { x, y, shapes }],
        formats: CARD,
        table: None,
    }
}

/// The ends of the bins, from the smallest to the largest time.
fn edges(x: &Axis, cells: &[(&CellData, Vec<Nanos>)]) -> Vec<f64> {
    let times = || cells.iter().flat_map(|(_, times)| times);
    let low = times().min().copied().unwrap_or_default() as f64;
    let high = (times().max().copied().unwrap_or_default() as f64).max(low + 1.0);
    let at = |share: f64| match x.scale() {
        Scale::Log => low * (high / low).powf(share),
        Scale::Linear => low + (high - low) * share,
    };
    (0..=BINS).map(|bin| at(bin as f64 / BINS as f64)).collect()
}

/// Values in the bin: those above its lower edge and not above its upper one; the first and the last bin take what
/// rounding left outside.
fn count(sorted: &[Nanos], edges: &[f64], bin: usize) -> usize {
    let below = |edge: usize| match edge {
        0 => 0,
        BINS => sorted.len(),
        edge => sorted.partition_point(|time| *time as f64 <= edges[edge]),
    };
    below(bin + 1) - below(bin)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_values_are_drawn_by_rank_and_end_at_the_last() {
        assert_eq!(ranks(3).collect::<Vec<_>>(), [0, 1, 2]);
        let drawn: Vec<usize> = ranks(10_000).collect();
        assert_eq!((drawn.len(), drawn.last()), (MOST_STEPS, Some(&9_999)));
        assert_eq!(ranks(0).count(), 0);
    }

    #[test]
    fn every_value_is_in_one_bin() {
        let times: Vec<Nanos> = (1..=1000).map(|n| n * n).collect();
        let edges: Vec<f64> = (0..=BINS)
            .map(|bin| 1e6_f64.powf(bin as f64 / BINS as f64))
            .collect();
        let counted: usize = (0..BINS).map(|bin| count(&times, &edges, bin)).sum();
        assert_eq!(counted, times.len());
    }
}
