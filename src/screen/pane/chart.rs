//! Invocation time against size: every sample a dot, every median a mark of its start kind, and the least-squares
//! line through the samples of each kind with its 95 % band.

mod axes;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::Line;

use crate::core::distribution::median;
use crate::core::fit;
use crate::core::sample::StartKind;
use crate::core::time::{Nanos, SECOND};

use axes::horizontal;
pub(super) use axes::upright;

use super::{clock_note, framed, indented, kind_style, kind_word, put, remark};
use crate::screen::draw::Scene;
use crate::screen::facts;
use crate::screen::glyphs::Glyphs;
use crate::screen::layout::{Pane, cut_bottom};
use crate::screen::raster::{Layer, Raster};
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
    let all = StartKind::ALL.map(|kind| fitted(scene, kind));
    let fits = all.map(|line| line.filter(|line| !line.is_flat()));
    let mut notes: Vec<Segment> = clock_note(scene).into_iter().collect();
    notes.extend(flat(scene, &all));
    if scale.is_some() {
        notes.push(remark(scene, 2, format!("{} sample", glyphs.sample)));
    }
    if fits.iter().any(Option::is_some) {
        let words = format!("{} fit {} 95 %", glyphs.line, glyphs.band);
        notes.push(remark(scene, 2, words));
    }
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
    plot(frame, inside, scene, &scale, &fits);
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

/// That the samples of a start kind leave open whether a size matters; for such no line is drawn.
fn flat<'a>(
    scene: &'a Scene,
    fits: &'a [Option<fit::Line>; 2],
) -> impl Iterator<Item = Segment> + 'a {
    let kinds = StartKind::ALL.into_iter().zip(fits);
    let flat = kinds.filter(|(_, line)| line.is_some_and(|line| line.is_flat()));
    flat.map(|(kind, _)| {
        Segment::new(1, kind.word(), kind_style(scene, kind))
            .and(": no growth shown", scene.theme.style(Meaning::Label))
    })
}

/// The samples and the lines under them; then the medians on top.
fn plot(
    frame: &mut Frame,
    area: Rect,
    scene: &Scene,
    scale: &Scale,
    fits: &[Option<fit::Line>; 2],
) {
    let glyphs = &scene.theme.glyphs;
    let mut raster = Raster::new(area, glyphs);
    if area.height >= ROWS_LEAST_LINES {
        lines(&mut raster, area.width, scene, scale, fits);
    }
    let (rows, across) = (raster.rows(), raster.across());
    let columns = columns(scene, area.width);
    for cell in &scene.board.cells {
        let Some(column) = columns.get(cell.size as usize) else {
            continue;
        };
        // Side by side, so that those of one kind do not hide the other's.
        let x = usize::from(*column) * across + (cell.kind as usize).min(across - 1);
        for time in cell.invocation.values() {
            let y = rows - 1 - scale.cell(*time as f64, rows);
            raster.put((x, y), Layer::Sample, kind_style(scene, cell.kind));
        }
    }
    raster.draw(frame, glyphs);
    medians(frame, area, scene, scale, &columns);
}

fn medians(frame: &mut Frame, area: Rect, scene: &Scene, scale: &Scale, columns: &[u16]) {
    let glyphs = &scene.theme.glyphs;
    let rows = usize::from(area.height);
    for cell in &scene.board.cells {
        let times: Vec<Nanos> = cell.invocation.values().copied().collect();
        let column = columns.get(cell.size as usize);
        let Some((time, column)) = median(&times).zip(column) else {
            continue;
        };
        let glyph = mark(glyphs, cell.kind);
        let row = rows - 1 - scale.cell(time as f64, rows);
        let place = (area.x + column, area.y + row as u16);
        if let Some(drawn) = frame.buffer_mut().cell_mut(place) {
            let taken =
                [glyphs.warm, glyphs.cold].contains(&drawn.symbol()) && drawn.symbol() != glyph;
            let style = kind_style(scene, cell.kind);
            drawn
                .set_symbol(if taken { glyphs.both } else { glyph })
                .set_style(Style::reset().patch(style));
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

/// The lines and the edges of their bands.
fn lines(
    raster: &mut Raster,
    width: u16,
    scene: &Scene,
    scale: &Scale,
    fits: &[Option<fit::Line>; 2],
) {
    let (rows, across) = (raster.rows(), raster.across());
    let (low, high) = ends(scene);
    let room = plot_room(width) * across;
    let row = |seconds: f64| {
        let nanos = seconds * SECOND as f64;
        let inside = (scale.low()..=scale.high()).contains(&nanos);
        inside.then(|| rows - 1 - scale.cell(nanos, rows))
    };
    for (kind, line) in StartKind::ALL.into_iter().zip(fits) {
        let Some(line) = line else {
            continue;
        };
        let style = kind_style(scene, kind).remove_modifier(Modifier::BOLD);
        let faint = style.add_modifier(Modifier::DIM);
        for dot in 0..room {
            let share = (dot as f64 + 0.5) / room as f64;
            let size = (low + share * (high - low)) as u64;
            let x = usize::from(EDGE) * across + dot;
            // Every other dot, so that an edge differs from the line.
            let edges = [line.band(size).0, line.band(size).1];
            let edges = edges.into_iter().filter(|_| dot.is_multiple_of(across));
            for y in edges.filter_map(row) {
                raster.put((x, y), Layer::Band, faint);
            }
            if let Some(y) = row(line.at(size)) {
                raster.put((x, y), Layer::Line, faint);
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
