//! All sessions of one socket: whose a datagram is.

use std::collections::VecDeque;
use std::net::SocketAddr;

use super::session::{Answered, Identity, Session, Verdict};
use crate::core::contract::Dialect;
use crate::core::sample::Stamps;
use crate::core::stamp::Request;
use crate::core::text::{self, Claim};
use crate::core::time::Nanos;

/// A fixed number of places for sessions. A place's identifier is STAMP's SSID, from 1.
#[derive(Debug)]
pub struct Sessions {
    places: Vec<Option<Box<Session>>>,
    /// Free identifiers, longest free first, so that late datagrams seldom meet a new session.
    free: VecDeque<u16>,
    /// Identifiers of the sessions that speak text.
    texts: Vec<u16>,
    /// The session that answers anyone.
    open: Option<u16>,
}

/// What becomes of a datagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Receipt {
    /// No session takes it.
    Stray,
    /// A session took it and says nothing.
    Silent,
    /// It has been turned into the reply, but for T3.
    Reply(Outgoing),
}

/// A reply on its way out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outgoing {
    session: u16,
    /// None in text.
    request: Option<Request>,
    answered: Answered,
}

impl Outgoing {
    /// The session, and the row whose T3 the kernel will say; none for an end marker.
    pub fn awaits_stamp(&self) -> Option<(u16, u32)> {
        self.answered.row.map(|row| (self.session, row))
    }
}

impl Sessions {
    /// Room for so many sessions at once.
    pub fn new(places: u16) -> Self {
        Self {
            places: (0..places).map(|_| None).collect(),
            free: (1..=places).collect(),
            texts: Vec::with_capacity(usize::from(places)),
            open: None,
        }
    }

    /// Takes a session in and names its identifier; gives it back when there is no room.
    pub fn open(&mut self, session: Box<Session>) -> Result<u16, Box<Session>> {
        let Some(id) = self.free.pop_front() else {
            return Err(session);
        };
        match session.identity() {
            Identity::Text(_) => self.texts.push(id),
            Identity::Open => self.open = Some(id),
            Identity::Token => {}
        }
        self.places[usize::from(id) - 1] = Some(session);
        Ok(id)
    }

    /// Takes a session out.
    pub fn close(&mut self, id: u16) -> Option<Box<Session>> {
        let session = self
            .places
            .get_mut(usize::from(id).checked_sub(1)?)?
            .take()?;
        self.free.push_back(id);
        self.texts.retain(|text| *text != id);
        self.open = self.open.filter(|open| *open != id);
        Some(session)
    }

    fn get(&mut self, id: u16) -> Option<&mut Session> {
        self.places
            .get_mut(usize::from(id).checked_sub(1)?)?
            .as_deref_mut()
    }

    /// Finds whose the datagram is and turns it into its reply.
    pub fn receive(&mut self, datagram: &mut [u8], source: SocketAddr, t2: Stamps) -> Receipt {
        match text::dialect(datagram) {
            Some(Dialect::Stamp) => self.receive_stamp(datagram, t2),
            Some(Dialect::Text) => self.receive_text(datagram, source, t2),
            None => Receipt::Stray,
        }
    }

    fn receive_stamp(&mut self, datagram: &mut [u8], t2: Stamps) -> Receipt {
        let Some(request) = Request::parse(datagram) else {
            return Receipt::Stray;
        };
        let id = if request.session == 0 {
            self.open.unwrap_or(0)
        } else {
            request.session
        };
        let Some(session) = self.get(id) else {
            return Receipt::Stray;
        };
        let verdict = session.receive_stamp(&request, datagram, t2);
        receipt(id, Some(request), verdict)
    }

    fn receive_text(&mut self, datagram: &[u8], source: SocketAddr, t2: Stamps) -> Receipt {
        let mut taker = (0, Claim::Foreign);
        for id in &self.texts {
            let place = &self.places[usize::from(*id) - 1];
            match place
                .as_ref()
                .map_or(Claim::Foreign, |session| session.claim(datagram, source))
            {
                claim @ (Claim::Request | Claim::Stop) => {
                    taker = (*id, claim);
                    break;
                }
                Claim::Unclaimed if taker.0 == 0 => taker = (*id, Claim::Unclaimed),
                Claim::Unclaimed | Claim::Foreign => {}
            }
        }
        let (id, claim) = taker;
        let Some(session) = self.get(id) else {
            return Receipt::Stray;
        };
        let verdict = session.receive_text(datagram, source, claim, t2);
        receipt(id, None, verdict)
    }

    /// Writes T3 (user space) into a reply that is about to be sent.
    pub fn depart(outgoing: &Outgoing, datagram: &mut [u8], t3: Nanos) {
        if let Some(request) = &outgoing.request {
            request.depart(datagram, t3);
        }
    }

    /// Keeps the books of a reply that was sent at `t3`.
    pub fn departed(&mut self, outgoing: &Outgoing, t3: Nanos) {
        if let Some(session) = self.get(outgoing.session) {
            session.departed(&outgoing.answered, t3);
        }
    }

    /// The kernel's T3 of a reply, by what [`Outgoing::awaits_stamp`] said.
    pub fn stamped(&mut self, (id, row): (u16, u32), t3: Nanos) {
        if let Some(session) = self.get(id) {
            session.stamped(row, t3);
        }
    }
}

fn receipt(session: u16, request: Option<Request>, verdict: Verdict) -> Receipt {
    match verdict {
        Verdict::Foreign => Receipt::Stray,
        Verdict::Silent => Receipt::Silent,
        Verdict::Answered(answered) => Receipt::Reply(Outgoing {
            session,
            request,
            answered,
        }),
    }
}
