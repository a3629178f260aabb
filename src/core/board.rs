//! The fold of a run's events that screen, plain output, resume and tables share.

mod attempts;
mod cell;
mod fold;
mod log;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use super::account::Account;
use super::contract::Carrier;
use super::follow_up::FollowUps;
use super::listing::Listing;
use super::message::{Display, Entry, RunHeader, RunState};
use super::offset::ClockEstimate;
use super::plan::Plan;
use super::sample::{PacketCounts, Purpose, SampleKey};
use super::spending::{Reached, Spending, Terms};
use super::time::Nanos;

pub use cell::{Cell, Ended};
pub use log::{LogLine, Severity};

/// What the driver is busy with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Activity {
    /// Between steps.
    #[default]
    Idle,
    /// A package is being made, sent and activated.
    Deploying {
        /// Bytes of the zip.
        package_bytes: u64,
    },
    /// A cold start is being prepared.
    ForcingCold,
    /// An invocation is in flight; its phase is in [`super::live::Live`].
    Invoking {
        /// The discarded one, or the sample's.
        purpose: Purpose,
    },
}

/// Everything a reader of a run can know, but for the datagrams of the attempt in flight.
#[derive(Debug, Clone, Default)]
pub struct Board {
    /// What the run is; none before its first event.
    pub run: Option<Arc<RunHeader>>,
    /// Where it stands.
    pub state: RunState,
    /// What shows it; none where the journal does not say.
    pub display: Option<Display>,
    /// What the driver is busy with.
    pub activity: Activity,
    /// The sample in progress.
    pub current: Option<SampleKey>,
    /// Which try at it, from 1.
    pub attempt_of_sample: u32,
    /// The sample that ended last: what `retry` takes again.
    pub last: Option<SampleKey>,
    /// The sample that was taken and is to be taken again, until it has ended anew.
    pub again: Option<SampleKey>,
    /// By [`Plan::cell`].
    pub cells: Vec<Arc<Cell>>,
    /// How each sample ended.
    pub ended: Arc<BTreeMap<SampleKey, Ended>>,
    /// The latest samples, a row each.
    pub samples: Listing,
    /// Clock estimate of the last attempt that had one.
    pub clock: Option<ClockEstimate>,
    /// Datagrams of all attempts.
    pub packets: PacketCounts,
    /// Invocations that compared the clocks of all attempts over HTTP.
    pub follow_ups: FollowUps,
    /// Attempts made, warm-ups included.
    pub attempts: u64,
    /// Samples taken again.
    pub superseded: u32,
    /// Wall clock at the first event, ns since the epoch.
    pub started: Nanos,
    /// Wall clock at the last event, ns since the epoch: what has passed since can be added to `elapsed`.
    pub last_event: Nanos,
    /// Run time up to the last event, pauses and earlier processes included, ns.
    pub elapsed: Nanos,
    /// Durations of ended samples that had an attempt, ns, by kind (warm, cold): what the ETA rests on.
    pub durations: [Arc<Vec<Nanos>>; 2],
    /// What has been used up.
    pub spending: Spending,
    /// What may be, and its price; none when nothing limits this process and nothing is paid.
    pub terms: Option<Terms>,
    /// The limit that stopped the run.
    pub reached: Option<Reached>,
    /// The last lines.
    pub log: VecDeque<Arc<LogLine>>,
    elapsed_before: Nanos,
    /// Number, time and bound, both in ns, of the last attempt, when it has them.
    last_invocation: Option<(u64, Nanos, Nanos)>,
    /// `elapsed` when the invocation under way began.
    invoking_since: Nanos,
}

impl Board {
    /// Folds a whole journal.
    pub fn of<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> Self {
        let mut board = Self::default();
        entries.into_iter().for_each(|entry| board.apply(entry));
        board
    }

    /// Folds the whole journal of a run that is about to go on: it is being prepared, however it had ended.
    pub fn about_to_go_on<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> Self {
        let mut board = Self::of(entries);
        board.go_on();
        board
    }

    /// What it has used up in all its processes.
    pub fn account(&self) -> Account {
        Account::of(self.spending, self.terms.as_ref())
    }

    /// The plan; none before the first event.
    pub fn plan(&self) -> Option<&Plan> {
        self.run.as_ref().map(|run| &run.plan)
    }

    /// Samples planned, added repetitions included.
    pub fn planned(&self) -> u32 {
        self.cells.iter().map(|cell| cell.repetitions).sum()
    }

    /// The cell of the sample in progress, or of the last one.
    pub fn cell_in_view(&self) -> Option<&Cell> {
        self.current
            .or(self.last)
            .and_then(|key| self.cells.get(Plan::cell(key)))
            .map(AsRef::as_ref)
    }

    /// What carries the clock exchange.
    pub fn sync(&self) -> Carrier {
        self.run
            .as_ref()
            .map_or_else(Carrier::default, |run| run.sync)
    }
}
