//! What is being done now.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Modifier;

use super::{header, indented, kind_style, kind_word, put, remark};
use crate::screen::draw::Scene;
use crate::screen::layout::Shape;
use crate::screen::segments::{Segment, fit_ends};
use crate::screen::theme::Meaning;
use crate::screen::view::Access;
use crate::screen::{facts, format};

/// Draws it; where there is no header, the state of the run is here too.
pub fn draw(frame: &mut Frame, area: Rect, scene: &Scene, shape: Shape) {
    let area = indented(area);
    let right = if shape == Shape::Small {
        let moment = scene.view.moment;
        let moment = moment.map(|moment| remark(scene, 2, format!("{}/{}", moment.at, moment.of)));
        let notes = header::made_up(scene).into_iter().chain(moment);
        notes.chain(header::badges(scene)).collect()
    } else {
        Vec::new()
    };
    put(
        frame,
        area,
        0,
        fit_ends(parts(scene, shape), right, area.width, 2),
    );
}

fn parts(scene: &Scene, shape: Shape) -> Vec<Segment> {
    let board = scene.board;
    let value = scene.theme.style(Meaning::Value);
    let doing = Segment::new(1, facts::doing(board, scene.live), value);
    let (Some(key), Some(plan)) = (facts::sample_in_view(board), board.plan()) else {
        return vec![doing];
    };
    let outline = &plan.outline;
    let (size, sizes) = (key.size + 1, plan.points.len());
    let (repetition, repetitions) = (key.repetition + 1, facts::repetitions_in_view(board));
    let bytes = plan
        .points
        .get(key.size as usize)
        .map_or(0, |point| point.size);
    let mut parts = vec![
        Segment::new(
            0,
            kind_word(key.kind),
            kind_style(scene, key.kind).add_modifier(Modifier::BOLD),
        ),
        Segment::new(1, format::bytes(bytes), value),
    ];
    if shape == Shape::Small {
        parts.push(remark(scene, 3, format!("{size}/{sizes}")));
        parts.push(remark(scene, 4, format!("rep {repetition}/{repetitions}")));
        return parts;
    }
    let of = if shape == Shape::Wide { " of " } else { "/" };
    if bytes >= 1000 {
        parts.push(remark(scene, 5, format!("({} B)", format::count(bytes))));
    }
    let text = scene.theme.style(Meaning::Text);
    parts.push(Segment::new(4, format!("size {size}{of}{sizes}"), text));
    parts.push(Segment::new(
        2,
        format!("rep {repetition}{of}{repetitions}"),
        text,
    ));
    if board.attempt_of_sample > 0 {
        let again = board.attempt_of_sample > 1;
        let style = scene.theme.style(if again {
            Meaning::Warning
        } else {
            Meaning::Text
        });
        parts.push(Segment::new(
            3,
            format!(
                "try {}{of}{}",
                board.attempt_of_sample, outline.attempts_per_sample
            ),
            style,
        ));
    }
    if scene.view.access == Access::Command {
        parts.push(doing);
    }
    parts
}
