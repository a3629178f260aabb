//! What the trigger answered: the function's word, or what went wrong in one line.

use std::time::Duration;

use super::errors::{error, seconds};
use crate::core::contract::Reply;
use crate::platform::{ErrorKind, HttpReply, PlatformError, Retry};

/// Bytes of an answer that an error shows.
const SHOWN: usize = 200;
/// Before the next call when AWS asks for fewer and names no time.
const THROTTLED: Duration = Duration::from_secs(1);

/// Reads the function's answer, from its URL or the Invoke API.
///
/// # Errors
/// When AWS or the function reported one, or when the answer is not that of our function.
pub(super) fn decode(reply: &HttpReply) -> Result<Reply, PlatformError> {
    let header = |name| {
        let found = reply.headers.iter().find(|(header, _)| header == name);
        found.map(|(_, value)| value.as_str())
    };
    let failed = |kind, retry, what: &str| PlatformError {
        status: Some(reply.status),
        retry,
        ..error(
            kind,
            "invoke",
            "function",
            format!("{what}: {}", beginning(&reply.body)),
        )
    };
    let no = |kind, what: &str| Err(failed(kind, Retry::No, what));
    match reply.status {
        200 => {}
        403 => {
            return no(
                ErrorKind::Permission,
                "HTTP 403, the call is not allowed (a new URL takes some seconds to be known)",
            );
        }
        404 => return no(ErrorKind::NotFound, "HTTP 404, there is no such function"),
        413 => {
            return no(
                ErrorKind::Config,
                "HTTP 413, the payload is above what AWS takes: lower --payload-end",
            );
        }
        429 => {
            let wait = header("retry-after").and_then(seconds).unwrap_or(THROTTLED);
            let what = "HTTP 429, too many calls, or no concurrency left in the account";
            return Err(failed(ErrorKind::Throttled, Retry::After(wait), what));
        }
        502 => return no(ErrorKind::Function, "HTTP 502, the function failed"),
        504 => return no(ErrorKind::Timeout, "HTTP 504, the function took too long"),
        status => return no(ErrorKind::Transport, &format!("HTTP {status}")),
    }
    if let Some(how) = header("x-amz-function-error") {
        return no(ErrorKind::Function, &format!("the function failed ({how})"));
    }
    serde_json::from_slice(&reply.body).or_else(|why| {
        no(
            ErrorKind::Protocol,
            &format!("not an answer of our function ({why})"),
        )
    })
}

fn beginning(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(&body[..body.len().min(SHOWN)]);
    let text: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    if body.len() > SHOWN {
        format!("{text}…")
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(status: u16, headers: &[(&str, &str)], body: &str) -> PlatformError {
        let headers = headers
            .iter()
            .map(|(name, value)| ((*name).into(), (*value).into()))
            .collect();
        decode(&HttpReply {
            status,
            headers,
            body: body.to_owned().into(),
        })
        .unwrap_err()
    }

    #[test]
    fn a_failed_function_is_a_failure_though_the_status_is_200() {
        let error = refused(
            200,
            &[("x-amz-function-error", "Unhandled")],
            r#"{"errorMessage":"Task timed out"}"#,
        );
        assert_eq!((error.kind, error.status), (ErrorKind::Function, Some(200)));
        assert!(
            error.what.contains("Unhandled") && error.what.contains("Task timed out"),
            "{}",
            error.what
        );
    }

    #[test]
    fn every_refusal_has_its_kind_and_shows_the_answer() {
        let cases = [
            (403, ErrorKind::Permission),
            (404, ErrorKind::NotFound),
            (413, ErrorKind::Config),
            (429, ErrorKind::Throttled),
            (500, ErrorKind::Transport),
            (502, ErrorKind::Function),
            (503, ErrorKind::Transport),
            (504, ErrorKind::Timeout),
        ];
        for (status, kind) in cases {
            let error = refused(status, &[], "Internal words");
            assert_eq!((error.kind, error.status), (kind, Some(status)));
            assert!(
                error.what.contains("Internal words") && error.what.contains(&status.to_string()),
                "{}",
                error.what
            );
        }
    }

    #[test]
    fn a_throttled_call_says_when_to_come_back() {
        assert_eq!(
            refused(429, &[("retry-after", "4")], "").retry,
            Retry::After(Duration::from_secs(4))
        );
        assert_eq!(refused(429, &[], "").retry, Retry::After(THROTTLED));
    }

    #[test]
    fn an_answer_of_another_function_is_cut() {
        let error = refused(200, &[], &"x".repeat(1000));
        assert_eq!(error.kind, ErrorKind::Protocol);
        assert!(
            error.what.ends_with(&format!("{}…", "x".repeat(SHOWN))),
            "{}",
            error.what
        );
    }
}
