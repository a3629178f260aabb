//! The bucket of S3 through which packages go that no call takes: given, or made for the run and removed with it.

use aws_sdk_s3::operation::create_bucket::CreateBucketError;
use aws_sdk_s3::primitives::{ByteStream, SdkBody};
use aws_sdk_s3::types::{BucketLocationConstraint, CreateBucketConfiguration, Tag, Tagging};
use hyper::body::Bytes;

use super::account::{self, Account};
use super::entry::Entry;
use super::errors::{error, explain};
use super::names;
use super::object::{Object, patience, remove_object, unless_gone};
use crate::core::live::Phase;
use crate::platform::context::Context;
use crate::platform::{ErrorKind, PlatformError, Resource};

/// What a bucket is called in the ledger; its name there is `region/bucket`.
pub(super) const KIND: &str = "bucket";
/// What is put into one is called so; its name there is `region/bucket/key`.
pub(super) const OBJECT: &str = "object";
/// The region whose buckets are made without saying where.
const HOME: &str = "us-east-1";
/// Pages of a thousand objects that are removed with a bucket: a run holds one object at a time.
const PAGES_MOST: u32 = 10;

/// A bucket in the account's region.
pub(super) struct Bucket<'a> {
    account: &'a Account,
    context: &'a Context,
    name: String,
}

impl<'a> Bucket<'a> {
    /// The given one, or that of this run, which is made when it is not there.
    pub async fn ensure(
        account: &'a Account,
        context: &'a Context,
        given: Option<&str>,
    ) -> Result<Self, PlatformError> {
        let of = |name| Self {
            account,
            context,
            name,
        };
        if let Some(given) = given {
            return Ok(of(given.to_owned()));
        }
        let region = account.region()?;
        let written_down = context.ledger().open().into_iter().find_map(|resource| {
            let (place, name) = resource.name.split_once('/')?;
            (resource.kind == KIND && place == region).then(|| name.to_owned())
        });
        let bucket = of(written_down.unwrap_or_else(|| names::bucket(context.run())));
        if !bucket.is_there().await? {
            bucket.make(region).await?;
        }
        Ok(bucket)
    }

