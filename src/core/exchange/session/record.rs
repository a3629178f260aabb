//! What a session is told, and what it leaves behind.

use std::sync::Arc;

use crate::core::contract::Dialect;
use crate::core::live::Live;
use crate::core::sample::{PacketCounts, Stamps, Token};
use crate::core::text::TextIdentity;

/// Whom a session answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Identity {
    /// STAMP datagrams that carry the session's identifier and token.
    Token,
    /// SeBS's text.
    Text(TextIdentity),
    /// STAMP datagrams of anyone, without a token, with the session's identifier or none: for other STAMP senders.
    Open,
}

/// A session to be opened.
#[derive(Debug, Clone)]
pub struct SessionSpec {
    /// The attempt's token.
    pub token: Token,
    /// Whom it answers.
    pub identity: Identity,
    /// Where it publishes what happens.
    pub live: Arc<Live>,
    /// Most probes it answers, and as many surplus copies: what is beyond gets no answer.
    pub capacity: u32,
}

/// A request that was answered: what the host knows of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HostRow {
    /// Sequence number of the request; in text, which has none, the order of arrival.
    pub sequence: u32,
    /// Number of the reply.
    pub reply: u32,
    /// T2.
    pub t2: Stamps,
    /// T3; none when the reply could not be sent.
    pub t3: Option<Stamps>,
}

/// What a session leaves behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostRecord {
    /// Spoken dialect.
    pub dialect: Dialect,
    /// Every request answered, in order of arrival.
    pub rows: Vec<HostRow>,
    /// Counts as far as the host can know them; the losses are exact only with the function's answer, see
    /// [`crate::core::exchange::join`].
    pub packets: PacketCounts,
    /// Kernel stamps that were thrown away because they contradicted the user-space ones.
    pub implausible: u32,
    /// The function said that it was over.
    pub ended: bool,
}
