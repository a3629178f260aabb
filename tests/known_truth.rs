//! A simulated world whose truth is known: what is published of it is held against that truth.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "../examples/known_truth/runs.rs"]
mod runs;
mod support;
#[path = "../examples/known_truth/table.rs"]
#[allow(dead_code, reason = "the command prints the file")]
mod table;

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;
use sebs_tui::core::board::Board;
use sebs_tui::core::contract::{ClockShift, Dialect, StampKind};
use sebs_tui::core::exchange::join;
use sebs_tui::core::initiator::Orders;
use sebs_tui::core::message::Entry;
use sebs_tui::core::offset::estimate;
use sebs_tui::core::plan::{Order, Plan, Sweep};
use sebs_tui::core::sample::{Attempt, AttemptOutcome, SampleOutcome, StartKind, Token};
use sebs_tui::core::simulation::{NAME, Scene, World, play};
use sebs_tui::core::time::{MILLISECOND, Nanos, SECOND};

use runs::{SHIFT, START, TRIES, run};
use support::{attempts, finish, journal, run_directory, short_run};

/// Three sizes, both kinds, so many times.
fn plan(repetitions: u32, sweep: Sweep, order: Order) -> Plan {
    runs::plan(3, repetitions, sweep, order)
}

/// True time at which the function's clock showed this.
fn true_time(shown: Nanos) -> Nanos {
    let since = (shown - SHIFT.offset - START) as f64 / (1.0 + SHIFT.rate_ppm / 1e6);
    START + since.round() as Nanos
}

/// What the invocation really took.
fn truth(attempt: &Attempt) -> Nanos {
    let (http, function) = (attempt.http.unwrap(), attempt.function.as_ref().unwrap());
    true_time(function.handler_entry) - http.start - http.connected_after
}

/// Turning a rate back loses a nanosecond or two.
const DIGITS: Nanos = 2;

#[test]
fn the_published_invocation_time_covers_the_truth_in_every_world() {
    let worlds = [
        "idle",
        "busy,stamps=user",
        "tail-out",
        "asymmetric",
        "loss-10",
        "reordering",
        "wan-loss",
    ];
    for world in worlds {
        let entries = run(world, 7, plan(4, Sweep::Payload, Order::Sebs));
        let mut measured = 0;
        for attempt in attempts(&entries) {
            let (Some(time), Some(clock)) = (attempt.invocation_time(), attempt.clock) else {
                continue;
            };
            assert!(!clock.clock_step, "{world}: {clock:?}");
            let error = (time - truth(attempt)).abs();
            assert!(error <= clock.bound + DIGITS, "{world}: {error} {clock:?}");
            let kind = if world.ends_with("user") {
                StampKind::User
            } else {
                StampKind::Kernel
            };
            assert_eq!(clock.stamps, kind, "{world}");
            measured += 1;
        }
        assert!(measured >= 24, "{world}: {measured}");
    }
}

/// Apart from them a journal is all that happened.
fn without_wall_times(entries: &[Entry]) -> Vec<String> {
    entries
        .iter()
        .map(|entry| {
            serde_json::to_string(&Entry {
                wall: 0,
                ..entry.clone()
            })
            .unwrap()
        })
        .collect()
}

#[test]
fn the_same_seed_gives_the_same_journal_and_another_one_does_not() {
    for (sweep, order) in [
        (Sweep::Payload, Order::Sebs),
        (Sweep::Code, Order::Shuffled { seed: 3 }),
    ] {
        let journal = |seed| {
            let entries = run("wan-loss,lies=0.1,fickle=0.1", seed, plan(3, sweep, order));
            without_wall_times(&entries)
        };
        let first = journal(7);
        assert_eq!(first, journal(7));
        assert_ne!(first, journal(8));
    }
}

#[test]
fn a_function_that_always_lies_ends_every_sample_after_the_tries_it_has() {
    let entries = run("lies=1", 1, plan(2, Sweep::Payload, Order::Sebs));
    let board = Board::of(&entries);
    assert_eq!(board.ended.len(), 12);
    for ended in board.ended.values() {
        assert!(
            matches!(&ended.outcome, SampleOutcome::Failed(failure) if failure.step == "start kind"),
            "{:?}",
            ended.outcome
        );
    }
    let mut tries: BTreeMap<_, u32> = BTreeMap::new();
    for attempt in attempts(&entries) {
        if let Some(kind) = attempt.purpose.asked() {
            assert_eq!(attempt.outcome, AttemptOutcome::WrongKind);
            assert_ne!(attempt.got(), Some(kind));
            *tries.entry(attempt.purpose.key()).or_default() += 1;
        }
    }
    assert!(
        tries.len() == 12 && tries.values().all(|tries| *tries == TRIES),
        "{tries:?}"
    );
}

