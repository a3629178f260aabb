//! Our own runs: the exchanges stand in the journal, with sequence numbers and every stamp.

use std::collections::HashMap;
use std::path::Path;

use super::super::{Follower, StoreError, journal, tables};
use crate::core::drift::stamps_of_sebs;
use crate::core::exchange::Span;
use crate::core::message::Event;
use crate::core::offset::ClockEstimate;
use crate::core::reprocess::{BySebs, Evaluation, Rows, Times};
use crate::core::sample::Attempt;
use crate::core::time::Nanos;

/// What the journal says of one attempt's clocks.
struct Clocks {
    estimate: Option<ClockEstimate>,
    /// Bound on the invocation time, ns.
    bound: Option<Nanos>,
    /// SeBS's mean and deviation, s.
    drift: [f64; 2],
}

/// The attempts of a run by their tokens, which are the request ids in its tables.
pub(super) struct Recorded(HashMap<String, Clocks>);

impl Recorded {
    /// Reads the journal of the run whose tables are in `directory`, if it is one of ours.
    pub fn of(directory: &Path) -> Result<Option<Self>, StoreError> {
        let Some(path) = run_of(directory).map(journal::path_in) else {
            return Ok(None);
        };
        let mut attempts = HashMap::new();
        for line in Follower::from(&path, 0)? {
            if let Event::AttemptEnded { attempt } = line?.entry.event {
                attempts.insert(attempt.token.to_string(), clocks(&attempt));
            }
        }
        Ok(Some(Self(attempts)))
    }

    /// The sample of that request, if the journal has it.
    pub fn evaluate(&self, request: &str, times: &Times) -> Option<Evaluation> {
        let clocks = self.0.get(request)?;
        let [mean, deviation] = clocks.drift;
        let sebs = BySebs::recorded(times, mean, deviation);
        Some(Evaluation {
            bound: clocks.bound,
            ..Evaluation::of_estimate(times, sebs, clocks.estimate)
        })
    }
}

/// The run of ours whose tables are in `directory`; none when it is not one.
pub fn run_of(directory: &Path) -> Option<&Path> {
    let experiment = directory.parent()?;
    let run = experiment.parent()?;
    (experiment.ends_with(tables::EXPERIMENT) && journal::path_in(run).is_file()).then_some(run)
}

fn clocks(attempt: &Attempt) -> Clocks {
    let stamps = || attempt.exchanges.iter().filter_map(stamps_of_sebs);
    let rows = |spans: Vec<Span>| Rows {
        places: (0..spans.len() as u32).collect(),
        spans,
        unit: 0,
    };
    let host = rows(stamps().map(|[_, from, to, _]| Span { from, to }).collect());
    let function = rows(stamps().map(|[from, _, _, to]| Span { from, to }).collect());
    // The times have no part in the mean and the deviation.
    let nothing = Times {
        connection: 0,
        start: 0,
        finish: 0,
        unit: 0,
    };
    let sebs = BySebs::of(&nothing, &host, &function);
    Clocks {
        estimate: attempt.clock,
        bound: attempt.bound(),
        drift: [sebs.mean, sebs.deviation],
    }
}
