//! The role that the function takes: made for the run, with no permission at all.
//!
//! The function uses no service of AWS. Without the right to write logs it leaves no log group behind; the REPORT line
//! in an invocation's log tail does not need it.

use std::time::Duration;

use super::account::Account;
use super::entry::Entry;
use super::errors::{error, explain};
use super::names;
use super::retry::Patience;
use crate::core::live::Phase;
use crate::platform::context::Context;
use crate::platform::{ErrorKind, PlatformError, Resource, Retry};

/// What a role is called in the ledger.
pub(super) const KIND: &str = "role";
/// Who may take it.
const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
const BOUND: Duration = Duration::from_secs(60);

/// Creates the run's role, or takes the one it has made before; gives its ARN.
pub(super) async fn ensure(
    account: &Account,
    context: &Context,
    name: &str,
) -> Result<String, PlatformError> {
    let resource = Resource {
        kind: KIND.into(),
        name: name.into(),
    };
    let entry = Entry::write(context, resource)?;
    let patience = Patience {
        context,
        phase: Phase::Activating,
        bound: BOUND,
    };
    let created = patience.with(|| create(account, context, name)).await;
    match created {
        Err(PlatformError {
            kind: ErrorKind::Conflict,
            ..
        }) => {
            let (arn, tag) = patience.with(|| find(account, name)).await?;
            if context.owns(&tag) {
                return Ok(arn);
            }
            entry.strike()?;
            let what = names::left_alone(&tag, &context.tag(), "give --role");
            Err(error(ErrorKind::Conflict, "create role", name, what))
        }
        created => created,
    }
}

/// Whether a role of the user's is there.
pub(super) async fn given(account: &Account, arn: &str) -> Result<(), PlatformError> {
    let wrong = |kind, what: &str| error(kind, "find role", arn, what.into());
    let Some((_, path)) = arn.split_once(":role/") else {
        let what = "this is no role's ARN: give --role as in arn:aws:iam::123456789012:role/NAME";
        return Err(wrong(ErrorKind::Config, what));
    };
    let name = path.rsplit('/').next().unwrap_or(path);
    let found = account.iam.get_role().role_name(name).send().await;
    match found.map_err(|why| explain("find role", arn, &why)) {
        Err(PlatformError {
            kind: ErrorKind::NotFound,
            ..
        }) => Err(wrong(
            ErrorKind::NotFound,
            "there is no such role: mend --role, or leave it out and one is made for the run",
        )),
        found => found.map(drop),
    }
}

/// What to do when Lambda does not take the role that the user gives.
pub(super) fn refused(refusal: PlatformError, arn: &str) -> PlatformError {
    let what = format!(
        "{}; the role is {arn}: it must exist and let lambda.amazonaws.com take it; mend --role, or leave it out",
        refusal.what
    );
    PlatformError {
        kind: ErrorKind::Config,
        what,
        retry: Retry::No,
        ..refusal
    }
}

async fn create(account: &Account, context: &Context, name: &str) -> Result<String, PlatformError> {
    let tag = aws_sdk_iam::types::Tag::builder()
        .key(names::TAG)
        .value(context.tag())
        .build();
    let tag =
        tag.map_err(|why| error(ErrorKind::Internal, "create role", name, why.to_string()))?;
    let request = account
        .iam
        .create_role()
        .path(names::ROLE_PATH)
        .role_name(name)
        .assume_role_policy_document(TRUST)
        .description(names::description(context.run()))
        .tags(tag);
    let created = account
        .change(request.send())
        .await
        .map_err(|why| explain("create role", name, &why))?;
    let role = created.role().ok_or_else(|| without_arn(name))?;
    Ok(role.arn().into())
}

/// The ARN and the tag of a role, an empty one when it has none.
async fn find(account: &Account, name: &str) -> Result<(String, String), PlatformError> {
    let found = account
        .iam
        .get_role()
        .role_name(name)
        .send()
        .await
        .map_err(|why| explain("get role", name, &why))?;
    let role = found.role().ok_or_else(|| without_arn(name))?;
    let tag = tag_of(account, name).await?;
    Ok((role.arn().into(), tag.unwrap_or_default()))
}

fn without_arn(name: &str) -> PlatformError {
    error(
        ErrorKind::Protocol,
        "create role",
        name,
        "the answer names no role".into(),
    )
}

/// What a role's tag says of the run that it was made for.
pub(super) async fn tag_of(account: &Account, name: &str) -> Result<Option<String>, PlatformError> {
    let tags = account
        .iam
        .list_role_tags()
        .role_name(name)
        .send()
        .await
        .map_err(|why| explain("list role tags", name, &why))?;
    let ours = tags.tags().iter().find(|tag| tag.key() == names::TAG);
    Ok(ours.map(|tag| tag.value().to_owned()))
}

/// Deletes it; that it is not there is no error.
pub(super) async fn remove(
    account: &Account,
    context: &Context,
    name: &str,
) -> Result<(), PlatformError> {
    let patience = Patience {
        context,
        phase: Phase::Removing,
        bound: BOUND / 2,
    };
    let gone = patience.with(|| async {
        let deleted = account.iam.delete_role().role_name(name).send().await;
        deleted
            .map(drop)
            .map_err(|why| explain("delete role", name, &why))
    });
    match gone.await {
        Err(PlatformError {
            kind: ErrorKind::NotFound,
            ..
        }) => Ok(()),
        gone => gone,
    }
}
