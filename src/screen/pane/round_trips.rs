//! Round trips of the size and start kind in view, on a log scale: the body and the tail in one picture.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use crate::core::distribution::Distribution;
use crate::core::time::Nanos;

use super::{fact, framed, indented, kind_style, kind_word, put, remark};
use crate::screen::draw::Scene;
use crate::screen::layout::{Pane, cut_bottom};
use crate::screen::scale::Scale;
use crate::screen::segments::{Segment, fit};
use crate::screen::theme::Meaning;
use crate::screen::{facts, format};

/// Relative width of a bin of [`Distribution`]: narrower columns would show gaps where there are none.
const RESOLUTION: f64 = 0.02;
/// Rows below which only the percentiles are shown.
const ROWS_LEAST: u16 = 4;

/// Draws it.
pub fn draw(frame: &mut Frame, area: Rect, scene: &Scene) {
    let board = scene.board;
    let (Some(cell), Some(key)) = (facts::cell_in_view(board), facts::sample_in_view(board)) else {
        let inside = framed(frame, area, Pane::RoundTrips, scene, Vec::new(), Vec::new());
        put(frame, inside, inside.height / 2, nothing_yet(scene));
        return;
    };
    let size = facts::size_of(board, key)
        .map(format::bytes)
        .unwrap_or_default();
    let style = kind_style(scene, key.kind);
    let title = vec![
        Segment::new(0, format!("{size} "), scene.theme.style(Meaning::Text))
            .and(kind_word(key.kind), style),
        remark(scene, 1, "log"),
    ];
    let mut inside = indented(framed(
        frame,
        area,
        Pane::RoundTrips,
        scene,
        title,
        Vec::new(),
    ));
    let all = facts::round_trips(cell, board, scene.live);
    if all.count() == 0 {
        put(frame, inside, inside.height / 2, nothing_yet(scene));
        return;
    }
    let last = cut_bottom(&mut inside, 1);
    put(frame, last, 0, percentiles(scene, &all, last.width));
    if inside.height >= ROWS_LEAST {
        histogram(frame, inside, scene, &all, style);
    }
}

fn nothing_yet(scene: &Scene) -> Line<'static> {
    Line::styled("no round trip yet", scene.theme.style(Meaning::Label)).centered()
}

fn percentiles(scene: &Scene, all: &Distribution, width: u16) -> Line<'static> {
    let shown = |nanos: Option<Nanos>| {
        nanos
            .map(|nanos| format::span(nanos, &scene.theme.glyphs))
            .unwrap_or_default()
    };
    let parts = vec![
        Segment::new(0, "p50 ", scene.theme.style(Meaning::Label))
            .and(shown(all.quantile(0.5)), scene.theme.style(Meaning::Value)),
        fact(scene, 3, "p90", shown(all.quantile(0.9))),
        fact(scene, 1, "p99", shown(all.quantile(0.99))),
        fact(scene, 4, "max", shown(all.maximum())),
        fact(scene, 2, "n", format::count(all.count())),
    ];
    fit(parts, width, if width < 44 { 1 } else { 2 })
}

/// Bars over an axis with its labels; the count of the highest bar stands at its height.
fn histogram(frame: &mut Frame, mut area: Rect, scene: &Scene, all: &Distribution, style: Style) {
    let labels = cut_bottom(&mut area, 1);
    let axis = cut_bottom(&mut area, 1);
    let (Some(low), Some(high)) = (all.minimum(), all.maximum()) else {
        return;
    };
    let guess = usize::from(area.width).saturating_sub(3);
    let scale = Scale::log_around(low as f64, high as f64, (RESOLUTION * guess as f64).exp());
    let count = |columns| all.log_bins(scale.low() as Nanos, scale.high() as Nanos, columns);
    let margin = count(guess)
        .into_iter()
        .max()
        .unwrap_or(0)
        .to_string()
        .len();
    let columns = usize::from(area.width).saturating_sub(margin + 1);
    let bins = count(columns);
    let highest = bins.iter().copied().max().unwrap_or(0);
    let glyphs = &scene.theme.glyphs;
    let label = scene.theme.style(Meaning::Label);
    for row in 0..area.height {
        let at = if row == 0 {
            highest.to_string()
        } else {
            String::new()
        };
        let above_axis = area.height - 1 - row;
        let bars: String = bins
            .iter()
            .map(|bin| level(*bin, highest, above_axis, area.height, glyphs.levels))
            .collect();
        let edge = Span::styled(format!("{at:>margin$}{}", glyphs.upright), label);
        put(
            frame,
            area,
            row,
            Line::from(vec![edge, Span::styled(bars, style)]),
        );
    }
    let (line, text) = marked_axis(scene, &scale, columns);
    put(
        frame,
        axis,
        0,
        Line::styled(format!("{:margin$}{}{line}", "", glyphs.corner), label),
    );
    put(
        frame,
        labels,
        0,
        Line::styled(format!("{:1$}{text}", "", margin + 1), label),
    );
}

/// The part of a bar in the row that many rows above the axis. A bin that holds anything shows.
fn level(bin: u64, highest: u64, row: u16, rows: u16, levels: &[&'static str]) -> &'static str {
    let steps = levels.len() - 1;
    let height =
        (bin as f64 / highest.max(1) as f64 * f64::from(rows) * steps as f64).round() as usize;
    let height = height.max(usize::from(bin > 0));
    levels[height.saturating_sub(usize::from(row) * steps).min(steps)]
}

/// The axis and the line of labels under it, each centred under its tick.
fn marked_axis(scene: &Scene, scale: &Scale, columns: usize) -> (String, String) {
    let glyphs = &scene.theme.glyphs;
    let mut axis = vec![glyphs.axis; columns];
    let mut text = vec![' '; columns];
    let mut free_from = 0;
    for tick in scale.ticks(columns / 9) {
        let name: Vec<char> = format::round_span(tick, glyphs).chars().collect();
        let place = scale.cell(tick, columns);
        let start = place
            .saturating_sub(name.len() / 2)
            .min(columns.saturating_sub(name.len()));
        if start < free_from || start + name.len() > columns {
            continue;
        }
        axis[place] = glyphs.tick;
        text[start..start + name.len()].copy_from_slice(&name);
        free_from = start + name.len() + 1;
    }
    (axis.concat(), text.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::level;

    #[test]
    fn a_bar_fills_from_the_axis_up_and_one_count_is_never_invisible() {
        let levels = &[" ", ".", "#"];
        let bar = |bin| -> String { (0..3).map(|row| level(bin, 6, row, 3, levels)).collect() };
        assert_eq!([0, 1, 3, 6].map(bar), ["   ", ".  ", "#. ", "###"]);
        assert_eq!(level(1, 1_000_000, 0, 3, levels), ".");
    }
}
