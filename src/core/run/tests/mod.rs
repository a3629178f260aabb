//! The state machine against a world that answers as it is told, and the fold of what it records.

mod commands;
mod spending;
mod steps;

use std::collections::BTreeMap;

use super::{Action, Conditions, Input, Invoke, Outcome, Run};
use crate::core::board::Board;
use crate::core::contract::Carrier;
use crate::core::made_up;
use crate::core::message::{Entry, Event, RunHeader};
use crate::core::plan::{Limits, Order, Outline, Plan, Range, Sweep};
use crate::core::sample::{Attempt, AttemptOutcome, Failure, Purpose, StartKind, Token};
use crate::core::time::Nanos;

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
    Attempt {
        number: invoke.number,
        purpose: invoke.purpose,
        attempt_of_sample: invoke.attempt_of_sample,
        outcome,
        payload_bytes: invoke.payload_bytes,
        package_bytes: 500,
        function: is_cold.map(made_up::function),
        ..made_up::attempt()
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
