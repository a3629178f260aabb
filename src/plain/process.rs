//! Samples evaluated again: what changed and why, row by row, as a table of text or one JSON document.

use std::io::Write;

use serde::Serialize;

use super::words::{clean, in_ms, milliseconds, with_bound};
use super::{Format, Pipe};
use crate::core::offset::ClockEstimate;
use crate::core::reprocess::{BadLine, BySebs, Change, Evaluation, Findings, Outcome, Sample};
use crate::core::time::Nanos;

/// Version of the JSON document's shape.
const VERSION: u32 = 1;
/// Orphans that are named in text.
const MOST_ORPHANS: usize = 10;

/// Which figures are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Figures {
    /// SeBS's and ours, and why they differ.
    Both,
    /// SeBS's alone.
    BySebs,
}

/// Writes directory after directory, each row by row.
pub struct Processed {
    format: Format,
    figures: Figures,
    out: Pipe,
    directories: u32,
    rows: u64,
    tally: Tally,
}

/// How many samples changed for which reason.
#[derive(Default)]
struct Tally {
    misaligned: u64,
    unsynchronised: u64,
    implausible_at_sebs: u64,
    implausible: u64,
}

/// A sample in JSON; ns where the name does not say otherwise.
#[derive(Serialize)]
struct Row<'a> {
    #[serde(flatten)]
    sample: &'a Sample,
    sebs: SebsRow,
    #[serde(flatten)]
    ours: Option<OurRow<'a>>,
}

/// By SeBS's rules, s; null where it has no number.
#[derive(Serialize)]
struct SebsRow {
    clock_drift_mean: f64,
    clock_drift_std: f64,
    invocation_time: f64,
}

#[derive(Serialize)]
struct OurRow<'a> {
    outcome: Outcome,
    invocation_time_ns: Option<Nanos>,
    invocation_time_bound_ns: Option<Nanos>,
    invocation_time_minimum_rtt_ns: Option<Nanos>,
    clock: Option<ClockEstimate>,
    unmatched: u32,
    changes: &'a [Change],
}

