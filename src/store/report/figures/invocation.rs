//! Invocation time against size.

use crate::core::analysis::CellAnalysis;
use crate::core::fit::Line;
use crate::core::sample::StartKind;
use crate::core::statistics::{Description, LEAST_FOR_INTERVAL, MedianInterval};
use crate::core::time::SECOND;

use super::super::axis::{Axis, Quantity, Scale};
use super::super::canvas::{Mark, Shape};
use super::super::data::{CellData, Sample};
use super::super::plot::Plot;
use super::{
    Figure, KINDS, NONE, PAGE, Sources, Table, dot, enough, interval_of, median_dot, strings,
};
use crate::core::words::{digits, duration, interval, nanos, percent, size, with_bound};

/// Samples drawn of one size and start kind; of more, so many evenly spaced ones by rank, both ends included.
const MOST_POINTS: usize = 60;
/// Ratio of the medians up to which the linear axis is shown first.
const LINEAR_MOST: f64 = 30.0;
/// Places at which a line and its band are drawn.
const STEPS: u64 = 120;

pub(super) fn figure(sources: Sources<'_>) -> Figure {
    let most = sources
        .data
        .cells
        .iter()
        .map(|cell| cell.samples.len())
        .max()
        .unwrap_or_default();
    let thinned = if most > MOST_POINTS {
        format!(
            " Of more than {MOST_POINTS} samples, {MOST_POINTS} are drawn, evenly by rank, the extremes among them; everything is computed from all."
        )
    } else {
        String::new()
    };
    let medians = || {
        let cells = sources.analysis.cells.iter();
        cells.filter_map(|cell| cell.invocation_time)
    };
    let with_interval = medians().filter(|time| time.median_interval.known().is_some());
    let intervals = match (with_interval.count(), medians().count()) {
        (0, _) => format!("without an interval, which takes {LEAST_FOR_INTERVAL} samples"),
        (some, all) if some < all => format!(
            "with its distribution-free 95 % interval where there are {LEAST_FOR_INTERVAL} samples or more"
        ),
        _ => "with its distribution-free 95 % interval".into(),
    };
    let caption = format!(
        "Every sample (small), the median of each size (large) {intervals}, and the least-squares line through all \
         samples with its 95 % confidence band; on a logarithmic axis the line is a curve.{thinned}"
    );
    let measured = sources
        .data
        .cells
        .iter()
        .any(|cell| !cell.samples.is_empty());
    let scales = match (measured, wide(sources)) {
        (false, _) => Vec::new(),
        (true, false) => vec![Scale::Linear, Scale::Log],
        (true, true) => vec![Scale::Log, Scale::Linear],
    };
    Figure {
        id: "invocation-time".into(),
        title: format!("Invocation time against {}", sources.size_title()),
        caption,
        legend: KINDS.to_vec(),
        plots: scales
            .into_iter()
            .map(|scale| plot(sources, scale))
            .collect(),
        formats: PAGE,
        table: None,
    }
}

/// The medians are so far apart that a linear axis shows only the largest ones.
fn wide(sources: Sources<'_>) -> bool {
    let cells = sources.analysis.cells.iter();
    let medians = cells.filter_map(|cell| Some(cell.invocation_time?.median as f64));
    let (low, high) = medians.fold((f64::MAX, 0.0_f64), |(low, high), median| {
        (low.min(median), high.max(median))
    });
    low > 0.0 && high > LINEAR_MOST * low
}

fn plot(sources: Sources<'_>, scale: Scale) -> Plot {
    let cells = &sources.data.cells;
    let measured = cells.iter().filter(|cell| !cell.samples.is_empty());
    let sizes = measured.map(|cell| cell.size as f64);
    let x = Axis::of(sources.size_title(), Quantity::Size, Scale::Linear, sizes);
    let times = cells
        .iter()
        .flat_map(|cell| cell.samples.iter().map(|sample| sample.time as f64));
    let y = Axis::of("invocation time", Quantity::Time, scale, times);
    let mut shapes = Vec::new();
    for kind in StartKind::ALL {
        if let Some(line) = sources.analysis.fits(kind).all.known() {
            shapes.extend(fitted(line, kind, &x, &y, ends(sources, kind)));
        }
    }
    shapes.extend(cells.iter().flat_map(|cell| {
        thin(cell)
            .into_iter()
            .filter(|sample| scale == Scale::Linear || sample.time > 0)
            .map(|sample| point(cell, sample))
    }));
    let described = sources.analysis.cells.iter();
    shapes.extend(described.flat_map(|cell| median(cell, &y)));
    Plot { x, y, shapes }
}

/// Smallest and largest size that was measured in this kind.
fn ends(sources: Sources<'_>, kind: StartKind) -> (u64, u64) {
    let cells = sources.data.cells.iter();
    let sizes = cells
        .filter(|cell| cell.kind == kind && !cell.samples.is_empty())
        .map(|cell| cell.size);
    sizes.fold((u64::MAX, 0), |(low, high), size| {
        (low.min(size), high.max(size))
    })
}

