//! `summary.json`: the numbers of a whole run, made from its journal.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{StoreError, directory};
use crate::core::account::Account;
use crate::core::analysis::Analysis;
use crate::core::board::{Board, Cell};
use crate::core::contract::Carrier;
use crate::core::counting::counting;
use crate::core::distribution::median;
use crate::core::follow_up::FollowUps;
use crate::core::message::{Entry, RunHeader, RunState};
use crate::core::sample::{AttemptOutcome, PacketCounts, SampleKey, StartKind};
use crate::core::time::Nanos;

/// Its name in a run's directory.
pub const FILE_NAME: &str = "summary.json";

/// Version of its shape.
const VERSION: u32 = 3;

/// The numbers of a run. All times are in ns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// Version of this file's shape.
    pub version: u32,
    /// Where the run stood when this was written.
    pub state: RunState,
    /// What the run was; none for an empty journal.
    pub run: Option<RunHeader>,
    /// Run time, pauses included, the time between two processes not.
    pub elapsed: Nanos,
    /// Attempts made, warm-ups included.
    pub attempts: u64,
    /// Samples that were taken again.
    pub superseded: u32,
    /// Datagrams of all attempts.
    pub packets: Packets,
    /// Invocations that compared the clocks, where it was done over HTTP.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub follow_ups: Option<FollowUps>,
    /// What the run has used up.
    pub account: Account,
    /// By size and start kind.
    pub cells: Vec<CellSummary>,
    /// What follows from the attempts that count: intervals, fits, warnings.
    pub analysis: Analysis,
}

/// One size and start kind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CellSummary {
    /// Bytes: of the payload on the wire, or of the zip.
    pub size: u64,
    /// Start kind.
    pub kind: StartKind,
    /// Name of the limit that rules the size out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub beyond: Option<String>,
    /// Samples measured, those that are left out of every figure included.
    pub measured: u32,
    /// Samples without a clock estimate.
    pub unsynchronised: u32,
    /// Samples failed.
    pub failed: u32,
    /// Samples skipped.
    pub skipped: u32,
    /// Attempts that started in the other kind.
    pub wrong_kind: u32,
    /// Corrected invocation time of the measured samples.
    pub invocation_time: Option<Spread>,
    /// Proven bound on its error.
    pub bound: Option<Spread>,
    /// Datagrams of all attempts.
    pub packets: Packets,
}

/// The order statistics of some durations, ns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spread {
    /// How many.
    pub n: usize,
    /// Smallest.
    pub min: Nanos,
    /// A quarter is not above it (nearest rank).
    pub quartile_1: Nanos,
    /// Median.
    pub median: Nanos,
    /// Three quarters are not above it (nearest rank).
    pub quartile_3: Nanos,
    /// Largest.
    pub max: Nanos,
}

impl Spread {
    /// Of `values`; none when there are none.
    pub fn of(values: &[Nanos]) -> Option<Self> {
        let mut sorted = values.to_vec();
        sorted.sort_unstable();
        let n = sorted.len();
        let rank = |quarters: usize| sorted[(quarters * n).div_ceil(4).max(1) - 1];
        Some(Self {
            n,
            min: *sorted.first()?,
            quartile_1: rank(1),
            median: median(&sorted)?,
            quartile_3: rank(3),
            max: *sorted.last()?,
        })
    }
}

/// Datagrams with their losses worked out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Packets {
    /// Counted.
    #[serde(flatten)]
    pub counts: PacketCounts,
    /// Lost from function to host.
    pub lost_to_host: u32,
    /// Lost from host to function.
    pub lost_to_function: u32,
}

impl From<PacketCounts> for Packets {
    fn from(counts: PacketCounts) -> Self {
        Self {
            counts,
            lost_to_host: counts.lost_outbound(),
            lost_to_function: counts.lost_inbound(),
        }
    }
}

impl Summary {
    /// Of a whole journal.
    pub fn of(entries: &[Entry]) -> Self {
        let board = Board::of(entries);
        let bounds = bounds(entries);
        Self {
            version: VERSION,
            state: board.state,
            run: board.run.as_deref().cloned(),
            elapsed: board.elapsed,
            attempts: board.attempts,
            superseded: board.superseded,
            packets: board.packets.into(),
            follow_ups: (board.sync() == Carrier::Http).then_some(board.follow_ups),
            account: board.account(),
            cells: board
                .cells
                .iter()
                .filter_map(|cell| cell_summary(&board, cell, &bounds))
                .collect(),
            analysis: Analysis::of(entries),
        }
    }

    /// Reads it from the run's `directory`.
    pub fn read(directory: &Path) -> Result<Self, StoreError> {
        let path = directory.join(FILE_NAME);
        let text = std::fs::read(&path).map_err(StoreError::io("read", &path))?;
        serde_json::from_slice(&text).map_err(|error| StoreError::Malformed {
            path,
            what: error.to_string(),
        })
    }

    /// Writes it into the run's `directory`.
    pub fn write(&self, directory: &Path) -> Result<(), StoreError> {
        let mut text =
            serde_json::to_string_pretty(self).expect("keys are strings and nothing else can fail");
        text.push('\n');
        directory::replace(&directory.join(FILE_NAME), text.as_bytes())
    }
}

fn cell_summary(
    board: &Board,
    cell: &Cell,
    bounds: &BTreeMap<SampleKey, Nanos>,
) -> Option<CellSummary> {
    let point = board.plan()?.points.get(cell.size as usize)?;
    let of_cell = |key: &SampleKey| key.size == cell.size && key.kind == cell.kind;
    let bounds: Vec<Nanos> = bounds
        .iter()
        .filter(|(key, _)| of_cell(key))
        .map(|(_, bound)| *bound)
        .collect();
    Some(CellSummary {
        size: point.size,
        kind: cell.kind,
        beyond: point.beyond.as_ref().map(|limit| limit.name.clone()),
        measured: cell.measured,
        unsynchronised: cell.unsynchronised,
        failed: cell.failed,
        skipped: cell.skipped,
        wrong_kind: cell.wrong_kind,
        invocation_time: Spread::of(&cell.invocation.values().copied().collect::<Vec<_>>()),
        bound: Spread::of(&bounds),
        packets: cell.packets.into(),
    })
}

/// The bound of each measured sample that counts.
fn bounds(entries: &[Entry]) -> BTreeMap<SampleKey, Nanos> {
    counting(entries)
        .into_iter()
        .filter(|(_, attempt)| attempt.outcome == AttemptOutcome::Measured)
        .filter(|(_, attempt)| attempt.doubt().is_none())
        .filter_map(|(key, attempt)| Some((key, attempt.bound()?)))
        .collect()
}