impl Processed {
    /// Writes to `out`.
    pub fn new(format: Format, figures: Figures, out: Box<dyn Write + Send>) -> Self {
        let mut processed = Self {
            format,
            figures,
            out: Pipe::new(out),
            directories: 0,
            rows: 0,
            tally: Tally::default(),
        };
        if format == Format::Json {
            let begin = format!(r#"{{"version":{VERSION},"directories":["#);
            processed.out.line(&begin);
        }
        processed
    }

    /// Goes on to a directory.
    pub fn begin(&mut self, directory: &str) {
        let first = self.directories == 0;
        self.directories += 1;
        (self.rows, self.tally) = (0, Tally::default());
        match self.format {
            Format::Json => {
                let comma = if first { "" } else { "," };
                let name = json(&directory);
                self.out
                    .line(&format!(r#"{comma}{{"directory":{name},"samples":["#));
            }
            Format::Text => {
                let gap = if first { "" } else { "\n" };
                self.out.line(&format!("{gap}{}", clean(directory)));
                let ours = match self.figures {
                    Figures::Both => format!("  {:>22}  why", "corrected"),
                    Figures::BySebs => String::new(),
                };
                self.out.line(&format!(
                    "{:>12} {:>4} {:4}  {:12}  {:>14}{ours}",
                    "size", "rep", "kind", "request", "by SeBS"
                ));
            }
        }
    }

    /// Writes a sample.
    pub fn row(&mut self, sample: &Sample, evaluation: &Evaluation) {
        self.rows += 1;
        self.tally.add(&evaluation.changes);
        match self.format {
            Format::Json => {
                let comma = if self.rows == 1 { "" } else { "," };
                let row = json(&self.json_row(sample, evaluation));
                self.out.line(&format!("{comma}{row}"));
            }
            Format::Text => {
                let row = self.text_row(sample, evaluation);
                self.out.line(row.trim_end());
            }
        }
    }

    fn json_row<'a>(&self, sample: &'a Sample, evaluation: &'a Evaluation) -> Row<'a> {
        let BySebs {
            mean,
            deviation,
            invocation_time,
        } = evaluation.sebs;
        let ours = || OurRow {
            outcome: evaluation.outcome,
            invocation_time_ns: evaluation.time,
            invocation_time_bound_ns: evaluation.bound,
            invocation_time_minimum_rtt_ns: evaluation.minimum_rtt_time,
            clock: evaluation.clock,
            unmatched: evaluation.unmatched,
            changes: &evaluation.changes,
        };
        Row {
            sample,
            sebs: SebsRow {
                clock_drift_mean: mean,
                clock_drift_std: deviation,
                invocation_time,
            },
            ours: (self.figures == Figures::Both).then(ours),
        }
    }

    fn text_row(&self, sample: &Sample, evaluation: &Evaluation) -> String {
        let kind = match sample.is_cold.to_ascii_lowercase().as_str() {
            "1" | "true" => "cold",
            "0" | "false" => "warm",
            _ => "?",
        };
        let sebs = evaluation.sebs.invocation_time;
        let sebs = if sebs.is_nan() {
            "-".into()
        } else {
            format!("{:.3} ms", sebs * 1e3)
        };
        let request: String = clean(&sample.request_id).chars().take(12).collect();
        let ours = match (self.figures, evaluation.time, evaluation.bound) {
            (Figures::BySebs, _, _) => String::new(),
            (_, Some(time), Some(bound)) => why(&with_bound(time, bound), evaluation),
            (_, Some(time), None) => why(&milliseconds(time), evaluation),
            (_, None, _) => why("-", evaluation),
        };
        format!(
            "{:>12} {:>4} {kind:4}  {request:12}  {sebs:>14}{ours}",
            clean(&sample.size),
            clean(&sample.repetition),
        )
    }

    /// Tells what else was found in the directory.
    pub fn end_directory(&mut self, findings: &Findings) {
        match self.format {
            Format::Json => self
                .out
                .line(&format!("],\"findings\":{}}}", json(findings))),
            Format::Text => {
                for line in [self.sum()].into_iter().chain(told(findings)) {
                    self.out.line(&line);
                }
            }
        }
    }

    fn sum(&self) -> String {
        if self.figures == Figures::BySebs {
            return format!("{} samples", self.rows);
        }
        format!(
            "{} samples, {} misaligned, {} unsynchronised; below half their smallest RTT: {} by SeBS, {} corrected (withheld)",
            self.rows,
            self.tally.misaligned,
            self.tally.unsynchronised,
            self.tally.implausible_at_sebs,
            self.tally.implausible,
        )
    }

    /// Ends the document.
    pub fn end(&mut self) {
        if self.format == Format::Json {
            self.out.line("]}");
        }
    }
}

impl Tally {
    fn add(&mut self, changes: &[Change]) {
        for change in changes {
            match change {
                Change::Misaligned { .. } => self.misaligned += 1,
                Change::Unsynchronised => self.unsynchronised += 1,
                Change::Negative | Change::BelowHalfRtt => self.implausible_at_sebs += 1,
                Change::Implausible => self.implausible += 1,
                Change::Sign { .. }
                | Change::Unmatched { .. }
                | Change::Averaged { .. }
                | Change::ClockStep => {}
            }
        }
    }
}

fn why(time: &str, evaluation: &Evaluation) -> String {
    let mut reasons: Vec<String> = evaluation.changes.iter().map(reason).collect();
    if evaluation.outcome == Outcome::SignOnly {
        reasons.push("no rows of exchanges: no bound".into());
    }
    if evaluation.unmatched > 0 {
        reasons.push(format!("{} rows fit nowhere", evaluation.unmatched));
    }
    if reasons.is_empty() {
        reasons.push("as by SeBS".into());
    }
    format!("  {time:>22}  {}", reasons.join("; "))
}

fn effect(nanos: Nanos) -> String {
    format!("{:+.3} ms", in_ms(nanos))
}

fn reason(change: &Change) -> String {
    match change {
        Change::Sign { by } => format!("sign {}", effect(*by)),
        Change::Misaligned { from, rows, by } => {
            let by = effect(*by);
            format!("misaligned by a lost datagram from row {from} on ({rows} rows) {by}")
        }
        Change::Unmatched { by, .. } => format!("rows that fit nowhere left out {}", effect(*by)),
        Change::Averaged { by } => format!("averaged {}", effect(*by)),
        Change::Unsynchronised => "unsynchronised".into(),
        Change::Negative => "by SeBS negative".into(),
        Change::BelowHalfRtt => "by SeBS below half its RTT".into(),
        Change::Implausible => {
            "below half its RTT here too, so withheld: an uneven path or a stepped clock".into()
        }
        Change::ClockStep => "a clock was stepped, or runs more than 100 ppm off: no bound".into(),
    }
}

fn told(findings: &Findings) -> Vec<String> {
    let bad = |line: &BadLine| {
        let (file, column, value) = (clean(&line.file), clean(&line.column), clean(&line.value));
        format!(
            "bad line: {file}, line {}, column {column}: {value:?}",
            line.line
        )
    };
    let mut lines: Vec<String> = findings.bad_lines.iter().map(bad).collect();
    if findings.more_bad_lines > 0 {
        lines.push(format!("and {} more bad lines", findings.more_bad_lines));
    }
    let orphans = &findings.orphans;
    let named = orphans.iter().take(MOST_ORPHANS);
    lines.extend(named.map(|path| format!("of no sample here: {}", clean(path))));
    if orphans.len() > MOST_ORPHANS {
        let more = orphans.len() - MOST_ORPHANS;
        lines.push(format!(
            "and {more} more files of no sample here; --format json names all"
        ));
    }
    lines.extend(findings.notes.iter().map(|note| clean(note)));
    lines.push(format!("written: {}", clean(&findings.written)));
    lines
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("keys are strings and nothing else can fail")
}
