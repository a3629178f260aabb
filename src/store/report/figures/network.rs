//! The path between function and host: round trips and losses.

use serde::Serialize;

use crate::core::analysis::CellAnalysis;
use crate::core::contract::Carrier;
use crate::core::sample::StartKind;
use crate::core::time::Nanos;

use super::super::axis::{Axis, Quantity, Scale};
use super::super::canvas::{Mark, Shape};
use super::super::data::CellData;
use super::super::plot::Plot;
use super::{Figure, KINDS, PAGE, Sources, Table, median_dot, strings};
use crate::core::words::{nanos, percent, size};

/// Order statistics of a cell's round trips, ns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(in super::super) struct Quantiles {
    /// Exchanges.
    pub n: usize,
    /// Smallest.
    pub minimum: Nanos,
    /// 5th percentile, nearest rank, as the next ones.
    pub p5: Nanos,
    /// Median.
    pub p50: Nanos,
    /// 95th percentile.
    pub p95: Nanos,
    /// 99th percentile.
    pub p99: Nanos,
    /// Largest.
    pub maximum: Nanos,
}

impl Quantiles {
    /// Of ascending values.
    pub fn of(sorted: &[Nanos]) -> Option<Self> {
        let n = sorted.len();
        let rank = |percent: usize| sorted[(n * percent).div_ceil(100).max(1) - 1];
        Some(Self {
            n,
            minimum: *sorted.first()?,
            p5: rank(5),
            p50: rank(50),
            p95: rank(95),
            p99: rank(99),
            maximum: *sorted.last()?,
        })
    }
}

pub(super) fn round_trips(sources: Sources<'_>) -> Figure {
    let cells: Vec<(&CellData, Quantiles)> = sources
        .data
        .cells
        .iter()
        .filter_map(|cell| Some((cell, Quantiles::of(&cell.rtts)?)))
        .collect();
    let exchanges: usize = cells.iter().map(|(_, quantiles)| quantiles.n).sum();
    let head = strings([
        "size",
        "start",
        "exchanges",
        "smallest",
        "p5",
        "median",
        "p95",
        "p99",
        "largest",
    ]);
    let rows = cells
        .iter()
        .map(|(cell, of)| {
            let mut row = vec![size(cell.size), cell.kind.word().into(), of.n.to_string()];
            row.extend([of.minimum, of.p5, of.p50, of.p95, of.p99, of.maximum].map(nanos));
            row
        })
        .collect();
    Figure {
        id: "round-trip".into(),
        title: "Round trips of the datagrams".into(),
        caption: format!(
            "Median round trip with its 5th and 95th percentile over {exchanges} exchanges, the host's turnaround \
             taken out. Half the smallest round trip is about the bound on the clock's offset."
        ),
        legend: KINDS.to_vec(),
        plots: if cells.is_empty() {
            Vec::new()
        } else {
            vec![round_trip_plot(sources.size_title(), &cells)]
        },
        formats: PAGE,
        table: Some(Table { head, rows }),
    }
}

fn round_trip_plot(title: &str, cells: &[(&CellData, Quantiles)]) -> Plot {
    let x = Axis::of(
        title,
        Quantity::Size,
        Scale::Linear,
        cells.iter().map(|(cell, _)| cell.size as f64),
    );
    let shown = cells.iter().flat_map(|(_, of)| [of.p5, of.p95]);
    let y = Axis::of(
        "round trip",
        Quantity::Time,
        Scale::Log,
        shown.map(|time| time as f64),
    );
    let shapes = cells
        .iter()
        .flat_map(|(cell, of)| {
            let word = cell.kind.word();
            let place = |time: Nanos| (cell.size as f64, y.clamp(time as f64));
            [
                Shape::new(
                    Mark::Whisker,
                    format!("{word} whisker"),
                    vec![place(of.p5), place(of.p95)],
                )
                .with("size", &cell.size)
                .with("low", &of.p5)
                .with("high", &of.p95),
                Shape::new(
                    median_dot(cell.kind),
                    format!("{word} median"),
                    vec![place(of.p50)],
                )
                .with("size", &cell.size)
                .with("ns", &of.p50)
                .tip(format!(
                    "{word}, {}: median {}, p5 {}, p95 {}, n = {}",
                    size(cell.size),
                    nanos(of.p50),
                    nanos(of.p5),
                    nanos(of.p95),
                    of.n
                )),
            ]
        })
        .collect();
    Plot { x, y, shapes }
}

