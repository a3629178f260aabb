//! The function itself: created or adopted, changed, waited for, removed.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{
    Architecture, Environment, FunctionCode, LastUpdateStatus, Runtime, State,
};
use hyper::body::Bytes;

use super::account::{Account, in_region, uploading};
use super::errors::{error, explain};
use super::retry::Patience;
use super::{Form, Processor, names};
use crate::core::live::Phase;
use crate::platform::context::Context;
use crate::platform::{ErrorKind, FunctionSpec, PlatformError, Resource};

/// What a function is called in the ledger; its name there is `region/name`.
pub(super) const KIND: &str = "function";
/// Variable whose change makes every environment of before unfit.
const NONCE: &str = "SEBS_TUI_COLD";
/// A new role is known to Lambda after some seconds; a change by somebody else ends some time.
const BOUND: Duration = Duration::from_secs(90);
/// From a change to its being live.
const LIVE_DEADLINE: Duration = Duration::from_secs(240);
const POLL_FIRST: Duration = Duration::from_millis(200);
const POLL_MOST: Duration = Duration::from_secs(2);

/// One function of an account.
pub(super) struct Function<'a> {
    pub account: &'a Account,
    pub context: &'a Context,
    pub name: &'a str,
}

/// What it is made as.
pub(super) struct Plan<'a> {
    pub spec: &'a FunctionSpec,
    pub form: Form,
    pub processor: Processor,
    pub role: &'a str,
}

impl Plan<'_> {
    fn runtime(&self) -> Runtime {
        match self.form {
            Form::Native => Runtime::Providedal2023,
            Form::Python => Runtime::Python313,
        }
    }

    fn architecture(&self) -> Architecture {
        match self.processor {
            Processor::X86 => Architecture::X8664,
            Processor::Arm => Architecture::Arm64,
        }
    }

    fn seconds(&self) -> i32 {
        self.spec.timeout.as_secs().max(1) as i32
    }
}

