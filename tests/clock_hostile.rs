//! Strangers on the host's port: nobody answers them and no sample changes.

#![allow(clippy::unwrap_used)]

mod clock_support;

use std::net::UdpSocket;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use clock_support::{Wish, echo, run, spec};
use sebs_tui::core::contract::{Dialect, StampKind, StopReason};
use sebs_tui::core::sample::Token;
use sebs_tui::core::stamp::{Extension, Probe};

const KINDS: usize = 8;

fn probe(session: u16, token: Token) -> Vec<u8> {
    let extension = Extension {
        token,
        end: true,
        completed: None,
        answered: u16::MAX,
    };
    Probe {
        sequence: 0,
        session,
        t1: 1,
        extension,
    }
    .encode()
    .to_vec()
}

/// One datagram of each kind, for the identifiers that sessions have or had.
fn hostile(kind: usize, number: u32, old: (u16, Token), session: u16) -> Vec<u8> {
    match kind {
        0 => probe(session, Token(rand::random())),
        1 => b"stop".to_vec(),
        2 => Vec::new(),
        // The largest is dear to send: now and then.
        3 if number.is_multiple_of(64) => vec![0; 65_507],
        3 => vec![b'x'; 2049],
        4 => vec![0xff, 0xfe, 0x80, 0x00, 0xc3],
        5 => probe(old.0, old.1),
        6 => vec![0; 44],
        _ => format!("{:032x}", rand::random::<u128>()).into_bytes(),
    }
}

/// Sends so many hostile datagrams while sessions run, and tells how many sessions there were.
fn attack(datagrams: u32, dialect: Dialect) -> u32 {
    let (echo, strays) = echo(StampKind::Kernel);
    let old = (Token([9; 16]), Wish::default());
    let old_session = echo.open(spec(old.0, &old.1)).unwrap();
    echo.close(old_session).unwrap();

    let stranger = UdpSocket::bind("127.0.0.1:0").unwrap();
    stranger.set_nonblocking(true).unwrap();
    let attacking = AtomicBool::new(true);
    let (mut sessions, mut settled) = (0, 0);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for number in 0..datagrams {
                // The next identifiers to be given out follow the old one.
                let session = old_session + 1 + (number % 2000) as u16;
                let datagram = hostile(
                    number as usize % KINDS,
                    number,
                    (old_session, old.0),
                    session,
                );
                // A full buffer of the sender is no failure of the host's.
                let _ = stranger.send_to(&datagram, echo.local_addr());
            }
            attacking.store(false, Relaxed);
        });
        // A session can fall silent when the machine is busy; that all do must not be.
        while attacking.load(Relaxed) || (settled == 0 && sessions < 20) {
            let outcome = run(
                &echo,
                &Wish {
                    dialect,
                    ..Wish::default()
                },
            );
            sessions += 1;
            outcome.assert_bound_holds();
            settled += u32::from(outcome.function.stop == Some(StopReason::Settled));
            assert_eq!(
                (outcome.packets.duplicates, outcome.packets.reordered),
                (0, 0)
            );
            assert!(outcome.host.rows.len() <= outcome.function.exchanges.len());
            assert_eq!(
                (outcome.function.implausible, outcome.host.implausible),
                (0, 0)
            );
        }
    });
    assert_eq!(
        stranger.recv(&mut [0; 128]).unwrap_err().kind(),
        std::io::ErrorKind::WouldBlock,
        "an answer"
    );
    println!("{settled} of {sessions} sessions settled");
    assert!(2 * settled >= sessions, "{settled} of {sessions}");
    let counted = strays.read().strays;
    // Of a flood most can be lost before anybody reads it.
    assert!(
        counted > 0 && counted <= datagrams,
        "{counted} strays counted"
    );
    sessions
}

#[test]
fn strangers_get_no_answer_and_change_no_sample() {
    attack(20_000, Dialect::Stamp);
}

#[test]
fn strangers_get_no_answer_and_change_no_sample_in_sebs_language() {
    attack(20_000, Dialect::Text);
}

#[test]
#[ignore = "heavy: cargo test --release --test clock_hostile -- --ignored --nocapture"]
fn a_million_hostile_datagrams_change_nothing() {
    println!("{} sessions meanwhile", attack(1_000_000, Dialect::Stamp));
}
