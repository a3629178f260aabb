//! Rows without numbers, matched by time: a row of the host lies within the row of the function it belongs to, once
//! the offset between their clocks is taken away.

use std::ops::Range;

use crate::core::offset::widening;
use crate::core::time::{MICROSECOND, Nanos};

/// SeBS's functions report whole microseconds.
const COARSENESS: Nanos = MICROSECOND;
/// Rows by which the two ends' lists may be out of step beyond the difference of their lengths.
const STRAY_ROWS: usize = 8;
/// Rows by which they are at most taken to be out of step where the search begins.
const MOST_OUT_OF_STEP: usize = 4_000;
/// Pairs of rows that are tried for the first offset: enough for every row of a usual session.
const FIRST_PAIRS: usize = 5_000;
/// Rows that are tried for it in any case.
const FIRST_ROWS: usize = 128;

/// A stretch of time on one clock: of the host from T2 to T3, of the function from T1 to T4; ns since the epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Its begin.
    pub from: Nanos,
    /// Its end.
    pub to: Nanos,
}

impl Span {
    /// The offsets that put `inner` into this span; none when it is too long for it.
    fn offsets(self, inner: Self) -> Option<(Nanos, Nanos)> {
        let (least, most) = (self.from - inner.from, self.to - inner.to);
        (least <= most + COARSENESS).then_some((least, most))
    }
}

/// For each span of the function the place of the host's span that belongs to it, where there is one.
///
/// Both lists are in the order of `from`. Taken is the offset that lets most spans hold a row of the host; from the
/// span at which it is known best it is followed outwards, in both directions, as the clocks drift apart.
pub fn contain(host: &[Span], function: &[Span]) -> Vec<Option<u32>> {
    let mut partners = vec![None; function.len()];
    let Some((start, anchor)) = most_fitting_offsets(host, function) else {
        return partners;
    };
    let (mut track, mut next) = (start, 0);
    for place in anchor..function.len() {
        if let Some(found) = track.partner(function[place], host, next..host.len()) {
            partners[place] = Some(found as u32);
            next = found + 1;
        }
    }
    let (mut track, mut end) = (start, host.len());
    for place in (0..=anchor).rev() {
        if let Some(found) = track.partner(function[place], host, 0..end) {
            partners[place] = Some(found as u32);
            end = found;
        }
    }
    partners
}

/// What the offset can be, from row to row: each narrows it, and time widens it.
#[derive(Clone, Copy)]
struct Track {
    least: Nanos,
    most: Nanos,
    at: Nanos,
}

impl Track {
    /// The host's row within `range` that fits the span best.
    fn partner(&mut self, span: Span, host: &[Span], range: Range<usize>) -> Option<usize> {
        let slack = COARSENESS + widening(span.from - self.at);
        let (low, high) = (self.least - slack, self.most + slack);
        let begin =
            range.start + host[range.clone()].partition_point(|row| row.from < span.from - high);
        let near = (begin..range.end).take_while(|place| host[*place].from <= span.to - low);
        let fitting = near.filter_map(|place| {
            let (least, most) = span.offsets(host[place])?;
            // Clocks seldom drift as far as they may: after a pause the row counts that needs the least of it.
            let agreement = most.min(self.most) - least.max(self.least);
            let (least, most) = (least.max(low), most.min(high));
            // The rows before and after the right one at most touch what is possible.
            (least <= most).then_some((agreement, place, least, most))
        });
        let (_, place, least, most) = fitting.max()?;
        (self.least, self.most, self.at) = (least, most, span.from);
        Some(place)
    }
}

/// The offsets at which most spans hold a row of the host, and a span that does so there; none when as many do so at
/// quite other offsets.
fn most_fitting_offsets(host: &[Span], function: &[Span]) -> Option<(Track, usize)> {
    let out_of_step = (host.len().abs_diff(function.len()) + STRAY_ROWS).min(MOST_OUT_OF_STEP);
    let tried = (FIRST_PAIRS / (2 * out_of_step + 1)).max(FIRST_ROWS);
    let mut edges: Vec<(Nanos, Edge, usize)> = Vec::new();
    for number in sampled(function.len(), tried) {
        let span = function[number];
        let near = number.saturating_sub(out_of_step)..(number + out_of_step + 1).min(host.len());
        let later_first = host.get(near).unwrap_or_default().iter().rev();
        let mut until = None;
        // Later rows mean smaller offsets. Where a long span holds several rows at once, it still counts once.
        for (least, most) in later_first.filter_map(|row| span.offsets(*row)) {
            if until.is_none_or(|until| least > until) {
                edges.extend(until.map(|until| (until, Edge::End, number)));
                edges.push((least, Edge::Begin, number));
            }
            until = until.max(Some(most));
        }
        edges.extend(until.map(|until| (until, Edge::End, number)));
    }
    edges.sort_unstable();
    let mut depth = 0;
    let mut regions: Vec<(i32, Nanos, Track, usize)> = Vec::new();
    for ((least, edge, number), (most, _, _)) in
        edges.iter().copied().zip(edges.iter().skip(1).copied())
    {
        depth += if edge == Edge::Begin { 1 } else { -1 };
        let at = function[number].from;
        regions.push((depth, most - least, Track { least, most, at }, number));
    }
    // Rows that fit by chance leave a narrow region.
    let (depth, width, best, number) = *regions
        .iter()
        .max_by_key(|(depth, width, ..)| (*depth, *width))?;
    let apart = COARSENESS + widening(function.last()?.from - function.first()?.from);
    let elsewhere =
        |other: &Track| other.least - best.most > apart || best.least - other.most > apart;
    // With few replies as many rows can fit as well at another offset: which is true cannot be told.
    let is_ambiguous = regions.iter().any(|(other_depth, other_width, other, _)| {
        *other_depth == depth && 2 * other_width > width && elsewhere(other)
    });
    (!is_ambiguous).then_some((best, number))
}

/// About `most` of so many rows: half of them from both ends, where lists that are out of step differ, half between.
fn sampled(rows: usize, most: usize) -> impl Iterator<Item = usize> {
    let at_an_end = most / 4;
    let step = (2 * rows).div_ceil(most).max(1);
    (0..rows).filter(move |row| {
        rows <= most || *row < at_an_end || rows - row <= at_an_end || row % step == 0
    })
}

/// Where a range of offsets begins and ends; ranges that touch overlap.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Edge {
    Begin,
    End,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::time::{MILLISECOND, SECOND};

    const AT: Nanos = 1_800_000_000 * SECOND;

    #[test]
    fn a_row_that_begins_at_zero_costs_no_other_row_its_partner() {
        let host: Vec<Span> = (0..20)
            .map(|number| AT + number * 40 * MILLISECOND)
            .map(|from| Span {
                from,
                to: from + 10,
            })
            .collect();
        let mut function: Vec<Span> = (host.iter().zip(0..))
            .map(|(row, number)| Span {
                from: row.from + 5 * SECOND - 300_000 - number % 3 * 40_000,
                to: row.to + 5 * SECOND + 500_000 + number % 5 * 30_000,
            })
            .collect();
        let whole: Vec<Option<u32>> = (0..20).map(Some).collect();
        assert_eq!(contain(&host, &function), whole);
        function[0].from = 0;
        assert_eq!(contain(&host, &function)[1..], whole[1..]);
    }
}
