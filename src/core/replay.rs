//! A recorded run as it stood at the end of any of its samples.

use super::board::Board;
use super::listing::{self, Rows};
use super::message::{Entry, Event};
use super::sample::Attempt;

/// A journal and the list of its samples.
#[derive(Debug)]
pub struct Replay {
    entries: Vec<Entry>,
    rows: Rows,
    board: Board,
    folded: usize,
}

impl Replay {
    /// Of a whole journal.
    pub fn new(entries: Vec<Entry>) -> Self {
        Self {
            rows: listing::rows(&entries),
            entries,
            board: Board::default(),
            folded: 0,
        }
    }

    /// Every sample that ended, in that order; one that was taken again is there each time, one beyond a limit never.
    pub fn rows(&self) -> Rows {
        self.rows.clone()
    }

    /// How many there are.
    pub fn samples(&self) -> usize {
        self.rows.len()
    }

    /// The attempt that counts for the `sample`-th of them, from 1, else its last one, with every exchange; none when
    /// nothing was invoked for it.
    pub fn attempt(&self, sample: usize) -> Option<&Attempt> {
        let row = self.rows.get(sample.checked_sub(1)?)?;
        match &self.entries.get(row.attempt?)?.event {
            Event::AttemptEnded { attempt } => Some(attempt),
            _ => None,
        }
    }

    /// The board at the end of the `sample`-th of them, from 1; from the last on, that of the whole journal.
    ///
    /// Going on from where it stands costs only what happened in between.
    pub fn at(&mut self, sample: usize) -> Board {
        let end = if sample >= self.rows.len() {
            self.entries.len()
        } else {
            sample
                .checked_sub(1)
                .map_or(0, |place| self.rows[place].end)
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
