//! The exchanges of one sample's attempt, by number: the offset by each alone against the estimate, or the round trip.

mod axes;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Line;

use crate::core::listing::Row;
use crate::core::offset::{ClockEstimate, alone};
use crate::core::sample::{Attempt, Exchange};
use crate::core::time::Nanos;

use self::axes::{around_estimate, round_trips};
use super::chart::upright;
use super::{fact, framed, indented, kind_style, kind_word, put, remark};
use crate::screen::draw::Scene;
use crate::screen::format;
use crate::screen::layout::{Pane, cut_bottom};
use crate::screen::scale::Scale;
use crate::screen::segments::Segment;
use crate::screen::theme::Meaning;
use crate::screen::view::Upward;

/// Rows below which there is no picture.
const ROWS_LEAST: u16 = 3;
/// The axis of offsets reaches at least this many bounds to either side.
const BOUNDS: f64 = 2.0;

/// What is drawn of one attempt.
struct Plot<'a> {
    exchanges: &'a [Exchange],
    clock: ClockEstimate,
    upward: Upward,
    scale: Scale,
}

/// Draws it.
pub fn draw(frame: &mut Frame, area: Rect, scene: &Scene) {
    let plot = attempt(scene).and_then(|attempt| Plot::of(attempt, scene.view.upward));
    let notes = plot.as_ref().map(|plot| plot.notes(scene));
    let title = title(scene);
    let framed = framed(
        frame,
        area,
        Pane::Exchanges,
        scene,
        title,
        notes.unwrap_or_default(),
    );
    let mut inside = indented(framed);
    let Some(plot) = plot else {
        let text = Line::styled(why_nothing(scene), scene.theme.style(Meaning::Label));
        put(frame, inside, inside.height / 2, text.centered());
        return;
    };
    if inside.height >= ROWS_LEAST + 3 {
        let mut numbers = inside;
        numbers.height = 1;
        (inside.y, inside.height) = (inside.y + 1, inside.height - 1);
        let line = crate::screen::segments::fit(plot.numbers(scene), numbers.width, 2);
        put(frame, numbers, 0, line);
    }
    let labels = cut_bottom(&mut inside, 1);
    let axis = cut_bottom(&mut inside, 1);
    if inside.height < ROWS_LEAST {
        return;
    }
    if scene.view.upward != Upward::RoundTrip {
        // An odd number of rows: the estimate lies in the middle of one.
        inside.height -= 1 - inside.height % 2;
    }
    let margin = upright(frame, &mut inside, scene, &plot.scale);
    plot.draw(frame, inside, scene);
    plot.horizontal(frame, [axis, labels], scene, margin);
}

/// The sample that is picked, with its number.
fn picked<'a>(scene: &Scene<'a>) -> Option<(usize, &'a Row)> {
    let at = scene.view.picked_sample()?;
    Some((at, scene.view.table.row(at)?))
}

/// Its attempt; none while that of another sample is still there.
fn attempt<'a>(scene: &Scene<'a>) -> Option<&'a Attempt> {
    let key = picked(scene)?.1.key;
    let found = scene.attempt.ok().flatten();
    found.filter(|attempt| attempt.purpose.key() == key)
}

/// Which sample it is.
fn title(scene: &Scene) -> Vec<Segment> {
    let Some((sample, row)) = picked(scene) else {
        return Vec::new();
    };
    let kind = kind_word(row.key.kind);
    let mut parts = vec![
        remark(scene, 2, format!("of sample {sample}")),
        Segment::new(1, kind, kind_style(scene, row.key.kind)),
        remark(scene, 3, format::bytes(row.size)),
        remark(scene, 4, format!("rep {}", row.key.repetition + 1)),
    ];
    let what = match scene.view.upward {
        Upward::Offset => "offset, relative",
        Upward::CloseUp => "offset, close up",
        Upward::RoundTrip => "round trip",
    };
    parts.push(remark(scene, 0, what));
    parts
}

fn why_nothing<'a>(scene: &Scene<'a>) -> &'a str {
    if let Err(why) = scene.attempt {
        return why;
    }
    let is_there = picked(scene).is_some_and(|(_, row)| row.attempt.is_some());
    match attempt(scene) {
        None if is_there => "looking it up",
        None => "nothing was invoked for this sample",
        Some(attempt) if attempt.exchanges.is_empty() => "no datagram was exchanged",
        Some(_) => "no exchange is complete: no offset, no round trip",
    }
}

impl<'a> Plot<'a> {
    /// None without a complete exchange.
    fn of(attempt: &'a Attempt, upward: Upward) -> Option<Self> {
        let clock = attempt.clock?;
        let exchanges = attempt.exchanges.as_slice();
        let complete: Vec<(Nanos, Nanos)> = exchanges
            .iter()
            .filter_map(|exchange| alone(exchange, clock.stamps))
            .collect();
        let scale = match upward {
            Upward::Offset => around_estimate(&clock, &complete, BOUNDS),
            Upward::CloseUp => around_estimate(&clock, &complete, 0.0),
            Upward::RoundTrip => round_trips(&complete)?,
        };
        (!complete.is_empty()).then_some(Self {
            exchanges,
            clock,
            upward,
            scale,
        })
    }

