//! The report as JSON: everything that its figures show. `assets/report/report.schema.json` describes it.

use serde::Serialize;

use crate::core::analysis::Analysis;
use crate::core::message::{RunHeader, RunState};
use crate::core::offset::ClockEstimate;
use crate::core::sample::StartKind;
use crate::core::time::Nanos;

use super::data::Data;
use super::figures::Quantiles;

/// Version of its shape.
const VERSION: u32 = 1;

/// What is published. Lengths are in ns, sizes in bytes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Published<'a> {
    version: u32,
    program: String,
    state: RunState,
    run: &'a RunHeader,
    analysis: &'a Analysis,
    samples: Vec<Samples>,
    round_trips: Vec<RoundTrips>,
    convergence: Option<Closing>,
}

/// The measured samples of a size and start kind.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct Samples {
    size: u64,
    kind: StartKind,
    /// Each as attempt, invocation time, bound.
    measured: Vec<(u64, Nanos, Nanos)>,
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
struct Closing {
    attempt: u64,
    clock: Option<ClockEstimate>,
    /// Each as sequence number, limits by itself, limits by all so far, relative to the estimate.
    exchanges: Vec<(u32, [Option<Nanos>; 4])>,
}

impl<'a> Published<'a> {
    /// Of what a report is made from.
    pub fn of(state: RunState, data: &'a Data, analysis: &'a Analysis) -> Self {
        let samples = data.cells.iter().map(|cell| Samples {
            size: cell.size,
            kind: cell.kind,
            measured: cell
                .samples
                .iter()
                .map(|sample| (sample.attempt, sample.time, sample.bound))
                .collect(),
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
            exchanges: chosen
                .steps
                .iter()
                .map(|step| {
                    let limits = [step.own_lower, step.own_upper, step.lower, step.upper];
                    (step.sequence, limits)
                })
                .collect(),
        });
        Self {
            version: VERSION,
            program: super::program(),
            state,
            run: &data.run,
            analysis,
            samples: samples.collect(),
            round_trips: round_trips.collect(),
            convergence,
        }
    }
}
