//! One session: who is answered, and what is recorded.

mod books;
mod record;

pub use self::record::{HostRecord, HostRow, Identity, SessionSpec};

use std::net::SocketAddr;
use std::sync::Arc;

use crate::core::contract::Dialect;
use crate::core::live::Live;
use crate::core::sample::{PacketCounts, Stamps, Token};
use crate::core::stamp::{Extension, Reply, Request};
use crate::core::text::{Claim, Speaker, TextIdentity};
use crate::core::time::{Nanos, SECOND};

/// What the host still has to do with a request it answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Answered {
    /// Row of the request; none for an end marker.
    pub row: Option<u32>,
    /// What the function told; none in text and from plain STAMP senders.
    extension: Option<Extension>,
    /// Sequence number of the request.
    sequence: u32,
}

/// What a session makes of a datagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It belongs to somebody else.
    Foreign,
    /// Its own, but nothing is said to it.
    Silent,
    /// The datagram is now the reply.
    Answered(Answered),
}

/// See the module. All its memory is taken when it is made.
#[derive(Debug)]
pub struct Session {
    token: Token,
    identity: Identity,
    /// In text, the function that is heard.
    speaker: Speaker,
    live: Arc<Live>,
    rows: Vec<HostRow>,
    /// By sequence number: the probe has come, and the host was told of its whole exchange.
    probes: Vec<ProbeState>,
    next_reply: u32,
    highest: Option<u32>,
    /// How many probes were sent: the least number of an end marker.
    announced: Option<u32>,
    packets: PacketCounts,
    /// Last reply with a kernel stamp, and the stamp.
    follow_up: Option<(u32, Nanos)>,
    implausible: u32,
    spoken: bool,
    ended: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ProbeState {
    Unseen,
    Seen,
    Told,
}

const BLANK: HostRow = HostRow {
    sequence: u32::MAX,
    reply: u32::MAX,
    t2: Stamps(0, None),
    t3: None,
};

impl Session {
    /// A session that nobody has spoken in.
    pub fn new(spec: SessionSpec) -> Self {
        let capacity = spec.capacity as usize;
        // Written once, so that the first datagrams do not meet pages that are yet to be mapped.
        let mut rows = vec![BLANK; 2 * capacity];
        rows.clear();
        let text = match spec.identity {
            Identity::Text(text) => text,
            Identity::Token | Identity::Open => TextIdentity::Exactly(spec.token),
        };
        Self {
            token: spec.token,
            identity: spec.identity,
            speaker: Speaker::new(text),
            live: spec.live,
            rows,
            probes: vec![ProbeState::Unseen; capacity],
            next_reply: 0,
            highest: None,
            announced: None,
            packets: PacketCounts::default(),
            follow_up: None,
            implausible: 0,
            spoken: false,
            ended: false,
        }
    }

    /// Whom it answers.
    pub fn identity(&self) -> Identity {
        self.identity
    }

    pub(super) fn token(&self) -> Token {
        self.token
    }

    /// The function heard in text, once it has spoken.
    pub(super) fn speaker(&self) -> Option<&Speaker> {
        Some(&self.speaker).filter(|_| self.spoken && matches!(self.identity, Identity::Text(_)))
    }

    /// A STAMP request: checked, recorded and turned into its reply.
    pub(super) fn receive_stamp(
        &mut self,
        request: &Request,
        datagram: &mut [u8],
        t2: Stamps,
    ) -> Verdict {
        let may_answer = match self.identity {
            Identity::Token => request
                .extension
                .is_some_and(|extension| extension.token == self.token),
            Identity::Open => true,
            Identity::Text(_) => false,
        };
        if !may_answer {
            return Verdict::Foreign;
        }
        let is_end = request.extension.is_some_and(|extension| extension.end);
        let t2 = self.plausible_receipt(t2);
        let number = self.next_reply;
        let row = if is_end {
            None
        } else {
            let Some(row) = self.record(request.sequence, t2) else {
                return Verdict::Silent;
            };
            Some(row)
        };
        self.next_reply += 1;
        let reply = Reply {
            number,
            t2: t2.1.unwrap_or(t2.0),
            follow_up: self.follow_up,
        };
        request.answer(datagram, &reply);
        Verdict::Answered(Answered {
            row,
            extension: request.extension,
            sequence: request.sequence,
        })
    }

    /// A new row for a request; none when there is no room: copies never take that of probes yet to come.
    fn record(&mut self, sequence: u32, t2: Stamps) -> Option<u32> {
        let state = self.probes.get_mut(sequence as usize)?;
        let is_copy = *state != ProbeState::Unseen;
        if is_copy {
            self.packets.duplicates += 1;
            if self.packets.duplicates as usize > self.probes.len() {
                return None;
            }
        } else {
            *state = ProbeState::Seen;
            self.packets.received += 1;
            self.packets.reordered +=
                u32::from(self.highest.is_some_and(|highest| sequence < highest));
            self.highest = self.highest.max(Some(sequence));
        }
        let row = self.rows.len() as u32;
        self.rows.push(HostRow {
            sequence,
            reply: self.next_reply,
            t2,
            t3: None,
        });
        Some(row)
    }

    /// What a text is to this session, before anything is done with it.
    pub(super) fn claim(&self, text: &[u8], source: SocketAddr) -> Claim {
        match self.identity {
            Identity::Text(_) => self.speaker.claim(text, source),
            Identity::Token | Identity::Open => Claim::Foreign,
        }
    }

    /// A text that this session claims; it is its own reply.
    pub(super) fn receive_text(
        &mut self,
        text: &[u8],
        source: SocketAddr,
        claim: Claim,
        t2: Stamps,
    ) -> Verdict {
        match claim {
            Claim::Foreign => Verdict::Foreign,
            Claim::Stop => {
                self.end();
                Verdict::Silent
            }
            Claim::Request | Claim::Unclaimed => {
                self.speaker.bind(text, source);
                let sequence = self.packets.received;
                let t2 = self.plausible_receipt(t2);
                let Some(row) = self.record(sequence, t2) else {
                    return Verdict::Silent;
                };
                self.next_reply += 1;
                Verdict::Answered(Answered {
                    row: Some(row),
                    extension: None,
                    sequence,
                })
            }
        }
    }

    fn plausible_receipt(&mut self, Stamps(user, kernel): Stamps) -> Stamps {
        let plausible = kernel.filter(|kernel| (*kernel..*kernel + SECOND).contains(&user));
        self.implausible += u32::from(plausible != kernel);
        Stamps(user, plausible)
    }

    /// What it leaves behind. A contradiction means that kernel and user space do not read the same clock: then no
    /// kernel stamp is kept.
    pub fn into_record(mut self) -> HostRecord {
        if self.implausible > 0 {
            for row in &mut self.rows {
                row.t2.1 = None;
                row.t3 = row.t3.map(|Stamps(user, _)| Stamps(user, None));
            }
        }
        HostRecord {
            dialect: match self.identity {
                Identity::Text(_) => Dialect::Text,
                Identity::Token | Identity::Open => Dialect::Stamp,
            },
            rows: self.rows,
            packets: self.packets,
            implausible: self.implausible,
            ended: self.ended,
        }
    }
}