#[test]
fn what_lies_or_starts_otherwise_now_and_then_is_tried_again_and_told() {
    let samples = 3 * 2 * 20;
    for (world, told) in [("lies=0.3", true), ("fickle=0.3", false)] {
        let entries = run(world, 2, plan(20, Sweep::Payload, Order::Sebs));
        let board = Board::of(&entries);
        assert_eq!(board.ended.len(), samples);
        let of_samples: Vec<&Attempt> = attempts(&entries)
            .into_iter()
            .filter(|attempt| attempt.purpose.asked().is_some())
            .collect();
        assert!(
            of_samples
                .iter()
                .all(|attempt| attempt.attempt_of_sample <= TRIES)
        );
        let wrong = of_samples
            .iter()
            .filter(|attempt| attempt.outcome == AttemptOutcome::WrongKind)
            .count();
        assert!(
            (20..=120).contains(&wrong),
            "{world}: {wrong} in the wrong kind"
        );
        let differs = |attempt: &&&Attempt| {
            let function = attempt.function.as_ref().unwrap();
            function.platform_cold != Some(function.is_cold)
        };
        // The platform's record gives a liar away; one that is fickle does not lie.
        assert_eq!(
            of_samples.iter().any(|attempt| differs(&attempt)),
            told,
            "{world}"
        );
        for ended in board.ended.values() {
            let fine = matches!(
                ended.outcome,
                SampleOutcome::Measured | SampleOutcome::Failed(_)
            );
            assert!(fine, "{:?}", ended.outcome);
        }
    }
}

#[test]
fn a_cold_start_takes_the_time_that_was_asked_for() {
    let entries = run(
        "warm=1ms,cold=80ms",
        3,
        plan(2, Sweep::Payload, Order::Sebs),
    );
    for attempt in attempts(&entries) {
        let least = match attempt.got().unwrap() {
            StartKind::Warm => MILLISECOND,
            StartKind::Cold => 80 * MILLISECOND,
        };
        // The payload takes 10 ms a megabyte, the way there less than a microsecond.
        let rest = truth(attempt) - least - attempt.payload_bytes as Nanos * 10;
        assert!((0..1_000).contains(&rest), "{rest}");
    }
}

fn law() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("1us".to_owned()),
        (0..20_000_u32, 1..5_000_u32)
            .prop_map(|(least, most)| format!("{least}us+uniform:{most}us")),
        (0..20_000_u32, 1..2_000_u32).prop_map(|(least, mean)| format!("{least}us+exp:{mean}us")),
        (0..20_000_u32, 1..500_u32, 1.1..3.0)
            .prop_map(|(least, scale, shape)| format!("{least}us+pareto:{scale}us:{shape}")),
    ]
}

fn share() -> impl Strategy<Value = f64> {
    prop_oneof![2 => Just(0.0), 2 => 0.0..0.3, 1 => 0.0..1.0]
}

