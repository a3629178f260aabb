//! Which steps are taken, in which order, and within which bounds.

use std::collections::BTreeMap;

use super::{Fate, World, attempt, outline, run_of};
use crate::core::effort::Effort;
use crate::core::message::{Event, RunState};
use crate::core::plan::{Deployment, Limit, Limits, Order, Outline, Plan, Sweep};
use crate::core::run::{Action, Conditions, Input, Outcome, Run};
use crate::core::sample::{Attempt, AttemptOutcome, Purpose, SampleOutcome, StartKind};

#[test]
fn a_payload_sweep_deploys_once_warms_up_once_and_forces_each_cold_start() {
    let mut world = World::new(run_of(Sweep::Payload, 2, &Limits::default()));
    world.finish_honestly();
    let count = |word| world.steps.iter().filter(|step| **step == word).count();
    assert_eq!(
        (
            count("deploy"),
            count("warm-up"),
            count("cold"),
            count("sample")
        ),
        (1, 1, 6, 12)
    );
    assert_eq!(world.counts(), (12, 0, 0));
    assert_eq!(world.board.state, RunState::Complete);
}

#[test]
fn a_code_sweep_deploys_every_size_for_each_kind_and_warms_up_after_each_deployment() {
    let mut world = World::new(run_of(Sweep::Code, 2, &Limits::default()));
    world.finish_honestly();
    let count = |word| world.steps.iter().filter(|step| **step == word).count();
    assert_eq!(
        (
            count("deploy"),
            count("warm-up"),
            count("cold"),
            count("sample")
        ),
        (6, 3, 6, 12)
    );
}

#[test]
fn a_function_of_somebody_elses_is_never_deployed_and_its_package_is_not_counted() {
    let mut run = run_of(Sweep::Payload, 2, &Limits::default());
    run.plan = run.plan.deployed(Deployment::Theirs);
    let mut world = World::new(run);
    world.finish_honestly();
    let deploying =
        |event: &Event| matches!(event, Event::DeployStarted { .. } | Event::Deployed { .. });
    assert!(!world.steps.contains(&"deploy") && !world.events.iter().any(deploying));
    assert_eq!(world.counts(), (12, 0, 0));
    // Two samples of each kind, and one warm-up of the smallest.
    assert_eq!(world.board.spending.bytes, 4 * (1000 + 2000 + 3000) + 1000);
    assert_eq!(Effort::of(&world.run.plan).deployments, 0);
}

#[test]
fn cold_samples_that_cannot_be_had_are_skipped_at_once_in_one_record() {
    let mut run = run_of(Sweep::Payload, 2, &Limits::default());
    run.plan = run.plan.without_cold(Some("no way is known".into()));
    let mut world = World::new(run);
    let first = world.feed(Input::Begin);
    assert_eq!(world.counts(), (0, 0, 6), "before the first step");
    let mut step = first;
    while let Some(action) = step {
        step = world.carry_out(&action, Fate::Honest);
    }
    assert_eq!(world.counts(), (6, 0, 6));
    assert!(!world.steps.contains(&"cold"));
    assert_eq!(world.board.state, RunState::Complete);
    let skipped = |event: &&Event| matches!(event, Event::KindSkipped { .. });
    assert_eq!(world.events.iter().filter(skipped).count(), 1);
    assert_eq!(Effort::of(&world.run.plan).samples, [6, 0]);

    let again = Run::new(
        world.run.plan.clone(),
        world.run.conditions,
        &world.board.ended,
        world.board.attempts,
    );
    let mut again = World::new(again);
    again.feed(Input::Begin);
    assert!(again.finished && !again.events.iter().any(|event| skipped(&event)));
}

#[test]
fn a_size_beyond_a_limit_is_skipped_by_name_and_the_rest_is_measured() {
    let limits = Limits {
        payload_most: Some(Limit {
            bytes: 2500,
            name: "test: body".into(),
        }),
        ..Limits::default()
    };
    let mut world = World::new(run_of(Sweep::Payload, 2, &limits));
    world.finish_honestly();
    assert_eq!(world.counts(), (8, 0, 4));
    assert!(world.events.iter().any(|event| matches!(event,
        Event::SampleEnded { outcome: SampleOutcome::Skipped(reason), .. } if reason.contains("2500") && reason.contains("test: body"))));
}

#[test]
fn a_platform_that_always_lies_about_cold_starts_fails_samples_within_the_bound() {
    let mut world = World::new(run_of(Sweep::Payload, 1, &Limits::default()));
    let mut step = world.feed(Input::Begin);
    while let Some(action) = step {
        step = world.carry_out(&action, Fate::WrongKind);
    }
    assert!(world.finished);
    let invocations = world.steps.iter().filter(|step| **step == "sample").count();
    assert!(
        invocations <= 6 * 3,
        "{invocations} invocations for 6 samples of 3 attempts"
    );
    assert!(world.counts().1 > 0);
}

#[test]
fn a_dead_platform_ends_the_run_with_every_sample_failed() {
    let mut world = World::new(run_of(Sweep::Code, 2, &Limits::default()));
    let mut step = world.feed(Input::Begin);
    while let Some(action) = step {
        step = world.carry_out(&action, Fate::Fails);
    }
    assert_eq!(world.counts(), (0, 12, 0));
    assert_eq!(world.board.state, RunState::Complete);
}

#[test]
fn a_measured_cold_start_warms_nothing_up() {
    let outline = Outline {
        order: Order::Shuffled { seed: 5 },
        ..outline(Sweep::Payload, 4)
    };
    let conditions = Conditions {
        smallest_package: 500,
        keep_warm: 1_000_000,
    };
    let plan = Plan::new(outline, &Limits::default());
    let samples = plan.samples();
    let mut world = World::new(Run::new(plan, conditions, &BTreeMap::new(), 0));
    world.finish_honestly();
    let first_or_after_cold =
        |place: usize| place == 0 || samples[place - 1].kind == StartKind::Cold;
    let due = (0..samples.len())
        .filter(|place| samples[*place].kind == StartKind::Warm && first_or_after_cold(*place))
        .count();
    let made = world
        .steps
        .iter()
        .filter(|step| **step == "warm-up")
        .count();
    assert!(due > 1);
    assert_eq!(made, due);
}

#[test]
fn invocations_that_yield_nothing_fail_a_sample_within_the_bound_whatever_they_are_called() {
    for outcome in [
        AttemptOutcome::Cancelled,
        AttemptOutcome::Measured,
        AttemptOutcome::Unsynchronised,
    ] {
        let mut world = World::new(run_of(Sweep::Payload, 1, &Limits::default()));
        let mut step = world.feed(Input::Begin);
        let mut warm_ups = 0;
        while let Some(action) = step.take() {
            step = match action {
                Action::Invoke(invoke) if matches!(invoke.purpose, Purpose::WarmUp(_)) => {
                    warm_ups += 1;
                    assert!(warm_ups <= 3 * 3, "3 warm samples of 3 attempts");
                    world.now += 10;
                    let nothing = Attempt {
                        outcome: outcome.clone(),
                        ..attempt(invoke, None)
                    };
                    world.feed(Input::Outcome(Outcome::Invoked(Box::new(nothing))))
                }
                other => world.carry_out(&other, Fate::Honest),
            };
        }
        assert!(world.finished);
        assert_eq!(world.counts(), (3, 3, 0), "{outcome:?}");
    }
}
