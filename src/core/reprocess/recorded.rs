//! What SeBS's files hold of a sample, and of what was found around it.

use serde::Serialize;

use crate::core::exchange::Span;
use crate::core::time::Nanos;

/// The times in one row of `result.csv`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Times {
    /// From the look-up of the name until the request could be sent, ns.
    pub connection: Nanos,
    /// The host's clock before that, ns since the epoch.
    pub start: Nanos,
    /// The function's clock at the handler's entry, ns since the epoch.
    pub finish: Nanos,
    /// The unit of these two stamps, ns; 0 for nanoseconds.
    pub unit: Nanos,
}

impl Times {
    /// The invocation time if the function's clock is `offset` ahead, ns.
    pub(super) fn invocation(&self, offset: Nanos) -> Nanos {
        // Each of them fits; all of them together need not, in a file that makes no sense.
        [offset, self.start, self.connection]
            .into_iter()
            .fold(self.finish, Nanos::saturating_sub)
    }
}

/// One row of `result.csv` as it stands there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Sample {
    /// Bytes; SeBS has written whole numbers and fractions.
    pub size: String,
    /// Repetition.
    pub repetition: String,
    /// 1 for a cold start, 0 for a warm one; empty where SeBS did not record it.
    pub is_cold: String,
    /// Seconds until the request could be sent.
    pub connection_time: String,
    /// The host's clock before that, s since the epoch.
    pub start_timestamp: String,
    /// The function's clock at the handler's entry, s since the epoch.
    pub finish_timestamp: String,
    /// The platform's request id, by which the files of the exchanges are named.
    pub request_id: String,
}

/// A line that could not be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BadLine {
    /// The file.
    pub file: String,
    /// Its line, from 1.
    pub line: u64,
    /// The column.
    pub column: String,
    /// What stands there, its beginning.
    pub value: String,
}

/// What was found in a directory besides its samples.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Findings {
    /// The first of the lines that could not be used.
    pub bad_lines: Vec<BadLine>,
    /// How many more there are.
    pub more_bad_lines: u64,
    /// Files with exchanges that belong to no sample.
    pub orphans: Vec<String>,
    /// What else one should know.
    pub notes: Vec<String>,
    /// The table that was written.
    pub written: String,
}

/// One end's file: its usable rows, and the place of each among all rows, from 0.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rows {
    /// T2 to T3 of the host, T1 to T4 of the function.
    pub spans: Vec<Span>,
    /// Places in the file; rows that make no sense have one too.
    pub places: Vec<u32>,
    /// The unit of the stamps, ns; 0 for nanoseconds.
    pub unit: Nanos,
}

impl Rows {
    /// In the order of time, in which they are unless someone changed the file.
    pub(super) fn in_order(mut self) -> Self {
        if !self.spans.is_sorted_by_key(|span| span.from) {
            let mut rows: Vec<_> = self.spans.into_iter().zip(self.places).collect();
            rows.sort_by_key(|(span, _)| span.from);
            (self.spans, self.places) = rows.into_iter().unzip();
        }
        self
    }
}
