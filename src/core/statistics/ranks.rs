//! Tests by ranks: whether one sample tends to be above another, and whether values follow time.

use serde::{Deserialize, Serialize};

use super::distributions::{normal_two_sided, student_two_sided};
use super::{Enough, LEAST_FOR_INTERVAL};
use crate::core::time::Nanos;

/// Samples up to this size are compared exactly, if no two values are equal.
const EXACT_UP_TO: usize = 25;

/// Result of the test of Mann and Whitney (Wilcoxon's rank sum test).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RankTest {
    /// U: pairs in which the second sample's value is above the first's, equal ones counted half.
    pub u: f64,
    /// Chance of a U this far from its mean or further when both come from one distribution.
    pub p: f64,
    /// Whether `p` counts all orders, or is a normal approximation.
    pub method: Method,
}

/// Where a test's chance comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Every order of the values was counted.
    Exact,
    /// Normal approximation, corrected for ties and for continuity.
    Normal,
}

/// Whether `after` tends to be above or below `before`, two-sided.
///
/// Sources: H. B. Mann, D. R. Whitney, On a test of whether one of two random variables is stochastically larger than
/// the other; the tie correction of E. L. Lehmann, Nonparametrics, 1.4.
pub fn mann_whitney(before: &[Nanos], after: &[Nanos]) -> Enough<RankTest> {
    let smaller = before.len().min(after.len());
    if smaller < LEAST_FOR_INTERVAL {
        let least = LEAST_FOR_INTERVAL;
        return Enough::TooSmall { n: smaller, least };
    }
    let all: Vec<Nanos> = before.iter().chain(after).copied().collect();
    let (ranks, ties) = ranks(&all);
    let (m, n) = (before.len() as f64, after.len() as f64);
    let u = ranks[before.len()..].iter().sum::<f64>() - n * (n + 1.0) / 2.0;
    let exact = ties == 0.0 && before.len().max(after.len()) <= EXACT_UP_TO;
    Enough::Known(if exact {
        RankTest {
            u,
            p: exact_p(before.len(), after.len(), u),
            method: Method::Exact,
        }
    } else {
        let total = m + n;
        let variance = m * n / 12.0 * (total + 1.0 - ties / (total * (total - 1.0)));
        let distance = ((u - m * n / 2.0).abs() - 0.5).max(0.0);
        let p = if variance > 0.0 {
            normal_two_sided(distance / variance.sqrt())
        } else {
            1.0
        };
        RankTest {
            u,
            p,
            method: Method::Normal,
        }
    })
}

/// The smallest `p` that samples of these sizes can have: all of one above all of the other, no two values equal.
pub fn least_chance((m, n): (usize, usize), method: Method) -> f64 {
    match method {
        // One of all the choices of m places among m + n, at either end.
        Method::Exact => {
            let choices = (1..=m).map(|i| (n + i) as f64 / i as f64).product::<f64>();
            (2.0 / choices).min(1.0)
        }
        Method::Normal => {
            let pairs = (m * n) as f64;
            let variance = pairs / 12.0 * (m + n + 1) as f64;
            normal_two_sided((pairs / 2.0 - 0.5).max(0.0) / variance.sqrt())
        }
    }
}

/// Counts, for each U, the orders of `m` and `n` different values that have it.
fn exact_p(m: usize, n: usize, u: f64) -> f64 {
    // ways[k][s]: choices of k of the values so far, as those of the second sample, above s values of the first.
    let mut ways = vec![vec![0.0_f64; m * n + 1]; n + 1];
    ways[0][0] = 1.0;
    for value in 0..m + n {
        for chosen in (1..=n.min(value + 1)).rev() {
            // Of the values below this one, all but the chosen are of the first sample.
            let below = value + 1 - chosen;
            if below > m {
                continue;
            }
            for sum in (below..=m * n).rev() {
                ways[chosen][sum] += ways[chosen - 1][sum - below];
            }
        }
    }
    let all: f64 = ways[n].iter().sum();
    let extreme = u.min((m * n) as f64 - u) as usize;
    let tail: f64 = ways[n][..=extreme].iter().sum();
    (2.0 * tail / all).min(1.0)
}

