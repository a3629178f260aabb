//! The error of each estimator of the clock offset, under conditions whose truth is known.

use std::fmt::Write as _;
use std::sync::Arc;

use sebs_tui::core::contract::{ClockShift, Dialect};
use sebs_tui::core::exchange::join;
use sebs_tui::core::initiator::Orders;
use sebs_tui::core::offset::{ClockEstimate, estimate};
use sebs_tui::core::sample::{Exchange, Stamps, Token};
use sebs_tui::core::simulation::{Played, Scene, World, play};
use sebs_tui::core::time::{MILLISECOND, Nanos, SECOND};

/// Seed of the committed table.
pub const SEED: u64 = 20_261_123;
/// True time at which every session begins, ns since the epoch.
const BEGIN: Nanos = 1_800_000_000 * SECOND;
/// What the function's clock is ahead at the beginning.
const AHEAD: Nanos = SECOND / 2;

/// One line of the table.
pub struct Condition {
    /// In words.
    pub name: &'static str,
    /// The world's text.
    pub world: &'static str,
    /// Rate error of the function's clock.
    ppm: f64,
    /// Probes under way at once, and the least time between them when they are several.
    in_flight: u32,
    pace: Nanos,
    /// SeBS's N.
    n: u32,
    /// Sessions.
    pub sessions: u64,
}

/// SeBS's N, one probe under way, 1000 sessions.
const fn usual(name: &'static str, world: &'static str) -> Condition {
    Condition {
        name,
        world,
        ppm: 0.0,
        in_flight: 1,
        pace: MILLISECOND,
        n: 20,
        sessions: 1000,
    }
}

/// The conditions.
pub const CONDITIONS: &[Condition] = &[
    usual("idle", "idle"),
    usual("both cores busy", "busy"),
    usual("exponential 200 us, one way", "jitter-out"),
    usual("Pareto (50 us, 1.5), one way", "tail-out"),
    usual("exponential 200 us, both ways", "jitter"),
    usual("1 ms constant, one way", "asymmetric"),
    usual("loss 2 % each way", "loss-2"),
    usual("loss 10 % each way", "loss-10"),
    Condition {
        in_flight: 4,
        ..usual(
            "10 % late, 10 % doubled, 50 us jitter, 4 in flight",
            "reordering",
        )
    },
    usual("20 ms path, heavy tail", "wan"),
    usual("the same, loss 2 %", "wan-loss"),
    Condition {
        ppm: 50.0,
        in_flight: 2,
        pace: 10 * MILLISECOND,
        n: 1000,
        sessions: 100,
        ..usual("50 ppm drift, 1000 exchanges in 10 s", "idle")
    },
    Condition {
        ppm: 50.0,
        ..usual("50 ppm drift, 20 ms path", "wan")
    },
];

/// What is compared.
pub const ESTIMATORS: [&str; 7] = [
    "kernel: interval",
    "kernel: min RTT",
    "kernel: median",
    "kernel: mean",
    "user: interval",
    "user: min RTT",
    "user: SeBS's mean",
];

/// Errors under one condition, ns.
pub struct Row {
    /// By estimator, sorted.
    pub errors: [Vec<Nanos>; ESTIMATORS.len()],
    /// Half-widths of the published intervals with the function's kernel stamps, sorted.
    pub bounds: Vec<Nanos>,
    /// Published intervals, with and without kernel stamps.
    pub intervals: u64,
    /// How many of them held the truth.
    pub held: u64,
    /// Lengths of the sessions, sorted.
    pub lengths: Vec<Nanos>,
}

/// Plays every session of a condition, or the first `most` of them.
pub fn measure(condition: &Condition, seed: u64, most: u64) -> Row {
    let world: World = condition.world.parse().expect("a world");
    let shift = ClockShift {
        offset: AHEAD,
        rate_ppm: condition.ppm,
        since: BEGIN,
    };
    let mut row = Row {
        errors: Default::default(),
        bounds: Vec::new(),
        intervals: 0,
        held: 0,
        lengths: Vec::new(),
    };
    for session in 0..condition.sessions.min(most) {
        let played = play(&Scene {
            world: &world,
            shift: Some(shift),
            orders: Orders {
                dialect: Dialect::Stamp,
                token: Token([1; 16]),
                session: 0,
                n: condition.n,
                max_exchanges: 1000,
                in_flight: condition.in_flight,
                pace: condition.pace,
                budget: 30 * SECOND,
            },
            live: Arc::default(),
            begin: BEGIN,
            seed: seed.wrapping_add(session),
        });
        row.enter(&played);
    }
    row.errors
        .iter_mut()
        .for_each(|errors| errors.sort_unstable());
    row.bounds.sort_unstable();
    row.lengths.sort_unstable();
    row
}

