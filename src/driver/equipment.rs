//! What a run is made with: a platform in real time, or a simulation.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::mpsc;

use super::address::advertised;
use super::attempt::{Bench, Clocks};
use super::echo::Echo;
use super::simulated::{self, Simulated};
use super::site::Site;
use super::workshop::Workshop;
use super::{DriverError, Experiment};
use crate::core::contract::StampKind;
use crate::core::live::Live;
use crate::core::message::AtEnd;
use crate::core::pace::Pace;
use crate::core::plan::{Deployment, Limits};
use crate::core::simulation::{self, World};
use crate::core::time::Moment;
use crate::platform::context::Notes;
use crate::platform::{Abilities, Guarantee, Platform};

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
    pub(super) fn to_clear(&self) -> Option<Arc<dyn Platform>> {
        match self {
            Self::Real {
                platform,
                at_end: AtEnd::Remove,
                ..
            } => Some(platform.clone()),
            Self::Real { .. } | Self::Simulated { .. } => None,
        }
    }

    pub(super) fn open(
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
                    readiness: Mutex::default(),
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
        processor: None,
    }
}
