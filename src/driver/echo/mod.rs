//! The host's end of the clock exchange: a thread of its own that answers functions and does nothing else.
//!
//! Between a datagram's receipt and its reply lie only [`Sessions`]' rules, which neither allocate nor lock. Commands
//! are looked at after a reply, or when a datagram was nobody's.
//!
//! [`Sessions`]: crate::core::exchange::Sessions

mod faults;
mod reminder;
mod waker;
mod worker;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use self::faults::Faults;
use self::waker::Waker;
use self::worker::Worker;
use super::mapping::Mapping;
use crate::core::contract::StampKind;
use crate::core::exchange::{HostRecord, Session};
use crate::core::live::Live;
use crate::net::Socket;

pub use crate::core::exchange::{Identity, SessionSpec};

/// Sessions at once.
const PLACES: u16 = 2048;
/// Commands that may wait; further callers try again until their deadline.
const COMMANDS: usize = 64;

/// Longest time a caller waits for the thread.
const DEADLINE: Duration = Duration::from_secs(1);
/// A caller wakes the thread this often, should a full socket have dropped the last try.
const WAKE_EVERY: Duration = Duration::from_millis(20);

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
    faults: Arc<Faults>,
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
        socket.set_timeout(worker::IDLE)?;
        let (local, stamps) = (socket.local_addr()?, socket.stamps());
        let waker = Waker::new(local)?;
        let (commands, inbox) = sync_channel(COMMANDS);
        let faults = Arc::<Faults>::default();
        let told = (live, faults.clone());
        let worker = Worker::new(socket, mapping, told, (waker.word, inbox));
        let thread = std::thread::Builder::new()
            .name("echo".into())
            .spawn(move || worker.run())?;
        Ok(Self {
            local,
            mapping,
            stamps,
            commands,
            waker,
            faults,
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

    /// How often its socket failed since this was last asked, and the last error; none when it did not. Datagrams may
    /// have been lost.
    pub fn faults(&self) -> Option<(u32, io::Error)> {
        self.faults.take()
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
        // When the box is full the thread finds the other end gone instead, at the latest after [`worker::IDLE`].
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
