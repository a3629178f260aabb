//! Repeating until the medians are known well enough: `--until-ci`, from its rules to the whole program.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod hand;
mod support;

use std::collections::BTreeMap;

use proptest::prelude::*;
use sebs_tui::core::analysis::{Analysis, Warning};
use sebs_tui::core::board::Board;
use sebs_tui::core::eta::time_left;
use sebs_tui::core::message::{Command, Entry, Event, RunHeader, RunState};
use sebs_tui::core::plan::Plan;
use sebs_tui::core::run::{Action, Conditions, Input, Outcome, Run};
use sebs_tui::core::sample::{Attempt, AttemptOutcome, Purpose, SampleKey, StartKind};
use sebs_tui::core::time::{MILLISECOND, Nanos};
use sebs_tui::core::until::{Until, half_width};

const UNTIL: Until = Until {
    half_width_ppm: 50_000,
    most: 60,
};

/// Two sizes and one beyond a limit, two repetitions.
fn header(until: Option<Until>) -> RunHeader {
    let header = hand::header();
    RunHeader {
        plan: header.plan.until(until),
        ..header
    }
}

/// A run whose every step succeeds at once, as far as it is let.
struct World<F> {
    run: Run,
    entries: Vec<Entry>,
    time: F,
    now: Nanos,
}

impl<F: FnMut(SampleKey) -> Nanos> World<F> {
    fn new(entries: Vec<Entry>, header: RunHeader, time: F) -> Self {
        let board = Board::of(&entries);
        let conditions = Conditions {
            smallest_package: 500,
            keep_warm: i64::MAX,
        };
        let run = Run::new(
            header.plan.clone(),
            conditions,
            &board.ended,
            board.attempts,
        );
        let mut world = Self {
            run,
            entries,
            time,
            now: 1,
        };
        let first = match world.entries.len() {
            0 => Event::RunStarted {
                run: Box::new(header),
            },
            _ => Event::RunResumed {
                kept: board.ended.len() as u32,
                dropped_bytes: 0,
            },
        };
        world.record(first);
        world
    }

    fn record(&mut self, event: Event) {
        self.entries.push(Entry {
            number: self.entries.len() as u64 + 1,
            wall: self.now,
            elapsed: self.now,
            event,
        });
    }

    fn feed(&mut self, input: Input) -> Option<Action> {
        let mut step = None;
        for action in self.run.handle(input, self.now) {
            match action {
                Action::Record(event) => self.record(event),
                Action::Finish => {}
                other => step = Some(other),
            }
        }
        step
    }

    /// Carries out at most `most` steps, then what `last` asks for.
    fn go(&mut self, most: usize, last: Option<Command>) -> Board {
        let mut step = self.feed(Input::Begin);
        for _ in 0..most {
            let Some(action) = step.take() else { break };
            step = self.carry_out(&action);
        }
        if let Some(command) = last {
            self.feed(Input::Command(command));
            self.feed(Input::Outcome(Outcome::GivenUp));
        }
        Board::of(&self.entries)
    }

    fn carry_out(&mut self, action: &Action) -> Option<Action> {
        self.now += MILLISECOND;
        let outcome = match action {
            Action::Deploy { .. } => Outcome::Deployed {
                sha256: String::new(),
                took: 1,
            },
            Action::ForceCold => Outcome::ColdForced { took: 1 },
            Action::Invoke(invoke) => {
                let key = invoke.purpose.key();
                let time = (self.time)(key);
                Outcome::Invoked(Box::new(measured(invoke.number, invoke.purpose, time)))
            }
            other => panic!("{other:?}"),
        };
        self.feed(Input::Outcome(outcome))
    }
}

fn measured(number: u64, purpose: Purpose, time: Nanos) -> Attempt {
    let mut attempt = hand::attempt(number, purpose.key(), 3);
    attempt.purpose = purpose;
    attempt.outcome = AttemptOutcome::Measured;
    let was = attempt.invocation_time().unwrap();
    if let Some(function) = &mut attempt.function {
        function.handler_entry += time - was;
    }
    attempt
}

/// 10 ms, steady when warm and scattered by half when cold.
fn scattered(state: &mut u64, key: SampleKey) -> Nanos {
    let spread = match key.kind {
        StartKind::Warm => 100_000.0,
        StartKind::Cold => 5_000_000.0,
    };
    10 * MILLISECOND + (hand::noise(state) * spread) as Nanos
}

fn world(entries: Vec<Entry>, until: Option<Until>) -> World<impl FnMut(SampleKey) -> Nanos> {
    let mut state = 1;
    World::new(entries, header(until), move |key| {
        scattered(&mut state, key)
    })
}

fn times(board: &Board) -> BTreeMap<(u32, StartKind), Vec<Nanos>> {
    let cells = board
        .cells
        .iter()
        .filter(|cell| !cell.invocation.is_empty());
    cells
        .map(|cell| {
            (
                (cell.size, cell.kind),
                cell.invocation.values().copied().collect(),
            )
        })
        .collect()
}

/// Each cell is known well enough, or has been repeated as often as allowed.
fn assert_known(board: &Board) {
    for (cell, times) in times(board) {
        let narrow = half_width(&times).is_some_and(|width| width <= 0.05);
        assert!(
            narrow || times.len() == 60,
            "{cell:?}: {} samples",
            times.len()
        );
    }
}

#[test]
fn without_the_wish_nothing_is_added() {
    let board = world(Vec::new(), None).go(10_000, None);
    assert_eq!(
        (board.state, board.planned(), board.ended.len()),
        (RunState::Complete, 12, 12)
    );
}

