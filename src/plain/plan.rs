//! What a run would do, before anything is sent.

use std::fmt::Write as _;

use super::words::{clean, length, order, rough};
use crate::core::contract::Carrier;
use crate::core::effort::{
    ASSUMED_ROUND_TRIP, AtMost, Basis, Effort, Typical, bill, billed_each, round_trips,
};
use crate::core::follow_up::Allowance;
use crate::core::pace;
use crate::core::plan::{Deployment, Plan, Sweep, raw_bytes};
use crate::core::spending::{Terms, minutes, usd};
use crate::core::time::Nanos;
use crate::core::words::{counted, size};

/// What is known of the run beside its plan.
#[derive(Debug, Clone, PartialEq)]
pub struct About {
    /// Platform's name.
    pub platform: String,
    /// The function's form.
    pub runtime: String,
    /// How cold starts are forced and how sure that is, in a few words.
    pub cold: String,
    /// Consecutive exchanges without a new minimum RTT that end a session.
    pub n: u32,
    /// What carries the clock exchange.
    pub sync: Carrier,
    /// Most exchanges of a session.
    pub max_exchanges: u32,
    /// Zip of the function without filling, bytes, when it is known.
    pub package: Option<u64>,
    /// What the steps of such a run took elsewhere, when there is any experience.
    pub typical: Option<Typical>,
    /// Time-out of an invocation, ns.
    pub timeout: Nanos,
    /// What the run may use up, and its price.
    pub terms: Terms,
    /// What is said of the price where none is known.
    pub unpriced: String,
    /// Most invocations in a minute that the platform takes, where there is such a limit.
    pub per_minute: Option<u32>,
    /// What kept the platform from being asked, so that its limits are not known.
    pub unasked: Option<String>,
}

impl About {
    /// Invocations after each sample that compare the clocks: none over UDP.
    fn follow_ups(&self) -> Allowance {
        match self.sync {
            Carrier::Udp => Allowance {
                expected: 0,
                most: 0,
            },
            Carrier::Http => Allowance::of(self.n, self.max_exchanges).under(self.per_minute),
        }
    }

    /// How long it takes where its steps take what is typical, and no less than the platform's limit makes it, ns.
    fn time(&self, effort: &Effort, typical: &Typical) -> Nanos {
        let each = self.follow_ups().expected;
        let invocations = effort.invocations() + effort.follow_ups(each);
        let least = self
            .per_minute
            .map_or(0, |most| pace::least(most, invocations));
        effort.time(typical, each).max(least)
    }

    /// All invocations: about, and at most.
    fn invocations(&self, effort: &Effort, at_most: &AtMost) -> [u64; 2] {
        let each = self.follow_ups();
        [
            effort.invocations() + effort.follow_ups(each.expected),
            at_most.invocations() + at_most.follow_ups(each.most),
        ]
    }
}

