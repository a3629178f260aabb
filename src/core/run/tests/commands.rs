//! What a person asks for, at any time.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::{Fate, World, outline, run_of};
use crate::core::message::{Command, Event, RunState};
use crate::core::plan::{Limits, Order, Plan, Sweep};
use crate::core::run::{Action, Conditions, Input, Invoke, Outcome, Run};
use crate::core::sample::Purpose;

#[test]
fn pause_finishes_the_step_then_waits_and_a_long_pause_is_followed_by_a_warm_up() {
    let mut world = World::new(run_of(Sweep::Payload, 2, &Limits::default()));
    let mut step = world.feed(Input::Begin);
    for _ in 0..2 {
        step = world.carry_out(&step.expect("a step"), Fate::Honest);
    }
    assert!(matches!(
        step,
        Some(Action::Invoke(Invoke {
            purpose: Purpose::Sample(_),
            ..
        }))
    ));
    assert_eq!(world.feed(Input::Command(Command::Pause)), None);
    assert_eq!(world.board.state, RunState::Pausing);
    assert_eq!(world.carry_out(&step.expect("a step"), Fate::Honest), None);
    assert_eq!(world.board.state, RunState::Paused);
    world.now += 2_000_000;
    let resumed = world.feed(Input::Command(Command::Resume));
    assert!(
        matches!(
            resumed,
            Some(Action::Invoke(Invoke {
                purpose: Purpose::WarmUp(_),
                ..
            }))
        ),
        "{resumed:?}"
    );
}

#[test]
fn the_time_of_a_pause_is_not_part_of_a_sample() {
    let mut world = World::new(run_of(Sweep::Payload, 1, &Limits::default()));
    let mut step = world.feed(Input::Begin);
    step = world.carry_out(&step.expect("deploy"), Fate::Honest);
    world.feed(Input::Command(Command::Pause));
    world.carry_out(&step.expect("warm-up"), Fate::Honest);
    world.now += 900_000;
    let step = world.feed(Input::Command(Command::Resume));
    world.carry_out(&step.expect("sample"), Fate::Honest);
    let took = world.events.iter().find_map(|event| {
        if let Event::SampleEnded { took, .. } = event {
            Some(*took)
        } else {
            None
        }
    });
    assert_eq!(took, Some(30));
}

#[test]
fn retry_takes_the_last_sample_again_and_keeps_the_old_attempt_as_superseded() {
    let mut world = World::new(run_of(Sweep::Payload, 1, &Limits::default()));
    let mut step = world.feed(Input::Begin);
    for _ in 0..3 {
        step = world.carry_out(&step.expect("a step"), Fate::Honest);
    }
    assert_eq!(world.counts().0, 1);
    world.feed(Input::Command(Command::Retry));
    assert_eq!(world.counts().0, 0);
    while let Some(action) = step {
        step = world.carry_out(&action, Fate::Honest);
    }
    assert_eq!(world.counts(), (6, 0, 0));
    assert_eq!(world.board.superseded, 1);
    assert!(world.events.iter().any(|event| matches!(
        event,
        Event::SampleSuperseded {
            attempt: Some(2),
            ..
        }
    )));
}

#[test]
fn stop_leaves_the_sample_in_flight_to_a_resumed_run() {
    let mut world = World::new(run_of(Sweep::Payload, 1, &Limits::default()));
    let mut step = world.feed(Input::Begin);
    for _ in 0..4 {
        step = world.carry_out(&step.expect("a step"), Fate::Honest);
    }
    assert!(step.is_some());
    assert_eq!(
        world.feed(Input::Command(Command::Stop)),
        Some(Action::GiveUp)
    );
    world.feed(Input::Outcome(Outcome::GivenUp));
    assert!(world.finished);
    assert_eq!(world.board.state, RunState::Incomplete);

    let conditions = Conditions {
        smallest_package: 500,
        keep_warm: 1_000_000,
    };
    let resumed = Run::new(
        world.run.plan.clone(),
        conditions,
        &world.board.ended,
        world.board.attempts,
    );
    assert_eq!(resumed.queue.len() + world.board.ended.len(), 6);
    let mut again = World::new(resumed);
    again.finish_honestly();
    assert_eq!(again.counts().0 as usize + world.board.ended.len(), 6);
}

#[derive(Debug, Clone, Copy)]
enum Happening {
    Wish(Command),
    Fate(Fate),
}

fn happenings() -> impl Strategy<Value = Vec<Happening>> {
    let wish = prop::sample::select(vec![
        Command::Pause,
        Command::Resume,
        Command::SkipSample,
        Command::SkipSize,
        Command::Retry,
    ]);
    let fate = prop::sample::select(vec![
        Fate::Honest,
        Fate::Honest,
        Fate::WrongKind,
        Fate::Fails,
    ]);
    prop::collection::vec(
        prop_oneof![1 => wish.prop_map(Happening::Wish), 4 => fate.prop_map(Happening::Fate)],
        0..120,
    )
}

proptest! {
    #[test]
    fn whatever_happens_every_sample_ends_exactly_once(code in any::<bool>(), shuffled in any::<bool>(), happenings in happenings()) {
        let sweep = if code { Sweep::Code } else { Sweep::Payload };
        let mut outline = outline(sweep, 2);
        if shuffled {
            outline.order = Order::Shuffled { seed: 7 };
        }
        let conditions = Conditions { smallest_package: 500, keep_warm: 1_000_000 };
        let run = Run::new(Plan::new(outline, &Limits::default()), conditions, &BTreeMap::new(), 0);
        let mut world = World::new(run);
        let mut under_way = world.feed(Input::Begin);
        for happening in happenings {
            let next = match (happening, under_way.clone()) {
                (Happening::Wish(command), step) => match world.feed(Input::Command(command)) {
                    // The driver answers once for the step it gives up.
                    Some(Action::GiveUp) => world.feed(Input::Outcome(Outcome::GivenUp)),
                    Some(new) => Some(new),
                    None => step,
                },
                (Happening::Fate(fate), Some(step)) => world.carry_out(&step, fate),
                (Happening::Fate(_), None) => None,
            };
            under_way = next;
        }
        if under_way.is_none() {
            under_way = world.feed(Input::Command(Command::Resume));
        } else if world.board.state == RunState::Pausing {
            world.feed(Input::Command(Command::Resume));
        }
        let mut steps = 0;
        while let Some(step) = under_way {
            under_way = world.carry_out(&step, Fate::Honest);
            steps += 1;
            prop_assert!(steps < 200, "the run does not end");
        }
        prop_assert!(world.finished);
        prop_assert_eq!(world.board.ended.len(), 12);
        let (measured, failed, skipped) = world.counts();
        prop_assert_eq!(measured + failed + skipped, 12);
        let ended = world.events.iter().filter(|event| matches!(event, Event::SampleEnded { .. })).count();
        let superseded = world.events.iter().filter(|event| matches!(event, Event::SampleSuperseded { .. })).count();
        prop_assert_eq!(ended - superseded, 12);
    }
}
