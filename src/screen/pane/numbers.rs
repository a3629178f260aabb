//! The six numbers of a small screen, and the last words of the log.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::core::board::{Activity, Cell};
use crate::core::contract::Carrier;
use crate::core::distribution::median;
use crate::core::follow_up::FollowUps;
use crate::core::statistics::{LEAST_FOR_INTERVAL, median_interval};
use crate::core::time::Nanos;

use super::{clock, ending, indented, kind_word, log, put};
use crate::screen::draw::Scene;
use crate::screen::facts::{self, Progress};
use crate::screen::format;
use crate::screen::theme::Meaning;
use crate::screen::view::Access;

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
            "RTT p50 p99".into(),
            round_trips(scene, cell),
            Meaning::Value,
        ),
        offset(scene, cell),
        lost(scene),
        streak_or_step(scene),
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

/// While nothing is exchanged there is no streak, but a step that may take long.
fn streak_or_step(scene: &Scene) -> (String, String, Meaning) {
    match scene.board.activity {
        Activity::Deploying { .. } | Activity::ForcingCold => (
            "doing".into(),
            facts::doing(scene.board, scene.live),
            Meaning::Text,
        ),
        Activity::Invoking { .. } | Activity::Idle => {
            ("streak".into(), streak(scene), Meaning::Text)
        }
    }
}

fn invocation_name(cell: Option<&Cell>) -> String {
    cell.map_or("invocation".into(), |cell| {
        format!("{} median", kind_word(cell.kind))
    })
}

fn invocation(scene: &Scene, cell: Option<&Cell>) -> String {
    cell.and_then(|cell| median_with_margin(scene, cell))
        .unwrap_or(NOTHING.into())
}

/// `598 ms ± 20 ms`: the median invocation time, and how far its 95 % interval reaches; none without a sample.
pub fn median_with_margin(scene: &Scene, cell: &Cell) -> Option<String> {
    let mut times: Vec<Nanos> = cell.invocation.values().copied().collect();
    times.sort_unstable();
    let glyphs = &scene.theme.glyphs;
    let middle = median(&times)?;
    let shown = format::span(middle, glyphs);
    Some(match median_interval(&times).known() {
        Some(ends) => format!(
            "{shown} {} {}",
            glyphs.plus_minus,
            format::span(ends.margin(middle), glyphs)
        ),
        None => format!("{shown}  n<{LEAST_FOR_INTERVAL}"),
    })
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

/// The offset, with a mark where its bound is not small beside the median.
fn offset(scene: &Scene, cell: Option<&Cell>) -> (String, String, Meaning) {
    let shown = clock::known_offset(scene).map_or(NOTHING.into(), |(offset, bound)| {
        format::with_bound(offset, bound, &scene.theme.glyphs)
    });
    let (mark, meaning) = match cell.and_then(Cell::wide_bound) {
        Some(_) => (" !", Meaning::Warning),
        None => ("", Meaning::Value),
    };
    ("clock offset".into(), format!("{shown}{mark}"), meaning)
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
    let run = scene.board.run.as_ref();
    let run = run.filter(|_| scene.view.access == Access::Command);
    run.map_or(NOTHING.into(), |run| {
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
    for entry in ending::lines(scene).iter().chain(log::newest(scene)) {
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
