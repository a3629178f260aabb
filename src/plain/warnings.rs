//! Warnings of the analysis, in sentences.

use super::words::{milliseconds, size};
use crate::core::analysis::Warning;
use crate::core::sample::StartKind;

/// A warning in one line.
pub fn warning(warning: &Warning) -> String {
    match warning {
        Warning::ColdFasterThanWarm {
            size: bytes,
            difference,
            certain,
        } => format!(
            "cold is faster than warm at {} by {}{}: were the warm starts warm?",
            size(*bytes),
            milliseconds(-difference),
            if *certain {
                ""
            } else {
                ", which may be chance"
            }
        ),
        Warning::Drift {
            kind,
            correlation,
            moved,
            ..
        } => format!(
            "{} times drifted within the run by {} (rank correlation with time {correlation:+.2}): --order shuffled \
             keeps it apart from size",
            kind.word(),
            milliseconds(*moved)
        ),
        Warning::Outliers {
            size,
            kind,
            count,
            of,
        } => format!(
            "{}: {count} of {of} samples are outliers: was something else running?",
            place(*kind, *size)
        ),
        Warning::TooFewSamples {
            cells,
            of,
            fewest,
            least,
        } => format!(
            "too few samples for an interval at {cells} of {of} sizes and start kinds ({fewest} at the least, it takes \
             {least}): raise --repetitions"
        ),
        Warning::ClockStep {
            size,
            kind,
            in_exchange,
            of_host,
        } => format!(
            "{}: a clock was stepped during {in_exchange} exchanges, and the host's wall clock during {of_host} \
             invocations: bounds are no proof there",
            place(*kind, *size)
        ),
        Warning::Unsynchronised {
            size,
            kind,
            count,
            of,
        } => format!(
            "{}: {count} of {of} samples have no clock estimate and are left out",
            place(*kind, *size)
        ),
        Warning::HighLoss { size, kind, loss } => format!(
            "{}: {:.1} % of the datagrams had no answer",
            place(*kind, *size),
            loss * 100.0
        ),
        Warning::WideBound {
            size,
            kind,
            bound,
            median,
        } => format!(
            "{}: the clocks leave ±{} of {} open",
            place(*kind, *size),
            milliseconds(*bound),
            milliseconds(*median)
        ),
        Warning::WrongKind { size, kind, count } => format!(
            "{}: attempts that started in the other kind and were made again: {count}",
            place(*kind, *size)
        ),
    }
}

fn place(kind: StartKind, bytes: u64) -> String {
    format!("{} {}", kind.word(), size(bytes))
}
