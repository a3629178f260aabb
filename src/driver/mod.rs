//! The driver: carries out what [`crate::core::run`] asks for, journals what happens, publishes the board.

mod attempt;
mod clock;
pub mod echo;
mod follow_up;
mod instances;
pub mod invoke;
pub mod mapping;
pub mod package;
pub mod probe;
mod simulated;
mod site;
#[cfg(feature = "tls")]
mod tls;
mod workshop;

use std::error::Error;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::timeout;

use self::attempt::{Bench, Clocks};
use self::echo::Echo;
use self::mapping::MappingError;
use self::package::Template;
use self::simulated::Simulated;
use self::site::Site;
use self::workshop::{Job, Workshop, finished};
use crate::core::board::Board;
use crate::core::checkup::address::Found;
use crate::core::contract::{Dialect, StampKind};
use crate::core::live::Live;
use crate::core::message::{AtEnd, Command, Entry, Event, RunHeader};
use crate::core::pace::Pace;
use crate::core::plan::{Deployment, Limits};
use crate::core::run::{Action, Input, Run};
use crate::core::simulation::{self, World};
use crate::core::spending::Terms;
use crate::core::stun::Server;
use crate::core::time::{MILLISECOND, Moment, Nanos};
use crate::net::Socket;
use crate::platform::context::Notes;
use crate::platform::{Abilities, FunctionSpec, Guarantee, Platform, PlatformError, Reach, Retry};

/// Removing everything at the end.
const DESTROY_DEADLINE: Duration = Duration::from_secs(60);

/// What is to be measured and how.
#[derive(Debug, Clone)]
pub struct Experiment {
    /// What readers need to know of the run.
    pub header: RunHeader,
    /// The function.
    pub function: FunctionSpec,
    /// What its packages are made from.
    pub template: Arc<Template>,
    /// Where the function finds it; none: where the platform says.
    pub advertise: Option<IpAddr>,
    /// Language of the datagrams.
    pub dialect: Dialect,
    /// Most probes of a session.
    pub max_exchanges: u32,
    /// Least time between probes when several are under way, ns.
    pub pace: Nanos,
    /// Seed of the packages' filling.
    pub seed: u64,
    /// What this process may use up.
    pub terms: Terms,
    /// What the run is expected to take, for the log of a new one.
    pub expected: String,
    /// What a function needs that somebody else deployed.
    pub foreign: Foreign,
}

/// What differs for a function that somebody else deployed; by default nothing does.
#[derive(Debug, Clone, Default)]
pub struct Foreign {
    /// Whose text is answered.
    pub speaker: Speaker,
    /// Further members of the request; one of ours with the same name gives way.
    pub request: serde_json::Map<String, serde_json::Value>,
    /// How long forcing a cold start does nothing but wait.
    pub cold_wait: Duration,
}

/// Who speaks to the host when datagrams are text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Speaker {
    /// Our function, which sends the attempt's token.
    #[default]
    Ours,
    /// Any, such as SeBS's own, which sends an id that the host does not know before.
    Any,
}

/// Writes an event down before anyone is told of it.
pub type Recorder = Box<dyn FnMut(&Entry) -> Result<(), Box<dyn Error + Send + Sync>> + Send>;

/// What the experiment is run with.
pub enum Equipment {
    /// A platform, in real time.
    Real {
        /// Where the function runs.
        platform: Arc<dyn Platform>,
        /// Who answers its datagrams; none: clocks are compared over HTTP.
        echo: Option<Echo>,
        /// What the platform says while it works.
        notes: Notes,
        /// What becomes of what was made there.
        at_end: AtEnd,
    },
    /// A simulation, in virtual time.
    Simulated {
        /// Its laws.
        world: World,
        /// The time it begins at.
        start: Moment,
    },
}

