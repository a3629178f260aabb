//! The axes of the plot of exchanges: how far they reach, and what stands below.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::{Plot, put};
use crate::core::offset::ClockEstimate;
use crate::core::time::Nanos;
use crate::screen::draw::Scene;
use crate::screen::scale::{Scale, Spacing};
use crate::screen::theme::Meaning;

/// Bounds to either side when every exchange is nearer.
const NEAR: f64 = 1.2;
/// Share of the exchanges that the axis of offsets reaches to; the others are drawn at its edge and counted.
const REACHED: f64 = 0.9;
/// Ratio between the longest and the shortest round trip from which a log axis shows more.
const LOG_FROM: f64 = 5.0;

impl Plot<'_> {
    /// The axis below with the numbers of exchanges that have room.
    pub(super) fn horizontal(
        &self,
        frame: &mut Frame,
        [axis, labels]: [Rect; 2],
        scene: &Scene,
        margin: u16,
    ) {
        let glyphs = &scene.theme.glyphs;
        let width = axis.width.saturating_sub(margin);
        let last = self.exchanges.len().saturating_sub(1);
        let numbers = Scale::new(0.0, last as f64, Spacing::Linear);
        let mut line = vec![glyphs.axis; usize::from(width)];
        let mut text = vec![' '; usize::from(width)];
        let mut free_from = 0;
        for tick in numbers.ticks(usize::from(width / 8).clamp(1, 10)) {
            let place = tick.round() as usize;
            let name: Vec<char> = (place + 1).to_string().chars().collect();
            let column = usize::from(self.column(place, width));
            let start = column.min(usize::from(width).saturating_sub(name.len()));
            let fits = start >= free_from && start + name.len() <= usize::from(width);
            if place <= last && fits && column < usize::from(width) {
                line[column] = glyphs.tick;
                text[start..start + name.len()].copy_from_slice(&name);
                free_from = start + name.len() + 2;
            }
        }
        let label = scene.theme.style(Meaning::Label);
        let indent = " ".repeat(usize::from(margin.saturating_sub(1)));
        let drawn = format!("{indent}{}{}", glyphs.corner, line.concat());
        put(frame, axis, 0, Line::styled(drawn, label));
        let below = vec![
            Span::raw(" ".repeat(usize::from(margin))),
            Span::styled(text.into_iter().collect::<String>(), label),
        ];
        put(frame, labels, 0, Line::from(below));
    }
}

/// As far to either side as most exchanges need, and so many bounds.
pub(super) fn around_estimate(
    clock: &ClockEstimate,
    complete: &[(Nanos, Nanos)],
    bounds: f64,
) -> Scale {
    let mut distances: Vec<f64> = complete
        .iter()
        .map(|(_, offset)| (offset - clock.offset).abs() as f64)
        .collect();
    distances.sort_by(f64::total_cmp);
    let farthest = distances.last().copied().unwrap_or(0.0);
    let most = distances.get((distances.len() as f64 * REACHED) as usize);
    let reach = most
        .copied()
        .unwrap_or(farthest)
        .max(clock.bound as f64 * bounds)
        .min(farthest.max(clock.bound as f64 * bounds.min(NEAR)))
        .max(1.0)
        * 1.05;
    Scale::new(-reach, reach, Spacing::Linear)
}

pub(super) fn round_trips(complete: &[(Nanos, Nanos)]) -> Option<Scale> {
    let shortest = complete.iter().map(|(rtt, _)| *rtt).min()? as f64;
    let longest = complete.iter().map(|(rtt, _)| *rtt).max()? as f64;
    if shortest > 0.0 && longest / shortest >= LOG_FROM {
        return Some(Scale::log_around(
            shortest,
            longest,
            longest / shortest * 1.2,
        ));
    }
    Some(Scale::new(0.0, longest * 1.05, Spacing::Linear))
}
