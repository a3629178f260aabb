//! What a plan takes when every attempt succeeds, and at most: invocations, bytes, time, GB-seconds and price.

use super::contract::Carrier;
use super::follow_up;
use super::plan::{Deployment, Plan, Sweep};
use super::sample::{SampleKey, StartKind};
use super::spending::{Spending, Terms};
use super::time::{MILLISECOND, Nanos};

/// Round trip that an estimate assumes where nothing is known of the path, ns.
pub const ASSUMED_ROUND_TRIP: Nanos = 50 * MILLISECOND;

/// Where typical lengths come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Basis {
    /// Runs like this one.
    Measured,
    /// Nobody measured them: what was assumed, in words.
    Assumed(&'static str),
}

/// Typical lengths of a run's steps, ns; an estimate made of them is rough.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Typical {
    /// Where they come from.
    pub basis: Basis,
    /// A warm invocation with its clock exchange.
    pub warm: Nanos,
    /// A cold one, with what forces it.
    pub cold: Nanos,
    /// Making, sending and activating a package.
    pub deployment: Nanos,
    /// Sending a megabyte.
    pub megabyte: Nanos,
    /// Unpacking a megabyte of package for a new environment.
    pub unpacking: Nanos,
    /// An invocation that is answered at once, over a connection that is there.
    pub follow_up: Nanos,
}

impl Typical {
    /// With so many follow-ups in the time of each sample.
    #[must_use]
    pub fn followed(self, each: u32) -> Self {
        let more = Nanos::from(each) * self.follow_up;
        Self {
            warm: self.warm + more,
            cold: self.cold + more,
            ..self
        }
    }
}

/// What a plan costs when every attempt succeeds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Effort {
    /// Samples within the limits: warm, cold.
    pub samples: [u64; 2],
    /// Invocations that only make a warm environment.
    pub warm_ups: u64,
    /// Deployments.
    pub deployments: u64,
    /// Payloads of all invocations, bytes on the wire.
    pub payload_bytes: u64,
    /// Packages of a code sweep, bytes.
    pub package_bytes: u64,
    /// Packages unpacked for new environments, bytes.
    pub unpacked_bytes: u64,
}

impl Effort {
    /// Of the whole plan: walks through its samples as the run would.
    pub fn of(plan: &Plan) -> Self {
        let mut effort = Self::default();
        let mut deployed = None;
        let mut environment_is_warm = false;
        for key in possible(plan, plan.samples()) {
            let package = match plan.outline.sweep {
                Sweep::Payload => 0,
                Sweep::Code => plan.size(key),
            };
            if plan.deployment == Deployment::Ours && deployed != Some(package) {
                deployed = Some(package);
                effort.deployments += 1;
                effort.package_bytes += package;
                environment_is_warm = false;
            }
            if key.kind == StartKind::Warm && !environment_is_warm {
                effort.warm_ups += 1;
                effort.unpacked_bytes += package;
                effort.payload_bytes += plan.payload_bytes(key);
            }
            environment_is_warm = key.kind == StartKind::Warm;
            if key.kind == StartKind::Cold {
                effort.unpacked_bytes += package;
            }
            effort.samples[usize::from(key.kind == StartKind::Cold)] += 1;
            effort.payload_bytes += plan.payload_bytes(key);
        }
        effort
    }

    /// All invocations.
    pub fn invocations(&self) -> u64 {
        self.samples[0] + self.samples[1] + self.warm_ups
    }

    /// Invocations that compare clocks over HTTP, so many after each sample.
    pub fn follow_ups(&self, each: u32) -> u64 {
        (self.samples[0] + self.samples[1]) * u64::from(each)
    }

    /// How long it takes with so many follow-ups after each sample, ns.
    pub fn time(&self, typical: &Typical, follow_ups: u32) -> Nanos {
        let megabytes = (self.payload_bytes + self.package_bytes) / 1_000_000;
        let [warm, cold] = self.samples;
        (warm + self.warm_ups) as Nanos * typical.warm
            + cold as Nanos * typical.cold
            + self.deployments as Nanos * typical.deployment
            + megabytes as Nanos * typical.megabyte
            + (self.unpacked_bytes / 1_000_000) as Nanos * typical.unpacking
            + self.follow_ups(follow_ups) as Nanos * typical.follow_up
    }
}

/// Invocations and what they send when every allowed attempt is needed; a person's retries come on top.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AtMost {
    /// Samples.
    pub samples: u64,
    /// Invocations that are attempts at a sample.
    pub attempts: u64,
    /// Invocations that only make a warm environment: one before each attempt at a warm sample.
    pub warm_ups: u64,
    /// Their payloads, bytes on the wire.
    pub payload_bytes: u64,
}

impl AtMost {
    /// Of the whole plan, with every repetition that it may add.
    pub fn of(plan: &Plan) -> Self {
        let repetitions = plan.outline.repetitions;
        let most = plan
            .until
            .map_or(repetitions, |until| until.most.max(repetitions));
        let tries = u64::from(plan.outline.attempts_per_sample);
        let mut at_most = Self::default();
        for key in possible(plan, plan.ordered(|_, _| 0..most)) {
            let warm_ups = if key.kind == StartKind::Warm {
                tries
            } else {
                0
            };
            at_most.samples += 1;
            at_most.attempts += tries;
            at_most.warm_ups += warm_ups;
            at_most.payload_bytes += (tries + warm_ups) * plan.payload_bytes(key);
        }
        at_most
    }

    /// All invocations.
    pub fn invocations(&self) -> u64 {
        self.attempts + self.warm_ups
    }

    /// Invocations that compare clocks over HTTP, `most` after the one attempt that counts for each sample.
    pub fn follow_ups(&self, most: u32) -> u64 {
        self.samples * u64::from(most)
    }

