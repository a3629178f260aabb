//! What the host makes of a request: its reply, in place.

use super::fields::{get, put, put_understood, tlvs};
use super::{Extension, FOLLOW_UP, Format, PRIVATE, SOFTWARE_LOCAL, UNKNOWN_TTL, is_request};
use crate::core::time::Nanos;

/// A datagram from function to host, as the host reads it: ours, or any STAMP sender's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Request {
    /// Sequence number.
    pub sequence: u32,
    /// The session's identifier; 0 when the sender has none.
    pub session: u16,
    /// How the sender writes time stamps.
    pub format: Format,
    /// Token and the rest; none from a plain STAMP sender.
    pub extension: Option<Extension>,
    follow_up: Option<usize>,
    pub(super) private: Option<usize>,
}

/// What the host says in a reply, but for T3, which comes last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reply {
    /// Number of the reply in its session.
    pub number: u32,
    /// T2, the best stamp there is, ns since the epoch on the host's clock.
    pub t2: Nanos,
    /// Number of an earlier reply and its T3 by the kernel.
    pub follow_up: Option<(u32, Nanos)>,
}

impl Request {
    /// Reads a request; none when it is none.
    pub fn parse(datagram: &[u8]) -> Option<Self> {
        if !is_request(datagram) {
            return None;
        }
        let mut request = Self {
            sequence: u32::from_be_bytes(get(datagram, 0)?),
            session: u16::from_be_bytes(get(datagram, 14)?),
            format: Format::of(u16::from_be_bytes(get(datagram, 12)?)),
            extension: None,
            follow_up: None,
            private: None,
        };
        for tlv in tlvs(datagram) {
            let value = &datagram[tlv.value..];
            match (tlv.kind, tlv.length) {
                FOLLOW_UP => request.follow_up = Some(tlv.value),
                PRIVATE => {
                    request.private = Some(tlv.value);
                    request.extension = Extension::parse(value);
                }
                _ => {}
            }
        }
        Some(request)
    }

    /// Turns the request's own datagram into its reply: so a reply is as long as its request, and TLVs that are not
    /// understood go back as they came, with their U flag set.
    pub fn answer(&self, datagram: &mut [u8], reply: &Reply) {
        let error_estimate = self.format.error_estimate().to_be_bytes();
        datagram.copy_within(4..12, 28);
        datagram.copy_within(12..14, 36);
        put(datagram, 0, reply.number.to_be_bytes());
        put(datagram, 12, error_estimate);
        put(datagram, 16, self.format.encode(reply.t2));
        put(datagram, 24, self.sequence.to_be_bytes());
        put(datagram, 38, [0, 0, UNKNOWN_TTL, 0, 0, 0]);
        if let Some(value) = self.follow_up {
            put_understood(datagram, value);
            if let Some((number, t3)) = reply.follow_up {
                put(datagram, value, number.to_be_bytes());
                put(datagram, value + 4, self.format.encode(t3));
                put(datagram, value + 12, [SOFTWARE_LOCAL]);
            }
        }
        if let Some(value) = self.private {
            put_understood(datagram, value);
        }
    }

    /// Writes T3 into the reply: the last thing before it is sent.
    pub fn depart(&self, datagram: &mut [u8], t3: Nanos) {
        put(datagram, 4, self.format.encode(t3));
    }
}
