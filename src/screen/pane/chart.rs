//! Invocation time against size: every sample a dot, every median a mark of its start kind, and the least-squares
//! line through the samples of each kind with its 95 % band.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use crate::core::distribution::median;
use crate::core::fit;
use crate::core::sample::StartKind;
use crate::core::time::{Nanos, SECOND};

use super::{clock_note, framed, indented, kind_style, kind_word, put, remark};
use crate::screen::draw::Scene;
use crate::screen::facts;
use crate::screen::format;
use crate::screen::glyphs::Glyphs;
use crate::screen::layout::{Pane, cut_bottom, cut_left};
use crate::screen::scale::{Scale, Spacing};
use crate::screen::segments::Segment;
use crate::screen::theme::Meaning;

/// Ratio between the slowest and the fastest from which a log axis shows more.
const LOG_FROM: f64 = 10.0;
/// Ratio by which a log axis is longer than what is drawn on it.
const MARGIN: f64 = 1.5;
/// Rows below which there is no picture.
const ROWS_LEAST: u16 = 3;
/// Rows below which lines would hide the samples.
const ROWS_LEAST_LINES: u16 = 6;
/// Columns at either side of the smallest and the largest size.
const EDGE: u16 = 2;

/// Draws it.
pub fn draw(frame: &mut Frame, area: Rect, scene: &Scene) {
    let glyphs = &scene.theme.glyphs;
    let scale = vertical(scene);
    let mut title: Vec<Segment> = StartKind::ALL
        .into_iter()
        .map(|kind| {
            Segment::new(
                0,
                format!("{} {}", mark(glyphs, kind), kind_word(kind)),
                kind_style(scene, kind),
            )
        })
        .collect();
    if scale.is_some_and(|scale| scale.spacing() == Spacing::Log) {
        title.push(remark(scene, 1, "log"));
    }
    let fits = StartKind::ALL.map(|kind| fitted(scene, kind));
    if fits.iter().any(Option::is_some) {
        let words = format!("{} fit {} 95 %", glyphs.line, glyphs.band);
        title.push(remark(scene, 2, words));
    }
    let notes = clock_note(scene).into_iter().collect();
    let mut inside = indented(framed(frame, area, Pane::Chart, scene, title, notes));
    let Some(scale) = scale else {
        let text = Line::styled("no sample yet", scene.theme.style(Meaning::Label)).centered();
        put(frame, inside, inside.height / 2, text);
        return;
    };
    let labels = cut_bottom(&mut inside, 1);
    let axis = cut_bottom(&mut inside, 1);
    if inside.height < ROWS_LEAST {
        return;
    }
    let margin = upright(frame, &mut inside, scene, &scale);
    if inside.height >= ROWS_LEAST_LINES {
        lines(frame, inside, scene, &scale, &fits);
    }
    plot(frame, inside, scene, &scale);
    horizontal(frame, [axis, labels], scene, margin);
}

fn mark(glyphs: &Glyphs, kind: StartKind) -> &'static str {
    match kind {
        StartKind::Warm => glyphs.warm,
        StartKind::Cold => glyphs.cold,
    }
}

/// Every measured time, ns.
fn times<'a>(scene: &'a Scene) -> impl Iterator<Item = Nanos> + 'a {
    scene
        .board
        .cells
        .iter()
        .flat_map(|cell| cell.invocation.values().copied())
}

fn vertical(scene: &Scene) -> Option<Scale> {
    let (low, high) = (times(scene).min()? as f64, times(scene).max()? as f64);
    if low > 0.0 && high / low >= LOG_FROM {
        return Some(Scale::log_around(low, high, high / low * MARGIN));
    }
    let margin = ((high - low) * 0.1).max(high.abs() * 0.05);
    Some(Scale::new(low - margin, high + margin, Spacing::Linear))
}

/// The axis at the left with its labels; leaves the room for the plot and returns the width taken.
pub(super) fn upright(frame: &mut Frame, area: &mut Rect, scene: &Scene, scale: &Scale) -> u16 {
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

fn plot(frame: &mut Frame, area: Rect, scene: &Scene, scale: &Scale) {
    let glyphs = &scene.theme.glyphs;
    let rows = usize::from(area.height);
    let columns = columns(scene, area.width);
    let mut set = |size: u32, nanos: Nanos, glyph: &'static str, style: Style| {
        let Some(column) = columns.get(size as usize) else {
            return;
        };
        let row = rows - 1 - scale.cell(nanos as f64, rows);
        let place = (area.x + column, area.y + row as u16);
        if let Some(cell) = frame.buffer_mut().cell_mut(place) {
            let taken =
                [glyphs.warm, glyphs.cold].contains(&cell.symbol()) && cell.symbol() != glyph;
            cell.set_symbol(if taken { glyphs.both } else { glyph })
                .set_style(Style::reset().patch(style));
        }
    };
    let dot = scene.theme.style(Meaning::Label);
    for cell in &scene.board.cells {
        cell.invocation
            .values()
            .for_each(|time| set(cell.size, *time, glyphs.sample, dot));
    }
    for cell in &scene.board.cells {
        let times: Vec<Nanos> = cell.invocation.values().copied().collect();
        if let Some(time) = median(&times) {
            set(
                cell.size,
                time,
                mark(glyphs, cell.kind),
                kind_style(scene, cell.kind),
            );
        }
    }
}

