//! The columns of the table of sizes: how much of its cells there is room for.

use super::entry::Entry;

/// What is shown of each cell beside count and median; each includes those before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Shows {
    /// Nothing more.
    Median,
    /// What went wrong.
    Marks,
    /// How surely the median is known, by one number.
    Margin,
    /// The same by the two ends of its interval.
    Interval,
}

/// How much is shown, and how far apart.
#[derive(Debug, Clone, Copy)]
pub struct Detail {
    /// Columns before each start kind.
    pub gap: usize,
    /// Columns at either side of the sign between median and margin.
    pub sign_gap: usize,
    /// What is shown.
    pub shows: Shows,
}

const fn detail(gap: usize, sign_gap: usize, shows: Shows) -> Detail {
    Detail {
        gap,
        sign_gap,
        shows,
    }
}

/// From roomy to bare.
const DETAILS: [Detail; 6] = [
    detail(2, 1, Shows::Interval),
    detail(1, 0, Shows::Interval),
    detail(2, 1, Shows::Margin),
    detail(1, 0, Shows::Margin),
    detail(1, 0, Shows::Marks),
    detail(1, 0, Shows::Median),
];
/// Columns that are added at most before a start kind: further apart, a row is hard to follow.
const MOST_SPARE: usize = 4;
/// Columns of `WARM ms`.
const HEADING: usize = 7;

/// Widths of the columns of one start kind.
#[derive(Debug, Clone, Copy)]
pub struct Widths {
    /// Of the count.
    pub count: usize,
    /// Of the marks.
    pub marks: usize,
    /// Of the margin.
    pub margin: usize,
    /// Of the median's interval.
    pub interval: usize,
    /// Of the sign before the margin.
    pub sign: usize,
    /// Of the median.
    pub median: usize,
}

impl Widths {
    /// Wide enough for all of these.
    pub fn of<'a>(entries: impl Iterator<Item = &'a Entry>, sign: usize) -> Self {
        let least = Self {
            count: 1,
            marks: 0,
            margin: 0,
            interval: 0,
            sign,
            median: 0,
        };
        entries.map(Entry::widths).fold(
            least,
            |widest, [count, marks, median, margin, interval]| Self {
                count: widest.count.max(count),
                marks: widest.marks.max(marks),
                margin: widest.margin.max(margin),
                interval: widest.interval.max(interval),
                sign,
                median: widest.median.max(median),
            },
        )
    }

    /// The marks and the space before them, which gives way before an interval does.
    pub fn marks_room(self, detail: Detail) -> usize {
        let shown = detail.shows >= Shows::Marks && self.marks > 0;
        let space = if detail.shows == Shows::Marks {
            1
        } else {
            detail.sign_gap
        };
        if shown { self.marks + space } else { 0 }
    }

    /// As wide as the wider of two.
    #[must_use]
    pub fn max(self, other: Self) -> Self {
        Self {
            count: self.count.max(other.count),
            marks: self.marks.max(other.marks),
            margin: self.margin.max(other.margin),
            interval: self.interval.max(other.interval),
            sign: self.sign,
            median: self.median.max(other.median),
        }
    }

    /// The margin with its sign, or the interval with a space before it, whatever is wider.
    pub fn margin_room(self, detail: Detail) -> usize {
        let margin = if detail.shows >= Shows::Margin && self.margin > 0 {
            self.margin + self.sign + 2 * detail.sign_gap
        } else {
            0
        };
        let interval = if detail.shows >= Shows::Interval && self.interval > 0 {
            self.interval + 1
        } else {
            0
        };
        margin.max(interval)
    }

    /// Median and margin, at least as wide as the heading above.
    pub fn time_room(self, detail: Detail) -> usize {
        (self.median + self.margin_room(detail)).max(HEADING)
    }

    /// All of it, with the mark of the row in progress.
    pub fn total(self, detail: Detail) -> usize {
        let before = detail.gap + self.count + self.marks_room(detail);
        before + 1 + self.time_room(detail) + detail.sign_gap + 1
    }
}

/// The most that fits into `room` columns after the sizes, spread over what is left of it.
pub fn most_detail(widths: &[Widths], room: usize) -> Detail {
    let needed = |detail: Detail| {
        widths
            .iter()
            .map(|widths| widths.total(detail))
            .sum::<usize>()
    };
    let bare = DETAILS[DETAILS.len() - 1];
    let detail = DETAILS
        .into_iter()
        .find(|detail| needed(*detail) <= room)
        .unwrap_or(bare);
    let spare = room.saturating_sub(needed(detail)) / widths.len().max(1);
    Detail {
        gap: detail.gap + spare.min(MOST_SPARE),
        ..detail
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_narrow_table_gives_up_the_interval_then_the_margin_then_the_marks() {
        let entry = Entry {
            count: "50".into(),
            marks: "x1".into(),
            lost: true,
            median: "10.88".into(),
            margin: "0.54".into(),
            interval: "10.62..11.03".into(),
            known: true,
            wide: false,
        };
        let widths = [Widths::of([&entry].into_iter(), 1); 2];
        let shows = [60, 48, 36, 30, 24, 0].map(|room| most_detail(&widths, room).shows);
        assert_eq!(
            shows,
            [
                Shows::Interval,
                Shows::Margin,
                Shows::Margin,
                Shows::Marks,
                Shows::Median,
                Shows::Median
            ]
        );
        for room in 40..80 {
            let detail = most_detail(&widths, room);
            assert!(
                widths
                    .iter()
                    .map(|widths| widths.total(detail))
                    .sum::<usize>()
                    <= room
            );
        }
    }
}
