//! What a plan takes when every attempt succeeds, and at most: invocations, bytes, time, GB-seconds and price.

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

    /// How long it takes, ns.
    pub fn time(&self, typical: &Typical) -> Nanos {
        let megabytes = (self.payload_bytes + self.package_bytes) / 1_000_000;
        let [warm, cold] = self.samples;
        (warm + self.warm_ups) as Nanos * typical.warm
            + cold as Nanos * typical.cold
            + self.deployments as Nanos * typical.deployment
            + megabytes as Nanos * typical.megabyte
            + (self.unpacked_bytes / 1_000_000) as Nanos * typical.unpacking
    }
}

/// Invocations and what they send when every allowed attempt is needed; a person's retries come on top.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AtMost {
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
}

fn possible(plan: &Plan, samples: Vec<SampleKey>) -> impl Iterator<Item = SampleKey> {
    samples
        .into_iter()
        .filter(|key| plan.is_possible(key.size, key.kind))
}

/// Time that an invocation is paid for: as a warm one was measured to take, else `n` round trips of the clock exchange over
/// an assumed path, but never longer than its time-out, ns.
pub fn billed_each(typical: Option<&Typical>, n: u32, timeout: Nanos) -> Nanos {
    let assumed = || Nanos::from(n) * ASSUMED_ROUND_TRIP;
    typical
        .filter(|typical| typical.basis == Basis::Measured)
        .map_or_else(assumed, |typical| typical.warm)
        .min(timeout)
}

/// What `invocations` of `each` ns use up: GB-seconds, and the price in US dollars where one is known.
pub fn bill(terms: &Terms, invocations: u64, each: Nanos) -> (f64, Option<f64>) {
    let spending = Spending {
        requests: invocations,
        billed: (invocations as Nanos).saturating_mul(each),
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
        assert_eq!(billed_each(None, 20, 60 * SECOND), SECOND);
        assert_eq!(billed_each(None, 1000, 30 * SECOND), 30 * SECOND);
        let typical = |basis| Typical {
            basis,
            warm: MILLISECOND,
            cold: 0,
            deployment: 0,
            megabyte: 0,
            unpacking: 0,
        };
        let (measured, assumed) = (typical(Basis::Measured), typical(Basis::Assumed("")));
        assert_eq!(billed_each(Some(&measured), 20, 60 * SECOND), MILLISECOND);
        assert_eq!(billed_each(Some(&assumed), 20, 60 * SECOND), SECOND);
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
        assert_eq!(bill(&terms, 1000, SECOND), (500.0, None));
        terms.price = Some(price);
        let (_, usd) = bill(&terms, 1000, SECOND);
        assert!((usd.expect("a price") - 6.0).abs() < 1e-9);
    }
}
