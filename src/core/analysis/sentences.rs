//! All warnings of a run as few sentences: what several sizes and start kinds share is told once.

use std::mem::discriminant;

use super::Warning;
use crate::core::sample::StartKind;
use crate::core::words::{nanos, percent, size};

/// A sentence for each kind of warning, in the order of the first of each. One that a single size and start kind has is
/// told of it; of more, the whole is told, and which of them is the worst.
pub fn sentences(warnings: &[Warning]) -> Vec<String> {
    let mut groups: Vec<Vec<&Warning>> = Vec::new();
    for warning in warnings {
        let alike = |group: &&mut Vec<&Warning>| {
            place(warning).is_some() && discriminant(group[0]) == discriminant(warning)
        };
        match groups.iter_mut().find(alike) {
            Some(group) => group.push(warning),
            None => groups.push(vec![warning]),
        }
    }
    groups.iter().map(|group| sentence(group)).collect()
}

fn sentence(group: &[&Warning]) -> String {
    let worst = group
        .iter()
        .filter_map(|warning| place(warning))
        .reduce(|worst, place| {
            if place.weight > worst.weight {
                place
            } else {
                worst
            }
        });
    match (group, worst) {
        ([first, _, ..], Some(worst)) => shared(first, group, &worst),
        _ => group.iter().map(ToString::to_string).collect(),
    }
}

/// Where a warning holds, and how much of it there is.
struct Place {
    at: String,
    /// Orders those of one kind.
    weight: f64,
    what: String,
}

/// None of a warning of the whole run.
fn place(warning: &Warning) -> Option<Place> {
    let at = |kind: StartKind, bytes: u64| format!("{}, {}", kind.word(), size(bytes));
    let share = |count: usize, of: usize| count as f64 / of.max(1) as f64;
    let (at, weight, what) = match *warning {
        Warning::TooFewSamples { .. }
        | Warning::ScreenOn { .. }
        | Warning::Drift { .. }
        | Warning::UntilMissed { .. } => {
            return None;
        }
        Warning::ColdFasterThanWarm {
            size: bytes,
            difference,
            certain,
        } => {
            let sure = if certain {
                "surely"
            } else {
                "perhaps by chance"
            };
            let what = format!("{} ({sure})", nanos(-difference));
            (size(bytes), -difference as f64, what)
        }
        Warning::Outliers {
            size,
            kind,
            count,
            of,
        }
        | Warning::Unsynchronised {
            size,
            kind,
            count,
            of,
        }
        | Warning::Implausible {
            size,
            kind,
            count,
            of,
        }
        | Warning::Contradicted {
            size,
            kind,
            count,
            of,
        }
        | Warning::FastClock {
            size,
            kind,
            count,
            of,
        } => (at(kind, size), share(count, of), format!("{count} of {of}")),
        Warning::ClockStep {
            size,
            kind,
            in_exchange,
            of_host,
        } => (
            at(kind, size),
            (in_exchange + of_host) as f64,
            (in_exchange + of_host).to_string(),
        ),
        Warning::HighLoss { size, kind, loss } => (at(kind, size), loss, percent(loss)),
        Warning::WideBound {
            size,
            kind,
            bound,
            median,
        } => (
            at(kind, size),
            bound as f64 / (median as f64).abs().max(1.0),
            format!("±{} of {}", nanos(bound), nanos(median)),
        ),
        Warning::WrongKind { size, kind, count } => {
            (at(kind, size), count as f64, count.to_string())
        }
    };
    Some(Place { at, weight, what })
}

