//! The function itself: created or adopted, changed, waited for, removed.

use std::time::Duration;

use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{Architecture, Environment, Runtime};

use super::account::{Account, in_region, uploading};
use super::code::Code;
use super::entry::Entry;
use super::errors::{error, explain};
use super::retry::Patience;
use super::{Form, names, role};
use crate::core::contract::COLD_NONCE;
use crate::core::live::Phase;
use crate::core::processor::Processor;
use crate::platform::context::Context;
use crate::platform::{ErrorKind, FunctionSpec, PlatformError, Resource};

/// What a function is called in the ledger; its name there is `region/name`.
pub(super) const KIND: &str = "function";
/// A new role is known to Lambda after some seconds; a change by somebody else ends some time.
const BOUND: Duration = Duration::from_secs(90);

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
    /// Whose role it is.
    pub role_is_given: bool,
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
    pub async fn ensure(&self, plan: &Plan<'_>, code: &Code) -> Result<(), PlatformError> {
        // One that was given up may be coming into being.
        self.account.settled().await;
        match self.tag().await? {
            None => {
                let entry = Entry::write(self.context, self.resource()?)?;
                match self
                    .patient(Phase::Uploading, || self.create(plan, code))
                    .await
                {
                    Err(
                        refusal @ PlatformError {
                            kind: ErrorKind::Conflict,
                            status: Some(409),
                            ..
                        },
                    ) => match self.tag().await? {
                        // An answer was lost and the next try found the function there.
                        Some(tag) if self.context.owns(&tag) => self.live().await,
                        Some(tag) => {
                            entry.strike()?;
                            Err(self.foreign(&tag))
                        }
                        None => Err(refusal),
                    },
                    Err(error) => Err(error),
                    Ok(()) => self.live().await,
                }
            }
            Some(tag) if self.context.owns(&tag) => {
                Entry::write(self.context, self.resource()?)?;
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
            Some(tag) => Err(self.foreign(&tag)),
        }
    }

    /// Replaces the code; returns when it is live.
    pub async fn upload(&self, code: &Code) -> Result<(), PlatformError> {
        self.patient(Phase::Uploading, || async {
            let request = self
                .account
                .lambda
                .update_function_code()
                .function_name(self.name);
            let request = match code {
                Code::InCall(package) => request.zip_file(Blob::new(package.to_vec())),
                Code::InBucket(object) => request
                    .s3_bucket(&object.bucket)
                    .s3_key(&object.key)
                    .set_s3_object_version(object.version.clone()),
            };
            let request = request.customize().config_override(uploading());
            let sent = self.account.change(request.send()).await;
            sent.map(drop)
                .map_err(|why| explain("update code", self.name, &why))
        })
        .await?;
        self.live().await
    }

    /// Gives its variable a new value; returns when that is live.
    pub async fn vary(&self, nonce: &str) -> Result<(), PlatformError> {
        self.patient(Phase::Activating, || async {
            let variables = Environment::builder().variables(COLD_NONCE, nonce).build();
            let request = self
                .account
                .lambda
                .update_function_configuration()
                .function_name(self.name);
            let sent = self
                .account
                .change(request.environment(variables).send())
                .await;
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

    /// Its tag: an empty one when it has none; nothing when there is no such function.
    pub async fn tag(&self) -> Result<Option<String>, PlatformError> {
        let tags = self.patient(Phase::Activating, || async {
            let sent = self
                .account
                .lambda
                .get_function()
                .function_name(self.name)
                .send()
                .await;
            let found = sent.map_err(|why| explain("get", self.name, &why))?;
            let tag = found.tags().and_then(|tags| tags.get(names::TAG));
            Ok(tag.cloned())
        });
        match tags.await {
            Ok(tag) => Ok(Some(tag.unwrap_or_default())),
            Err(PlatformError {
                kind: ErrorKind::NotFound,
                ..
            }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// That somebody else's function has the name.
    pub fn foreign(&self, tag: &str) -> PlatformError {
        let what = names::left_alone(tag, &self.context.tag(), "choose another --function-name");
        error(ErrorKind::Conflict, "create", self.name, what)
    }

    async fn create(&self, plan: &Plan<'_>, code: &Code) -> Result<(), PlatformError> {
        let request = self
            .account
            .lambda
            .create_function()
            .function_name(self.name)
            .description(names::description(self.context.run()))
            .tags(names::TAG, self.context.tag())
            .role(plan.role)
            .runtime(plan.runtime())
            .handler(&plan.spec.handler)
            .memory_size(plan.spec.memory_mb as i32)
            .timeout(plan.seconds())
            .architectures(plan.architecture())
            .code(code.of_new_function());
        let request = request.customize().config_override(uploading());
        let sent = self.account.change(request.send()).await;
        sent.map(drop).map_err(|why| {
            let refusal = explain("create", self.name, &why);
            match refusal.kind {
                // One that has just been made is known after some seconds; one that was given should be by now.
                ErrorKind::Conflict if refusal.status == Some(400) && plan.role_is_given => {
                    role::refused(refusal, plan.role)
                }
                _ => refusal,
            }
        })
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
        let sent = self.account.change(request.send()).await;
        sent.map(drop)
            .map_err(|why| explain("configure", self.name, &why))
    }

    /// Makes a call with the patience that every call on a function deserves.
    pub async fn patient<T, F>(
        &self,
        phase: Phase,
        call: impl FnMut() -> F,
    ) -> Result<T, PlatformError>
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
}
