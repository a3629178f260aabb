//! How a package gets to Lambda: within the call, or through a bucket of S3 when no call takes it.

use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::FunctionCode;
use hyper::body::Bytes;

use super::account::Account;
use super::bucket::Bucket;
use super::limits;
use super::object::Object;
use crate::platform::PlatformError;
use crate::platform::context::Context;

/// Where Lambda takes the code from.
pub(super) enum Code {
    /// The call itself carries it.
    InCall(Bytes),
    /// It lies in a bucket until it is taken.
    InBucket(Object),
}

impl Code {
    /// Brings the package to where Lambda can take it; `given` is a bucket of the user's.
    pub async fn offer(
        account: &Account,
        context: &Context,
        given: Option<&str>,
        package: &Bytes,
    ) -> Result<Self, PlatformError> {
        if package.len() as u64 <= limits::CALL_MOST {
            return Ok(Self::InCall(package.clone()));
        }
        let bucket = Bucket::ensure(account, context, given).await?;
        Ok(Self::InBucket(bucket.put(package).await?))
    }

    /// For the call that creates a function.
    pub fn of_new_function(&self) -> FunctionCode {
        let code = FunctionCode::builder();
        match self {
            Self::InCall(package) => code.zip_file(Blob::new(package.to_vec())),
            Self::InBucket(object) => code
                .s3_bucket(&object.bucket)
                .s3_key(&object.key)
                .set_s3_object_version(object.version.clone()),
        }
        .build()
    }

    /// Removes what lay in a bucket. What cannot be removed now is in the ledger and goes at the end.
    pub async fn taken(self, account: &Account, context: &Context) {
        if let Self::InBucket(object) = self
            && let Err(left) = object.remove(account, context).await
        {
            context.note(format!("{left}; it is removed at the end"));
        }
    }
}
