//! The question of a run, its answer, and what to be wary of, in words.

use std::fmt::Write as _;

use crate::core::analysis::{Analysis, CellAnalysis};
use crate::core::fit::{Fits, Line};
use crate::core::message::RunHeader;
use crate::core::plan::Sweep;
use crate::core::sample::StartKind;
use crate::core::statistics::{Description, Enough};

use crate::core::words::{digits, duration, interval, nanos};

/// One figure of the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Headline {
    /// Start kind.
    pub kind: StartKind,
    /// The size it is of.
    pub size: u64,
    /// The median.
    pub value: String,
    /// Its interval, or why there is none.
    pub interval: String,
    /// Samples behind it.
    pub n: usize,
}

/// The question.
pub fn question(run: &RunHeader) -> String {
    let grows = match run.plan.outline.sweep {
        Sweep::Payload => "payload",
        Sweep::Code => "code package",
    };
    if let Some(imported) = &run.plan.imported {
        return format!(
            "What did it cost to call the function that {} measured (platform: {}), and how did that grow with its {grows}?",
            imported.program, run.platform
        );
    }
    format!(
        "What does it cost to call a {} function on the {} platform, and how does that grow with its {grows}?",
        run.runtime, run.platform
    )
}

/// The smallest and the largest size that was measured, warm and cold.
pub fn headlines(analysis: &Analysis) -> Vec<Headline> {
    let of_kind = |kind| {
        let mut measured: Vec<(&CellAnalysis, &Description)> = analysis
            .cells
            .iter()
            .filter(|cell| cell.kind == kind)
            .filter_map(|cell| Some((cell, cell.invocation_time.as_ref()?)))
            .collect();
        measured.sort_by_key(|(cell, _)| cell.size);
        // Of one size, the first and the last are the same.
        if measured.len() > 2 {
            measured.drain(1..measured.len() - 1);
        }
        measured
    };
    StartKind::ALL
        .into_iter()
        .flat_map(of_kind)
        .map(|(cell, time)| Headline {
            kind: cell.kind,
            size: cell.size,
            value: nanos(time.median),
            interval: match &time.median_interval {
                Enough::Known(ends) => {
                    format!("95 %: {}", interval(ends.low as f64, ends.high as f64))
                }
                Enough::TooSmall { .. } => "no interval".into(),
            },
            n: time.n,
        })
        .collect()
}

/// How the time grows, one sentence a start kind, and what the line rests on.
pub fn slopes(run: &RunHeader, analysis: &Analysis) -> Vec<(String, String)> {
    let what = run.plan.outline.sweep.word();
    let is_planned = |kind: &StartKind| {
        let mut cells = run.plan.cells();
        cells.any(|(size, other)| other == *kind && run.plan.repetitions(size, other) > 0)
    };
    StartKind::ALL
        .into_iter()
        .filter(is_planned)
        .map(|kind| slope(kind, what, analysis.fits(kind)))
        .collect()
}

fn slope(kind: StartKind, what: &str, fits: &Fits) -> (String, String) {
    let word = kind.word();
    let line = match &fits.all {
        Enough::Known(line) => line,
        Enough::TooSmall { n, least } => {
            let sentence = format!(
                "How the {word} time grows cannot be said: {n} measured sizes are too few for a line."
            );
            return (sentence, format!("It takes {least} sizes."));
        }
    };
    let (low, high) = line.slope_interval;
    let between = interval(low * 1e9, high * 1e9);
    let sentence = if low <= 0.0 && high >= 0.0 {
        format!(
            "No growth of the {word} time with the {what} is shown (95 % if errors are normal, by Student's t: {between} per MB)."
        )
    } else {
        let (verb, per) = if line.slope > 0.0 {
            ("adds", line.slope)
        } else {
            ("takes away", -line.slope)
        };
        format!(
            "Each further MB of {what} {verb} {} {} a {word} call (95 % if errors are normal, by Student's t: {between}).",
            duration(per * 1e9),
            if line.slope > 0.0 { "to" } else { "from" }
        )
    };
    (sentence, rests_on(line, fits))
}

fn rests_on(line: &Line, fits: &Fits) -> String {
    let mut parts = vec![format!(
        "Line through {} samples: {} at size 0",
        line.n,
        duration(line.intercept * 1e9)
    )];
    let r_squared = |line: &Line| line.adjusted_r2.map(|share| digits(share, 3));
    parts.extend(r_squared(line).map(|share| format!("adjusted R² {share}")));
    parts.extend(
        line.mbit_per_s
            .map(|rate| format!("effectively {} Mbit/s", digits(rate, 3))),
    );
    let mut text = parts.join(", ");
    if let Enough::Known(line) = &fits.without_smallest {
        let per = duration(line.slope * 1e9);
        let _ = write!(text, "; without the smallest size {per} per MB");
        if let Some(share) = r_squared(line) {
            let _ = write!(text, ", adjusted R² {share}");
        }
    }
    text + "."
}
