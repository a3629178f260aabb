//! The driver: carries out what [`crate::core::run`] asks for, journals what happens, publishes the board.

mod attempt;
mod clock;
pub mod echo;
pub mod invoke;
pub mod package;

use std::error::Error;
use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::timeout;

use self::attempt::{Bench, failure_of};
use self::echo::Echo;
use self::package::Template;
use crate::core::board::Board;
use crate::core::contract::{Dialect, StampKind};
use crate::core::live::Live;
use crate::core::message::{Command, Entry, Event, RunHeader};
use crate::core::run::{Action, Conditions, Input, Outcome, Run};
use crate::core::sample::{Failure, Token};
use crate::core::time::{MILLISECOND, Nanos};
use crate::platform::{FunctionSpec, Package, Platform, PlatformError, Reach, Retry};

/// Making, sending and activating a package.
const DEPLOY_DEADLINE: Duration = Duration::from_secs(600);
/// Forcing a cold start.
const COLD_DEADLINE: Duration = Duration::from_secs(300);
/// Removing everything at the end.
const DESTROY_DEADLINE: Duration = Duration::from_secs(60);
/// Longest wait that a platform's advice to try later can cause.
const RETRY_MOST: Duration = Duration::from_secs(60);

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
}

/// Writes an event down before anyone is told of it.
pub type Recorder = Box<dyn FnMut(&Entry) -> Result<(), Box<dyn Error + Send + Sync>> + Send>;

/// What the experiment is run with.
pub struct Equipment {
    /// Where the function runs.
    pub platform: Arc<dyn Platform>,
    /// Who answers its datagrams.
    pub echo: Echo,
}

