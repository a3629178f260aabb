//! Reminds a NAT of the echo's socket while nothing else is sent.

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::super::mapping::Mapping;
use crate::core::stun;
use crate::net::Socket;

/// A NAT may forget a socket that has sent nothing for 30 s (RFC 8489 leaves it open, RFC 4787 asks for two minutes).
const REMINDER: Duration = Duration::from_secs(15);

/// Keeps a NAT's mapping alive while nothing else is sent.
pub(super) struct Reminder {
    server: SocketAddr,
    next: Instant,
}

impl Reminder {
    pub fn of(mapping: Mapping) -> Self {
        Self {
            server: mapping.server,
            next: Instant::now() + REMINDER,
        }
    }

    /// Sends one when it is due.
    pub fn send_in_time(&mut self, socket: &mut Socket) -> io::Result<()> {
        if self.next > Instant::now() {
            return Ok(());
        }
        self.next = Instant::now() + REMINDER;
        let sent = socket.send_to(&stun::indication(&rand::random()), self.server);
        sent.map(|_| ())
    }
}

#[cfg(test)]
mod tests {
    use std::net::UdpSocket;

    use super::*;

    #[test]
    fn a_nat_is_reminded_when_nothing_was_sent_for_a_while_and_not_before() {
        let server = UdpSocket::bind("127.0.0.1:0").expect("a port");
        let patience = Some(Duration::from_millis(200));
        server.set_read_timeout(patience).expect("a time-out");
        let address = server.local_addr().expect("an address");
        let mut socket = Socket::bind("127.0.0.1:0".parse().expect("one")).expect("a port");
        let mut reminder = Reminder::of(Mapping {
            address,
            servers: 1,
            server: address,
        });
        let mut buffer = [0; 100];
        reminder.send_in_time(&mut socket).expect("no error");
        assert!(server.recv(&mut buffer).is_err(), "it is not due");
        reminder.next = Instant::now();
        reminder.send_in_time(&mut socket).expect("no error");
        let length = server.recv(&mut buffer).expect("a datagram");
        assert_eq!((length, &buffer[..2]), (stun::HEAD, &[0, 0x11][..]));
        reminder.send_in_time(&mut socket).expect("no error");
        assert!(
            server.recv(&mut buffer).is_err(),
            "the next one is due later"
        );
    }
}
