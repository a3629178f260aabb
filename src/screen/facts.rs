//! What the board implies: read by several panes, so worked out in one place.

use crate::core::board::{Activity, Board, Cell};
use crate::core::distribution::Distribution;
use crate::core::live::{LiveReading, Phase};
use crate::core::message::RunState;
use crate::core::plan::{Plan, Point};
use crate::core::sample::{PacketCounts, Purpose, SampleKey};
use crate::core::spending::{minutes, usd};
use crate::core::time::Nanos;

use super::format;

/// How far the run is; samples that a limit or the lack of a cold method rules out are never taken and count nowhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// Samples to take.
    pub of: u32,
    /// Ended as they should.
    pub measured: u32,
    /// Ended without a clock estimate.
    pub unsynchronised: u32,
    /// Ended without a result.
    pub failed: u32,
    /// Given up on request.
    pub skipped: u32,
}

impl Progress {
    /// Of this board.
    pub fn of(board: &Board) -> Self {
        let Some(plan) = board.plan() else {
            return Self::default();
        };
        let possible = board
            .cells
            .iter()
            .filter(|cell| plan.is_possible(cell.size, cell.kind));
        possible.fold(Self::default(), |sum, cell| Self {
            of: sum.of + cell.repetitions,
            measured: sum.measured + cell.measured,
            unsynchronised: sum.unsynchronised + cell.unsynchronised,
            failed: sum.failed + cell.failed,
            skipped: sum.skipped + cell.skipped,
        })
    }

    /// Samples that have ended.
    pub fn ended(&self) -> u32 {
        self.measured + self.unsynchronised + self.failed + self.skipped
    }

    /// Samples still to take.
    pub fn remaining(&self) -> u32 {
        self.of.saturating_sub(self.ended())
    }

    /// Share that has ended, 0 to 1.
    pub fn share(&self) -> f64 {
        if self.of == 0 {
            0.0
        } else {
            f64::from(self.ended().min(self.of)) / f64::from(self.of)
        }
    }

    /// `41 %`; 100 only when all have ended.
    pub fn percent(&self) -> String {
        format!("{} %", (self.share() * 100.0).floor())
    }
}

/// Whether a limit rules this size out.
pub fn is_beyond(point: Option<&Point>) -> bool {
    point.is_some_and(|point| point.beyond.is_some())
}

/// The run's time so far, ns: it runs on between events while the run does.
pub fn elapsed(board: &Board, now: Nanos) -> Nanos {
    // Before a resumed run goes on, what passed since it was stopped is no time of it.
    let stands =
        board.state.is_over() || matches!(board.state, RunState::Paused | RunState::Preparing);
    let runs = board.run.is_some() && !stands;
    board.elapsed
        + if runs {
            (now - board.last_event).max(0)
        } else {
            0
        }
}

/// The sample in progress, else the one that is to be taken again, else the one that ended last, else any that was taken:
/// never one that is ruled out.
pub fn sample_in_view(board: &Board) -> Option<SampleKey> {
    let plan = board.plan()?;
    let possible = |key: &SampleKey| plan.is_possible(key.size, key.kind);
    board
        .current
        .or(board.again)
        .or(board.last)
        .filter(possible)
        .or_else(|| board.ended.keys().rev().copied().find(possible))
}

/// A run that stands still and has a sample to take again: which one.
pub fn waiting_again(board: &Board) -> Option<SampleKey> {
    board
        .again
        .filter(|_| matches!(board.state, RunState::Pausing | RunState::Paused))
}

/// Its size and start kind.
pub fn cell_in_view(board: &Board) -> Option<&Cell> {
    board
        .cells
        .get(Plan::cell(sample_in_view(board)?))
        .map(AsRef::as_ref)
}

/// Repetitions of the cell in view, added ones included.
pub fn repetitions_in_view(board: &Board) -> u32 {
    cell_in_view(board).map_or(0, |cell| cell.repetitions)
}

