//! The axes of the chart with their labels.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::{columns, put, sizes};
use crate::screen::draw::Scene;
use crate::screen::format;
use crate::screen::layout::cut_left;
use crate::screen::scale::Scale;
use crate::screen::theme::Meaning;

/// The axis at the left with its labels; leaves the room for the plot and returns the width taken.
pub(in crate::screen::pane) fn upright(
    frame: &mut Frame,
    area: &mut Rect,
    scene: &Scene,
    scale: &Scale,
) -> u16 {
    let glyphs = &scene.theme.glyphs;
    let rows = usize::from(area.height);
    let ticks: Vec<(usize, String)> = scale
        .ticks(rows.div_ceil(2))
        .into_iter()
        .map(|tick| {
            (
                rows - 1 - scale.cell(tick, rows),
                format::round_span(tick, glyphs),
            )
        })
        .collect();
    let width = ticks
        .iter()
        .map(|(_, name)| name.chars().count())
        .max()
        .unwrap_or(0);
    let margin = cut_left(area, width as u16 + 1);
    for row in 0..rows {
        let name = ticks
            .iter()
            .find(|(at, _)| *at == row)
            .map_or("", |(_, name)| name);
        let text = format!("{name:>width$}{}", glyphs.upright);
        put(
            frame,
            margin,
            row as u16,
            Line::styled(text, scene.theme.style(Meaning::Label)),
        );
    }
    margin.width
}

/// The axis below with the sizes that have room.
pub(super) fn horizontal(frame: &mut Frame, [axis, labels]: [Rect; 2], scene: &Scene, margin: u16) {
    let glyphs = &scene.theme.glyphs;
    let width = usize::from(axis.width.saturating_sub(margin));
    let columns = columns(scene, width as u16);
    let mut line = vec![glyphs.axis; width];
    let mut text = vec![' '; width];
    let mut free = vec![true; width];
    for (place, size) in ends_first(sizes(scene).collect()) {
        let name: Vec<char> = format::bytes(size).chars().collect();
        let column = usize::from(columns[place]);
        let start = column
            .saturating_sub(name.len() / 2)
            .min(width.saturating_sub(name.len()));
        let around = start.saturating_sub(2)..(start + name.len() + 2).min(width);
        let fits = start + name.len() <= width && column < width;
        if !fits || !free[around].iter().all(|free| *free) {
            continue;
        }
        line[column] = glyphs.tick;
        text[start..start + name.len()].copy_from_slice(&name);
        free[start..start + name.len()].fill(false);
    }
    let label = scene.theme.style(Meaning::Label);
    let margin = usize::from(margin);
    let indent = " ".repeat(margin.saturating_sub(1));
    put(
        frame,
        axis,
        0,
        Line::styled(format!("{indent}{}{}", glyphs.corner, line.concat()), label),
    );
    put(
        frame,
        labels,
        0,
        Line::from(vec![
            Span::raw(" ".repeat(margin)),
            Span::styled(text.into_iter().collect::<String>(), label),
        ]),
    );
}

/// The smallest and the largest before those between, which may leave.
fn ends_first(mut sizes: Vec<(usize, u64)>) -> Vec<(usize, u64)> {
    if sizes.len() > 2 {
        let last = sizes.remove(sizes.len() - 1);
        sizes.insert(1, last);
    }
    sizes
}