    async fn is_there(&self) -> Result<bool, PlatformError> {
        let found = self.patient(Phase::Activating, || async {
            let asked = self
                .account
                .s3
                .head_bucket()
                .bucket(&self.name)
                .send()
                .await;
            asked
                .map(drop)
                .map_err(|why| explain("look for bucket", &self.name, &why))
        });
        match found.await {
            Ok(()) => Ok(true),
            Err(PlatformError {
                kind: ErrorKind::NotFound,
                ..
            }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    async fn make(&self, region: &str) -> Result<(), PlatformError> {
        creating(self.context, KIND, format!("{region}/{}", self.name))?;
        self.context.note(format!(
            "packages above 50 MB go through the bucket {}, made for this run",
            self.name
        ));
        self.patient(Phase::Activating, || self.create(region))
            .await?;
        self.patient(Phase::Activating, || self.tag()).await
    }

    async fn create(&self, region: &str) -> Result<(), PlatformError> {
        let place = (region != HOME).then(|| {
            let place = BucketLocationConstraint::from(region);
            CreateBucketConfiguration::builder()
                .location_constraint(place)
                .build()
        });
        let request = self
            .account
            .s3
            .create_bucket()
            .bucket(&self.name)
            .set_create_bucket_configuration(place);
        match self.account.change(request.send()).await {
            Ok(_) => Ok(()),
            // An answer was lost, and the next try found it there.
            Err(why)
                if why
                    .as_service_error()
                    .is_some_and(CreateBucketError::is_bucket_already_owned_by_you) =>
            {
                Ok(())
            }
            Err(why) => Err(explain("create bucket", &self.name, &why)),
        }
    }

    async fn tag(&self) -> Result<(), PlatformError> {
        let fault = |why: &dyn std::fmt::Display| {
            error(
                ErrorKind::Internal,
                "tag bucket",
                &self.name,
                why.to_string(),
            )
        };
        let tag = Tag::builder()
            .key(names::TAG)
            .value(self.context.tag())
            .build()
            .map_err(|why| fault(&why))?;
        let tags = Tagging::builder()
            .tag_set(tag)
            .build()
            .map_err(|why| fault(&why))?;
        let request = self
            .account
            .s3
            .put_bucket_tagging()
            .bucket(&self.name)
            .tagging(tags);
        let sent = self.account.change(request.send()).await;
        sent.map(drop)
            .map_err(|why| explain("tag bucket", &self.name, &why))
    }

    /// Puts a package into it under a name of its own. Its bytes are shared, not copied.
    pub async fn put(&self, package: &Bytes) -> Result<Object, PlatformError> {
        let mut object = Object {
            region: self.account.region()?.to_owned(),
            bucket: self.name.clone(),
            key: names::key(self.context.run()),
            version: None,
        };
        let name = format!("{}/{}/{}", object.region, object.bucket, object.key);
        creating(self.context, OBJECT, name)?;
        object.version = self
            .patient(Phase::Uploading, || async {
                let request = self
                    .account
                    .s3
                    .put_object()
                    .bucket(&object.bucket)
                    .key(&object.key)
                    .content_length(package.len() as i64)
                    .body(ByteStream::new(SdkBody::from(package.clone())))
                    .customize()
                    .config_override(account::uploading_to_bucket());
                let sent = self.account.change(request.send()).await;
                sent.map(|put| put.version_id().map(ToOwned::to_owned))
                    .map_err(|why| explain("put package into", &self.name, &why))
            })
            .await?;
        Ok(object)
    }

    async fn patient<T, F>(&self, phase: Phase, call: impl FnMut() -> F) -> Result<T, PlatformError>
    where
        F: Future<Output = Result<T, PlatformError>>,
    {
        patience(self.context, phase).with(call).await
    }
}

/// Removes a bucket that was made for a run with all that is in it; that it is not there is no error.
pub(super) async fn remove(
    account: &Account,
    context: &Context,
    region: &str,
    bucket: &str,
) -> Result<(), PlatformError> {
    let patience = patience(context, Phase::Removing);
    for _ in 0..PAGES_MOST {
        let page = patience.with(|| async {
            let sent = account
                .s3
                .list_objects_v2()
                .bucket(bucket)
                .customize()
                .config_override(account::bucket_in(region))
                .send()
                .await;
            sent.map_err(|why| explain("list bucket", bucket, &why))
        });
        let page = match page.await {
            Err(PlatformError {
                kind: ErrorKind::NotFound,
                ..
            }) => return Ok(()),
            page => page?,
        };
        for key in page.contents().iter().filter_map(|object| object.key()) {
            remove_object(account, context, (region, bucket), key).await?;
        }
        if page.is_truncated() != Some(true) {
            break;
        }
    }
    let gone = patience.with(|| async {
        let sent = account
            .s3
            .delete_bucket()
            .bucket(bucket)
            .customize()
            .config_override(account::bucket_in(region))
            .send()
            .await;
        sent.map(drop)
            .map_err(|why| explain("delete bucket", bucket, &why))
    });
    unless_gone(gone.await)
}

/// The tag that a bucket has from the run that made it.
pub(super) async fn tag_of(
    account: &Account,
    bucket: &str,
) -> Result<Option<String>, PlatformError> {
    let sent = account.s3.get_bucket_tagging().bucket(bucket).send().await;
    match sent.map_err(|why| explain("list bucket tags", bucket, &why)) {
        Ok(tags) => {
            let ours = tags.tag_set().iter().find(|tag| tag.key() == names::TAG);
            Ok(ours.map(|tag| tag.value().to_owned()))
        }
        // It has no tags, or has gone meanwhile.
        Err(PlatformError {
            kind: ErrorKind::NotFound,
            ..
        }) => Ok(None),
        Err(error) => Err(error),
    }
}

fn creating(context: &Context, kind: &str, name: String) -> Result<(), PlatformError> {
    let kind = kind.into();
    Entry::write(context, Resource { kind, name }).map(drop)
}
