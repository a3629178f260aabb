//! The question before leaving a run that has samples left.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Clear};

use super::log::wrap;
use super::put;
use crate::screen::draw::Scene;
use crate::screen::facts::Progress;
use crate::screen::format;
use crate::screen::layout::{Shape, cut_top, middle};
use crate::screen::segments::{Segment, fit};
use crate::screen::theme::Meaning;

/// Columns of the box.
const WIDTH: u16 = 44;

/// Draws it; on a screen of one line it is that line.
pub fn draw(frame: &mut Frame, area: Rect, scene: &Scene) {
    let remain = if scene.board.run.is_none() {
        "Nothing has been measured yet.".into()
    } else {
        let remaining = u64::from(Progress::of(scene.board).remaining());
        format!("{} samples remain.", format::count(remaining))
    };
    let standing = scene.theme.style(Meaning::Standing);
    if Shape::of(area) == Shape::Line {
        let line = cut_top(&mut area.clone(), 1);
        frame.render_widget(Clear, line);
        let parts = vec![
            Segment::new(0, "Quit?", standing),
            Segment::new(1, remain, standing),
            Segment::new(0, "y/n", standing),
        ];
        put(frame, line, 0, fit(parts, line.width, 1));
        return;
    }
    let (text, key) = (
        scene.theme.style(Meaning::Text),
        scene.theme.style(Meaning::Heading),
    );
    let value = scene.theme.style(Meaning::Value);
    let width = WIDTH.min(area.width);
    let saved = "Results so far are saved: resume later.";
    let room = usize::from(width.saturating_sub(3));
    let mut lines = vec![Line::styled(format!(" {remain}"), value)];
    lines.extend(
        wrap(saved, room, room)
            .into_iter()
            .map(|line| Line::styled(format!(" {line}"), text)),
    );
    lines.push(Line::from(vec![
        Span::styled(" y", key),
        Span::styled(" quit   ", text),
        Span::styled("n", key),
        Span::styled(" stay", text),
    ]));
    let whole = middle(area, width, lines.len() as u16 + 2);
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
