//! One tiny function, deployed, invoked once as a run would, and removed: does the path work, before money is spent?

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use super::workshop::{Job, Workshop};
use super::{DriverError, Equipment, Experiment, clear};
use crate::core::contract::Carrier;
use crate::core::live::Live;
use crate::core::plan::Deployment;
use crate::core::run::{Invoke, Outcome};
use crate::core::sample::{Attempt, AttemptOutcome, Failure, Purpose, SampleKey, StartKind};
use crate::core::time::Nanos;
use crate::platform::PlatformError;

/// Bytes of the payload.
const PAYLOAD: u64 = 64;

/// What became of it.
#[derive(Debug)]
pub enum Probed {
    /// It was not deployed.
    NotDeployed(Failure),
    /// It was invoked, well or not.
    Invoked {
        /// How long deploying took, ns; none where somebody else deploys.
        deployment: Option<Nanos>,
        /// The invocation.
        attempt: Box<Attempt>,
        /// What a person should know of it.
        warnings: Vec<String>,
    },
    /// It was given up, as asked.
    GivenUp,
}

/// Deploys, invokes once over the code of a run, and removes everything again, also on an error and when `give_up` is
/// done. Says too what could not be removed.
///
/// # Errors
/// When nobody knows where the function finds this host; nothing was made then.
pub async fn probe(
    experiment: Experiment,
    equipment: Equipment,
    live: Arc<Live>,
    give_up: impl Future<Output = ()>,
) -> Result<(Probed, Option<PlatformError>), DriverError> {
    let to_clear = equipment.to_clear();
    let deployment = experiment.header.plan.deployment;
    let sync = experiment.header.sync;
    let (mut workshop, _notes) = equipment.open(experiment, live)?;
    let mut give_up = std::pin::pin!(give_up);
    let deployed = match deployment {
        Deployment::Theirs => Ok(None),
        Deployment::Ours => deploy(workshop.as_mut(), give_up.as_mut()).await.map(Some),
    };
    let probed = match deployed {
        Ok(deployment) => invoke(workshop.as_mut(), sync, deployment, give_up).await,
        Err(probed) => probed,
    };
    Ok((probed, clear(to_clear).await))
}

/// How long it took, ns, or how it ended otherwise.
async fn deploy<F: Future<Output = ()>>(
    workshop: &mut dyn Workshop,
    give_up: Pin<&mut F>,
) -> Result<Nanos, Probed> {
    let package = workshop.conditions().smallest_package;
    match carried_out(workshop.deploy(package), give_up).await.0 {
        Outcome::Deployed { took, .. } => Ok(took),
        Outcome::PreparationFailed(failure) => Err(Probed::NotDeployed(failure)),
        Outcome::ColdForced { .. } | Outcome::Invoked(_) | Outcome::GivenUp => Err(Probed::GivenUp),
    }
}

async fn invoke<F: Future<Output = ()>>(
    workshop: &mut dyn Workshop,
    sync: Carrier,
    deployment: Option<Nanos>,
    give_up: Pin<&mut F>,
) -> Probed {
    let key = SampleKey {
        size: 0,
        kind: StartKind::Cold,
        repetition: 0,
    };
    let invoke = Invoke {
        number: 1,
        purpose: match sync {
            // Either start kind will do.
            Carrier::Udp => Purpose::WarmUp(key),
            // Only a sample is followed up.
            Carrier::Http => Purpose::Sample(key),
        },
        attempt_of_sample: 1,
        payload_bytes: PAYLOAD,
    };
    let token = workshop.token(invoke.number);
    match carried_out(workshop.invoke(invoke, token), give_up).await {
        (Outcome::Invoked(attempt), warnings) if attempt.outcome != AttemptOutcome::Cancelled => {
            Probed::Invoked {
                deployment,
                attempt,
                warnings,
            }
        }
        _ => Probed::GivenUp,
    }
}

/// Waits for the end of a step, and asks for it once when it is to be given up.
async fn carried_out<F: Future<Output = ()>>(
    mut job: Job,
    give_up: Pin<&mut F>,
) -> (Outcome, Vec<String>) {
    let done = tokio::select! {
        done = &mut job => done,
        () = give_up => {
            job.give_up();
            job.await
        }
    };
    (done.outcome, done.warnings)
}
