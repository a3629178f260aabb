//! The host's end of the clock exchange: a thread of its own that answers functions and does nothing else.
//!
//! Between a datagram's receipt and its reply lie only [`Sessions`]' rules, which neither allocate nor lock. Commands
//! are looked at after a reply, or when a datagram was nobody's.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::mpsc::{
    Receiver, RecvTimeoutError, SendError, SyncSender, TryRecvError, TrySendError, sync_channel,
};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::mapping::Mapping;
use crate::core::contract::StampKind;
use crate::core::exchange::{HostRecord, Receipt, Session, Sessions};
use crate::core::live::Live;
use crate::core::stun;
use crate::net::{self, Received, SendKey, Socket};

pub use crate::core::exchange::{Identity, SessionSpec};

/// Sessions at once.
const PLACES: u16 = 2048;
/// Commands that may wait; further callers try again until their deadline.
const COMMANDS: usize = 64;
/// Longest datagram that is looked at: no request of ours or of a STAMP sender is longer.
const LONGEST_REQUEST: usize = 2048;
/// Replies whose kernel stamp may be outstanding; a power of two, for a quick remainder.
const OUTSTANDING: usize = 4096;
/// Longest time a caller waits for the thread.
const DEADLINE: Duration = Duration::from_secs(1);
/// A caller wakes the thread this often, should a full socket have dropped the last try.
const WAKE_EVERY: Duration = Duration::from_millis(20);
/// The thread looks for commands at least this often, whatever becomes of wake-ups.
const IDLE: Duration = Duration::from_millis(250);
/// A NAT may forget a socket that has sent nothing for 30 s (RFC 8489 leaves it open, RFC 4787 asks for two minutes).
const REMINDER: Duration = Duration::from_secs(15);
/// Pause after an error of the socket, so that a lasting one does not spin.
const AFTER_ERROR: Duration = Duration::from_millis(10);

/// Why a session could not be opened or closed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EchoError {
    /// All places are taken.
    #[error("all {PLACES} sessions are in use: close one first")]
    Full,
    /// There is no such session.
    #[error("no session {0} is open")]
    NoSession(u16),
    /// The thread did not answer in time.
    #[error("the echo thread did not answer within {} s: the machine is overloaded, or the thread has died", DEADLINE.as_secs())]
    NoAnswer,
}

/// See the module.
#[derive(Debug)]
pub struct Echo {
    local: SocketAddr,
    mapping: Option<Mapping>,
    stamps: StampKind,
    commands: SyncSender<Command>,
    waker: Waker,
    thread: Option<JoinHandle<()>>,
}

enum Command {
    Open(Box<Session>, SyncSender<Result<u16, EchoError>>),
    Close(u16, SyncSender<Result<Box<Session>, EchoError>>),
    Quit,
}

impl Echo {
    /// Binds `listen` and starts the thread; datagrams of no session are counted on `live`.
    pub fn start(listen: SocketAddr, live: Arc<Live>) -> io::Result<Self> {
        Self::start_at_most(listen, live, StampKind::Kernel)
    }

    /// As [`Self::start`], with no better stamps than `best`.
    pub fn start_at_most(listen: SocketAddr, live: Arc<Live>, best: StampKind) -> io::Result<Self> {
        Self::behind(Socket::bind_at_most(listen, best)?, None, live)
    }

    /// As [`Self::start`], with a socket that is bound already, and how it is seen from outside.
    pub fn behind(socket: Socket, mapping: Option<Mapping>, live: Arc<Live>) -> io::Result<Self> {
        socket.set_timeout(IDLE)?;
        let (local, stamps) = (socket.local_addr()?, socket.stamps());
        let waker = Waker::new(local)?;
        let (commands, inbox) = sync_channel(COMMANDS);
        let worker = Worker {
            socket,
            sessions: Sessions::new(PLACES),
            outstanding: vec![None; OUTSTANDING].into_boxed_slice(),
            live,
            waker: waker.source,
            inbox,
            reminder: mapping.map(Reminder::of),
        };
        let thread = std::thread::Builder::new()
            .name("echo".into())
            .spawn(move || worker.run())?;
        Ok(Self {
            local,
            mapping,
            stamps,
            commands,
            waker,
            thread: Some(thread),
        })
    }

