use proptest::prelude::*;

use super::*;
use crate::core::board::Board;
use crate::core::contract::{Carrier, StampKind};
use crate::core::effort::Effort;
use crate::core::message::{Entry, RunHeader};
use crate::core::plan::{Limit, Limits, Order, Outline, Range};
use crate::core::price::Price;
use crate::core::sample::{FunctionReport, PacketCounts, Token};
use crate::core::spending::Reached;

fn outline(sweep: Sweep, repetitions: u32) -> Outline {
    Outline {
        sweep,
        range: Range {
            begin: 1000,
            end: 3000,
            points: 3,
        },
        repetitions,
        order: Order::Sebs,
        attempts_per_sample: 3,
        fixed_payload: 1024,
    }
}

fn run_of(sweep: Sweep, repetitions: u32, limits: &Limits) -> Run {
    let conditions = Conditions {
        smallest_package: 500,
        keep_warm: 1_000_000,
    };
    Run::new(
        Plan::new(outline(sweep, repetitions), limits),
        conditions,
        &BTreeMap::new(),
        0,
    )
}

fn failure() -> Failure {
    Failure {
        step: "connect".into(),
        what: "refused".into(),
        status: None,
    }
}

/// What an invocation yields when the function starts as `is_cold`, or fails.
fn attempt(invoke: Invoke, is_cold: Option<bool>) -> Attempt {
    let outcome = match (is_cold, invoke.purpose.asked()) {
        (None, _) => AttemptOutcome::Failed(failure()),
        (Some(got), Some(asked)) if StartKind::of(got) != asked => AttemptOutcome::WrongKind,
        _ => AttemptOutcome::Measured,
    };
    let function = is_cold.map(|is_cold| FunctionReport {
        is_cold,
        platform_cold: None,
        init: None,
        billed: None,
        request_id: "r".into(),
        instance_id: "i".into(),
        invocation: 1,
        process_start: 0,
        handler_entry: 0,
        stamps: StampKind::User,
        stop: None,
        clock_error: None,
        implausible: 0,
    });
    Attempt {
        number: invoke.number,
        token: Token([0; 16]),
        purpose: invoke.purpose,
        attempt_of_sample: invoke.attempt_of_sample,
        outcome,
        payload_bytes: invoke.payload_bytes,
        package_bytes: 500,
        http: None,
        function,
        clock: None,
        packets: PacketCounts::default(),
        follow_ups: None,
        exchanges: Vec::new(),
        host_rows: Vec::new(),
    }
}

/// An obedient world: carries out every step at once, as an honest platform would, unless `fate` says otherwise.
struct World {
    run: Run,
    now: Nanos,
    board: Board,
    events: Vec<Event>,
    steps: Vec<&'static str>,
    finished: bool,
    environment_is_warm: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Honest,
    WrongKind,
    Fails,
}

impl World {
    fn new(run: Run) -> Self {
        let mut board = Board::default();
        let header = RunHeader {
            version: 1,
            id: "t".into(),
            platform: "test".into(),
            runtime: "none".into(),
            cold_method: "none".into(),
            n: 20,
            in_flight: 1,
            sync: Carrier::Udp,
            shift: None,
            plan: run.plan.clone(),
        };
        board.apply(&Entry {
            number: 1,
            wall: 0,
            elapsed: 0,
            event: Event::RunStarted {
                run: Box::new(header),
            },
        });
        Self {
            run,
            now: 0,
            board,
            events: Vec::new(),
            steps: Vec::new(),
            finished: false,
            environment_is_warm: false,
        }
    }

    /// Handles the input and returns the step that is now under way.
    fn feed(&mut self, input: Input) -> Option<Action> {
        let mut step = None;
        for action in self.run.handle(input, self.now) {
            match action {
                Action::Record(event) => {
                    self.board.apply(&Entry {
                        number: 1,
                        wall: self.now,
                        elapsed: self.now,
                        event: event.clone(),
                    });
                    self.events.push(event);
                }
                Action::Finish => self.finished = true,
                Action::Invoke(invoke) => {
                    // As the driver does, who knows the token.
                    self.board.apply(&Entry {
                        number: 1,
                        wall: self.now,
                        elapsed: self.now,
                        event: Event::AttemptStarted {
                            number: invoke.number,
                            token: Token([0; 16]),
                            purpose: invoke.purpose,
                            attempt_of_sample: invoke.attempt_of_sample,
                        },
                    });
                    step = Some(Action::Invoke(invoke));
                }
                other => step = Some(other),
            }
        }
        step
    }

    fn carry_out(&mut self, step: &Action, fate: Fate) -> Option<Action> {
        self.now += 10;
        let outcome = match step {
            Action::Deploy { .. } | Action::ForceCold if fate == Fate::Fails => {
                Outcome::PreparationFailed(failure())
            }
            Action::Deploy { .. } => {
                self.steps.push("deploy");
                self.environment_is_warm = false;
                Outcome::Deployed {
                    sha256: String::new(),
                    took: 10,
                }
            }
            Action::ForceCold => {
                self.steps.push("cold");
                self.environment_is_warm = false;
                Outcome::ColdForced { took: 10 }
            }
            Action::Invoke(invoke) => {
                let is_cold = (fate == Fate::WrongKind) == self.environment_is_warm;
                self.environment_is_warm = fate != Fate::Fails;
                self.steps
                    .push(if matches!(invoke.purpose, Purpose::WarmUp(_)) {
                        "warm-up"
                    } else {
                        "sample"
                    });
                Outcome::Invoked(Box::new(attempt(
                    *invoke,
                    (fate != Fate::Fails).then_some(is_cold),
                )))
            }
            Action::GiveUp | Action::Record(_) | Action::Finish => Outcome::GivenUp,
        };
        self.feed(Input::Outcome(outcome))
    }

    fn finish_honestly(&mut self) {
        let mut step = self.feed(Input::Begin);
        while let Some(action) = step {
            step = self.carry_out(&action, Fate::Honest);
        }
    }

    fn counts(&self) -> (u32, u32, u32) {
        let sum = |of: fn(&crate::core::board::Cell) -> u32| {
            self.board.cells.iter().map(|cell| of(cell)).sum()
        };
        (sum(|c| c.measured), sum(|c| c.failed), sum(|c| c.skipped))
    }
}

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
