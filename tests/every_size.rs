//! Every state and every pane at every size of terminal: no panic, down to nothing at all.

#![cfg(feature = "app")]

mod fake_run;

use jiff::tz::TimeZone;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use sebs_tui::core::live::LiveReading;
use sebs_tui::core::message::{Entry, Event};
use sebs_tui::core::plan::{Order, Outline, Plan, Range, Sweep};
use sebs_tui::core::sample::{Attempt, StartKind};
use sebs_tui::screen::draw::{Scene, draw};
use sebs_tui::screen::glyphs::GlyphSet;
use sebs_tui::screen::layout::Pane;
use sebs_tui::screen::table::Table;
use sebs_tui::screen::theme::{Palette, Theme};
use sebs_tui::screen::view::{Overlay, Sheet, Upward, View};

const MOST: (u16, u16) = (130, 45);
/// Sizes up to these are all drawn; of the larger ones every few.
const SMALL: (u16, u16) = (46, 14);

/// All small sizes, and the larger ones in steps that still meet every border between two shapes.
fn sizes() -> impl Iterator<Item = (u16, u16)> {
    let all = (0..=MOST.0).flat_map(|width| (0..=MOST.1).map(move |height| (width, height)));
    let borders =
        |value: u16, borders: &[u16]| borders.iter().any(|border| value.abs_diff(*border) <= 1);
    all.filter(move |(width, height)| {
        let small = *width <= SMALL.0 && *height <= SMALL.1;
        let sampled = (width + height * 3) % 17 == 0;
        let border = borders(*width, &[20, 44, 72, 120]) && borders(*height, &[12, 16, 23, 30]);
        small || sampled || border
    })
}

fn draw_everywhere(scene: &Scene) {
    for (width, height) in sizes() {
        let mut terminal =
            Terminal::new(TestBackend::new(width, height)).expect("a buffer is always there");
        terminal
            .draw(|frame| draw(frame, scene))
            .expect("a buffer takes every frame");
    }
}

#[test]
fn every_state_draws_at_every_size() {
    let theme = Theme::new(Palette::Colour, GlyphSet::Utf8);
    for (_, board, live, now) in fake_run::scenes() {
        let view = View::default();
        draw_everywhere(&Scene {
            board: &board,
            live: &live,
            attempt: Ok(None),
            typical: None,
            directory: "results/20260314T120000-local-payload",
            view: &view,
            theme: &theme,
            now,
            zone: &TimeZone::UTC,
        });
    }
}

#[test]
fn every_pane_alone_and_every_overlay_draws_at_every_size() {
    let theme = Theme::new(Palette::Mono, GlyphSet::Ascii);
    let scenes = fake_run::scenes();
    let zooms = Pane::ALL.map(|focus| View {
        focus,
        zoomed: true,
        row: Some(99),
        log_back: 9999,
        ..View::default()
    });
    let overlays = [Overlay::Help, Overlay::Quit].map(|overlay| View {
        overlay: Some(overlay),
        help_top: 99,
        ..View::default()
    });
    let views: Vec<View> = zooms.into_iter().chain(overlays).collect();
    for (place, view) in views.iter().enumerate() {
        let (_, board, live, now) = &scenes[2 + place % 2];
        draw_everywhere(&Scene {
            board,
            live,
            attempt: Ok(None),
            typical: None,
            directory: "results/20260314T120000-local-payload",
            view,
            theme: &theme,
            now: *now,
            zone: &TimeZone::UTC,
        });
    }
}

#[test]
fn the_samples_and_the_exchanges_of_one_draw_at_every_size() {
    let run = fake_run::until(StartKind::Cold, 1, 31);
    let (board, attempt, view) = fake_run::recorded(&run);
    let nothing = attempt.clone().map(|attempt| Attempt {
        exchanges: Vec::new(),
        ..attempt
    });
    let lone = attempt.clone().map(|mut attempt| {
        attempt.exchanges.truncate(1);
        attempt
    });
    let sheets = [
        (
            Sheet::Exchanges,
            Upward::CloseUp,
            attempt.clone(),
            view.table.clone(),
        ),
        (Sheet::Samples, Upward::Offset, None, view.table.clone()),
        (Sheet::Samples, Upward::Offset, None, Table::default()),
        (
            Sheet::Exchanges,
            Upward::Offset,
            attempt.clone(),
            view.table.clone(),
        ),
        (
            Sheet::Exchanges,
            Upward::RoundTrip,
            attempt,
            view.table.clone(),
        ),
        (
            Sheet::Exchanges,
            Upward::Offset,
            lone.clone(),
            view.table.clone(),
        ),
        (
            Sheet::Exchanges,
            Upward::RoundTrip,
            lone,
            view.table.clone(),
        ),
        (
            Sheet::Exchanges,
            Upward::Offset,
            nothing,
            view.table.clone(),
        ),
        (Sheet::Exchanges, Upward::Offset, None, Table::default()),
    ];
    for (sheet, upward, attempt, table) in &sheets {
        draw_everywhere(&Scene {
            board: &board,
            live: &LiveReading::default(),
            attempt: Ok(attempt.as_ref()),
            typical: None,
            directory: "results/20260314T120000-local-payload",
            view: &View {
                sheet: Some(*sheet),
                upward: *upward,
                table: table.clone(),
                ..view.clone()
            },
            theme: &Theme::new(Palette::Colour, GlyphSet::Utf8),
            now: board.last_event,
            zone: &TimeZone::UTC,
        });
    }
}

#[test]
fn odd_plans_and_odd_clocks_draw() {
    let theme = Theme::new(Palette::Colour, GlyphSet::Utf8);
    let view = View::default();
    let live = fake_run::exchanging(1, (u32::MAX / 2, 0));
    for (points, begin, end) in [(0, 0, 0), (1, 7, 7), (40, 0, 250_000_000)] {
        let range = Range { begin, end, points };
        let outline = Outline {
            sweep: Sweep::Code,
            range,
            repetitions: 0,
            order: Order::Sebs,
            attempts_per_sample: 0,
            fixed_payload: 0,
        };
        let mut run = fake_run::FakeRun::new();
        let mut header = run.header.clone();
        (header.plan, header.n) = (
            Plan::new(outline, &sebs_tui::core::plan::Limits::default()),
            0,
        );
        run.entries = vec![Entry {
            number: 1,
            wall: i64::MAX,
            elapsed: 0,
            event: Event::RunStarted {
                run: Box::new(header),
            },
        }];
        draw_everywhere(&Scene {
            board: &run.board(),
            live: &live,
            attempt: Ok(None),
            typical: None,
            directory: "results/20260314T120000-local-payload",
            view: &view,
            theme: &theme,
            now: -1,
            zone: &TimeZone::UTC,
        });
    }
}
