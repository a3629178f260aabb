//! The one HTTP client: a new connection for each invocation that is measured, every phase timed, a deadline on each.
//! What follows such an invocation to compare clocks goes over the same connection.
//!
//! HTTP/1.1, over TLS for `https://`, `TCP_NODELAY`, and never an `Expect: 100-continue` (libcurl sends one for bodies above 1 MiB
//! and may wait a second for the answer, a step inside a payload sweep).

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::{Request, Uri};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::clock;
#[cfg(feature = "tls")]
use super::tls::Tls;
use crate::core::live::{Live, Phase};
use crate::core::sample::{Failure, HttpTimes};
use crate::core::time::{Moment, Nanos};
use crate::net;
use crate::platform::{Endpoint, HttpReply};

/// Looking up the name, connecting and, for `https://`, the handshake of TLS.
const CONNECT_DEADLINE: Duration = Duration::from_secs(10);
/// Handing all of the request to the kernel.
const SEND_DEADLINE: Duration = Duration::from_secs(120);
/// From the first to the last byte of the answer.
const BODY_DEADLINE: Duration = Duration::from_secs(60);
/// Largest answer that is read, bytes.
const BODY_MOST: usize = 16 << 20;
/// Bytes of an unexpected answer that are shown.
const SHOWN: usize = 200;

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
        let connected = within("connect", CONNECT_DEADLINE, async {
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
            .map_err(|error| failure("connect", error.to_string()))?;
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
        ready.map_err(|error| failure("connect", describe(&error)))?;
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

/// The start of a body, for messages.
pub fn start_of(body: &[u8]) -> String {
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

struct Target {
    host: String,
    name: String,
    port: u16,
    path: String,
    address: Option<SocketAddr>,
    encrypted: bool,
}

/// What a connection is encrypted with, if it is.
#[cfg(feature = "tls")]
type Security = Option<Tls>;
/// Nothing can be encrypted.
#[cfg(not(feature = "tls"))]
type Security = ();

impl Target {
    fn of(endpoint: &Endpoint) -> Result<Self, Failure> {
        let bad = |why: &str| failure("connect", format!("cannot call {}: {why}", endpoint.url));
        let url: Uri = endpoint
            .url
            .parse()
            .map_err(|error| bad(&format!("{error}")))?;
        let usual_port = match url.scheme_str() {
            Some("http") => 80,
            Some("https") if cfg!(feature = "tls") => 443,
            Some("https") => {
                return Err(bad(
                    "this program was built without the feature `tls`: build it with `cargo build --release --features tls`",
                ));
            }
            _ => return Err(bad("only http:// and https:// are spoken")),
        };
        let authority = url.authority().ok_or_else(|| bad("it names no host"))?;
        let name = authority.host().trim_matches(['[', ']']).to_owned();
        Ok(Self {
            host: authority.to_string(),
            encrypted: usual_port == 443,
            name,
            port: authority.port_u16().unwrap_or(usual_port),
            path: url
                .path_and_query()
                .map_or("/", |path| path.as_str())
                .to_owned(),
            address: endpoint.connect_to,
        })
    }

    async fn connect(&self) -> Result<TcpStream, String> {
        let stream = match self.address {
            Some(address) => TcpStream::connect(address).await,
            None => TcpStream::connect((self.name.as_str(), self.port)).await,
        };
        let stream = stream.map_err(|error| format!("{}: {error}", self.host))?;
        stream
            .set_nodelay(true)
            .map_err(|error| format!("{}: TCP_NODELAY: {error}", self.host))?;
        Ok(stream)
    }
}

impl Target {
    /// What the connection is to be encrypted with.
    #[cfg(feature = "tls")]
    fn security(&self) -> Result<Security, Failure> {
        let tls = self.encrypted.then(|| Tls::to(&self.name)).transpose();
        tls.map_err(|why| failure("connect", format!("cannot call {}: {why}", self.host)))
    }

    /// What the connection is to be encrypted with: nothing.
    #[cfg(not(feature = "tls"))]
    #[allow(clippy::unnecessary_wraps, reason = "its other form can fail")]
    fn security(&self) -> Result<Security, Failure> {
        debug_assert!(!self.encrypted, "https:// is refused before");
        Ok(())
    }

    /// The connection that requests go over: as it is, or encrypted.
    #[cfg(feature = "tls")]
    async fn secure(&self, security: Security, stream: TimedSending) -> Result<Line, String> {
        Ok(match security {
            Some(tls) => {
                let secured = tls.over(stream).await;
                Box::new(secured.map_err(|error| format!("{}: {error}", self.host))?)
            }
            None => Box::new(stream),
        })
    }

    /// The connection that requests go over, as it is.
    #[cfg(not(feature = "tls"))]
    #[allow(
        clippy::unused_async,
        clippy::unused_self,
        reason = "its other form waits and needs the name"
    )]
    async fn secure(&self, (): Security, stream: TimedSending) -> Result<Line, String> {
        Ok(Box::new(stream))
    }
}

struct AbortOnDrop<T>(tokio::task::JoinHandle<T>);

impl<T> Drop for AbortOnDrop<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// When bytes of the call under way passed, ns after the connection was begun; or by the wall clock, ns since the epoch.
#[derive(Debug, Default)]
struct Meter {
    /// Bytes of the request's body.
    body: AtomicU64,
    written: AtomicU64,
    last_write: AtomicI64,
    first_read: AtomicI64,
    first_write_wall: AtomicI64,
    last_read_wall: AtomicI64,
}

impl Meter {
    /// A request with a body of so many bytes comes next.
    fn expect(&self, body_bytes: u64) {
        self.body.store(body_bytes, Relaxed);
        self.written.store(0, Relaxed);
        for time in [
            &self.last_write,
            &self.first_read,
            &self.first_write_wall,
            &self.last_read_wall,
        ] {
            time.store(0, Relaxed);
        }
    }

    /// Ends when nothing has come back for `deadline` after the last byte was sent, or the call was begun.
    async fn silence(&self, start: Nanos, begun: Nanos, deadline: Duration) -> Failure {
        loop {
            let quiet_since = self.last_write.load(Relaxed).max(begun - start);
            let quiet =
                Duration::from_nanos((clock::now().monotonic - start - quiet_since).max(0) as u64);
            if self.first_read.load(Relaxed) > 0 {
                std::future::pending::<()>().await;
            }
            if quiet >= deadline {
                return failure(
                    "answer",
                    format!(
                        "no answer {} s after the request was sent",
                        deadline.as_secs()
                    ),
                );
            }
            tokio::time::sleep(deadline.saturating_sub(quiet).max(Duration::from_millis(1))).await;
        }
    }
}

/// A connection, encrypted or not.
type Line = Box<dyn Duplex>;

trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

/// The socket, which notes when the last byte was written to it: below TLS, which holds bytes back.
struct TimedSending {
    stream: TcpStream,
    start: Nanos,
    meter: Arc<Meter>,
    live: Arc<Live>,
}

impl TimedSending {
    /// Bytes are about to be written: the clock is read before.
    fn writes(&self) {
        if self.meter.first_write_wall.load(Relaxed) == 0 {
            self.meter
                .first_write_wall
                .store(net::wall_clock(), Relaxed);
        }
    }

    fn wrote(&self, bytes: usize) {
        // What follows an answer is no part of the request: the end that TLS announces.
        if self.meter.first_read.load(Relaxed) > 0 {
            return;
        }
        self.meter
            .last_write
            .store(clock::now().monotonic - self.start, Relaxed);
        let before = self.meter.written.fetch_add(bytes as u64, Relaxed);
        // The head comes on top of the body, so the last write is the one that passes the body's length.
        let body = self.meter.body.load(Relaxed);
        if before <= body && before + bytes as u64 > body && self.live.phase() == Phase::Sending {
            self.live.enter(Phase::Starting);
        }
    }
}

impl AsyncRead for TimedSending {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for TimedSending {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        this.writes();
        let written = ready!(Pin::new(&mut this.stream).poll_write(context, bytes))?;
        this.wrote(written);
        Poll::Ready(Ok(written))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        this.writes();
        let written = ready!(Pin::new(&mut this.stream).poll_write_vectored(context, slices))?;
        this.wrote(written);
        Poll::Ready(Ok(written))
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }
}

/// What the client reads from, which notes when the first byte came: above TLS, whose own messages are no answer.
struct TimedReceiving {
    line: Line,
    start: Nanos,
    meter: Arc<Meter>,
}

impl AsyncRead for TimedReceiving {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let done = ready!(Pin::new(&mut this.line).poll_read(context, buffer));
        if !buffer.filled().is_empty() {
            this.meter.last_read_wall.store(net::wall_clock(), Relaxed);
            let after = clock::now().monotonic - this.start;
            _ = this
                .meter
                .first_read
                .compare_exchange(0, after, Relaxed, Relaxed);
        }
        Poll::Ready(done)
    }
}

impl AsyncWrite for TimedReceiving {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().line).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().line).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.line.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().line).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().line).poll_shutdown(context)
    }
}
