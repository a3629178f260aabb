//! What runs, where, and how it stands.

use ratatui::Frame;
use ratatui::layout::Rect;

use crate::core::message::RunState;

use super::{indented, put, remark};
use crate::screen::draw::Scene;
use crate::screen::segments::{Segment, fit_ends};
use crate::screen::theme::Meaning;
use crate::screen::view::{Access, Moment};

/// Draws it.
pub fn draw(frame: &mut Frame, area: Rect, scene: &Scene) {
    let area = indented(area);
    let text = scene.theme.style(Meaning::Text);
    let mut left = vec![Segment::new(
        3,
        "sebs-tui",
        scene.theme.style(Meaning::Heading),
    )];
    if let Some(run) = &scene.board.run {
        let dot = scene.theme.glyphs.dot;
        let sweep = run.plan.outline.sweep.word();
        left.push(Segment::new(
            1,
            format!("{} {dot} {} {dot} {sweep} sweep", run.platform, run.runtime),
            text,
        ));
        left.push(remark(scene, 4, run.id.clone()));
        left.push(match &run.plan.imported {
            Some(imported) => remark(scene, 2, format!("imported from {}", imported.program)),
            None => remark(scene, 5, format!("cold by {}", run.cold_method)),
        });
    }
    if let Some(Moment { at, of }) = scene.view.moment {
        let value = scene.theme.style(Meaning::Value);
        left.push(Segment::new(0, format!("sample {at} of {of}"), value));
    }
    put(frame, area, 0, fit_ends(left, badges(scene), area.width, 2));
}

/// That nothing is measured, where the platform's name is not shown.
pub fn made_up(scene: &Scene) -> Option<Segment> {
    let run = scene.board.run.as_ref()?;
    let simulated = run.platform == "simulated";
    simulated.then(|| remark(scene, 1, "simulated"))
}

/// How the run stands, in words that are hard to miss when it stands still.
pub fn badges(scene: &Scene) -> Vec<Segment> {
    let standing = scene.theme.style(Meaning::Standing);
    if scene.view.frozen {
        return vec![Segment::new(0, " FROZEN ", standing)];
    }
    let state = scene.board.state;
    if scene.view.access == Access::Look && !state.is_over() {
        return vec![Segment::new(0, " VIEW ", standing)];
    }
    let meaning = match state {
        RunState::Preparing => Meaning::Value,
        RunState::Running | RunState::Complete => Meaning::Good,
        RunState::Pausing | RunState::Paused => Meaning::Standing,
        RunState::Stopping | RunState::Incomplete => Meaning::Warning,
    };
    let word = if meaning == Meaning::Standing {
        format!(" {} ", state.word())
    } else {
        state.word().into()
    };
    vec![Segment::new(0, word, scene.theme.style(meaning))]
}
