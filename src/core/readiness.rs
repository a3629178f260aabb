//! How long an answer may take, by whether an environment may have to start for it.
//!
//! A function's own time-out begins when it is entered. Where nothing says that an environment is there, its start comes
//! on top; also after a rest, since a service may scale to zero. Once a start was waited for in vain, no further one is
//! until a cold start is forced or code deployed: a server that never answers must not cost a minute each warm time it
//! is asked.

use super::time::{Nanos, SECOND};

/// What a start may add, ns.
pub const START: Nanos = 60 * SECOND;
/// What the way there and back may add, with what the network still holds of a request, ns.
pub const WAY: Nanos = 5 * SECOND;
/// An environment that was not called for longer may be gone, ns.
pub const REST: Nanos = 30 * SECOND;

/// What is known of the environment that is called next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Known {
    /// Nothing: it may have to start.
    Nothing,
    /// It answered at this time.
    Answered(Nanos),
    /// Until this time it did not answer, though it was given the time to start.
    Silent(Nanos),
}

/// See the module. Times are monotonic, ns.
#[derive(Debug, Clone)]
pub struct Readiness {
    known: Known,
    /// When the call under way was begun, what it was granted beside the time-out, and its deadline.
    begun: Nanos,
    granted: Nanos,
    deadline: Nanos,
}

impl Default for Readiness {
    fn default() -> Self {
        Self {
            known: Known::Nothing,
            begun: 0,
            granted: 0,
            deadline: 0,
        }
    }
}

impl Readiness {
    /// A call begins at `now`, of a function with this time-out: how long its answer may take, ns.
    pub fn begin(&mut self, now: Nanos, timeout: Nanos) -> Nanos {
        self.granted = match self.known {
            Known::Answered(at) | Known::Silent(at) if now - at <= REST => WAY,
            Known::Answered(_) | Known::Silent(_) | Known::Nothing => START,
        };
        self.begun = now;
        self.deadline = timeout + self.granted;
        self.deadline
    }

    /// The function answered.
    pub fn answered(&mut self, now: Nanos) {
        self.known = Known::Answered(now);
    }

    /// The call failed. One that was refused at once says nothing of a start; one that was cut off while an environment
    /// was believed to be there does: it may be gone.
    pub fn failed(&mut self, now: Nanos) {
        if now - self.begun < self.deadline {
            return;
        }
        self.known = match (self.known, self.granted) {
            (_, START) | (Known::Silent(_), _) => Known::Silent(now),
            (Known::Answered(_) | Known::Nothing, _) => Known::Nothing,
        };
    }

    /// The environments of before are not used any more.
    pub fn replaced(&mut self) {
        self.known = Known::Nothing;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIMEOUT: Nanos = 2 * SECOND;
    const COLD: Nanos = TIMEOUT + START;
    const WARM: Nanos = TIMEOUT + WAY;

    #[test]
    fn only_a_call_that_may_meet_a_start_has_the_minute() {
        let mut ready = Readiness::default();
        assert_eq!(ready.begin(0, TIMEOUT), COLD, "the first");
        ready.answered(SECOND);
        assert_eq!(ready.begin(2 * SECOND, TIMEOUT), WARM);
        ready.answered(3 * SECOND);
        assert_eq!(ready.begin(3 * SECOND + REST, TIMEOUT), WARM);
        assert_eq!(ready.begin(3 * SECOND + REST + 1, TIMEOUT), COLD, "a rest");
        ready.answered(40 * SECOND);
        ready.replaced();
        assert_eq!(ready.begin(40 * SECOND, TIMEOUT), COLD, "new code");
    }

    #[test]
    fn a_server_that_never_answers_has_the_minute_once() {
        let (mut ready, mut now, mut spent) = (Readiness::default(), 0, Vec::new());
        for _ in 0..4 {
            let deadline = ready.begin(now, TIMEOUT);
            now += deadline;
            ready.failed(now);
            spent.push(deadline);
        }
        assert_eq!(spent, [COLD, WARM, WARM, WARM]);
    }

    #[test]
    fn an_environment_that_falls_silent_may_have_to_start_again_but_a_refusal_says_nothing() {
        let mut ready = Readiness::default();
        ready.begin(0, TIMEOUT);
        ready.failed(SECOND);
        assert_eq!(ready.begin(SECOND, TIMEOUT), COLD, "refused at once");
        ready.answered(2 * SECOND);
        ready.begin(2 * SECOND, TIMEOUT);
        ready.failed(3 * SECOND);
        assert_eq!(ready.begin(3 * SECOND, TIMEOUT), WARM, "refused at once");
        ready.failed(3 * SECOND + WARM);
        assert_eq!(ready.begin(3 * SECOND + WARM, TIMEOUT), COLD, "silent");
    }
}
