//! The screen as a person sees it: text and style, in the states and sizes that matter.

#![cfg(feature = "app")]

mod fake_run;
mod hand;

use std::fmt::Write;
use std::sync::Arc;

use jiff::tz::TimeZone;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};
use sebs_tui::core::board::Board;
use sebs_tui::core::live::LiveReading;
use sebs_tui::core::message::{Event, RunState};
use sebs_tui::core::sample::{Attempt, SampleKey, StartKind};
use sebs_tui::core::spending::Terms;
use sebs_tui::core::time::{MILLISECOND, Nanos};
use sebs_tui::screen::draw::{Scene, draw};
use sebs_tui::screen::format;
use sebs_tui::screen::glyphs::GlyphSet;
use sebs_tui::screen::layout::Pane;
use sebs_tui::screen::table::{Column, Table};
use sebs_tui::screen::theme::{Palette, Theme};
use sebs_tui::screen::view::{Access, Leaving, Moment, Overlay, Sheet, Upward, View};

const SIZES: [(u16, u16); 4] = [(120, 40), (80, 24), (40, 12), (60, 1)];

type State = (Board, LiveReading, Nanos);

fn state(name: &str) -> State {
    let found = fake_run::scenes()
        .into_iter()
        .find(|(other, ..)| *other == name);
    found
        .map(|(_, board, live, now)| (board, live, now))
        .expect("the fake run has this scene")
}

fn colour() -> Theme {
    Theme::new(Palette::Colour, GlyphSet::Utf8)
}

fn mono() -> Theme {
    Theme::new(Palette::Mono, GlyphSet::Ascii)
}

fn picture(size: (u16, u16), theme: &Theme, view: &View, state: &State) -> Buffer {
    picture_with(size, theme, view, state, None)
}

fn picture_with(
    size: (u16, u16),
    theme: &Theme,
    view: &View,
    (board, live, now): &State,
    attempt: Option<&Attempt>,
) -> Buffer {
    let mut terminal =
        Terminal::new(TestBackend::new(size.0, size.1)).expect("a buffer is always there");
    let scene = Scene {
        board,
        live,
        attempt: Ok(attempt),
        typical: None,
        directory: "results/20260314T120000-local-payload",
        view,
        theme,
        now: *now,
        zone: &TimeZone::UTC,
    };
    terminal
        .draw(|frame| draw(frame, &scene))
        .expect("a buffer takes every frame");
    terminal.backend().buffer().clone()
}

/// The text, then each row's styles: a letter a cell, with what the letters mean.
fn text_and_style(buffer: &Buffer) -> String {
    let mut text = String::new();
    let mut legend = Vec::new();
    let mut styles = String::new();
    for row in 0..buffer.area.height {
        for column in 0..buffer.area.width {
            let cell = &buffer[(column, row)];
            text.push_str(cell.symbol());
            styles.push(letter(cell, &mut legend));
        }
        text.push('\n');
        styles.push('\n');
    }
    let mut whole = trimmed(&text);
    whole.push('\n');
    whole.push_str(&trimmed(&styles));
    for (place, style) in legend.iter().enumerate() {
        let _ = writeln!(whole, "{} {style}", letter_of(place));
    }
    whole
}

fn trimmed(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    lines.join("\n") + "\n"
}

fn letter_of(place: usize) -> char {
    char::from(b'a' + place as u8)
}

/// A letter for this cell's style; none for ordinary text or nothing at all.
fn letter(cell: &Cell, legend: &mut Vec<String>) -> char {
    let plain =
        cell.fg == Color::Reset && cell.bg == Color::Reset && cell.modifier == Modifier::empty();
    if plain || (cell.symbol() == " " && !cell.modifier.contains(Modifier::REVERSED)) {
        return ' ';
    }
    let style = format!("{:?} {:?}", cell.fg, cell.modifier);
    let place = legend
        .iter()
        .position(|other| *other == style)
        .unwrap_or_else(|| {
            legend.push(style);
            legend.len() - 1
        });
    letter_of(place)
}

fn check(name: &str, sizes: &[(u16, u16)], view: &View, state: &State) {
    check_with(name, sizes, view, state, None);
}

fn check_with(
    name: &str,
    sizes: &[(u16, u16)],
    view: &View,
    state: &State,
    attempt: Option<&Attempt>,
) {
    for (theme_name, theme) in [("colour", colour()), ("mono", mono())] {
        for size in sizes {
            let shown = text_and_style(&picture_with(*size, &theme, view, state, attempt));
            insta::assert_snapshot!(format!("{name}-{}x{}-{theme_name}", size.0, size.1), shown);
        }
    }
}

