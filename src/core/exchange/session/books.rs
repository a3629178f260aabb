//! The books of a session: nothing of them lies between a request's receipt and its reply.

use super::{Answered, HostRow, ProbeState, Session};
use crate::core::live::Phase;
use crate::core::sample::Stamps;
use crate::core::stamp::{Completed, Extension};
use crate::core::time::{Nanos, SECOND};

impl Session {
    /// The books of a reply that left at `t3` (user space): nothing here may delay a reply.
    pub(in crate::core::exchange) fn departed(&mut self, answered: &Answered, t3: Nanos) {
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

    pub(super) fn end(&mut self) {
        if !self.ended {
            self.ended = true;
            self.live.enter(Phase::Answering);
        }
    }

    /// The kernel's T3 of the reply to a row, which comes some time after it was sent.
    pub(in crate::core::exchange) fn stamped(&mut self, row: u32, t3: Nanos) {
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
