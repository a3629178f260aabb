//! The answer of a run: what an invocation takes by size and start kind, how surely, and what to be wary of.

mod missed;
mod screen;
mod sentences;
mod warning;
mod warnings;
mod wording;

use serde::{Deserialize, Serialize};

use super::counting::{counting, header};
use super::distribution::median;
use super::fit::Fits;
use super::message::Entry;
use super::offset::MOST_DRIFT_PPM;
use super::plan::Plan;
use super::rate::{ClockRate, clock_rate};
use super::sample::{Attempt, AttemptOutcome, FunctionReport, PacketCounts, SampleKey, StartKind};
use super::statistics::{Change, Description, change};
use super::time::Nanos;

use missed::missed;

pub use screen::Screen;
pub use sentences::sentences;
pub use warning::Warning;
pub use warnings::{is_wide, too_few};

/// Version of its shape.
pub const ANALYSIS_VERSION: u32 = 1;

/// Seed of the resampling: the same journal gives the same intervals.
const SEED: u64 = 0x005e_b51a;

/// What a run says. Only attempts that count are in it; those without a clock estimate, and those that something
/// contradicts, are counted and left out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Analysis {
    /// [`ANALYSIS_VERSION`] of the writer.
    pub version: u32,
    /// By size and start kind, in the order of [`Plan::cell`].
    pub cells: Vec<CellAnalysis>,
    /// Warm invocation time against size.
    pub warm: Fits,
    /// Cold invocation time against size.
    pub cold: Fits,
    /// By size: from warm to cold.
    pub cold_minus_warm: Vec<Gap>,
    /// Whether a dashboard was drawn meanwhile; empty in files of earlier versions.
    #[serde(default)]
    pub screen: Screen,
    /// What to be wary of; in JSON each has its sentence beside it as `text`.
    #[serde(serialize_with = "wording::with_text")]
    pub warnings: Vec<Warning>,
}

/// One size and start kind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CellAnalysis {
    /// Bytes: of the payload on the wire, or of the zip.
    pub size: u64,
    /// Start kind.
    pub kind: StartKind,
    /// Samples with an invocation time that counts.
    pub measured: usize,
    /// Samples without a clock estimate, left out of all else but the connection time and the datagrams.
    pub unsynchronised: usize,
    /// Samples that something contradicts ([`super::doubt`]), left out likewise.
    #[serde(default)]
    pub left_out: usize,
    /// Corrected invocation time.
    pub invocation_time: Option<Description>,
    /// Proven bounds on the errors of these times, which the clocks leave.
    pub bound: Option<Bounds>,
    /// How far the median may be off by these bounds, beside its interval, ns: the median of the true times lies within.
    #[serde(default)]
    pub clock_error: Option<Nanos>,
    /// DNS and TCP, before the invocation time begins.
    pub connection_time: Option<Description>,
    /// What the platform says that making environments took; none where it says nothing.
    #[serde(default)]
    pub init_duration: Option<Description>,
    /// What the platform says that it asks payment for; none where it says nothing.
    #[serde(default)]
    pub billed_duration: Option<Description>,
    /// Smallest RTT of each attempt.
    pub rtt: Option<Description>,
    /// Function's clock minus host's clock.
    pub offset: Option<Description>,
    /// The function's clock against the host's over an attempt.
    pub rate: Rates,
    /// Datagrams of the attempts that count.
    pub packets: PacketCounts,
    /// Share of the datagrams without an answer, 0 to 1.
    pub loss: f64,
}

/// The clock bounds of some samples, ns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bounds {
    /// Median.
    pub median: Nanos,
    /// Largest.
    pub largest: Nanos,
}

/// The clock rates of some attempts.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Rates {
    /// Attempts whose exchanges span long enough to tell it.
    pub known: usize,
    /// Attempts whose exchanges do not.
    pub unknown: usize,
    /// Attempts with which no constant rate agrees.
    pub inconstant: usize,
    /// Attempts whose rate is certain to lie beyond 100 ppm: their bounds do not hold.
    #[serde(default)]
    pub beyond: usize,
    /// The rate of the attempt that tells it best, ppm.
    pub ppm: Option<f64>,
    /// Its proven uncertainty, ppm.
    pub uncertainty: Option<f64>,
}

/// From warm to cold at one size.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Gap {
    /// Bytes.
    pub size: u64,
    /// Cold minus warm, and cold over warm; none when one of them has no samples.
    pub change: Option<Change>,
}

/// The counting attempts of one size and start kind.
struct Cell<'a> {
    size: u64,
    kind: StartKind,
    /// A limit rules it out.
    beyond: bool,
    /// In the order of repetitions.
    attempts: Vec<(SampleKey, &'a Attempt)>,
    /// Attempts that started in the other kind.
    wrong_kind: usize,
}

impl<'a> Cell<'a> {
    fn measured(&self) -> impl Iterator<Item = (&'a Attempt, Nanos)> {
        self.attempts
            .iter()
            .filter(|(_, attempt)| attempt.outcome == AttemptOutcome::Measured)
            .filter_map(|(_, attempt)| Some((*attempt, attempt.invocation_time()?)))
    }

    fn times(&self) -> Vec<Nanos> {
        self.measured().map(|(_, time)| time).collect()
    }
}

