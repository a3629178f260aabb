//! The table of samples as a person has sorted it. Pure: rows in, an order and places in it out.

use std::cmp::Ordering;

use crate::core::listing::{self, Row, Rows};

/// What the table is sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Column {
    /// The order in which the samples were taken.
    #[default]
    Taken,
    /// The size that was swept.
    Size,
    /// Warm before cold.
    Start,
    /// Invocation time.
    Invocation,
    /// The clock's proven bound.
    Bound,
    /// Smallest RTT.
    RoundTrip,
    /// Share of datagrams without an answer.
    Loss,
    /// Tries it took.
    Tries,
}

impl Column {
    /// All of them, from left to right; the mark stands before the last.
    pub const ALL: [Self; 8] = [
        Self::Taken,
        Self::Size,
        Self::Start,
        Self::Invocation,
        Self::Bound,
        Self::RoundTrip,
        Self::Loss,
        Self::Tries,
    ];

    /// Its heading.
    pub fn name(self) -> &'static str {
        match self {
            Self::Taken => "taken",
            Self::Size => "size",
            Self::Start => "start",
            Self::Invocation => "invocation",
            Self::Bound => "bound",
            Self::RoundTrip => "min RTT",
            Self::Loss => "loss",
            Self::Tries => "tries",
        }
    }

    fn next(self) -> Self {
        let place = Self::ALL.iter().position(|column| *column == self);
        Self::ALL[place.map_or(0, |place| (place + 1) % Self::ALL.len())]
    }

    /// Where a row belongs; none when it has no such value.
    fn value(self, row: &Row) -> Option<f64> {
        let nanos = |time: Option<i64>| time.map(|time| time as f64);
        match self {
            Self::Taken => Some(row.number as f64),
            Self::Size => Some(row.size as f64),
            Self::Start => Some(f64::from(row.key.kind as u8)),
            Self::Invocation => nanos(row.invocation),
            Self::Bound => nanos(row.bound),
            Self::RoundTrip => nanos(row.rtt),
            Self::Loss => (row.packets.sent > 0).then(|| row.packets.loss()),
            Self::Tries => Some(f64::from(row.tries)),
        }
    }
}

/// Which end of a column comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Direction {
    /// The smallest value.
    #[default]
    Rising,
    /// The largest.
    Falling,
}

impl Direction {
    fn turned(self) -> Self {
        match self {
            Self::Rising => Self::Falling,
            Self::Falling => Self::Rising,
        }
    }

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Rising => "rising",
            Self::Falling => "falling",
        }
    }
}

/// The samples of a run in a chosen order. Samples are named by their number, from 1, as taken.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Table {
    rows: Rows,
    /// Indices into `rows`.
    order: Vec<usize>,
    column: Column,
    direction: Direction,
}

impl Table {
    /// In the order in which they were taken.
    pub fn new(rows: Rows) -> Self {
        Self {
            order: (0..rows.len()).collect(),
            rows,
            ..Self::default()
        }
    }

    /// Shows these rows instead, in the order that was chosen.
    pub fn show(&mut self, rows: &Rows) {
        if !Rows::ptr_eq(&self.rows, rows) {
            self.rows = rows.clone();
            self.order = (0..rows.len()).collect();
            self.sort(self.column, self.direction);
        }
    }

    /// What it is sorted by, and which end comes first.
    pub fn sorting(&self) -> (Column, Direction) {
        (self.column, self.direction)
    }

    /// How many rows it has.
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// Sorts by the next column.
    pub fn sort_by_next(&mut self) {
        self.sort(self.column.next(), Direction::Rising);
    }

    /// Turns the order round.
    pub fn turn(&mut self) {
        self.sort(self.column, self.direction.turned());
    }

    /// Rows without the value come last either way, and equal ones in the order in which they were taken.
    fn sort(&mut self, column: Column, direction: Direction) {
        (self.column, self.direction) = (column, direction);
        let rows = &self.rows;
        self.order.sort_by(|a, b| {
            let by_value = match (column.value(&rows[*a]), column.value(&rows[*b])) {
                (Some(a), Some(b)) if direction == Direction::Rising => a.total_cmp(&b),
                (Some(a), Some(b)) => b.total_cmp(&a),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (None, None) => Ordering::Equal,
            };
            by_value.then(a.cmp(b))
        });
    }

    /// Every sample that it has, as taken.
    pub fn rows(&self) -> &Rows {
        &self.rows
    }

    /// The samples that were taken before those it has, and are no longer there.
    pub fn earlier(&self) -> usize {
        self.rows
            .front()
            .map_or(0, |row| row.number.saturating_sub(1))
    }

    /// The sample that was taken last.
    pub fn latest(&self) -> Option<usize> {
        self.rows.back().map(|row| row.number)
    }

    /// The row of this sample.
    pub fn row(&self, sample: usize) -> Option<&Row> {
        listing::find(&self.rows, sample)
    }

