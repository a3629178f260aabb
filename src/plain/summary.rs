//! The end of a run in a few lines.

use std::fmt::Write as _;
use std::path::PathBuf;

use super::words::{clean, decimals, in_ms, made_up, rough, size};
use crate::core::board::{Board, Cell};
use crate::core::distribution::{half_quartile_range, median};
use crate::core::time::Nanos;

/// Counts, a table of medians by size and start kind, and the `files` that hold the rest.
pub fn summary(board: &Board, files: &[PathBuf]) -> String {
    let mut text = String::new();
    if let Some(warning) = board.run.as_ref().and_then(|run| made_up(&run.platform)) {
        let _ = writeln!(text, "{warning}");
    }
    counts(&mut text, board);
    medians(&mut text, board);
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
        rough(board.elapsed),
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

fn medians(text: &mut String, board: &Board) {
    let Some(plan) = board.plan() else { return };
    let _ = writeln!(
        text,
        "\ninvocation time: median ± half the quartile range in ms (samples)"
    );
    let _ = writeln!(text, "{:>10}  {:>28}  {:>28}", "size", "warm", "cold");
    // The cells of a size are neighbours, warm before cold.
    for (point, cells) in plan.points.iter().zip(board.cells.chunks(2)) {
        let [warm, cold] =
            [0, 1].map(|kind| cells.get(kind).map_or_else(String::new, |cell| entry(cell)));
        let beyond = point
            .beyond
            .as_ref()
            .map(|limit| format!("  beyond {}", clean(&limit.name)));
        let line = format!(
            "{:>10}  {warm:>28}  {cold:>28}{}",
            size(point.size),
            beyond.unwrap_or_default()
        );
        let _ = writeln!(text, "{}", line.trim_end());
    }
    text.push('\n');
}

fn entry(cell: &Cell) -> String {
    let times: Vec<Nanos> = cell.invocation.values().copied().collect();
    let Some(middle) = median(&times) else {
        return "-".into();
    };
    let count = times.len();
    match half_quartile_range(&times) {
        Some(spread) => {
            let decimals = decimals(spread).min(4);
            format!(
                "{:.decimals$} ±{:.decimals$} ({count})",
                in_ms(middle),
                in_ms(spread)
            )
        }
        None => format!("{:.3} ({count})", in_ms(middle)),
    }
}
