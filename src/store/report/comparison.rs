//! A run against an earlier one, in words: what changed, how surely, and what else is not the same in both.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::core::compare::{CellChange, Compared, Comparison, Verdict};
use crate::core::sample::StartKind;

use super::figures::{NONE, Table};
use super::page::{self, each, paragraph};
use super::words::escape;
use crate::core::words::{digits, interval, nanos, size};

/// Sizes without a counterpart that are named.
const MOST_UNMATCHED: usize = 8;

/// What stands above all comparisons.
pub const TITLE: &str = "What changed";

/// The section of the page, with a part for each baseline; empty without one.
pub fn html(comparisons: &[Comparison]) -> String {
    if comparisons.is_empty() {
        return String::new();
    }
    let mut html = format!(
        "<section aria-labelledby=\"comparison\"><h2 id=\"comparison\">{TITLE}</h2>\n<p class=\"soft\">{}</p>\n",
        escape(&basis(comparisons))
    );
    for comparison in comparisons {
        let title = title(comparison);
        let _ = writeln!(html, "<h3>{}</h3>", escape(&title));
        for run in &comparison.runs {
            html += &paragraph(&summary(run));
            let remarks = remarks(run);
            if !remarks.is_empty() {
                let items = each(remarks, |text| format!("<li>{}</li>", escape(&text)));
                let _ = writeln!(html, "<ul>{items}</ul>");
            }
            html += &page::table(&table(run), &title);
        }
    }
    html + "</section>\n"
}

/// What stands above the verdicts.
pub fn title(comparison: &Comparison) -> String {
    format!("Against {}", comparison.baseline)
}

/// What the verdicts rest on.
pub fn basis(comparisons: &[Comparison]) -> String {
    let tests: usize = comparisons.iter().map(Comparison::tests).sum();
    let all = match (comparisons.len(), tests) {
        (_, 0) => "there are too few samples for a test".into(),
        (1, 1) => "p is that of Mann and Whitney's test".into(),
        (1, _) => {
            format!("p is that of Mann and Whitney's test, corrected by Holm for {tests} tests")
        }
        _ => format!(
            "p is that of Mann and Whitney's test, corrected by Holm for all {tests} tests of these comparisons together"
        ),
    };
    format!(
        "Changes are those of the median invocation time, with 95 % bootstrap intervals; {all}. That no difference is shown \
         is no proof that there is none."
    )
}

/// How often each verdict was reached.
pub fn summary(run: &Compared) -> String {
    let verdicts = [
        Verdict::Slower,
        Verdict::Faster,
        Verdict::NoDifferenceShown,
        Verdict::TooFewSamples,
    ];
    let of = |verdict| {
        let cells = run.cells.iter();
        cells.filter(|cell| cell.verdict == verdict).count()
    };
    let counted: Vec<String> = verdicts
        .into_iter()
        .map(|verdict| (verdict, of(verdict)))
        .filter(|(_, count)| *count > 0)
        .map(|(verdict, count)| format!("{} at {count}", verdict.words()))
        .collect();
    format!(
        "Of {} sizes and start kinds: {}.",
        run.cells.len(),
        counted.join(", ")
    )
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
        remarks.push(format!("Samples in one run only: {}.", unmatched(run)));
    }
    remarks
}

/// A size that has samples of neither kind in common is named once; of many, the first are named.
fn unmatched(run: &Compared) -> String {
    let mut by_size: BTreeMap<u64, Vec<StartKind>> = BTreeMap::new();
    for cell in &run.unmatched {
        by_size.entry(cell.size).or_default().push(cell.kind);
    }
    let more = by_size.len().saturating_sub(MOST_UNMATCHED);
    let mut names: Vec<String> = by_size
        .into_iter()
        .take(MOST_UNMATCHED)
        .map(|(bytes, kinds)| match kinds[..] {
            [kind] => format!("{} {}", kind.word(), size(bytes)),
            _ => size(bytes),
        })
        .collect();
    if more > 0 {
        names.push(format!("{more} more sizes"));
    }
    names.join(", ")
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
        None => NONE.into(),
    };
    vec![
        format!("{}, {}", cell.kind.word(), size(cell.size)),
        cell.words(),
        signed(nanos(change.difference), change.difference > 0),
        between,
        share(cell),
        cell.corrected_p.map_or_else(|| NONE.into(), chance),
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
        (None, _) => NONE.into(),
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
