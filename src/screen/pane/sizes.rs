//! The table of sizes and start kinds: what has been measured so far.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Modifier;
use ratatui::text::{Line, Span};

use crate::core::board::Cell;
use crate::core::distribution::{half_quartile_range, median};
use crate::core::plan::{Plan, Point};
use crate::core::sample::{SampleKey, StartKind};
use crate::core::time::{MILLISECOND, Nanos};

use super::{framed, indented, kind_style, kind_word, put, remark};
use crate::screen::draw::Scene;
use crate::screen::facts::{self, Progress};
use crate::screen::format;
use crate::screen::layout::Pane;
use crate::screen::segments::{Segment, fit};
use crate::screen::theme::Meaning;

/// What is shown of a cell.
#[derive(Debug, Default)]
struct Entry {
    count: String,
    marks: String,
    median: String,
    spread: String,
}

/// How much of each cell there is room for, and how far apart.
#[derive(Debug, Clone, Copy)]
struct Detail {
    gap: usize,
    sign_gap: usize,
    spread: bool,
    marks: bool,
}

/// Columns that are added at most before a start kind where there is room: further apart, a row is hard to follow.
const MOST_SPARE: usize = 4;
/// Columns of `WARM ms`.
const HEADING: usize = 7;

/// From roomy to bare.
const DETAILS: [Detail; 4] = [
    Detail {
        gap: 2,
        sign_gap: 1,
        spread: true,
        marks: true,
    },
    Detail {
        gap: 1,
        sign_gap: 0,
        spread: true,
        marks: true,
    },
    Detail {
        gap: 1,
        sign_gap: 0,
        spread: false,
        marks: true,
    },
    Detail {
        gap: 1,
        sign_gap: 0,
        spread: false,
        marks: false,
    },
];

/// Widths of the columns of one start kind.
#[derive(Debug, Clone, Copy, Default)]
struct Widths {
    count: usize,
    marks: usize,
    median: usize,
    spread: usize,
}

impl Widths {
    fn of(entries: impl Iterator<Item = [usize; 4]>) -> Self {
        entries.fold(
            Self {
                count: 1,
                ..Self::default()
            },
            |widest, [count, marks, median, spread]| Self {
                count: widest.count.max(count),
                marks: widest.marks.max(marks),
                median: widest.median.max(median),
                spread: widest.spread.max(spread),
            },
        )
    }

    /// The marks and the space before them.
    fn marks(self, detail: Detail) -> usize {
        if detail.marks && self.marks > 0 {
            self.marks + 1
        } else {
            0
        }
    }

    /// Median, sign and spread; at least as wide as the heading above.
    fn time(self, detail: Detail, sign: usize) -> usize {
        let spread = if detail.spread && self.spread > 0 {
            self.spread + sign + 2 * detail.sign_gap
        } else {
            0
        };
        (self.median + spread).max(HEADING)
    }

