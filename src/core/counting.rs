//! The attempts of a run that count: for each sample the one it ended with, unless it was taken again.

use std::collections::{BTreeMap, HashMap};

use super::message::{Entry, Event, RunHeader};
use super::sample::{Attempt, SampleKey, SampleOutcome};

/// The counting attempt of each sample that was measured, synchronised or not.
pub fn counting(entries: &[Entry]) -> BTreeMap<SampleKey, &Attempt> {
    let mut attempts: HashMap<u64, &Attempt> = HashMap::new();
    let mut counting = BTreeMap::new();
    for entry in entries {
        match &entry.event {
            Event::AttemptEnded { attempt } => {
                attempts.insert(attempt.number, attempt);
            }
            Event::SampleEnded {
                sample,
                outcome: SampleOutcome::Measured | SampleOutcome::Unsynchronised,
                attempt: Some(number),
                ..
            } => {
                counting.extend(attempts.get(number).map(|attempt| (*sample, *attempt)));
            }
            Event::SampleSuperseded { sample, .. } => {
                counting.remove(sample);
            }
            _ => {}
        }
    }
    counting
}

/// What the run is; none for an empty journal.
pub fn header(entries: &[Entry]) -> Option<&RunHeader> {
    entries.first().and_then(|entry| match &entry.event {
        Event::RunStarted { run } => Some(run.as_ref()),
        _ => None,
    })
}