#[test]
fn a_run_that_is_being_prepared() {
    check("preparing", &SIZES, &View::default(), &state("preparing"));
}

#[test]
fn warm_starts_are_being_measured() {
    check("warm", &SIZES, &View::default(), &state("warm"));
}

#[test]
fn cold_starts_with_losses_and_a_failed_sample() {
    check("cold", &SIZES, &View::default(), &state("cold"));
}

#[test]
fn a_paused_run() {
    check("paused", &SIZES, &View::default(), &state("paused"));
}

#[test]
fn a_sample_that_is_to_be_taken_again_is_the_one_in_view_of_a_paused_run() {
    let mut run = fake_run::until(StartKind::Warm, 4, 7);
    run.entries.pop();
    let sample = SampleKey {
        size: 4,
        kind: StartKind::Warm,
        repetition: 6,
    };
    run.enter(RunState::Pausing);
    run.enter(RunState::Paused);
    run.add(
        0,
        Event::SampleSuperseded {
            sample,
            attempt: None,
        },
    );
    let state = (run.board(), LiveReading::default(), run.now());
    for size in [(120, 40), (80, 24)] {
        let shown = text(&picture(size, &mono(), &View::default(), &state));
        for word in ["rep 7", "rep 7 is taken again on resume", "p resume"] {
            assert!(shown.contains(word), "no {word:?} at {size:?}: {shown}");
        }
    }
}

#[test]
fn what_the_clocks_leave_open_is_marked_where_it_is_not_small() {
    let mut run = fake_run::until(StartKind::Warm, 1, 0);
    for entry in &mut run.entries {
        if let Event::AttemptEnded { attempt } = &mut entry.event
            && let Some(clock) = &mut attempt.clock
        {
            clock.bound = 10_100_000;
        }
    }
    run.enter(RunState::Incomplete);
    let state = (run.board(), LiveReading::default(), run.now());
    for (size, words) in [
        (
            (120, 40),
            vec!["! clock +-10.1 ms", "!0.44 ", "(clock +- 10.1 ms)"],
        ),
        ((80, 24), vec!["! clock +-10.1 ms", "!0.44"]),
        ((40, 12), vec!["10.1 ms !"]),
    ] {
        let shown = text(&picture(size, &mono(), &View::default(), &state));
        for word in words {
            assert!(shown.contains(word), "no {word:?} at {size:?}: {shown}");
        }
    }
}

#[test]
fn a_small_bound_of_the_clocks_is_not_marked() {
    let shown = text(&picture(
        (120, 40),
        &mono(),
        &View::default(),
        &state("complete"),
    ));
    assert!(!shown.contains("! clock"), "{shown}");
}

#[test]
fn a_skip_takes_no_interval_from_the_table() {
    let sizes = |kinds: &[StartKind]| {
        let run = fake_run::until(StartKind::Cold, 3, 10);
        let (mut board, live, now) = (run.board(), LiveReading::default(), run.now());
        for cell in &mut board.cells {
            if kinds.contains(&cell.kind) && cell.size == 1 {
                Arc::make_mut(cell).skipped = 1;
            }
        }
        text(&picture(
            (80, 24),
            &colour(),
            &View::default(),
            &(board, live, now),
        ))
    };
    let margins = |shown: &str| shown.matches('±').count();
    let before = margins(&sizes(&[]));
    assert!(before > 7, "most medians have an interval: {before}");
    assert_eq!(margins(&sizes(&[StartKind::Warm])), before);
    assert_eq!(margins(&sizes(&StartKind::ALL)), before);
}

#[test]
fn where_the_chart_has_no_room_the_footer_says_how_to_see_it_and_how_to_leave() {
    let state = state("cold");
    let shown = |view: &View| text(&picture((80, 24), &mono(), view, &state));
    let at_first = shown(&View::default());
    assert!(at_first.contains("Tab chart"), "{at_first}");
    assert!(!at_first.contains("invocation time by size"), "{at_first}");
    let mut view = View {
        focus: Pane::Chart,
        ..View::default()
    };
    let beside = shown(&view);
    for words in ["invocation time by size", "round trips", "clock", "log"] {
        assert!(beside.contains(words), "no {words:?}: {beside}");
    }
    view.zoomed = true;
    let alone = shown(&view);
    for words in ["z all panes", "z or Esc: all panes"] {
        assert!(alone.contains(words), "no {words:?}: {alone}");
    }
}

