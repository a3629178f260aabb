//! What every attempt of a run needs.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::core::live::Live;
use crate::core::pace::Pace;
use crate::core::readiness::Readiness;
use crate::core::sample::Failure;
use crate::core::time::Nanos;
use crate::driver::echo::Echo;
use crate::driver::{Experiment, clock};
use crate::platform::Platform;

/// See the module.
pub struct Bench {
    /// The run's settings.
    pub experiment: Arc<Experiment>,
    /// Where the function is.
    pub platform: Arc<dyn Platform>,
    /// How its clock is compared with the host's.
    pub clocks: Clocks,
    /// When the platform takes the next invocation.
    pub pace: Mutex<Pace>,
    /// Whether an environment may have to start for the next invocation.
    pub readiness: Mutex<Readiness>,
    /// What the screen reads.
    pub live: Arc<Live>,
}

impl Bench {
    /// An invocation begins now: how long the first byte of its answer may take.
    pub fn answer_within(&self) -> Duration {
        let timeout = self.experiment.function.timeout.as_nanos() as Nanos;
        let deadline = self.readiness().begin(clock::now().monotonic, timeout);
        Duration::from_nanos(deadline as u64)
    }

    /// Remembers of a call that failed what that says of the next.
    pub fn heed<T>(&self, called: Result<T, Failure>) -> Result<T, Failure> {
        called.inspect_err(|_| self.readiness().failed(clock::now().monotonic))
    }

    pub fn readiness(&self) -> MutexGuard<'_, Readiness> {
        self.readiness
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// How clocks are compared.
pub enum Clocks {
    /// By datagrams.
    Udp {
        /// Who answers them.
        echo: Arc<Echo>,
        /// Where the host is, for the function.
        host: SocketAddr,
    },
    /// By further invocations.
    Http,
}

impl Clocks {
    /// What a person should know of how comparing went since this was last asked.
    pub(super) fn faults(&self) -> Option<String> {
        let Self::Udp { echo, .. } = self else {
            return None;
        };
        let (count, last) = echo.faults()?;
        Some(format!(
            "errors of the echo's socket since the last attempt: {count}, the last one: {last}; datagrams may be lost"
        ))
    }
}
