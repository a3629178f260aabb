//! The warnings there are.

use serde::{Deserialize, Serialize};

use crate::core::sample::StartKind;
use crate::core::time::Nanos;

/// Something a reader of the figures should know. Lengths are in ns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "warning", rename_all = "snake_case")]
pub enum Warning {
    /// A cold start was faster than a warm one.
    ColdFasterThanWarm {
        /// Bytes.
        size: u64,
        /// Median cold minus median warm.
        difference: Nanos,
        /// Whether its whole interval is below 0.
        certain: bool,
    },
    /// The times rose or fell while the run went on, sizes apart.
    Drift {
        /// Start kind.
        kind: StartKind,
        /// Rank correlation with time.
        correlation: f64,
        /// Chance of it without a drift.
        p: f64,
        /// Median residual of the last third of the samples minus that of the first third.
        moved: Nanos,
    },
    /// Some values are far from the others: something else was going on.
    Outliers {
        /// Bytes.
        size: u64,
        /// Start kind.
        kind: StartKind,
        /// How many.
        count: usize,
        /// Of how many.
        of: usize,
    },
    /// Some sizes and start kinds have too few samples for an interval.
    TooFewSamples {
        /// How many sizes and start kinds.
        cells: usize,
        /// Of how many within the limits.
        of: usize,
        /// Samples of the one that has fewest.
        fewest: usize,
        /// How many it takes.
        least: usize,
    },
    /// Some samples were measured while a dashboard was drawn on this machine, and others were not.
    ScreenOn {
        /// How many.
        count: usize,
        /// Of how many.
        of: usize,
    },
    /// A clock was stepped, or runs too far off: bounds are no proof there, and these samples are left out.
    ClockStep {
        /// Bytes.
        size: u64,
        /// Start kind.
        kind: StartKind,
        /// Samples with whose exchanges no offset agrees.
        in_exchange: usize,
        /// Samples during whose invocation the host's wall clock left its monotonic clock.
        of_host: usize,
    },
    /// Samples with times that no invocation takes, left out of the figures.
    Implausible {
        /// Bytes.
        size: u64,
        /// Start kind.
        kind: StartKind,
        /// How many.
        count: usize,
        /// Of how many.
        of: usize,
    },
    /// Samples whose start kind the platform's own record contradicts, left out of the figures.
    Contradicted {
        /// Bytes.
        size: u64,
        /// Start kind that the function told.
        kind: StartKind,
        /// How many.
        count: usize,
        /// Of how many.
        of: usize,
    },
    /// The clocks' rates differ by more than the bounds allow for.
    FastClock {
        /// Bytes.
        size: u64,
        /// Start kind.
        kind: StartKind,
        /// Samples for which that is certain.
        count: usize,
        /// Of how many.
        of: usize,
    },
    /// `--until-ci` stopped at its most repetitions.
    UntilMissed {
        /// Sizes and start kinds.
        cells: usize,
        /// Of how many with samples.
        of: usize,
        /// Most repetitions.
        most: u32,
        /// Half-width that was asked for, relative to the median.
        target: f64,
        /// The widest that is known of them.
        widest: Option<f64>,
    },
    /// Samples without a clock estimate, left out of the figures.
    Unsynchronised {
        /// Bytes.
        size: u64,
        /// Start kind.
        kind: StartKind,
        /// How many.
        count: usize,
        /// Of how many.
        of: usize,
    },
    /// Many datagrams had no answer.
    HighLoss {
        /// Bytes.
        size: u64,
        /// Start kind.
        kind: StartKind,
        /// Share of them, 0 to 1.
        loss: f64,
    },
    /// The error that the clocks leave is not small beside the time itself.
    WideBound {
        /// Bytes.
        size: u64,
        /// Start kind.
        kind: StartKind,
        /// Median bound.
        bound: Nanos,
        /// Median invocation time.
        median: Nanos,
    },
    /// Attempts started in the other kind and were made again.
    WrongKind {
        /// Bytes.
        size: u64,
        /// Start kind that was asked for.
        kind: StartKind,
        /// How many.
        count: usize,
    },
}
