//! The last lines of what happened.

use std::sync::Arc;

use super::Board;
use crate::core::time::Nanos;

/// Log lines kept.
const LOG_LINES: usize = 500;

/// How much a log line matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// Good to know.
    Note,
    /// Something a person should look at.
    Warning,
    /// A sample was lost.
    Error,
}

/// One line of the log pane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// Wall clock, ns since the epoch.
    pub wall: Nanos,
    /// How much it matters.
    pub severity: Severity,
    /// The text.
    pub text: String,
}

impl Board {
    pub(super) fn note(&mut self, wall: Nanos, severity: Severity, text: String) {
        if self.log.len() == LOG_LINES {
            self.log.pop_front();
        }
        self.log.push_back(Arc::new(LogLine {
            wall,
            severity,
            text,
        }));
    }
}