pub(super) fn loss(sources: Sources<'_>) -> Figure {
    let cells: Vec<&CellAnalysis> = sources
        .analysis
        .cells
        .iter()
        .filter(|cell| cell.packets.sent > 0)
        .collect();
    let sum = |of: fn(&CellAnalysis) -> u32| -> u64 {
        cells.iter().map(|cell| u64::from(of(cell))).sum()
    };
    let sent = sum(|cell| cell.packets.sent);
    let lost = [
        sum(|cell| cell.packets.lost_outbound()),
        sum(|cell| cell.packets.lost_inbound()),
    ];
    let caption = if sources.data.run.sync == Carrier::Http {
        "No datagram was sent: the clocks were compared over HTTP.".into()
    } else if lost == [0, 0] {
        format!("None of the {sent} datagrams of the samples that count was lost.")
    } else {
        format!(
            "Share of the datagrams that had no answer: of the {sent} of the samples that count, {} were lost on the way \
             to the host (full), {} on the way back to the function (pale).",
            lost[0], lost[1]
        )
    };
    Figure {
        id: "loss".into(),
        title: if lost == [0, 0] {
            "Datagrams lost".into()
        } else {
            "Datagrams lost to the host (full) and to the function (pale)".into()
        },
        caption,
        legend: KINDS.to_vec(),
        plots: if lost == [0, 0] {
            Vec::new()
        } else {
            vec![loss_plot(sources, &cells)]
        },
        formats: PAGE,
        table: Some(loss_table(&cells)),
    }
}

fn loss_table(cells: &[&CellAnalysis]) -> Table {
    let head = strings([
        "size",
        "start",
        "sent",
        "lost to host",
        "lost to function",
        "share",
        "duplicates",
        "reordered",
    ]);
    let rows = cells
        .iter()
        .map(|cell| {
            let packets = &cell.packets;
            let mut row = vec![size(cell.size), cell.kind.word().into()];
            row.extend(
                [
                    packets.sent,
                    packets.lost_outbound(),
                    packets.lost_inbound(),
                ]
                .map(|count| count.to_string()),
            );
            row.push(percent(cell.loss));
            row.extend([packets.duplicates, packets.reordered].map(|count| count.to_string()));
            row
        })
        .collect();
    Table { head, rows }
}

/// Bars beside each other at each size, warm left, cold right; the two directions on top of each other.
fn loss_plot(sources: Sources<'_>, cells: &[&CellAnalysis]) -> Plot {
    let sizes = || cells.iter().map(|cell| cell.size);
    let largest = sizes().max().unwrap_or(1) as f64;
    let smallest = sizes().min().unwrap_or(0) as f64;
    let steps = cells.len() / StartKind::ALL.len();
    let spacing = ((largest - smallest) / steps.saturating_sub(1).max(1) as f64).max(1.0);
    let width = spacing * 0.32;
    let x = Axis::of(
        sources.size_title(),
        Quantity::Size,
        Scale::Linear,
        [largest].into_iter(),
    )
    .between(smallest - 1.5 * width, largest + 1.5 * width);
    let y = Axis::of(
        "lost",
        Quantity::Share,
        Scale::Linear,
        cells.iter().map(|cell| cell.loss),
    );
    let shapes = cells.iter().flat_map(|cell| bars(cell, width)).collect();
    Plot { x, y, shapes }
}

fn bars(cell: &CellAnalysis, width: f64) -> Vec<Shape> {
    let word = cell.kind.word();
    let at = cell.size as f64;
    let (left, right) = match cell.kind {
        StartKind::Warm => (at - width, at),
        StartKind::Cold => (at, at + width),
    };
    let share = |count: u32| f64::from(count) / f64::from(cell.packets.sent.max(1));
    let outbound = share(cell.packets.lost_outbound());
    let ways = [
        ("to-host", "to the host", 0.0, cell.packets.lost_outbound()),
        (
            "to-function",
            "to the function",
            outbound,
            cell.packets.lost_inbound(),
        ),
    ];
    let lost = ways.into_iter().filter(|(.., count)| *count > 0);
    lost.map(|(class, way, from, count)| {
        let corners = vec![(left, from), (right, from + share(count))];
        Shape::new(Mark::Bar, format!("{word} bar {class}"), corners)
            .with("size", &cell.size)
            .with("count", &count)
            .tip(format!(
                "{word}, {}: {count} of {} lost {way} ({})",
                size(cell.size),
                cell.packets.sent,
                percent(share(count))
            ))
    })
    .collect()
}