#[test]
fn a_figure_that_does_not_fit_whole_is_left_out() {
    let state = state("complete");
    let rows = |width| {
        let shown = picture((width, 9), &mono(), &View::default(), &state);
        let rows = shown.content.chunks(width.into());
        let rows = rows.map(|row| row.iter().map(Cell::symbol).collect::<String>());
        rows.map(|row| row.trim().to_string()).collect::<Vec<_>>()
    };
    let whole = rows(70);
    let words = |row: &str| {
        row.split_whitespace()
            .skip(1)
            .map(str::to_string)
            .collect::<Vec<_>>()
    };
    for width in 20..44 {
        for (narrow, whole) in rows(width)[2..5].iter().zip(&whole[2..5]) {
            let (shown, all) = (words(narrow), words(whole));
            assert!(
                shown.iter().all(|word| all.contains(word)),
                "{width}: {narrow:?} of {whole:?}"
            );
            let unit = |word: &String| ["ms", "us", "s"].contains(&word.as_str());
            assert!(shown.iter().any(unit), "{width}: {narrow:?}");
        }
    }
}

#[test]
fn the_chart_names_its_smallest_and_its_largest_size() {
    let state = state("complete");
    let points = &state.0.plan().expect("a plan").points;
    let within = points.iter().filter(|point| point.beyond.is_none());
    let names: Vec<String> = within.map(|point| format::bytes(point.size)).collect();
    let view = View {
        focus: Pane::Chart,
        zoomed: true,
        ..View::default()
    };
    for width in 44..130 {
        let shown = text(&picture((width, 24), &mono(), &view, &state));
        for name in [names.first(), names.last()].into_iter().flatten() {
            assert!(shown.contains(name), "no {name:?} at {width}: {shown}");
        }
    }
}

#[test]
fn a_finished_run_that_will_close() {
    let view = View {
        closing_in: Some(7),
        ..View::default()
    };
    check("complete", &SIZES, &view, &state("complete"));
}

#[test]
fn a_finished_run_with_five_samples_each_says_once_how_to_get_intervals() {
    let shown = |repetitions: u32, size| {
        let board = Board::of(&hand::timed_run(3, repetitions, |_| 10 * MILLISECOND));
        let now = board.last_event;
        let state = (board, LiveReading::default(), now);
        text(&picture(size, &mono(), &View::default(), &state))
    };
    let advice = "--repetitions 6";
    for size in [(120, 40), (80, 24)] {
        assert_eq!(shown(5, size).matches(advice).count(), 1, "{size:?}");
        assert!(!shown(6, size).contains(advice));
    }
}

#[test]
fn added_repetitions_count_as_planned() {
    let mut run = fake_run::until(StartKind::Warm, 2, 3);
    run.add(
        0,
        Event::RepetitionsAdded {
            size: 2,
            kind: StartKind::Warm,
            repetitions: 61,
            half_width: Some(0.08),
        },
    );
    let state = (run.board(), LiveReading::default(), run.now());
    for (size, words) in [
        ((120, 40), vec!["50 to 61 each", "rep 4 of 61", "of 711"]),
        ((60, 1), vec!["4/61"]),
    ] {
        let shown = text(&picture(size, &mono(), &View::default(), &state));
        for word in words {
            assert!(shown.contains(word), "no {word:?} at {size:?}: {shown}");
        }
    }
}

#[test]
fn a_recorded_run_after_one_of_its_samples() {
    let mut run = fake_run::until(StartKind::Cold, 3, 12);
    while !matches!(
        run.entries.last().map(|entry| &entry.event),
        Some(Event::SampleEnded { .. })
    ) {
        run.entries.pop();
    }
    let view = View {
        access: Access::Look,
        moment: Some(Moment { at: 512, of: 700 }),
        ..View::default()
    };
    let board = run.board();
    let state = (board.clone(), LiveReading::default(), board.last_event);
    check("recorded", &SIZES, &view, &state);
}

/// The fake run up to a cold sample, as it is viewed.
fn viewed() -> (State, Option<Attempt>, View) {
    let run = fake_run::until(StartKind::Cold, 1, 31);
    let (board, attempt, view) = fake_run::recorded(&run);
    let now = board.last_event;
    ((board, LiveReading::default(), now), attempt, view)
}

#[test]
fn the_table_of_samples_of_a_recorded_run() {
    let (state, attempt, mut view) = viewed();
    view.sheet = Some(Sheet::Samples);
    let sizes = &SIZES[..3];
    check_with("samples", sizes, &view, &state, attempt.as_ref());
    while view.table.sorting().0 != Column::Loss {
        view.table.sort_by_next();
    }
    view.table.turn();
    view.moment = Some(Moment { at: 100, of: 481 });
    let name = "samples-by-loss";
    check_with(name, sizes, &view, &state, attempt.as_ref());
}

