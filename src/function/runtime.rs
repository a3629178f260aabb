//! Client of the AWS Lambda Runtime API: asks for an event, handles it, posts the answer, and asks again.
//!
//! The same program runs on AWS (`provided.al2023`) and on any platform that speaks this API.
//! See <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>.

use std::borrow::Cow;
use std::convert::Infallible;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use rand::TryRng;
use rand::rngs::SysRng;
use serde::{Deserialize, Serialize};
use ureq::http::Response;
use ureq::{Agent, Body};

use super::session;
use crate::core::contract::{Carrier, Invocation, Reply};
use crate::core::time::Nanos;

/// Names the runtime's address, `host:port`.
const ADDRESS: &str = "AWS_LAMBDA_RUNTIME_API";
const REQUEST_ID: &str = "lambda-runtime-aws-request-id";
const ERROR_TYPE: &str = "lambda-runtime-function-error-type";

/// Why the function ended: the runtime cannot be reached (any more), or makes no sense.
#[derive(Debug, thiserror::Error)]
pub enum Ended {
    /// Not started by a runtime.
    #[error(
        "{ADDRESS} is not set: this program is started by AWS Lambda or a platform with its Runtime API"
    )]
    NoRuntime,
    /// The runtime has gone or the connection failed.
    #[error("runtime API: {0}")]
    Api(#[from] ureq::Error),
    /// The runtime gave an event without an id.
    #[error("runtime API: an event without the header {REQUEST_ID}")]
    NoRequestId,
    /// There is no randomness to name this process by.
    #[error("initialisation: {0}")]
    Initialisation(String),
}

/// Serves invocations one at a time until the runtime goes away.
///
/// # Errors
/// Always ends in one: see [`Ended`].
pub fn serve() -> Result<Infallible, Ended> {
    let started = session::now(None);
    let api = RuntimeApi::from_environment()?;
    let instance_id = match random_name() {
        Ok(name) => name,
        Err(error) => {
            api.report("init/error", "Runtime.InitError", &error)?;
            return Err(Ended::Initialisation(error));
        }
    };
    let mut process = Process {
        started,
        instance_id,
        invocations: 0,
    };
    loop {
        let (request_id, event) = api.next()?;
        match process.handle(&request_id, &event) {
            Ok(reply) => api.post(&format!("invocation/{request_id}/response"), None, &reply)?,
            Err(error) => api.report(
                &format!("invocation/{request_id}/error"),
                "Function.BadEvent",
                &error,
            )?,
        }
    }
}

/// What the process knows of itself across invocations.
struct Process {
    started: Nanos,
    instance_id: String,
    invocations: u32,
}

impl Process {
    fn handle(&mut self, request_id: &str, event: &[u8]) -> Result<Reply, String> {
        self.invocations += 1;
        let event = Event::parse(event)?;
        // As in managed runtimes: the event has been parsed, the handler has done nothing yet.
        let entry = session::now(None);
        let invocation = event.invocation()?;
        let shift = invocation.clock.as_ref().and_then(|clock| clock.shift);
        let shifted = |time| shift.map_or(time, |shift| shift.apply(time));
        let clock = session::exchange(&invocation);
        Ok(Reply {
            is_cold: self.invocations == 1,
            request_id: request_id.to_owned(),
            instance_id: self.instance_id.clone(),
            invocation: self.invocations,
            process_start: shifted(self.started),
            handler_entry: shifted(entry),
            clock,
            handler_leave: (invocation.sync == Carrier::Http).then(|| session::now(shift.as_ref())),
        })
    }
}

/// The part of a function URL's event (payload format 2.0) that carries the caller's body.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct UrlEvent<'a> {
    #[serde(borrow)]
    body: Cow<'a, str>,
    #[serde(default)]
    is_base64_encoded: bool,
}

/// An event: the invocation itself, or a function URL's wrapping of it.
enum Event<'a> {
    Bare(Invocation),
    Url(UrlEvent<'a>),
}

impl<'a> Event<'a> {
    /// Reads an event. Nothing of the filling (`data`) is copied.
    fn parse(event: &'a [u8]) -> Result<Self, String> {
        let bare = match serde_json::from_slice(event) {
            Ok(invocation) => return Ok(Self::Bare(invocation)),
            Err(error) => error,
        };
        serde_json::from_slice(event).map(Self::Url).map_err(|_| {
            format!("the event is no invocation ({bare}) and has no `body` that could be one")
        })
    }

    /// The invocation in it; a wrapped body is unescaped, which cannot be avoided.
    fn invocation(self) -> Result<Invocation, String> {
        let UrlEvent {
            body,
            is_base64_encoded,
        } = match self {
            Self::Bare(invocation) => return Ok(invocation),
            Self::Url(event) => event,
        };
        let wrapped =
            |error: serde_json::Error| format!("the event's `body` is no invocation: {error}");
        if is_base64_encoded {
            let body = BASE64_STANDARD
                .decode(body.as_bytes())
                .map_err(|error| format!("the event's `body` is not base64: {error}"))?;
            serde_json::from_slice(&body).map_err(wrapped)
        } else {
            serde_json::from_str(&body).map_err(wrapped)
        }
    }
}

/// 64 random bits, as hex.
fn random_name() -> Result<String, String> {
    SysRng
        .try_next_u64()
        .map(|bits| format!("{bits:016x}"))
        .map_err(|error| format!("no randomness from the kernel: {error}"))
}

/// An error as AWS shows it to the caller.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ErrorReport<'a> {
    error_type: &'a str,
    error_message: &'a str,
}

struct RuntimeApi {
    agent: Agent,
    base: String,
}

impl RuntimeApi {
    fn from_environment() -> Result<Self, Ended> {
        let address = std::env::var(ADDRESS).map_err(|_| Ended::NoRuntime)?;
        // No time-outs: waiting for the next event is the function's normal state. The runtime is never behind a proxy.
        let agent = Agent::config_builder()
            .no_delay(true)
            .proxy(None)
            .build()
            .new_agent();
        Ok(Self {
            agent,
            base: format!("http://{address}/2018-06-01/runtime"),
        })
    }

    /// Waits for an event; gives its request id and its bytes.
    fn next(&self) -> Result<(String, Vec<u8>), Ended> {
        let response = self
            .agent
            .get(format!("{}/invocation/next", self.base))
            .call()?;
        let request_id = header(&response, REQUEST_ID)
            .ok_or(Ended::NoRequestId)?
            .to_owned();
        let event = response
            .into_body()
            .with_config()
            .limit(u64::MAX)
            .read_to_vec()?;
        Ok((request_id, event))
    }

    fn report(&self, path: &str, error_type: &str, error_message: &str) -> Result<(), Ended> {
        self.post(
            path,
            Some(error_type),
            &ErrorReport {
                error_type,
                error_message,
            },
        )
    }

    fn post(
        &self,
        path: &str,
        error_type: Option<&str>,
        body: &impl Serialize,
    ) -> Result<(), Ended> {
        let json = serde_json::to_vec(body).map_err(|error| ureq::Error::Other(Box::new(error)))?;
        let mut request = self
            .agent
            .post(format!("{}/{path}", self.base))
            .content_type("application/json");
        if let Some(error_type) = error_type {
            request = request.header(ERROR_TYPE, error_type);
        }
        // The answer is read to its end, so that the connection serves the next request as well.
        request.send(json.as_slice())?.into_body().read_to_vec()?;
        Ok(())
    }
}

fn header<'a>(response: &'a Response<Body>, name: &str) -> Option<&'a str> {
    response.headers().get(name)?.to_str().ok()
}
