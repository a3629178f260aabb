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
use crate::screen::segments::{Segment, fit};
use crate::screen::theme::Meaning;
use crate::screen::view::Access;

/// Columns of the names.
const NAMES: usize = 12;
/// Columns of their first words, where there is no room for all.
const NAMES_LEAST: usize = 7;
/// Width from which names are whole.
const ROOMY: u16 = 32;
/// What stands where nothing is known.
const NOTHING: &str = "-";

/// One number: its name, the same in short, what is written in the order in which it matters, and how it looks.
struct Number {
    name: String,
    short: &'static str,
    parts: Vec<String>,
    meaning: Meaning,
}

/// Draws it: the first rows matter most, since a low screen loses the last.
pub fn draw(frame: &mut Frame, area: Rect, scene: &Scene) {
    let area = indented(area);
    let cell = facts::cell_in_view(scene.board);
    let rows = [
        invocation(scene, cell),
        round_trips(scene, cell),
        offset(scene, cell),
        lost(scene),
        streak_or_step(scene),
        without_result(scene),
    ];
    let used = rows.len() as u16;
    for (row, number) in (0..).zip(rows) {
        put(frame, area, row, line(scene, &number, area.width));
    }
    last_words(frame, area, used, scene);
}

/// As many parts as fit whole: a figure without its unit is another figure.
fn line(scene: &Scene, number: &Number, width: u16) -> Line<'static> {
    let name = if width < ROOMY {
        format!("{:NAMES_LEAST$} ", number.short)
    } else {
        format!("{:NAMES$}  ", number.name)
    };
    let room = width.saturating_sub(name.len() as u16);
    let style = scene.theme.style(number.meaning);
    let parts = (0..).zip(&number.parts);
    let parts = parts.map(|(rank, part)| Segment::new(rank, part.clone(), style));
    let value = fit(parts.collect(), room, 1);
    let mut spans = vec![Span::styled(name, scene.theme.style(Meaning::Label))];
    if value.width() <= usize::from(room) {
        spans.extend(value.spans);
    }
    Line::from(spans)
}

/// While nothing is exchanged there is no streak, but a step that may take long.
fn streak_or_step(scene: &Scene) -> Number {
    let (short, part) = match scene.board.activity {
        Activity::Deploying { .. } | Activity::ForcingCold => {
            ("doing", facts::doing(scene.board, scene.live))
        }
        Activity::Invoking { .. } | Activity::Idle => ("streak", streak(scene)),
    };
    Number {
        name: short.into(),
        short,
        // Words, so that a step that says much still says its first ones.
        parts: part.split(' ').map(Into::into).collect(),
        meaning: Meaning::Text,
    }
}

fn invocation(scene: &Scene, cell: Option<&Cell>) -> Number {
    let kind = cell.map(|cell| kind_word(cell.kind));
    let known = cell.and_then(|cell| median_and_margin(scene, cell));
    Number {
        name: kind.map_or("invocation".into(), |kind| format!("{kind} median")),
        short: kind.unwrap_or("median"),
        parts: known.map_or(vec![NOTHING.into()], |(median, margin)| {
            vec![median, margin]
        }),
        meaning: Meaning::Value,
    }
}

/// `598 ms ± 20 ms`: the median invocation time, and how far its 95 % interval reaches; none without a sample.
pub fn median_with_margin(scene: &Scene, cell: &Cell) -> Option<String> {
    median_and_margin(scene, cell).map(|(median, margin)| format!("{median} {margin}"))
}

fn median_and_margin(scene: &Scene, cell: &Cell) -> Option<(String, String)> {
    let mut times: Vec<Nanos> = cell.invocation.values().copied().collect();
    times.sort_unstable();
    let glyphs = &scene.theme.glyphs;
    let middle = median(&times)?;
    let margin = match median_interval(&times).known() {
        Some(ends) => format!(
            "{} {}",
            glyphs.plus_minus,
            format::span(ends.margin(middle), glyphs)
        ),
        None => format!(" n<{LEAST_FOR_INTERVAL}"),
    };
    Some((format::span(middle, glyphs), margin))
}

