//! What a run says of its question, and what it warns of: runs made by hand, with known answers.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod hand;

use sebs_tui::core::analysis::{Analysis, Warning};
use sebs_tui::core::board::Board;
use sebs_tui::core::compare::{Candidate, Comparison};
use sebs_tui::core::listing::{Mark, rows};
use sebs_tui::core::message::{Display, Entry, Event};
use sebs_tui::core::sample::{Attempt, SampleKey, StartKind};
use sebs_tui::core::statistics::Enough;
use sebs_tui::core::time::{MILLISECOND, Nanos, SECOND};
use sebs_tui::store::Summary;

/// 1 ms and 2 ms/MB warm, 100 ms and 3 ms/MB cold, with a skewed scatter.
fn law(key: SampleKey, state: &mut u64) -> Nanos {
    let megabytes = Nanos::from(key.size) + 1;
    let scatter = (hand::noise(state) * hand::noise(state) * 200_000.0) as Nanos;
    scatter
        + match key.kind {
            StartKind::Warm => MILLISECOND + 2 * MILLISECOND * megabytes,
            StartKind::Cold => 100 * MILLISECOND + 3 * MILLISECOND * megabytes,
        }
}

fn run(repetitions: u32) -> Vec<Entry> {
    let mut state = 1;
    hand::timed_run(5, repetitions, |key| law(key, &mut state))
}

/// Changes the attempts of a run.
fn changed(mut entries: Vec<Entry>, change: impl Fn(&mut Attempt)) -> Vec<Entry> {
    for entry in &mut entries {
        if let Event::AttemptEnded { attempt } = &mut entry.event {
            change(attempt);
        }
    }
    entries
}

#[test]
fn a_run_answers_its_question() {
    let analysis = Analysis::of(&run(30));
    assert_eq!(analysis.cells.len(), 10);
    let cell = &analysis.cells[2];
    assert_eq!(
        (cell.size, cell.kind, cell.measured),
        (2_000_000, StartKind::Warm, 30)
    );
    let times = cell.invocation_time.unwrap();
    let interval = times.median_interval.known().unwrap();
    assert!(interval.low <= times.median && times.median <= interval.high);
    assert!((5_000_000..5_200_000).contains(&times.median), "{times:?}");
    assert!(times.p95.known().is_some());
    assert_eq!(times.p99, Enough::TooSmall { n: 30, least: 100 });
    let bound = cell.bound.unwrap();
    assert_eq!((bound.median, bound.largest), (4_500, 4_500));
    assert_eq!(cell.rtt.unwrap().median, 50_000);
    assert_eq!(cell.offset.unwrap().median, hand::OFFSET + 17);
    assert_eq!(cell.connection_time.unwrap().median, 51_000);

    let warm = analysis.warm.all.known().unwrap();
    assert!((0.001_99..0.002_01).contains(&warm.slope), "{warm:?}");
    assert!((warm.mbit_per_s.unwrap() - 4000.0).abs() < 20.0);
    assert!(warm.adjusted_r2.unwrap() > 0.999);
    let cold = analysis.cold.medians.known().unwrap();
    assert!((0.002_98..0.003_02).contains(&cold.slope), "{cold:?}");

    let gap = analysis.cold_minus_warm[0].change.unwrap();
    let interval = gap.interval.known().unwrap();
    assert!(
        (interval.low..=interval.high).contains(&(100 * MILLISECOND)),
        "{gap:?}"
    );
    assert!(gap.ratio.unwrap() > 30.0);
}

#[test]
fn it_is_the_same_every_time_and_survives_its_file() {
    let entries = run(8);
    let analysis = Analysis::of(&entries);
    assert_eq!(analysis, Analysis::of(&entries));
    let text = serde_json::to_string(&analysis).unwrap();
    assert_eq!(serde_json::from_str::<Analysis>(&text).unwrap(), analysis);
}

