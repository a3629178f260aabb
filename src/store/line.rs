//! One line of the journal, read.

use serde::Deserialize;

use crate::core::message::{Entry, Event};
use crate::core::sample::Attempt;
use crate::core::time::Nanos;

/// Bytes from a line's beginning within which its event is named.
const HEAD: usize = 160;
/// How the event is named that nearly all of a journal is.
const ATTEMPT: &[u8] = br#""event":"attempt_ended""#;

/// Reads a line without its end.
pub(super) fn parse(line: &[u8]) -> serde_json::Result<Entry> {
    // In general an event is held as a tree before its kind is known, which takes ten times as long.
    let head = &line[..line.len().min(HEAD)];
    if head.windows(ATTEMPT.len()).any(|part| part == ATTEMPT)
        && let Ok(ended) = serde_json::from_slice::<AttemptLine>(line)
    {
        return Ok(ended.entry());
    }
    serde_json::from_slice(line)
}

#[derive(Deserialize)]
struct AttemptLine {
    number: u64,
    wall: Nanos,
    elapsed: Nanos,
    #[expect(dead_code, reason = "what is read must be this kind")]
    event: Kind,
    attempt: Box<Attempt>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    AttemptEnded,
}

impl AttemptLine {
    fn entry(mut self) -> Entry {
        // They were read one by one, into as much again as they need.
        self.attempt.exchanges.shrink_to_fit();
        Entry {
            number: self.number,
            wall: self.wall,
            elapsed: self.elapsed,
            event: Event::AttemptEnded {
                attempt: self.attempt,
            },
        }
    }
}
