//! How often the published interval of a median holds the true median.

use std::fmt::Write as _;

use sebs_tui::core::counting::counting;
use sebs_tui::core::plan::{Order, Sweep};
use sebs_tui::core::sample::StartKind;
use sebs_tui::core::statistics::Description;
use sebs_tui::core::time::Nanos;

use super::runs::{plan, run};

/// Seed of the first run; each further one has the next.
pub const SEED: u64 = 4_711;
/// Runs of each law.
pub const RUNS: u64 = 150;

/// Ways to the function take 200 ns and, on average, 10 ns more; beside the tails of the laws below, which are a
/// thousand times longer, this moves their medians by 210 ns.
const WAY: Nanos = 210;
/// What a byte of the payload takes, ns.
const BYTE: Nanos = 10;

/// Laws of the invocation time whose medians are known, and the repetitions of a run.
pub struct Case {
    /// In words.
    pub name: &'static str,
    /// The world's text.
    pub world: &'static str,
    /// Median of the law, ns: warm and cold.
    medians: [Nanos; 2],
    /// Samples behind an interval.
    pub repetitions: u32,
}

/// The median of an exponential is its mean times ln 2, that of a uniform law half its length, and that of a Pareto law
/// its least value times 2^(1/shape).
pub const CASES: &[Case] = &[
    Case {
        name: "exponential",
        world: "warm=500us+exp:100us,cold=20ms+exp:5ms",
        medians: [569_315, 23_465_736],
        repetitions: 20,
    },
    Case {
        name: "uniform",
        world: "warm=500us+uniform:400us,cold=20ms+uniform:8ms",
        medians: [700_000, 24_000_000],
        repetitions: 12,
    },
    Case {
        name: "Pareto, shape 1.5",
        world: "warm=500us+pareto:100us:1.5,cold=20ms+pareto:5ms:1.5",
        medians: [658_740, 27_937_005],
        repetitions: 9,
    },
];

/// What was counted of one case.
pub struct Counted {
    /// Published intervals.
    pub intervals: u64,
    /// How many of them held the true median.
    pub held: u64,
    /// The chance with which each was said to hold it.
    pub promised: f64,
}

/// Makes so many runs, each with an interval for warm and one for cold starts.
pub fn count(case: &Case, runs: u64) -> Counted {
    let mut counted = Counted {
        intervals: 0,
        held: 0,
        promised: 0.0,
    };
    for number in 0..runs {
        let entries = run(
            case.world,
            SEED + number,
            plan(1, case.repetitions, Sweep::Payload, Order::Sebs),
        );
        for (kind, law) in StartKind::ALL.into_iter().zip(case.medians) {
            let of_kind = || {
                counting(&entries)
                    .into_iter()
                    .filter(|(key, _)| key.kind == kind)
            };
            let times: Vec<Nanos> = of_kind()
                .filter_map(|(_, attempt)| attempt.invocation_time())
                .collect();
            let payload = of_kind().map(|(_, attempt)| attempt.payload_bytes).max();
            let truth = law + WAY + payload.unwrap_or_default() as Nanos * BYTE;
            let interval = Description::of(&times)
                .and_then(|times| times.median_interval.known().copied())
                .expect("enough samples for an interval");
            counted.intervals += 1;
            counted.held += u64::from((interval.low..=interval.high).contains(&truth));
            counted.promised = interval.coverage;
        }
    }
    counted
}

/// Chance of so many successes or fewer among `n` trials of this chance each.
pub fn at_most(successes: u64, n: u64, chance: f64) -> f64 {
    let (mut log_term, mut sum) = (n as f64 * (1.0 - chance).ln(), 0.0);
    for k in 0..=successes {
        sum += log_term.exp();
        log_term += ((n - k) as f64 / (k + 1) as f64 * chance / (1.0 - chance)).ln();
    }
    sum.min(1.0)
}

/// The section of the document.
pub fn document() -> String {
    let mut text = format!(
        "\n## Intervals of medians\n\n\
         Whole simulated runs of one size, {RUNS} a law, seeds from {SEED}, with a function's clock that is 3 s behind and 80 ppm too\n\
         fast; each publishes an interval for warm and one for cold starts. *Promised* is the chance with which such an interval\n\
         holds the true median (by order statistics, whatever the law), *held* how many of them did.\n\n\
         | law of the invocation time | samples | promised | held | share |\n|---|---|---|---|---|\n"
    );
    for case in CASES {
        let counted = count(case, RUNS);
        let _ = writeln!(
            text,
            "| {} | {} | {:.2} % | {}/{} | {:.2} % |",
            case.name,
            case.repetitions,
            counted.promised * 100.0,
            counted.held,
            counted.intervals,
            counted.held as f64 / counted.intervals as f64 * 100.0
        );
    }
    text
}