/// Begins to answer datagrams at `listen`, telling `live` of strays.
///
/// # Errors
/// When no socket can be bound there.
pub fn listen(listen: SocketAddr, live: Arc<Live>) -> Result<Echo, DriverError> {
    Echo::start(listen, live).map_err(|source| DriverError::Listen { listen, source })
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
    /// The platform is not ready.
    #[error(transparent)]
    Platform(#[from] PlatformError),
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
/// What kept the run from beginning, or from being recorded; everything it created is removed first.
pub async fn run(
    experiment: Experiment,
    equipment: Equipment,
    outlets: Outlets,
    commands: mpsc::Receiver<Command>,
    before: Option<Before>,
) -> Result<Ended, DriverError> {
    let platform = equipment.platform.clone();
    let result = drive(experiment, equipment, outlets, commands, before).await;
    let left_behind = match timeout(DESTROY_DEADLINE, platform.destroy()).await {
        Ok(done) => done.err(),
        Err(_) => Some(late(platform.name(), "destroy", DESTROY_DEADLINE)),
    };
    result.map(|board| Ended { board, left_behind })
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
    Equipment { platform, echo }: Equipment,
    outlets: Outlets,
    mut commands: mpsc::Receiver<Command>,
    before: Option<Before>,
) -> Result<Arc<Board>, DriverError> {
    let live = outlets.live.clone();
    let host = advertised(&experiment, platform.as_ref(), echo.local_addr())?;
    let notes = platform.preflight().await?;
    let conditions = Conditions {
        smallest_package: experiment.template.smallest(),
        keep_warm: platform.abilities().keep_warm.as_nanos() as Nanos,
    };
    let plan = experiment.header.plan.clone();
    let mut chronicle = Chronicle::open(outlets, &experiment, before)?;
    for note in notes {
        chronicle.tell(Event::Noted { text: note })?;
    }
    if echo.stamps() != StampKind::Kernel {
        let text = format!(
            "this host gives {} time stamps: offsets are less exact",
            echo.stamps().word()
        );
        chronicle.tell(Event::Warned { text })?;
    }
    let mut run = Run::new(
        plan,
        conditions,
        &chronicle.board.ended,
        chronicle.board.attempts,
    );
    let bench = Arc::new(Bench {
        experiment: Arc::new(experiment),
        platform,
        echo: Arc::new(echo),
        host,
        live,
    });

    let mut workshop = Workshop {
        bench,
        deployed: 0,
        packages: 0,
        function_exists: false,
    };
    let mut job: Option<Job> = None;
    let mut actions = run.handle(Input::Begin, clock::now().monotonic);
    loop {
        for action in actions {
            match action {
                Action::Record(event) => chronicle.tell(event)?,
                Action::Finish => return Ok(chronicle.published()),
                Action::GiveUp => job.as_mut().map_or((), Job::give_up),
                Action::Deploy { package_bytes } => job = Some(workshop.deploy(package_bytes)),
                Action::ForceCold => job = Some(workshop.force_cold()),
                Action::Invoke(invoke) => {
                    let token = Token(rand::random());
                    chronicle.tell(Event::AttemptStarted {
                        number: invoke.number,
                        token,
                        purpose: invoke.purpose,
                        attempt_of_sample: invoke.attempt_of_sample,
                    })?;
                    job = Some(workshop.invoke(invoke, token));
                }
            }
        }
        let input = tokio::select! {
            done = finished(&mut job) => {
                job = None;
                workshop.note(&done.outcome);
                done.warnings.into_iter().try_for_each(|text| chronicle.tell(Event::Warned { text }))?;
                Input::Outcome(done.outcome)
            }
            Some(command) = commands.recv() => Input::Command(command),
        };
        actions = run.handle(input, clock::now().monotonic);
    }
}

/// Where the function is told to send its datagrams: as the user says, else where the socket is bound, else where the
/// platform has this host.
fn advertised(
    experiment: &Experiment,
    platform: &dyn Platform,
    listen: SocketAddr,
) -> Result<IpAddr, DriverError> {
    let bound = Some(listen.ip()).filter(|address| !address.is_unspecified());
    let advertised = match (experiment.advertise.or(bound), platform.reach()) {
        (Some(address), _) | (None, Reach::Address(address)) => address,
        (None, Reach::Unknown) => return Err(DriverError::Unreachable(platform.name())),
    };
    // A socket bound to every IPv6 address also takes IPv4.
    let both = listen.is_ipv6() && listen.ip().is_unspecified();
    if !both && listen.is_ipv6() != advertised.is_ipv6() {
        return Err(DriverError::Families { listen, advertised });
    }
    Ok(advertised)
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
        experiment: &Experiment,
        before: Option<Before>,
    ) -> Result<Self, DriverError> {
        let begun = clock::now().monotonic;
        match before {
            None => {
                let mut chronicle = Self {
                    outlets,
                    board: Board::default(),
                    number: 0,
                    begun,
                };
                chronicle.tell(Event::RunStarted {
                    run: Box::new(experiment.header.clone()),
                })?;
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
                chronicle.tell(Event::RunResumed {
                    kept,
                    dropped_bytes,
                })?;
                for text in notes {
                    chronicle.tell(Event::Warned { text })?;
                }
                Ok(chronicle)
            }
        }
    }

    fn tell(&mut self, event: Event) -> Result<(), DriverError> {
        self.number += 1;
        let now = clock::now();
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

struct Done {
    outcome: Outcome,
    warnings: Vec<String>,
}

impl From<Outcome> for Done {
    fn from(outcome: Outcome) -> Self {
        Self {
            outcome,
            warnings: Vec::new(),
        }
    }
}

/// The step under way.
struct Job {
    work: Pin<Box<dyn Future<Output = Done> + Send>>,
    give_up: Option<oneshot::Sender<()>>,
}

impl Job {
    fn new<F: Future<Output = Done> + Send + 'static>(
        work: impl FnOnce(oneshot::Receiver<()>) -> F,
    ) -> Self {
        let (give_up, answer) = oneshot::channel();
        Self {
            work: Box::pin(work(answer)),
            give_up: Some(give_up),
        }
    }

    fn give_up(&mut self) {
        if let Some(give_up) = self.give_up.take() {
            _ = give_up.send(());
        }
    }
}

async fn finished(job: &mut Option<Job>) -> Done {
    match job {
        Some(Job { work, .. }) => work.await,
        None => std::future::pending().await,
    }
}

/// Begins the steps that the run asks for.
struct Workshop {
    bench: Arc<Bench>,
    /// Bytes of the package that is live, or on its way.
    deployed: u64,
    packages: u64,
    function_exists: bool,
}

impl Workshop {
    fn note(&mut self, outcome: &Outcome) {
        self.function_exists |= matches!(outcome, Outcome::Deployed { .. });
    }

    fn deploy(&mut self, package_bytes: u64) -> Job {
        self.deployed = package_bytes;
        self.packages += 1;
        let (bench, seed, exists) = (
            self.bench.clone(),
            self.bench.experiment.seed.wrapping_add(self.packages),
            self.function_exists,
        );
        Job::new(move |given_up| async move {
            let begun = clock::now().monotonic;
            let work = async {
                let template = bench.experiment.template.clone();
                let made =
                    tokio::task::spawn_blocking(move || template.package(package_bytes, seed))
                        .await;
                let package: Package = made
                    .map_err(|error| fault(&error))?
                    .map_err(|error| fault(&error))?;
                let sent = if exists {
                    bench.platform.update_code(&package).await
                } else {
                    bench
                        .platform
                        .ensure_function(&bench.experiment.function, &package)
                        .await
                };
                advised(sent).await?;
                Ok(package.sha256)
            };
            prepare("deploy", DEPLOY_DEADLINE, work, given_up, |sha256| {
                let took = clock::now().monotonic - begun;
                Outcome::Deployed { sha256, took }
            })
            .await
        })
    }

    fn force_cold(&self) -> Job {
        let bench = self.bench.clone();
        Job::new(move |given_up| async move {
            let begun = clock::now().monotonic;
            let work = async { advised(bench.platform.force_cold().await).await };
            prepare("force cold", COLD_DEADLINE, work, given_up, |()| {
                let took = clock::now().monotonic - begun;
                Outcome::ColdForced { took }
            })
            .await
        })
    }

    fn invoke(&self, invoke: crate::core::run::Invoke, token: Token) -> Job {
        let (bench, package_bytes) = (self.bench.clone(), self.deployed);
        Job::new(move |given_up| async move {
            let told = attempt::make(&bench, invoke, token, package_bytes, given_up).await;
            Done {
                outcome: Outcome::Invoked(Box::new(told.attempt)),
                warnings: told.warnings,
            }
        })
    }
}

/// Carries out a preparation within its deadline, unless it is given up.
async fn prepare<T>(
    step: &str,
    deadline: Duration,
    work: impl Future<Output = Result<T, Failure>>,
    given_up: oneshot::Receiver<()>,
    outcome: impl FnOnce(T) -> Outcome,
) -> Done {
    let done = tokio::select! {
        done = timeout(deadline, work) => done,
        _ = given_up => return Outcome::GivenUp.into(),
    };
    match done {
        Ok(Ok(value)) => outcome(value).into(),
        Ok(Err(failure)) => Outcome::PreparationFailed(failure).into(),
        Err(_) => {
            let what = format!("not done after {} s", deadline.as_secs());
            Outcome::PreparationFailed(Failure {
                step: step.into(),
                what,
                status: None,
            })
            .into()
        }
    }
}

/// Waits as long as the platform's error advises, so that the next try has a chance.
async fn advised<T>(result: Result<T, PlatformError>) -> Result<T, Failure> {
    if let Err(PlatformError {
        retry: Retry::After(wait),
        ..
    }) = &result
    {
        tokio::time::sleep((*wait).min(RETRY_MOST)).await;
    }
    result.map_err(|error| failure_of(&error))
}

fn fault(error: &impl std::fmt::Display) -> Failure {
    Failure {
        step: "package".into(),
        what: error.to_string(),
        status: None,
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
