//! Warnings as sentences, the same wherever they are read.

use std::fmt::{self, Display, Formatter};

use serde::{Serialize, Serializer};

use super::Warning;
use crate::core::sample::StartKind;
use crate::core::words::{digits, nanos, percent, size};

impl Display for Warning {
    fn fmt(&self, f: &mut Formatter) -> fmt::Result {
        let at = |kind: StartKind, bytes: u64| format!("{}, {}", kind.word(), size(bytes));
        match *self {
            Self::TooFewSamples {
                cells, of, least, ..
            } => write!(
                f,
                "{cells} of {of} medians have no interval (n < {least}): use --repetitions {least} or more, or --until-ci 5%"
            ),
            Self::ScreenOn { count, of } => write!(
                f,
                "the screen was on for {count} of {of} samples and off for others, which may show in their times: \
                 measure all of them one way"
            ),
            Self::ColdFasterThanWarm {
                size: bytes,
                difference,
                certain,
            } => write!(
                f,
                "{}: cold starts were faster than warm ones by {}{}: look at how cold starts were forced",
                size(bytes),
                nanos(-difference),
                if certain { "" } else { ", which may be chance" }
            ),
            Self::Drift {
                kind,
                correlation,
                p,
                moved,
            } => write!(
                f,
                "{}: the times moved by {} while the run went on (rank correlation {}, p {}): shuffle the order, and \
                 keep the machine idle",
                kind.word(),
                nanos(moved),
                digits(correlation, 2),
                chance(p)
            ),
            Self::Outliers {
                size,
                kind,
                count,
                of,
            } => write!(
                f,
                "{}: {count} of {of} samples lie far from the others: something else was going on",
                at(kind, size)
            ),
            Self::ClockStep {
                size,
                kind,
                in_exchange,
                of_host,
            } => write!(
                f,
                "{}: a clock was stepped during {in_exchange} exchanges, the host's clock during {of_host} invocations: \
                 bounds are no proof there",
                at(kind, size)
            ),
            Self::Unsynchronised {
                size,
                kind,
                count,
                of,
            } => write!(
                f,
                "{}: {count} of {of} samples have no clock estimate and are left out: can datagrams reach this host?",
                at(kind, size)
            ),
            Self::HighLoss { size, kind, loss } => write!(
                f,
                "{}: {} of the datagrams had no answer",
                at(kind, size),
                percent(loss)
            ),
            Self::WideBound {
                size,
                kind,
                bound,
                median,
            } => write!(
                f,
                "{}: the clocks leave ±{} of a median of {} open",
                at(kind, size),
                nanos(bound),
                nanos(median)
            ),
            Self::WrongKind { size, kind, count } => write!(
                f,
                "{}: attempts that started in the other kind and were made again: {count}",
                at(kind, size)
            ),
        }
    }
}

/// The chance of something without a cause.
fn chance(p: f64) -> String {
    if p < 0.001 {
        "below 0.001".into()
    } else {
        format!("= {}", digits(p, 2))
    }
}

/// Writes each warning with its sentence beside its data.
pub(super) fn with_text<S: Serializer>(
    warnings: &[Warning],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Told<'a> {
        #[serde(flatten)]
        warning: &'a Warning,
        text: String,
    }
    serializer.collect_seq(warnings.iter().map(|warning| Told {
        warning,
        text: warning.to_string(),
    }))
}
