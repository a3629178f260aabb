//! How the run ended, in place of what is being done.

use ratatui::Frame;
use ratatui::layout::Rect;

use crate::core::message::RunState;

use super::{indented, progress, put, remark};
use crate::screen::draw::Scene;
use crate::screen::facts::Progress;
use crate::screen::format;
use crate::screen::segments::{Segment, fit_ends};
use crate::screen::theme::Meaning;

/// Draws it.
pub fn draw(frame: &mut Frame, area: Rect, scene: &Scene) {
    let area = indented(area);
    let ended = Progress::of(scene.board);
    let (word, meaning) = match scene.board.state {
        RunState::Complete => ("COMPLETE", Meaning::Good),
        _ => ("INCOMPLETE", Meaning::Warning),
    };
    let value = scene.theme.style(Meaning::Value);
    let mut left = vec![
        Segment::new(0, word, scene.theme.style(meaning)),
        Segment::new(
            3,
            format!("{} measured", format::count(u64::from(ended.measured))),
            value,
        ),
    ];
    left.extend(progress::losses(scene, &ended, 2));
    if ended.remaining() > 0 {
        left.push(Segment::new(
            2,
            format!("{} left to resume", ended.remaining()),
            value,
        ));
    }
    let right = match scene.view.closing_in {
        Some(seconds) => vec![
            Segment::new(
                1,
                format!(" closing in {seconds} s "),
                scene.theme.style(Meaning::Standing),
            ),
            remark(scene, 4, "any key keeps it open"),
        ],
        None => vec![remark(scene, 4, "q leaves")],
    };
    put(frame, area, 0, fit_ends(left, right, area.width, 2));
}
