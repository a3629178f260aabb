//! How far the run is, and how much longer it takes.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Span;

use crate::core::eta;

use super::{bar, fact, indented, put, remark};
use crate::screen::draw::Scene;
use crate::screen::facts::{self, Progress};
use crate::screen::format;
use crate::screen::segments::{Segment, fit};
use crate::screen::theme::Meaning;
use crate::screen::view::Access;

/// Columns below which the bar says nothing.
const BAR_LEAST: u16 = 8;

/// Draws it: the words first, then a bar as long as the room they leave.
pub fn draw(frame: &mut Frame, area: Rect, scene: &Scene) {
    let area = indented(area);
    let progress = Progress::of(scene.board);
    let bar_room = if area.width >= 60 {
        BAR_LEAST * 2
    } else {
        BAR_LEAST
    };
    let words = fit(
        parts(scene, &progress),
        area.width.saturating_sub(bar_room + 2),
        2,
    );
    let room = usize::from(area.width).saturating_sub(words.width() + 2);
    let (full, rest) = bar(scene, progress.share(), room);
    let mut line = words;
    line.spans
        .insert(0, Span::styled(full, scene.theme.style(Meaning::Good)));
    line.spans
        .insert(1, Span::styled(rest, scene.theme.style(Meaning::Label)));
    line.spans.insert(2, Span::raw("  "));
    put(frame, area, 0, line);
}

fn parts(scene: &Scene, progress: &Progress) -> Vec<Segment> {
    let value = scene.theme.style(Meaning::Value);
    let mut parts = vec![
        Segment::new(0, progress.percent(), value),
        remark(
            scene,
            3,
            format!(
                "{} of {}",
                format::count(u64::from(progress.ended())),
                format::count(u64::from(progress.of))
            ),
        ),
    ];
    parts.extend(losses(scene, progress, 4));
    if let Some(spent) = facts::spent(scene.board) {
        parts.push(fact(scene, 2, "spent", spent));
    }
    parts.push(fact(
        scene,
        2,
        "elapsed",
        format::stopwatch(facts::elapsed(scene.board, scene.now)),
    ));
    let goes_on = !scene.board.state.is_over() && scene.view.access == Access::Command;
    if goes_on && (progress.remaining() > 0 || scene.board.run.is_none()) {
        parts.push(match eta::rest(scene.board, scene.typical) {
            Some(rest) => {
                let (about, how) = if rest.estimated {
                    ("~", ", estimated")
                } else {
                    ("about ", "")
                };
                let left = format!("{about}{} left", format::roughly(rest.time));
                Segment::new(1, left + how, value)
            }
            None => remark(scene, 1, "time left unknown"),
        });
    }
    parts
}

/// Samples that yielded nothing, each with its mark.
pub fn losses(scene: &Scene, progress: &Progress, rank: u8) -> Vec<Segment> {
    let kinds = [
        (progress.failed, "x", "failed", Meaning::Error),
        (progress.unsynchronised, "?", "no clock", Meaning::Warning),
        (progress.skipped, "-", "skipped", Meaning::Label),
    ];
    let some = kinds.into_iter().filter(|(count, ..)| *count > 0);
    some.map(|(count, mark, word, meaning)| {
        Segment::new(
            rank,
            format!("{mark} {count} {word}"),
            scene.theme.style(meaning),
        )
    })
    .collect()
}
