//! What may be used up, and what is.

use std::collections::BTreeMap;

use super::{Fate, World, run_of};
use crate::core::board::Board;
use crate::core::message::{Command, Entry, Event, RunState};
use crate::core::plan::{Limits, Sweep};
use crate::core::price::Price;
use crate::core::run::{Action, Input, Run};
use crate::core::spending::{Reached, Spending, Terms};

/// A run of a payload sweep, two repetitions, that goes on from `before` within `terms`.
fn within(terms: Terms, before: Option<&Board>) -> World {
    let nothing = BTreeMap::new();
    let (ended, attempts, spent) = before.map_or((&nothing, 0, Spending::default()), |board| {
        (&*board.ended, board.attempts, board.spending)
    });
    let run = run_of(Sweep::Payload, 2, &Limits::default());
    let run = Run::new(run.plan, run.conditions, ended, attempts).within(terms, spent);
    let mut world = World::new(run);
    if let Some(before) = before {
        world.board = before.clone();
        world.board.apply(&Entry {
            number: 1,
            wall: 0,
            elapsed: 0,
            event: Event::RunResumed {
                kept: before.ended.len() as u32,
                dropped_bytes: 0,
            },
        });
    }
    world
}

#[test]
fn a_run_stops_before_the_step_that_would_send_beyond_its_bytes_and_goes_on_with_more() {
    // A package of 500 B, a warm-up and two samples of 1000 B are 3500 B; the next sample has 2000 B.
    let terms = |bytes| Terms {
        bytes: Some(bytes),
        ..Terms::default()
    };
    for (bytes, sent) in [(1499, 0), (1500, 1500), (5499, 3500), (5500, 5500)] {
        let mut world = within(terms(bytes), None);
        world.finish_honestly();
        assert!(world.finished);
        assert_eq!(world.board.state, RunState::Incomplete);
        assert_eq!(world.board.spending.bytes, sent, "of {bytes}");
        assert_eq!(world.board.spending, world.run.spent, "of {bytes}");
        let states: Vec<RunState> = world.events.iter().filter_map(state_entered).collect();
        let end = [RunState::Stopping, RunState::Incomplete];
        assert_eq!(states[states.len() - 2..], end);
        assert!(matches!(
            world.board.reached,
            Some(Reached::Bytes { limit, spent, .. }) if limit == bytes && spent == sent
        ));

        let mut again = within(terms(1_000_000), Some(&world.board));
        again.finish_honestly();
        assert_eq!(again.board.state, RunState::Complete);
        assert_eq!(again.counts(), (12, 0, 0));
        assert_eq!(again.board.reached, None);
        assert_eq!(again.board.spending, again.run.spent);
    }
}

#[test]
fn a_resumed_run_whose_limit_is_spent_begins_no_step() {
    let terms = Terms {
        bytes: Some(5500),
        ..Terms::default()
    };
    let mut world = within(terms.clone(), None);
    world.finish_honestly();
    let mut again = within(terms, Some(&world.board));
    assert_eq!(again.feed(Input::Begin), None);
    assert!(again.finished && again.steps.is_empty());
    assert_eq!(again.board.state, RunState::Incomplete);
}

#[test]
fn time_in_a_pause_is_not_spent() {
    // Each step takes 10 ns.
    let terms = Terms {
        time: Some(45),
        ..Terms::default()
    };
    let mut world = within(terms, None);
    let first = world.feed(Input::Begin).expect("a deployment");
    world.feed(Input::Command(Command::Pause));
    assert_eq!(world.carry_out(&first, Fate::Honest), None);
    assert_eq!(world.run.state(), RunState::Paused);
    world.now += 1_000_000;
    let mut step = world.feed(Input::Command(Command::Resume));
    while let Some(action) = step {
        step = world.carry_out(&action, Fate::Honest);
    }
    assert_eq!(
        world.steps,
        ["deploy", "warm-up", "sample", "sample", "sample"]
    );
    assert_eq!(world.board.spending.time, 50);
    assert_eq!(world.board.spending, world.run.spent);
    assert!(matches!(world.board.reached, Some(Reached::Time { .. })));
}

#[test]
fn a_budget_is_kept_by_the_price_of_the_longest_invocation_so_far() {
    let price = Price {
        platform: "test".into(),
        architecture: "any".into(),
        usd_per_million_requests: 1e6,
        usd_per_gb_second: 0.0,
        date: "2026-01-01".into(),
        source: "a test".into(),
    };
    let terms = Terms {
        budget: Some(4.0),
        memory_mb: 128,
        price: Some(price),
        ..Terms::default()
    };
    let mut world = within(terms, None);
    world.finish_honestly();
    assert_eq!(world.board.spending.requests, 4);
    assert_eq!(world.board.state, RunState::Incomplete);
    let told = world
        .board
        .log
        .iter()
        .any(|line| line.text.contains("--budget 4"));
    assert!(told, "the log names the limit");
}

fn state_entered(event: &Event) -> Option<RunState> {
    match event {
        Event::StateEntered { state } => Some(*state),
        _ => None,
    }
}

/// Carries out every step so, at most `most` of them.
fn carry_on(
    world: &mut World,
    fate: Fate,
    mut step: Option<Action>,
    most: usize,
) -> Option<Action> {
    for _ in 0..most {
        step = world.carry_out(&step?, fate);
    }
    step
}

#[test]
fn a_run_of_which_nothing_comes_is_given_up_and_can_be_resumed() {
    let terms = Terms {
        fruitless: Some(3),
        ..Terms::default()
    };
    let mut world = within(terms.clone(), None);
    let first = world.feed(Input::Begin);
    assert_eq!(carry_on(&mut world, Fate::Fails, first, 100), None);
    assert_eq!(world.board.state, RunState::Incomplete);
    assert_eq!(world.board.reached, Some(Reached::Fruitless { limit: 3 }));
    assert_eq!(world.counts(), (0, 3, 0));

    let mut again = within(terms, Some(&world.board));
    again.finish_honestly();
    assert_eq!(again.board.state, RunState::Complete);
    assert_eq!(again.counts(), (9, 3, 0));
}

#[test]
fn a_run_of_which_something_was_measured_is_not_given_up() {
    let mut world = within(
        Terms {
            fruitless: Some(3),
            ..Terms::default()
        },
        None,
    );
    let first = world.feed(Input::Begin);
    // A deployment, a warm-up and a sample.
    let step = carry_on(&mut world, Fate::Honest, first, 3);
    assert_eq!(carry_on(&mut world, Fate::Fails, step, 1000), None);
    assert_eq!(world.board.state, RunState::Complete);
    assert_eq!(world.counts(), (1, 11, 0));
}
