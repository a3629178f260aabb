//! One line made of parts that leave in a known order when there is no room for all.

use ratatui::style::Style;
use ratatui::text::{Line, Span};

/// A part of a line. The part with the highest rank leaves first.
#[derive(Debug, Clone)]
pub struct Segment {
    rank: u8,
    spans: Vec<Span<'static>>,
}

impl Segment {
    /// A part in one style.
    pub fn new(rank: u8, text: impl Into<String>, style: Style) -> Self {
        Self {
            rank,
            spans: vec![Span::styled(text.into(), style)],
        }
    }

    /// Adds to it; both stay or leave together.
    #[must_use]
    pub fn and(mut self, text: impl Into<String>, style: Style) -> Self {
        self.spans.push(Span::styled(text.into(), style));
        self
    }

    fn width(&self) -> usize {
        self.spans.iter().map(Span::width).sum()
    }
}

/// The parts that fit into `width` columns, `gap` columns apart.
pub fn fit(segments: Vec<Segment>, width: u16, gap: usize) -> Line<'static> {
    fit_ends(segments, Vec::new(), width, gap)
}

/// As [`fit`], with the second group of parts at the right end.
pub fn fit_ends(left: Vec<Segment>, right: Vec<Segment>, width: u16, gap: usize) -> Line<'static> {
    let width = usize::from(width);
    let border = left.len();
    let mut parts: Vec<(bool, Segment)> = left
        .into_iter()
        .chain(right)
        .enumerate()
        .map(|(place, segment)| (place >= border, segment))
        .filter(|(_, segment)| segment.width() > 0)
        .collect();
    let needed = |parts: &[(bool, Segment)]| {
        parts.iter().map(|(_, part)| part.width()).sum::<usize>()
            + gap * parts.len().saturating_sub(1)
    };
    while parts.len() > 1 && needed(&parts) > width {
        let last = parts
            .iter()
            .enumerate()
            .max_by_key(|(place, (_, part))| (part.rank, *place));
        let place = last.map_or(0, |(place, _)| place);
        parts.remove(place);
    }
    let slack = width.saturating_sub(needed(&parts));
    let mut spans = Vec::new();
    let mut previous = None;
    for (at_right, part) in parts {
        let space = match previous {
            None if at_right => slack,
            None => 0,
            Some(false) if at_right => gap + slack,
            Some(_) => gap,
        };
        spans.push(Span::raw(" ".repeat(space)));
        spans.extend(part.spans);
        previous = Some(at_right);
    }
    Line::from(spans)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(rank: u8, text: &str) -> Segment {
        Segment::new(rank, text, Style::new())
    }

    #[test]
    fn what_matters_least_leaves_first() {
        let parts = || vec![part(0, "COLD"), part(2, "exact"), part(1, "rep 3")];
        assert_eq!(fit(parts(), 17, 1).to_string(), "COLD exact rep 3");
        assert_eq!(fit(parts(), 15, 1).to_string(), "COLD rep 3");
        assert_eq!(fit(parts(), 5, 1).to_string(), "COLD");
        assert_eq!(fit(parts(), 0, 1).to_string(), "COLD");
    }

    #[test]
    fn the_right_group_ends_at_the_edge() {
        let line = fit_ends(vec![part(0, "left")], vec![part(0, "right")], 14, 1);
        assert_eq!(line.to_string(), "left     right");
    }
}
