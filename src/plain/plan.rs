//! What a run would do, before anything is sent.

use std::fmt::Write as _;

use super::words::{order, rough, size};
use crate::core::plan::{Plan, Sweep, raw_bytes};
use crate::core::sample::StartKind;
use crate::core::time::Nanos;

/// What is known of the run beside its plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// Platform's name.
    pub platform: String,
    /// The function's form.
    pub runtime: String,
    /// How cold starts are forced and how sure that is, in a few words.
    pub cold: String,
    /// Consecutive exchanges without a new minimum RTT that end a session.
    pub n: u32,
    /// Zip of the function without filling, bytes, when it is known.
    pub package: Option<u64>,
    /// What the steps of such a run took elsewhere, when there is any experience.
    pub typical: Option<Typical>,
}

/// Typical lengths of a run's steps, ns; an estimate made of them is rough.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Typical {
    /// A warm invocation with its clock exchange.
    pub warm: Nanos,
    /// A cold one, with what forces it.
    pub cold: Nanos,
    /// Making, sending and activating a package.
    pub deployment: Nanos,
    /// Sending a megabyte.
    pub megabyte: Nanos,
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
}

impl Effort {
    /// Of the whole plan: walks through its samples as the run would.
    pub fn of(plan: &Plan) -> Self {
        let mut effort = Self::default();
        let mut deployed = None;
        let mut environment_is_warm = false;
        for key in plan
            .samples()
            .into_iter()
            .filter(|key| plan.beyond(*key).is_none())
        {
            let package = match plan.outline.sweep {
                Sweep::Payload => 0,
                Sweep::Code => plan.size(key),
            };
            if deployed != Some(package) {
                deployed = Some(package);
                effort.deployments += 1;
                effort.package_bytes += package;
                environment_is_warm = false;
            }
            if key.kind == StartKind::Warm && !environment_is_warm {
                effort.warm_ups += 1;
                effort.payload_bytes += plan.payload_bytes(key);
            }
            environment_is_warm = true;
            effort.samples[usize::from(key.kind == StartKind::Cold)] += 1;
            effort.payload_bytes += plan.payload_bytes(key);
        }
        effort
    }

    /// All invocations.
    pub fn invocations(&self) -> u64 {
        self.samples[0] + self.samples[1] + self.warm_ups
    }

    fn time(&self, typical: &Typical) -> Nanos {
        let megabytes = (self.payload_bytes + self.package_bytes) / 1_000_000;
        let [warm, cold] = self.samples;
        (warm + self.warm_ups) as Nanos * typical.warm
            + cold as Nanos * typical.cold
            + self.deployments as Nanos * typical.deployment
            + megabytes as Nanos * typical.megabyte
    }
}

/// The plan as text.
pub fn render(plan: &Plan, about: &About) -> String {
    let outline = &plan.outline;
    let mut text = format!(
        "{} sweep on {}, {} function: {} sizes, {} repetitions, warm and cold; N {}, {}\ncold starts: {}\n\n",
        outline.sweep.word(),
        about.platform,
        about.runtime,
        plan.points.len(),
        outline.repetitions,
        about.n,
        order(outline.order),
        about.cold,
    );
    if let Some(until) = plan.until {
        let _ = writeln!(
            text,
            "then more, up to {} repetitions, where a median is not known to ±{} %\n",
            until.most,
            until.percent()
        );
    }
    sizes(&mut text, plan);
    totals(&mut text, plan, about);
    text
}

fn sizes(text: &mut String, plan: &Plan) {
    let repetitions = plan.outline.repetitions;
    let _ = match plan.outline.sweep {
        Sweep::Payload => writeln!(
            text,
            "{:>4}  {:>12}  {:>12}  {:>5}  {:>5}",
            "", "wire bytes", "raw bytes", "warm", "cold"
        ),
        Sweep::Code => writeln!(
            text,
            "{:>4}  {:>12}  {:>5}  {:>5}",
            "", "zip bytes", "warm", "cold"
        ),
    };
    for (number, point) in (1..).zip(&plan.points) {
        let _ = write!(text, "{number:>4}  {:>12}", point.size);
        if plan.outline.sweep == Sweep::Payload {
            let _ = write!(text, "  {:>12}", raw_bytes(point.size));
        }
        let _ = match &point.beyond {
            None => writeln!(text, "  {repetitions:>5}  {repetitions:>5}"),
            Some(limit) => writeln!(
                text,
                "  {:>5}  {:>5}  beyond {} ({} B)",
                "-", "-", limit.name, limit.bytes
            ),
        };
    }
}

fn totals(text: &mut String, plan: &Plan, about: &About) {
    let effort = Effort::of(plan);
    let planned = plan.samples().len() as u64;
    let within = effort.samples[0] + effort.samples[1];
    let beyond = if planned == within {
        String::new()
    } else {
        format!(" of {planned}; {} are beyond a limit", planned - within)
    };
    let packages = match plan.outline.sweep {
        Sweep::Code => size(effort.package_bytes),
        Sweep::Payload => about
            .package
            .map_or_else(|| "a package of unknown size".into(), size),
    };
    let time = match &about.typical {
        Some(typical) => format!("{}, roughly", rough(effort.time(typical))),
        None => "unknown".into(),
    };
    let _ = write!(
        text,
        "\nsamples      {within}{beyond}\n\
         invocations  {}, {} of them warm-ups; up to {} for a sample that fails or starts in the wrong kind\n\
         deployments  {}\n\
         bytes up     {} of payload, {packages} of code\n\
         time         {time}\n",
        effort.invocations(),
        effort.warm_ups,
        plan.outline.attempts_per_sample,
        effort.deployments,
        size(effort.payload_bytes),
    );
}
