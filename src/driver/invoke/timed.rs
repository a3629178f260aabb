//! A connection that notes when bytes pass through it.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::failure;
use crate::core::live::{Live, Phase};
use crate::core::sample::Failure;
use crate::core::time::Nanos;
use crate::driver::clock;
use crate::net;

/// When bytes of the call under way passed, ns after the connection was begun; or by the wall clock, ns since the epoch.
#[derive(Debug, Default)]
pub(super) struct Meter {
    /// Bytes of the request's body.
    body: AtomicU64,
    written: AtomicU64,
    pub last_write: AtomicI64,
    pub first_read: AtomicI64,
    pub first_write_wall: AtomicI64,
    pub last_read_wall: AtomicI64,
}

impl Meter {
    /// A request with a body of so many bytes comes next.
    pub fn expect(&self, body_bytes: u64) {
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
    pub async fn silence(&self, start: Nanos, begun: Nanos, deadline: Duration) -> Failure {
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
pub(super) type Line = Box<dyn Duplex>;

pub(super) trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

/// The socket, which notes when the last byte was written to it: below TLS, which holds bytes back.
pub(super) struct TimedSending {
    pub stream: TcpStream,
    pub start: Nanos,
    pub meter: Arc<Meter>,
    pub live: Arc<Live>,
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
pub(super) struct TimedReceiving {
    pub line: Line,
    pub start: Nanos,
    pub meter: Arc<Meter>,
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
