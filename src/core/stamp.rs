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

use super::sample::Token;
use super::time::{Nanos, SECOND};

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

/// How a peer writes time stamps: the Z bit of its error estimate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Seconds since 1900 and a binary fraction (RFC 5905).
    Ntp,
    /// Seconds since 1970 and nanoseconds (IEEE 1588, truncated).
    Ptp,
}

impl Format {
    const PTP_BIT: u16 = 1 << 14;
    /// Seconds from 1900 to 1970.
    const NTP_TO_UNIX: Nanos = 2_208_988_800;

    fn of(error_estimate: u16) -> Self {
        if error_estimate & Self::PTP_BIT == 0 {
            Self::Ntp
        } else {
            Self::Ptp
        }
    }

    /// Not synchronised to an outside source; 1 x 2^12 x 2^-32 s, about 1 us.
    fn error_estimate(self) -> u16 {
        let magnitude = 12 << 8 | 1;
        match self {
            Self::Ntp => magnitude,
            Self::Ptp => Self::PTP_BIT | magnitude,
        }
    }

    fn encode(self, time: Nanos) -> [u8; 8] {
        let (seconds, nanos) = (time.div_euclid(SECOND), time.rem_euclid(SECOND));
        let (seconds, fraction) = match self {
            Self::Ntp => (
                seconds + Self::NTP_TO_UNIX,
                ((nanos << 32) + SECOND / 2) / SECOND,
            ),
            Self::Ptp => (seconds, nanos),
        };
        let mut bytes = [0; 8];
        bytes[..4].copy_from_slice(&(seconds as u32).to_be_bytes());
        bytes[4..].copy_from_slice(&(fraction as u32).to_be_bytes());
        bytes
    }