    /// What is drawn of this exchange, ns; none when it is not complete.
    fn value(&self, exchange: &Exchange) -> Option<f64> {
        let (rtt, offset) = alone(exchange, self.clock.stamps)?;
        Some(match self.upward {
            Upward::Offset | Upward::CloseUp => (offset - self.clock.offset) as f64,
            Upward::RoundTrip => rtt as f64,
        })
    }

    /// The estimate and what it rests on.
    fn numbers(&self, scene: &Scene) -> Vec<Segment> {
        let glyphs = &scene.theme.glyphs;
        let clock = &self.clock;
        let lost = self.lost().count();
        let offset = format::with_bound(clock.offset, clock.bound, glyphs);
        vec![
            fact(scene, 0, "offset", offset),
            fact(scene, 1, "min RTT", format::span(clock.minimum_rtt, glyphs)),
            fact(scene, 3, "exchanges", self.exchanges.len().to_string()),
            fact(scene, 2, "lost", lost.to_string()),
            fact(scene, 4, "stamps", clock.stamps.word()),
        ]
    }

    /// The signs that are there, what they mean, and how much lies beyond the axis.
    fn notes(&self, scene: &Scene) -> Vec<Segment> {
        let glyphs = &scene.theme.glyphs;
        let mut notes = vec![remark(scene, 2, format!("{} exchange", glyphs.warm))];
        notes.push(remark(scene, 1, format!("{} least RTT", glyphs.cold)));
        if self.lost().next().is_some() {
            notes.push(remark(scene, 0, "x lost"));
        }
        if self.reaches_bound() {
            let word = if self.clock.clock_step {
                "bound, no proof: a clock step"
            } else {
                "bound"
            };
            notes.push(remark(scene, 3, format!("{} {word}", glyphs.line)));
        }
        let within = self.scale.low()..=self.scale.high();
        let values = self
            .exchanges
            .iter()
            .filter_map(|exchange| self.value(exchange));
        let beyond = values.filter(|value| !within.contains(value)).count();
        if beyond > 0 {
            let text = format!("{beyond} beyond, at the edge");
            notes.push(remark(scene, 1, text));
        }
        notes
    }

    fn reaches_bound(&self) -> bool {
        self.upward != Upward::RoundTrip && self.scale.high() >= self.clock.bound as f64
    }

    /// Those without a reply that reached the function.
    fn lost(&self) -> impl Iterator<Item = &Exchange> {
        self.exchanges
            .iter()
            .filter(|exchange| exchange.5.is_none())
    }

    /// Exchanges by number, the first at the left end and the last at the right.
    fn column(&self, place: usize, width: u16) -> u16 {
        let last = self.exchanges.len().saturating_sub(1).max(1);
        (place * usize::from(width.saturating_sub(1)) / last) as u16
    }

    fn row(&self, value: f64, height: u16) -> u16 {
        let rows = usize::from(height);
        (rows - 1 - self.scale.cell(value, rows)) as u16
    }

    fn draw(&self, frame: &mut Frame, area: Rect, scene: &Scene) {
        let glyphs = &scene.theme.glyphs;
        let label = scene.theme.style(Meaning::Label);
        let buffer = frame.buffer_mut();
        let mut set = |column: u16, row: u16, glyph: &'static str, style: Style| {
            if let Some(cell) = buffer.cell_mut((area.x + column, area.y + row)) {
                cell.set_symbol(glyph)
                    .set_style(Style::reset().patch(style));
            }
        };
        if self.upward != Upward::RoundTrip {
            let bound = self.clock.bound as f64;
            let lines = [
                (0.0, glyphs.band),
                (bound, glyphs.line),
                (-bound, glyphs.line),
            ];
            let drawn = if self.reaches_bound() { 3 } else { 1 };
            for (value, glyph) in lines.into_iter().take(drawn) {
                let row = self.row(value, area.height);
                (0..area.width).for_each(|column| set(column, row, glyph, label));
            }
        }
        for (place, exchange) in self.exchanges.iter().enumerate() {
            if let Some(value) = self.value(exchange) {
                let column = self.column(place, area.width);
                let row = self.row(value, area.height);
                set(column, row, glyphs.warm, scene.theme.style(Meaning::Text));
            }
        }
        for (place, exchange) in self.exchanges.iter().enumerate() {
            let column = self.column(place, area.width);
            if exchange.5.is_none() {
                let style = scene.theme.style(Meaning::Error);
                set(column, area.height - 1, "x", style);
            }
        }
        let least = |exchange: &&(usize, &Exchange)| alone(exchange.1, self.clock.stamps);
        let shortest = self
            .exchanges
            .iter()
            .enumerate()
            .filter(|(_, exchange)| alone(exchange, self.clock.stamps).is_some())
            .collect::<Vec<_>>();
        if let Some((place, exchange)) = shortest.iter().min_by_key(least)
            && let Some(value) = self.value(exchange)
        {
            let (column, row) = (
                self.column(*place, area.width),
                self.row(value, area.height),
            );
            set(column, row, glyphs.cold, scene.theme.style(Meaning::Focus));
        }
    }
}