fn round_trips(scene: &Scene, cell: Option<&Cell>) -> Number {
    let all = cell.map(|cell| facts::round_trips(cell, scene.board, scene.live));
    let at = |q: f64| {
        all.as_ref()
            .and_then(|all| all.quantile(q))
            .map(|rtt| format::span(rtt, &scene.theme.glyphs))
    };
    Number {
        name: "RTT p50 p99".into(),
        short: "RTT p50",
        parts: match (at(0.5), at(0.99)) {
            (Some(p50), Some(p99)) => vec![p50, format!(" {p99}")],
            _ => vec![NOTHING.into()],
        },
        meaning: Meaning::Value,
    }
}

/// The offset, with a mark where its bound is not small beside the median.
fn offset(scene: &Scene, cell: Option<&Cell>) -> Number {
    let glyphs = &scene.theme.glyphs;
    let parts = clock::known_offset(scene).map_or(vec![NOTHING.into()], |(offset, bound)| {
        let shown = format::with_bound(offset, bound, glyphs);
        let ends = shown.split_once(&format!(" {} ", glyphs.plus_minus));
        ends.map_or(vec![shown.clone()], |(value, bound)| {
            vec![value.into(), format!("{} {bound}", glyphs.plus_minus)]
        })
    });
    let wide = cell.and_then(Cell::wide_bound).is_some();
    let mark = wide.then(|| "!".into());
    Number {
        name: "clock offset".into(),
        short: "offset",
        parts: parts.into_iter().chain(mark).collect(),
        meaning: if wide {
            Meaning::Warning
        } else {
            Meaning::Value
        },
    }
}

fn lost(scene: &Scene) -> Number {
    if scene.board.sync() == Carrier::Http {
        return unpaired(&scene.board.follow_ups);
    }
    let packets = facts::packets(scene.board, scene.live);
    let glyphs = &scene.theme.glyphs;
    let (out, back) = (packets.lost_outbound(), packets.lost_inbound());
    let (parts, meaning) = if out + back == 0 {
        let sent = format::count(u64::from(packets.sent));
        (vec!["0".into(), format!("of {sent}")], Meaning::Text)
    } else {
        let ways = format!("{out} {}  {back} {}", glyphs.outbound, glyphs.inbound);
        let share = format!(" {} !", format::percent(packets.loss()));
        (vec![ways, share], Meaning::Warning)
    };
    Number {
        name: "lost".into(),
        short: "lost",
        parts,
        meaning,
    }
}

/// Invocations over HTTP that compared no clocks.
fn unpaired(counts: &FollowUps) -> Number {
    let unpaired = counts.elsewhere + counts.failed;
    let of = format::count(u64::from(counts.made));
    let mut parts = vec![unpaired.to_string(), format!("of {of}"), "by HTTP".into()];
    let mut meaning = Meaning::Text;
    if unpaired > 0 {
        parts.push("!".into());
        meaning = Meaning::Warning;
    }
    Number {
        name: "unpaired".into(),
        short: "no pair",
        parts,
        meaning,
    }
}

fn streak(scene: &Scene) -> String {
    let run = scene.board.run.as_ref();
    let run = run.filter(|_| scene.view.access == Access::Command);
    run.map_or(NOTHING.into(), |run| {
        format!("{} of {}", scene.live.streak.min(run.n), run.n)
    })
}

fn without_result(scene: &Scene) -> Number {
    let progress = Progress::of(scene.board);
    let bad = progress.failed + progress.unsynchronised;
    Number {
        name: "samples".into(),
        short: "samples",
        parts: vec![
            format!("{bad} failed"),
            format!(" {} skipped", progress.skipped),
        ],
        meaning: if bad > 0 {
            Meaning::Warning
        } else {
            Meaning::Text
        },
    }
}

/// The newest entries of the log in the rows that are left, newest last.
fn last_words(frame: &mut Frame, area: Rect, used: u16, scene: &Scene) {
    let room = usize::from(area.height.saturating_sub(used));
    let mut lines: Vec<Line> = Vec::new();
    for entry in ending::lines(scene)
        .into_iter()
        .chain(log::newest(scene, 0))
    {
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