    /// All of it, with the mark of the row in progress.
    fn total(self, detail: Detail, sign: usize) -> usize {
        detail.gap
            + self.count
            + self.marks(detail)
            + 1
            + self.time(detail, sign)
            + detail.sign_gap
            + 1
    }
}

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
    let sign = scene.theme.glyphs.plus_minus;
    let details = vec![
        remark(scene, 1, format!("{} each", plan.outline.repetitions)),
        remark(scene, 2, format!("median {sign} IQR/2")),
    ];
    let room = usize::from(area.height.saturating_sub(3));
    let window = window(plan.points.len(), room, in_view(scene));
    let mut notes = legend(scene);
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
    let table = Table::of(scene, plan, usize::from(inside.width));
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
    sign: usize,
    detail: Detail,
    size: usize,
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
                cell.map(|cell| entry(cell, decimals[kind as usize]))
                    .unwrap_or_default()
            })
        };
        let entries: Vec<[Entry; 2]> = (0..).zip(&plan.points).map(of).collect();
        let widths = [0, 1].map(|kind| {
            Widths::of(entries.iter().map(|row| {
                let entry: &Entry = &row[kind];
                [&entry.count, &entry.marks, &entry.median, &entry.spread]
                    .map(|text| text.chars().count())
            }))
        });
        let size = plan
            .points
            .iter()
            .map(|point| format::bytes(point.size).len())
            .max()
            .unwrap_or(0);
        let needed = |detail: &Detail| {
            size + widths
                .iter()
                .map(|widths| widths.total(*detail, sign))
                .sum::<usize>()
        };
        let detail = DETAILS
            .into_iter()
            .find(|detail| needed(detail) <= room)
            .unwrap_or(DETAILS[DETAILS.len() - 1]);
        let spare = room.saturating_sub(needed(&detail)) / widths.len();
        let detail = Detail {
            gap: detail.gap + spare.min(MOST_SPARE),
            ..detail
        };
        Self {
            sign,
            detail,
            size,
            widths,
            entries,
        }
    }

    fn heading(&self, scene: &Scene) -> Line<'static> {
        let label = scene.theme.style(Meaning::Label);
        let mut spans = vec![Span::styled(format!("{:>1$}", "size", self.size), label)];
        for kind in StartKind::ALL {
            let (widths, detail) = (self.widths[kind as usize], self.detail);
            spans.push(Span::styled(
                format!("{:1$}{2:>3$}", "", detail.gap, "n", widths.count),
                label,
            ));
            spans.push(Span::raw(" ".repeat(widths.marks(detail) + 1)));
            let name = format!("{} ms", kind_word(kind));
            spans.push(Span::styled(
                format!("{name:>0$}", widths.time(detail, self.sign)),
                kind_style(scene, kind),
            ));
            spans.push(Span::raw(" ".repeat(detail.sign_gap + 1)));
        }
        Line::from(spans)
    }

    fn row(&self, scene: &Scene, point: &Point, size: usize) -> Line<'static> {
        let current = in_progress(scene).filter(|key| key.size as usize == size);
        let name = format!("{:>1$}", format::bytes(point.size), self.size);
        if let Some(limit) = &point.beyond {
            let words = vec![
                remark(scene, 0, name),
                remark(scene, 0, "-"),
                remark(scene, 1, format!("beyond {}", limit.name)),
                remark(scene, 2, format!("({})", format::bytes(limit.bytes))),
            ];
            let whole: usize = self
                .widths
                .iter()
                .map(|widths| widths.total(self.detail, self.sign))
                .sum();
            return fit(words, (self.size + whole) as u16, self.detail.gap.min(2));
        }
        let weight = if current.is_some() {
            Meaning::Value
        } else {
            Meaning::Text
        };
        let mut spans = vec![Span::styled(name, scene.theme.style(weight))];
        for kind in StartKind::ALL {
            self.cell(
                &mut spans,
                scene,
                (&self.entries[size][kind as usize], kind),
                weight,
            );
            let here = current.is_some_and(|key| key.kind == kind);
            let mark = if here { scene.theme.glyphs.here } else { " " };
            spans.push(Span::styled(
                format!("{:1$}{mark}", "", self.detail.sign_gap),
                kind_style(scene, kind),
            ));
        }
        let picked = scene.view.row == Some(size) && scene.view.focus == Pane::Sizes;
        let style = if picked {
            Modifier::REVERSED
        } else {
            Modifier::empty()
        };
        Line::from(spans).style(style)
    }

    fn cell(
        &self,
        spans: &mut Vec<Span<'static>>,
        scene: &Scene,
        (entry, kind): (&Entry, StartKind),
        weight: Meaning,
    ) {
        let Self { detail, .. } = self;
        let widths = self.widths[kind as usize];
        let label = scene.theme.style(Meaning::Label);
        spans.push(Span::styled(
            format!("{:1$}{2:>3$}", "", detail.gap, entry.count, widths.count),
            label,
        ));
        if detail.marks && widths.marks > 0 {
            spans.push(Span::styled(
                format!(" {:<1$}", entry.marks, widths.marks),
                scene.theme.style(Meaning::Error),
            ));
        }
        let shows_spread = detail.spread && widths.spread > 0;
        let tail = if shows_spread {
            widths.spread + self.sign + 2 * detail.sign_gap
        } else {
            0
        };
        let median = widths.time(*detail, self.sign) - tail;
        spans.push(Span::styled(
            format!(" {:>median$}", entry.median),
            scene.theme.style(weight),
        ));
        if shows_spread {
            let space = " ".repeat(detail.sign_gap);
            let sign = if entry.spread.is_empty() {
                ""
            } else {
                scene.theme.glyphs.plus_minus
            };
            let text = format!(
                "{space}{sign:0$}{space}{1:>2$}",
                self.sign, entry.spread, widths.spread
            );
            spans.push(Span::styled(text, label));
        }
    }
}

fn entry(cell: &Cell, decimals: usize) -> Entry {
    let times: Vec<Nanos> = cell.invocation.values().copied().collect();
    let shown = |nanos: Nanos| format!("{:.decimals$}", nanos as f64 / MILLISECOND as f64);
    let marks = [
        ("x", cell.failed),
        ("?", cell.unsynchronised),
        ("-", cell.skipped),
    ];
    Entry {
        count: if cell.ended() == 0 {
            String::new()
        } else {
            cell.measured.to_string()
        },
        marks: marks
            .into_iter()
            .filter(|(_, count)| *count > 0)
            .map(|(mark, count)| format!("{mark}{count}"))
            .collect(),
        median: median(&times).map(shown).unwrap_or_default(),
        spread: half_quartile_range(&times).map(shown).unwrap_or_default(),
    }
}

/// Decimals of a start kind's column: three digits for its smallest median.
fn decimals(scene: &Scene, kind: StartKind) -> usize {
    let cells = scene.board.cells.iter().filter(|cell| cell.kind == kind);
    let medians =
        cells.filter_map(|cell| median(&cell.invocation.values().copied().collect::<Vec<_>>()));
    format::column_decimals(medians.min().unwrap_or(0) as f64 / MILLISECOND as f64)
}

/// What the marks in the table mean, for those that are there.
fn legend(scene: &Scene) -> Vec<Segment> {
    let progress = Progress::of(scene.board);
    let marks = [
        ("x failed", progress.failed > 0),
        ("? no clock", progress.unsynchronised > 0),
        ("- skipped", progress.skipped > 0),
    ];
    marks
        .into_iter()
        .filter(|(_, there)| *there)
        .map(|(text, _)| remark(scene, 1, text))
        .collect()
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
