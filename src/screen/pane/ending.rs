//! What a person needs to know when the run is over: the answer, what failed, where it is kept, what to do next.

use crate::core::analysis::too_few;
use crate::core::board::{LogLine, Severity};
use crate::core::message::RunState;
use crate::core::plan::Plan;
use crate::core::sample::{SampleKey, SampleOutcome, StartKind};

use super::numbers::median_with_margin;
use crate::screen::draw::Scene;
use crate::screen::facts::{self, Progress};
use crate::screen::format;

/// The lines that follow the log of a run that is over, the last first; none before.
pub fn lines(scene: &Scene) -> Vec<LogLine> {
    let board = scene.board;
    if !board.state.is_over() {
        return Vec::new();
    }
    let line = |severity, text| LogLine {
        wall: board.last_event,
        severity,
        text,
    };
    let note = |text| line(Severity::Note, text);
    let failed = failures(scene).map(|text| line(Severity::Error, text));
    let unsure = no_interval(scene).map(|text| line(Severity::Warning, text));
    [
        Some(note(next(scene))),
        failed,
        unsure,
        answer(scene).map(note),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// What to do now, which also says where everything is.
fn next(scene: &Scene) -> String {
    let command = match scene.board.state {
        RunState::Incomplete => "go on with: sebs-tui --resume",
        _ if Progress::of(scene.board).measured == 0 => "see why: sebs-tui view",
        _ => "make a report: sebs-tui report",
    };
    format!("{command} {}", scene.directory)
}

/// How many failed, and why the first of them did.
fn failures(scene: &Scene) -> Option<String> {
    let board = scene.board;
    let why = |outcome: &SampleOutcome| match outcome {
        SampleOutcome::Failed(failure) => Some(failure.to_string()),
        _ => None,
    };
    let first = board.ended.values().find_map(|ended| why(&ended.outcome))?;
    let failed = u64::from(Progress::of(board).failed);
    Some(format!("{} failed; first: {first}", format::count(failed)))
}

/// What to do where medians of a complete run have no interval.
fn no_interval(scene: &Scene) -> Option<String> {
    if scene.board.state != RunState::Complete {
        return None;
    }
    let plan = scene.board.plan()?;
    let cells = scene.board.cells.iter();
    let possible = cells.filter(|cell| plan.is_possible(cell.size, cell.kind));
    let counts = possible.map(|cell| cell.invocation.len());
    too_few(counts).map(|warning| warning.to_string())
}

/// Median warm and cold invocation time of the smallest size that was measured.
fn answer(scene: &Scene) -> Option<String> {
    let plan = scene.board.plan()?;
    let median = |size, kind| {
        let place = Plan::cell(SampleKey {
            size,
            kind,
            repetition: 0,
        });
        let cell = scene.board.cells.get(place)?;
        let glyphs = &scene.theme.glyphs;
        let open = cell.wide_bound().map_or_else(String::new, |bound| {
            format!(
                " (clock {} {})",
                glyphs.plus_minus,
                format::span(bound, glyphs)
            )
        });
        Some(format!(
            "{} {}{open}",
            kind.word(),
            median_with_margin(scene, cell)?
        ))
    };
    (0..).zip(&plan.points).find_map(|(size, point)| {
        let medians: Vec<String> = StartKind::ALL
            .into_iter()
            .filter(|_| !facts::is_beyond(Some(point)))
            .filter_map(|kind| median(size, kind))
            .collect();
        let of = format::bytes(point.size);
        (!medians.is_empty()).then(|| format!("median at {of}: {}", medians.join(", ")))
    })
}
