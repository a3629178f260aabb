//! One attempt's exchanges closing in on the offset of the function's clock.

use crate::core::time::Nanos;

use super::super::axis::{Axis, Quantity, Scale};
use super::super::canvas::{Mark, Shape};
use super::super::data::{Convergence, Step};
use super::super::plot::Plot;
use super::{Figure, PAGE, Table, strings};
use crate::core::words::{nanos, with_bound};

/// Exchanges drawn.
const MOST_DRAWN: usize = 300;
/// How many times the final bound the plot reaches to either side at most: the first exchange may be far worse than
/// the last.
const REACH: f64 = 12.0;

pub(super) fn figure(convergence: &Convergence) -> Figure {
    let attempt = &convergence.attempt;
    let found = attempt.clock.map_or_else(String::new, |clock| {
        let step = if clock.clock_step {
            " A clock was stepped meanwhile: the bound is no proof."
        } else {
            ""
        };
        format!(
            "After {} exchanges the function's clock minus the host's is {}.{step}",
            clock.exchanges,
            with_bound(clock.offset, clock.bound)
        )
    });
    let steps = drawn(&convergence.steps);
    Figure {
        id: "offset".into(),
        title: format!(
            "Closing in on the clock's offset: attempt {}",
            attempt.number
        ),
        caption: format!(
            "Each exchange proves that the offset lies between T1 − T2 and T4 − T3 (thin bars); what all exchanges so \
             far leave possible (area) shrinks to the proven bound. {found} The axis shows the distance from that \
             estimate; another attempt is shown with --attempt."
        ),
        legend: vec![("own", "one exchange"), ("all", "all so far")],
        plots: vec![plot(convergence, steps)],
        formats: PAGE,
        table: Some(table(steps)),
    }
}

fn drawn(steps: &[Step]) -> &[Step] {
    &steps[..steps.len().min(MOST_DRAWN)]
}

fn plot(convergence: &Convergence, steps: &[Step]) -> Plot {
    let bound = convergence.attempt.clock.map_or(1, |clock| clock.bound) as f64;
    let running = steps.iter().flat_map(|step| [step.lower, step.upper]);
    let farthest = running
        .flatten()
        .map(|limit| limit.abs() as f64)
        .fold(bound, f64::max)
        .min(bound * REACH)
        .max(1.0);
    let ends = [-farthest, farthest];
    let y = Axis::of(
        "distance from estimate",
        Quantity::Time,
        Scale::Linear,
        ends.into_iter(),
    );
    let last = steps.last().map_or(1.0, |step| f64::from(step.sequence));
    let x = Axis::of(
        "exchange",
        Quantity::Count,
        Scale::Linear,
        [last].into_iter(),
    )
    .between(-0.5, last.max(1.0) + 0.5);
    let place = |step: &Step, limit: Nanos| (f64::from(step.sequence), y.clamp(limit as f64));
    let mut shapes = vec![area(steps, &y)];
    shapes.extend(steps.iter().filter_map(|step| {
        let (lower, upper) = (step.own_lower?, step.own_upper?);
        let points = vec![place(step, lower), place(step, upper)];
        let shape = Shape::new(Mark::Whisker, "own whisker", points)
            .with("exchange", &step.sequence)
            .with("low", &lower)
            .with("high", &upper);
        Some(shape.tip(format!(
            "exchange {}: from {} to {}",
            step.sequence,
            nanos(lower),
            nanos(upper)
        )))
    }));
    for (class, limit) in [
        ("all lower", (|step: &Step| step.lower) as fn(&Step) -> _),
        ("all upper", |step| step.upper),
    ] {
        let known = || steps.iter().filter_map(|step| Some((step, limit(step)?)));
        let values: Vec<String> = known().map(|(_, limit)| limit.to_string()).collect();
        let points = known().map(|(step, limit)| place(step, limit)).collect();
        shapes.push(Shape::new(Mark::Line, class, points).with("ns", &values.join(" ")));
    }
    let (from, to) = (x.clamp(f64::MIN), x.clamp(f64::MAX));
    shapes.push(Shape::new(
        Mark::Line,
        "estimate",
        vec![(from, 0.0), (to, 0.0)],
    ));
    Plot { x, y, shapes }
}

fn area(steps: &[Step], y: &Axis) -> Shape {
    let both: Vec<(f64, Nanos, Nanos)> = steps
        .iter()
        .filter_map(|step| Some((f64::from(step.sequence), step.lower?, step.upper?)))
        .collect();
    let upper = both
        .iter()
        .map(|(x, _, upper)| (*x, y.clamp(*upper as f64)));
    let lower = both
        .iter()
        .rev()
        .map(|(x, lower, _)| (*x, y.clamp(*lower as f64)));
    Shape::new(Mark::Area, "all band", upper.chain(lower).collect())
}

fn table(steps: &[Step]) -> Table {
    let shown = |limit: Option<Nanos>| limit.map_or_else(|| "lost".into(), nanos);
    let rows = steps
        .iter()
        .map(|step| {
            let limits = [step.own_lower, step.own_upper, step.lower, step.upper];
            let mut row = vec![step.sequence.to_string()];
            row.extend(limits.map(shown));
            row
        })
        .collect();
    let head = strings([
        "exchange",
        "least by itself",
        "largest by itself",
        "least so far",
        "largest so far",
    ]);
    Table { head, rows }
}
