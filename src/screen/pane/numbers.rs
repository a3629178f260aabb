//! The six numbers of a small screen, and the last words of the log.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::core::board::Cell;
use crate::core::contract::Carrier;
use crate::core::distribution::{half_quartile_range, median};
use crate::core::follow_up::FollowUps;
use crate::core::time::Nanos;

use super::{clock, indented, kind_word, log, put};
use crate::screen::draw::Scene;
use crate::screen::facts::{self, Progress};
use crate::screen::format;
use crate::screen::theme::Meaning;

/// Columns of the names.
const NAMES: usize = 12;
/// What stands where nothing is known.
const NOTHING: &str = "-";

/// Draws it: the first rows matter most, since a low screen loses the last.
pub fn draw(frame: &mut Frame, area: Rect, scene: &Scene) {
    let area = indented(area);
    let cell = facts::cell_in_view(scene.board);
    let rows = [
        (
            invocation_name(cell),
            invocation(scene, cell),
            Meaning::Value,
        ),
        (
            "rtt p50 p99".into(),
            round_trips(scene, cell),
            Meaning::Value,
        ),
        ("clock offset".into(), offset(scene), Meaning::Value),
        lost(scene),
        ("streak".into(), streak(scene), Meaning::Text),
        without_result(scene),
    ];
    let used = rows.len() as u16;
    for (row, (name, value, meaning)) in rows.into_iter().enumerate() {
        let name = Span::styled(
            format!("{name:NAMES$}  "),
            scene.theme.style(Meaning::Label),
        );
        put(
            frame,
            area,
            row as u16,
            Line::from(vec![name, Span::styled(value, scene.theme.style(meaning))]),
        );
    }
    last_words(frame, area, used, scene);
}

fn invocation_name(cell: Option<&Cell>) -> String {
    cell.map_or("invocation".into(), |cell| {
        format!("{} start", kind_word(cell.kind))
    })
}

fn invocation(scene: &Scene, cell: Option<&Cell>) -> String {
    let times: Vec<Nanos> = cell
        .map(|cell| cell.invocation.values().copied().collect())
        .unwrap_or_default();
    let glyphs = &scene.theme.glyphs;
    match (median(&times), half_quartile_range(&times)) {
        (Some(middle), Some(spread)) => format!(
            "{} {} {}",
            format::span(middle, glyphs),
            glyphs.plus_minus,
            format::span(spread, glyphs)
        ),
        (Some(middle), None) => format::span(middle, glyphs),
        _ => NOTHING.into(),
    }
}

fn round_trips(scene: &Scene, cell: Option<&Cell>) -> String {
    let all = cell.map(|cell| facts::round_trips(cell, scene.board, scene.live));
    let at = |q: f64| {
        all.as_ref()
            .and_then(|all| all.quantile(q))
            .map(|rtt| format::span(rtt, &scene.theme.glyphs))
    };
    match (at(0.5), at(0.99)) {
        (Some(p50), Some(p99)) => format!("{p50}  {p99}"),
        _ => NOTHING.into(),
    }
}

fn offset(scene: &Scene) -> String {
    clock::known_offset(scene).map_or(NOTHING.into(), |(offset, bound)| {
        format::with_bound(offset, bound, &scene.theme.glyphs)
    })
}

fn lost(scene: &Scene) -> (String, String, Meaning) {
    if scene.board.sync() == Carrier::Http {
        return unpaired(&scene.board.follow_ups);
    }
    let packets = facts::packets(scene.board, scene.live);
    let glyphs = &scene.theme.glyphs;
    let (out, back) = (packets.lost_outbound(), packets.lost_inbound());
    let text = format!("{out} {}  {back} {}", glyphs.outbound, glyphs.inbound);
    let name = "lost".into();
    match out + back {
        0 => (
            name,
            format!("0 of {}", format::count(u64::from(packets.sent))),
            Meaning::Text,
        ),
        _ => (
            name,
            format!("{text}  {} !", format::percent(packets.loss())),
            Meaning::Warning,
        ),
    }
}

/// Invocations over HTTP that compared no clocks.
fn unpaired(counts: &FollowUps) -> (String, String, Meaning) {
    let unpaired = counts.elsewhere + counts.failed;
    let (mark, meaning) = if unpaired > 0 {
        (" !", Meaning::Warning)
    } else {
        ("", Meaning::Text)
    };
    let of = format::count(u64::from(counts.made));
    let text = format!("{unpaired} of {of} by HTTP{mark}");
    ("unpaired".into(), text, meaning)
}

fn streak(scene: &Scene) -> String {
    scene.board.run.as_ref().map_or(NOTHING.into(), |run| {
        format!("{} of {}", scene.live.streak.min(run.n), run.n)
    })
}

fn without_result(scene: &Scene) -> (String, String, Meaning) {
    let progress = Progress::of(scene.board);
    let bad = progress.failed + progress.unsynchronised;
    let text = format!("{bad} failed  {} skipped", progress.skipped);
    (
        "samples".into(),
        text,
        if bad > 0 {
            Meaning::Warning
        } else {
            Meaning::Text
        },
    )
}

/// The newest entries of the log in the rows that are left, newest last.
fn last_words(frame: &mut Frame, area: Rect, used: u16, scene: &Scene) {
    let room = usize::from(area.height.saturating_sub(used));
    let mut lines: Vec<Line> = Vec::new();
    for entry in scene.board.log.iter().rev() {
        let (mark, meaning) = log::mark(entry.severity);
        let width = usize::from(area.width);
        let wrapped = log::wrap(&format!("{mark} {}", entry.text), width, width);
        if lines.len() + wrapped.len() > room {
            break;
        }
        let style = scene.theme.style(meaning);
        lines.splice(
            0..0,
            wrapped.into_iter().map(|line| Line::styled(line, style)),
        );
    }
    for (row, line) in lines.into_iter().enumerate() {
        put(frame, area, used + row as u16, line);
    }
}