#[test]
fn an_empty_or_eventful_journal_has_an_analysis_too() {
    assert!(Analysis::of(&[]).cells.is_empty());
    let analysis = Analysis::of(&hand::eventful_run());
    let counts: Vec<_> = analysis
        .cells
        .iter()
        .map(|cell| (cell.measured, cell.unsynchronised))
        .collect();
    assert_eq!(counts, [(2, 0), (0, 0), (0, 0), (1, 1), (0, 0), (0, 0)]);
    assert_eq!(analysis.warm.all, Enough::TooSmall { n: 1, least: 3 });
    let few = Warning::TooFewSamples {
        cells: 4,
        of: 4,
        fewest: 0,
        least: 6,
    };
    assert!(analysis.warnings.contains(&few), "{:?}", analysis.warnings);
    let kind = StartKind::Cold;
    assert!(analysis.warnings.contains(&Warning::WrongKind {
        size: 5024,
        kind,
        count: 1
    }));
    assert!(analysis.warnings.contains(&Warning::Unsynchronised {
        size: 5024,
        kind,
        count: 1,
        of: 2
    }));
}

#[test]
fn a_quiet_run_has_no_warnings() {
    let quiet = changed(run(30), |attempt| {
        attempt.packets.answered = attempt.packets.sent;
        attempt.packets.received = attempt.packets.sent;
    });
    assert_eq!(Analysis::of(&quiet).warnings, []);
}

#[test]
fn a_screen_that_was_on_for_some_samples_and_off_for_others_is_told() {
    let analysis = Analysis::of(&hand::watched_run());
    assert_eq!(
        analysis.screen.words(),
        "on for 2, off for 1, not recorded for 1 of 4 samples"
    );
    let told = Warning::ScreenOn { count: 2, of: 4 };
    assert!(analysis.warnings.contains(&told), "{:?}", analysis.warnings);
    assert_eq!(Analysis::of(&run(2)).screen.words(), "not recorded");
    let mut entries = hand::watched_run();
    for entry in &mut entries {
        if let Event::Shown { on } = &mut entry.event {
            *on = Display::Dashboard;
        }
    }
    let analysis = Analysis::of(&entries);
    assert!(analysis.screen.on > 2, "{}", analysis.screen.words());
    let told = |warning: &Warning| matches!(warning, Warning::ScreenOn { .. });
    assert!(!analysis.warnings.iter().any(told), "nothing to compare");
}

/// The warnings that `change` adds to a run of 20 repetitions.
fn warned(change: impl Fn(&mut Attempt)) -> Vec<Warning> {
    let before = Analysis::of(&run(20)).warnings;
    let mut warnings = Analysis::of(&changed(run(20), change)).warnings;
    warnings.retain(|warning| !before.contains(warning));
    warnings
}

fn later(attempt: &mut Attempt, by: Nanos) {
    if let Some(function) = &mut attempt.function {
        function.handler_entry += by;
    }
}

fn repetition(attempt: &Attempt) -> Nanos {
    attempt.purpose.key().repetition.into()
}

#[test]
fn a_cold_start_that_is_faster_than_a_warm_one_is_told() {
    let warnings = warned(|attempt| {
        let key = attempt.purpose.key();
        if key.size == 3 && key.kind == StartKind::Warm {
            later(attempt, SECOND);
        }
    });
    assert!(
        matches!(
            warnings[..],
            [Warning::ColdFasterThanWarm {
                size: 4_000_000,
                certain: true,
                difference: ..-800_000_000
            }]
        ),
        "{warnings:?}"
    );
}

#[test]
fn times_that_rise_with_the_run_are_told_by_how_much() {
    let warnings = warned(|attempt| {
        if attempt.purpose.key().kind == StartKind::Warm {
            later(attempt, repetition(attempt) * 60_000);
        }
    });
    let [
        Warning::Drift {
            kind: StartKind::Warm,
            correlation,
            p,
            moved,
        },
    ] = warnings[..]
    else {
        panic!("{warnings:?}");
    };
    assert!(correlation > 0.9 && p < 1e-9);
    // Thirds of 7 repetitions: their middles are 13 repetitions apart.
    assert!((700_000..900_000).contains(&moved), "{moved}");
}

