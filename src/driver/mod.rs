//! The driver: carries out what [`crate::core::run`] asks for, journals what happens, publishes the board.

mod address;
mod attempt;
mod chronicle;
mod clock;
pub mod echo;
mod equipment;
mod error;
mod experiment;
mod follow_up;
mod instances;
pub mod invoke;
pub mod mapping;
mod native;
pub mod package;
mod prepare;
pub mod probe;
mod simulated;
mod site;
#[cfg(feature = "tls")]
mod tls;
mod workshop;

pub use self::address::{advertised, listen};
pub use self::equipment::{Equipment, simulated_abilities};
pub use self::error::DriverError;
pub use self::experiment::{Experiment, Foreign, Speaker};

use std::collections::VecDeque;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::timeout;

use self::chronicle::Chronicle;
use self::error::late;
use self::prepare::{INSPECT_DEADLINE, Prepared, inspected, prepare};
use self::workshop::{Job, finished};
use crate::core::board::Board;
use crate::core::live::Live;
use crate::core::message::{Command, Display, Entry, Event};
use crate::core::run::{Action, Input, Run};
use crate::core::spending::Terms;
use crate::platform::{Platform, PlatformError};

/// Removing everything at the end.
const DESTROY_DEADLINE: Duration = Duration::from_secs(60);

/// Writes an event down before anyone is told of it.
pub type Recorder = Box<dyn FnMut(&Entry) -> Result<(), Box<dyn Error + Send + Sync>> + Send>;

/// Where events go.
pub struct Outlets {
    /// The journal.
    pub record: Recorder,
    /// The latest board: a reader can lag behind, never hold up.
    pub board: watch::Sender<Arc<Board>>,
    /// The attempt in flight.
    pub live: Arc<Live>,
    /// What shows the run, for the journal.
    pub display: watch::Receiver<Display>,
}

/// How a run ended.
#[derive(Debug)]
pub struct Ended {
    /// Everything that is known.
    pub board: Arc<Board>,
    /// What could not be removed, and why.
    pub left_behind: Option<PlatformError>,
}

/// Runs the experiment, or goes on from `before` (the fold of an interrupted run's journal), until it is over.
///
/// A closed `commands` channel is no reason to stop: the screen may be gone.
///
/// # Errors
/// What kept the run from beginning, or from being recorded; everything it created is removed first, unless it is kept.
pub async fn run(
    experiment: Experiment,
    equipment: Equipment,
    outlets: Outlets,
    commands: mpsc::Receiver<Command>,
    before: Option<Before>,
) -> Result<Ended, DriverError> {
    let to_clear = equipment.to_clear();
    let result = drive(experiment, equipment, outlets, commands, before).await;
    let left_behind = clear(to_clear).await;
    result.map(|board| Ended { board, left_behind })
}

/// Removes everything that was made on the platform, where it is to be; says what could not be removed.
async fn clear(platform: Option<Arc<dyn Platform>>) -> Option<PlatformError> {
    let platform = platform?;
    match timeout(DESTROY_DEADLINE, platform.destroy()).await {
        Ok(done) => done.err(),
        Err(_) => Some(late(
            platform.name(),
            ("destroy", "function"),
            DESTROY_DEADLINE,
        )),
    }
}

/// An interrupted run.
#[derive(Debug, Clone)]
pub struct Before {
    /// The fold of its journal.
    pub board: Board,
    /// Entries in it.
    pub entries: u64,
    /// Bytes of a last line that was cut off.
    pub dropped_bytes: u64,
    /// What a person should know of going on with it.
    pub notes: Vec<String>,
}

async fn drive(
    experiment: Experiment,
    equipment: Equipment,
    outlets: Outlets,
    mut commands: mpsc::Receiver<Command>,
    before: Option<Before>,
) -> Result<Arc<Board>, DriverError> {
    let header = experiment.header.clone();
    let (terms, mut told) = (experiment.terms.clone(), Vec::new());
    if before.is_none() {
        let text = experiment.expected.clone();
        told.push(Event::Noted { text });
    }
    told.extend(conditions_of(&terms, &header.platform));
    let platform = equipment.name();
    let (mut workshop, mut notes) = equipment.open(experiment, outlets.live.clone())?;
    let Prepared {
        found,
        first,
        heard,
    } = prepare(
        inspected(platform, INSPECT_DEADLINE, workshop.inspect()),
        &mut commands,
    )
    .await?;
    told.extend(found);
    let mut heard = VecDeque::from(heard);
    let plan = header.plan.clone();
    let mut display = outlets.display.clone();
    let mut chronicle = Chronicle::open(outlets, header, before, workshop.now())?;
    let on = *display.borrow_and_update();
    chronicle.tell(Event::Shown { on }, workshop.now())?;
    for event in told {
        chronicle.tell(event, workshop.now())?;
    }
    let mut run = Run::new(
        plan,
        workshop.conditions(),
        &chronicle.board.ended,
        chronicle.board.attempts,
    )
    .within(terms, chronicle.board.spending);
    let mut job: Option<Job> = None;
    let mut actions = run.handle(first, workshop.now().monotonic);
    loop {
        for action in actions {
            match action {
                Action::Record(event) => chronicle.tell(event, workshop.now())?,
                Action::Finish => return Ok(chronicle.published()),
                Action::GiveUp => job.as_mut().map_or((), Job::give_up),
                Action::Deploy { package_bytes } => job = Some(workshop.deploy(package_bytes)),
                Action::ForceCold => job = Some(workshop.force_cold()),
                Action::Invoke(invoke) => {
                    let token = workshop.token(invoke.number);
                    let started = Event::AttemptStarted {
                        number: invoke.number,
                        token,
                        purpose: invoke.purpose,
                        attempt_of_sample: invoke.attempt_of_sample,
                    };
                    chronicle.tell(started, workshop.now())?;
                    job = Some(workshop.invoke(invoke, token));
                }
            }
        }
        let input = tokio::select! {
            done = finished(&mut job) => {
                job = None;
                workshop.note(&done.outcome);
                for text in done.warnings {
                    chronicle.tell(Event::Warned { text }, workshop.now())?;
                }
                Input::Outcome(done.outcome)
            }
            Some(command) = next(&mut heard, &mut commands) => Input::Command(command),
            Ok(()) = display.changed() => {
                let on = *display.borrow_and_update();
                chronicle.tell(Event::Shown { on }, workshop.now())?;
                actions = Vec::new();
                continue;
            }
            Some(text) = notes.recv() => {
                chronicle.tell(Event::Noted { text }, workshop.now())?;
                actions = Vec::new();
                continue;
            }
        };
        actions = run.handle(input, workshop.now().monotonic);
    }
}

/// The next command, those first that came before the run had begun.
async fn next(
    heard: &mut VecDeque<Command>,
    commands: &mut mpsc::Receiver<Command>,
) -> Option<Command> {
    match heard.pop_front() {
        None => commands.recv().await,
        earlier => earlier,
    }
}

/// What is told of limits and prices, where there are any.
fn conditions_of(terms: &Terms, platform: &str) -> Vec<Event> {
    let mut told = Vec::new();
    if terms.limited() || terms.price.is_some() {
        let terms = terms.clone();
        told.push(Event::TermsSet { terms });
    }
    if terms.budget.is_some() && terms.price.is_none() {
        let text = format!("--budget stops nothing here: there is no price for {platform}");
        told.push(Event::Warned { text });
    }
    told
}
