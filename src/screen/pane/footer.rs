//! The keys that can be pressed now, or the answer to the last one.

use ratatui::Frame;
use ratatui::layout::Rect;

use super::{indented, put};
use crate::screen::draw::Scene;
use crate::screen::keys::{Action, KEYS, Key};
use crate::screen::layout::Pane;
use crate::screen::segments::{Segment, fit};
use crate::screen::theme::Meaning;
use crate::screen::view::Leaving;
use crate::screen::{facts, format};

/// Rank of a hint that leaves before those of the commands, which are the first four.
const AFTER_COMMANDS: u8 = 6;

/// Draws it.
pub fn draw(frame: &mut Frame, area: Rect, scene: &Scene) {
    let area = indented(area);
    let note = scene
        .view
        .message
        .clone()
        .or_else(|| stopping(scene).map(Into::into));
    let parts = match note {
        Some(text) => vec![Segment::new(0, text, scene.theme.style(Meaning::Value))],
        None => again(scene)
            .into_iter()
            .chain(
                KEYS.iter()
                    .enumerate()
                    .filter_map(|(place, key)| part(scene, key, place as u8, frame.area())),
            )
            .collect(),
    };
    put(frame, area, 0, fit(parts, area.width, 2));
}

/// The way out is known to everyone.
fn stopping(scene: &Scene) -> Option<&'static str> {
    let waits = scene.view.leaving != Leaving::No && !scene.board.state.is_over();
    waits.then_some("stopping and cleaning up; q again leaves without waiting")
}

/// Whether the chart, which has no room, is shown by the next Tab.
fn chart_is_next(scene: &Scene, screen: Rect) -> bool {
    let placed = scene.place(screen);
    let view = scene.view;
    view.focus == Pane::Sizes
        && !view.zoomed
        && placed.shows(view.focus)
        && !placed.shows(Pane::Chart)
}

/// What happens first when a run goes on that stands still.
fn again(scene: &Scene) -> Option<Segment> {
    let key = facts::waiting_again(scene.board)?;
    let text = format!(
        "{} {} rep {} is taken again on resume",
        key.kind.word(),
        format::bytes(facts::size_of(scene.board, key)?),
        key.repetition + 1
    );
    Some(Segment::new(1, text, scene.theme.style(Meaning::Value)))
}

fn part(scene: &Scene, key: &Key, place: u8, screen: Rect) -> Option<Segment> {
    let to_chart = key.action == Action::NextPane && chart_is_next(scene, screen);
    let hint = key.hint_now(scene.board, scene.view)?;
    let hint = if to_chart { "chart" } else { hint };
    let rank = match key.action {
        Action::Quit => 0,
        Action::Zoom if scene.view.zoomed => 1,
        Action::NextPane if to_chart => AFTER_COMMANDS,
        Action::Help => 1,
        // The way on and the way back come before going by sample.
        Action::Close | Action::Open | Action::Upward if scene.view.sheet.is_some() => 2,
        Action::Sort | Action::Turn if scene.view.sheet.is_some() => 3,
        Action::Earlier | Action::Later if scene.view.sheet.is_some() => place + 100,
        // How to see more comes before what only stops the picture.
        Action::Samples => AFTER_COMMANDS,
        _ => place + 2,
    };
    let possible = key.action.possible(scene.board, scene.view).is_ok();
    let (name, word) = if possible {
        (Meaning::Heading, Meaning::Key)
    } else {
        (Meaning::KeyOff, Meaning::KeyOff)
    };
    let shortest = key.name.split(", ").next().unwrap_or(key.name);
    Some(
        Segment::new(rank, shortest, scene.theme.style(name))
            .and(format!(" {hint}"), scene.theme.style(word)),
    )
}
