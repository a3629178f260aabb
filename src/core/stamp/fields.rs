//! Fields and TLVs of a datagram.

use super::{BASE, UNRECOGNISED};

/// A TLV of RFC 8972.
pub(super) struct Tlv {
    pub flags: u8,
    pub kind: u8,
    pub length: usize,
    /// Where the value begins in the datagram.
    pub value: usize,
}

/// The whole TLVs of a datagram; each is at least its header long, so the datagram's length bounds their number.
pub(super) fn tlvs(datagram: &[u8]) -> impl Iterator<Item = Tlv> {
    let mut at = BASE;
    std::iter::from_fn(move || {
        let [flags, kind, high, low] = get(datagram, at)?;
        let tlv = Tlv {
            flags,
            kind,
            length: usize::from(u16::from_be_bytes([high, low])),
            value: at + 4,
        };
        at = tlv.value + tlv.length;
        (at <= datagram.len()).then_some(tlv)
    })
}

pub(super) fn get<const N: usize>(datagram: &[u8], at: usize) -> Option<[u8; N]> {
    datagram.get(at..)?.first_chunk().copied()
}

pub(super) fn put<const N: usize>(datagram: &mut [u8], at: usize, bytes: [u8; N]) {
    datagram[at..at + N].copy_from_slice(&bytes);
}

pub(super) fn put_header(datagram: &mut [u8], at: usize, (kind, length): (u8, usize)) {
    let [high, low] = (length as u16).to_be_bytes();
    put(datagram, at, [UNRECOGNISED, kind, high, low]);
}

pub(super) fn put_understood(datagram: &mut [u8], value: usize) {
    datagram[value - 4] = 0;
}
