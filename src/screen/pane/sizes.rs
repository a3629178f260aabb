//! The table of sizes and start kinds: what has been measured so far.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Modifier;
use ratatui::text::{Line, Span};

use crate::core::plan::{Limit, Plan, Point};
use crate::core::sample::{SampleKey, StartKind};

use super::columns::{Detail, Shows, Widths, most_detail};
use super::entry::{Entry, decimals};
use super::{clock_note, framed, indented, kind_style, kind_word, put, remark};
use crate::screen::draw::Scene;
use crate::screen::facts;
use crate::screen::format;
use crate::screen::layout::Pane;
use crate::screen::segments::{Segment, fit};
use crate::screen::theme::Meaning;

/// Draws it.
pub fn draw(frame: &mut Frame, area: Rect, scene: &Scene) {
    let Some(plan) = scene.board.plan() else {
        let inside = framed(frame, area, Pane::Sizes, scene, Vec::new(), Vec::new());
        put(
            frame,
            inside,
            inside.height / 2,
            Line::styled("no plan yet", scene.theme.style(Meaning::Label)).centered(),
        );
        return;
    };
    let table = Table::of(scene, plan, usize::from(area.width.saturating_sub(4)));
    let details = vec![
        remark(
            scene,
            1,
            format!("{} each", facts::repetitions_told(scene.board)),
        ),
        remark(scene, 2, table.figures(scene)),
    ];
    let room = usize::from(area.height.saturating_sub(3));
    let window = window(plan.points.len(), room, in_view(scene));
    let mut notes = legend(scene, &table);
    if window.len() < plan.points.len() {
        notes.push(remark(
            scene,
            0,
            format!(
                "{}-{} of {}",
                window.start + 1,
                window.end,
                plan.points.len()
            ),
        ));
    }
    let inside = indented(framed(frame, area, Pane::Sizes, scene, details, notes));
    put(frame, inside, 0, table.heading(scene));
    for (row, size) in window.enumerate() {
        put(
            frame,
            inside,
            row as u16 + 1,
            table.row(scene, &plan.points[size], size),
        );
    }
}

/// The size that must be visible.
fn in_view(scene: &Scene) -> usize {
    let current = facts::sample_in_view(scene.board).map_or(0, |key| key.size as usize);
    scene.view.row.unwrap_or(current)
}

/// The sample in progress; between two, the last one, so that the mark does not flicker.
fn in_progress(scene: &Scene) -> Option<SampleKey> {
    facts::sample_in_view(scene.board).filter(|_| !scene.board.state.is_over())
}

/// Which rows are shown, so that `row` is among them.
fn window(rows: usize, room: usize, row: usize) -> std::ops::Range<usize> {
    let start = row.saturating_sub(room / 2).min(rows.saturating_sub(room));
    start..(start + room).min(rows)
}

struct Table {
    size: usize,
    detail: Detail,
    widths: [Widths; 2],
    entries: Vec<[Entry; 2]>,
}

impl Table {
    fn of(scene: &Scene, plan: &Plan, room: usize) -> Self {
        let sign = scene.theme.glyphs.plus_minus.chars().count();
        let decimals = StartKind::ALL.map(|kind| decimals(scene, kind));
        let of = |(size, point): (u32, &Point)| {
            StartKind::ALL.map(|kind| {
                let place = Plan::cell(SampleKey {
                    size,
                    kind,
                    repetition: 0,
                });
                let cell = scene
                    .board
                    .cells
                    .get(place)
                    .filter(|_| point.beyond.is_none());
                cell.map(|cell| Entry::of(cell, decimals[kind as usize]))
                    .unwrap_or_default()
            })
        };
        let entries: Vec<[Entry; 2]> = (0..).zip(&plan.points).map(of).collect();
        let widths = [0, 1].map(|kind| Widths::of(entries.iter().map(|row| &row[kind]), sign));
        let names = plan
            .points
            .iter()
            .map(|point| format::bytes(point.size).len());
        let size = names.max().unwrap_or(0);
        // Both kinds get room for what one of them needs, so that the first cold sample does not change the columns; but
        // the marks of one leave the other as it is.
        let wider = widths[0].max(widths[1]);
        let both = widths.map(|own| Widths {
            marks: own.marks,
            ..wider
        });
        let room = room.saturating_sub(size);
        let mut detail = most_detail(&both, room);
        if detail.shows < Shows::Margin {
            // How surely a median is known matters more than columns that stay where they are.
            let begun = |own: Widths| if own.median > 0 { own } else { wider };
            detail = most_detail(&widths.map(begun), room);
        }
        Self {
            size,
            detail,
            widths,
            entries,
        }
    }

    /// What is written of the samples.
    fn figures(&self, scene: &Scene) -> String {
        match self.detail.shows {
            Shows::Interval => "median, 95 % interval".into(),
            Shows::Margin => format!("median {} 95 %", scene.theme.glyphs.plus_minus),
            Shows::Marks | Shows::Median => "median".into(),
        }
    }

