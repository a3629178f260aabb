//! A run against an earlier one, in words: what changed, how surely, and what else is not the same in both.

use std::fmt::Write as _;

use crate::core::compare::{CellChange, Compared, Comparison, Verdict};

use super::figures::Table;
use super::page::{self, each, paragraph};
use super::words::escape;
use crate::core::words::{digits, interval, nanos, size};

/// The section of the page.
pub fn html(comparison: &Comparison) -> String {
    let title = title(comparison);
    let mut html = format!(
        "<section aria-labelledby=\"comparison\"><h2 id=\"comparison\">{}</h2>\n",
        escape(&title)
    );
    for run in &comparison.runs {
        html += &each(summaries(run), |text| paragraph(&text));
        let remarks = remarks(run);
        if !remarks.is_empty() {
            let items = each(remarks, |text| format!("<li>{}</li>", escape(&text)));
            let _ = writeln!(html, "<ul>{items}</ul>");
        }
        html += &page::table(&table(run), &title);
    }
    html + "</section>\n"
}

/// What stands above the verdicts.
pub fn title(comparison: &Comparison) -> String {
    format!("Against {}", comparison.baseline)
}

/// How often each verdict was reached, and what it rests on.
pub fn summaries(run: &Compared) -> Vec<String> {
    let verdicts = [
        Verdict::Slower,
        Verdict::Faster,
        Verdict::NoDifferenceShown,
        Verdict::TooFewSamples,
    ];
    let of = run.cells.len();
    let counted: Vec<String> = verdicts
        .into_iter()
        .map(|verdict| {
            (
                verdict,
                run.cells
                    .iter()
                    .filter(|cell| cell.verdict == verdict)
                    .count(),
            )
        })
        .filter(|(_, count)| *count > 0)
        .map(|(verdict, count)| format!("{} at {count}", verdict.words()))
        .collect();
    let tests = run
        .cells
        .iter()
        .filter(|cell| cell.corrected_p.is_some())
        .count();
    vec![
        format!("Of {of} sizes and start kinds: {}.", counted.join(", ")),
        format!(
            "Changes are those of the median invocation time, with 95 % bootstrap intervals; p is that of Mann and Whitney's \
             test, corrected by Holm for {tests} tests. That no difference is shown is no proof that there is none."
        ),
    ]
}

/// What may be the cause of a change other than what was to be compared, and what could not be compared.
pub fn remarks(run: &Compared) -> Vec<String> {
    let mut remarks: Vec<String> = run
        .differences
        .iter()
        .map(|difference| {
            format!(
                "Not the same in both runs: {} ({}, then {}).",
                difference.what, difference.baseline, difference.other
            )
        })
        .collect();
    if !run.unmatched.is_empty() {
        let names: Vec<String> = run
            .unmatched
            .iter()
            .map(|cell| format!("{} {}", cell.kind.word(), size(cell.size)))
            .collect();
        remarks.push(format!("Samples in one run only: {}.", names.join(", ")));
    }
    remarks
}

/// A row for each size and start kind.
pub fn table(run: &Compared) -> Table {
    let head = [
        "start, size",
        "verdict",
        "change",
        "95 % interval",
        "change in %",
        "corrected p",
        "median before",
        "median now",
        "samples",
    ];
    Table {
        head: head.map(str::to_owned).to_vec(),
        rows: run.cells.iter().map(row).collect(),
    }
}

fn row(cell: &CellChange) -> Vec<String> {
    let change = &cell.change;
    let between = match change.interval.known() {
        Some(ends) => interval(ends.low as f64, ends.high as f64),
        None => "n too small".into(),
    };
    vec![
        format!("{}, {}", cell.kind.word(), size(cell.size)),
        cell.words(),
        signed(nanos(change.difference), change.difference > 0),
        between,
        share(cell),
        cell.corrected_p.map_or_else(|| "–".into(), chance),
        nanos(cell.medians.0),
        nanos(cell.medians.1),
        format!("{}, {}", cell.n.0, cell.n.1),
    ]
}

/// The change in percent of the median before, with its interval.
fn share(cell: &CellChange) -> String {
    let percent = |ratio: f64| {
        let percent = (ratio - 1.0) * 100.0;
        signed(digits(percent, 3), percent > 0.0)
    };
    match (cell.change.ratio, cell.change.ratio_interval) {
        (Some(ratio), Some(ends)) => format!(
            "{} ({} to {})",
            percent(ratio),
            percent(ends.low),
            percent(ends.high)
        ),
        (Some(ratio), None) => percent(ratio),
        (None, _) => "–".into(),
    }
}

fn signed(text: String, rises: bool) -> String {
    if rises { format!("+{text}") } else { text }
}

fn chance(p: f64) -> String {
    if p < 0.001 {
        "below 0.001".into()
    } else {
        digits(p, 2)
    }
}
