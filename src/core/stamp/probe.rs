//! What the function sends.

use super::fields::{get, put, put_header};
use super::{DATAGRAM, END, FOLLOW_UP, Format, NO_EXCHANGE, PRIVATE};
use crate::core::sample::Token;
use crate::core::time::Nanos;

/// An exchange that the function tells the host about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Completed {
    /// Sequence number of its probe.
    pub sequence: u32,
    /// Low 16 bits of its reply's number.
    pub reply: u16,
    /// T1, by the kernel if it gave one, ns since the epoch on the function's clock.
    pub t1: Nanos,
    /// T4, likewise.
    pub t4: Nanos,
}

/// What our functions say beyond plain STAMP: the private TLV.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extension {
    /// The attempt's token.
    pub token: Token,
    /// The datagram is no probe: the session is over.
    pub end: bool,
    /// An exchange that is complete.
    pub completed: Option<Completed>,
    /// Distinct probes answered so far, low 16 bits.
    pub answered: u16,
}

impl Extension {
    pub(super) fn parse(value: &[u8]) -> Option<Self> {
        let word = u32::from_be_bytes(get(value, 16)?);
        let sequence = word & NO_EXCHANGE;
        let completed = Completed {
            sequence,
            reply: u16::from_be_bytes(get(value, 20)?),
            t1: Format::Ptp.decode(get(value, 24)?),
            t4: Format::Ptp.decode(get(value, 32)?),
        };
        Some(Self {
            token: Token(get(value, 0)?),
            end: word & END != 0,
            completed: Some(completed).filter(|_| sequence != NO_EXCHANGE),
            answered: u16::from_be_bytes(get(value, 22)?),
        })
    }

    pub(super) fn write(&self, value: &mut [u8]) {
        let sequence = self
            .completed
            .map_or(NO_EXCHANGE, |told| told.sequence & NO_EXCHANGE);
        put(value, 0, self.token.0);
        put(
            value,
            16,
            (sequence | if self.end { END } else { 0 }).to_be_bytes(),
        );
        put(value, 22, self.answered.to_be_bytes());
        if let Some(told) = self.completed {
            put(value, 20, told.reply.to_be_bytes());
            put(value, 24, Format::Ptp.encode(told.t1));
            put(value, 32, Format::Ptp.encode(told.t4));
        }
    }
}

/// A datagram from function to host, as our functions write it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Probe {
    /// Sequence number, from 0.
    pub sequence: u32,
    /// The session's identifier.
    pub session: u16,
    /// T1 in user space, ns since the epoch on the function's clock.
    pub t1: Nanos,
    /// Token, END and the exchange to tell.
    pub extension: Extension,
}

impl Probe {
    /// The datagram.
    pub fn encode(&self) -> [u8; DATAGRAM] {
        let mut datagram = [0; DATAGRAM];
        put(&mut datagram, 0, self.sequence.to_be_bytes());
        put(&mut datagram, 4, Format::Ptp.encode(self.t1));
        put(
            &mut datagram,
            12,
            Format::Ptp.error_estimate().to_be_bytes(),
        );
        put(&mut datagram, 14, self.session.to_be_bytes());
        put_header(&mut datagram, 44, FOLLOW_UP);
        put_header(&mut datagram, 64, PRIVATE);
        self.extension.write(&mut datagram[68..]);
        datagram
    }
}