impl Function<'_> {
    /// What the ledger has of it.
    pub fn resource(&self) -> Result<Resource, PlatformError> {
        Ok(Resource {
            kind: KIND.into(),
            name: format!("{}/{}", self.account.region()?, self.name),
        })
    }

    /// Creates it, or brings the one that this run has made before to the plan; returns when it is live.
    pub async fn ensure(&self, plan: &Plan<'_>, code: &Bytes) -> Result<(), PlatformError> {
        match self.run_of().await? {
            None => {
                self.context
                    .ledger()
                    .creating(&self.resource()?)
                    .map_err(|why| {
                        error(
                            ErrorKind::Internal,
                            "write down",
                            self.name,
                            why.to_string(),
                        )
                    })?;
                match self
                    .patient(Phase::Uploading, || self.create(plan, code))
                    .await
                {
                    // An answer was lost and the next try found the function there.
                    Err(PlatformError {
                        kind: ErrorKind::Conflict,
                        status: Some(409),
                        ..
                    }) if self.is_ours().await? => self.live().await,
                    Err(error) => Err(error),
                    Ok(()) => self.live().await,
                }
            }
            Some(run) if run == self.context.run() => {
                self.context.note(format!(
                    "the function {} of this run is there: it is used again",
                    self.name
                ));
                self.live().await?;
                self.patient(Phase::Activating, || self.configure(plan))
                    .await?;
                self.live().await?;
                self.upload(code).await
            }
            Some(_) => Err(self.foreign()),
        }
    }

    /// Replaces the code; returns when it is live.
    pub async fn upload(&self, code: &Bytes) -> Result<(), PlatformError> {
        self.patient(Phase::Uploading, || async {
            let request = self
                .account
                .lambda
                .update_function_code()
                .function_name(self.name);
            let sent = request
                .zip_file(Blob::new(code.to_vec()))
                .customize()
                .config_override(uploading())
                .send()
                .await;
            sent.map(drop)
                .map_err(|why| explain("update code", self.name, &why))
        })
        .await?;
        self.live().await
    }

    /// Gives its variable a new value; returns when that is live.
    pub async fn vary(&self, nonce: &str) -> Result<(), PlatformError> {
        self.patient(Phase::Activating, || async {
            let variables = Environment::builder().variables(NONCE, nonce).build();
            let request = self
                .account
                .lambda
                .update_function_configuration()
                .function_name(self.name);
            let sent = request.environment(variables).send().await;
            sent.map(drop)
                .map_err(|why| explain("force cold", self.name, &why))
        })
        .await?;
        self.live().await
    }

    /// Deletes it in this region; that it is not there is no error.
    pub async fn remove(&self, region: &str) -> Result<(), PlatformError> {
        let gone = self.patient(Phase::Removing, || async {
            let request = self
                .account
                .lambda
                .delete_function()
                .function_name(self.name);
            let sent = request
                .customize()
                .config_override(in_region(region))
                .send()
                .await;
            sent.map(drop)
                .map_err(|why| explain("delete", self.name, &why))
        });
        match gone.await {
            Err(PlatformError {
                kind: ErrorKind::NotFound,
                ..
            }) => Ok(()),
            gone => gone,
        }
    }

    /// The run it was made for, by its tag: an empty one when it has none; nothing when there is no such function.
    pub async fn run_of(&self) -> Result<Option<String>, PlatformError> {
        let tags = self.patient(Phase::Activating, || async {
            let sent = self
                .account
                .lambda
                .get_function()
                .function_name(self.name)
                .send()
                .await;
            let found = sent.map_err(|why| explain("get", self.name, &why))?;
            Ok(found.tags().and_then(|tags| tags.get(names::TAG)).cloned())
        });
        match tags.await {
            Ok(run) => Ok(Some(run.unwrap_or_default())),
            Err(PlatformError {
                kind: ErrorKind::NotFound,
                ..
            }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// That somebody else's function has the name.
    pub fn foreign(&self) -> PlatformError {
        let what = format!(
            "it exists and its tag {} does not name this run: it is left alone; choose another --function-name",
            names::TAG
        );
        error(ErrorKind::Conflict, "create", self.name, what)
    }

    async fn is_ours(&self) -> Result<bool, PlatformError> {
        Ok(self.run_of().await?.as_deref() == Some(self.context.run()))
    }

    async fn create(&self, plan: &Plan<'_>, code: &Bytes) -> Result<(), PlatformError> {
        let request = self
            .account
            .lambda
            .create_function()
            .function_name(self.name)
            .description(names::description(self.context.run()))
            .tags(names::TAG, self.context.run())
            .role(plan.role)
            .runtime(plan.runtime())
            .handler(&plan.spec.handler)
            .memory_size(plan.spec.memory_mb as i32)
            .timeout(plan.seconds())
            .architectures(plan.architecture())
            .code(
                FunctionCode::builder()
                    .zip_file(Blob::new(code.to_vec()))
                    .build(),
            );
        let sent = request
            .customize()
            .config_override(uploading())
            .send()
            .await;
        sent.map(drop)
            .map_err(|why| explain("create", self.name, &why))
    }

    async fn configure(&self, plan: &Plan<'_>) -> Result<(), PlatformError> {
        let request = self
            .account
            .lambda
            .update_function_configuration()
            .function_name(self.name)
            .role(plan.role)
            .runtime(plan.runtime())
            .handler(&plan.spec.handler)
            .memory_size(plan.spec.memory_mb as i32)
            .timeout(plan.seconds());
        request
            .send()
            .await
            .map(drop)
            .map_err(|why| explain("configure", self.name, &why))
    }

    async fn patient<T, F>(&self, phase: Phase, call: impl FnMut() -> F) -> Result<T, PlatformError>
    where
        F: Future<Output = Result<T, PlatformError>>,
    {
        Patience {
            context: self.context,
            phase,
            bound: BOUND,
        }
        .with(call)
        .await
    }

    /// Waits until it is active and its last change is successful.
    async fn live(&self) -> Result<(), PlatformError> {
        let begun = Instant::now();
        let mut pause = POLL_FIRST;
        loop {
            let standing = self.patient(Phase::Activating, || self.standing()).await?;
            let waited = match standing {
                Standing::Live => return Ok(()),
                Standing::Failed(why) => {
                    return Err(error(ErrorKind::Config, "activate", self.name, why));
                }
                Standing::Underway(what) => what,
            };
            if begun.elapsed() + pause > LIVE_DEADLINE {
                let what = format!("{waited} after {} s", LIVE_DEADLINE.as_secs());
                return Err(error(ErrorKind::Timeout, "activate", self.name, what));
            }
            tokio::time::sleep(pause).await;
            pause = (2 * pause).min(POLL_MOST);
        }
    }

    async fn standing(&self) -> Result<Standing, PlatformError> {
        let sent = self
            .account
            .lambda
            .get_function_configuration()
            .function_name(self.name)
            .send()
            .await;
        let found = sent.map_err(|why| explain("get", self.name, &why))?;
        let reason = found
            .state_reason()
            .or(found.last_update_status_reason())
            .unwrap_or("without a reason");
        Ok(Standing::of(
            found.state(),
            found.last_update_status(),
            reason,
        ))
    }
}

/// How far a change is.
#[derive(Debug, PartialEq, Eq)]
enum Standing {
    Live,
    Underway(String),
    Failed(String),
}

impl Standing {
    fn of(state: Option<&State>, update: Option<&LastUpdateStatus>, reason: &str) -> Self {
        match (state, update) {
            (Some(State::Active), Some(LastUpdateStatus::Successful)) => Self::Live,
            (Some(State::Failed), _) | (_, Some(LastUpdateStatus::Failed)) => {
                Self::Failed(format!("AWS says: {reason}"))
            }
            (state, update) => Self::Underway(format!(
                "still State={}, LastUpdateStatus={}",
                state.map_or("?", State::as_str),
                update.map_or("?", LastUpdateStatus::as_str)
            )),
        }
    }
}

/// Every function of the region with our tag, with its run.
pub(super) async fn tagged(account: &Account) -> Result<Vec<(String, Resource)>, PlatformError> {
    let region = account.region()?;
    let mut pages = account.lambda.list_functions().into_paginator().send();
    let mut found = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|why| explain("list", "functions", &why))?;
        for function in page.functions() {
            let (Some(name), Some(arn)) = (function.function_name(), function.function_arn())
            else {
                continue;
            };
            if !function.description().is_some_and(names::describes_ours) {
                continue;
            }
            let resource = Resource {
                kind: KIND.into(),
                name: format!("{region}/{name}"),
            };
            found.extend(run_by_arn(account, arn).await?.map(|run| (run, resource)));
        }
    }
    Ok(found)
}

