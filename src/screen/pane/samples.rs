//! The samples, one line each: all of a recorded run, which is shown as it stood after the picked one, and the latest
//! of a run in progress.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Modifier;
use ratatui::text::{Line, Span};

use crate::core::listing::{Mark, Row};
use crate::core::time::Nanos;

use super::{framed, indented, kind_style, kind_word, put, remark};
use crate::screen::draw::Scene;
use crate::screen::format;
use crate::screen::layout::Pane;
use crate::screen::segments::Segment;
use crate::screen::table::Column;
use crate::screen::theme::Meaning;

/// The columns that leave where there is no room, the first first; that which is sorted by stays.
const LEAVES: [Column; 7] = [
    Column::Tries,
    Column::Loss,
    Column::RoundTrip,
    Column::Bound,
    Column::Size,
    Column::Start,
    Column::Invocation,
];
/// Columns of the mark and of the sign for the picked row, each with a space before it.
const SIGNS: usize = 4;
/// Most columns between two values.
const MOST_GAP: usize = 4;

/// Draws it, with the picked sample in sight.
pub fn draw(frame: &mut Frame, area: Rect, scene: &Scene) {
    let table = &scene.view.table;
    let picked = scene.view.picked_sample().unwrap_or(0);
    let (by, direction) = table.sorting();
    let mut title = vec![
        remark(scene, 0, format!("by {}, {}", by.name(), direction.word())),
        remark(
            scene,
            1,
            format!("line {} of {}", table.line_of(picked) + 1, table.len()),
        ),
    ];
    if table.earlier() > 0 {
        let all = table.earlier() + table.len();
        let text = format!("the latest of {}", format::count(all as u64));
        title.push(remark(scene, 2, text));
    }
    let inside = indented(framed(
        frame,
        area,
        Pane::Samples,
        scene,
        title,
        legend(scene),
    ));
    if table.is_empty() {
        let text = Line::styled("no sample has ended", scene.theme.style(Meaning::Label));
        put(frame, inside, inside.height / 2, text.centered());
        return;
    }
    let (columns, gap) = columns(scene, usize::from(inside.width));
    put(frame, inside, 0, heading(scene, &columns, gap));
    let room = usize::from(inside.height.saturating_sub(1));
    for (line, at) in table.window(room, picked).zip(1..) {
        let Some(sample) = table.sample_in(line) else {
            continue;
        };
        if let Some(row) = table.row(sample) {
            let cells = cells(scene, &columns, gap, row, sample);
            put(frame, inside, at, dressed(scene, cells, sample == picked));
        }
    }
}

/// A column and its width.
type Room = (Column, usize);

/// What fits, and how far apart.
fn columns(scene: &Scene, room: usize) -> (Vec<Room>, usize) {
    let by = scene.view.table.sorting().0;
    let mut columns: Vec<Room> = Column::ALL
        .into_iter()
        .map(|column| (column, width(scene, column)))
        .collect();
    let needed =
        |columns: &[Room]| columns.iter().map(|(_, width)| width + 1).sum::<usize>() - 1 + SIGNS;
    for leaving in LEAVES.into_iter().filter(|column| *column != by) {
        if needed(&columns) <= room {
            break;
        }
        columns.retain(|(column, _)| *column != leaving);
    }
    let gaps = columns.len().saturating_sub(1).max(1);
    let spare = room.saturating_sub(needed(&columns)) / gaps;
    (columns, (1 + spare).min(MOST_GAP))
}

/// Wide enough for the heading and what stands below it, whatever is in sight, so that scrolling moves nothing.
fn width(scene: &Scene, column: Column) -> usize {
    let widest = match column {
        Column::Taken => scene
            .view
            .table
            .latest()
            .unwrap_or_default()
            .to_string()
            .len(),
        Column::Start => 4,
        Column::Loss => "<0.1 %".len(),
        _ => "1.05 ms".len(),
    };
    widest.max(column.name().len())
}

fn heading(scene: &Scene, columns: &[Room], gap: usize) -> Line<'static> {
    let by = scene.view.table.sorting().0;
    let spans = columns.iter().enumerate().map(|(place, (column, width))| {
        let before = if place == 0 { 0 } else { gap };
        let meaning = if *column == by {
            Meaning::Heading
        } else {
            Meaning::Label
        };
        let text = format!("{:before$}{:>width$}", "", column.name());
        Span::styled(text, scene.theme.style(meaning))
    });
    Line::from(spans.collect::<Vec<_>>())
}

fn cells(
    scene: &Scene,
    columns: &[Room],
    gap: usize,
    row: &Row,
    sample: usize,
) -> Vec<Span<'static>> {
    let cells = columns.iter().enumerate().map(|(place, (column, width))| {
        let before = if place == 0 { 0 } else { gap };
        let text = format!(
            "{:before$}{:>width$}",
            "",
            value(scene, *column, row, sample)
        );
        let style = match column {
            Column::Start => kind_style(scene, row.key.kind),
            Column::Invocation => scene.theme.style(Meaning::Value),
            _ => scene.theme.style(Meaning::Text),
        };
        Span::styled(text, style)
    });
    let mark = format!(" {}", row.mark.symbol());
    let meaning = match row.mark {
        Mark::Failed => Meaning::Error,
        Mark::Look | Mark::NoClock => Meaning::Warning,
        Mark::None | Mark::Skipped => Meaning::Text,
    };
    cells
        .chain([Span::styled(mark, scene.theme.style(meaning))])
        .collect()
}

fn value(scene: &Scene, column: Column, row: &Row, sample: usize) -> String {
    let span = |time: Option<Nanos>| {
        time.map(|time| format::span(time, &scene.theme.glyphs))
            .unwrap_or_default()
    };
    match column {
        Column::Taken => sample.to_string(),
        Column::Size => format::bytes(row.size),
        Column::Start => kind_word(row.key.kind).into(),
        Column::Invocation => span(row.invocation),
        Column::Bound => span(row.bound),
        Column::RoundTrip => span(row.rtt),
        Column::Loss if row.packets.sent == 0 => String::new(),
        Column::Loss => format::percent(row.packets.loss()),
        Column::Tries => row.tries.to_string(),
    }
}

/// The picked row is reversed and has a sign at its end.
fn dressed(scene: &Scene, mut spans: Vec<Span<'static>>, picked: bool) -> Line<'static> {
    if !picked {
        return Line::from(spans);
    }
    spans.push(Span::raw(format!(" {}", scene.theme.glyphs.here)));
    Line::from(spans).style(Modifier::REVERSED)
}

/// What the marks mean, for those that are there.
fn legend(scene: &Scene) -> Vec<Segment> {
    let marks = [
        (Mark::Failed, "failed"),
        (Mark::NoClock, "no clock"),
        (Mark::Skipped, "skipped"),
        (Mark::Look, "taken again, or a clock step"),
    ];
    let there = |mark: Mark| scene.view.table.rows().iter().any(|row| row.mark == mark);
    (0..)
        .zip(marks)
        .filter(|(_, (mark, _))| there(*mark))
        .map(|(rank, (mark, word))| remark(scene, rank, format!("{} {word}", mark.symbol())))
        .collect()
}
