//! Why an invocation has no result, as AWS Lambda would say it.

use std::time::Duration;

use hyper::StatusCode;
use hyper::body::Bytes;
use serde_json::json;

use super::environment::End;

/// Why an invocation has no result.
#[derive(Debug)]
pub enum Fault {
    /// The handler reported an error, in its own words. The environment serves on.
    Handler(Bytes),
    /// The function could not initialise, in its own words.
    Init(Bytes),
    /// The handler took longer than the function's time-out.
    TimedOut(Duration),
    /// The function did not ask for an event in time.
    NeverReady(Duration),
    /// The environment ended; with its last lines of output.
    Ended(End, Vec<String>),
    /// It could not be made.
    Host(String),
    /// Every environment is busy, and there may be no more.
    Throttled(usize),
    /// There is no function, or it was removed.
    NoFunction,
    /// The request itself is at fault.
    Request(StatusCode, String),
}

impl Fault {
    /// Whether the environment can serve the next invocation.
    pub fn spares_the_environment(&self) -> bool {
        matches!(self, Self::Handler(_))
    }

    /// The trigger's status.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Handler(_) | Self::Init(_) | Self::NeverReady(_) | Self::Ended(..) => {
                StatusCode::BAD_GATEWAY
            }
            Self::TimedOut(_) => StatusCode::GATEWAY_TIMEOUT,
            Self::Host(_) => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Throttled(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::NoFunction => StatusCode::NOT_FOUND,
            Self::Request(status, _) => *status,
        }
    }

    /// The trigger's body: the function's own, or `{errorType, errorMessage, output}`.
    pub fn body(&self, request_id: &str) -> Bytes {
        let (error_type, message, output) = match self {
            Self::Handler(body) | Self::Init(body) => return body.clone(),
            Self::TimedOut(after) => (
                "Sandbox.Timedout",
                format!("Task timed out after {:.2} seconds", after.as_secs_f64()),
                &[][..],
            ),
            Self::NeverReady(after) => (
                "Runtime.InitTimeout",
                format!(
                    "The function asked for no event within {} seconds",
                    after.as_secs()
                ),
                &[][..],
            ),
            Self::Ended(end, output) => (exit_type(end), end.to_string(), output.as_slice()),
            Self::Host(why) => ("ServiceException", why.clone(), &[][..]),
            Self::Throttled(most) => (
                "TooManyRequestsException",
                format!("All of {most} environments are busy"),
                &[][..],
            ),
            Self::NoFunction => (
                "ResourceNotFoundException",
                "No function is deployed".into(),
                &[][..],
            ),
            Self::Request(_, why) => ("InvalidRequestException", why.clone(), &[][..]),
        };
        let message = format!("RequestId: {request_id} Error: {message}");
        json!({ "errorType": error_type, "errorMessage": message, "output": output })
            .to_string()
            .into()
    }
}

fn exit_type(end: &End) -> &'static str {
    match end {
        End::NeverRan(_) => "Runtime.InvalidEntrypoint",
        End::Exited(_) => "Runtime.ExitError",
    }
}