fn fitted(line: &Line, kind: StartKind, x: &Axis, y: &Axis, (from, to): (u64, u64)) -> [Shape; 2] {
    let place = |size: u64, time: f64| (x.clamp(size as f64), y.clamp(time * SECOND as f64));
    let sizes: Vec<u64> = (0..=STEPS)
        .map(|step| from + (to - from) / STEPS * step + (to - from) % STEPS * step / STEPS)
        .collect();
    let upper = sizes.iter().map(|size| place(*size, line.band(*size).1));
    let lower = sizes
        .iter()
        .rev()
        .map(|size| place(*size, line.band(*size).0));
    let middle = sizes.iter().map(|size| place(*size, line.at(*size)));
    let word = kind.word();
    let tip = format!(
        "{word}: {} + {} per MB ({})",
        duration(line.intercept * 1e9),
        duration(line.slope * 1e9),
        interval(line.slope_interval.0 * 1e9, line.slope_interval.1 * 1e9)
    );
    [
        Shape::new(
            Mark::Area,
            format!("{word} band"),
            upper.chain(lower).collect(),
        ),
        Shape::new(Mark::Line, format!("{word} fit"), middle.collect())
            .with("slope", &line.slope)
            .with("intercept", &line.intercept)
            .tip(tip),
    ]
}

fn thin(cell: &CellData) -> Vec<&Sample> {
    let mut samples: Vec<&Sample> = cell.samples.iter().collect();
    if samples.len() <= MOST_POINTS {
        return samples;
    }
    samples.sort_unstable_by_key(|sample| sample.time);
    let last = samples.len() - 1;
    (0..MOST_POINTS)
        .map(|number| samples[number * last / (MOST_POINTS - 1)])
        .collect()
}

fn point(cell: &CellData, sample: &Sample) -> Shape {
    let word = cell.kind.word();
    let tip = format!(
        "{word}, {}, repetition {}: {}",
        size(cell.size),
        sample.repetition + 1,
        with_bound(sample.time, sample.bound)
    );
    Shape::new(
        dot(cell.kind),
        format!("{word} point"),
        vec![(cell.size as f64, sample.time as f64)],
    )
    .with("size", &cell.size)
    .with("ns", &sample.time)
    .with("attempt", &sample.attempt)
    .tip(tip)
}

fn median(cell: &CellAnalysis, y: &Axis) -> Vec<Shape> {
    let Some(times) = &cell.invocation_time else {
        return Vec::new();
    };
    let word = cell.kind.word();
    let x = cell.size as f64;
    let whisker = |interval: &MedianInterval| {
        let ends = [interval.low, interval.high].map(|end| (x, y.clamp(end as f64)));
        Shape::new(Mark::Whisker, format!("{word} whisker"), ends.to_vec())
            .with("size", &cell.size)
            .with("low", &interval.low)
            .with("high", &interval.high)
    };
    let interval = times.median_interval.known();
    let tip = format!(
        "{word}, {}: median {}, {} (n = {})",
        size(cell.size),
        nanos(times.median),
        interval.map_or_else(
            || "no interval".into(),
            |_| format!("95 % interval {}", interval_of(times))
        ),
        times.n
    );
    let middle = vec![(x, y.clamp(times.median as f64))];
    let symbol = Shape::new(median_dot(cell.kind), format!("{word} median"), middle)
        .with("size", &cell.size)
        .with("ns", &times.median)
        .tip(tip);
    interval.map(whisker).into_iter().chain([symbol]).collect()
}

pub(super) fn table(sources: Sources<'_>) -> Table {
    let head = strings([
        "size",
        "start",
        "n",
        "median",
        "95 % interval",
        "p95",
        "p99",
        "mean",
        "deviation",
        "clock bound",
        "connection",
        "min. RTT",
        "offset",
        "lost",
    ]);
    let plan = &sources.data.run.plan;
    let planned = plan
        .cells()
        .map(|(size, kind)| plan.repetitions(size, kind));
    let cells = sources.analysis.cells.iter().zip(planned);
    let rows = cells
        .filter(|(_, repetitions)| *repetitions > 0)
        .map(|(cell, _)| row(cell))
        .collect();
    Table { head, rows }
}

fn row(cell: &CellAnalysis) -> Vec<String> {
    let none = || NONE.to_owned();
    let time = cell.invocation_time.as_ref();
    let of = |make: &dyn Fn(&Description) -> String| time.map_or_else(none, make);
    let median_of = |of: &Option<Description>| of.map_or_else(none, |of| nanos(of.median));
    let n = match cell.unsynchronised + cell.left_out {
        0 => cell.measured.to_string(),
        missing => format!("{} of {}", cell.measured, cell.measured + missing),
    };
    vec![
        size(cell.size),
        cell.kind.word().into(),
        n,
        of(&|time| nanos(time.median)),
        of(&interval_of),
        of(&|time| enough(&time.p95)),
        of(&|time| enough(&time.p99)),
        of(&|time| duration(time.mean)),
        of(&|time| {
            time.deviation
                .known()
                .map_or_else(none, |deviation| duration(*deviation))
        }),
        cell.bound
            .map_or_else(none, |bound| format!("±{}", nanos(bound.median))),
        median_of(&cell.connection_time),
        median_of(&cell.rtt),
        median_of(&cell.offset),
        percent(cell.loss),
    ]
}

/// From warm to cold at each size.
pub(super) fn gaps(sources: Sources<'_>) -> Table {
    let head = strings(["size", "cold minus warm", "95 % interval", "cold / warm"]);
    let rows = sources
        .analysis
        .cold_minus_warm
        .iter()
        .filter_map(|gap| {
            let change = gap.change?;
            let ends = change.interval.known();
            Some(vec![
                size(gap.size),
                nanos(change.difference),
                ends.map_or_else(
                    || NONE.into(),
                    |ends| interval(ends.low as f64, ends.high as f64),
                ),
                change
                    .ratio
                    .map_or_else(|| NONE.into(), |ratio| digits(ratio, 3)),
            ])
        })
        .collect();
    Table { head, rows }
}
