//! The one HTTP client: a new connection for each invocation that is measured, every phase timed, a deadline on each.
//! What follows such an invocation to compare clocks goes over the same connection.
//!
//! HTTP/1.1, over TLS for `https://`, `TCP_NODELAY`, and never an `Expect: 100-continue` (libcurl sends one for bodies above 1 MiB
//! and may wait a second for the answer, a step inside a payload sweep).

mod target;
mod timed;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::time::timeout;

use self::target::Target;
use self::timed::{Meter, TimedReceiving, TimedSending};
use super::clock;
use crate::core::live::{Live, Phase};
use crate::core::sample::{Failure, HttpTimes};
use crate::core::time::{Moment, Nanos};
use crate::platform::{Endpoint, HttpReply};

/// Looking up the name, connecting and, for `https://`, the handshake of TLS.
const CONNECT_DEADLINE: Duration = Duration::from_secs(10);
/// Handing all of the request to the kernel.
const SEND_DEADLINE: Duration = Duration::from_secs(120);
/// From the first to the last byte of the answer.
const BODY_DEADLINE: Duration = Duration::from_secs(60);
/// Largest answer that is read, bytes.
const BODY_MOST: usize = 16 << 20;

/// A call that was answered.
pub struct Called {
    /// Its phases; over a connection that was there before, connecting took no time.
    pub times: HttpTimes,
    /// Just before the first byte of the request was written, wall clock, ns since the epoch.
    pub sent: Nanos,
    /// Just after the last byte of the answer was read, wall clock, ns since the epoch.
    pub received: Nanos,
    /// The answer.
    pub reply: HttpReply,
}

/// Invokes the function at `endpoint` with `body`, over a connection of its own; the first byte of the answer may take
/// `answer_deadline`.
///
/// # Errors
/// Which phase failed and how. An HTTP status other than 200 is no error here: the platform judges it.
pub async fn call(
    endpoint: &Endpoint,
    body: Bytes,
    answer_deadline: Duration,
    live: &Arc<Live>,
) -> Result<(HttpTimes, HttpReply), Failure> {
    let (_, called) = Connection::open(endpoint, body, answer_deadline, live).await?;
    Ok((called.times, called.reply))
}

/// A connection that is kept from one call to the next.
pub struct Connection {
    host: String,
    address: Option<SocketAddr>,
    sender: http1::SendRequest<Full<Bytes>>,
    meter: Arc<Meter>,
    /// When it was begun, which the meter counts from; monotonic, ns.
    start: Nanos,
    _carrier: AbortOnDrop<()>,
}

impl Connection {
    /// Connects to `endpoint` and makes a first call: connecting is part of its times.
    ///
    /// # Errors
    /// Which phase failed and how.
    pub async fn open(
        endpoint: &Endpoint,
        body: Bytes,
        answer_deadline: Duration,
        live: &Arc<Live>,
    ) -> Result<(Self, Called), Failure> {
        let target = Target::of(endpoint)?;
        let security = target.security()?;
        let body_bytes = body.len() as u64;
        let request = request(endpoint, &target, body)?;

        live.enter(Phase::Connecting);
        let start = clock::now();
        let meter = Arc::new(Meter::default());
        let connected = within(Failure::CONNECT, CONNECT_DEADLINE, async {
            let sending = TimedSending {
                stream: target.connect().await?,
                start: start.monotonic,
                meter: meter.clone(),
                live: live.clone(),
            };
            target.secure(security, sending).await
        })
        .await?;
        meter.expect(body_bytes);
        let io = TimedReceiving {
            line: connected,
            start: start.monotonic,
            meter: meter.clone(),
        };
        let (sender, connection) = http1::handshake(TokioIo::new(io))
            .await
            .map_err(|error| failure(Failure::CONNECT, error.to_string()))?;
        let connected_after = clock::now().monotonic - start.monotonic;
        live.enter(Phase::Sending);
        // What breaks the connection is told by the call that needs it.
        let carrier = AbortOnDrop(tokio::spawn(async move { _ = connection.await }));
        let mut opened = Self {
            host: target.host,
            address: target.address,
            sender,
            meter,
            start: start.monotonic,
            _carrier: carrier,
        };
        let called = opened
            .exchange(request, answer_deadline, start, connected_after)
            .await?;
        Ok((opened, called))
    }