impl Analysis {
    /// Of a whole journal, or of as much as there is.
    pub fn of(entries: &[Entry]) -> Self {
        let cells = header(entries).map_or_else(Vec::new, |run| cells(&run.plan, entries));
        let fits = |kind| {
            let of_kind = cells.iter().filter(|cell| cell.kind == kind);
            Fits::of(
                &of_kind
                    .map(|cell| (cell.size, cell.times()))
                    .collect::<Vec<_>>(),
            )
        };
        let cold_minus_warm: Vec<Gap> = cells.chunks_exact(2).zip(0..).map(gap).collect();
        let screen = Screen::of(entries);
        let described: Vec<CellAnalysis> = cells.iter().map(describe).collect();
        Self {
            version: ANALYSIS_VERSION,
            warm: fits(StartKind::Warm),
            cold: fits(StartKind::Cold),
            warnings: missed(entries, &cells)
                .into_iter()
                .chain(warnings::of(screen, &cells, &described, &cold_minus_warm))
                .collect(),
            screen,
            cold_minus_warm,
            cells: described,
        }
    }

    /// The lines of a start kind.
    pub fn fits(&self, kind: StartKind) -> &Fits {
        match kind {
            StartKind::Warm => &self.warm,
            StartKind::Cold => &self.cold,
        }
    }
}

fn cells<'a>(plan: &Plan, entries: &'a [Entry]) -> Vec<Cell<'a>> {
    let mut cells: Vec<Cell> = (0..)
        .zip(&plan.points)
        .flat_map(|(size, point)| {
            StartKind::ALL.map(|kind| Cell {
                size: point.size,
                kind,
                beyond: !plan.is_possible(size, kind),
                attempts: Vec::new(),
                wrong_kind: 0,
            })
        })
        .collect();
    for (key, attempt) in counting(entries) {
        if let Some(cell) = cells.get_mut(Plan::cell(key)) {
            cell.attempts.push((key, attempt));
        }
    }
    for key in warnings::wrong_kind(entries) {
        if let Some(cell) = cells.get_mut(Plan::cell(key)) {
            cell.wrong_kind += 1;
        }
    }
    cells
}

fn gap((pair, number): (&[Cell], u64)) -> Gap {
    let [warm, cold] = [0, 1].map(|kind: usize| pair[kind].times());
    Gap {
        size: pair[0].size,
        change: change(&warm, &cold, SEED.wrapping_add(number)),
    }
}

fn describe(cell: &Cell) -> CellAnalysis {
    let measured: Vec<(&Attempt, Nanos)> = cell.measured().collect();
    let of_clock = |pick: fn(&super::offset::ClockEstimate) -> Nanos| -> Vec<Nanos> {
        let clocks = measured
            .iter()
            .filter_map(|(attempt, _)| attempt.clock.as_ref());
        clocks.map(pick).collect()
    };
    let connection: Vec<Nanos> = cell
        .attempts
        .iter()
        .filter_map(|(_, attempt)| Some(attempt.http?.connected_after))
        .collect();
    let of_platform = |pick: fn(&FunctionReport) -> Option<Nanos>| -> Vec<Nanos> {
        let told = cell.attempts.iter();
        told.filter_map(|(_, attempt)| pick(attempt.function.as_ref()?))
            .collect()
    };
    let mut packets = PacketCounts::default();
    for (_, attempt) in &cell.attempts {
        packets.add(&attempt.packets);
    }
    let bounds: Vec<Nanos> = measured
        .iter()
        .filter_map(|(attempt, _)| attempt.bound())
        .collect();
    let doubtful = |(_, attempt): &&(SampleKey, &Attempt)| attempt.doubt().is_some();
    let left_out = cell.attempts.iter().filter(doubtful).count();
    CellAnalysis {
        size: cell.size,
        kind: cell.kind,
        measured: measured.len(),
        unsynchronised: cell.attempts.len() - measured.len() - left_out,
        left_out,
        invocation_time: Description::of(&cell.times()),
        bound: median(&bounds)
            .zip(bounds.iter().copied().max())
            .map(|(median, largest)| Bounds { median, largest }),
        clock_error: clock_error(&measured),
        connection_time: Description::of(&connection),
        init_duration: Description::of(&of_platform(|function| function.init)),
        billed_duration: Description::of(&of_platform(|function| function.billed)),
        rtt: Description::of(&of_clock(|clock| clock.minimum_rtt)),
        offset: Description::of(&of_clock(|clock| clock.offset)),
        rate: rates(cell),
        packets,
        loss: packets.loss(),
    }
}

/// How far the median moves at the most when each time is off by its bound.
fn clock_error(measured: &[(&Attempt, Nanos)]) -> Option<Nanos> {
    let moved = |sign: Nanos| {
        let times = measured
            .iter()
            .filter_map(|(attempt, time)| Some(time + sign * attempt.bound()?));
        median(&times.collect::<Vec<_>>())
    };
    let (low, high) = (moved(-1)?, moved(1)?);
    let middle = moved(0)?;
    Some((middle - low).max(high - middle))
}

/// Also of the attempts that are left out: a clock that is too fast is why.
fn rates(cell: &Cell) -> Rates {
    let mut rates = Rates::default();
    let with_clock = cell.attempts.iter().filter(|(_, it)| it.clock.is_some());
    for (_, attempt) in with_clock {
        let rate = clock_rate(&attempt.exchanges);
        let beyond = |least: f64| least > f64::from(MOST_DRIFT_PPM);
        rates.beyond += usize::from(rate.at_least().is_some_and(beyond));
        match rate {
            ClockRate::Unknown { .. } => rates.unknown += 1,
            ClockRate::Inconstant { .. } => rates.inconstant += 1,
            ClockRate::Known {
                ppm, uncertainty, ..
            } => {
                rates.known += 1;
                if rates.uncertainty.is_none_or(|best| uncertainty < best) {
                    (rates.ppm, rates.uncertainty) = (Some(ppm), Some(uncertainty));
                }
            }
        }
    }
    rates
}