    /// Time that is paid for when every invocation is cut off by its time-out, ns; but for each sample those that
    /// compare clocks have [`follow_up::BUDGET`] together, and the last of them may go on beyond it.
    pub fn billed(&self, most: u32, timeout: Nanos) -> Nanos {
        let of_sample = Nanos::from(most)
            .saturating_mul(timeout)
            .min(follow_up::BUDGET + timeout);
        let followed = match most {
            0 => 0,
            _ => (self.samples as Nanos).saturating_mul(of_sample),
        };
        (self.invocations() as Nanos)
            .saturating_mul(timeout)
            .saturating_add(followed)
    }
}

fn possible(plan: &Plan, samples: Vec<SampleKey>) -> impl Iterator<Item = SampleKey> {
    samples
        .into_iter()
        .filter(|key| plan.is_possible(key.size, key.kind))
}

/// Time that an invocation is paid for: as it was measured to take, else as many round trips over an assumed path as it
/// waits for, but never longer than its time-out, ns. Those are `n` of the clock exchange over UDP; over HTTP the
/// function waits for nothing, and what is seen of its time is the call's own.
pub fn billed_each(typical: Option<&Typical>, sync: Carrier, n: u32, timeout: Nanos) -> Nanos {
    let measured = typical.filter(|typical| typical.basis == Basis::Measured);
    let time = match (measured, sync) {
        (Some(typical), Carrier::Udp) => typical.warm,
        (Some(typical), Carrier::Http) => typical.follow_up,
        (None, _) => Nanos::from(round_trips(sync, n)) * ASSUMED_ROUND_TRIP,
    };
    time.min(timeout)
}

/// Round trips that an invocation waits for.
pub fn round_trips(sync: Carrier, n: u32) -> u32 {
    match sync {
        Carrier::Udp => n,
        Carrier::Http => 1,
    }
}

/// What `invocations` use up that are paid for `billed` ns together: GB-seconds, and the price in US dollars where one is
/// known.
pub fn bill(terms: &Terms, invocations: u64, billed: Nanos) -> (f64, Option<f64>) {
    let spending = Spending {
        requests: invocations,
        billed,
        ..Spending::default()
    };
    (spending.gb_seconds(terms.memory_mb), terms.usd(&spending))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::plan::{Limits, Order, Outline, Range};
    use crate::core::price::Price;
    use crate::core::time::SECOND;
    use crate::core::until::Until;

    fn plan() -> Plan {
        let outline = Outline {
            sweep: Sweep::Payload,
            range: Range {
                begin: 1000,
                end: 2000,
                points: 2,
            },
            repetitions: 3,
            order: Order::Sebs,
            attempts_per_sample: 5,
            fixed_payload: 0,
        };
        Plan::new(outline, &Limits::default())
    }

    #[test]
    fn at_most_every_attempt_is_needed_and_every_attempt_at_a_warm_sample_has_a_warm_up() {
        let at_most = AtMost::of(&plan());
        assert_eq!((at_most.attempts, at_most.warm_ups), (60, 30));
        assert_eq!(at_most.payload_bytes, 15 * 3 * (1000 + 2000));
        let until = Until {
            half_width_ppm: 1,
            most: 30,
        };
        assert_eq!(AtMost::of(&plan().until(Some(until))).attempts, 600);
    }

    #[test]
    fn what_an_invocation_is_paid_for_is_bounded_by_its_time_out() {
        let each = |sync, n, timeout| billed_each(None, sync, n, timeout);
        assert_eq!(each(Carrier::Udp, 20, 60 * SECOND), SECOND);
        assert_eq!(each(Carrier::Udp, 1000, 30 * SECOND), 30 * SECOND);
        assert_eq!(each(Carrier::Http, 20, SECOND), ASSUMED_ROUND_TRIP);
        let typical = |basis| Typical {
            basis,
            warm: MILLISECOND,
            cold: 0,
            deployment: 0,
            megabyte: 0,
            unpacking: 0,
            follow_up: 0,
        };
        let of = |basis| billed_each(Some(&typical(basis)), Carrier::Udp, 20, 60 * SECOND);
        assert_eq!(of(Basis::Measured), MILLISECOND);
        assert_eq!(of(Basis::Assumed("")), SECOND);
    }

    #[test]
    fn clocks_are_compared_over_http_once_for_each_sample() {
        let (effort, at_most) = (Effort::of(&plan()), AtMost::of(&plan()));
        assert_eq!(effort.follow_ups(30), 12 * 30);
        assert_eq!(at_most.follow_ups(100), 12 * 100);
        let invocations = at_most.invocations() as Nanos;
        for (most, timeout, followed) in [
            (0, 10 * SECOND, 0),
            (100, 10 * SECOND, 12 * 40 * SECOND),
            (2, SECOND, 12 * 2 * SECOND),
        ] {
            let billed = at_most.billed(most, timeout);
            assert_eq!(billed, invocations * timeout + followed, "{most}");
        }
    }

    #[test]
    fn the_bill_of_a_thousand_invocations_of_a_second() {
        let price = Price {
            platform: String::new(),
            architecture: String::new(),
            usd_per_million_requests: 1000.0,
            usd_per_gb_second: 0.01,
            date: String::new(),
            source: String::new(),
        };
        let mut terms = Terms {
            memory_mb: 512,
            ..Terms::default()
        };
        assert_eq!(bill(&terms, 1000, 1000 * SECOND), (500.0, None));
        terms.price = Some(price);
        let (_, usd) = bill(&terms, 1000, 1000 * SECOND);
        assert!((usd.expect("a price") - 6.0).abs() < 1e-9);
    }
}
