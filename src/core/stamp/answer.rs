//! What the function reads in a reply.

use super::fields::{get, tlvs};
use super::{BASE, Extension, FOLLOW_UP, Format, PRIVATE, UNRECOGNISED};
use crate::core::time::Nanos;

/// A datagram from host to function, as the function reads it: our host's, or any STAMP reflector's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    /// Number of the reply; a reflector without state repeats the sequence number.
    pub number: u32,
    /// Sequence number of the request.
    pub sequence: u32,
    /// T1 as the request had it, ns since the epoch on the function's clock.
    pub t1: Nanos,
    /// T2, ns since the epoch on the host's clock.
    pub t2: Nanos,
    /// T3 in user space, likewise.
    pub t3: Nanos,
    /// Our extension as it came back; none from a reflector that drops TLVs.
    pub extension: Option<Extension>,
    /// The host knows our extension: it took the U flag away.
    pub understood: bool,
    /// Number of an earlier reply and its T3 by the kernel.
    pub follow_up: Option<(u32, Nanos)>,
}

impl Answer {
    /// Reads a reply; none when it is too short to be one.
    pub fn parse(datagram: &[u8]) -> Option<Self> {
        let format = Format::of(u16::from_be_bytes(get(datagram, 12)?));
        let sent_in = Format::of(u16::from_be_bytes(get(datagram, 36)?));
        let mut answer = Self {
            number: u32::from_be_bytes(get(datagram, 0)?),
            sequence: u32::from_be_bytes(get(datagram, 24)?),
            t1: sent_in.decode(get(datagram, 28)?),
            t2: format.decode(get(datagram, 16)?),
            t3: format.decode(get(datagram, 4)?),
            extension: None,
            understood: false,
            follow_up: None,
        };
        get::<BASE>(datagram, 0)?;
        for tlv in tlvs(datagram) {
            let value = &datagram[tlv.value..];
            match (tlv.kind, tlv.length) {
                FOLLOW_UP if tlv.flags & UNRECOGNISED == 0 => {
                    let t3: [u8; 8] = get(value, 4)?;
                    answer.follow_up = (t3 != [0; 8])
                        .then_some((u32::from_be_bytes(get(value, 0)?), format.decode(t3)));
                }
                PRIVATE => {
                    answer.extension = Extension::parse(value);
                    answer.understood = tlv.flags & UNRECOGNISED == 0;
                }
                _ => {}
            }
        }
        Some(answer)
    }
}