#[test]
fn outliers_steps_losses_and_wide_bounds_are_told_where_they_are() {
    let (size, kind) = (1_000_000, StartKind::Warm);
    let at = |attempt: &Attempt| {
        attempt.purpose.key().size == 0 && attempt.purpose.key().kind == StartKind::Warm
    };
    let outliers = warned(|attempt| {
        if at(attempt) && repetition(attempt) % 10 == 0 {
            later(attempt, 50 * MILLISECOND);
        }
    });
    assert_eq!(
        outliers,
        [Warning::Outliers {
            size,
            kind,
            count: 2,
            of: 20
        }]
    );

    let steps = warned(|attempt| {
        if at(attempt) && repetition(attempt) < 3 {
            attempt
                .clock
                .iter_mut()
                .for_each(|clock| clock.clock_step = true);
        }
        if at(attempt) && repetition(attempt) == 9 {
            attempt
                .http
                .iter_mut()
                .for_each(|http| http.end += 10 * MILLISECOND);
        }
    });
    assert_eq!(
        steps,
        [Warning::ClockStep {
            size,
            kind,
            in_exchange: 3,
            of_host: 1
        }]
    );

    let wide = warned(|attempt| {
        if at(attempt) {
            attempt
                .clock
                .iter_mut()
                .for_each(|clock| clock.bound = MILLISECOND);
        }
    });
    assert!(
        matches!(
            wide[..],
            [Warning::WideBound {
                size: 1_000_000,
                bound: MILLISECOND,
                ..
            }]
        ),
        "{wide:?}"
    );

    let lossy = warned(|attempt| {
        if at(attempt) {
            attempt.packets.sent = 100;
            attempt.packets.answered = 90;
        }
    });
    assert_eq!(
        lossy,
        [Warning::HighLoss {
            size,
            kind,
            loss: 0.1
        }]
    );
}

#[test]
fn a_sample_that_something_contradicts_is_counted_and_in_no_figure() {
    type Change = fn(&mut Attempt);
    let (size, kind) = (1_000_000, StartKind::Warm);
    let changes: [(Change, Warning); 4] = [
        (
            |attempt| attempt.clock.as_mut().unwrap().clock_step = true,
            Warning::ClockStep {
                size,
                kind,
                in_exchange: 3,
                of_host: 0,
            },
        ),
        (
            |attempt| attempt.http.as_mut().unwrap().end -= 10 * MILLISECOND,
            Warning::ClockStep {
                size,
                kind,
                in_exchange: 0,
                of_host: 3,
            },
        ),
        (
            |attempt| later(attempt, -4 * MILLISECOND),
            Warning::Implausible {
                size,
                kind,
                count: 3,
                of: 20,
            },
        ),
        (
            |attempt| attempt.function.as_mut().unwrap().platform_cold = Some(true),
            Warning::Contradicted {
                size,
                kind,
                count: 3,
                of: 20,
            },
        ),
    ];
    for (change, warning) in changes {
        // What is left out is also far from the others, so that a figure with it would show.
        let spoil = |attempt: &mut Attempt| {
            let key = attempt.purpose.key();
            if key.size == 0 && key.kind == kind && key.repetition.is_multiple_of(7) {
                if !matches!(warning, Warning::Implausible { .. }) {
                    later(attempt, 900 * MILLISECOND);
                }
                change(attempt);
            }
        };
        assert_eq!(warned(spoil), std::slice::from_ref(&warning));
        let (whole, spoilt) = (run(20), changed(run(20), spoil));
        let (before, after) = (Analysis::of(&whole), Analysis::of(&spoilt));
        let cell = &after.cells[0];
        assert_eq!(
            (cell.measured, cell.left_out, cell.unsynchronised),
            (17, 3, 0)
        );
        let maximum = |analysis: &Analysis| analysis.cells[0].invocation_time.unwrap().maximum;
        assert!(maximum(&after) <= maximum(&before));
        // Every reader keeps to the same rule, and the table keeps the samples.
        let summary = Summary::of(&spoilt);
        assert_eq!(summary.cells[0].measured, 20);
        assert_eq!(summary.cells[0].invocation_time.unwrap().n, 17);
        assert_eq!(summary.cells[0].bound.unwrap().n, 17);
        let board = Board::of(&spoilt);
        assert_eq!(board.cells[0].invocation.len(), 17);
        let kept = board.ended.values().filter(|it| it.invocation.is_some());
        assert_eq!(kept.count(), 197, "what a resumed run and --until-ci go by");
        let runs = [("whole", &whole), ("spoilt", &spoilt)];
        let candidates = runs.map(|(name, entries)| Candidate { name, entries });
        let comparison = Comparison::of(&candidates).unwrap();
        assert_eq!(comparison.runs[0].cells[0].n, (20, 17));
        let marked = rows(&spoilt);
        let marked = marked.iter().filter(|row| row.mark == Mark::Look);
        assert!(marked.clone().all(|row| row.invocation.is_some()));
        assert_eq!(marked.count(), 3);
    }
}