#[test]
fn the_exchanges_of_one_sample() {
    let (state, attempt, mut view) = viewed();
    view.sheet = Some(Sheet::Exchanges);
    for (name, upward) in [
        ("exchanges", Upward::Offset),
        ("exchanges-close", Upward::CloseUp),
        ("exchanges-rtt", Upward::RoundTrip),
    ] {
        view.upward = upward;
        check_with(name, &SIZES[..3], &view, &state, attempt.as_ref());
    }
    view.table = Table::default();
    check("exchanges-none", &[(80, 24)], &view, &state);
}

#[test]
fn the_picked_sample_and_the_lost_exchanges_show_without_colour() {
    let (state, attempt, mut view) = viewed();
    for size in &SIZES[..3] {
        view.sheet = Some(Sheet::Samples);
        let shown = picture_with(*size, &mono(), &view, &state, attempt.as_ref());
        let marked = |cell: &Cell| cell.symbol() == "<" && cell.modifier == Modifier::REVERSED;
        assert_eq!(shown.content.iter().filter(|cell| marked(cell)).count(), 1);
        view.sheet = Some(Sheet::Exchanges);
        let shown = picture_with(*size, &mono(), &view, &state, attempt.as_ref());
        assert!(text(&shown).is_ascii(), "{}", text(&shown));
        assert!(text(&shown).contains("x lost"), "{}", text(&shown));
    }
}

#[test]
fn help_over_a_run() {
    let view = View {
        overlay: Some(Overlay::Help),
        ..View::default()
    };
    check("help", &SIZES, &view, &state("cold"));
}

#[test]
fn the_question_before_quitting() {
    let view = View {
        overlay: Some(Overlay::Quit),
        ..View::default()
    };
    check("quit", &SIZES, &view, &state("cold"));
}

#[test]
fn a_frozen_picture_and_an_answer() {
    let view = View {
        frozen: true,
        message: Some("skipping this sample".into()),
        ..View::default()
    };
    check("frozen", &[(80, 24), (60, 1)], &view, &state("warm"));
}

#[test]
fn a_zoomed_chart_and_a_log_scrolled_back() {
    let chart = View {
        focus: Pane::Chart,
        zoomed: true,
        ..View::default()
    };
    check("chart", &[(80, 24)], &chart, &state("complete"));
    let log = View {
        focus: Pane::Log,
        log_back: 3,
        ..View::default()
    };
    check("log", &[(80, 24)], &log, &state("complete"));
}

fn text(buffer: &Buffer) -> String {
    buffer.content.iter().map(Cell::symbol).collect()
}

#[test]
fn what_is_spent_is_shown_beside_each_limit_and_only_then() {
    let (mut board, live, now) = state("cold");
    let shown = |board: &Board| {
        let state = (board.clone(), live.clone(), now);
        text(&picture((120, 40), &mono(), &View::default(), &state))
    };
    assert!(!shown(&board).contains("spent"));
    board.spending.bytes = 1_500_000;
    board.terms = Some(Terms {
        bytes: Some(5_000_000),
        ..Terms::default()
    });
    let told = shown(&board);
    assert!(told.contains("spent 1.50 MB of 5.00 MB"), "{told}");
}

#[test]
fn every_picture_says_the_state_in_words_at_every_shape() {
    for (name, word) in [
        ("warm", "WARM"),
        ("cold", "COLD"),
        ("paused", "PAUSED"),
        ("complete", "COMPLETE"),
    ] {
        let state = state(name);
        for size in SIZES {
            assert!(
                text(&picture(size, &mono(), &View::default(), &state)).contains(word),
                "{name} at {size:?}"
            );
        }
    }
}

#[test]
fn the_ascii_theme_draws_only_ascii() {
    for (name, board, live, now) in fake_run::scenes() {
        for size in SIZES {
            let shown = text(&picture(
                size,
                &mono(),
                &View::default(),
                &(board.clone(), live.clone(), now),
            ));
            assert!(shown.is_ascii(), "{name} at {size:?}: {shown}");
        }
    }
}

#[test]
fn the_mono_theme_draws_no_colour() {
    for (name, board, live, now) in fake_run::scenes() {
        let shown = picture((120, 40), &mono(), &View::default(), &(board, live, now));
        assert!(
            shown
                .content
                .iter()
                .all(|cell| cell.fg == Color::Reset && cell.bg == Color::Reset),
            "{name}"
        );
    }
}

#[test]
fn someone_who_asked_to_quit_is_told_how_to_leave_at_once() {
    let view = View {
        leaving: Leaving::Asked,
        ..View::default()
    };
    assert!(
        text(&picture((80, 24), &mono(), &view, &state("warm")))
            .contains("q again leaves without waiting")
    );
}
