//! One session: who is answered, and what is recorded.

use std::net::SocketAddr;
use std::sync::Arc;

use crate::core::contract::Dialect;
use crate::core::live::{Live, Phase};
use crate::core::sample::{PacketCounts, Stamps, Token};
use crate::core::stamp::{Completed, Extension, Reply, Request};
use crate::core::text::{Claim, Speaker, TextIdentity};
use crate::core::time::{Nanos, SECOND};

/// Whom a session answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Identity {
    /// STAMP datagrams that carry the session's identifier and token.
    Token,
    /// SeBS's text.
    Text(TextIdentity),
    /// STAMP datagrams of anyone, without a token, with the session's identifier or none: for other STAMP senders.
    Open,
}

/// A session to be opened.
#[derive(Debug, Clone)]
pub struct SessionSpec {
    /// The attempt's token.
    pub token: Token,
    /// Whom it answers.
    pub identity: Identity,
    /// Where it publishes what happens.
    pub live: Arc<Live>,
    /// Most probes it answers, and as many surplus copies: what is beyond gets no answer.
    pub capacity: u32,
}

/// A request that was answered: what the host knows of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HostRow {
    /// Sequence number of the request; in text, which has none, the order of arrival.
    pub sequence: u32,
    /// Number of the reply.
    pub reply: u32,
    /// T2.
    pub t2: Stamps,
    /// T3; none when the reply could not be sent.
    pub t3: Option<Stamps>,
}

/// What a session leaves behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostRecord {
    /// Spoken dialect.
    pub dialect: Dialect,
    /// Every request answered, in order of arrival.
    pub rows: Vec<HostRow>,
    /// Counts as far as the host can know them; the losses are exact only with the function's answer, see
    /// [`super::join`].
    pub packets: PacketCounts,
    /// Kernel stamps that were thrown away because they contradicted the user-space ones.
    pub implausible: u32,
    /// The function said that it was over.
    pub ended: bool,
}

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

    /// The books of a reply that left at `t3` (user space): nothing here may delay a reply.
    pub(super) fn departed(&mut self, answered: &Answered, t3: Nanos) {
        if let Some(row) = answered.row.and_then(|row| self.rows.get_mut(row as usize)) {
            row.t3 = Some(Stamps(t3, None));
        }
        if !self.spoken {
            self.spoken = true;
            self.live.enter(Phase::Exchanging);
        }
        match answered.extension {
            Some(extension) => self.heed(answered, &extension),
            // Nothing is known of losses: what is answered counts as arrived.
            None => self.packets.answered = self.packets.received,
        }
        let seen = self.highest.map_or(0, |highest| highest + 1);
        self.packets.sent = self.announced.unwrap_or(0).max(seen);
        self.live.count(&self.packets);
    }

    fn heed(&mut self, answered: &Answered, extension: &Extension) {
        let told = latest_with_low_bits(self.packets.received, extension.answered);
        self.packets.answered = self.packets.answered.max(told);
        if let Some(completed) = extension.completed {
            self.complete(completed);
        }
        if extension.end {
            let probes = answered.sequence.min(self.probes.len() as u32);
            self.announced = Some(self.announced.map_or(probes, |least| least.min(probes)));
            self.end();
        }
    }

    /// The function told of a whole exchange: its RTT and bounds can be shown while it runs.
    fn complete(&mut self, told: Completed) {
        let Some(state) = self.probes.get_mut(told.sequence as usize) else {
            return;
        };
        let Some(last) = self.rows.last() else { return };
        let number = latest_with_low_bits(last.reply, told.reply);
        let Ok(row) = self.rows.binary_search_by_key(&number, |row| row.reply) else {
            return;
        };
        let HostRow {
            sequence,
            t2,
            t3: Some(t3),
            ..
        } = self.rows[row]
        else {
            return;
        };
        if *state != ProbeState::Seen || sequence != told.sequence {
            return;
        }
        *state = ProbeState::Told;
        let (t2, t3) = (t2.1.unwrap_or(t2.0), t3.1.unwrap_or(t3.0));
        self.live
            .complete((told.t4 - told.t1) - (t3 - t2), told.t1 - t2, told.t4 - t3);
    }

    fn end(&mut self) {
        if !self.ended {
            self.ended = true;
            self.live.enter(Phase::Answering);
        }
    }

    /// The kernel's T3 of the reply to a row, which comes some time after it was sent.
    pub(super) fn stamped(&mut self, row: u32, t3: Nanos) {
        let Some(row) = self.rows.get_mut(row as usize) else {
            return;
        };
        let Some(Stamps(user, kernel)) = &mut row.t3 else {
            return;
        };
        if (*user..*user + SECOND).contains(&t3) {
            *kernel = Some(t3);
            self.follow_up = Some((row.reply, t3));
        } else {
            self.implausible += 1;
        }
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

/// The largest number up to `most` that ends in these 16 bits; 0 when there is none.
fn latest_with_low_bits(most: u32, low: u16) -> u32 {
    let behind = (most as u16).wrapping_sub(low);
    most.saturating_sub(u32::from(behind))
}

#[cfg(test)]
mod tests {
    use super::latest_with_low_bits;

    #[test]
    fn sixteen_bits_name_the_latest_number() {
        for (most, low, number) in [
            (5, 5, 5),
            (5, 3, 3),
            (5, 6, 0),
            (70_000, 4_000, 69_536),
            (70_000, 65_000, 65_000),
        ] {
            assert_eq!(latest_with_low_bits(most, low), number, "{most} {low}");
        }
    }
}
