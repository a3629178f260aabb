//! What AWS takes, known before anything is sent.

use super::errors::error;
use super::{Form, NAME, Trigger};
use crate::core::plan::{Limit, Limits};
use crate::platform::{ErrorKind, Package, PlatformError};

/// Largest zip that fits a call, bytes; larger ones go through S3.
pub(super) const CALL_MOST: u64 = 50 * 1024 * 1024;
/// Largest function, unpacked, bytes.
const UNPACKED_MOST: u64 = 262_144_000;
/// What a function's own files, which are deflated, are longer than in the zip, at most.
const NATIVE_GROWS: u64 = 1024 * 1024;
const PYTHON_GROWS: u64 = 64 * 1024;
/// Largest event of a synchronous invocation, bytes.
const EVENT_MOST: u64 = 6 * 1024 * 1024;
/// What surrounds the payload in an event: our own request, and with a URL its escapes, headers and context.
const AROUND_PAYLOAD: u64 = 4096;
const AROUND_URL_PAYLOAD: u64 = 12 * 1024;
/// Calls that a function takes in a second for each concurrent execution its account may have, and the fewest of these
/// that an account has: a new one's (AWS Lambda's quotas).
const CALLS_PER_SECOND: u32 = 10;
const CONCURRENCY_LEAST: u32 = 10;
/// Calls in a minute that every account may make of a function.
pub(super) const INVOCATIONS_PER_MINUTE: u32 = 60 * CALLS_PER_SECOND * CONCURRENCY_LEAST;

/// Largest package, bytes.
fn package_most(form: Form) -> u64 {
    UNPACKED_MOST
        - match form {
            Form::Native => NATIVE_GROWS,
            Form::Python => PYTHON_GROWS,
        }
}

/// The limits of a function of this form that is called so.
pub(super) fn of(trigger: Trigger, form: Form) -> Limits {
    let around = match trigger {
        Trigger::Url => AROUND_URL_PAYLOAD,
        Trigger::Invoke => AROUND_PAYLOAD,
    };
    let limit = |bytes, name: &str| {
        Some(Limit {
            bytes,
            name: format!("{NAME}: {name}"),
        })
    };
    Limits {
        payload_most: limit(
            EVENT_MOST - around,
            "event of 6 MB, less what surrounds the payload",
        ),
        package_most: limit(
            package_most(form),
            "function of 250 MB unpacked, less what its own files grow by",
        ),
        package_least: None,
    }
}

/// Refuses a package before it is sent.
pub(super) fn check(name: &str, form: Form, package: &Package) -> Result<(), PlatformError> {
    let (limit, got) = (package_most(form), package.bytes.len() as u64);
    if got <= limit {
        return Ok(());
    }
    let what =
        format!("the package has {got} bytes, at most {limit} are taken: choose a smaller size");
    Err(error(
        ErrorKind::TooLarge { limit, got },
        "upload",
        name,
        what,
    ))
}

#[cfg(test)]
mod tests {
    use hyper::body::Bytes;

    use super::*;

    /// A request of the API is at most so long, package in base64 and all (AWS's own refusal names the figure).
    const REQUEST_MOST: u64 = 70_167_211;

    #[test]
    fn the_largest_package_of_a_call_fits_a_request_in_base64() {
        assert!(CALL_MOST.div_ceil(3) * 4 + 4096 < REQUEST_MOST);
    }

    #[test]
    fn a_payload_leaves_room_for_the_event_around_it() {
        let most = |trigger| of(trigger, Form::Native).payload_most.unwrap().bytes;
        assert!(most(Trigger::Url) < most(Trigger::Invoke));
        assert!(most(Trigger::Invoke) < EVENT_MOST);
    }

    #[test]
    fn a_package_above_the_limit_is_refused_before_it_is_sent() {
        for form in [Form::Native, Form::Python] {
            let limit = package_most(form);
            let zeros = Bytes::from(vec![0; limit as usize + 1]);
            let of = |bytes: u64| Package {
                bytes: zeros.slice(..bytes as usize),
                sha256: String::new(),
            };
            assert_eq!(check("f", form, &of(limit)), Ok(()));
            let kind = ErrorKind::TooLarge {
                limit,
                got: limit + 1,
            };
            assert_eq!(check("f", form, &of(limit + 1)).unwrap_err().kind, kind);
        }
    }
}
