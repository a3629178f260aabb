//! One tiny function, deployed, invoked once as a run would, and removed: does the path work, before money is spent?

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use super::workshop::Job;
use super::{DriverError, Equipment, Experiment, clear};
use crate::core::live::Live;
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
        /// How long deploying took, ns.
        deployment: Nanos,
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
    let (mut workshop, _notes) = equipment.open(experiment, live)?;
    let mut give_up = std::pin::pin!(give_up);
    let package = workshop.conditions().smallest_package;
    let deploying = workshop.deploy(package);
    let probed = match carried_out(deploying, give_up.as_mut()).await.0 {
        Outcome::Deployed { took, .. } => {
            let key = SampleKey {
                size: 0,
                kind: StartKind::Cold,
                repetition: 0,
            };
            let invoke = Invoke {
                number: 1,
                // Either start kind will do.
                purpose: Purpose::WarmUp(key),
                attempt_of_sample: 1,
                payload_bytes: PAYLOAD,
            };
            let token = workshop.token(invoke.number);
            let invoking = workshop.invoke(invoke, token);
            match carried_out(invoking, give_up).await {
                (Outcome::Invoked(attempt), warnings)
                    if attempt.outcome != AttemptOutcome::Cancelled =>
                {
                    Probed::Invoked {
                        deployment: took,
                        attempt,
                        warnings,
                    }
                }
                _ => Probed::GivenUp,
            }
        }
        Outcome::PreparationFailed(failure) => Probed::NotDeployed(failure),
        Outcome::ColdForced { .. } | Outcome::Invoked(_) | Outcome::GivenUp => Probed::GivenUp,
    };
    Ok((probed, clear(to_clear).await))
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
