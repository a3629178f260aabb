//! A comparison of runs, as a table for people.

use std::fmt::Write as _;

use super::words::{clean, in_ms};
use crate::core::compare::{CellChange, Compared, Comparison};
use crate::core::words::size;

const HEADINGS: [&str; 9] = [
    "size",
    "start",
    "samples",
    "before ms",
    "after ms",
    "change ms [95 % interval]",
    "change % [95 % interval]",
    "p",
    "verdict",
];

/// How a table is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Aligned columns.
    Text,
    /// A table of GitHub's Markdown.
    Markdown,
}

/// The comparison as a table for each run.
pub fn render(comparison: &Comparison, style: Style) -> String {
    let mut text = String::new();
    for run in &comparison.runs {
        let heading = match style {
            Style::Text => "",
            Style::Markdown => "## ",
        };
        let (name, baseline) = (clean(&run.name), clean(&comparison.baseline));
        let _ = writeln!(text, "{heading}{name} against {baseline}\n");
        let rows: Vec<[String; 9]> = run.cells.iter().map(row).collect();
        match style {
            Style::Text => aligned(&mut text, &rows),
            Style::Markdown => piped(&mut text, &rows),
        }
        text.push('\n');
        remarks(&mut text, run, style);
    }
    let tests = comparison.tests();
    let _ = writeln!(
        text,
        "Medians of the invocation time; bootstrap intervals; p of Mann and Whitney's test, corrected by Holm for {tests} \
         test{}.",
        if tests == 1 { "" } else { "s" }
    );
    text
}

fn row(cell: &CellChange) -> [String; 9] {
    let change = &cell.change;
    let difference = match change.interval.known() {
        Some(interval) => format!(
            "{:+.3} [{:+.3}, {:+.3}]",
            in_ms(change.difference),
            in_ms(interval.low),
            in_ms(interval.high)
        ),
        None => format!("{:+.3}", in_ms(change.difference)),
    };
    let percent = |ratio: f64| (ratio - 1.0) * 100.0;
    let share = match (change.ratio, change.ratio_interval) {
        (Some(ratio), Some(interval)) => format!(
            "{:+.1} [{:+.1}, {:+.1}]",
            percent(ratio),
            percent(interval.low),
            percent(interval.high)
        ),
        (Some(ratio), None) => format!("{:+.1}", percent(ratio)),
        (None, _) => "-".into(),
    };
    [
        size(cell.size),
        cell.kind.word().into(),
        format!("{}, {}", cell.n.0, cell.n.1),
        format!("{:.3}", in_ms(cell.medians.0)),
        format!("{:.3}", in_ms(cell.medians.1)),
        difference,
        share,
        cell.corrected_p.map_or_else(|| "-".into(), chance),
        cell.words(),
    ]
}

fn chance(p: f64) -> String {
    if p < 0.001 {
        "<0.001".into()
    } else {
        format!("{p:.3}")
    }
}

fn aligned(text: &mut String, rows: &[[String; 9]]) {
    let headings = HEADINGS.map(String::from);
    let all = || std::iter::once(&headings).chain(rows);
    let width = |column: usize| all().map(|row| row[column].chars().count()).max();
    let last = HEADINGS.len() - 1;
    for row in all() {
        for (column, cell) in row[..last].iter().enumerate() {
            let _ = write!(text, "{cell:>0$}  ", width(column).unwrap_or_default());
        }
        let _ = writeln!(text, "{}", row[last]);
    }
}

fn piped(text: &mut String, rows: &[[String; 9]]) {
    let _ = writeln!(text, "| {} |", HEADINGS.join(" | "));
    let _ = writeln!(text, "|{}---|", "---:|".repeat(HEADINGS.len() - 1));
    for row in rows {
        let _ = writeln!(text, "| {} |", row.join(" | "));
    }
}

fn remarks(text: &mut String, run: &Compared, style: Style) {
    let bullet = match style {
        Style::Text => "",
        Style::Markdown => "- ",
    };
    for difference in &run.differences {
        let [was, is] = [&difference.baseline, &difference.other].map(|value| clean(value));
        let _ = writeln!(
            text,
            "{bullet}not the same in both: {} ({was}, then {is})",
            difference.what
        );
    }
    if !run.unmatched.is_empty() {
        let names: Vec<String> = run
            .unmatched
            .iter()
            .map(|cell| format!("{} {}", cell.kind.word(), size(cell.size)))
            .collect();
        let _ = writeln!(
            text,
            "{bullet}samples in one run only: {}",
            names.join(", ")
        );
    }
    if !run.differences.is_empty() || !run.unmatched.is_empty() {
        text.push('\n');
    }
}

/// What is said of a change above the bound of `share` (0.1: 10 %).
pub fn above(run: &str, cell: &CellChange, share: f64) -> String {
    let least = cell
        .change
        .ratio_interval
        .map_or(0.0, |interval| (interval.low - 1.0) * 100.0);
    format!(
        "{}: {} {} is at least {least:.1} % slower, which is above {} %",
        clean(run),
        cell.kind.word(),
        size(cell.size),
        share * 100.0
    )
}

/// What is said of a run that cannot be tested, and of the samples of each size and start kind that it takes.
pub fn untested(run: &str, needed: usize) -> String {
    format!(
        "{}: nothing could be tested, so nothing is known to be within the bound: it takes {needed} samples of a size and \
         start kind in each run (--repetitions {needed})",
        clean(run)
    )
}
