//! All environments of the function, and which of them serves an invocation.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use hyper::body::Bytes;
use tokio::time::timeout;

use super::environment::{Deployment, Environment, Housing};
use super::fault::Fault;
use super::home::Home;
use crate::core::sample::StartKind;
use crate::platform::Resource;

/// Most environments at once.
const ENVIRONMENTS: usize = 16;
/// Invocations whose start kind is remembered.
const REMEMBERED: usize = 4096;
/// Longest wait for killed environments to be gone.
const GONE_WITHIN: Duration = Duration::from_secs(30);

/// Every environment of the one function.
#[derive(Debug)]
pub struct Fleet {
    state: Mutex<State>,
    home: Home,
    housing: Box<dyn Housing>,
}

#[derive(Debug, Default)]
struct State {
    deployment: Option<Arc<Deployment>>,
    environments: Vec<Arc<Environment>>,
    /// Environments ever made, which names them.
    made: u64,
    record: VecDeque<(String, StartKind)>,
}

impl Fleet {
    /// An empty one, whose environments are made by `housing`.
    pub fn new(home: Home, housing: Box<dyn Housing>) -> Self {
        Self {
            state: Mutex::default(),
            home,
            housing,
        }
    }

    /// Where it lives.
    pub fn home(&self) -> &Home {
        &self.home
    }

    /// What is deployed.
    pub fn deployment(&self) -> Option<Arc<Deployment>> {
        self.state().deployment.clone()
    }

    /// Has this code, or none, serve from now on; environments of the old one serve no more: see [`Self::retire`].
    pub fn deploy(&self, deployment: Option<Deployment>) {
        self.state().deployment = deployment.map(Arc::new);
    }

    /// Has an environment serve an event, a new one when none is free. Must run to its end, or an environment stays
    /// busy for ever.
    ///
    /// # Errors
    /// See [`Fault`].
    pub async fn invoke(&self, request_id: &str, body: Bytes) -> Result<Bytes, Fault> {
        let environment = self.assign(request_id)?;
        let result = environment.invoke(request_id, body).await;
        match &result {
            // Its end takes a moment: it stays busy, so that nobody claims it until then.
            Err(fault) if !fault.spares_the_environment() => environment.kill(),
            _ => environment.release(),
        }
        result
    }

    /// Kills every environment and waits until all are gone.
    ///
    /// # Errors
    /// The number of those that would not go.
    pub async fn retire(&self) -> Result<(), usize> {
        let retired = std::mem::take(&mut self.state().environments);
        for environment in &retired {
            environment.kill();
        }
        let all_gone = async {
            for environment in &retired {
                environment.gone().await;
            }
        };
        timeout(GONE_WITHIN, all_gone).await.map_err(|_| {
            retired
                .iter()
                .filter(|environment| !environment.is_gone())
                .count()
        })
    }

    /// Kills every environment, waits for their ends and removes the directory, blocking the calling thread.
    pub fn close(&self) {
        let environments = {
            let mut state = self.state();
            state.deployment = None;
            std::mem::take(&mut state.environments)
        };
        for environment in &environments {
            environment.kill();
        }
        for environment in &environments {
            environment.gone_blocking();
        }
        self.home.remove();
    }

    /// Whether the invocation began with a new environment; only the latest are remembered.
    pub fn start_kind(&self, request_id: &str) -> Option<StartKind> {
        self.state()
            .record
            .iter()
            .rev()
            .find(|(id, _)| id == request_id)
            .map(|(_, kind)| *kind)
    }

    /// What the environments are made of.
    pub fn traces(&self) -> Vec<Resource> {
        let environments = self.state().environments.clone();
        environments
            .iter()
            .flat_map(|environment| environment.traces())
            .collect()
    }

    fn assign(&self, request_id: &str) -> Result<Arc<Environment>, Fault> {
        let mut state = self.state();
        let deployment = state.deployment.clone().ok_or(Fault::NoFunction)?;
        state
            .environments
            .retain(|environment| !environment.is_gone());
        let free = state
            .environments
            .iter()
            .rev()
            .find(|environment| environment.claim())
            .cloned();
        let kind = StartKind::of(free.is_none());
        let environment = match free {
            Some(environment) => environment,
            None if state.environments.len() >= ENVIRONMENTS => {
                return Err(Fault::Throttled(ENVIRONMENTS));
            }
            None => {
                state.made += 1;
                let directory = self.home.environments().join(state.made.to_string());
                let begun = Environment::begin(deployment, directory, &*self.housing)
                    .map_err(|error| Fault::Host(format!("making an environment: {error}")))?;
                state.environments.push(Arc::new(begun));
                Arc::clone(state.environments.last().expect("one was just put there"))
            }
        };
        if state.record.len() == REMEMBERED {
            state.record.pop_front();
        }
        state.record.push_back((request_id.to_owned(), kind));
        Ok(environment)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state
            .lock()
            .expect("nothing panics while it holds this lock")
    }
}
