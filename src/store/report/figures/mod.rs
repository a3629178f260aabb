//! The figures: each a picture, its words, and a table that says the same.

mod convergence;
mod distributions;
mod invocation;
mod network;

use crate::core::analysis::Analysis;
use crate::core::sample::StartKind;
use crate::core::statistics::{Description, Enough};

use super::canvas::Mark;
use super::data::Data;
use super::plot::{Format, Plot};
use crate::core::words::{interval, nanos};

pub(super) use network::Quantiles;

/// A figure.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    /// Its name in the page and in file names.
    pub id: String,
    /// Its heading.
    pub title: String,
    /// What it shows, for readers who do not see it, and what to look for.
    pub caption: String,
    /// Series: class and name.
    pub legend: Vec<(&'static str, &'static str)>,
    /// The plot on its scales, the first one shown at first; none when there is nothing to draw.
    pub plots: Vec<Plot>,
    /// In which formats it is in the page.
    pub formats: &'static [Format],
    /// The same in figures; none when the table of all figures has them.
    pub table: Option<Table>,
}

/// Rows of text under a head.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Table {
    /// Names of the columns.
    pub head: Vec<String>,
    /// Its rows.
    pub rows: Vec<Vec<String>>,
}

/// Both formats of a page-wide figure.
const PAGE: &[Format] = &[Format::Wide, Format::Narrow];
/// The format of small multiples.
const CARD: &[Format] = &[Format::Card];
/// The two start kinds.
const KINDS: [(&str, &str); 2] = [("warm", "warm"), ("cold", "cold")];

/// Stands in a table where there is no value, or too few samples for one.
pub const NONE: &str = "–";

/// What is in the table of all figures.
pub const TABLE_NOTE: &str = "Invocation time by size and start kind; then medians of the proven clock bound, the connection \
    time (which is not part of the invocation time), each attempt's smallest round trip, and the offset of the function's \
    clock. n counts the samples measured; in \"3 of 5\" the others have no clock estimate or were left out. A dash stands for no sample, or \
    too few: an interval takes 6, p95 20, p99 100.";

/// Everything a figure is made from.
#[derive(Debug, Clone, Copy)]
pub struct Sources<'a> {
    /// Samples and exchanges.
    pub data: &'a Data,
    /// What they say.
    pub analysis: &'a Analysis,
}

impl Sources<'_> {
    /// What grows in this run, as an axis is called.
    fn size_title(&self) -> &'static str {
        match self.data.run.plan.outline.sweep {
            crate::core::plan::Sweep::Payload => "payload",
            crate::core::plan::Sweep::Code => "code package",
        }
    }

    /// Invocation time against size.
    pub fn invocation(self) -> Figure {
        invocation::figure(self)
    }

    /// ECDF and histogram of each size.
    pub fn distributions(self) -> Vec<Figure> {
        distributions::figures(self)
    }

    /// Round trips and loss.
    pub fn network(self) -> [Figure; 2] {
        [network::round_trips(self), network::loss(self)]
    }

    /// The bounds of one attempt closing in; none when no attempt has a clock estimate.
    pub fn convergence(self) -> Option<Figure> {
        self.data.chosen.as_ref().map(convergence::figure)
    }

    /// From warm to cold.
    pub fn gaps(self) -> Table {
        invocation::gaps(self)
    }

    /// The table of all figures.
    pub fn table(self) -> Table {
        invocation::table(self)
    }
}

/// The symbol of one value: start kinds are told apart without colour.
fn dot(kind: StartKind) -> Mark {
    Mark::Symbol(match kind {
        StartKind::Warm => "dot",
        StartKind::Cold => "diamond",
    })
}

/// The symbol of a median.
fn median_dot(kind: StartKind) -> Mark {
    Mark::Symbol(match kind {
        StartKind::Warm => "big-dot",
        StartKind::Cold => "big-diamond",
    })
}

/// The interval of a median in words.
fn interval_of(description: &Description) -> String {
    match &description.median_interval {
        Enough::Known(ends) => interval(ends.low as f64, ends.high as f64),
        Enough::TooSmall { .. } => NONE.into(),
    }
}

/// A figure that enough values may allow, in words.
fn enough(value: &Enough<i64>) -> String {
    value
        .known()
        .map_or_else(|| NONE.into(), |value| nanos(*value))
}

fn strings<const N: usize>(names: [&str; N]) -> Vec<String> {
    names.map(str::to_owned).to_vec()
}
