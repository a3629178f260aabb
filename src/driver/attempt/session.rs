//! The host's side of one attempt's datagrams: open while it is under way.

use std::sync::Arc;

use super::Bench;
use crate::core::contract::Dialect;
use crate::core::exchange::{HostRecord, Identity, SessionSpec};
use crate::core::sample::{Failure, Token};
use crate::core::text::TextIdentity;
use crate::driver::Speaker;
use crate::driver::echo::Echo;

/// Closes its session also when the attempt is given up.
pub(super) struct Session {
    echo: Arc<Echo>,
    pub id: u16,
    closed: bool,
}

impl Session {
    pub fn open(bench: &Bench, echo: &Arc<Echo>, token: Token) -> Result<Self, Failure> {
        let spec = SessionSpec {
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
        };
        let id = echo.open(spec).map_err(|error| echo_failure(&error))?;
        Ok(Self {
            echo: echo.clone(),
            id,
            closed: false,
        })
    }

    pub async fn close(mut self) -> Result<HostRecord, Failure> {
        self.closed = true;
        let (echo, id) = (self.echo.clone(), self.id);
        let closing = tokio::task::spawn_blocking(move || echo.close(id)).await;
        closing
            .map_err(|error| echo_failure(&error))?
            .map_err(|error| echo_failure(&error))
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if !self.closed {
            _ = self.echo.close(self.id);
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