impl Equipment {
    /// The platform's name.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Real { platform, .. } => platform.name(),
            Self::Simulated { .. } => simulation::NAME,
        }
    }

    /// What the platform can do.
    pub fn abilities(&self) -> Abilities {
        match self {
            Self::Real { platform, .. } => platform.abilities(),
            Self::Simulated { .. } => simulated_abilities(),
        }
    }

    /// Time stamps of the host.
    pub fn stamps(&self) -> StampKind {
        match self {
            Self::Real { echo, .. } => echo.as_ref().map_or(StampKind::User, Echo::stamps),
            Self::Simulated { .. } => StampKind::Kernel,
        }
    }

    /// The platform; none in a simulation.
    pub fn platform(&self) -> Option<Arc<dyn Platform>> {
        match self {
            Self::Real { platform, .. } => Some(platform.clone()),
            Self::Simulated { .. } => None,
        }
    }

    /// The platform on which everything is to be removed at the end.
    fn to_clear(&self) -> Option<Arc<dyn Platform>> {
        match self {
            Self::Real {
                platform,
                at_end: AtEnd::Remove,
                ..
            } => Some(platform.clone()),
            Self::Real { .. } | Self::Simulated { .. } => None,
        }
    }

    fn open(
        self,
        experiment: Experiment,
        live: Arc<Live>,
    ) -> Result<(Box<dyn Workshop>, Notes), DriverError> {
        let experiment = Arc::new(experiment);
        Ok(match self {
            Self::Real {
                platform,
                echo,
                notes,
                at_end: _,
            } => {
                let clocks = match echo {
                    Some(echo) => Clocks::Udp {
                        host: advertised(experiment.advertise, platform.as_ref(), &echo)?.0,
                        echo: Arc::new(echo),
                    },
                    None => Clocks::Http,
                };
                let most = platform.abilities().invocations_per_minute;
                let site = Site::new(Bench {
                    experiment,
                    platform,
                    clocks,
                    pace: Mutex::new(Pace::new(most)),
                    live,
                });
                (Box::new(site), notes)
            }
            Self::Simulated { world, start } => {
                let (_, silence) = mpsc::channel(1);
                (
                    Box::new(Simulated::new(experiment, world, start, live)),
                    silence,
                )
            }
        })
    }
}

/// What a simulation can do: anything, at once and for certain.
pub fn simulated_abilities() -> Abilities {
    Abilities {
        deployment: Deployment::Ours,
        limits: Limits::default(),
        cold: Guarantee::Guaranteed,
        cold_method: simulated::COLD_METHOD.into(),
        keep_warm: Duration::from_nanos(simulated::KEEP_WARM as u64),
        invocations_per_minute: None,
    }
}

/// Begins to answer datagrams at `listen`, telling `live` of strays; before that, `servers` are asked how they see the
/// socket.
///
/// # Errors
/// When no socket can be bound there, or a server tells no address.
pub async fn listen(
    listen: SocketAddr,
    servers: Vec<Server>,
    live: Arc<Live>,
) -> Result<Echo, DriverError> {
    let failed = |source| DriverError::Listen { listen, source };
    let socket = Socket::bind(listen).map_err(failed)?;
    let (socket, mapping) = mapping::ask(socket, servers).await?;
    Echo::behind(socket, mapping, live).map_err(failed)
}

/// Where events go.
pub struct Outlets {
    /// The journal.
    pub record: Recorder,
    /// The latest board: a reader can lag behind, never hold up.
    pub board: watch::Sender<Arc<Board>>,
    /// The attempt in flight.
    pub live: Arc<Live>,
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
        "{0} does not say where its functions find this host; give an address with --advertise"
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
        Err(_) => Some(late(platform.name(), "destroy", DESTROY_DEADLINE)),
    }
}

/// An interrupted run.
#[derive(Debug, Clone)]
pub struct Before {
    /// The fold of its journal.
    pub board: Board,
    /// Entries in it.
    pub entries: u64,
    /// Bytes of a torn last line.
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
    let (mut workshop, mut notes) = equipment.open(experiment, outlets.live.clone())?;
    told.extend(workshop.inspect().await?);
    let plan = header.plan.clone();
    let mut chronicle = Chronicle::open(outlets, header, before, workshop.now())?;
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
    let mut actions = run.handle(Input::Begin, workshop.now().monotonic);
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
            Some(command) = commands.recv() => Input::Command(command),
            Some(text) = notes.recv() => {
                chronicle.tell(Event::Noted { text }, workshop.now())?;
                actions = Vec::new();
                continue;
            }
        };
        actions = run.handle(input, workshop.now().monotonic);
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