    /// The line in which this sample stands, from 0; the first for one that is not there.
    pub fn line_of(&self, sample: usize) -> usize {
        let here = |place: &usize| self.rows[*place].number == sample;
        let found = self.order.iter().position(here);
        found.unwrap_or(0)
    }

    /// The sample in this line, or in the last one.
    pub fn sample_in(&self, line: usize) -> Option<usize> {
        let last = self.order.len().checked_sub(1)?;
        Some(self.rows[self.order[line.min(last)]].number)
    }

    /// The lines that `room` rows can show, with this sample's among them.
    pub fn window(&self, room: usize, sample: usize) -> std::ops::Range<usize> {
        let lines = self.order.len();
        let top = self.line_of(sample).saturating_sub(room / 2);
        let top = top.min(lines.saturating_sub(room));
        top..(top + room).min(lines)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::listing::Mark;
    use crate::core::sample::{PacketCounts, SampleKey, StartKind};

    fn row(end: usize, size: u64, kind: StartKind, invocation: Option<i64>) -> Row {
        Row {
            number: end,
            key: SampleKey {
                size: 0,
                kind,
                repetition: 0,
            },
            size,
            mark: Mark::None,
            invocation,
            bound: invocation.map(|time| time / 10),
            rtt: invocation.map(|time| -time),
            packets: PacketCounts {
                sent: 10,
                received: 10,
                answered: end as u32,
                ..PacketCounts::default()
            },
            tries: 9 - end as u32,
            end,
            attempt: None,
        }
    }

    fn table() -> Table {
        let (warm, cold) = (StartKind::Warm, StartKind::Cold);
        let rows = [
            row(1, 20, cold, Some(300)),
            row(2, 10, warm, None),
            row(3, 10, cold, Some(100)),
            row(4, 20, warm, Some(200)),
        ];
        Table::new(Rows::new(rows.into()))
    }

    #[test]
    fn every_column_sorts_both_ways_and_rows_without_a_value_stay_last() {
        let orders = [
            (Column::Taken, [1, 2, 3, 4], [4, 3, 2, 1]),
            (Column::Size, [2, 3, 1, 4], [1, 4, 2, 3]),
            (Column::Start, [2, 4, 1, 3], [1, 3, 2, 4]),
            (Column::Invocation, [3, 4, 1, 2], [1, 4, 3, 2]),
            (Column::Bound, [3, 4, 1, 2], [1, 4, 3, 2]),
            (Column::RoundTrip, [1, 4, 3, 2], [3, 4, 1, 2]),
            (Column::Loss, [4, 3, 2, 1], [1, 2, 3, 4]),
            (Column::Tries, [4, 3, 2, 1], [1, 2, 3, 4]),
        ];
        let mut table = table();
        let samples = |table: &Table| -> Vec<usize> {
            (0..4).filter_map(|line| table.sample_in(line)).collect()
        };
        for (column, rising, falling) in orders {
            assert_eq!(table.sorting(), (column, Direction::Rising));
            assert_eq!(samples(&table), rising, "{column:?}");
            table.turn();
            assert_eq!(samples(&table), falling, "{column:?}");
            for line in 0..4 {
                assert_eq!(table.line_of(samples(&table)[line]), line);
            }
            table.turn();
            table.sort_by_next();
        }
        assert_eq!(table.sorting().0, Column::Taken, "it goes round");
    }

    #[test]
    fn rows_that_come_and_go_keep_the_order_that_was_chosen() {
        let mut table = table();
        while table.sorting().0 != Column::Invocation {
            table.sort_by_next();
        }
        let mut later = table.rows().as_ref().clone();
        later.pop_front();
        later.push_back(row(5, 30, StartKind::Cold, Some(150)));
        table.show(&Rows::new(later));
        let samples: Vec<usize> = (0..4).filter_map(|line| table.sample_in(line)).collect();
        assert_eq!(samples, [3, 5, 4, 2]);
        assert_eq!((table.earlier(), table.latest()), (1, Some(5)));
        assert_eq!((table.line_of(5), table.line_of(1)), (1, 0));
        assert!(table.row(1).is_none());
        assert_eq!(table.row(5).map(|row| row.size), Some(30));
    }

    #[test]
    fn the_picked_sample_is_always_among_the_lines_shown() {
        let table = table();
        for (room, sample, lines) in [
            (9, 3, 0..4),
            (2, 1, 0..2),
            (2, 3, 1..3),
            (2, 4, 2..4),
            (0, 2, 1..1),
            (1, 4, 3..4),
        ] {
            assert_eq!(table.window(room, sample), lines, "{room} {sample}");
        }
        assert_eq!(Table::default().window(5, 1), 0..0);
        assert_eq!(Table::default().sample_in(0), None);
        assert_eq!((table.sample_in(99), table.line_of(99)), (Some(4), 0));
        assert_eq!(table.row(3).map(|row| row.end), Some(3));
        assert!(table.row(0).is_none() && table.row(5).is_none());
    }
}
