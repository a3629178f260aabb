//! A recorded run as it stood at the end of any of its samples.

use super::board::Board;
use super::message::{Entry, Event};

/// A journal and the place of every sample's end in it.
#[derive(Debug)]
pub struct Replay {
    entries: Vec<Entry>,
    /// For each sample that ended, how many entries there are up to its end.
    ends: Vec<usize>,
    board: Board,
    folded: usize,
}

impl Replay {
    /// Of a whole journal.
    pub fn new(entries: Vec<Entry>) -> Self {
        let plan = entries.iter().find_map(|entry| match &entry.event {
            Event::RunStarted { run } => Some(&run.plan),
            _ => None,
        });
        let is_end = |entry: &Entry| match &entry.event {
            Event::SampleEnded { sample, .. } => {
                plan.is_none_or(|plan| plan.beyond(*sample).is_none())
            }
            _ => false,
        };
        let ends = entries
            .iter()
            .zip(1..)
            .filter(|(entry, _)| is_end(entry))
            .map(|(_, count)| count)
            .collect();
        Self {
            entries,
            ends,
            board: Board::default(),
            folded: 0,
        }
    }

    /// How often a sample ended; one that was taken again counts each time, one beyond a limit never.
    pub fn samples(&self) -> usize {
        self.ends.len()
    }

    /// The board at the end of the `sample`-th of them, from 1; from the last on, that of the whole journal.
    ///
    /// Going on from where it stands costs only what happened in between.
    pub fn at(&mut self, sample: usize) -> Board {
        let end = if sample >= self.ends.len() {
            self.entries.len()
        } else {
            sample.checked_sub(1).map_or(0, |place| self.ends[place])
        };
        if end < self.folded {
            (self.board, self.folded) = (Board::default(), 0);
        }
        self.entries[self.folded..end]
            .iter()
            .for_each(|entry| self.board.apply(entry));
        self.folded = end;
        self.board.clone()
    }
}
