//! The end of a run in a few lines.

use std::fmt::Write as _;
use std::path::PathBuf;

use super::words::{clean, decimals, in_ms, lasted, made_up};
use crate::core::analysis::{Analysis, sentences};
use crate::core::board::{Board, Cell};
use crate::core::contract::Carrier;
use crate::core::fit::{Fits, Line};
use crate::core::sample::StartKind;
use crate::core::spending::Reached;
use crate::core::statistics::Description;
use crate::core::time::Nanos;
use crate::core::words::size;

/// What the clocks leave open is told from one part in so many of the median on.
const NEGLIGIBLE: Nanos = 100;

/// Counts, a table of medians by size and start kind, what `analysis` adds to it, and the `files` that hold the rest.
pub fn summary(board: &Board, analysis: Option<&Analysis>, files: &[PathBuf]) -> String {
    let mut text = String::new();
    if let Some(warning) = board.run.as_ref().and_then(|run| made_up(&run.platform)) {
        let _ = writeln!(text, "{warning}");
    }
    counts(&mut text, board);
    medians(&mut text, board, analysis);
    if let Some(analysis) = analysis {
        analysed(&mut text, analysis);
    }
    for file in files {
        let _ = writeln!(text, "{}", file.display());
    }
    text
}

fn counts(text: &mut String, board: &Board) {
    let sum = |count: fn(&Cell) -> u32| board.cells.iter().map(|cell| count(cell)).sum::<u32>();
    let _ = writeln!(
        text,
        "{} after {}: {} of {} samples measured, {} unsynchronised, {} failed, {} skipped",
        board.state.word(),
        lasted(board.elapsed),
        sum(|cell| cell.measured),
        board.planned(),
        sum(|cell| cell.unsynchronised),
        sum(|cell| cell.failed),
        sum(|cell| cell.skipped),
    );
    let _ = writeln!(
        text,
        "{} invocations, {} of them in the wrong kind; samples taken again: {}",
        board.attempts,
        sum(|cell| cell.wrong_kind),
        board.superseded,
    );
    if let Some(reached) = &board.reached {
        let next = match reached {
            Reached::Fruitless { .. } => "",
            Reached::Budget { .. } | Reached::Time { .. } | Reached::Bytes { .. } => {
                "; go on with a higher limit"
            }
        };
        let _ = writeln!(text, "stopped by {reached}{next}");
    }
    if board.terms.is_some() {
        let _ = writeln!(text, "used up: {}", board.account());
    }
    if board.sync() == Carrier::Http {
        let counts = &board.follow_ups;
        let _ = writeln!(
            text,
            "{} more invocations compared the clocks over HTTP: {} answered by the right instance, {} by another, {} not at all",
            counts.made, counts.paired, counts.elsewhere, counts.failed,
        );
        return;
    }
    let packets = &board.packets;
    let _ = writeln!(
        text,
        "{} datagrams, {} lost to the host, {} lost to the function, {} duplicates, {} out of order",
        packets.sent,
        packets.lost_outbound(),
        packets.lost_inbound(),
        packets.duplicates,
        packets.reordered,
    );
}

fn medians(text: &mut String, board: &Board, analysis: Option<&Analysis>) {
    let Some(plan) = board.plan() else { return };
    let _ = writeln!(
        text,
        "\ninvocation time: median [95 % interval] in ms (samples)"
    );
    let entries: Vec<String> = (0..)
        .zip(&board.cells)
        .map(|(number, cell)| entry(cell, clock_error(analysis, number)))
        .collect();
    if entries.iter().any(|entry| entry.contains('±')) {
        let _ = writeln!(
            text,
            "± is what the clocks leave open beside it, where that is above 1 % of the median"
        );
    }
    let width = entries.iter().map(|entry| entry.chars().count()).max();
    let width = width.unwrap_or_default().max(28);
    let _ = writeln!(
        text,
        "{:>10}  {:>width$}  {:>width$}",
        "size", "warm", "cold"
    );
    // The cells of a size are neighbours, warm before cold.
    for (point, cells) in plan.points.iter().zip(entries.chunks(2)) {
        let [warm, cold] = [0, 1].map(|kind| cells.get(kind).map_or("", String::as_str));
        let beyond = point
            .beyond
            .as_ref()
            .map(|limit| format!("  beyond {}", clean(&limit.name)));
        let line = format!(
            "{:>10}  {warm:>width$}  {cold:>width$}{}",
            size(point.size),
            beyond.unwrap_or_default()
        );
        let _ = writeln!(text, "{}", line.trim_end());
    }
    text.push('\n');
}

/// What the clocks leave open of the median of the cell with this number, where it is not negligible, ns.
fn clock_error(analysis: Option<&Analysis>, number: usize) -> Option<Nanos> {
    let cell = analysis?.cells.get(number)?;
    let median = cell.invocation_time?.median;
    cell.clock_error
        .filter(|error| error * NEGLIGIBLE > median.abs())
}

fn entry(cell: &Cell, clock_error: Option<Nanos>) -> String {
    let times: Vec<Nanos> = cell.invocation.values().copied().collect();
    let Some(times) = Description::of(&times) else {
        return "-".into();
    };
    let (middle, n) = (in_ms(times.median), times.n);
    let count = match clock_error {
        Some(error) => format!("±{:.*} ({n})", decimals(error), in_ms(error)),
        None => format!("({n})"),
    };
    match times.median_interval.known() {
        Some(interval) => {
            let decimals = decimals((interval.high - interval.low) / 2).min(4);
            format!(
                "{middle:.decimals$} [{:.decimals$}, {:.decimals$}] {count}",
                in_ms(interval.low),
                in_ms(interval.high)
            )
        }
        None => format!("{middle:.3} {count}"),
    }
}

/// The lines against size, and the warnings.
fn analysed(text: &mut String, analysis: &Analysis) {
    let before = text.len();
    for kind in StartKind::ALL {
        let Fits {
            all,
            without_smallest,
            ..
        } = analysis.fits(kind);
        if let Some(line) = all.known() {
            let rest = without_smallest.known().map_or_else(String::new, |line| {
                format!("; without the smallest size {}", rise(line))
            });
            let _ = writeln!(text, "{} against size: {}{rest}", kind.word(), rise(line));
        }
    }
    for told in sentences(&analysis.warnings) {
        let _ = writeln!(text, "warning: {told}");
    }
    if text.len() > before {
        text.push('\n');
    }
}

fn rise(line: &Line) -> String {
    if line.is_flat() {
        let (low, high) = line.slope_interval;
        return format!(
            "no growth shown (95 % interval {:.4} to {:.4} ms/MB)",
            low * 1e3,
            high * 1e3
        );
    }
    let throughput = line
        .mbit_per_s
        .map_or_else(String::new, |rate| format!(" = {rate:.0} Mbit/s"));
    let explained = line
        .adjusted_r2
        .map_or_else(String::new, |share| format!(", adjusted R² {share:.3}"));
    format!(
        "{:.3} ms + {:.4} ms/MB{throughput}{explained}",
        line.intercept * 1e3,
        line.slope * 1e3
    )
}
