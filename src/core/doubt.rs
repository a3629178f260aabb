//! Which samples count: those that nothing contradicts. Each figure of a run rests on these alone.

use super::offset::ClockEstimate;
use super::sample::{Attempt, HttpTimes};
use super::time::{MILLISECOND, Nanos};

/// Distance of the host's two clocks over an invocation, ns, beyond its 500 ppm (NTP's fastest slew), from which one was
/// stepped: two readings of a clock may be a scheduler's turn apart. Below it the bound is widened by the distance.
const STEP: Nanos = 2 * MILLISECOND;

/// Why a sample that was measured is in no figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doubt {
    /// No offset agrees with all exchanges: a clock was stepped, or the rates differ by more than the bound allows for.
    ClockStep,
    /// The host's wall clock was stepped during the invocation.
    HostStep,
    /// The time is one that no invocation takes.
    Implausible,
    /// The platform's own record says that it started in the other kind.
    Contradicted,
}

impl Doubt {
    /// The word for it in tables.
    pub fn word(self) -> &'static str {
        match self {
            Self::ClockStep => "clock_step",
            Self::HostStep => "host_step",
            Self::Implausible => "implausible",
            Self::Contradicted => "contradicted",
        }
    }

    /// In words, after "left out:".
    pub fn words(self) -> &'static str {
        match self {
            Self::ClockStep => "a clock was stepped, or runs more than 100 ppm apart",
            Self::HostStep => "the host's clock was stepped",
            Self::Implausible => "no invocation is that fast",
            Self::Contradicted => "the platform's record says that it started otherwise",
        }
    }
}

impl Attempt {
    /// Why its time does not count; none when it does, and without a time.
    pub fn doubt(&self) -> Option<Doubt> {
        let (time, clock) = (self.corrected_time()?, self.clock.as_ref()?);
        let of_platform = self.function.as_ref()?.platform_cold;
        // An exchange over HTTP takes the way of the invocation itself, which may well be faster than half of it.
        let plausible = match self.follow_ups {
            Some(_) => time >= 0,
            None => is_plausible(time, clock),
        };
        if clock.clock_step {
            Some(Doubt::ClockStep)
        } else if self.http.as_ref().is_some_and(HttpTimes::is_stepped) {
            Some(Doubt::HostStep)
        } else if !plausible {
            Some(Doubt::Implausible)
        } else if of_platform.is_some_and(|cold| Some(cold) != self.said_cold()) {
            Some(Doubt::Contradicted)
        } else {
            None
        }
    }

    /// The time that figures rest on, ns: [`Attempt::corrected_time`] where nothing makes it doubtful.
    pub fn invocation_time(&self) -> Option<Nanos> {
        self.corrected_time().filter(|_| self.doubt().is_none())
    }

    /// The proven bound on the error of that time, ns: that of the offset, and how far the host's wall clock left its
    /// monotonic one between both ends of the invocation.
    pub fn bound(&self) -> Option<Nanos> {
        let moved = self.http.as_ref().map_or(0, HttpTimes::moved);
        Some(self.clock?.bound.saturating_add(moved.saturating_abs()))
    }

    fn said_cold(&self) -> Option<bool> {
        self.function.as_ref().map(|function| function.is_cold)
    }
}

impl HttpTimes {
    /// How far the host's wall clock moved against its monotonic one during the invocation, ns.
    pub fn moved(&self) -> Nanos {
        self.end
            .saturating_sub(self.start)
            .saturating_sub(self.end_after)
    }

    /// It moved by more than two readings of healthy clocks can.
    pub fn is_stepped(&self) -> bool {
        self.moved().saturating_abs() > STEP + self.end_after / 2000
    }
}

/// Whether an invocation can take this long, ns: on an even path a request takes half the smallest RTT at the least.
pub fn is_plausible(time: Nanos, clock: &ClockEstimate) -> bool {
    time >= clock.minimum_rtt / 2
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::contract::StampKind;
    use crate::core::made_up;
    use crate::core::sample::FunctionReport;
    use crate::core::time::{MICROSECOND, SECOND};

    /// 10 ms, by a clock that is 1 s ahead with a bound of 30 µs.
    fn attempt() -> Attempt {
        let mut function = made_up::function(false);
        function.handler_entry = 11 * SECOND + 12 * MILLISECOND;
        Attempt {
            http: Some(HttpTimes {
                start: 10 * SECOND,
                connected_after: 2 * MILLISECOND,
                sent_after: 2 * MILLISECOND,
                first_byte_after: 20 * MILLISECOND,
                end_after: 20 * MILLISECOND,
                end: 10 * SECOND + 20 * MILLISECOND,
            }),
            function: Some(function),
            clock: Some(ClockEstimate {
                stamps: StampKind::User,
                offset: SECOND,
                bound: 30 * MICROSECOND,
                at: 11 * SECOND,
                clock_step: false,
                exchanges: 20,
                minimum_rtt: 60 * MICROSECOND,
                minimum_rtt_offset: SECOND,
                mean: 1e9,
                deviation: 0.0,
            }),
            ..made_up::attempt()
        }
    }

    fn clock(attempt: &mut Attempt) -> &mut ClockEstimate {
        attempt.clock.as_mut().expect("it has one")
    }

    fn http(attempt: &mut Attempt) -> &mut HttpTimes {
        attempt.http.as_mut().expect("it has one")
    }

    fn function(attempt: &mut Attempt) -> &mut FunctionReport {
        attempt.function.as_mut().expect("it has one")
    }

    #[test]
    fn a_sample_counts_unless_something_contradicts_it() {
        type Change = fn(&mut Attempt);
        let table: [(Change, Option<Doubt>); 8] = [
            (|_| {}, None),
            (|it| clock(it).clock_step = true, Some(Doubt::ClockStep)),
            (|it| http(it).end += 2 * MILLISECOND, None),
            (|it| http(it).end -= 3 * MILLISECOND, Some(Doubt::HostStep)),
            (
                |it| function(it).handler_entry -= 9_971 * MICROSECOND,
                Some(Doubt::Implausible),
            ),
            (|it| function(it).handler_entry -= 9_970 * MICROSECOND, None),
            (
                |it| function(it).platform_cold = Some(true),
                Some(Doubt::Contradicted),
            ),
            (|it| function(it).platform_cold = Some(false), None),
        ];
        for (number, (change, doubt)) in table.into_iter().enumerate() {
            let mut attempt = attempt();
            change(&mut attempt);
            assert_eq!(attempt.doubt(), doubt, "{number}");
            let time = attempt.corrected_time();
            assert!(time.is_some());
            assert_eq!(attempt.invocation_time(), time.filter(|_| doubt.is_none()));
        }
        let nothing = Attempt {
            clock: None,
            ..attempt()
        };
        assert_eq!(
            (nothing.doubt(), nothing.invocation_time(), nothing.bound()),
            (None, None, None)
        );
    }

    #[test]
    fn the_bound_grows_by_what_the_hosts_clocks_disagree_by() {
        for moved in [0, 900 * MICROSECOND, -900 * MICROSECOND] {
            let mut attempt = attempt();
            http(&mut attempt).end += moved;
            assert_eq!(attempt.doubt(), None);
            assert_eq!(attempt.bound(), Some(30 * MICROSECOND + moved.abs()));
        }
    }
}
