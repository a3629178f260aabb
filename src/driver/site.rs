//! Steps carried out on a platform, over HTTP and UDP, in real time.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::attempt::{self, Bench, Clocks, RETRY_MOST, Told, failure_of};
use super::clock;
use super::instances::Instances;
use super::workshop::{Done, Job, Workshop};
use super::{DriverError, Experiment};
use crate::core::contract::StampKind;
use crate::core::follow_up::Allowance;
use crate::core::live::{Live, Phase};
use crate::core::message::Event;
use crate::core::pace::Pace;
use crate::core::run::{Conditions, Invoke, Outcome};
use crate::core::sample::{Failure, Held, Token};
use crate::core::time::{Moment, Nanos};
use crate::platform::{Finding, Package, PlatformError, Retry, Verdict};

/// Making, sending and activating a package.
const DEPLOY_DEADLINE: Duration = Duration::from_secs(600);
/// Forcing a cold start, beside the waiting that is part of some ways.
const COLD_DEADLINE: Duration = Duration::from_secs(300);

/// See the module.
pub(super) struct Site {
    bench: Arc<Bench>,
    /// Bytes of the package that is live, or on its way.
    deployed: u64,
    packages: u64,
    function_exists: bool,
    instances: Arc<Mutex<Instances>>,
}

impl Site {
    pub fn new(bench: Bench) -> Self {
        Self {
            instances: Arc::default(),
            bench: Arc::new(bench),
            deployed: 0,
            packages: 0,
            function_exists: false,
        }
    }
}

impl Site {
    /// What is told of how the clocks are compared.
    fn of_clocks(&self) -> Option<Event> {
        match &self.bench.clocks {
            Clocks::Udp { echo, .. } if echo.stamps() == StampKind::Kernel => None,
            Clocks::Udp { echo, .. } => {
                let text = format!(
                    "this host gives {} time stamps: offsets are less exact",
                    echo.stamps().word()
                );
                Some(Event::Warned { text })
            }
            Clocks::Http => {
                let text = over_http(
                    &self.bench.experiment,
                    self.bench.platform.abilities().invocations_per_minute,
                );
                Some(Event::Noted { text })
            }
        }
    }
}

#[async_trait]
impl Workshop for Site {
    fn now(&self) -> Moment {
        clock::now()
    }

    fn conditions(&self) -> Conditions {
        Conditions {
            smallest_package: self.bench.experiment.template.smallest(),
            keep_warm: self.bench.platform.abilities().keep_warm.as_nanos() as Nanos,
        }
    }

    async fn inspect(&self) -> Result<Vec<Event>, DriverError> {
        let findings = self.bench.platform.preflight().await?;
        let bad: Vec<&str> = findings
            .iter()
            .filter(|finding| finding.verdict == Verdict::Bad)
            .map(|finding| finding.text.as_str())
            .collect();
        if !bad.is_empty() {
            return Err(DriverError::NotReady {
                platform: self.bench.platform.name(),
                what: bad.join("; "),
            });
        }
        let mut told: Vec<Event> = findings.into_iter().map(event_of).collect();
        if let Some(most) = self.bench.platform.abilities().invocations_per_minute {
            let text = format!(
                "{} takes at most {most} invocations a minute: one that comes too early waits",
                self.bench.platform.name()
            );
            told.push(Event::Noted { text });
        }
        told.extend(self.of_clocks());
        Ok(told)
    }

    fn token(&self, _: u64) -> Token {
        Token(rand::random())
    }