/// Fewest and most repetitions of a size and start kind that can be measured, added ones included.
pub fn repetitions(board: &Board) -> Option<(u32, u32)> {
    let plan = board.plan()?;
    let each = board
        .cells
        .iter()
        .filter(|cell| plan.is_possible(cell.size, cell.kind))
        .map(|cell| cell.repetitions);
    Some((each.clone().min()?, each.max()?))
}

/// The same in words: `50`, or `50 to 80` where some were added.
pub fn repetitions_told(board: &Board) -> String {
    match repetitions(board) {
        Some((least, most)) if least != most => format!("{least} to {most}"),
        same => same.map_or(0, |(all, _)| all).to_string(),
    }
}

/// Size of a sample, bytes.
pub fn size_of(board: &Board, key: SampleKey) -> Option<u64> {
    board
        .plan()?
        .points
        .get(key.size as usize)
        .map(|point| point.size)
}

/// An attempt is in flight: its counts are in the live reading and not yet on the board.
pub fn is_in_flight(board: &Board) -> bool {
    matches!(board.activity, Activity::Invoking { .. })
}

/// Round trips of the cell in view, the attempt in flight included.
pub fn round_trips(cell: &Cell, board: &Board, live: &LiveReading) -> Distribution {
    let mut all = cell.rtt.clone();
    if is_in_flight(board) {
        live.rtts.iter().for_each(|rtt| all.record(*rtt));
    }
    all
}

/// Datagrams of the attempt in flight, or of the last one. A probe whose reply is still under way is not lost.
pub fn packets_of_attempt(board: &Board, live: &LiveReading) -> PacketCounts {
    let mut packets = live.packets;
    if live.phase == Phase::Exchanging {
        let under_way = board.run.as_ref().map_or(1, |run| run.in_flight);
        packets.answered = packets.received.min(packets.answered + under_way);
    }
    packets
}

/// Datagrams of the whole run, the attempt in flight included.
pub fn packets(board: &Board, live: &LiveReading) -> PacketCounts {
    let mut all = board.packets;
    if is_in_flight(board) {
        all.add(&packets_of_attempt(board, live));
    }
    all
}

/// What is being done, in a word or two.
pub fn doing(board: &Board, live: &LiveReading) -> String {
    match board.activity {
        Activity::Deploying { package_bytes } => {
            let package = format::bytes(package_bytes);
            format!("deploying {package}{}", on_the_platform(live.phase))
        }
        Activity::ForcingCold => format!("forcing cold{}", on_the_platform(live.phase)),
        Activity::Invoking {
            purpose: Purpose::WarmUp(_),
        } => "warming up".into(),
        Activity::Invoking { .. } if live.phase == Phase::Idle => "invoking".into(),
        Activity::Invoking { .. } => live.phase.word().into(),
        Activity::Idle => match board.state {
            RunState::Preparing => "preparing".into(),
            RunState::Paused => "waiting for you".into(),
            RunState::Stopping => "cleaning up".into(),
            RunState::Running | RunState::Pausing => "between samples".into(),
            RunState::Complete | RunState::Incomplete => "over".into(),
        },
    }
}

/// What a platform that tells it is doing, after the word for the step.
fn on_the_platform(phase: Phase) -> String {
    match phase {
        Phase::Uploading | Phase::Activating | Phase::Waiting => format!(", {}", phase.word()),
        _ => String::new(),
    }
}

/// What is used up of each limit that is set: `$0.12 of $2.00, 1.20 MB of 5.00 MB`; none without a limit.
pub fn spent(board: &Board) -> Option<String> {
    let (terms, spending) = (board.terms.as_ref()?, &board.spending);
    let price = terms.budget.zip(terms.usd(spending));
    let shown = [
        price.map(|(limit, spent)| format!("{} of {}", usd(spent), usd(limit))),
        terms
            .time
            .map(|limit| format!("{} of {} min", minutes(spending.time), minutes(limit))),
        terms.bytes.map(|limit| {
            format!(
                "{} of {}",
                format::bytes(spending.bytes),
                format::bytes(limit)
            )
        }),
    ];
    let shown: Vec<String> = shown.into_iter().flatten().collect();
    (!shown.is_empty()).then(|| shown.join(", "))
}