#[test]
fn each_size_is_repeated_until_its_median_is_known_and_the_counts_are_right() {
    let mut world = world(Vec::new(), Some(UNTIL));
    let board = world.go(10_000, None);
    assert_eq!(board.state, RunState::Complete);
    assert_known(&board);
    assert_eq!(board.planned() as usize, board.ended.len());
    assert_eq!(time_left(&board), Some(0));
    let counts: Vec<(u32, u32)> = board
        .cells
        .iter()
        .map(|cell| (cell.measured, cell.repetitions))
        .collect();
    // A steady size takes the six that an interval takes; one beyond a limit is not repeated.
    assert_eq!([counts[0], counts[2]], [(6, 6); 2]);
    assert!(counts[1].0 > 6 && counts[3].0 > 6, "{counts:?}");
    assert_eq!(counts[4..], [(0, 2); 2]);
    assert!(board.log.iter().any(|line| {
        line.text
            .contains("its median has no interval: 4 repetitions more")
    }));
    assert!(
        board
            .log
            .iter()
            .any(|line| line.text.contains("its median is known to ±"))
    );
}

#[test]
fn what_is_never_known_well_enough_ends_at_the_bound() {
    let impossible = Until {
        half_width_ppm: 1,
        most: 25,
    };
    let mut world = world(Vec::new(), Some(impossible));
    let board = world.go(10_000, None);
    assert_eq!(board.state, RunState::Complete);
    for cell in &board.cells[..4] {
        assert_eq!((cell.measured, cell.repetitions), (25, 25));
    }
    let missed: Vec<String> = missed(&world.entries).map(|it| it.to_string()).collect();
    assert_eq!(missed.len(), 1);
    assert!(
        missed[0].starts_with("4 of 4 sizes and start kinds stopped at 25 repetitions before"),
        "{missed:?}"
    );
}

fn missed(entries: &[Entry]) -> impl Iterator<Item = Warning> + use<> {
    let warnings = Analysis::of(entries).warnings.into_iter();
    warnings.filter(|it| matches!(it, Warning::UntilMissed { .. }))
}

#[test]
fn a_target_that_is_reached_or_was_never_set_is_not_missed() {
    let reachable = Until {
        most: 2_000,
        ..UNTIL
    };
    for until in [None, Some(reachable)] {
        let mut world = world(Vec::new(), until);
        let board = world.go(10_000, None);
        let all_known = times(&board)
            .values()
            .all(|times| half_width(times).is_some_and(|width| width <= 0.05));
        assert!(until.is_none() || all_known);
        assert_eq!(missed(&world.entries).count(), 0);
    }
}

#[test]
fn a_size_that_was_skipped_is_not_repeated() {
    let mut world = world(Vec::new(), Some(UNTIL));
    // After a deployment and the warm-up, the first sample is under way.
    world.go(2, Some(Command::SkipSize));
    let mut step = world.feed(Input::Outcome(Outcome::GivenUp));
    while let Some(action) = step.take() {
        step = world.carry_out(&action);
    }
    let board = Board::of(&world.entries);
    let counts: Vec<(u32, u32)> = board
        .cells
        .iter()
        .map(|cell| (cell.skipped, cell.repetitions))
        .collect();
    assert_eq!(counts[..2], [(2, 2); 2]);
    assert!(board.cells[3].repetitions > 6);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn an_interrupted_run_goes_on_to_the_same_end(steps in 3_usize..120) {
        let stopped = world(Vec::new(), Some(UNTIL)).go(10_000, None);
        let mut first = world(Vec::new(), Some(UNTIL));
        first.go(steps, Some(Command::Stop));
        let mut second = world(first.entries, Some(UNTIL));
        let board = second.go(10_000, None);
        prop_assert_eq!(board.state, RunState::Complete);
        prop_assert_eq!(board.planned() as usize, board.ended.len());
        assert_known(&board);
        assert_known(&stopped);
        // No repetition is missing or taken twice.
        for cell in &board.cells {
            let taken = board.ended.keys().filter(|key| key.size == cell.size && key.kind == cell.kind);
            prop_assert_eq!(taken.map(|key| key.repetition).collect::<Vec<_>>(), (0..cell.repetitions).collect::<Vec<_>>());
        }
    }
}

#[test]
fn a_plan_with_the_wish_reads_back_from_its_journal() {
    let plan = header(Some(UNTIL)).plan;
    let text = serde_json::to_string(&plan).unwrap();
    assert_eq!(serde_json::from_str::<Plan>(&text).unwrap(), plan);
    let without = serde_json::to_string(&header(None).plan).unwrap();
    assert!(
        !without.contains("until"),
        "journals of earlier runs have none"
    );
}

#[test]
fn the_program_repeats_until_the_medians_are_known() {
    let out = tempfile::tempdir().unwrap();
    let mut command = support::short_run(out.path(), 2, 50_000, 2);
    command.args(["--plain", "--until-ci", "20%", "--max-repetitions", "12"]);
    let output = support::finish(&mut command, 0);
    let entries = support::journal(&support::run_directory(out.path()));
    let board = Board::of(&entries);
    assert_eq!(board.planned() as usize, board.ended.len());
    for cell in &board.cells {
        let times: Vec<Nanos> = cell.invocation.values().copied().collect();
        let narrow = half_width(&times).is_some_and(|width| width <= 0.2);
        assert!(
            (6..=12).contains(&times.len()) && (narrow || times.len() == 12),
            "{cell:?}"
        );
    }
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        text.contains("its median has no interval: 4 repetitions more"),
        "{text}"
    );
}
