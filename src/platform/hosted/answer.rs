//! What the trigger answered: the function's word, or what went wrong in one line.

use serde::Deserialize;

use super::error;
use crate::core::contract::Reply;
use crate::platform::{ErrorKind, HttpReply, PlatformError};

/// Characters of an answer, and of the function's last output, that an error shows.
const SHOWN: usize = 400;

/// Reads the function's answer on this platform.
///
/// # Errors
/// When the platform or the function reported one, or when the answer is not that of our function.
pub fn decode(platform: &'static str, reply: &HttpReply) -> Result<Reply, PlatformError> {
    let failed = |kind, what| PlatformError {
        status: Some(reply.status),
        ..error(platform, kind, "invoke", "function", what)
    };
    if reply.status != 200 {
        let kind = if reply.status == 504 {
            ErrorKind::Timeout
        } else {
            ErrorKind::Function
        };
        return Err(failed(
            kind,
            format!("HTTP {}: {}", reply.status, told(&reply.body)),
        ));
    }
    serde_json::from_slice(&reply.body).map_err(|why| {
        failed(
            ErrorKind::Protocol,
            format!(
                "not an answer of our function ({why}): {}",
                told(&reply.body)
            ),
        )
    })
}

/// What an answer says: the error in it with the function's last words, or else its beginning.
fn told(body: &[u8]) -> String {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Told {
        error_type: String,
        error_message: String,
        #[serde(default)]
        output: Vec<String>,
    }
    match serde_json::from_slice(body) {
        Ok(Told {
            error_type,
            error_message,
            output,
        }) if output.is_empty() => beginning(&format!("{error_type}: {error_message}")),
        Ok(Told {
            error_type,
            error_message,
            output,
        }) => {
            format!(
                "{}; its last output: {}",
                beginning(&format!("{error_type}: {error_message}")),
                ending(&output.join(" | "))
            )
        }
        Err(_) => beginning(&String::from_utf8_lossy(&body[..body.len().min(4 * SHOWN)])),
    }
}

/// The beginning of a long text.
fn beginning(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.into(),
    }
}

/// The end of a long text.
fn ending(text: &str) -> String {
    match text.char_indices().rev().nth(SHOWN - 1) {
        Some((begin, _)) if begin > 0 => format!("…{}", &text[begin..]),
        _ => text.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(status: u16, body: &str) -> PlatformError {
        let reply = HttpReply {
            status,
            headers: Vec::new(),
            body: body.to_owned().into(),
        };
        decode("tested", &reply).unwrap_err()
    }

    #[test]
    fn an_error_is_told_with_its_status_and_the_functions_last_words() {
        let error = refused(
            502,
            r#"{"errorType":"T","errorMessage":"m","output":["first","last"]}"#,
        );
        assert_eq!((error.kind, error.status), (ErrorKind::Function, Some(502)));
        assert_eq!(error.what, "HTTP 502: T: m; its last output: first | last");
    }

    #[test]
    fn an_answer_of_another_function_is_shown_from_its_beginning_and_cut() {
        let error = refused(200, &"é".repeat(1000));
        assert_eq!(error.kind, ErrorKind::Protocol);
        assert!(
            error.what.ends_with(&format!("{}…", "é".repeat(SHOWN))),
            "{}",
            error.what
        );
    }

    #[test]
    fn of_a_long_output_the_end_is_shown() {
        assert_eq!(ending("short"), "short");
        assert_eq!(
            ending(&format!("{}{}", "a".repeat(50), "b".repeat(SHOWN))),
            format!("…{}", "b".repeat(SHOWN))
        );
    }
}
