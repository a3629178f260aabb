//! What the function was asked for, and what it does next.

use crate::core::contract::Dialect;
use crate::core::sample::Token;
use crate::core::stamp;
use crate::core::time::Nanos;

/// What the function was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Orders {
    /// The language of the datagrams.
    pub dialect: Dialect,
    /// The attempt's token; in text its hex digits are the request id.
    pub token: Token,
    /// STAMP's session identifier.
    pub session: u16,
    /// Consecutive exchanges without a new minimum RTT that end the session.
    pub n: u32,
    /// Most probes to send.
    pub max_exchanges: u32,
    /// Probes under way at once; text, which has no numbers, allows one.
    pub in_flight: u32,
    /// Least time between probes when several are under way, ns.
    pub pace: Nanos,
    /// Longest time until the stop, ns.
    pub budget: Nanos,
}

/// What to do now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Read T1, let [`super::Initiator::send`] write a datagram, and send it.
    Send,
    /// Wait for a datagram, but no longer than until this time (monotonic, ns).
    Wait(Nanos),
    /// The exchange is over.
    Finished,
}

/// A datagram to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Message {
    pub(super) bytes: [u8; stamp::DATAGRAM],
    pub(super) length: usize,
    /// Sequence number of the probe; none for an end marker.
    pub sequence: Option<u32>,
}

impl Message {
    /// Its bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}
