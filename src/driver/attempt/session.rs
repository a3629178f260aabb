//! The host's side of one attempt's datagrams: open while it is under way.

use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::task::spawn_blocking;

use super::Bench;
use crate::core::contract::Dialect;
use crate::core::exchange::{HostRecord, Identity, SessionSpec};
use crate::core::sample::{Failure, Token};
use crate::core::text::TextIdentity;
use crate::driver::Speaker;
use crate::driver::echo::{Echo, EchoError};

/// Closes its session also when the attempt is given up.
pub(super) struct Session {
    echo: Arc<Echo>,
    pub id: u16,
    closed: bool,
}

/// What the host is to know of the datagrams of the attempt with this token.
pub(super) fn spec(bench: &Bench, token: Token) -> SessionSpec {
    SessionSpec {
        token,
        identity: match bench.experiment.dialect {
            Dialect::Stamp => Identity::Token,
            Dialect::Text => Identity::Text(match bench.experiment.foreign.speaker {
                Speaker::Ours => TextIdentity::Exactly(token),
                Speaker::Any => TextIdentity::First,
            }),
        },
        live: bench.live.clone(),
        capacity: bench.experiment.max_exchanges,
    }
}

impl Session {
    pub async fn open(echo: Arc<Echo>, spec: SessionSpec) -> Result<Self, Failure> {
        // Made there, so that it is closed also when nobody waits for it any more.
        let opening = spawn_blocking(move || {
            let id = echo.open(spec)?;
            let closed = false;
            Ok(Self { echo, id, closed })
        });
        opening
            .await
            .map_err(|error| echo_failure(&error))?
            .map_err(|error: EchoError| echo_failure(&error))
    }

    pub async fn close(mut self) -> Result<HostRecord, Failure> {
        self.closed = true;
        let (echo, id) = (self.echo.clone(), self.id);
        let closing = spawn_blocking(move || echo.close(id)).await;
        closing
            .map_err(|error| echo_failure(&error))?
            .map_err(|error| echo_failure(&error))
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if self.closed {
            return;
        }
        // The thread may take a while to answer, and whoever gives up is not to wait. What was recorded is nobody's.
        let (echo, id) = (self.echo.clone(), self.id);
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn_blocking(move || echo.close(id));
        } else {
            _ = echo.close(id);
        }
    }
}

fn echo_failure(error: &impl std::fmt::Display) -> Failure {
    Failure {
        step: "clock".into(),
        what: error.to_string(),
        status: None,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::core::live::Live;

    fn spec() -> SessionSpec {
        SessionSpec {
            token: Token([7; 16]),
            identity: Identity::Token,
            live: Arc::new(Live::default()),
            capacity: 10,
        }
    }

    /// Waits until the echo has no session of this number any more.
    async fn closed(echo: &Arc<Echo>, id: u16) {
        let begun = std::time::Instant::now();
        while echo.close(id) != Err(EchoError::NoSession(id)) {
            assert!(begun.elapsed() < Duration::from_secs(30), "it stays open");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    #[tokio::test]
    async fn a_session_that_is_given_up_is_closed_by_somebody_else() {
        let local = "127.0.0.1:0".parse().expect("an address");
        let live = Arc::new(Live::default());
        let echo = Arc::new(Echo::start(local, live).expect("an echo"));
        let session = Session::open(echo.clone(), spec()).await.expect("a place");
        let id = session.id;
        drop(session);
        closed(&echo, id).await;

        let mut opening = Box::pin(Session::open(echo.clone(), spec()));
        let polled = std::future::poll_fn(|context| {
            std::task::Poll::Ready(opening.as_mut().poll(context).is_ready())
        });
        polled.await;
        drop(opening);
        closed(&echo, id).await;
    }
}