/// Ranks from 1, equal values sharing the mean of theirs, and the sum of t³ - t over groups of t equal values.
fn ranks<T: PartialOrd + Copy>(values: &[T]) -> (Vec<f64>, f64) {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|a, b| {
        values[*a]
            .partial_cmp(&values[*b])
            .unwrap_or(std::cmp::Ordering::Equal)
    });
    let mut ranks = vec![0.0; values.len()];
    let mut ties = 0.0;
    let mut begin = 0;
    for group in order.chunk_by(|a, b| values[*a] == values[*b]) {
        let count = group.len() as f64;
        let rank = f64::midpoint((begin + 1) as f64, (begin + group.len()) as f64);
        for index in group {
            ranks[*index] = rank;
        }
        ties += count * count * count - count;
        begin += group.len();
    }
    (ranks, ties)
}

/// Chances corrected for many comparisons: Holm's step-down method, which bounds the chance of any false alarm.
///
/// Source: S. Holm, A simple sequentially rejective multiple test procedure.
pub fn holm(chances: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..chances.len()).collect();
    order.sort_by(|a, b| chances[*a].total_cmp(&chances[*b]));
    let mut corrected = vec![0.0; chances.len()];
    let mut largest = 0.0_f64;
    for (place, index) in order.into_iter().enumerate() {
        let left = (chances.len() - place) as f64;
        largest = largest.max((chances[index] * left).min(1.0));
        corrected[index] = largest;
    }
    corrected
}

/// Whether values follow time.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Trend {
    /// Values it rests on.
    pub n: usize,
    /// Rank correlation of value and time, -1 to 1.
    pub correlation: f64,
    /// Chance of one this strong or stronger without a trend.
    pub p: f64,
}

/// Spearman's rank correlation of value and time over several groups that may differ in everything else: ranks are
/// taken within each group, so that only what happens within groups counts.
///
/// With one group it is Spearman's ρ, its chance from Student's t; with more, the sum of the groups' rank products over
/// its deviation when each group's order is random is taken as normal. None when no group has two different values.
pub fn trend(groups: &[Vec<(Nanos, Nanos)>]) -> Option<Trend> {
    let (mut products, mut times, mut values, mut variance) = (0.0, 0.0, 0.0, 0.0);
    let mut n = 0;
    let mut used = 0;
    for group in groups.iter().filter(|group| group.len() > 1) {
        let centred = |pick: fn(&(Nanos, Nanos)) -> Nanos| -> Vec<f64> {
            let (ranks, _) = ranks(&group.iter().map(pick).collect::<Vec<_>>());
            let middle = (group.len() + 1) as f64 / 2.0;
            ranks.into_iter().map(|rank| rank - middle).collect()
        };
        let (time, value) = (centred(|pair| pair.0), centred(|pair| pair.1));
        let squares = |ranks: &[f64]| ranks.iter().map(|rank| rank * rank).sum::<f64>();
        let (time_squares, value_squares) = (squares(&time), squares(&value));
        products += time.iter().zip(&value).map(|(t, v)| t * v).sum::<f64>();
        times += time_squares;
        values += value_squares;
        variance += time_squares * value_squares / (group.len() - 1) as f64;
        n += group.len();
        used += 1;
    }
    if variance <= 0.0 {
        return None;
    }
    let correlation = (products / (times * values).sqrt()).clamp(-1.0, 1.0);
    let p = if used == 1 && n > 2 {
        let rest = 1.0 - correlation * correlation;
        let freedom = n - 2;
        let t = correlation * (freedom as f64 / rest.max(f64::MIN_POSITIVE)).sqrt();
        student_two_sided(t, freedom)
    } else {
        normal_two_sided(products / variance.sqrt())
    };
    Some(Trend { n, correlation, p })
}
