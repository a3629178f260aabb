//! What is written of a size and start kind in the table of sizes.

use crate::core::board::Cell;
use crate::core::distribution::median;
use crate::core::sample::StartKind;
use crate::core::statistics::{LEAST_FOR_INTERVAL, median_interval};
use crate::core::time::{MILLISECOND, Nanos};
use crate::screen::draw::Scene;
use crate::screen::format;

/// What is written of one size and start kind.
#[derive(Debug, Default)]
pub struct Entry {
    /// Samples measured.
    pub count: String,
    /// Samples without a result, with their marks.
    pub marks: String,
    /// Whether some of them were lost, not only skipped.
    pub lost: bool,
    /// Median, ms.
    pub median: String,
    /// How far the ends of the median's 95 % interval are, ms; `n<6` with too few samples for one.
    pub margin: String,
    /// The interval, ms, as `0.38..0.44`; `n<6` with too few samples.
    pub interval: String,
    /// Whether there is an interval.
    pub known: bool,
    /// Whether the clocks' bound is not small beside the median.
    pub wide: bool,
}

impl Entry {
    /// Of this cell.
    pub fn of(cell: &Cell, decimals: usize) -> Self {
        let mut times: Vec<Nanos> = cell.invocation.values().copied().collect();
        times.sort_unstable();
        let interval = median_interval(&times).known().copied();
        let middle = median(&times);
        let too_few = if times.is_empty() {
            String::new()
        } else {
            format!("n<{LEAST_FOR_INTERVAL}")
        };
        let shown = |nanos: Nanos| format!("{:.decimals$}", nanos as f64 / MILLISECOND as f64);
        let counts = [
            ("x", cell.failed),
            ("?", cell.unsynchronised),
            ("-", cell.skipped),
            (
                "*",
                cell.measured.saturating_sub(cell.invocation.len() as u32),
            ),
        ];
        let marks = counts.into_iter().filter(|(_, count)| *count > 0);
        let marks: Vec<String> = marks
            .map(|(mark, count)| format!("{mark}{count}"))
            .collect();
        let begun = cell.ended() > 0;
        Self {
            count: if begun {
                cell.invocation.len().to_string()
            } else {
                String::new()
            },
            marks: marks.concat(),
            lost: cell.failed + cell.unsynchronised > 0,
            median: middle.map(shown).unwrap_or_default(),
            margin: interval
                .zip(middle)
                .map_or(too_few.clone(), |(ends, middle)| shown(ends.margin(middle))),
            interval: interval.map_or(too_few, |ends| {
                format!("{}..{}", shown(ends.low), shown(ends.high))
            }),
            known: interval.is_some(),
            wide: cell.wide_bound().is_some(),
        }
    }

    pub(super) fn widths(&self) -> [usize; 5] {
        let texts = [
            &self.count,
            &self.marks,
            &self.median,
            &self.margin,
            &self.interval,
        ];
        let [count, marks, median, margin, interval] = texts.map(|text| text.chars().count());
        [
            count,
            marks,
            median + usize::from(self.wide),
            margin,
            interval,
        ]
    }
}

/// Decimals of a start kind's column: three digits for its smallest median.
pub fn decimals(scene: &Scene, kind: StartKind) -> usize {
    let cells = scene.board.cells.iter().filter(|cell| cell.kind == kind);
    let medians =
        cells.filter_map(|cell| median(&cell.invocation.values().copied().collect::<Vec<_>>()));
    format::column_decimals(medians.min().unwrap_or(0) as f64 / MILLISECOND as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_median_has_its_interval_unless_samples_are_few() {
        let mut cell = Cell::new(0, StartKind::Warm, 6);
        let of = |times: &[Nanos], cell: &mut Cell| {
            cell.invocation = (0..)
                .zip(times.iter().map(|time| time * MILLISECOND))
                .collect();
            Entry::of(cell, 0)
        };
        let few = of(&[5, 1, 4, 2, 3], &mut cell);
        let shown = (few.interval.as_str(), few.margin.as_str(), few.known);
        assert_eq!(shown, ("n<6", "n<6", false));
        let enough = of(&[5, 1, 4, 2, 4, 6], &mut cell);
        let shown = (enough.interval.as_str(), enough.margin.as_str());
        assert_eq!(shown, ("1..6", "3"), "the median is 4");
    }
}