impl Row {
    fn enter(&mut self, played: &Played) {
        let at = BEGIN + AHEAD;
        let (exchanges, _) = join(&played.host, &played.function);
        let in_user_space: Vec<Exchange> = exchanges.iter().map(without_kernel).collect();
        let estimates = [&exchanges, &in_user_space].map(|exchanges| estimate(exchanges, at));
        let [Some(kernel), Some(user)] = estimates else {
            return;
        };
        let mut offsets: Vec<Nanos> = exchanges.iter().filter_map(offset).collect();
        offsets.sort_unstable();
        let mean = offsets.iter().sum::<Nanos>() / offsets.len() as Nanos;
        let found = [
            kernel.offset,
            kernel.minimum_rtt_offset,
            offsets[offsets.len() / 2],
            mean,
            user.offset,
            user.minimum_rtt_offset,
            user.mean.round() as Nanos,
        ];
        for (errors, found) in self.errors.iter_mut().zip(found) {
            errors.push((found - AHEAD).abs());
        }
        let holds = |estimate: &ClockEstimate| (estimate.offset - AHEAD).abs() <= estimate.bound;
        self.intervals += 2;
        self.held += u64::from(holds(&kernel)) + u64::from(holds(&user));
        self.bounds.push(kernel.bound);
        self.lengths.push(played.end - BEGIN);
    }
}

/// What the kernel's stamps of one exchange alone say.
fn offset(exchange: &Exchange) -> Option<Nanos> {
    let Exchange(_, _, t1, t2, t3, t4) = exchange;
    Some(((t1.1? - (*t2)?.1?) + ((*t4)?.1? - (*t3)?.1?)).div_euclid(2))
}

fn without_kernel(exchange: &Exchange) -> Exchange {
    let user = |Stamps(user, _)| Stamps(user, None);
    let Exchange(sequence, reply, t1, t2, t3, t4) = *exchange;
    Exchange(
        sequence,
        reply,
        user(t1),
        t2.map(user),
        t3.map(user),
        t4.map(user),
    )
}

/// The value that this share of the sorted ones does not exceed.
pub fn quantile(sorted: &[Nanos], share: f64) -> Nanos {
    let rank = (share * sorted.len() as f64).ceil() as usize;
    sorted
        .get(rank.saturating_sub(1))
        .copied()
        .unwrap_or_default()
}

/// Microseconds with three digits, or all of them where there are more.
fn micros(nanos: Nanos) -> String {
    match nanos {
        0..10_000 => format!("{:.3}", nanos as f64 / 1e3),
        10_000..100_000 => format!("{:.1}", nanos as f64 / 1e3),
        _ => format!("{:.0}", nanos as f64 / 1e3),
    }
}

fn cell(sorted: &[Nanos]) -> String {
    let of = |share| micros(quantile(sorted, share));
    format!("{}/{}/{}", of(0.5), of(0.99), of(1.0))
}

/// The whole file.
pub fn document() -> String {
    let mut text = format!(
        "# Clock estimators against a known truth\n\n\
         Made by `cargo run --release --example known_truth > docs/known-truth.md`, seed {SEED}. Nothing here was measured: both\n\
         ends are the program's own, the network, the schedulers and the clocks between them are simulated in virtual time.\n\n\
         Each cell is the absolute error of the offset at the beginning of a session in µs: median/99th percentile/largest\n\
         over the sessions of the condition. The function's clock is {} s ahead. A session ends by SeBS's rule with N = 20, but\n\
         for the ten seconds of drift. *Bound* is the published half-width of the interval with kernel stamps, *held* how many\n\
         of the published intervals (kernel and user stamps) held the truth, *length* how long a session took, in ms.\n\n\
         | condition | `--simulated` | sessions |",
        AHEAD as f64 / SECOND as f64
    );
    for name in ESTIMATORS {
        let _ = write!(text, " {name} |");
    }
    text.push_str(" bound | held | length |\n|---|---|---|");
    text.push_str(&"---|".repeat(ESTIMATORS.len() + 3));
    text.push('\n');
    for condition in CONDITIONS {
        let row = measure(condition, SEED, condition.sessions);
        let _ = write!(
            text,
            "| {} | `{}` | {} |",
            condition.name,
            condition.world,
            row.lengths.len()
        );
        for errors in &row.errors {
            let _ = write!(text, " {} |", cell(errors));
        }
        let length = quantile(&row.lengths, 0.5) as f64 / MILLISECOND as f64;
        let _ = writeln!(
            text,
            " {} | {}/{} | {length:.1} |",
            cell(&row.bounds),
            row.held,
            row.intervals
        );
    }
    text.push_str(
        "\n*Interval* is what the program publishes: the midpoint of the intersection of the complete exchanges' limits in\n\
         stamps of one kind, moved into that of all limits where it lies outside. *Min RTT* is the\n\
         exchange with the smallest round trip, *median* and *mean* are over the exchanges' own offsets. *SeBS's mean* is\n\
         `clock_drift_mean` over rows joined by number; SeBS itself joins them by position, and one lost datagram then shifts\n\
         all that follow, which is not shown here. No estimator can see a constant asymmetry: the error is half of it, and within\n\
         the bound. A session in which no exchange was complete has no estimate and is not counted.\n",
    );
    text
}
