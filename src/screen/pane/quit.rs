//! The question before leaving a run that has samples left.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Clear};

use super::put;
use crate::screen::draw::Scene;
use crate::screen::facts::Progress;
use crate::screen::format;
use crate::screen::layout::{Shape, cut_top, middle};
use crate::screen::theme::Meaning;

/// Draws it; on a screen of one line it is that line.
pub fn draw(frame: &mut Frame, area: Rect, scene: &Scene) {
    let remaining = format::count(u64::from(Progress::of(scene.board).remaining()));
    let standing = scene.theme.style(Meaning::Standing);
    if Shape::of(area) == Shape::Line {
        let line = cut_top(&mut area.clone(), 1);
        frame.render_widget(Clear, line);
        put(
            frame,
            line,
            0,
            Line::styled(format!("Quit? {remaining} samples remain. y/n"), standing),
        );
        return;
    }
    let (text, key) = (
        scene.theme.style(Meaning::Text),
        scene.theme.style(Meaning::Heading),
    );
    let lines = [
        Line::styled(
            format!(" {remaining} samples remain."),
            scene.theme.style(Meaning::Value),
        ),
        Line::styled(" Results so far are saved: resume later.", text),
        Line::from(vec![
            Span::styled(" y", key),
            Span::styled(" quit   ", text),
            Span::styled("n", key),
            Span::styled(" stay", text),
        ]),
    ];
    let whole = middle(area, 44, lines.len() as u16 + 2);
    let block = Block::bordered()
        .border_set(scene.theme.glyphs.border)
        .title(Line::styled(" Quit? ", standing));
    let inside = block.inner(whole);
    frame.render_widget(Clear, whole);
    frame.render_widget(block, whole);
    for (row, line) in lines.into_iter().enumerate() {
        put(frame, inside, row as u16, line);
    }
}
