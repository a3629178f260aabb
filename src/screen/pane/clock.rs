//! The function's clock against the host's.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::{bar, fact, framed, indented, put, remark};
use crate::core::contract::Carrier;
use crate::screen::draw::Scene;
use crate::screen::layout::Pane;
use crate::screen::segments::{Segment, fit};
use crate::screen::theme::Meaning;
use crate::screen::{facts, format};

/// Columns of the bar that fills with the streak.
const STREAK_BAR: usize = 10;

/// Draws it.
pub fn draw(frame: &mut Frame, area: Rect, scene: &Scene) {
    let whose = if live_offset(scene).is_some() {
        "this try, so far"
    } else {
        "last try"
    };
    let details = if known_offset(scene).is_some() {
        vec![remark(scene, 1, whose)]
    } else {
        Vec::new()
    };
    let inside = indented(framed(frame, area, Pane::Clock, scene, details, Vec::new()));
    let rows = [
        offset(scene, inside.width, inside.height > 2),
        streak(scene, inside.width),
        method(scene, inside.width),
    ];
    for (row, line) in rows.into_iter().enumerate() {
        put(frame, inside, row as u16, line);
    }
}

/// Offset and bound of the attempt in flight, ns.
fn live_offset(scene: &Scene) -> Option<(i64, i64)> {
    scene
        .live
        .offset
        .filter(|_| facts::is_in_flight(scene.board))
}

/// Offset and bound, ns: of the attempt in flight, else of the last that had one.
pub fn known_offset(scene: &Scene) -> Option<(i64, i64)> {
    live_offset(scene).or_else(|| scene.board.clock.map(|clock| (clock.offset, clock.bound)))
}

fn stepped(scene: &Scene) -> bool {
    live_offset(scene).is_none() && scene.board.clock.is_some_and(|clock| clock.clock_step)
}

fn offset(scene: &Scene, width: u16, roomy: bool) -> Line<'static> {
    let Some((offset, bound)) = known_offset(scene) else {
        return fit(vec![fact(scene, 0, "offset", "unknown")], width, 2);
    };
    let text = format::with_bound(offset, bound, &scene.theme.glyphs);
    let mut parts = vec![
        Segment::new(0, "offset ", scene.theme.style(Meaning::Label))
            .and(text, scene.theme.style(Meaning::Value)),
    ];
    if stepped(scene) {
        parts.push(Segment::new(
            1,
            "! stepped, no proof",
            scene.theme.style(Meaning::Warning),
        ));
    }
    if let Some(clock) = scene.board.clock.filter(|_| !roomy) {
        let word = match scene.board.sync() {
            Carrier::Udp => clock.stamps.word(),
            Carrier::Http => "by HTTP",
        };
        parts.push(remark(scene, 2, word));
    }
    fit(parts, width, 2)
}

fn streak(scene: &Scene, width: u16) -> Line<'static> {
    let last = scene.board.clock.map(|clock| clock.minimum_rtt);
    let minimum = scene
        .live
        .minimum_rtt
        .or(last)
        .map_or("unknown".into(), |rtt| {
            format::span(rtt, &scene.theme.glyphs)
        });
    let mut parts = vec![fact(scene, 0, "min rtt", minimum)];
    if let Some(run) = &scene.board.run {
        let streak = scene.live.streak.min(run.n);
        let share = f64::from(streak) / f64::from(run.n.max(1));
        let (full, rest) = bar(scene, share, STREAK_BAR);
        parts.push(fact(scene, 1, "streak", format!("{streak} of {}", run.n)));
        let (good, label) = (
            scene.theme.style(Meaning::Good),
            scene.theme.style(Meaning::Label),
        );
        parts.push(Segment::new(2, full, good).and(rest, label));
    }
    fit(parts, width, 2)
}

fn method(scene: &Scene, width: u16) -> Line<'static> {
    let mut parts = Vec::new();
    let sync = scene.board.sync();
    if sync == Carrier::Http {
        parts.push(fact(scene, 0, "clock by", sync.word().to_owned()));
    }
    if let Some(clock) = &scene.board.clock {
        parts.push(fact(scene, 0, "stamps", clock.stamps.word()));
        parts.push(fact(
            scene,
            1,
            "last try",
            format!("{} exchanges", clock.exchanges),
        ));
    }
    if let Some(run) = &scene.board.run {
        if sync == Carrier::Udp {
            parts.push(fact(scene, 2, "in flight", run.in_flight.to_string()));
        }
        if run.shift.is_some() {
            parts.push(Segment::new(
                1,
                "! clock shifted on purpose",
                scene.theme.style(Meaning::Warning),
            ));
        }
    }
    fit(parts, width, 2)
}
