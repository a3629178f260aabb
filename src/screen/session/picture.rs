//! What is drawn of the feed, and when it is taken anew.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use super::Session;
use crate::core::board::Board;
use crate::core::listing::Rows;
use crate::core::live::LiveReading;
use crate::core::time::{Nanos, SECOND};
use crate::screen::view::Access;
use crate::screen::{Feed, Lookup, facts};

/// What is drawn; it stands still while the view is frozen.
pub(super) struct Picture {
    pub(super) board: Arc<Board>,
    pub(super) live: LiveReading,
    pub(super) attempt: Lookup,
    pub(super) now: Nanos,
}

impl Session {
    pub(super) fn take_picture(&mut self) {
        let board = self.feed.board.borrow_and_update().clone();
        let live = self.feed.live.read();
        let now = clock(self.view.access, &board);
        let shown = &self.picture;
        let seconds = |board: &Board, now| facts::elapsed(board, now) / SECOND;
        let other_board = !Arc::ptr_eq(&board, &shown.board);
        self.changed |= other_board
            || live != shown.live
            || seconds(&board, now) != seconds(&shown.board, shown.now);
        if other_board && self.view.log_back > 0 {
            self.view.log_back += newer_lines(&board, &shown.board);
        }
        self.view.table.show(&rows(&self.feed, &board));
        self.picture = Picture {
            board,
            live,
            attempt: self.feed.samples.attempt.borrow().clone(),
            now,
        };
    }
}

/// Log lines that came after what was shown, so that a log scrolled back stands still.
fn newer_lines(board: &Board, shown: &Board) -> usize {
    let last = shown.log.back();
    board
        .log
        .iter()
        .rev()
        .take_while(|line| !last.is_some_and(|last| Arc::ptr_eq(last, line)))
        .count()
}

/// What the table of samples shows beside this board.
pub(super) fn rows(feed: &Feed, board: &Board) -> Rows {
    let recorded = feed.samples.recorded.as_ref();
    recorded.unwrap_or(board.samples.rows()).clone()
}

/// The time of the picture: in a run that is only looked at, it stands still at the last event.
pub(super) fn clock(access: Access, board: &Board) -> Nanos {
    match access {
        Access::Command => wall_clock(),
        Access::Look => board.last_event,
    }
}

fn wall_clock() -> Nanos {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_nanos() as Nanos)
}
