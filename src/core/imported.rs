//! Samples that another program measured and this one has read: where from, and what was left out.

use std::fmt::{self, Display, Formatter};

use serde::{Deserialize, Serialize};

/// What a run is made from that this program did not measure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Imported {
    /// The program that measured: `SeBS`.
    pub program: String,
    /// Directory of its files.
    pub directory: String,
    /// Rows of its table that are samples of this run.
    pub rows: u32,
    /// Samples by size and start kind, in the order of [`super::plan::Plan::cell`].
    pub samples: Vec<u32>,
    /// Files with exchanges that belong to no sample, and were left out.
    pub orphans: u64,
    /// Lines that could not be used, and were left out.
    pub bad_lines: u64,
    /// What else one should know, in sentences.
    pub notes: Vec<String>,
}

impl Imported {
    /// What was left out; none: nothing was.
    pub fn left_out(&self) -> Option<String> {
        let parts = [
            (self.orphans, "files of exchanges that belong to no sample"),
            (self.bad_lines, "lines that could not be read"),
        ];
        let told: Vec<String> = parts
            .into_iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, what)| format!("{count} {what}"))
            .collect();
        (!told.is_empty()).then(|| format!("left out: {}", told.join(", ")))
    }
}

impl Display for Imported {
    fn fmt(&self, f: &mut Formatter) -> fmt::Result {
        write!(
            f,
            "imported from {}'s files in {}: {} rows",
            self.program, self.directory, self.rows
        )
    }
}
