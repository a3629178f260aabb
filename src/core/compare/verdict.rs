//! What follows from all tests together.

use super::{CellChange, Verdict};
use crate::core::statistics::{LEAST_FOR_INTERVAL, Method, RankTest, holm, least_chance};

/// Chance of a false alarm in the whole comparison that is accepted.
const SIGNIFICANCE: f64 = 0.05;

/// Where the search for enough samples ends: far beyond what any number of tests takes.
const MOST_NEEDED: usize = 1000;

/// Corrects the chances of all tests together, and says what follows.
pub(super) fn judge(cells: Vec<&mut CellChange>) {
    let chances: Vec<f64> = cells
        .iter()
        .filter_map(|cell| cell.test.known().map(|test| test.p))
        .collect();
    // What has too few samples for any test takes part once it has enough.
    let tests = cells.len();
    let mut corrected = holm(&chances).into_iter();
    for cell in cells {
        let p = cell.test.known().and_then(|_| corrected.next());
        cell.corrected_p = p;
        let interval = cell.change.interval.known().copied();
        cell.verdict = match interval.filter(|_| p.is_some_and(|p| p < SIGNIFICANCE)) {
            Some(interval) if interval.low > 0 => Verdict::Slower,
            Some(interval) if interval.high < 0 => Verdict::Faster,
            _ if can_show(cell, chances.len()) => Verdict::NoDifferenceShown,
            _ => Verdict::TooFewSamples,
        };
        let few = cell.verdict == Verdict::TooFewSamples;
        cell.needed = few.then(|| needed(cell, tests));
    }
}

/// Whether the farthest that samples of these sizes can be apart would be significant among so many tests.
fn can_show(cell: &CellChange, tests: usize) -> bool {
    let least = |test: &RankTest| least_chance(cell.n, test.method) * tests as f64;
    cell.test
        .known()
        .is_some_and(|test| least(test) < SIGNIFICANCE)
}

/// The fewest samples of each of the two runs with which a difference can be shown among so many tests.
fn needed(cell: &CellChange, tests: usize) -> usize {
    let method = cell.test.known().map_or(Method::Exact, |test| test.method);
    (LEAST_FOR_INTERVAL..MOST_NEEDED)
        .find(|n| least_chance((*n, *n), method) * (tests as f64) < SIGNIFICANCE)
        .unwrap_or(MOST_NEEDED)
}