fn world() -> impl Strategy<Value = World> {
    let stamps = prop_oneof![Just("kernel"), Just("user")];
    (law(), law(), law(), share(), share(), share(), stamps).prop_map(
        |(out, back, wake, loss, copies, late, stamps)| {
            let text = format!(
                "out={out},back={back},wake={wake},loss={loss},copies={copies},late={late},stamps={stamps}"
            );
            text.parse().unwrap()
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn the_bound_holds_and_every_datagram_is_counted_in_any_world(
        world in world(),
        seed: u64,
        in_flight in 1_u32..20,
        offset in -10 * SECOND..10 * SECOND,
        rate_ppm in -100.0..100.0,
    ) {
        let shift = ClockShift { offset, rate_ppm, since: START };
        let orders = Orders {
            dialect: Dialect::Stamp,
            token: Token([7; 16]),
            session: 0,
            n: 20,
            max_exchanges: 1000,
            in_flight,
            pace: MILLISECOND,
            budget: 10 * SECOND,
        };
        let played = play(&Scene { world: &world, shift: Some(shift), orders, live: Arc::default(), begin: START, seed });
        let (exchanges, packets) = join(&played.host, &played.function);
        prop_assert_eq!(packets, played.witnessed);
        if let Some(estimate) = estimate(&exchanges, shift.apply(START)) {
            prop_assert!(!estimate.clock_step, "{:?}", estimate);
            prop_assert!((estimate.offset - offset).abs() <= estimate.bound, "{:?}", estimate);
        }
    }
}

#[test]
fn the_program_says_of_a_simulated_run_that_it_is_one_wherever_it_speaks() {
    let out = tempfile::tempdir().unwrap();
    let mut command = short_run(out.path(), 3, 300_000, 20);
    command.args([
        "--plain",
        "--platform",
        NAME,
        "--seed",
        "5",
        "--simulated",
        "loss-2,lies=0.05",
    ]);
    let printed = String::from_utf8(finish(&mut command, 0).stdout).unwrap();
    let warning = "SIMULATED: no function was called; every figure is made up";
    assert_eq!(
        printed.matches(warning).count(),
        2,
        "at the beginning and at the end:\n{printed}"
    );
    assert!(printed.contains("payload sweep on simulated"));
    assert!(printed.contains("from seed 5"));

    let directory = run_directory(out.path());
    assert!(directory.to_string_lossy().contains("-simulated-"));
    let header = Board::of(&journal(&directory)).run.unwrap();
    assert_eq!(
        (
            header.platform.as_str(),
            header.cold_method.starts_with(NAME)
        ),
        (NAME, true)
    );
    let run_file = std::fs::read_to_string(directory.join("run.json")).unwrap();
    assert!(run_file.contains("loss-2,lies=0.05"));
    let processed =
        support::table(&directory.join("invocation-overhead/payload/result-processed.csv"));
    let platform = processed
        .0
        .iter()
        .position(|name| name == "platform")
        .unwrap();
    assert!(!processed.1.is_empty() && processed.1.iter().all(|row| row[platform] == NAME));
}

/// The committed table: by condition, the medians of the estimators' errors in µs.
fn committed() -> BTreeMap<String, Vec<f64>> {
    let text = include_str!("../docs/known-truth.md");
    assert!(
        text.contains(&format!("seed {}", table::SEED)),
        "made with another seed"
    );
    text.lines()
        .filter(|line| line.starts_with("| ") && line.contains('`'))
        .skip(1)
        .map(|line| {
            let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
            let medians = cells[3..3 + table::ESTIMATORS.len()]
                .iter()
                .map(|cell| cell.split('/').next().unwrap().parse().unwrap());
            (cells[0].to_owned(), medians.collect())
        })
        .collect()
}

#[test]
fn the_table_in_the_docs_is_what_its_command_finds() {
    let committed = committed();
    assert_eq!(committed.len(), table::CONDITIONS.len());
    for condition in table::CONDITIONS {
        let row = table::measure(condition, table::SEED, 60);
        assert_eq!(
            row.held, row.intervals,
            "{}: the bound did not hold",
            condition.name
        );
        assert!(row.intervals >= 100, "{}", condition.name);
        let medians = &committed[condition.name];
        for ((errors, median), name) in row.errors.iter().zip(medians).zip(table::ESTIMATORS) {
            let found = table::quantile(errors, 0.5) as f64 / 1e3;
            // A nanosecond more: errors of that size are rounding.
            let factor = (found + 0.001) / (median + 0.001);
            assert!(
                (0.4..2.5).contains(&factor),
                "{}, {name}: {found} us here, {median} us in docs/known-truth.md",
                condition.name
            );
        }
    }
    let median = |condition: &str, estimator: &str| {
        let column = table::ESTIMATORS
            .iter()
            .position(|name| *name == estimator)
            .unwrap();
        committed[condition][column]
    };
    assert!(median("idle", "kernel: interval") < 0.02);
    assert!(median("idle", "user: SeBS's mean") > 10.0 * median("idle", "kernel: interval"));
    let half_of_1_ms = 490.0..510.0;
    for name in table::ESTIMATORS {
        assert!(
            half_of_1_ms.contains(&median("1 ms constant, one way", name)),
            "{name}"
        );
    }
    let drift = "50 ppm drift, 1000 exchanges in 10 s";
    assert!(median(drift, "kernel: interval") < 1.0 && median(drift, "user: SeBS's mean") > 200.0);
}
