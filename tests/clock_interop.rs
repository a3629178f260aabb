//! Exchanges with an independent implementation of STAMP, both ways: <https://crates.io/crates/stamp-suite>.

#![allow(clippy::unwrap_used)]

mod clock_support;

use std::net::UdpSocket;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use clock_support::{Wish, echo, invocation, spec};
use sebs_tui::core::contract::StampKind;
use sebs_tui::core::sample::Token;
use sebs_tui::core::stamp::{Answer, Extension, Probe};
use sebs_tui::core::time::SECOND;
use sebs_tui::driver::echo::{Identity, SessionSpec};
use sebs_tui::function::session;
use sebs_tui::net;

fn stamp_suite() -> Command {
    Command::new(std::env::var_os("STAMP_SUITE").unwrap_or_else(|| "stamp-suite".into()))
}

#[test]
#[ignore = "needs the stamp-suite binary (cargo install stamp-suite), on PATH or named by STAMP_SUITE"]
fn another_sender_is_answered_in_its_own_format() {
    let (echo, strays) = echo(StampKind::Kernel);
    for (format, with_session, extra) in [
        ("NTP", false, None),
        ("PTP", false, Some("--follow-up-telemetry")),
        ("NTP", true, Some("--follow-up-telemetry")),
    ] {
        let wish = Wish::default();
        let spec = SessionSpec {
            identity: Identity::Open,
            ..spec(Token([1; 16]), &wish)
        };
        let id = echo.open(spec).unwrap();
        let output = stamp_suite()
            .args([
                "-S",
                "127.0.0.1",
                "-r",
                "127.0.0.1",
                "-p",
                &echo.local_addr().port().to_string(),
            ])
            .args(["-c", "20", "-d", "10", "-L", "1", "-K", format])
            .args(["--ssid", &if with_session { id } else { 0 }.to_string()])
            .args(extra)
            .output()
            .expect("stamp-suite");
        let text = String::from_utf8_lossy(&output.stdout);
        let says = |line: &str| assert!(text.contains(line), "{line:?} is not in\n{text}");
        says("Packets sent: 20");
        says("Packets received: 20");
        says("Replies: 20 unique, 0 additional, 0 late, 0 duplicates, 0 reordered, 0 unknown");
        if extra.is_some() {
            says("Follow-Up: 19 matched, 0 repeated, 0 unmatched");
        }
        let record = echo.close(id).unwrap();
        assert_eq!(
            (record.packets.received, record.packets.duplicates),
            (20, 0)
        );
    }
    assert_eq!(strays.read().strays, 0);
}

/// Ends with the test.
struct Reflector(Child);

impl Drop for Reflector {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
#[ignore = "needs the stamp-suite binary (cargo install stamp-suite), on PATH or named by STAMP_SUITE"]
fn another_reflector_answers_our_function() {
    // A port that was free a moment ago.
    let port = UdpSocket::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let child = stamp_suite()
        .args([
            "-i",
            "-S",
            "127.0.0.1",
            "-o",
            &port.to_string(),
            "-K",
            "PTP",
            "--stateful-reflector",
        ])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("stamp-suite");
    let _reflector = Reflector(child);
    let address = std::net::SocketAddr::from(([127, 0, 0, 1], port));
    let answer = first_answer(address);
    assert!(!answer.understood, "it knows our private extension");
    let now = net::wall_clock();
    assert!(
        (now - 60 * SECOND..=answer.t3).contains(&answer.t2) && answer.t3 <= now,
        "{answer:?}"
    );

    let reply = session::exchange(&invocation(address, 7, Token([2; 16]), &Wish::default()));
    assert_eq!(reply.error, None);
    assert!(reply.exchanges.len() > 20, "{:?}", reply.stop);
    assert!(
        reply.exchanges.iter().all(|exchange| exchange.4.is_some()),
        "{:?}",
        reply.stop
    );
}

/// Knocks until the reflector is up.
fn first_answer(address: std::net::SocketAddr) -> Answer {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket
        .set_read_timeout(Some(Duration::from_millis(100)))
        .unwrap();
    let extension = Extension {
        token: Token([2; 16]),
        end: false,
        completed: None,
        answered: 0,
    };
    let mut buffer = [0; 256];
    for sequence in 0..50 {
        let probe = Probe {
            sequence,
            session: 6,
            t1: net::wall_clock(),
            extension,
        };
        socket.send_to(&probe.encode(), address).unwrap();
        if let Ok(length) = socket.recv(&mut buffer) {
            return Answer::parse(&buffer[..length]).expect("a reply");
        }
    }
    panic!("no answer within 5 s");
}