    fn deploy(&mut self, package_bytes: u64) -> Job {
        self.deployed = package_bytes;
        self.packages += 1;
        let (bench, seed, exists) = (
            self.bench.clone(),
            self.bench.experiment.seed.wrapping_add(self.packages),
            self.function_exists,
        );
        self.bench.readiness().replaced();
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

    fn force_cold(&mut self) -> Job {
        let bench = self.bench.clone();
        bench.readiness().replaced();
        Job::new(move |given_up| async move {
            let begun = clock::now().monotonic;
            let work = async { advised(bench.platform.force_cold().await).await };
            let deadline = COLD_DEADLINE + bench.experiment.foreign.cold_wait;
            prepare("force cold", deadline, work, given_up, |()| {
                let took = clock::now().monotonic - begun;
                Outcome::ColdForced { took }
            })
            .await
        })
    }

    fn invoke(&mut self, invoke: Invoke, token: Token) -> Job {
        let (bench, package_bytes) = (self.bench.clone(), self.deployed);
        let instances = self.instances.clone();
        Job::new(move |mut given_up| async move {
            let mut blank = attempt::blank(invoke, token, package_bytes);
            blank.held = its_turn(&bench.live, &bench.pace, &mut given_up).await;
            if blank.held == Some(Held::ToTheEnd) {
                return Told::of(blank).into();
            }
            let mut told = attempt::make(&bench, blank, given_up).await;
            let mut instances = instances.lock().unwrap_or_else(PoisonError::into_inner);
            told.warnings.extend(instances.contradiction(&told.attempt));
            Done::from(told)
        })
    }

    fn note(&mut self, outcome: &Outcome) {
        self.function_exists |= matches!(outcome, Outcome::Deployed { .. });
    }
}

/// Waits until the platform's limit allows an invocation, unless it is given up meanwhile; says how it was held back.
async fn its_turn(
    live: &Live,
    pace: &Mutex<Pace>,
    given_up: &mut oneshot::Receiver<()>,
) -> Option<Held> {
    // One step is under way at a time: nobody else counts invocations meanwhile.
    let pace = || pace.lock().unwrap_or_else(PoisonError::into_inner);
    let ordered = clock::now().monotonic;
    let wait = pace().wait(ordered);
    if wait > 0 {
        live.enter(Phase::Waiting);
        let waited = timeout(Duration::from_nanos(wait as u64), given_up).await;
        live.enter(Phase::Idle);
        if waited.is_ok() {
            return Some(Held::ToTheEnd);
        }
    }
    let begins = clock::now().monotonic;
    pace().begin(begins);
    (wait > 0).then(|| Held::For(begins - ordered))
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

/// What is told of a run whose clocks are compared over HTTP, on a platform that takes so many invocations a minute.
pub(super) fn over_http(experiment: &Experiment, per_minute: Option<u32>) -> String {
    let allowance = Allowance::of(experiment.header.n, experiment.max_exchanges);
    let Allowance { expected, most } = allowance.under(per_minute);
    format!(
        "clocks are compared over HTTP: about {expected} invocations after each sample, at most {most}; bounds are as wide as a call's ways are long"
    )
}

fn event_of(finding: Finding) -> Event {
    let text = finding.text;
    match finding.verdict {
        Verdict::Good => Event::Noted { text },
        Verdict::Doubtful | Verdict::Bad => Event::Warned { text },
    }
}

fn fault(error: &impl std::fmt::Display) -> Failure {
    Failure {
        step: "package".into(),
        what: error.to_string(),
        status: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::time::SECOND;

    /// A platform that takes one invocation a minute and had one so long ago.
    fn paced(ago: Nanos) -> Mutex<Pace> {
        let mut pace = Pace::new(Some(1));
        pace.begin(clock::now().monotonic - ago);
        Mutex::new(pace)
    }

    #[tokio::test]
    async fn a_wait_for_the_platforms_limit_is_as_long_as_it_must_be() {
        let (_keep, mut given_up) = oneshot::channel();
        let before = clock::now().monotonic;
        // What remains is longer than a busy machine takes to get from here to there.
        let pace = paced(59 * SECOND);
        let ready = clock::now().monotonic;
        let held = its_turn(&Live::default(), &pace, &mut given_up).await;
        let after = clock::now().monotonic;
        let Some(Held::For(held)) = held else {
            panic!("{held:?} after {} ns", after - before)
        };
        assert!(held > 0 && held <= after - ready, "{held} ns");
        let next = pace.lock().expect("nobody panicked").wait(after);
        let began = after + next - 60 * SECOND;
        assert!(next > 0, "it counts: the next one waits");
        assert!(
            (before + SECOND..=after).contains(&began),
            "{} ns",
            began - before
        );
    }

    #[tokio::test]
    async fn a_wait_for_the_platforms_limit_can_be_given_up_at_once() {
        let (sender, mut given_up) = oneshot::channel();
        let (live, pace) = (Live::default(), paced(0));
        let waiting = its_turn(&live, &pace, &mut given_up);
        let giving_up = async {
            tokio::task::yield_now().await;
            assert_eq!(live.read().phase, Phase::Waiting);
            _ = sender.send(());
        };
        let both = async { tokio::join!(waiting, giving_up).0 };
        let went_on = timeout(Duration::from_secs(10), both).await;
        assert_eq!(
            went_on,
            Ok(Some(Held::ToTheEnd)),
            "within its deadline, and without an invocation"
        );
        assert_eq!(live.read().phase, Phase::Idle);
    }
}
