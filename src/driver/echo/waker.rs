//! Ends the echo thread's wait for a datagram.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

/// What a wake-up says. A network between may change where it seems to come from, as Docker's masquerading does.
pub(super) type Word = [u8; 16];

/// Sends the thread a word that nobody else knows.
#[derive(Debug)]
pub(super) struct Waker {
    socket: UdpSocket,
    target: SocketAddr,
    pub word: Word,
}

impl Waker {
    pub fn new(echo: SocketAddr) -> io::Result<Self> {
        let ip = match echo.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
            ip => ip,
        };
        let mut target = echo;
        target.set_ip(ip);
        let mut own = target;
        own.set_port(0);
        Ok(Self {
            socket: UdpSocket::bind(own)?,
            target,
            word: rand::random(),
        })
    }

    pub fn wake(&self) {
        // A wake-up that cannot be sent is tried again, or replaced by the thread's own time-out.
        let _ = self.socket.send_to(&self.word, self.target);
    }
}
