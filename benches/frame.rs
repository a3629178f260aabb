//! What a frame costs: building the picture and finding what changed, at 80x24 and 220x60.
//!
//! `cargo bench --bench frame` prints medians and 99th percentiles; nothing is written to a terminal.

#[path = "../tests/fake_run/mod.rs"]
mod fake_run;

use std::time::{Duration, Instant};

use jiff::tz::TimeZone;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use sebs_tui::core::sample::StartKind;
use sebs_tui::core::time::SECOND;
use sebs_tui::screen::draw::{Scene, draw};
use sebs_tui::screen::glyphs::GlyphSet;
use sebs_tui::screen::theme::{Palette, Theme};
use sebs_tui::screen::view::View;

const FRAMES: u32 = 500;

fn main() {
    let run = fake_run::until(StartKind::Cold, 6, 30);
    let board = run.board();
    let (theme, view) = (Theme::new(Palette::Colour, GlyphSet::Utf8), View::default());
    for (width, height) in [(80, 24), (220, 60)] {
        let mut terminal =
            Terminal::new(TestBackend::new(width, height)).expect("a buffer is always there");
        let mut times: Vec<Duration> = (0..FRAMES)
            .map(|frame| {
                let live = fake_run::exchanging(frame, (frame / 40, 0));
                let now = run.now() + i64::from(frame) * SECOND;
                let scene = Scene {
                    board: &board,
                    live: &live,
                    attempt: Ok(None),
                    typical: None,
                    directory: "results/20260314T120000-local-payload",
                    view: &view,
                    theme: &theme,
                    now,
                    zone: &TimeZone::UTC,
                };
                let began = Instant::now();
                terminal
                    .draw(|frame| draw(frame, &scene))
                    .expect("a buffer takes every frame");
                began.elapsed()
            })
            .collect();
        times.sort_unstable();
        let at = |share: f64| times[(share * (times.len() - 1) as f64) as usize];
        println!(
            "{width}x{height}: median {:?}, p99 {:?} over {FRAMES} frames",
            at(0.5),
            at(0.99)
        );
    }
}