    /// The address that functions send to.
    pub fn local_addr(&self) -> SocketAddr {
        self.local
    }

    /// How STUN servers see it, where they were asked.
    pub fn mapping(&self) -> Option<Mapping> {
        self.mapping
    }

    /// The host's time stamps.
    pub fn stamps(&self) -> StampKind {
        self.stamps
    }

    /// Opens a session and names its identifier; once this returns, its first datagram is answered.
    pub fn open(&self, spec: SessionSpec) -> Result<u16, EchoError> {
        // The session's memory is taken here, not by the thread.
        let session = Box::new(Session::new(spec));
        self.ask(|answer| Command::Open(session, answer))
    }

    /// Closes a session and hands over what it recorded.
    pub fn close(&self, session: u16) -> Result<HostRecord, EchoError> {
        self.ask(|answer| Command::Close(session, answer))
            .map(|session| session.into_record())
    }

    fn ask<T>(
        &self,
        command: impl FnOnce(SyncSender<Result<T, EchoError>>) -> Command,
    ) -> Result<T, EchoError> {
        let (answer, answered) = sync_channel(1);
        let mut unsent = Some(command(answer));
        let deadline = Instant::now() + DEADLINE;
        while Instant::now() < deadline {
            unsent = unsent.and_then(|command| match self.commands.try_send(command) {
                Err(TrySendError::Full(command)) => Some(command),
                Ok(()) | Err(TrySendError::Disconnected(_)) => None,
            });
            self.waker.wake();
            match answered.recv_timeout(WAKE_EVERY) {
                Ok(result) => return result,
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        Err(EchoError::NoAnswer)
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        // When the box is full the thread finds the other end gone instead, at the latest after `IDLE`.
        let _ = self.commands.try_send(Command::Quit);
        let (gone, _) = sync_channel(1);
        self.commands = gone;
        self.waker.wake();
        if let Some(thread) = self.thread.take() {
            // A panic of the thread was printed when it happened.
            let _ = thread.join();
        }
    }
}

/// Ends the thread's wait for a datagram, by sending it an empty one.
#[derive(Debug)]
struct Waker {
    socket: UdpSocket,
    source: SocketAddr,
    target: SocketAddr,
}

impl Waker {
    fn new(echo: SocketAddr) -> io::Result<Self> {
        let ip = match echo.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
            ip => ip,
        };
        let mut target = echo;
        target.set_ip(ip);
        let mut own = target;
        own.set_port(0);
        let socket = UdpSocket::bind(own)?;
        Ok(Self {
            source: socket.local_addr()?,
            socket,
            target,
        })
    }

    fn wake(&self) {
        // A wake-up that cannot be sent is tried again, or replaced by the thread's own time-out.
        let _ = self.socket.send_to(&[], self.target);
    }
}

/// A reply and the row whose kernel T3 is still to come.
type Unstamped = (SendKey, (u16, u32));

/// What the thread owns.
struct Worker {
    socket: Socket,
    sessions: Sessions,
    /// By key modulo its length.
    outstanding: Box<[Option<Unstamped>]>,
    live: Arc<Live>,
    waker: SocketAddr,
    inbox: Receiver<Command>,
    /// Where there is a NAT between.
    reminder: Option<Reminder>,
}

/// Keeps a NAT's mapping alive while nothing else is sent.
struct Reminder {
    server: SocketAddr,
    next: Instant,
}

impl Reminder {
    fn of(mapping: Mapping) -> Self {
        Self {
            server: mapping.server,
            next: Instant::now() + REMINDER,
        }
    }