    fn heading(&self, scene: &Scene) -> Line<'static> {
        let (label, detail) = (scene.theme.style(Meaning::Label), self.detail);
        let mut spans = vec![Span::styled(format!("{:>1$}", "size", self.size), label)];
        for kind in StartKind::ALL {
            let widths = self.widths[kind as usize];
            let count = format!("{:1$}{2:>3$}", "", detail.gap, "n", widths.count);
            let space = " ".repeat(widths.marks_room(detail) + 1);
            let name = format!("{} ms", kind_word(kind));
            let name = format!("{name:>0$}", widths.time_room(detail));
            spans.push(Span::styled(count + &space, label));
            spans.push(Span::styled(name, kind_style(scene, kind)));
            spans.push(Span::raw(" ".repeat(detail.sign_gap + 1)));
        }
        Line::from(spans)
    }

    fn row(&self, scene: &Scene, point: &Point, size: usize) -> Line<'static> {
        let name = format!("{:>1$}", format::bytes(point.size), self.size);
        if let Some(limit) = &point.beyond {
            return self.beyond(scene, name, limit);
        }
        let current = in_progress(scene).filter(|key| key.size as usize == size);
        let weight = if current.is_some() {
            Meaning::Value
        } else {
            Meaning::Text
        };
        let mut spans = vec![Span::styled(name, scene.theme.style(weight))];
        for kind in StartKind::ALL {
            let entry = &self.entries[size][kind as usize];
            spans.extend(self.cell(scene, entry, self.widths[kind as usize], weight));
            let here = current.is_some_and(|key| key.kind == kind);
            let mark = if here { scene.theme.glyphs.here } else { " " };
            let mark = format!("{:1$}{mark}", "", self.detail.sign_gap);
            spans.push(Span::styled(mark, kind_style(scene, kind)));
        }
        let picked = scene.view.row == Some(size) && scene.view.focus == Pane::Sizes;
        Line::from(spans).style(if picked {
            Modifier::REVERSED
        } else {
            Modifier::empty()
        })
    }

    /// The row of a size that is never taken says why.
    fn beyond(&self, scene: &Scene, name: String, limit: &Limit) -> Line<'static> {
        let words = vec![
            remark(scene, 0, name),
            remark(scene, 0, "-"),
            remark(scene, 1, format!("beyond {}", limit.name)),
            remark(scene, 2, format!("({})", format::bytes(limit.bytes))),
        ];
        let room: usize = self
            .widths
            .iter()
            .map(|widths| widths.total(self.detail))
            .sum();
        fit(words, (self.size + room) as u16, self.detail.gap.min(2))
    }

    fn cell(
        &self,
        scene: &Scene,
        entry: &Entry,
        widths: Widths,
        weight: Meaning,
    ) -> Vec<Span<'static>> {
        let detail = self.detail;
        let label = scene.theme.style(Meaning::Label);
        let count = format!("{:1$}{2:>3$}", "", detail.gap, entry.count, widths.count);
        let mut spans = vec![Span::styled(count, label)];
        if widths.marks_room(detail) > 0 {
            let room = widths.marks_room(detail);
            let marks = format!("{:<1$}", entry.marks, widths.marks);
            let marks = format!("{marks:>room$}");
            let style = if entry.lost {
                scene.theme.style(Meaning::Error)
            } else {
                label
            };
            spans.push(Span::styled(marks, style));
        }
        let room = widths.time_room(detail) - widths.margin_room(detail);
        let mark = if entry.wide { "!" } else { "" };
        let space = 1 + room.saturating_sub(entry.median.chars().count());
        spans.push(Span::styled(
            format!("{mark:>space$}"),
            scene.theme.style(Meaning::Warning),
        ));
        spans.push(Span::styled(
            entry.median.clone(),
            scene.theme.style(weight),
        ));
        if detail.shows >= Shows::Interval && !entry.interval.is_empty() {
            let text = format!("{:>1$}", entry.interval, widths.margin_room(detail));
            spans.push(Span::styled(text, label));
        } else if widths.margin_room(detail) > 0 {
            let space = " ".repeat(detail.sign_gap);
            let sign = if entry.known {
                scene.theme.glyphs.plus_minus
            } else {
                ""
            };
            let text = format!(
                "{space}{sign:0$}{space}{1:>2$}",
                widths.sign, entry.margin, widths.margin
            );
            let text = format!("{text:<0$}", widths.margin_room(detail));
            spans.push(Span::styled(text, label));
        }
        spans
    }
}

/// What the marks in the table mean, for those that are there.
fn legend(scene: &Scene, table: &Table) -> Vec<Segment> {
    let shown = |mark| {
        table
            .entries
            .iter()
            .flatten()
            .any(|entry| entry.marks.contains(mark))
    };
    let clock = clock_note(scene);
    let marks = [
        ("x failed", shown('x')),
        ("? no clock", shown('?')),
        ("- skipped", shown('-')),
        ("* left out", shown('*')),
    ];
    let marks = marks
        .into_iter()
        .filter(|(_, there)| *there)
        .map(|(text, _)| remark(scene, 1, text));
    clock.into_iter().chain(marks).collect()
}

#[cfg(test)]
mod tests {
    use super::window;

    #[test]
    fn the_row_in_view_is_always_visible() {
        assert_eq!(window(7, 10, 6), 0..7);
        assert_eq!(window(20, 7, 0), 0..7);
        assert_eq!(window(20, 7, 10), 7..14);
        assert_eq!(window(20, 7, 19), 13..20);
        assert_eq!(window(20, 0, 5), 5..5);
        assert_eq!(window(0, 5, 0), 0..0);
    }
}