/// What those of one kind, of which this is the first, have in common.
fn shared(first: &Warning, group: &[&Warning], worst: &Place) -> String {
    let n = group.len();
    let most = format!("(most at {}: {})", worst.at, worst.what);
    let (count, of) = group
        .iter()
        .map(|warning| counted(warning))
        .fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
    match first {
        Warning::Outliers { .. } => format!(
            "{count} of the {of} samples of {n} sizes and start kinds lie far from the others of theirs {most}: something \
             else was going on"
        ),
        Warning::Unsynchronised { .. } => format!(
            "{count} of the {of} samples of {n} sizes and start kinds have no clock estimate and are left out {most}: can \
             datagrams reach this host?"
        ),
        Warning::ClockStep { .. } => format!(
            "a clock was stepped or ran more than 100 ppm off during {count} exchanges, the host's clock was stepped during \
             {of} invocations of {n} sizes and start kinds {most}: bounds are no proof there, and these samples are left out"
        ),
        Warning::Implausible { .. } => format!(
            "{count} of the {of} samples of {n} sizes and start kinds have times that no invocation takes and are left out \
             {most}"
        ),
        Warning::Contradicted { .. } => format!(
            "the platform's own record says another start kind of {count} of the {of} samples of {n} sizes and start kinds, \
             which are left out {most}"
        ),
        Warning::FastClock { .. } => format!(
            "the clocks' rates differ by more than 100 ppm for certain in {count} of the {of} samples of {n} sizes and start \
             kinds {most}: their bounds do not hold"
        ),
        Warning::WrongKind { .. } => format!(
            "{count} attempts of {n} sizes and start kinds started in the other kind and were made again {most}"
        ),
        Warning::HighLoss { .. } => {
            format!("many datagrams of {n} sizes and start kinds had no answer {most}")
        }
        Warning::WideBound { .. } => format!(
            "the clocks leave more than a tenth of the median open at {n} sizes and start kinds {most}"
        ),
        Warning::ColdFasterThanWarm { .. } => format!(
            "at {n} sizes cold starts were faster than warm ones {most}: look at how cold starts were forced"
        ),
        Warning::TooFewSamples { .. }
        | Warning::ScreenOn { .. }
        | Warning::Drift { .. }
        | Warning::UntilMissed { .. } => first.to_string(),
    }
}

/// The two numbers of a warning that add up over sizes and start kinds.
fn counted(warning: &Warning) -> (usize, usize) {
    match *warning {
        Warning::Outliers { count, of, .. }
        | Warning::Unsynchronised { count, of, .. }
        | Warning::Implausible { count, of, .. }
        | Warning::Contradicted { count, of, .. }
        | Warning::FastClock { count, of, .. } => (count, of),
        Warning::ClockStep {
            in_exchange,
            of_host,
            ..
        } => (in_exchange, of_host),
        Warning::WrongKind { count, .. } => (count, 0),
        _ => (0, 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::time::{MILLISECOND, Nanos};

    fn loss(kind: StartKind, loss: f64) -> Warning {
        Warning::HighLoss {
            size: 1024,
            kind,
            loss,
        }
    }

    #[test]
    fn what_many_sizes_share_is_told_once_with_the_worst_of_them() {
        let mut warnings = vec![Warning::ScreenOn { count: 4, of: 9 }];
        for number in 1..=20_u32 {
            warnings.push(loss(StartKind::Warm, 0.05 + f64::from(number) / 1000.0));
            warnings.push(Warning::WideBound {
                size: u64::from(number) * 20_000,
                kind: StartKind::Cold,
                bound: 2 * MILLISECOND,
                median: Nanos::from(number) * MILLISECOND,
            });
            warnings.push(Warning::Outliers {
                size: u64::from(number) * 20_000,
                kind: StartKind::Warm,
                count: if number == 3 { 4 } else { 1 },
                of: 20,
            });
        }
        let told = sentences(&warnings);
        assert_eq!(told[0], warnings[0].to_string());
        assert_eq!(
            told[1..],
            [
                "many datagrams of 20 sizes and start kinds had no answer (most at warm, 1024 B: 7.0 %)",
                "the clocks leave more than a tenth of the median open at 20 sizes and start kinds (most at cold, 20.0 kB: \
                 ±2.000 ms of 1.000 ms)",
                "23 of the 400 samples of 20 sizes and start kinds lie far from the others of theirs (most at warm, 60.0 \
                 kB: 4 of 20): something else was going on",
            ]
        );
    }

    #[test]
    fn what_is_alone_of_its_kind_and_what_holds_for_the_whole_run_is_told_as_it_is() {
        let drift = |kind| Warning::Drift {
            kind,
            correlation: 0.5,
            p: 0.001,
            moved: MILLISECOND,
        };
        let warnings = [
            drift(StartKind::Warm),
            drift(StartKind::Cold),
            loss(StartKind::Cold, 0.1),
        ];
        let due: Vec<String> = warnings.iter().map(ToString::to_string).collect();
        assert_eq!(sentences(&warnings), due);
        assert_eq!(sentences(&[]), [""; 0]);
    }
}