#[test]
fn what_the_clocks_leave_of_a_median_open_is_that_of_the_bounds() {
    let exact = Analysis::of(&run(9)).cells[0].clock_error;
    assert_eq!(exact, Some(4_500));
    // The bounds of some samples alone, and a host whose clocks disagree by less than a step.
    let moved = changed(run(9), |attempt| {
        attempt.http.as_mut().unwrap().end += MILLISECOND;
    });
    let cell = &Analysis::of(&moved).cells[0];
    assert_eq!(cell.clock_error, Some(MILLISECOND + 4_500));
    assert_eq!(cell.bound.unwrap().largest, MILLISECOND + 4_500);
}

#[test]
fn a_clock_that_is_faster_than_bounds_allow_for_is_told() {
    for (ppm, beyond) in [(0, 0), (100, 0), (500, 6), (-500, 6)] {
        let fast = changed(run(6), |attempt| {
            let begin = attempt.http.unwrap().start;
            attempt.exchanges = (0..=1200)
                .map(|number| hand::exchange(number, begin))
                .collect();
            for exchange in &mut attempt.exchanges {
                // The way out of an exchange made by hand grows by 1 µs each time.
                let back = Nanos::from(exchange.0) * 1_001;
                let drift = Nanos::from(exchange.0) * ppm;
                for (stamps, by) in [
                    (Some(&mut exchange.2), back + drift),
                    (exchange.5.as_mut(), drift),
                ] {
                    let stamps = stamps.unwrap();
                    stamps.0 += by;
                    stamps.1.iter_mut().for_each(|kernel| *kernel += by);
                }
            }
        });
        let analysis = Analysis::of(&fast);
        assert_eq!(analysis.cells[0].rate.beyond, beyond, "{ppm}");
        let told = |it: &&Warning| {
            matches!(
                it,
                Warning::FastClock {
                    count: 6,
                    of: 6,
                    ..
                }
            )
        };
        let told = analysis.warnings.iter().filter(told).count();
        assert_eq!(told, if beyond > 0 { 10 } else { 0 });
    }
}

#[test]
fn the_clocks_rate_is_known_only_where_exchanges_span_a_second() {
    let short = Analysis::of(&run(6));
    assert_eq!(
        (short.cells[0].rate.known, short.cells[0].rate.unknown),
        (0, 6)
    );
    let long = Analysis::of(&changed(run(6), |attempt| {
        let begin = attempt.http.unwrap().start;
        attempt.exchanges = (0..=1200)
            .map(|number| hand::exchange(number, begin))
            .collect();
        // The way out of an exchange made by hand grows by 1 µs each time.
        for exchange in &mut attempt.exchanges {
            let back = Nanos::from(exchange.0) * 1_001;
            exchange.2.0 += back;
            exchange.2.1.iter_mut().for_each(|kernel| *kernel += back);
        }
    }));
    let rate = long.cells[0].rate;
    assert_eq!((rate.known, rate.unknown), (6, 0));
    assert!(
        rate.ppm.unwrap().abs() < 1.0 && rate.uncertainty.unwrap() < 50.0,
        "{rate:?}"
    );
}
