//! The wire format: STAMP (RFC 8762, TLVs of RFC 8972), the function as Session-Sender, the host as Session-Reflector.
//!
//! One datagram of 108 bytes each way, big-endian. A timestamp is `PTPv2`'s truncated form (RFC 8762, Z bit of the
//! error estimate set): 4 bytes of seconds since the Unix epoch, 4 bytes of nanoseconds.
//!
//! ```text
//! octets    function -> host                              host -> function
//!   0-3     sequence number, from 0                       reply number, from 0 in each session
//!   4-11    T1, user space                                T3, user space
//!  12-13    error estimate (S 0, Z 1, scale, multiplier)  the same
//!  14-15    SSID: the session                             SSID
//!  16-23    zero                                          T2, the best stamp there is
//!  24-27    zero                                          sequence number of the request
//!  28-35    zero                                          T1 of the request
//!  36-43    zero                                          its error estimate 2, zero 2, TTL 1, zero 3
//!  44-47    TLV: flags (U set), type 7, length 16         TLV: flags (U clear), type 7, length 16
//!  48-51    zero                                          number of an earlier reply (normally the previous one)
//!  52-59    zero                                          its T3 by the kernel
//!  60-63    zero                                          timestamping method 2 (software, local) or 0 when unknown; zero 3
//!  64-67    TLV: flags (U set), type 252, length 40       the same TLV with U clear
//!  68-83    token
//!  84-87    bit 31: END marker; bits 0-30: sequence number of the last exchange completed, or 0x7fffffff for none
//!  88-89    low 16 bits of that exchange's reply number
//!  90-91    probes answered so far (distinct), low 16 bits
//!  92-99    its T1, by the kernel if it gave one, else user space; zero for none
//! 100-107   its T4, likewise
//! ```
//!
//! END markers are no exchanges: they carry numbers beyond the last probe, are answered like any other request
//! (the answer, END bit included, is the confirmation), and count in no statistic.
//!
//! END markers of one session all carry the same number, the count of its probes. A function with several exchanges
//! to tell tells the oldest untold one in octets 84-107, and the last one again when there is nothing new.

mod answer;
mod fields;
mod format;
mod probe;
mod request;

pub use self::answer::Answer;
pub use self::format::Format;
pub use self::probe::{Completed, Extension, Probe};
pub use self::request::{Reply, Request};

/// Bytes of our datagrams.
pub const DATAGRAM: usize = 108;
/// Bytes of STAMP's base packet, the least a peer may send.
pub const BASE: usize = 44;
/// Most probes of a session: exchanges are told in 16 bits.
pub const MOST_PROBES: u32 = 1 << 16;

const UNRECOGNISED: u8 = 0x80;
const FOLLOW_UP: (u8, usize) = (7, 16);
const PRIVATE: (u8, usize) = (252, 40);
const SOFTWARE_LOCAL: u8 = 2;
const END: u32 = 1 << 31;
const NO_EXCHANGE: u32 = END - 1;
/// RFC 8762: what a reflector writes that does not know the TTL a request came with.
const UNKNOWN_TTL: u8 = 255;

/// A STAMP sender leaves zero what a reflector fills in.
pub fn is_request(datagram: &[u8]) -> bool {
    datagram
        .get(16..BASE)
        .is_some_and(|reserved| reserved.iter().all(|byte| *byte == 0))
}

#[cfg(test)]
mod tests;
