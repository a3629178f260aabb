//! What an account holds with this program's tag, of any run.

use std::collections::HashMap;

use super::account::Account;
use super::errors::explain;
use super::{bucket, function, names, role};
use crate::platform::{ErrorKind, PlatformError, Resource, Tagged};

/// A tag and the thing that carries it.
type Found = (String, Resource);

/// What a person can do about what these credentials may not look at.
const ADVICE: &str = "allow it to these credentials, or clean with others";

/// Functions, roles and buckets with our tag. What these credentials may not list is told, and keeps nothing else from
/// being found: it may have been made with others.
pub(super) async fn everything(account: &Account) -> Result<Tagged, PlatformError> {
    let mut found = Tagged::default();
    take(&mut found, function::KIND, functions(account).await)?;
    take(&mut found, role::KIND, roles(account).await)?;
    let buckets = buckets(account, &mut found.unseen).await;
    take(&mut found, bucket::KIND, buckets)?;
    Ok(found)
}

fn take(
    found: &mut Tagged,
    kind: &str,
    listed: Result<Vec<Found>, PlatformError>,
) -> Result<(), PlatformError> {
    match listed {
        Err(refused) if refused.kind == ErrorKind::Permission => found.unseen.push(format!(
            "{refused}; a {kind} that a run made may be left: {ADVICE}"
        )),
        listed => found.things.extend(listed?),
    }
    Ok(())
}

/// Every function of the region with our tag.
async fn functions(account: &Account) -> Result<Vec<Found>, PlatformError> {
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
            found.extend(tag_by_arn(account, arn).await?.map(|tag| (tag, resource)));
        }
    }
    Ok(found)
}

async fn tag_by_arn(account: &Account, arn: &str) -> Result<Option<String>, PlatformError> {
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

/// Every role with our tag.
async fn roles(account: &Account) -> Result<Vec<Found>, PlatformError> {
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
                Ok(Some(tag)) => found.push((
                    tag,
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

/// Every bucket of the region with our name and tag. One that these credentials may not look at is told as unseen.
async fn buckets(account: &Account, unseen: &mut Vec<String>) -> Result<Vec<Found>, PlatformError> {
    let region = account.region()?;
    let mut pages = account
        .s3
        .list_buckets()
        .prefix(names::OF_BUCKETS)
        .bucket_region(region)
        .max_buckets(1000)
        .into_paginator()
        .send();
    let mut found = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|why| explain("list", "buckets", &why))?;
        let named = page.buckets().iter().filter_map(|listed| listed.name());
        for name in named.filter(|name| name.starts_with(names::OF_BUCKETS)) {
            let resource = Resource {
                kind: bucket::KIND.into(),
                name: format!("{region}/{name}"),
            };
            match bucket::tag_of(account, name).await {
                Err(refused) if refused.kind == ErrorKind::Permission => {
                    unseen.push(format!(
                        "bucket {name}: {refused}; it is left alone, and may be that of a run: {ADVICE}"
                    ));
                }
                tag => found.extend(tag?.map(|tag| (tag, resource))),
            }
        }
    }
    Ok(found)
}
