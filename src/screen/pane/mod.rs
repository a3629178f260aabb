//! The parts of the picture: one file each, named for what you see.

pub mod chart;
pub mod clock;
mod columns;
pub mod ending;
mod entry;
pub mod exchanges;
pub mod finished;
pub mod footer;
pub mod header;
pub mod help;
pub mod line;
pub mod log;
pub mod now;
pub mod numbers;
pub mod packets;
pub mod progress;
pub mod quit;
pub mod round_trips;
pub mod samples;
pub mod sizes;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Block;

use crate::core::sample::StartKind;

use super::draw::Scene;
use super::format;
use super::layout::Pane;
use super::segments::{Segment, fit};
use super::theme::Meaning;

/// Draws a framed pane.
pub fn draw(frame: &mut Frame, area: Rect, pane: Pane, scene: &Scene) {
    match pane {
        Pane::Sizes => sizes::draw(frame, area, scene),
        Pane::RoundTrips => round_trips::draw(frame, area, scene),
        Pane::Clock => clock::draw(frame, area, scene),
        Pane::Packets => packets::draw(frame, area, scene),
        Pane::Chart => chart::draw(frame, area, scene),
        Pane::Log => log::draw(frame, area, scene),
        Pane::Samples => samples::draw(frame, area, scene),
        Pane::Exchanges => exchanges::draw(frame, area, scene),
    }
}

/// A pane's frame with its name and `details`, and notes on its lower edge; returns the room inside.
fn framed(
    frame: &mut Frame,
    area: Rect,
    pane: Pane,
    scene: &Scene,
    details: Vec<Segment>,
    mut notes: Vec<Segment>,
) -> Rect {
    if scene.view.zoomed && scene.view.sheet.is_none() {
        notes.push(remark(scene, 0, "z or Esc: all panes"));
    }
    let focused = scene.view.front() == pane;
    let (edge, name) = if focused {
        (Meaning::Focus, Meaning::Focus)
    } else {
        (Meaning::Border, Meaning::Heading)
    };
    let room = area.width.saturating_sub(4);
    let parts = [Segment::new(0, pane.name(), scene.theme.style(name))]
        .into_iter()
        .chain(details)
        .collect();
    let mut block = Block::bordered()
        .border_set(scene.theme.glyphs.border)
        .border_style(scene.theme.style(edge))
        .title_style(Style::reset())
        .title(padded(fit(parts, room, 2)));
    if !notes.is_empty() {
        block = block.title_bottom(padded(fit(notes, room, 2)));
    }
    let inside = block.inner(area);
    frame.render_widget(block, area);
    inside
}

fn padded(line: Line<'static>) -> Line<'static> {
    let spans = std::iter::once(Span::raw(" "))
        .chain(line.spans)
        .chain([Span::raw(" ")]);
    Line::from(spans.collect::<Vec<_>>())
}

/// Writes a line into one row of `area`; nothing where there is no such row.
fn put(frame: &mut Frame, area: Rect, row: u16, line: Line) {
    if row < area.height {
        frame.render_widget(
            line,
            Rect {
                y: area.y + row,
                height: 1,
                ..area
            },
        );
    }
}

/// `area` without a column at either side.
fn indented(area: Rect) -> Rect {
    let margin = u16::from(area.width > 2);
    Rect {
        x: area.x + margin,
        width: area.width - 2 * margin,
        ..area
    }
}

/// `name value`, which stay or leave together.
fn fact(scene: &Scene, rank: u8, name: &str, value: impl Into<String>) -> Segment {
    Segment::new(rank, format!("{name} "), scene.theme.style(Meaning::Label))
        .and(value, scene.theme.style(Meaning::Text))
}

/// A remark.
fn remark(scene: &Scene, rank: u8, text: impl Into<String>) -> Segment {
    Segment::new(rank, text, scene.theme.style(Meaning::Label))
}

/// How a start kind looks.
fn kind_style(scene: &Scene, kind: StartKind) -> Style {
    scene.theme.style(match kind {
        StartKind::Warm => Meaning::Warm,
        StartKind::Cold => Meaning::Cold,
    })
}

/// `WARM` or `COLD`.
fn kind_word(kind: StartKind) -> &'static str {
    match kind {
        StartKind::Warm => "WARM",
        StartKind::Cold => "COLD",
    }
}

/// `! clock ±10.1 ms`: what the clocks leave open of the median where it is most; none where it is little everywhere.
fn clock_note(scene: &Scene) -> Option<Segment> {
    let bounds = scene
        .board
        .cells
        .iter()
        .filter_map(|cell| cell.wide_bound());
    let glyphs = &scene.theme.glyphs;
    let most = format::span(bounds.max()?, glyphs);
    let text = format!("! clock {}{most}", glyphs.plus_minus);
    Some(Segment::new(0, text, scene.theme.style(Meaning::Warning)))
}

/// A bar of `width` columns, `share` of it full.
fn bar(scene: &Scene, share: f64, width: usize) -> (String, String) {
    let full = ((share * width as f64) as usize).min(width);
    (
        scene.theme.glyphs.full.repeat(full),
        scene.theme.glyphs.rest.repeat(width - full),
    )
}
