//! What AWS refuses, as this program's errors: its kind, its words, and whether another try may help.

use std::error::Error;
use std::time::Duration;

use aws_sdk_lambda::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};

use super::NAME;
use crate::platform::{ErrorKind, PlatformError, Retry};

/// Before the next try when AWS names no time.
const SOON: Duration = Duration::from_secs(1);
/// Longest wait that is taken from an answer, which anything on the way may have written.
const ADVICE_MOST: Duration = Duration::from_secs(60);

/// An error of this platform.
pub(super) fn error(
    kind: ErrorKind,
    operation: &'static str,
    resource: &str,
    what: String,
) -> PlatformError {
    PlatformError::new(NAME, kind, operation, resource, what)
}

/// Maps what the SDK returned.
pub(super) fn explain<E>(
    operation: &'static str,
    resource: &str,
    failure: &SdkError<E>,
) -> PlatformError
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let told = |kind, retry, what| PlatformError {
        retry,
        ..error(kind, operation, resource, what)
    };
    let chain = || DisplayErrorContext(failure).to_string();
    match failure {
        SdkError::ServiceError(service) => {
            let (raw, refusal) = (service.raw(), service.err());
            let header = |name| raw.headers().get(name);
            let answer = Refusal {
                status: raw.status().as_u16(),
                code: refusal.code().unwrap_or_default(),
                message: refusal.message().unwrap_or_default(),
                retry_after: header("retry-after").and_then(seconds),
            };
            let (kind, retry) = answer.judged();
            let request = header("x-amzn-requestid")
                .or(header("x-amz-request-id"))
                .unwrap_or("without an id");
            let what = format!(
                "HTTP {} {}: {} (request {request}){}",
                answer.status,
                answer.code,
                answer.message,
                advice(&kind)
            );
            PlatformError {
                status: Some(answer.status),
                ..told(kind, retry, what)
            }
        }
        SdkError::TimeoutError(_) => told(ErrorKind::Timeout, Retry::After(SOON), chain()),
        SdkError::DispatchFailure(cause) if cause.is_timeout() => {
            told(ErrorKind::Timeout, Retry::After(SOON), chain())
        }
        SdkError::DispatchFailure(cause) if cause.is_io() || cause.as_other().is_some() => {
            told(ErrorKind::Transport, Retry::After(SOON), chain())
        }
        SdkError::ResponseError(_) => told(ErrorKind::Protocol, Retry::After(SOON), chain()),
        _ => told(ErrorKind::Config, Retry::No, chain()),
    }
}

/// Seconds of a `Retry-After` header, bounded.
pub(super) fn seconds(text: &str) -> Option<Duration> {
    let seconds = text.trim().parse().ok().map(Duration::from_secs)?;
    Some(seconds.min(ADVICE_MOST))
}

/// An answer of AWS that is no success.
struct Refusal<'a> {
    status: u16,
    code: &'a str,
    message: &'a str,
    retry_after: Option<Duration>,
}

impl Refusal<'_> {
    fn judged(&self) -> (ErrorKind, Retry) {
        let later = Retry::After(self.retry_after.unwrap_or(SOON));
        match self.code {
            "InvalidParameterValueException" if self.message.contains("cannot be assumed") => {
                (ErrorKind::Conflict, later)
            }
            // The same code for "it exists", which stays so, and for "a change is under way", which passes.
            "ResourceConflictException" if self.message.contains("exist") => {
                (ErrorKind::Conflict, Retry::No)
            }
            "EntityAlreadyExists" | "BucketAlreadyExists" => (ErrorKind::Conflict, Retry::No),
            "ResourceConflictException" | "ConcurrentModification" => (ErrorKind::Conflict, later),
            "UnrecognizedClientException"
            | "InvalidClientTokenId"
            | "ExpiredToken"
            | "ExpiredTokenException"
            | "InvalidSignatureException"
            | "SignatureDoesNotMatch"
            | "MissingAuthenticationTokenException" => (ErrorKind::Credentials, Retry::No),
            code if code.starts_with("Throttl") => (ErrorKind::Throttled, later),
            _ => match self.status {
                429 => (ErrorKind::Throttled, later),
                500.. => (ErrorKind::Transport, later),
                409 => (ErrorKind::Conflict, later),
                404 => (ErrorKind::NotFound, Retry::No),
                401 => (ErrorKind::Credentials, Retry::No),
                403 => (ErrorKind::Permission, Retry::No),
                _ => (ErrorKind::Config, Retry::No),
            },
        }
    }
}

