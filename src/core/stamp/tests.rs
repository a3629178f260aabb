use super::fields::put;
use super::*;
use crate::core::sample::Token;
use crate::core::time::{Nanos, SECOND};
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
