//! The driver: carries out what [`crate::core::run`] asks for, journals what happens, publishes the board.

mod address;
mod attempt;
mod chronicle;
mod clock;
pub mod echo;
mod equipment;
mod experiment;
mod follow_up;
mod instances;
pub mod invoke;
pub mod mapping;
mod native;
pub mod package;
pub mod probe;
mod simulated;
mod site;
#[cfg(feature = "tls")]
mod tls;
mod workshop;

pub use self::address::{advertised, listen};
pub use self::equipment::{Equipment, simulated_abilities};
pub use self::experiment::{Experiment, Foreign, Speaker};

use std::collections::VecDeque;
use std::error::Error;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::timeout;

use self::chronicle::Chronicle;
use self::mapping::MappingError;
use self::workshop::{Job, finished};
use crate::core::board::Board;
use crate::core::live::Live;
use crate::core::message::{Command, Display, Entry, Event};
use crate::core::run::{Action, Input, Run};
use crate::core::spending::Terms;
use crate::platform::{ErrorKind, Platform, PlatformError, Retry};

/// Removing everything at the end.
const DESTROY_DEADLINE: Duration = Duration::from_secs(60);
/// Looking at the platform before the first step.
const INSPECT_DEADLINE: Duration = Duration::from_secs(300);

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

/// What ends a run before its time.
#[derive(Debug, thiserror::Error)]
pub enum DriverError {
    /// The UDP socket.
    #[error(
        "cannot exchange datagrams at {listen}: {source}; choose another address with --listen"
    )]
    Listen {
        /// Where.
        listen: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// The address outside is not known.
    #[error(transparent)]
    Mapping(#[from] MappingError),
    /// The platform is not ready.
    #[error(transparent)]
    Platform(#[from] PlatformError),
    /// It was looked at, and no run is possible.
    #[error("{platform} is not ready: {what}")]
    NotReady {
        /// Its name.
        platform: &'static str,
        /// What was found, and what to change.
        what: String,
    },
    /// Nobody knows where the function finds the host.
    #[error(
        "{0} does not say where its functions find this host; give an address with --advertise ADDR or stun:HOST, or do without datagrams: --sync http"
    )]
    Unreachable(&'static str),
    /// No datagram can get from one to the other.
    #[error(
        "functions cannot reach {listen} at {advertised}: one is IPv4, the other IPv6; change --listen or --advertise"
    )]
    Families {
        /// Where the socket is bound.
        listen: SocketAddr,
        /// What the function would be told.
        advertised: IpAddr,
    },
    /// Results cannot be kept, so none are taken.
    #[error("the run stopped because an event could not be written down: {0}")]
    Record(Box<dyn Error + Send + Sync>),
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

/// What was found on the platform of this name, within a deadline.
async fn inspected<T>(
    platform: &'static str,
    deadline: Duration,
    inspecting: impl Future<Output = Result<T, DriverError>>,
) -> Result<T, DriverError> {
    match timeout(deadline, inspecting).await {
        Ok(found) => found,
        Err(_) => Err(late(platform, ("preflight", "platform"), deadline).into()),
    }
}

/// What a run begins with.
struct Prepared {
    /// What was found on the platform.
    found: Vec<Event>,
    /// To begin, or to stop at once.
    first: Input,
    /// Commands that came meanwhile.
    heard: Vec<Command>,
}

/// Waits until it is known whether everything is there that a run needs. A stop ends that at once; other commands wait.
async fn prepare(
    inspecting: impl Future<Output = Result<Vec<Event>, DriverError>>,
    commands: &mut mpsc::Receiver<Command>,
) -> Result<Prepared, DriverError> {
    let mut inspecting = pin!(inspecting);
    let mut heard = Vec::new();
    let (found, first) = loop {
        tokio::select! {
            found = &mut inspecting => break (found?, Input::Begin),
            Some(command) = commands.recv() => match command {
                Command::Stop => break (Vec::new(), Input::Command(command)),
                later => heard.push(later),
            },
        }
    };
    Ok(Prepared {
        found,
        first,
        heard,
    })
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

fn late(
    platform: &'static str,
    (operation, resource): (&'static str, &str),
    deadline: Duration,
) -> PlatformError {
    let what = format!("not done after {} s", deadline.as_secs());
    PlatformError {
        retry: Retry::After(Duration::from_secs(1)),
        ..PlatformError::new(platform, ErrorKind::Timeout, operation, resource, what)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_platform_that_never_answers_is_named_and_keeps_no_run_waiting() {
        let (_keep, mut commands) = mpsc::channel(1);
        let inspecting = inspected("aws", Duration::ZERO, std::future::pending());
        let Err(error) = prepare(inspecting, &mut commands).await else {
            panic!("nothing was found");
        };
        let told = error.to_string();
        assert_eq!(told, "aws: preflight platform: not done after 0 s");
    }
}