    fn decode(self, bytes: [u8; 8]) -> Nanos {
        let both = u64::from_be_bytes(bytes);
        let (seconds, fraction) = ((both >> 32) as Nanos, (both & 0xffff_ffff) as Nanos);
        match self {
            Self::Ptp => seconds * SECOND + fraction,
            Self::Ntp => {
                // RFC 4330: without its top bit the count has begun anew, in 2036.
                let era = if seconds < 1 << 31 { 1 << 32 } else { 0 };
                let nanos = (fraction * SECOND + (1 << 31)) >> 32;
                (seconds + era - Self::NTP_TO_UNIX) * SECOND + nanos
            }
        }
    }
}

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
    fn parse(value: &[u8]) -> Option<Self> {
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

    fn write(&self, value: &mut [u8]) {
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
    private: Option<usize>,
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

/// A STAMP sender leaves zero what a reflector fills in.
pub fn is_request(datagram: &[u8]) -> bool {
    datagram
        .get(16..BASE)
        .is_some_and(|reserved| reserved.iter().all(|byte| *byte == 0))
}

struct Tlv {
    flags: u8,
    kind: u8,
    length: usize,
    /// Where the value begins in the datagram.
    value: usize,
}

/// The whole TLVs of a datagram; each is at least its header long, so the datagram's length bounds their number.
fn tlvs(datagram: &[u8]) -> impl Iterator<Item = Tlv> {
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

fn get<const N: usize>(datagram: &[u8], at: usize) -> Option<[u8; N]> {
    datagram.get(at..)?.first_chunk().copied()
}

fn put<const N: usize>(datagram: &mut [u8], at: usize, bytes: [u8; N]) {
    datagram[at..at + N].copy_from_slice(&bytes);
}

fn put_header(datagram: &mut [u8], at: usize, (kind, length): (u8, usize)) {
    let [high, low] = (length as u16).to_be_bytes();
    put(datagram, at, [UNRECOGNISED, kind, high, low]);
}

fn put_understood(datagram: &mut [u8], value: usize) {
    datagram[value - 4] = 0;
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn probe(sequence: u32, completed: Option<Completed>) -> Probe {
        let extension = Extension {
            token: Token([7; 16]),
            end: false,
            completed,
            answered: 3,
        };
        Probe {
            sequence,
            session: 9,
            t1: 1_700_000_000 * SECOND + 123_456_789,
            extension,
        }
    }

    fn answered(request: &mut [u8], reply: &Reply, t3: Nanos) -> Answer {
        let parsed = Request::parse(request).expect("a request");
        parsed.answer(request, reply);
        parsed.depart(request, t3);
        Answer::parse(request).expect("a reply")
    }

    const REPLY: Reply = Reply {
        number: 77,
        t2: 1_700_000_001 * SECOND + 1,
        follow_up: Some((76, 1_700_000_000 * SECOND + 2)),
    };

    #[test]
    fn the_datagram_is_laid_out_as_documented() {
        let completed = Completed {
            sequence: 4,
            reply: 5,
            t1: SECOND + 6,
            t4: 2 * SECOND + 7,
        };
        let datagram = probe(0x0102_0304, Some(completed)).encode();
        assert_eq!(datagram[..4], [1, 2, 3, 4]);
        assert_eq!(datagram[12] & 0xc0, 0x40, "S clear, Z set");
        assert_eq!(datagram[14..16], [0, 9]);
        assert!(datagram[16..44].iter().all(|byte| *byte == 0));
        assert_eq!(datagram[44..48], [0x80, 7, 0, 16]);
        assert_eq!(datagram[64..68], [0x80, 252, 0, 40]);
        assert_eq!(datagram[68..84], [7; 16]);
        assert_eq!(datagram[84..92], [0, 0, 0, 4, 0, 5, 0, 3]);
        assert_eq!(
            datagram[92..108],
            [0, 0, 0, 1, 0, 0, 0, 6, 0, 0, 0, 2, 0, 0, 0, 7]
        );
    }

    #[test]
    fn a_host_reads_what_a_function_wrote_and_the_other_way_round() {
        let sent = probe(5, None);
        let mut datagram = sent.encode();
        let request = Request::parse(&datagram).expect("a request");
        assert_eq!(
            (request.sequence, request.session, request.format),
            (5, 9, Format::Ptp)
        );
        assert_eq!(request.extension, Some(sent.extension));
        let answer = answered(&mut datagram, &REPLY, REPLY.t2 + 50);
        assert_eq!(
            (answer.number, answer.sequence, answer.t1),
            (77, 5, sent.t1)
        );
        assert_eq!((answer.t2, answer.t3), (REPLY.t2, REPLY.t2 + 50));
        assert_eq!(answer.extension, Some(sent.extension));
        assert!(answer.understood);
        assert_eq!(answer.follow_up, REPLY.follow_up);
        assert_eq!(datagram[40], UNKNOWN_TTL);
        assert_eq!(
            (datagram[44], datagram[60], datagram[64]),
            (0, SOFTWARE_LOCAL, 0)
        );
        assert!(
            !is_request(&datagram),
            "a reply is no request: two hosts never answer each other"
        );
    }

    #[test]
    fn a_plain_stamp_sender_gets_its_own_size_and_time_format() {
        for format in [Format::Ntp, Format::Ptp] {
            let t1 = 1_700_000_000 * SECOND + 999_999_999;
            let mut plain = [0; BASE];
            put(&mut plain, 0, 3_u32.to_be_bytes());
            put(&mut plain, 4, format.encode(t1));
            put(&mut plain, 12, format.error_estimate().to_be_bytes());
            let answer = answered(&mut plain, &REPLY, REPLY.t2 + 9);
            assert_eq!(
                Format::of(u16::from_be_bytes([plain[12], plain[13]])),
                format
            );
            assert_eq!(
                (answer.sequence, answer.t1, answer.t2, answer.t3),
                (3, t1, REPLY.t2, REPLY.t2 + 9)
            );
            assert_eq!((answer.extension, answer.follow_up), (None, None));
        }
    }

    #[test]
    fn a_reflector_that_does_not_know_our_extension_is_seen_as_such() {
        let mut datagram = probe(1, None).encode();
        let mut request = Request::parse(&datagram).expect("a request");
        request.private = None;
        request.answer(&mut datagram, &REPLY);
        assert!(!Answer::parse(&datagram).expect("a reply").understood);
    }

    #[test]
    fn ntp_seconds_go_on_after_2036() {
        let bytes = [0, 0, 0, 1, 0, 0, 0, 0];
        assert_eq!(
            Format::Ntp.decode(bytes),
            ((1 << 32) + 1 - Format::NTP_TO_UNIX) * SECOND
        );
    }

    proptest! {
        #[test]
        fn times_keep_every_nanosecond(seconds in 0..i64::from(u32::MAX), nanos in 0..SECOND) {
            let time = seconds * SECOND + nanos;
            prop_assert_eq!(Format::Ptp.decode(Format::Ptp.encode(time)), time);
            // NTP's window of 136 years begins in 1968.
            let time = time.min(2_085_000_000 * SECOND);
            prop_assert_eq!(Format::Ntp.decode(Format::Ntp.encode(time)), time);
        }

        #[test]
        fn probes_come_back_as_they_were(
            sequence: u32, session: u16, token: [u8; 16], end: bool, answered: u16,
            told in proptest::option::of((0..NO_EXCHANGE, any::<u16>(), 0..1_i64 << 32, 0..SECOND)),
        ) {
            let completed = told.map(|(sequence, reply, seconds, nanos)| {
                Completed { sequence, reply, t1: seconds * SECOND + nanos, t4: seconds * SECOND }
            });
            let extension = Extension { token: Token(token), end, completed, answered };
            let datagram = Probe { sequence, session, t1: 1, extension }.encode();
            let request = Request::parse(&datagram).expect("a request");
            prop_assert_eq!((request.sequence, request.session), (sequence, session));
            prop_assert_eq!(request.extension, Some(extension));
        }

        #[test]
        fn no_bytes_make_it_panic_or_grow(
            mut datagram in proptest::collection::vec(any::<u8>(), 0..300), zeroed: bool,
        ) {
            if zeroed && datagram.len() >= BASE {
                datagram[16..BASE].fill(0);
            }
            let length = datagram.len();
            if let Some(request) = Request::parse(&datagram) {
                request.answer(&mut datagram, &REPLY);
                request.depart(&mut datagram, -1);
            }
            let _ = Answer::parse(&datagram);
            prop_assert_eq!(datagram.len(), length);
        }
    }
}
