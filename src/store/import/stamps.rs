//! `server-<id>.csv` and `results-<id>.csv`: read line by line, bad lines named and left out.

use std::path::Path;

use super::super::StoreError;
use super::lines::{Faults, Lines, Quotes};
use super::number::{seconds, unit};
use crate::core::exchange::Span;
use crate::core::reprocess::Rows;

/// Whose stamps a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum End {
    /// SeBS's "server": T2 and T3.
    Host,
    /// SeBS's "client": T1 and T4.
    Function,
}

impl End {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Host, Self::Function];

    /// What SeBS's names of its files begin with.
    pub fn prefix(self) -> &'static str {
        match self {
            Self::Host => "server-",
            Self::Function => "results-",
        }
    }

    fn names(self) -> [&'static str; 2] {
        match self {
            Self::Host => ["server_rcv", "server_send"],
            Self::Function => ["client_send", "client_rcv"],
        }
    }
}

/// Reads one end's file. A file without usable columns has no rows.
pub(super) fn read(path: &Path, end: End, faults: &mut Faults) -> Result<Rows, StoreError> {
    let mut lines = Lines::open(path, Quotes::Ignored)?;
    let mut reading = Reading::default();
    if !lines.advance()? {
        return Ok(reading.rows);
    }
    let columns = match end.names().map(|name| lines.column(name)) {
        [Some(from), Some(to)] => [from, to],
        // Without a header the columns are SeBS's, and the first line is a row.
        [None, None] if seconds(lines.field(0)).is_some() => {
            reading.take(&lines, end, [1, 2], faults);
            [1, 2]
        }
        [from, _] => {
            let missing = end.names()[usize::from(from.is_some())];
            faults.add(lines.fault(lines.len(), missing));
            return Ok(reading.rows);
        }
    };
    while lines.advance()? {
        reading.take(&lines, end, columns, faults);
    }
    reading.rows.unit = unit(reading.decimals);
    Ok(reading.rows)
}

#[derive(Default)]
struct Reading {
    rows: Rows,
    /// Lines so far.
    place: u32,
    /// Most digits after the point.
    decimals: usize,
}

impl Reading {
    fn take(&mut self, lines: &Lines, end: End, columns: [usize; 2], faults: &mut Faults) {
        let place = self.place;
        self.place += 1;
        let values = columns.map(|column| seconds(lines.field(column)));
        for ((value, column), name) in values.iter().zip(columns).zip(end.names()) {
            if value.is_none() {
                return faults.add(lines.fault(column, name));
            }
        }
        if let [Some(from), Some(to)] = values {
            self.decimals = self.decimals.max(from.decimals).max(to.decimals);
            self.rows.spans.push(Span {
                from: from.nanos,
                to: to.nanos,
            });
            self.rows.places.push(place);
        }
    }
}
