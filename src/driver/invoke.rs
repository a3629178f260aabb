//! The one HTTP client: a new connection for each invocation, every phase timed, a deadline on each.
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
use crate::core::time::Nanos;
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

/// Invokes the function at `endpoint` with `body`; the first byte of the answer may take `answer_deadline`.
///
/// # Errors
/// Which phase failed and how. An HTTP status other than 200 is no error here: the platform judges it.
pub async fn call(
    endpoint: &Endpoint,
    body: Bytes,
    answer_deadline: Duration,
    live: &Arc<Live>,
) -> Result<(HttpTimes, HttpReply), Failure> {
    let mut target = Target::of(endpoint)?;
    let sent_whole = body.len() as u64;
    let mut request = Request::builder()
        .method(endpoint.method.as_str())
        .uri(target.path.as_str())
        .header("host", &target.host)
        .header("content-type", "application/json");
    for (name, value) in &endpoint.headers {
        request = request.header(name, value);
    }
    let request = request
        .body(Full::new(body))
        .map_err(|error| failure("request", format!("{}: {error}", endpoint.url)))?;

    live.enter(Phase::Connecting);
    let start = clock::now();
    let meter = Arc::new(Meter::default());
    let connected = within("connect", CONNECT_DEADLINE, async {
        let sending = TimedSending {
            stream: target.connect().await?,
            start: start.monotonic,
            sent_whole,
            meter: meter.clone(),
            live: live.clone(),
        };
        target.secure(sending).await
    })
    .await?;
    meter.written.store(0, Relaxed);
    let io = TimedReceiving {
        line: connected,
        start: start.monotonic,
        meter: meter.clone(),
    };
    let (mut sender, connection) = http1::handshake(TokioIo::new(io))
        .await
        .map_err(|error| failure("connect", error.to_string()))?;
    let connected_after = clock::now().monotonic - start.monotonic;
    live.enter(Phase::Sending);
    let _connection = AbortOnDrop(tokio::spawn(connection));

    let head = within("answer", SEND_DEADLINE + answer_deadline, async {
        sender
            .send_request(request)
            .await
            .map_err(|error| describe(&error))
    });
    let head = tokio::select! {
        head = head => head?,
        late = meter.silence(start.monotonic, answer_deadline) => return Err(late),
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

    let times = HttpTimes {
        start: start.wall,
        connected_after,
        sent_after: meter.last_write.load(Relaxed),
        first_byte_after: meter.first_read.load(Relaxed),
        end_after: end.monotonic - start.monotonic,
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
    Ok((
        times,
        HttpReply {
            status: parts.status.as_u16(),
            headers,
            body,
        },
    ))
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
    #[cfg(feature = "tls")]
    tls: Option<Tls>,
}

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
            #[cfg(feature = "tls")]
            tls: match usual_port {
                443 => Some(Tls::to(&name).map_err(|why| bad(&why))?),
                _ => None,
            },
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
    /// The connection that requests go over: as it is, or encrypted.
    #[cfg(feature = "tls")]
    async fn secure(&mut self, stream: TimedSending) -> Result<Line, String> {
        Ok(match self.tls.take() {
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
    async fn secure(&mut self, stream: TimedSending) -> Result<Line, String> {
        Ok(Box::new(stream))
    }
}

struct AbortOnDrop<T>(tokio::task::JoinHandle<T>);

impl<T> Drop for AbortOnDrop<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// When bytes passed, ns after the start.
#[derive(Debug, Default)]
struct Meter {
    written: AtomicU64,
    last_write: AtomicI64,
    first_read: AtomicI64,
}

impl Meter {
    /// Ends when nothing has come back for `deadline` after the last byte was sent.
    async fn silence(&self, start: Nanos, deadline: Duration) -> Failure {
        loop {
            let quiet_since = self.last_write.load(Relaxed);
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
    sent_whole: u64,
    meter: Arc<Meter>,
    live: Arc<Live>,
}

impl TimedSending {
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
        if before <= self.sent_whole
            && before + bytes as u64 > self.sent_whole
            && self.live.phase() == Phase::Sending
        {
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