/// Where the function is told to send its datagrams, and how that is known: as the user says, else as STUN servers see
/// the socket, else where it is bound, else where the platform has this host.
///
/// # Errors
/// When nobody knows, or no datagram can get there.
pub fn advertised(
    given: Option<IpAddr>,
    platform: &dyn Platform,
    echo: &Echo,
) -> Result<(SocketAddr, Found), DriverError> {
    let listen = echo.local_addr();
    let bound = Some(listen.ip()).filter(|address| !address.is_unspecified());
    let here = |ip| SocketAddr::new(ip, listen.port());
    let (advertised, found) = match (given, echo.mapping(), bound, platform.reach()) {
        (Some(ip), ..) => (here(ip), Found::Given),
        (_, Some(mapping), ..) => (mapping.address, Found::Stun(mapping.servers)),
        (.., Some(ip), _) => (here(ip), Found::Bound),
        (.., Reach::Address(ip)) => (here(ip), Found::Platform),
        (.., Reach::Unknown) => return Err(DriverError::Unreachable(platform.name())),
    };
    // A socket bound to every IPv6 address also takes IPv4.
    let both = listen.is_ipv6() && listen.ip().is_unspecified();
    if !both && listen.is_ipv6() != advertised.is_ipv6() {
        let advertised = advertised.ip();
        return Err(DriverError::Families { listen, advertised });
    }
    Ok((advertised, found))
}

/// Numbers, times, writes down, folds and publishes events, in this order.
struct Chronicle {
    outlets: Outlets,
    board: Board,
    number: u64,
    begun: Nanos,
}

impl Chronicle {
    fn open(
        outlets: Outlets,
        header: RunHeader,
        before: Option<Before>,
        now: Moment,
    ) -> Result<Self, DriverError> {
        let begun = now.monotonic;
        match before {
            None => {
                let mut chronicle = Self {
                    outlets,
                    board: Board::default(),
                    number: 0,
                    begun,
                };
                let run = Box::new(header);
                chronicle.tell(Event::RunStarted { run }, now)?;
                Ok(chronicle)
            }
            Some(Before {
                board,
                entries,
                dropped_bytes,
                notes,
            }) => {
                let kept = board.ended.len() as u32;
                let mut chronicle = Self {
                    outlets,
                    board,
                    number: entries,
                    begun,
                };
                let resumed = Event::RunResumed {
                    kept,
                    dropped_bytes,
                };
                chronicle.tell(resumed, now)?;
                for text in notes {
                    chronicle.tell(Event::Warned { text }, now)?;
                }
                Ok(chronicle)
            }
        }
    }

    fn tell(&mut self, event: Event, now: Moment) -> Result<(), DriverError> {
        self.number += 1;
        let entry = Entry {
            number: self.number,
            wall: now.wall,
            elapsed: now.monotonic - self.begun,
            event,
        };
        (self.outlets.record)(&entry).map_err(DriverError::Record)?;
        self.board.apply(&entry);
        self.outlets
            .board
            .send_replace(Arc::new(self.board.clone()));
        Ok(())
    }

    fn published(&self) -> Arc<Board> {
        Arc::new(self.board.clone())
    }
}

fn late(platform: &'static str, operation: &'static str, deadline: Duration) -> PlatformError {
    PlatformError {
        kind: crate::platform::ErrorKind::Timeout,
        platform,
        operation,
        resource: "function".into(),
        what: format!("not done after {} s", deadline.as_secs()),
        status: None,
        retry: Retry::After(Duration::from_nanos(1000 * MILLISECOND as u64)),
    }
}
