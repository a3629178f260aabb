//! The whole picture, from the parts in [`super::pane`].
//!
//! ```text
//!  sebs-tui  local · native · payload sweep                               RUNNING   header
//!  COLD  1.05 MB (1,048,576 B)  size 3 of 7  rep 12 of 50  try 1 of 5  exchanging   now, or finished
//!  ███████████░░░░░░░░░░░░░░░  287 of 700  41 %  elapsed 0:41:12  about 18 min left progress
//! ┌ sizes ────────────────────────────────┐┌ round trips · 1.05 MB COLD ──────────┐
//! │   size   n  WARM ms       n   COLD ms ││48│       ▂▅█▇▃                       │
//! │1.02 kB  50  0.41 ± 0.05  50  212 ± 9  ││  │     ▁▆█████▅▂         ▁   ▂       │
//! │1.05 MB  50  2.13 ± 0.10  12  598 ± 20◄││  └──┴──────┴──────────┴──────────    │
//! └───────────────────────────────────────┘│     1 ms   3 ms      10 ms           │
//! ┌ clock ────────────────────────────────┐│p50 2.10 ms  p90 3.40 ms  p99 28.1 ms │
//! │offset +1.204 ms ± 31.2 µs  kernel     │└──────────────────────────────────────┘
//! └───────────────────────────────────────┘┌ log ─────────────────────────────────┐
//! ┌ datagrams ────────────────────────────┐│12:04:11 ! asked cold, got warm       │
//! └───────────────────────────────────────┘└──────────────────────────────────────┘
//!  p pause  s skip  S skip size  r retry  f freeze  Tab pane  z zoom  ? help  q quit  footer
//! ```
//!
//! From 120x30 there is room for the chart too; below 72x12 panes give way to numbers, then to one line.

use jiff::tz::TimeZone;
use ratatui::Frame;

use crate::core::board::Board;
use crate::core::effort::Typical;
use crate::core::live::LiveReading;
use crate::core::sample::Attempt;
use crate::core::time::Nanos;

use super::layout::{self, Placement, Shape};
use super::pane;
use super::theme::Theme;
use super::view::{Overlay, View};

/// Everything a picture depends on.
#[derive(Debug, Clone, Copy)]
pub struct Scene<'a> {
    /// What is known of the run.
    pub board: &'a Board,
    /// The attempt in flight.
    pub live: &'a LiveReading,
    /// The attempt of the sample whose exchanges were asked for last, or why it cannot be had.
    pub attempt: Result<Option<&'a Attempt>, &'a str>,
    /// What samples typically take, until some have been measured.
    pub typical: Option<&'a Typical>,
    /// Directory of the run.
    pub directory: &'a str,
    /// What the user has made of the picture.
    pub view: &'a View,
    /// How it looks.
    pub theme: &'a Theme,
    /// Wall clock, ns since the epoch.
    pub now: Nanos,
    /// The zone in which times of day are shown.
    pub zone: &'a TimeZone,
}

impl Scene<'_> {
    /// Where everything goes in this area.
    pub fn place(&self, area: ratatui::layout::Rect) -> Placement {
        let sizes = self.board.plan().map_or(0, |plan| plan.points.len());
        layout::place(area, sizes, self.view.focus, self.view.zoom())
    }
}

/// Draws it all. Reads no clock, file or environment.
pub fn draw(frame: &mut Frame, scene: &Scene) {
    let area = frame.area();
    let placement = scene.place(area);
    match placement.shape {
        Shape::Line => pane::line::draw(frame, placement.now, scene),
        shape => {
            pane::header::draw(frame, placement.header, scene);
            if scene.board.state.is_over() {
                pane::finished::draw(frame, placement.now, scene);
            } else {
                pane::now::draw(frame, placement.now, scene, shape);
            }
            pane::progress::draw(frame, placement.progress, scene);
            for (kind, area) in &placement.panes {
                pane::draw(frame, *area, *kind, scene);
            }
            pane::numbers::draw(frame, placement.numbers, scene);
        }
    }
    pane::footer::draw(frame, placement.footer, scene);
    match scene.view.overlay {
        Some(Overlay::Help) => pane::help::draw(frame, area, scene),
        Some(Overlay::Quit) => pane::quit::draw(frame, area, scene),
        None => {}
    }
}
