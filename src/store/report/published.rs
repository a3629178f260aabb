//! The report as JSON: everything that its figures show. `assets/report/report.schema.json` describes it.

use serde::Serialize;

use crate::core::account::Account;
use crate::core::analysis::Analysis;
use crate::core::compare::Comparison;
use crate::core::message::{RunHeader, RunState};
use crate::core::offset::ClockEstimate;
use crate::core::sample::StartKind;

use super::Report;
use super::data::{Sample, Step};
use super::figures::Quantiles;
use super::outcomes::Outcomes;

/// Version of its shape.
const VERSION: u32 = 2;

/// What is published. Lengths are in ns, sizes in bytes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Published<'a> {
    version: u32,
    program: String,
    state: RunState,
    outcomes: Outcomes,
    run: &'a RunHeader,
    account: &'a Account,
    analysis: &'a Analysis,
    samples: Vec<Samples<'a>>,
    round_trips: Vec<RoundTrips>,
    convergence: Option<Closing<'a>>,
    comparisons: &'a [Comparison],
}

/// The measured samples of a size and start kind.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct Samples<'a> {
    size: u64,
    kind: StartKind,
    measured: &'a [Sample],
}

/// The round trips of a size and start kind.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct RoundTrips {
    size: u64,
    kind: StartKind,
    #[serde(flatten)]
    quantiles: Quantiles,
}

/// The exchanges of one attempt.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct Closing<'a> {
    attempt: u64,
    clock: Option<ClockEstimate>,
    exchanges: &'a [Step],
}

impl<'a> Published<'a> {
    /// Of what a report is made from.
    pub fn of(report: &'a Report) -> Self {
        let data = &report.data;
        let samples = data.cells.iter().map(|cell| Samples {
            size: cell.size,
            kind: cell.kind,
            measured: &cell.samples,
        });
        let round_trips = data.cells.iter().filter_map(|cell| {
            Some(RoundTrips {
                size: cell.size,
                kind: cell.kind,
                quantiles: Quantiles::of(&cell.rtts)?,
            })
        });
        let convergence = data.chosen.as_ref().map(|chosen| Closing {
            attempt: chosen.attempt.number,
            clock: chosen.attempt.clock,
            exchanges: &chosen.steps,
        });
        Self {
            version: VERSION,
            program: super::program(),
            state: report.state,
            outcomes: report.outcomes,
            run: &data.run,
            account: &report.account,
            analysis: &report.analysis,
            samples: samples.collect(),
            round_trips: round_trips.collect(),
            convergence,
            comparisons: &report.comparisons,
        }
    }
}
