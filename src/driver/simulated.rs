//! Steps carried out in a simulation: complete in every record, and over at once.

use std::sync::Arc;

use async_trait::async_trait;

use super::attempt::{self, Told};
use super::site::over_http;
use super::workshop::{Done, Job, Workshop};
use super::{DriverError, Experiment};
use crate::core::contract::Carrier;
use crate::core::initiator::Orders;
use crate::core::live::{Live, Phase};
use crate::core::message::Event;
use crate::core::run::{Conditions, Invoke, Outcome};
use crate::core::sample::{PlatformRecord, Token};
use crate::core::simulation::{Answer, Compared, NAME, Setup, Simulation, World};
use crate::core::time::{Moment, Nanos, SECOND};

/// Idle time after which no environment is believed in, as on a real platform.
pub(super) const KEEP_WARM: Nanos = 300 * SECOND;
/// How cold starts are forced.
pub(super) const COLD_METHOD: &str = "simulated: the environment is forgotten";

/// See the module.
pub(super) struct Simulated {
    experiment: Arc<Experiment>,
    simulation: Simulation,
    live: Arc<Live>,
    /// Bytes of the package that is live.
    deployed: u64,
    deployments: u64,
}

impl Simulated {
    pub fn new(experiment: Arc<Experiment>, world: World, start: Moment, live: Arc<Live>) -> Self {
        let header = &experiment.header;
        let setup = Setup {
            world,
            seed: experiment.seed,
            shift: header.shift,
            sync: header.sync,
            orders: Orders {
                dialect: experiment.dialect,
                token: Token([0; 16]),
                session: 0,
                n: header.n,
                max_exchanges: experiment.max_exchanges,
                in_flight: header.in_flight,
                pace: experiment.pace,
                budget: attempt::budget(&experiment),
            },
            start,
        };
        Self {
            simulation: Simulation::new(setup),
            experiment,
            live,
            deployed: 0,
            deployments: 0,
        }
    }
}

#[async_trait]
impl Workshop for Simulated {
    fn now(&self) -> Moment {
        self.simulation.now()
    }

    fn conditions(&self) -> Conditions {
        Conditions {
            smallest_package: self.experiment.template.smallest(),
            keep_warm: KEEP_WARM,
        }
    }

    async fn inspect(&self) -> Result<Vec<Event>, DriverError> {
        let text = format!(
            "{NAME}: no function is called and no datagram is sent; every time and figure is made up from seed {}",
            self.experiment.seed
        );
        let mut told = vec![Event::Noted { text }];
        if self.experiment.header.sync == Carrier::Http {
            let text = over_http(&self.experiment, None);
            told.push(Event::Noted { text });
        }
        Ok(told)
    }

    fn token(&self, number: u64) -> Token {
        self.simulation.token(number)
    }

    fn deploy(&mut self, package_bytes: u64) -> Job {
        self.deployed = package_bytes;
        self.deployments += 1;
        let took = self.simulation.deploy(package_bytes);
        let sha256 = format!("{NAME}-{}", self.deployments);
        Job::done(Outcome::Deployed { sha256, took })
    }

    fn force_cold(&mut self) -> Job {
        let took = self.simulation.force_cold();
        Job::done(Outcome::ColdForced { took })
    }

    fn invoke(&mut self, invoke: Invoke, token: Token) -> Job {
        let mut attempt = attempt::blank(invoke, token, self.deployed);
        self.live.begin();
        let Answer {
            http,
            reply,
            compared,
            recorded_cold,
        } = self.simulation.invoke(&invoke, self.live.clone());
        self.live.enter(Phase::Idle);
        let record = PlatformRecord {
            cold: Some(recorded_cold),
            ..PlatformRecord::default()
        };
        match compared {
            Compared::Udp(host) => attempt::fill(&mut attempt, http, reply, &host, record),
            Compared::Http(followed) => {
                attempt::enter(&mut attempt, http, reply, record, 0);
                if let Some(followed) = followed {
                    attempt::fill_followed(&mut attempt, followed, None);
                }
            }
        }
        attempt.outcome = attempt::judge(&attempt);
        Job::done(Done::from(Told::of(attempt)))
    }

    fn note(&mut self, _: &Outcome) {}
}
