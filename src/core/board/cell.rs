//! What is known of one size and start kind, and of one sample.

use std::collections::BTreeMap;

use crate::core::analysis::is_wide;
use crate::core::distribution::{Distribution, median};
use crate::core::sample::{PacketCounts, SampleOutcome, StartKind};
use crate::core::time::Nanos;

/// One size and start kind.
#[derive(Debug, Clone)]
pub struct Cell {
    /// Index into the plan's points.
    pub size: u32,
    /// Start kind.
    pub kind: StartKind,
    /// Repetitions planned, added ones included.
    pub repetitions: u32,
    /// Samples measured.
    pub measured: u32,
    /// Samples without a clock estimate.
    pub unsynchronised: u32,
    /// Samples failed.
    pub failed: u32,
    /// Samples skipped.
    pub skipped: u32,
    /// Attempts that started in the other kind.
    pub wrong_kind: u32,
    /// Corrected invocation times of the measured samples that nothing contradicts, ns, by repetition.
    pub invocation: BTreeMap<u32, Nanos>,
    /// What the clocks leave open of them, ns, by repetition.
    pub bounds: BTreeMap<u32, Nanos>,
    /// RTTs of all its attempts, ns.
    pub rtt: Distribution,
    /// Datagrams of all its attempts.
    pub packets: PacketCounts,
}

impl Cell {
    /// Before its first sample.
    pub fn new(size: u32, kind: StartKind, repetitions: u32) -> Self {
        Self {
            size,
            kind,
            repetitions,
            measured: 0,
            unsynchronised: 0,
            failed: 0,
            skipped: 0,
            wrong_kind: 0,
            invocation: BTreeMap::new(),
            bounds: BTreeMap::new(),
            rtt: Distribution::default(),
            packets: PacketCounts::default(),
        }
    }

    /// Samples that have ended.
    pub fn ended(&self) -> u32 {
        self.measured + self.unsynchronised + self.failed + self.skipped
    }

    /// Median of the clocks' bounds, ns, where it is not small beside the median time; none where it is.
    pub fn wide_bound(&self) -> Option<Nanos> {
        let middle = |of: &BTreeMap<u32, Nanos>| median(&of.values().copied().collect::<Vec<_>>());
        let (bound, time) = (middle(&self.bounds)?, middle(&self.invocation)?);
        is_wide(bound, time).then_some(bound)
    }
}

/// How a sample ended, for resume and lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// How.
    pub outcome: SampleOutcome,
    /// The attempt that counts.
    pub attempt: Option<u64>,
    /// Its corrected invocation time, ns; none when something contradicts it.
    pub invocation: Option<Nanos>,
}

/// The count that samples with this outcome are in.
pub(super) fn count_of<'a>(cell: &'a mut Cell, outcome: &SampleOutcome) -> &'a mut u32 {
    match outcome {
        SampleOutcome::Measured => &mut cell.measured,
        SampleOutcome::Unsynchronised => &mut cell.unsynchronised,
        SampleOutcome::Failed(_) => &mut cell.failed,
        SampleOutcome::Skipped(_) => &mut cell.skipped,
    }
}
