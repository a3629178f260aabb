//! All sessions of one socket: whose a datagram is.

use std::collections::VecDeque;
use std::net::SocketAddr;

use super::session::{Answered, Identity, Session, Verdict};
use crate::core::contract::Dialect;
use crate::core::sample::{Stamps, Token};
use crate::core::stamp::Request;
use crate::core::text::{self, Claim, Speaker};
use crate::core::time::Nanos;

/// Closed sessions whose late text is still known as such.
const LATE_SPEAKERS: usize = 64;

/// A fixed number of places for sessions. A place's identifier is STAMP's SSID, from 1.
#[derive(Debug)]
pub struct Sessions {
    places: Vec<Place>,
    /// Free identifiers, longest free first, so that late datagrams seldom meet a new session.
    free: VecDeque<u16>,
    /// Identifiers of the sessions that speak text.
    texts: Vec<u16>,
    /// Who spoke in the text sessions closed last.
    late: VecDeque<Speaker>,
    /// The session that answers anyone.
    open: Option<u16>,
}

#[derive(Debug, Default)]
struct Place {
    session: Option<Box<Session>>,
    /// Token of the session that was here before: its late datagrams are no strays.
    retired: Option<Token>,
}

/// What becomes of a datagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Receipt {
    /// No session takes it.
    Stray,
    /// A session took it and says nothing, or would have taken it before it was closed.
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
            places: (0..places).map(|_| Place::default()).collect(),
            free: (1..=places).collect(),
            texts: Vec::with_capacity(usize::from(places)),
            late: VecDeque::with_capacity(LATE_SPEAKERS),
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
        self.places[usize::from(id) - 1].session = Some(session);
        Ok(id)
    }

    /// Takes a session out.
    pub fn close(&mut self, id: u16) -> Option<Box<Session>> {
        let place = self.place(id)?;
        let session = place.session.take()?;
        place.retired = Some(session.token());
        self.free.push_back(id);
        self.texts.retain(|text| *text != id);
        self.open = self.open.filter(|open| *open != id);
        if let Some(speaker) = session.speaker() {
            self.late.truncate(LATE_SPEAKERS - 1);
            self.late.push_front(speaker.clone());
        }
        Some(session)
    }

    fn place(&mut self, id: u16) -> Option<&mut Place> {
        self.places.get_mut(usize::from(id).checked_sub(1)?)
    }

    fn session(&mut self, id: u16) -> Option<&mut Session> {
        self.place(id)?.session.as_deref_mut()
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
        let id = match request.session {
            0 => self.open.unwrap_or(0),
            id => id,
        };
        let Some(place) = self.place(id) else {
            return Receipt::Stray;
        };
        let verdict = match &mut place.session {
            Some(session) => session.receive_stamp(&request, datagram, t2),
            None => Verdict::Foreign,
        };
        let token = request.extension.map(|extension| extension.token);
        if verdict == Verdict::Foreign && token.is_some() && token == place.retired {
            return Receipt::Silent;
        }
        receipt(id, Some(request), verdict)
    }

    fn receive_text(&mut self, text: &[u8], source: SocketAddr, t2: Stamps) -> Receipt {
        let (id, claim) = self.taker(text, source);
        // Late text may also be unclaimed: it must not bind a session that has yet to begin.
        let is_late = |speaker: &Speaker| speaker.claim(text, source) != Claim::Foreign;
        if matches!(claim, Claim::Foreign | Claim::Unclaimed) && self.late.iter().any(is_late) {
            return Receipt::Silent;
        }
        let Some(session) = self.session(id) else {
            return Receipt::Stray;
        };
        let verdict = session.receive_text(text, source, claim, t2);
        receipt(id, None, verdict)
    }

    /// The session with the best claim to a text; 0 for none.
    fn taker(&self, text: &[u8], source: SocketAddr) -> (u16, Claim) {
        let mut unclaimed = (0, Claim::Foreign);
        for id in &self.texts {
            let session = &self.places[usize::from(*id) - 1].session;
            let claim = session
                .as_ref()
                .map_or(Claim::Foreign, |session| session.claim(text, source));
            match claim {
                Claim::Request | Claim::Stop => return (*id, claim),
                Claim::Unclaimed if unclaimed.0 == 0 => unclaimed = (*id, claim),
                Claim::Unclaimed | Claim::Foreign => {}
            }
        }
        unclaimed
    }

    /// Writes T3 (user space) into a reply that is about to be sent.
    pub fn depart(outgoing: &Outgoing, datagram: &mut [u8], t3: Nanos) {
        if let Some(request) = &outgoing.request {
            request.depart(datagram, t3);
        }
    }

    /// Keeps the books of a reply that was sent at `t3`.
    pub fn departed(&mut self, outgoing: &Outgoing, t3: Nanos) {
        if let Some(session) = self.session(outgoing.session) {
            session.departed(&outgoing.answered, t3);
        }
    }

    /// The kernel's T3 of a reply, by what [`Outgoing::awaits_stamp`] said.
    pub fn stamped(&mut self, (id, row): (u16, u32), t3: Nanos) {
        if let Some(session) = self.session(id) {
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