    /// Sends one when it is due. That it cannot be sent shows in the exchanges.
    fn send_in_time(&mut self, socket: &mut Socket) {
        if self.next <= Instant::now() {
            let _ = socket.send_to(&stun::indication(&rand::random()), self.server);
            self.next = Instant::now() + REMINDER;
        }
    }
}

impl Worker {
    fn run(mut self) {
        let mut buffer = [0; LONGEST_REQUEST];
        loop {
            match self.socket.receive(&mut buffer) {
                Ok(Some(received)) => self.answer(&mut buffer, &received),
                // Nobody waits for an answer now.
                Ok(None) => {
                    if let Some(reminder) = &mut self.reminder {
                        reminder.send_in_time(&mut self.socket);
                    }
                }
                Err(_) => std::thread::sleep(AFTER_ERROR),
            }
            if self.obey().is_break() {
                return;
            }
        }
    }

    fn answer(&mut self, buffer: &mut [u8], received: &Received) {
        let datagram = &mut buffer[..received.length];
        let receipt = if received.truncated {
            Receipt::Stray
        } else {
            self.sessions
                .receive(datagram, received.source, received.stamps)
        };
        match receipt {
            Receipt::Reply(outgoing) => {
                let t3 = net::wall_clock();
                Sessions::depart(&outgoing, datagram, t3);
                // A reply that cannot be sent is a lost one.
                if let Ok(key) = self.socket.send_to(datagram, received.source) {
                    self.sessions.departed(&outgoing, t3);
                    let place = &mut self.outstanding[key as usize % OUTSTANDING];
                    *place = outgoing.awaits_stamp().map(|row| (key, row));
                    self.collect_stamps();
                }
            }
            Receipt::Silent => {}
            Receipt::Stray if received.length == 0 && received.source == self.waker => {}
            Receipt::Stray => self.live.stray(),
        }
    }

    fn collect_stamps(&mut self) {
        let Self {
            socket,
            sessions,
            outstanding,
            ..
        } = self;
        socket.drain_sent(|key, t3| {
            let place = &mut outstanding[key as usize % OUTSTANDING];
            if let Some((_, row)) = place.take_if(|(sent, _)| *sent == key) {
                sessions.stamped(row, t3);
            }
        });
    }

    /// Answers what has arrived already: a session is closed only after its last words were heard.
    fn catch_up(&mut self) {
        let mut buffer = [0; LONGEST_REQUEST];
        for _ in 0..OUTSTANDING {
            let Ok(Some(received)) = self.socket.receive_within(&mut buffer, 0) else {
                break;
            };
            self.answer(&mut buffer, &received);
        }
        self.collect_stamps();
    }

    /// Does what was asked for; breaks when the other end wants no more.
    fn obey(&mut self) -> std::ops::ControlFlow<()> {
        use std::ops::ControlFlow::{Break, Continue};
        // As many as may wait, so that a crowd of callers does not keep functions waiting for ever.
        for _ in 0..COMMANDS {
            match self.inbox.try_recv() {
                Ok(Command::Open(session, answer)) => {
                    let opened = self.sessions.open(session).map_err(|_| EchoError::Full);
                    // A caller that gave up waiting will not close it.
                    if let Err(SendError(Ok(unheard))) = answer.send(opened) {
                        self.sessions.close(unheard);
                    }
                }
                Ok(Command::Close(id, answer)) => {
                    self.catch_up();
                    let _ = answer.send(self.sessions.close(id).ok_or(EchoError::NoSession(id)));
                }
                Ok(Command::Quit) | Err(TryRecvError::Disconnected) => return Break(()),
                Err(TryRecvError::Empty) => return Continue(()),
            }
        }
        Continue(())
    }
}

#[cfg(test)]
mod tests {
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
        reminder.send_in_time(&mut socket);
        assert!(server.recv(&mut buffer).is_err(), "it is not due");
        reminder.next = Instant::now();
        reminder.send_in_time(&mut socket);
        let length = server.recv(&mut buffer).expect("a datagram");
        assert_eq!((length, &buffer[..2]), (stun::HEAD, &[0, 0x11][..]));
        reminder.send_in_time(&mut socket);
        assert!(
            server.recv(&mut buffer).is_err(),
            "the next one is due later"
        );
    }
}
