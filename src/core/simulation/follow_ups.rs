//! The clock exchange over HTTP: the real chain, its invocations answered in virtual time.

use rand::RngExt;

use super::world::World;
use super::{Dice, Law};
use crate::core::follow_up::{Chain, Followed, Passage};
use crate::core::live::Live;
use crate::core::time::{MICROSECOND, MILLISECOND, Nanos, SECOND};

/// From one answer to the next request.
const PAUSE: Nanos = 20 * MICROSECOND;
/// From the handler's first instruction to its last.
const HANDLING: Nanos = MICROSECOND;
/// A segment of TCP that was lost is sent again after this.
const SENT_AGAIN: Nanos = 200 * MILLISECOND;
/// Another instance's clock is this far ahead of the right one's.
const OTHER_CLOCK: Nanos = SECOND;

/// What the follow-ups take place in.
pub(super) struct Stage<'a> {
    pub world: &'a World,
    pub live: &'a Live,
    /// The right instance's clock at a true time.
    pub clock: &'a dyn Fn(Nanos) -> Nanos,
    pub instance_id: &'a str,
}

impl Stage<'_> {
    /// Follows up from `now` until there is a reason to stop; says what came of it and when it was over.
    pub fn play(&self, mut chain: Chain, mut now: Nanos, dice: &mut Dice) -> (Followed, Nanos) {
        let stop = loop {
            if let Err(reason) = chain.time_for_next(now) {
                break reason;
            }
            chain.begin();
            let sent = now + PAUSE;
            let entry = sent + self.way(self.world.back, dice) + self.world.warm.draw(dice);
            let leave = entry + HANDLING;
            now = leave + self.way(self.world.out, dice) + self.world.wake.draw(dice);
            let is_other = dice.random_bool(self.world.fickle);
            let (name, ahead) = if is_other {
                ("another", OTHER_CLOCK)
            } else {
                (self.instance_id, 0)
            };
            let passage = Passage {
                sent,
                entry: (self.clock)(entry) + ahead,
                leave: (self.clock)(leave) + ahead,
                received: now,
            };
            if let Some(found) = chain.answered(name, passage, now - sent) {
                self.live
                    .complete(found.round_trip, found.lower, found.upper);
            }
        };
        (chain.finish(stop), now)
    }

    /// One way of a request or an answer: nothing is lost for good.
    fn way(&self, law: Law, dice: &mut Dice) -> Nanos {
        let again = if dice.random_bool(self.world.loss) {
            SENT_AGAIN
        } else {
            0
        };
        law.draw(dice) + again
    }
}