/// The plan as text.
pub fn render(plan: &Plan, about: &About) -> String {
    let outline = &plan.outline;
    let mut text = format!(
        "{} sweep on {}, {} function: {} sizes, {}, warm and cold; N {}, {}\ncold starts: {}\n\n",
        outline.sweep.word(),
        about.platform,
        about.runtime,
        plan.points.len(),
        counted(outline.repetitions.into(), "repetition"),
        about.n,
        order(outline.order),
        about.cold,
    );
    if let Some(reason) = &plan.no_cold {
        let _ = writeln!(text, "every cold sample is skipped: {reason}\n");
    }
    if let Some(until) = plan.until {
        let _ = writeln!(
            text,
            "then more, up to {} repetitions, where a median is not known to ±{} %\n",
            until.most,
            until.percent()
        );
    }
    if let Some(why) = &about.unasked {
        let _ = writeln!(
            text,
            "the platform could not be asked, so its limits are left out: {}\n",
            clean(why)
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
            None if plan.no_cold.is_some() => writeln!(text, "  {repetitions:>5}  {:>5}", "-"),
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
    let (effort, at_most) = (Effort::of(plan), AtMost::of(plan));
    let planned = plan.samples().len() as u64;
    let within = effort.samples[0] + effort.samples[1];
    let beyond = if planned == within {
        String::new()
    } else {
        let why = match plan.no_cold {
            None => "are beyond a limit",
            Some(_) => "cannot be taken",
        };
        format!(" of {planned}; {} {why}", planned - within)
    };
    let packages = match (plan.deployment, plan.outline.sweep) {
        (Deployment::Theirs, _) => "none".into(),
        (Deployment::Ours, Sweep::Code) => size(effort.package_bytes),
        (Deployment::Ours, Sweep::Payload) => about
            .package
            .map_or_else(|| "a package of unknown size".into(), size),
    };
    let deployments = match plan.deployment {
        Deployment::Ours => effort.deployments.to_string(),
        Deployment::Theirs => "none: somebody else deployed the function".into(),
    };
    let time = match &about.typical {
        Some(typical) => {
            let how = match typical.basis {
                Basis::Measured => "roughly".into(),
                Basis::Assumed(what) => format!("assumed: {what}"),
            };
            format!("{}, {how}", rough(about.time(&effort, typical)))
        }
        None => "unknown".into(),
    };
    let [invocations, most] = about.invocations(&effort, &at_most);
    let clock = match about.sync {
        Carrier::Udp => String::new(),
        Carrier::Http => {
            let each = about.follow_ups();
            let whose = if about.platform == "endpoint" {
                "; the function must be ours, or --reply say where instance_id and leave are"
            } else {
                ""
            };
            format!(
                "clock        over HTTP: {} of them after the samples, about {} each, at most {}; wider bounds than over UDP{whose}\n",
                effort.follow_ups(each.expected),
                each.expected,
                each.most
            )
        }
    };
    let _ = write!(
        text,
        "\nsamples      {within}{beyond}\n\
         invocations  {invocations}, {} of them warm-ups; at most {most} with {} attempts at each sample, {} of them warm-ups\n\
         {clock}\
         deployments  {deployments}\n\
         bytes up     {} of payload (at most {}), {packages} of code\n\
         time         {time}\n",
        effort.warm_ups,
        plan.outline.attempts_per_sample,
        at_most.warm_ups,
        size(effort.payload_bytes),
        size(at_most.payload_bytes),
    );
    if let Some(most) = about.per_minute {
        let waiting = match pace::least(most, invocations) {
            0 => String::new(),
            least => format!(", so at least {} min", minutes(least)),
        };
        let _ = writeln!(
            text,
            "pace         at most {most} invocations a minute{waiting}"
        );
    }
    money(text, &effort, &at_most, about);
    if about.terms.limited() {
        let _ = writeln!(text, "stops at     {}", limits(&about.terms));
    }
}

fn money(text: &mut String, effort: &Effort, at_most: &AtMost, about: &About) {
    let terms = &about.terms;
    let each = billed_each(about.typical.as_ref(), about.sync, about.n, about.timeout);
    let [invocations, most] = about.invocations(effort, at_most);
    let (gb_seconds, price) = bill(terms, invocations, invocations as Nanos * each);
    let (most_gb_seconds, most_price) = bill(
        terms,
        most,
        at_most.billed(about.follow_ups().most, about.timeout),
    );
    let why = match about.typical.map(|typical| typical.basis) {
        Some(Basis::Measured) => "as is typical".into(),
        Some(Basis::Assumed(_)) | None => format!(
            "{} round trips of {}, assumed",
            round_trips(about.sync, about.n),
            length(ASSUMED_ROUND_TRIP)
        ),
    };
    let _ = writeln!(
        text,
        "GB-seconds   {gb_seconds:.3} with {} MB for {} each ({why}); at most {most_gb_seconds:.3}, each to its time-out",
        terms.memory_mb,
        length(each),
    );
    let _ = match (&terms.price, price.zip(most_price)) {
        (Some(list), Some((price, most))) => writeln!(
            text,
            "price        about {}, at most {} (prices of {}: {})",
            usd(price),
            usd(most),
            list.date,
            list.source
        ),
        _ => writeln!(text, "price        {}", about.unpriced),
    };
}

/// The limits that are set, for people.
fn limits(terms: &Terms) -> String {
    let limits = [
        terms.budget.map(usd),
        terms.time.map(|time| format!("{} min", minutes(time))),
        terms.bytes.map(|bytes| format!("{} sent", size(bytes))),
    ];
    let set: Vec<String> = limits.into_iter().flatten().collect();
    set.join(", ")
}

/// What a run is expected to take, in one line for its beginning.
pub fn expected(plan: &Plan, about: &About) -> String {
    let (effort, at_most) = (Effort::of(plan), AtMost::of(plan));
    let each = billed_each(about.typical.as_ref(), about.sync, about.n, about.timeout);
    let [invocations, most] = about.invocations(&effort, &at_most);
    let mut text = format!(
        "expected: {invocations} invocations (at most {most}), {} of payload",
        size(effort.payload_bytes)
    );
    if plan.outline.sweep == Sweep::Code {
        let _ = write!(text, ", {} of code", size(effort.package_bytes));
    }
    if let Some(typical) = &about.typical {
        let _ = write!(text, ", {}", rough(about.time(&effort, typical)));
        if let Basis::Assumed(_) = typical.basis {
            text.push_str(" (assumed)");
        }
    }
    if let Some(most) = about.per_minute {
        let least = pace::least(most, invocations);
        if least > 0 {
            let _ = write!(
                text,
                ", at least {} min at {most} invocations a minute",
                minutes(least)
            );
        }
    }
    if let (Some(list), (_, Some(price))) = (
        &about.terms.price,
        bill(&about.terms, invocations, invocations as Nanos * each),
    ) {
        let _ = write!(text, ", about {} (prices of {})", usd(price), list.date);
    }
    if about.terms.limited() {
        let _ = write!(text, "; stops at {}", limits(&about.terms));
    }
    text
}
