//! The socket.

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::AsRawFd;
use std::time::Duration;

use super::clock::wall_clock;
use super::counts::{Counts, SendKey};
use super::message::{ask_for, read_message, set_option};
use crate::core::contract::StampKind;
use crate::core::sample::Stamps;
use crate::core::time::{Nanos, SECOND};

/// Receive buffer asked for, bytes: 1000 functions may start at the same moment. The kernel may grant less.
const RECEIVE_BUFFER: libc::c_int = 4 << 20;

/// A datagram that was received.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Received {
    /// Bytes written to the buffer.
    pub length: usize,
    /// The datagram was longer than the buffer.
    pub truncated: bool,
    /// Where it came from.
    pub source: SocketAddr,
    /// When: user space after the receipt, and the kernel if it said so.
    pub stamps: Stamps,
}

/// See the module.
#[derive(Debug)]
pub struct Socket {
    inner: UdpSocket,
    stamps: StampKind,
    counts: Counts,
}

impl Socket {
    /// Binds `address` with the best stamps to be had.
    pub fn bind(address: SocketAddr) -> io::Result<Self> {
        Self::bind_at_most(address, StampKind::Kernel)
    }

    /// Binds `address` with no better stamps than `best`.
    pub fn bind_at_most(address: SocketAddr, best: StampKind) -> io::Result<Self> {
        let socket = UdpSocket::bind(address)?;
        let fd = socket.as_raw_fd();
        // A smaller buffer still works: it only drops more of a sudden crowd.
        let _ = set_option(fd, libc::SO_RCVBUF, RECEIVE_BUFFER);
        let stamps = [StampKind::Kernel, StampKind::KernelReceive]
            .into_iter()
            .find(|kind| *kind >= best && ask_for(fd, *kind).is_ok())
            .unwrap_or(StampKind::User);
        Ok(Self {
            inner: socket,
            stamps,
            counts: Counts::default(),
        })
    }

    /// The address it is bound to.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.inner.local_addr()
    }

    /// The rung of the ladder it stands on.
    pub fn stamps(&self) -> StampKind {
        self.stamps
    }

    /// Longest time [`Self::receive`] waits; the kernel rounds up to its tick of 1 to 10 ms.
    pub fn set_timeout(&self, timeout: Duration) -> io::Result<()> {
        self.inner.set_read_timeout(Some(timeout))
    }

    /// Waits for a datagram, at most the time set; none when none came or a signal arrived.
    pub fn receive(&self, buffer: &mut [u8]) -> io::Result<Option<Received>> {
        self.take(buffer, 0)
    }

    /// Waits for a datagram, at most `wait` ns, to the precision of the kernel's fine timers.
    /// None when none came, a signal arrived or a stamp of a sent datagram did.
    pub fn receive_within(&self, buffer: &mut [u8], wait: Nanos) -> io::Result<Option<Received>> {
        let wait = wait.max(0);
        let timeout = libc::timespec {
            tv_sec: wait / SECOND,
            tv_nsec: wait % SECOND,
        };
        let mut poll = libc::pollfd {
            fd: self.inner.as_raw_fd(),
            events: libc::POLLIN,
            revents: 0,
        };
        // SAFETY: one pollfd and one timespec, both alive during the call; a null mask leaves signals as they are.
        let ready = unsafe { libc::ppoll(&raw mut poll, 1, &raw const timeout, std::ptr::null()) };
        match ready {
            0 => Ok(None),
            1.. => self.take(buffer, libc::MSG_DONTWAIT),
            _ => absent(io::Error::last_os_error()),
        }
    }

    fn take(&self, buffer: &mut [u8], flags: libc::c_int) -> io::Result<Option<Received>> {
        let message = match read_message(self.inner.as_raw_fd(), buffer, flags) {
            Ok(message) => message,
            Err(error) => return absent(error),
        };
        let user = wall_clock();
        Ok(message.source.map(|source| Received {
            length: message.length,
            truncated: message.truncated,
            source,
            stamps: Stamps(user, message.stamp),
        }))
    }

    /// Sends a datagram. The user-space stamp is the caller's, who writes it into the datagram.
    pub fn send_to(&mut self, datagram: &[u8], to: SocketAddr) -> io::Result<SendKey> {
        match self.inner.send_to(datagram, to) {
            Ok(_) => Ok(self.counts.sent()),
            Err(error) => {
                // What is there already may settle what an earlier failure left in doubt.
                self.drain_sent(|_, _| {});
                self.counts.failed();
                Err(error)
            }
        }
    }

    /// Takes every kernel stamp of a sent datagram that is there, without waiting.
    pub fn drain_sent(&mut self, mut stamped: impl FnMut(SendKey, Nanos)) {
        if self.stamps != StampKind::Kernel {
            return;
        }
        // Every datagram yields one entry, so there are never more than were sent.
        for _ in 0..=self.counts.tried() {
            let Ok(message) = read_message(
                self.inner.as_raw_fd(),
                &mut [],
                libc::MSG_ERRQUEUE | libc::MSG_DONTWAIT,
            ) else {
                return;
            };
            if let (Some(counted), Some(stamp)) = (message.counted, message.stamp)
                && let Some(key) = self.counts.key_of(counted)
            {
                stamped(key, stamp);
                if self.counts.is_last(key) {
                    return;
                }
            }
        }
    }
}