    /// Whether a call of `endpoint` can go over it, as far as is known.
    pub fn serves(&self, endpoint: &Endpoint) -> bool {
        let same = Target::of(endpoint)
            .is_ok_and(|target| target.host == self.host && target.address == self.address);
        same && !self.sender.is_closed()
    }

    /// A further call.
    ///
    /// # Errors
    /// Which phase failed and how; the connection is of no use then.
    pub async fn again(
        &mut self,
        endpoint: &Endpoint,
        body: Bytes,
        answer_deadline: Duration,
    ) -> Result<Called, Failure> {
        let body_bytes = body.len() as u64;
        let request = request(endpoint, &Target::of(endpoint)?, body)?;
        let ready = self.sender.ready().await;
        ready.map_err(|error| failure(Failure::CONNECT, describe(&error)))?;
        self.meter.expect(body_bytes);
        self.exchange(request, answer_deadline, clock::now(), 0)
            .await
    }

    async fn exchange(
        &mut self,
        request: Request<Full<Bytes>>,
        answer_deadline: Duration,
        begun: Moment,
        connected_after: Nanos,
    ) -> Result<Called, Failure> {
        let sender = &mut self.sender;
        let head = within("answer", SEND_DEADLINE + answer_deadline, async {
            sender
                .send_request(request)
                .await
                .map_err(|error| describe(&error))
        });
        let head = tokio::select! {
            head = head => head?,
            late = self.meter.silence(self.start, begun.monotonic, answer_deadline) => return Err(late),
        };
        let (parts, body) = head.into_parts();
        let body = within("reply", BODY_DEADLINE, async {
            let limited = http_body_util::Limited::new(body, BODY_MOST);
            limited
                .collect()
                .await
                .map(http_body_util::Collected::to_bytes)
                .map_err(|error| {
                    if error.is::<http_body_util::LengthLimitError>() {
                        format!(
                            "the answer is longer than {} MiB: an answer of a function has some kB",
                            BODY_MOST >> 20
                        )
                    } else {
                        format!("the answer broke off: {error}")
                    }
                })
        })
        .await?;
        let end = clock::now();

        let meter = &self.meter;
        // The meter counts from the time at which the connection was begun.
        let before = begun.monotonic - self.start;
        let times = HttpTimes {
            start: begun.wall,
            connected_after,
            sent_after: meter.last_write.load(Relaxed) - before,
            first_byte_after: meter.first_read.load(Relaxed) - before,
            end_after: end.monotonic - begun.monotonic,
            end: end.wall,
        };
        let headers = parts
            .headers
            .iter()
            .map(|(name, value)| {
                (
                    name.as_str().to_owned(),
                    String::from_utf8_lossy(value.as_bytes()).into_owned(),
                )
            })
            .collect();
        Ok(Called {
            times,
            sent: meter.first_write_wall.load(Relaxed),
            received: meter.last_read_wall.load(Relaxed),
            reply: HttpReply {
                status: parts.status.as_u16(),
                headers,
                body,
            },
        })
    }
}

fn request(
    endpoint: &Endpoint,
    target: &Target,
    body: Bytes,
) -> Result<Request<Full<Bytes>>, Failure> {
    let mut request = Request::builder()
        .method(endpoint.method.as_str())
        .uri(target.path.as_str())
        .header("host", &target.host)
        .header("content-type", "application/json");
    for (name, value) in &endpoint.headers {
        request = request.header(name, value);
    }
    request
        .body(Full::new(body))
        .map_err(|error| failure("request", format!("{}: {error}", endpoint.url)))
}

fn failure(step: &str, what: String) -> Failure {
    Failure {
        step: step.into(),
        what,
        status: None,
    }
}

fn describe(error: &hyper::Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(inner) = source {
        text = format!("{text}: {inner}");
        source = inner.source();
    }
    text
}

async fn within<T>(
    step: &str,
    deadline: Duration,
    work: impl Future<Output = Result<T, String>>,
) -> Result<T, Failure> {
    match timeout(deadline, work).await {
        Ok(done) => done.map_err(|what| failure(step, what)),
        Err(_) => Err(failure(
            step,
            format!("not done after {} s", deadline.as_secs()),
        )),
    }
}

struct AbortOnDrop<T>(tokio::task::JoinHandle<T>);

impl<T> Drop for AbortOnDrop<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}