async fn run_by_arn(account: &Account, arn: &str) -> Result<Option<String>, PlatformError> {
    let tags = account.lambda.list_tags().resource(arn).send().await;
    match tags.map_err(|why| explain("list tags", arn, &why)) {
        Ok(tags) => Ok(tags
            .tags()
            .and_then(|tags: &HashMap<_, _>| tags.get(names::TAG).cloned())),
        Err(PlatformError {
            kind: ErrorKind::NotFound,
            ..
        }) => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_is_live_when_it_is_active_and_its_last_change_is_successful() {
        let of = |state: &State, update: &LastUpdateStatus| {
            Standing::of(Some(state), Some(update), "no memory")
        };
        assert_eq!(
            of(&State::Active, &LastUpdateStatus::Successful),
            Standing::Live
        );
        for (state, update) in [
            (State::Pending, LastUpdateStatus::Successful),
            (State::Active, LastUpdateStatus::InProgress),
            (State::Inactive, LastUpdateStatus::Successful),
        ] {
            assert!(matches!(of(&state, &update), Standing::Underway(_)));
        }
        for (state, update) in [
            (State::Failed, LastUpdateStatus::Successful),
            (State::Active, LastUpdateStatus::Failed),
        ] {
            assert_eq!(
                of(&state, &update),
                Standing::Failed("AWS says: no memory".into())
            );
        }
        assert!(matches!(
            Standing::of(None, None, ""),
            Standing::Underway(_)
        ));
    }
}