/// No datagram came in time, or a signal did.
fn absent<T>(error: io::Error) -> io::Result<Option<T>> {
    match error.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut | io::ErrorKind::Interrupted => {
            Ok(None)
        }
        _ => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::monotonic;

    const PATIENCE: Nanos = 2 * SECOND;

    fn exchange(host: &str, best: StampKind) -> (Nanos, Option<Nanos>, Received) {
        let mut socket =
            Socket::bind_at_most(host.parse().expect("an address"), best).expect("a socket");
        let own = socket.local_addr().expect("an address");
        let mut buffer = [0; 16];
        // The kernel switches its stamps on a moment after the first socket asked for them.
        for _ in 0..2 {
            socket.send_to(b"first", own).expect("sent");
            socket
                .receive_within(&mut buffer, PATIENCE)
                .expect("received");
            std::thread::sleep(Duration::from_millis(20));
        }
        socket.drain_sent(|_, _| {});
        let before = wall_clock();
        let key = socket.send_to(b"second", own).expect("sent");
        let mut sent = None;
        socket.drain_sent(|stamped, time| sent = Some(time).filter(|_| stamped == key).or(sent));
        let received = socket
            .receive_within(&mut buffer, PATIENCE)
            .expect("received")
            .expect("a datagram");
        assert_eq!(&buffer[..received.length], b"second");
        assert_eq!(received.source, own);
        (before, sent, received)
    }

    #[test]
    fn the_kernel_stamps_both_directions_in_order() {
        for host in ["127.0.0.1:0", "[::1]:0"] {
            let (before, sent, received) = exchange(host, StampKind::Kernel);
            let (sent, kernel) = (sent.expect("a stamp"), received.stamps.1.expect("a stamp"));
            assert!(
                before <= sent && sent <= kernel && kernel <= received.stamps.0,
                "{host}"
            );
        }
    }

    #[test]
    fn a_lower_rung_gives_fewer_stamps_and_still_works() {
        let (before, sent, received) = exchange("127.0.0.1:0", StampKind::KernelReceive);
        assert_eq!(sent, None);
        assert!((before..=received.stamps.0).contains(&received.stamps.1.expect("a stamp")));
        let (_, sent, received) = exchange("127.0.0.1:0", StampKind::User);
        assert_eq!((sent, received.stamps.1), (None, None));
    }

    #[test]
    fn a_failed_send_does_not_mix_up_later_stamps() {
        let mut socket =
            Socket::bind("127.0.0.1:0".parse().expect("an address")).expect("a socket");
        let own = socket.local_addr().expect("an address");
        socket.send_to(b"one", own).expect("sent");
        assert!(
            socket.send_to(&vec![0; 70_000], own).is_err(),
            "longer than UDP allows"
        );
        let key = socket.send_to(b"two", own).expect("sent");
        let mut keys = Vec::new();
        socket.drain_sent(|key, _| keys.push(key));
        assert_eq!(keys, [key]);
    }

    #[test]
    fn waiting_ends_on_time_and_a_long_datagram_is_seen_as_cut() {
        let mut socket =
            Socket::bind("127.0.0.1:0".parse().expect("an address")).expect("a socket");
        socket.set_timeout(Duration::from_millis(5)).expect("set");
        let mut buffer = [0; 4];
        let start = monotonic();
        assert_eq!(socket.receive(&mut buffer).expect("no error"), None);
        assert_eq!(
            socket
                .receive_within(&mut buffer, 1_000_000)
                .expect("no error"),
            None
        );
        assert!(monotonic() - start < SECOND);
        socket
            .send_to(b"too long", socket.local_addr().expect("an address"))
            .expect("sent");
        let received = socket
            .receive(&mut buffer)
            .expect("received")
            .expect("a datagram");
        assert!(received.truncated);
        assert_eq!(received.length, 4);
    }
}
