//! The run in one line, for a screen with no room for more: `COLD 3/7 12/50 p50 598 ms lost 2 41 %`.

use ratatui::Frame;
use ratatui::layout::Rect;

use crate::core::distribution::median;
use crate::core::message::RunState;
use crate::core::time::Nanos;

use super::{fact, kind_style, kind_word, put};
use crate::screen::draw::Scene;
use crate::screen::facts::{self, Progress};
use crate::screen::format;
use crate::screen::segments::{Segment, fit};
use crate::screen::theme::Meaning;
use crate::screen::view::Access;

/// Draws it; the answer to a key is here only where there is no footer.
pub fn draw(frame: &mut Frame, area: Rect, scene: &Scene) {
    let board = scene.board;
    let alone = scene.place(frame.area()).footer.height == 0;
    let text = scene.theme.style(Meaning::Text);
    let mut parts = Vec::new();
    let looking = scene.view.access == Access::Look;
    if board.state != RunState::Running || scene.view.frozen || looking {
        parts.extend(super::header::badges(scene));
    }
    if let (Some(key), Some(plan)) = (facts::sample_in_view(board), board.plan()) {
        parts.push(Segment::new(
            1,
            kind_word(key.kind),
            kind_style(scene, key.kind),
        ));
        parts.push(Segment::new(
            3,
            format!("{}/{}", key.size + 1, plan.points.len()),
            text,
        ));
        parts.push(Segment::new(
            3,
            format!(
                "{}/{}",
                key.repetition + 1,
                facts::repetitions_in_view(board)
            ),
            text,
        ));
    }
    parts.extend(super::header::made_up(scene));
    let times: Vec<Nanos> = facts::cell_in_view(board)
        .map(|cell| cell.invocation.values().copied().collect())
        .unwrap_or_default();
    if let Some(middle) = median(&times) {
        parts.push(fact(
            scene,
            2,
            "p50",
            format::span(middle, &scene.theme.glyphs),
        ));
    }
    let packets = facts::packets(board, scene.live);
    let lost = packets.lost_outbound() + packets.lost_inbound();
    if lost > 0 {
        parts.push(Segment::new(
            4,
            format!("lost {lost}"),
            scene.theme.style(Meaning::Lost),
        ));
    }
    parts.push(Segment::new(
        0,
        Progress::of(board).percent(),
        scene.theme.style(Meaning::Value),
    ));
    if let Some(message) = scene.view.message.as_ref().filter(|_| alone) {
        parts = vec![Segment::new(
            0,
            message.clone(),
            scene.theme.style(Meaning::Value),
        )];
    }
    put(frame, area, 0, fit(parts, area.width, 1));
}
