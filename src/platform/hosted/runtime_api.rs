//! The AWS Lambda Runtime API of one environment: hands it an event at a time and takes its answer.
//!
//! See <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>; unmodified AWS clients run on it.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::CONTENT_TYPE;
use hyper::{Method, Request, Response, StatusCode};
use tokio::sync::{Notify, oneshot};

use super::http::{self, Answer, Server};

const ROOT: &str = "/2018-06-01/runtime/";

/// What the function is asked.
#[derive(Debug)]
pub struct Event {
    /// The invocation's id.
    pub request_id: String,
    /// `arn:…` of the function.
    pub function_arn: String,
    /// How long it may take, from the moment it is handed over.
    pub timeout: Duration,
    /// The caller's body.
    pub body: Bytes,
}

/// How the function answered.
#[derive(Debug, PartialEq, Eq)]
pub enum Outcome {
    /// With a result.
    Response(Bytes),
    /// With an error of the handler.
    Error(Bytes),
    /// With an error of its initialisation: it will not ask for events.
    InitError(Bytes),
}

/// An invocation under way.
#[derive(Debug)]
pub struct Call {
    /// Resolves when the event has been handed over, or never will be.
    pub taken: oneshot::Receiver<()>,
    /// The function's answer.
    pub outcome: oneshot::Receiver<Outcome>,
}

/// The server of one environment.
#[derive(Debug)]
pub struct RuntimeApi {
    server: Server,
    desk: Arc<Desk>,
}

/// Where an event waits to be fetched and an answer to be delivered.
#[derive(Debug, Default)]
struct Desk {
    waiting: Mutex<Option<(Event, oneshot::Sender<()>)>>,
    arrived: Notify,
    answering: Mutex<Option<(String, oneshot::Sender<Outcome>)>>,
}

impl RuntimeApi {
    /// Listens on a port of its own, at the host's address that the environment reaches.
    pub fn start(host: IpAddr) -> io::Result<Self> {
        let desk = Arc::<Desk>::default();
        let handler = {
            let desk = Arc::clone(&desk);
            move |request| {
                let desk = Arc::clone(&desk);
                async move { desk.serve(request).await }
            }
        };
        // A function may take as long as its time-out between two requests on one connection.
        Ok(Self {
            server: Server::start(host, None, handler)?,
            desk,
        })
    }

    /// `AWS_LAMBDA_RUNTIME_API`.
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// Offers an event to the function; the one before must have been answered or given up.
    pub fn offer(&self, event: Event) -> Call {
        let (answer, outcome) = oneshot::channel();
        let (take, taken) = oneshot::channel();
        *lock(&self.desk.answering) = Some((event.request_id.clone(), answer));
        *lock(&self.desk.waiting) = Some((event, take));
        self.desk.arrived.notify_one();
        Call { taken, outcome }
    }

    /// Ends it: a request that waits for an event gets none.
    pub fn stop(&self) {
        self.server.stop();
    }
}

impl Desk {
    async fn serve(&self, request: Request<Incoming>) -> Answer {
        let path = request
            .uri()
            .path()
            .strip_prefix(ROOT)
            .unwrap_or_default()
            .to_owned();
        match (
            request.method(),
            path.split('/').collect::<Vec<_>>().as_slice(),
        ) {
            (&Method::GET, ["invocation", "next"]) => self.next().await,
            (&Method::POST, ["invocation", id, "response"]) => {
                self.accept(id, request, Outcome::Response).await
            }
            (&Method::POST, ["invocation", id, "error"]) => {
                self.accept(id, request, Outcome::Error).await
            }
            (&Method::POST, ["init", "error"]) => self.accept_init_error(request).await,
            (method, _) => refusal(
                StatusCode::NOT_FOUND,
                "UnknownPath",
                &format!("{method} {}", request.uri().path()),
            ),
        }
    }

    /// Waits for an event. Dropped by the server when its client has gone, and then takes none.
    async fn next(&self) -> Answer {
        loop {
            let arrived = self.arrived.notified();
            if let Some((event, take)) = lock(&self.waiting).take() {
                // The receiver is gone only when the invocation was given up; the environment is then killed.
                let _ = take.send(());
                return event.into_answer();
            }
            arrived.await;
        }
    }

    async fn accept(
        &self,
        id: &str,
        request: Request<Incoming>,
        outcome: fn(Bytes) -> Outcome,
    ) -> Answer {
        match http::body(request).await {
            Ok(body) => self.deliver(|expected| expected == id, outcome(body)),
            Err((status, why)) => refusal(status, "BadBody", &why),
        }
    }

    async fn accept_init_error(&self, request: Request<Incoming>) -> Answer {
        match http::body(request).await {
            Ok(body) => {
                let answer = self.deliver(|_| true, Outcome::InitError(body));
                lock(&self.waiting).take();
                answer
            }
            Err((status, why)) => refusal(status, "BadBody", &why),
        }
    }

    fn deliver(&self, is_expected: impl Fn(&str) -> bool, outcome: Outcome) -> Answer {
        let Some((_, answer)) = lock(&self.answering).take_if(|(id, _)| is_expected(id)) else {
            return refusal(
                StatusCode::BAD_REQUEST,
                "InvalidRequestID",
                "no invocation with this id waits for an answer",
            );
        };
        match answer.send(outcome) {
            Ok(()) => http::json(StatusCode::ACCEPTED, r#"{"status":"OK"}"#),
            Err(_) => refusal(
                StatusCode::GONE,
                "InvocationEnded",
                "the caller no longer waits for this answer",
            ),
        }
    }
}

impl Event {
    fn into_answer(self) -> Answer {
        let since_epoch = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Response::builder()
            .header(CONTENT_TYPE, "application/json")
            .header(
                "Lambda-Runtime-Deadline-Ms",
                (since_epoch + self.timeout).as_millis().to_string(),
            )
            .header("Lambda-Runtime-Invoked-Function-Arn", self.function_arn)
            .header(
                "Lambda-Runtime-Trace-Id",
                format!(
                    "Root=1-{:08x}-{:024x};Sampled=0",
                    since_epoch.as_secs(),
                    rand::random::<u64>()
                ),
            )
            .header("Lambda-Runtime-Aws-Request-Id", self.request_id)
            .body(Full::new(self.body))
            .unwrap_or_else(|error| {
                refusal(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "BadEvent",
                    &error.to_string(),
                )
            })
    }
}

fn refusal(status: StatusCode, error_type: &str, message: &str) -> Answer {
    http::json(
        status,
        serde_json::json!({ "errorType": error_type, "errorMessage": message }).to_string(),
    )
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex
        .lock()
        .expect("nothing panics while it holds this lock")
}
