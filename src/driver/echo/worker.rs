//! What the echo thread does.

use std::io;
use std::ops::ControlFlow::{self, Break, Continue};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SendError, TryRecvError};
use std::time::Duration;

use super::super::mapping::Mapping;
use super::faults::Faults;
use super::reminder::Reminder;
use super::waker::Word;
use super::{COMMANDS, Command, EchoError, PLACES};
use crate::core::exchange::{Receipt, Sessions};
use crate::core::live::Live;
use crate::net::{self, Received, SendKey, Socket};

/// Longest datagram that is looked at: no request of ours or of a STAMP sender is longer.
const LONGEST_REQUEST: usize = 2048;
/// Replies whose kernel stamp may be outstanding; a power of two, for a quick remainder.
const OUTSTANDING: usize = 4096;
/// The thread looks for commands at least this often, whatever becomes of wake-ups.
pub(super) const IDLE: Duration = Duration::from_millis(250);
/// Pause after an error of the socket, so that a lasting one does not spin.
const AFTER_ERROR: Duration = Duration::from_millis(10);

/// A reply and the row whose kernel T3 is still to come.
type Unstamped = (SendKey, (u16, u32));

/// What the thread owns.
pub(super) struct Worker {
    socket: Socket,
    sessions: Sessions,
    /// By key modulo its length.
    outstanding: Box<[Option<Unstamped>]>,
    live: Arc<Live>,
    faults: Arc<Faults>,
    wake_up: Word,
    inbox: Receiver<Command>,
    /// Where there is a NAT between.
    reminder: Option<Reminder>,
}

impl Worker {
    /// Of a socket that wakes up by itself every [`IDLE`]; commands come with this word.
    pub fn new(
        socket: Socket,
        mapping: Option<Mapping>,
        (live, faults): (Arc<Live>, Arc<Faults>),
        (wake_up, inbox): (Word, Receiver<Command>),
    ) -> Self {
        Self {
            socket,
            sessions: Sessions::new(PLACES),
            outstanding: vec![None; OUTSTANDING].into_boxed_slice(),
            live,
            faults,
            wake_up,
            inbox,
            reminder: mapping.map(Reminder::of),
        }
    }

    /// Until nobody wants it any more.
    pub fn run(mut self) {
        let mut buffer = [0; LONGEST_REQUEST];
        loop {
            let heard = self.socket.receive(&mut buffer);
            self.react(&mut buffer, heard);
            if self.obey().is_break() {
                return;
            }
        }
    }

    fn react(&mut self, buffer: &mut [u8], heard: io::Result<Option<Received>>) {
        match heard {
            Ok(Some(received)) => self.answer(buffer, &received),
            // Nobody waits for an answer now.
            Ok(None) => {
                if let Some(reminder) = &mut self.reminder
                    && let Err(error) = reminder.send_in_time(&mut self.socket)
                {
                    self.faults.add(&error);
                }
            }
            Err(error) => {
                self.faults.add(&error);
                std::thread::sleep(AFTER_ERROR);
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
                match self.socket.send_to(datagram, received.source) {
                    Ok(key) => {
                        self.sessions.departed(&outgoing, t3);
                        let place = &mut self.outstanding[key as usize % OUTSTANDING];
                        *place = outgoing.awaits_stamp().map(|row| (key, row));
                        self.collect_stamps();
                    }
                    // A reply that cannot be sent is a lost one.
                    Err(error) => self.faults.add(&error),
                }
            }
            Receipt::Silent => {}
            Receipt::Stray if *datagram == self.wake_up => {}
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
            match self.socket.receive_within(&mut buffer, 0) {
                Ok(Some(received)) => self.answer(&mut buffer, &received),
                Ok(None) => break,
                Err(error) => {
                    self.faults.add(&error);
                    break;
                }
            }
        }
        self.collect_stamps();
    }

    /// Does what was asked for; breaks when the other end wants no more.
    fn obey(&mut self) -> ControlFlow<()> {
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
    use std::sync::mpsc::sync_channel;

    use super::*;

    #[test]
    fn errors_of_the_socket_are_counted_and_the_last_one_is_kept() {
        let local = "127.0.0.1:0".parse().expect("an address");
        let socket = Socket::bind(local).expect("a socket");
        let (faults, (_commands, inbox)) = (Arc::<Faults>::default(), sync_channel(1));
        let told = (Arc::default(), faults.clone());
        let mut worker = Worker::new(socket, None, told, (Word::default(), inbox));
        assert!(faults.take().is_none());
        for error in [libc::ENETUNREACH, libc::ENOBUFS] {
            worker.react(&mut [], Err(io::Error::from_raw_os_error(error)));
        }
        let (count, last) = faults.take().expect("they were counted");
        assert_eq!((count, last.raw_os_error()), (2, Some(libc::ENOBUFS)));
        assert!(faults.take().is_none(), "each is told once");
    }
}
