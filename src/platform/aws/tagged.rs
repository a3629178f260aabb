//! What an account holds with this program's tag, of any run.

use std::collections::HashMap;

use super::account::Account;
use super::errors::explain;
use super::{function, names, role};
use crate::platform::{ErrorKind, PlatformError, Resource};

/// A thing and the run it was made for.
type Tagged = (String, Resource);

/// Every function of the region with our tag, with its run.
pub(super) async fn functions(account: &Account) -> Result<Vec<Tagged>, PlatformError> {
    let region = account.region()?;
    let mut pages = account.lambda.list_functions().into_paginator().send();
    let mut found = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|why| explain("list", "functions", &why))?;
        for listed in page.functions() {
            let (Some(name), Some(arn)) = (listed.function_name(), listed.function_arn()) else {
                continue;
            };
            if !listed.description().is_some_and(names::describes_ours) {
                continue;
            }
            let resource = Resource {
                kind: function::KIND.into(),
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

/// Every role with our tag, with its run.
pub(super) async fn roles(account: &Account) -> Result<Vec<Tagged>, PlatformError> {
    let mut pages = account
        .iam
        .list_roles()
        .path_prefix(names::ROLE_PATH)
        .into_paginator()
        .send();
    let mut found = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|why| explain("list roles", names::ROLE_PATH, &why))?;
        for role in page.roles() {
            // One that vanishes meanwhile is gone, as it should be.
            match role::tag_of(account, role.role_name()).await {
                Ok(Some(run)) => found.push((
                    run,
                    Resource {
                        kind: role::KIND.into(),
                        name: role.role_name().into(),
                    },
                )),
                Ok(None)
                | Err(PlatformError {
                    kind: ErrorKind::NotFound,
                    ..
                }) => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok(found)
}
