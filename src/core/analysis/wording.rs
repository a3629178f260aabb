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
                "{}: during {in_exchange} exchanges a clock was stepped or ran more than 100 ppm off, during {of_host} \
                 invocations the host's clock was stepped: bounds are no proof there, and these samples are left out",
                at(kind, size)
            ),
            Self::Implausible { .. }
            | Self::Contradicted { .. }
            | Self::FastClock { .. }
            | Self::WrongKind { .. }
            | Self::UntilMissed { .. } => doubtful(self, f),
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
        }
    }
}

/// What is not as it was asked for: attempts and samples that do not count, and medians that are not known well enough.
fn doubtful(warning: &Warning, f: &mut Formatter) -> fmt::Result {
    let at = |kind: StartKind, bytes: u64| format!("{}, {}", kind.word(), size(bytes));
    match *warning {
        Warning::Implausible {
            size,
            kind,
            count,
            of,
        } => write!(
            f,
            "{}: {count} of {of} samples have times that no invocation takes and are left out: is the path uneven?",
            at(kind, size)
        ),
        Warning::Contradicted {
            size,
            kind,
            count,
            of,
        } => write!(
            f,
            "{}: {count} of {of} samples started otherwise by the platform's own record and are left out",
            at(kind, size)
        ),
        Warning::FastClock {
            size,
            kind,
            count,
            of,
        } => write!(
            f,
            "{}: in {count} of {of} samples the clocks' rates differ by more than 100 ppm for sure: bounds do not hold \
                 there",
            at(kind, size)
        ),
        Warning::UntilMissed {
            cells,
            of,
            most,
            target,
            widest,
        } => write!(
            f,
            "{cells} of {of} sizes and start kinds stopped at {most} repetitions before their median was known to \
                 ±{}{}: raise --max-repetitions",
            percent(target),
            widest.map_or_else(String::new, |widest| format!(
                " (the widest to ±{})",
                percent(widest)
            ))
        ),
        Warning::WrongKind { size, kind, count } => write!(
            f,
            "{}: attempts that started in the other kind and were made again: {count}",
            at(kind, size)
        ),
        // The others are told by the caller.
        _ => Ok(()),
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
