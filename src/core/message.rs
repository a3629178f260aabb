//! What a person asks of a run, and what happens in it.

use serde::{Deserialize, Serialize};

use super::contract::{Carrier, ClockShift};
use super::plan::Plan;
use super::sample::{Attempt, Failure, Purpose, SampleKey, SampleOutcome, StartKind, Token};
use super::spending::{Reached, Terms};
use super::time::Nanos;

/// Version of the journal's lines; a reader refuses a higher one.
pub const JOURNAL_VERSION: u32 = 1;

/// What a person asks of a run in progress.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Finish the attempt in flight, then wait.
    Pause,
    /// Go on.
    Resume,
    /// Record the sample in progress as skipped.
    SkipSample,
    /// Record what remains of the size in progress, both start kinds, as skipped.
    SkipSize,
    /// Take the last ended sample again; the old one is kept as superseded.
    Retry,
    /// Finish: give up the attempt in flight, save, clean up.
    Stop,
}

/// What a run is, as far as a reader needs it: the first event of a journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunHeader {
    /// [`JOURNAL_VERSION`] of the writer.
    pub version: u32,
    /// Name of the run and of its directory.
    pub id: String,
    /// Platform's name: `local`, `aws`, …
    pub platform: String,
    /// Function's form: `native`, `python`, …
    pub runtime: String,
    /// How cold starts are forced, in a few words.
    pub cold_method: String,
    /// SeBS's N: consecutive exchanges without a new minimum that end a session.
    pub n: u32,
    /// Probes under way at once.
    pub in_flight: u32,
    /// What carries the clock exchange.
    #[serde(default)]
    pub sync: Carrier,
    /// A known error on the function's clock, in tests.
    pub shift: Option<ClockShift>,
    /// The samples.
    pub plan: Plan,
}

/// What becomes of what a run has made on its platform, when it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AtEnd {
    /// It is removed.
    #[default]
    Remove,
    /// It stays, for a person to look at.
    Keep,
}

/// What shows a run while it measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Display {
    /// A dashboard, drawn on this machine.
    Dashboard,
    /// Lines of text or JSON.
    Lines,
    /// Nothing.
    Nothing,
}

/// Where a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunState {
    /// Being set up.
    #[default]
    Preparing,
    /// Taking samples.
    Running,
    /// Finishing the attempt in flight.
    Pausing,
    /// Waiting for a person.
    Paused,
    /// Giving up the attempt in flight and cleaning up.
    Stopping,
    /// Over: every sample has ended.
    Complete,
    /// Over, with samples left to take.
    Incomplete,
}

impl RunState {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Preparing => "PREPARING",
            Self::Running => "RUNNING",
            Self::Pausing => "PAUSING",
            Self::Paused => "PAUSED",
            Self::Stopping => "STOPPING",
            Self::Complete => "COMPLETE",
            Self::Incomplete => "INCOMPLETE",
        }
    }

    /// No event will follow.
    pub fn is_over(self) -> bool {
        matches!(self, Self::Complete | Self::Incomplete)
    }
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// The run began; always the first.
    RunStarted {
        /// What it is.
        run: Box<RunHeader>,
    },
    /// An interrupted run goes on.
    RunResumed {
        /// Samples kept.
        kept: u32,
        /// Bytes of a torn last line that were dropped.
        dropped_bytes: u64,
    },
    /// What shows the run from now on; told after every beginning.
    Shown {
        /// What.
        on: Display,
    },
    /// What this process may use up, and what its price rests on; those of an earlier process no longer count.
    TermsSet {
        /// The limits and the price.
        terms: Terms,
    },
    /// The next step would begin beyond a limit: the run stops, and can be resumed with a higher one.
    LimitReached {
        /// Which, and what was spent.
        reached: Reached,
    },
    /// The run pauses, goes on, stops or ends.
    StateEntered {
        /// Its state from now on.
        state: RunState,
    },
    /// A package is on its way to the platform.
    DeployStarted {
        /// Sample it is for.
        sample: SampleKey,
        /// Bytes of the zip.
        package_bytes: u64,
    },
    /// The function can be invoked with this package.
    Deployed {
        /// Bytes of the zip.
        package_bytes: u64,
        /// SHA-256 of the zip, hex.
        sha256: String,
        /// Making, sending and activating it, ns.
        took: Nanos,
    },
    /// A cold start is being prepared.
    ColdStarted {
        /// Sample it is for.
        sample: SampleKey,
    },
    /// No older environment will be chosen.
    ColdForced {
        /// How long it took, ns.
        took: Nanos,
    },
    /// A step before the invocation failed; it counts as an attempt at the sample.
    PreparationFailed {
        /// Sample it was for.
        sample: SampleKey,
        /// Which try at the sample it was, from 1.
        attempt_of_sample: u32,
        /// What failed.
        failure: Failure,
    },
    /// An invocation begins.
    AttemptStarted {
        /// Number in the run, from 1.
        // The entry that the event is flattened into has a `number` of its own.
        #[serde(rename = "attempt")]
        number: u64,
        /// Its token.
        token: Token,
        /// Why.
        purpose: Purpose,
        /// Which try at its sample, from 1.
        attempt_of_sample: u32,
    },
    /// An invocation ended, with everything measured.
    AttemptEnded {
        /// The record.
        attempt: Box<Attempt>,
    },
    /// A sample has its result.
    SampleEnded {
        /// Which.
        sample: SampleKey,
        /// How.
        outcome: SampleOutcome,
        /// The attempt that counts.
        attempt: Option<u64>,
        /// From its first preparation to its end, without pauses, ns.
        took: Nanos,
    },
    /// No sample of this start kind can be taken: those that have not ended are skipped, all at once.
    KindSkipped {
        /// Start kind.
        kind: StartKind,
        /// Why.
        reason: String,
    },
    /// A sample is taken again; its earlier attempt no longer counts.
    SampleSuperseded {
        /// Which.
        sample: SampleKey,
        /// The attempt that counted.
        attempt: Option<u64>,
    },
    /// A size and start kind is measured more often than planned: its median's interval is still too wide.
    RepetitionsAdded {
        /// Index into the plan's sizes.
        size: u32,
        /// Start kind.
        kind: StartKind,
        /// Repetitions from now on, earlier ones included.
        repetitions: u32,
        /// Half the width of the interval relative to the median; none when it is not known yet.
        half_width: Option<f64>,
    },
    /// Something good to know.
    Noted {
        /// What, in a sentence.
        text: String,
    },
    /// Something a person should look at.
    Warned {
        /// What, in a sentence.
        text: String,
    },
}

/// An event with its place and time: one line of the journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Place in the journal, from 1.
    pub number: u64,
    /// Wall clock, ns since the epoch.
    pub wall: Nanos,
    /// Monotonic ns since this process began or resumed the run.
    pub elapsed: Nanos,
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
}
