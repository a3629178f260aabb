//! Asks a STUN server how it sees a socket.

use std::io;
use std::net::SocketAddr;

use super::{Socket, monotonic};
use crate::core::stun::{self, NoMapping, Transaction};
use crate::core::time::Nanos;

/// Longest answer that is looked at, bytes; those that are known are below 200.
const LONGEST: usize = 1500;

/// Why the server told no address.
#[derive(Debug, thiserror::Error)]
pub enum StunError {
    /// Nothing came.
    #[error("no answer to {} requests within {:.1} s", stun::WAITS.len(), stun::WAITS.iter().sum::<Nanos>() as f64 / 1e9)]
    Silence,
    /// What came tells none.
    #[error(transparent)]
    NoMapping(#[from] NoMapping),
    /// The socket.
    #[error("the request cannot be sent: {0}")]
    Socket(#[from] io::Error),
}

/// The address at which `server` sees `socket`, by a Binding request that is repeated as [`stun::WAITS`] says. What
/// arrives from elsewhere meanwhile is dropped.
///
/// # Errors
/// When the server is silent or tells none.
pub fn mapped(
    socket: &mut Socket,
    server: SocketAddr,
    transaction: &Transaction,
) -> Result<SocketAddr, StunError> {
    let mut buffer = [0; LONGEST];
    for wait in stun::WAITS {
        let deadline = monotonic() + wait;
        socket.send_to(&stun::request(transaction), server)?;
        loop {
            // A stamp that waits on the error queue would end every wait at once.
            socket.drain_sent(|_, _| {});
            let left = deadline - monotonic();
            if left <= 0 {
                break;
            }
            let Some(received) = socket.receive_within(&mut buffer, left)? else {
                continue;
            };
            if received.source != server {
                continue;
            }
            match stun::mapped(&buffer[..received.length], transaction) {
                Err(NoMapping::NotOurs) => {}
                answer => return Ok(answer?),
            }
        }
    }
    Err(StunError::Silence)
}
