//! What happens in a run, in its one order.

use std::sync::Arc;

use super::{Before, DriverError, Outlets};
use crate::core::board::Board;
use crate::core::message::{Entry, Event, RunHeader};
use crate::core::time::{Moment, Nanos};

/// Numbers, times, writes down, folds and publishes events, in this order.
pub(super) struct Chronicle {
    outlets: Outlets,
    pub board: Board,
    number: u64,
    begun: Nanos,
}

impl Chronicle {
    pub fn open(
        outlets: Outlets,
        header: RunHeader,
        before: Option<Before>,
        now: Moment,
    ) -> Result<Self, DriverError> {
        let begun = now.monotonic;
        match before {
            None => {
                let mut chronicle = Self {
                    outlets,
                    board: Board::default(),
                    number: 0,
                    begun,
                };
                let run = Box::new(header);
                chronicle.tell(Event::RunStarted { run }, now)?;
                Ok(chronicle)
            }
            Some(Before {
                board,
                entries,
                dropped_bytes,
                notes,
            }) => {
                let kept = board.ended.len() as u32;
                let mut chronicle = Self {
                    outlets,
                    board,
                    number: entries,
                    begun,
                };
                let resumed = Event::RunResumed {
                    kept,
                    dropped_bytes,
                };
                chronicle.tell(resumed, now)?;
                for text in notes {
                    chronicle.tell(Event::Warned { text }, now)?;
                }
                Ok(chronicle)
            }
        }
    }

    pub fn tell(&mut self, event: Event, now: Moment) -> Result<(), DriverError> {
        self.number += 1;
        let entry = Entry {
            number: self.number,
            wall: now.wall,
            elapsed: now.monotonic - self.begun,
            event,
        };
        (self.outlets.record)(&entry).map_err(DriverError::Record)?;
        self.board.apply(&entry);
        self.outlets
            .board
            .send_replace(Arc::new(self.board.clone()));
        Ok(())
    }

    pub fn published(&self) -> Arc<Board> {
        Arc::new(self.board.clone())
    }
}
