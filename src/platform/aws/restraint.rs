//! When the function may be called next: later, after a call that AWS refused.

use std::time::{Duration, Instant};

use crate::platform::{PlatformError, Retry};

/// A new URL may refuse calls for so long, until its permissions are known everywhere.
const URL_IS_NEW: Duration = Duration::from_secs(60);
/// Before the first call after a new URL's refusal; twice as long after each further one.
const FIRST: Duration = Duration::from_secs(2);
const DOUBLINGS_MOST: u32 = 3;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Restraint {
    url_made: Option<Instant>,
    refusals: u32,
    until: Option<Instant>,
}

impl Restraint {
    /// That of a URL which has just been made.
    pub fn of_new_url(now: Instant) -> Self {
        Self {
            url_made: Some(now),
            ..Self::default()
        }
    }

    /// Takes a refusal to heart: how long the next call has to wait for it.
    pub fn heed(&mut self, refusal: &PlatformError, now: Instant) -> Option<Duration> {
        let new = self.url_made.is_some_and(|made| now - made < URL_IS_NEW);
        let wait = match refusal.retry {
            Retry::After(wait) => wait,
            Retry::No if new && refusal.status == Some(403) => {
                self.refusals += 1;
                FIRST * 2_u32.pow((self.refusals - 1).min(DOUBLINGS_MOST))
            }
            Retry::No => return None,
        };
        self.until = Some(now + wait);
        Some(wait)
    }

    /// What is left to wait before the call that is made now.
    pub fn wait(&mut self, now: Instant) -> Option<Duration> {
        let until = self.until.take()?;
        until.checked_duration_since(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::HttpReply;
    use crate::platform::aws::answer::decode;

    const SECOND: Duration = Duration::from_secs(1);

    fn refusal(status: u16, headers: &[(&str, &str)]) -> PlatformError {
        let owned = |(name, value): &(&str, &str)| ((*name).into(), (*value).into());
        decode(&HttpReply {
            status,
            headers: headers.iter().map(owned).collect(),
            body: "".into(),
        })
        .unwrap_err()
    }

    #[test]
    fn after_a_throttled_call_the_next_waits_as_long_as_was_asked_and_only_once() {
        let (mut restraint, now) = (Restraint::default(), Instant::now());
        let throttled = refusal(429, &[("retry-after", "5")]);
        assert_eq!(restraint.heed(&throttled, now), Some(5 * SECOND));
        assert_eq!(restraint.wait(now + SECOND), Some(4 * SECOND));
        assert_eq!(restraint.wait(now + SECOND), None);
    }

    #[test]
    fn an_absurd_advice_is_a_bounded_wait() {
        let (mut restraint, now) = (Restraint::default(), Instant::now());
        let throttled = refusal(429, &[("retry-after", "18446744073709551615")]);
        assert_eq!(restraint.heed(&throttled, now), Some(60 * SECOND));
        assert_eq!(restraint.wait(now), Some(60 * SECOND));
    }

    #[test]
    fn a_new_url_that_refuses_is_given_time_and_an_old_one_is_not() {
        let now = Instant::now();
        let mut restraint = Restraint::of_new_url(now);
        let forbidden = refusal(403, &[]);
        let waits = [2, 4, 8, 16, 16].map(|seconds| Some(seconds * SECOND));
        assert_eq!([(); 5].map(|()| restraint.heed(&forbidden, now)), waits);
        assert_eq!(restraint.heed(&forbidden, now + URL_IS_NEW), None);
        assert_eq!(Restraint::default().heed(&forbidden, now), None);
    }

    #[test]
    fn a_failed_function_restrains_nobody() {
        let mut restraint = Restraint::default();
        assert_eq!(restraint.heed(&refusal(502, &[]), Instant::now()), None);
        assert_eq!(restraint.wait(Instant::now()), None);
    }
}