/// The line through the samples of this kind; none with too few sizes.
fn fitted(scene: &Scene, kind: StartKind) -> Option<fit::Line> {
    let cells = scene.board.cells.iter().filter(|cell| cell.kind == kind);
    let points: Vec<(u64, Nanos)> = cells
        .filter_map(|cell| {
            let size = scene.board.plan()?.points.get(cell.size as usize)?.size;
            Some(cell.invocation.values().map(move |time| (size, *time)))
        })
        .flatten()
        .collect();
    fit::Line::of(&points).known().copied()
}

/// The lines, under the samples, and the edges of their bands where these are in other rows.
fn lines(
    frame: &mut Frame,
    area: Rect,
    scene: &Scene,
    scale: &Scale,
    fits: &[Option<fit::Line>; 2],
) {
    let glyphs = &scene.theme.glyphs;
    let rows = usize::from(area.height);
    let (low, high) = ends(scene);
    let room = plot_room(area.width);
    let row = |seconds: f64| {
        let nanos = seconds * SECOND as f64;
        let inside = (scale.low()..=scale.high()).contains(&nanos);
        inside.then(|| (rows - 1 - scale.cell(nanos, rows)) as u16)
    };
    for (kind, line) in StartKind::ALL.into_iter().zip(fits) {
        let Some(line) = line else {
            continue;
        };
        for column in 0..room {
            let share = (column as f64 + 0.5) / room as f64;
            let size = (low + share * (high - low)) as u64;
            let (middle, band) = (row(line.at(size)), line.band(size));
            let edges = [band.0, band.1].map(|edge| (row(edge), glyphs.band));
            for (row, glyph) in edges.into_iter().chain([(middle, glyphs.line)]) {
                let Some(row) = row.filter(|row| glyph == glyphs.line || Some(*row) != middle)
                else {
                    continue;
                };
                let place = (area.x + EDGE + column as u16, area.y + row);
                if let Some(cell) = frame.buffer_mut().cell_mut(place) {
                    cell.set_symbol(glyph)
                        .set_style(Style::reset().patch(kind_style(scene, kind)));
                }
            }
        }
    }
}

/// The sizes that are measured, each with its index.
fn sizes<'a>(scene: &'a Scene) -> impl Iterator<Item = (usize, u64)> + 'a {
    let points = scene
        .board
        .plan()
        .map(|plan| plan.points.as_slice())
        .unwrap_or_default();
    points
        .iter()
        .enumerate()
        .filter(|(_, point)| !facts::is_beyond(Some(point)))
        .map(|(place, point)| (place, point.size))
}

/// The smallest and the largest size that is measured.
fn ends(scene: &Scene) -> (f64, f64) {
    let low = sizes(scene).map(|(_, size)| size).min().unwrap_or(0);
    let high = sizes(scene).map(|(_, size)| size).max().unwrap_or(0);
    (low as f64, high as f64)
}

/// Columns between the edges.
fn plot_room(width: u16) -> usize {
    usize::from(width.saturating_sub(2 * EDGE)).max(1)
}

/// The column of each size, away from the edges.
fn columns(scene: &Scene, width: u16) -> Vec<u16> {
    let (low, high) = ends(scene);
    let scale = Scale::new(low, high, Spacing::Linear);
    let points = scene
        .board
        .plan()
        .map(|plan| plan.points.as_slice())
        .unwrap_or_default();
    let room = plot_room(width);
    points
        .iter()
        .map(|point| EDGE + scale.cell(point.size as f64, room) as u16)
        .collect()
}

/// The axis below with the sizes that have room.
fn horizontal(frame: &mut Frame, [axis, labels]: [Rect; 2], scene: &Scene, margin: u16) {
    let glyphs = &scene.theme.glyphs;
    let width = usize::from(axis.width.saturating_sub(margin));
    let columns = columns(scene, width as u16);
    let mut line = vec![glyphs.axis; width];
    let mut text = vec![' '; width];
    let mut free_from = 0;
    for (place, size) in sizes(scene) {
        let name: Vec<char> = format::bytes(size).chars().collect();
        let column = usize::from(columns[place]);
        let start = column
            .saturating_sub(name.len() / 2)
            .min(width.saturating_sub(name.len()));
        if start < free_from || start + name.len() > width || column >= width {
            continue;
        }
        line[column] = glyphs.tick;
        text[start..start + name.len()].copy_from_slice(&name);
        free_from = start + name.len() + 2;
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
