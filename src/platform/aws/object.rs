//! A package in a bucket of S3, and its removal.

use std::time::Duration;

use super::account::{self, Account};
use super::bucket::OBJECT;
use super::entry::unwritten;
use super::errors::explain;
use super::retry::Patience;
use crate::core::live::Phase;
use crate::platform::context::Context;
use crate::platform::{ErrorKind, PlatformError, Resource};

const BOUND: Duration = Duration::from_secs(60);

/// A package in a bucket.
pub(super) struct Object {
    pub region: String,
    pub bucket: String,
    pub key: String,
    /// Where the bucket keeps versions.
    pub version: Option<String>,
}

impl Object {
    /// Removes it, and from the ledger.
    pub async fn remove(self, account: &Account, context: &Context) -> Result<(), PlatformError> {
        remove_object(account, context, (&self.region, &self.bucket), &self.key).await?;
        let resource = Resource {
            kind: OBJECT.into(),
            name: format!("{}/{}/{}", self.region, self.bucket, self.key),
        };
        let written = context.ledger().removed(&resource);
        written.map_err(|why| unwritten(&resource, &why))
    }
}

/// Removes an object of a region's bucket, and all its versions where the bucket keeps such; that it is not there is no
/// error.
pub(super) async fn remove_object(
    account: &Account,
    context: &Context,
    place: (&str, &str),
    key: &str,
) -> Result<(), PlatformError> {
    let patience = patience(context, Phase::Removing);
    let delete = |version| patience.with(move || delete(account, place, key, version));
    match delete(None).await {
        // The bucket keeps versions: only a mark was put on them.
        Ok(true) => {}
        deleted => return unless_gone(deleted.map(drop)),
    }
    let versions = patience.with(|| versions(account, place, key)).await?;
    for version in &versions {
        unless_gone(delete(Some(version)).await.map(drop))?;
    }
    Ok(())
}

/// Whether a mark was put on it in place of deleting it.
async fn delete(
    account: &Account,
    (region, bucket): (&str, &str),
    key: &str,
    version: Option<&String>,
) -> Result<bool, PlatformError> {
    let sent = account
        .s3
        .delete_object()
        .bucket(bucket)
        .key(key)
        .set_version_id(version.cloned())
        .customize()
        .config_override(account::bucket_in(region))
        .send()
        .await;
    sent.map(|deleted| deleted.delete_marker() == Some(true))
        .map_err(|why| explain("delete", &format!("{bucket}/{key}"), &why))
}

/// The versions of an object, marks that it is deleted included. One page holds them: a package is sent a few times at
/// most, and no other has its key.
async fn versions(
    account: &Account,
    (region, bucket): (&str, &str),
    key: &str,
) -> Result<Vec<String>, PlatformError> {
    let sent = account
        .s3
        .list_object_versions()
        .bucket(bucket)
        .prefix(key)
        .customize()
        .config_override(account::bucket_in(region))
        .send()
        .await;
    let listed = sent.map_err(|why| explain("list versions", &format!("{bucket}/{key}"), &why))?;
    let held = listed
        .versions()
        .iter()
        .map(|of| (of.key(), of.version_id()));
    let marks = listed.delete_markers().iter();
    let marks = marks.map(|of| (of.key(), of.version_id()));
    let of_key = held.chain(marks).filter(|(of, _)| *of == Some(key));
    let of_key = of_key.filter_map(|(_, version)| version.map(ToOwned::to_owned));
    Ok(of_key.collect())
}

pub(super) fn patience(context: &Context, phase: Phase) -> Patience<'_> {
    Patience {
        context,
        phase,
        bound: BOUND,
    }
}

pub(super) fn unless_gone(removed: Result<(), PlatformError>) -> Result<(), PlatformError> {
    match removed {
        Err(PlatformError {
            kind: ErrorKind::NotFound,
            ..
        }) => Ok(()),
        removed => removed,
    }
}