fn advice(kind: &ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Credentials => "; check them with `aws sts get-caller-identity`",
        ErrorKind::Permission => "; the credentials need the permission that is named here",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(
        status: u16,
        code: &str,
        message: &str,
        retry_after: Option<u64>,
    ) -> (ErrorKind, Retry) {
        let retry_after = retry_after.map(Duration::from_secs);
        Refusal {
            status,
            code,
            message,
            retry_after,
        }
        .judged()
    }

    #[test]
    fn what_passes_is_tried_again_and_what_stays_is_not() {
        let soon = Retry::After(SOON);
        let role = "The role defined for the function cannot be assumed by Lambda.";
        let busy =
            "The operation cannot be performed at this time. An update is in progress for resource";
        let cases = [
            (
                judged(400, "InvalidParameterValueException", role, None),
                (ErrorKind::Conflict, soon),
            ),
            (
                judged(
                    400,
                    "InvalidParameterValueException",
                    "Unzipped size must be smaller",
                    None,
                ),
                (ErrorKind::Config, Retry::No),
            ),
            (
                judged(409, "ResourceConflictException", busy, None),
                (ErrorKind::Conflict, soon),
            ),
            (
                judged(
                    409,
                    "ResourceConflictException",
                    "Function already exist: f",
                    None,
                ),
                (ErrorKind::Conflict, Retry::No),
            ),
            (
                judged(
                    409,
                    "EntityAlreadyExists",
                    "Role with name r already exists.",
                    None,
                ),
                (ErrorKind::Conflict, Retry::No),
            ),
            (
                judged(429, "TooManyRequestsException", "Rate exceeded", Some(7)),
                (ErrorKind::Throttled, Retry::After(Duration::from_secs(7))),
            ),
            (
                judged(400, "Throttling", "Rate exceeded", None),
                (ErrorKind::Throttled, soon),
            ),
            (
                judged(503, "ServiceException", "", None),
                (ErrorKind::Transport, soon),
            ),
            (
                judged(404, "ResourceNotFoundException", "", None),
                (ErrorKind::NotFound, Retry::No),
            ),
            (
                judged(404, "NoSuchEntity", "", None),
                (ErrorKind::NotFound, Retry::No),
            ),
            (
                judged(403, "AccessDeniedException", "", None),
                (ErrorKind::Permission, Retry::No),
            ),
            (
                judged(403, "UnrecognizedClientException", "", None),
                (ErrorKind::Credentials, Retry::No),
            ),
            (
                judged(413, "RequestEntityTooLargeException", "", None),
                (ErrorKind::Config, Retry::No),
            ),
        ];
        for (got, expected) in cases {
            assert_eq!(got, expected);
        }
    }

    #[test]
    fn no_advice_is_longer_than_the_bound() {
        assert_eq!(seconds("60"), Some(ADVICE_MOST));
        for long in ["61", "18446744073709551615"] {
            assert_eq!(seconds(long), Some(ADVICE_MOST));
        }
    }

    #[test]
    fn a_date_instead_of_seconds_is_no_advice() {
        assert_eq!(seconds(" 3 "), Some(Duration::from_secs(3)));
        assert_eq!(seconds("Wed, 21 Oct 2026 07:28:00 GMT"), None);
    }
}
