//! What an import takes from a directory: its samples, each with a size and a start kind that are known.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::samples::{COLD, Line, SIZE, Samples};
use super::{Desk, Rules, find, recorded};
use crate::core::imported::Imported;
use crate::core::plan::{Plan, Sweep};
use crate::core::sample::{SampleKey, StartKind};
use crate::store::StoreError;

/// Whose files are read.
const PROGRAM: &str = "SeBS";
/// SeBS's name of the experiment, which says nothing of what grows.
const EXPERIMENT: &str = super::super::tables::EXPERIMENT;

/// What a person knows and the files need not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Known {
    /// Start kind of the samples that do not say it.
    pub kind: Option<StartKind>,
    /// What grows; none: as the directory's name says.
    pub sweep: Option<Sweep>,
}

/// The samples of one directory, not yet evaluated.
pub struct Found {
    /// Where they are.
    pub directory: PathBuf,
    pub(super) sweep: Sweep,
    /// Bytes, ascending.
    pub(super) sizes: Vec<u64>,
    pub(super) imported: Imported,
    /// In the order of time.
    pub(super) samples: Vec<(SampleKey, Line)>,
    pub(super) desk: Desk,
}

impl Found {
    /// Reads the table of samples in `directory`; their exchanges stay where they are.
    ///
    /// # Errors
    /// A file cannot be read, there is no sample, the samples are this program's own, or the start kind or what grows
    /// is neither in the files nor in `known`.
    pub fn read(directory: &Path, known: Known) -> Result<Self, StoreError> {
        let malformed = |what: String| StoreError::Malformed {
            path: directory.into(),
            what,
        };
        if let Some(run) = recorded::run_of(directory) {
            let what = format!(
                "these samples are of a run of this program: report, compare and view take it as it is, from {}",
                run.display()
            );
            return Err(malformed(what));
        }
        let sweep = known.sweep.or_else(|| sweep_of(directory));
        let Some(sweep) = sweep else {
            let what = "its name has not just one of payload and code in it, so it is not known what grew: say it with --type";
            return Err(malformed(what.into()));
        };
        let Some(table) = find::samples_in(directory) else {
            return Err(malformed("it holds no result.csv".into()));
        };
        let mut desk = Desk::open(directory, Rules::Ours)?;
        let rows = Rows::read(&table, known.kind, &mut desk)?;
        if rows.unknown > 0 {
            let what = format!(
                "{} of its samples do not say whether they were cold: say it for them with --start-kind warm or cold",
                rows.unknown
            );
            return Err(malformed(what));
        }
        if rows.samples.is_empty() {
            return Err(malformed("none of its rows is a sample".into()));
        }
        let sizes: BTreeSet<u64> = rows.samples.iter().map(|(size, ..)| *size).collect();
        let sizes: Vec<u64> = sizes.into_iter().collect();
        let notes = rows.notes();
        let samples = numbered(&sizes, rows.samples);
        Ok(Self {
            directory: directory.into(),
            sweep,
            imported: imported(directory, &sizes, &samples, notes),
            sizes,
            samples,
            desk,
        })
    }
}

/// What grew, as SeBS names its directories: `payload`, `cold_payload`, `code`, …; none where that is not one of them.
fn sweep_of(directory: &Path) -> Option<Sweep> {
    let whole = directory.canonicalize().ok()?;
    let mut names = whole.iter().rev().map(|name| name.to_string_lossy());
    let name = names.find(|name| name != EXPERIMENT)?.to_lowercase();
    let mut words = name.split(|sign: char| !sign.is_alphanumeric());
    let is_there = |sweep: &Sweep| words.clone().any(|word| word == sweep.word());
    let both = [Sweep::Payload, Sweep::Code].map(|sweep| is_there(&sweep).then_some(sweep));
    words.next()?;
    match both {
        [Some(sweep), None] | [None, Some(sweep)] => Some(sweep),
        _ => None,
    }
}

/// The rows of a table.
#[derive(Default)]
struct Rows {
    samples: Vec<(u64, StartKind, Line)>,
    /// Samples of which nobody says whether they were cold.
    unknown: u64,
    /// Samples of which the person says it.
    told: u64,
    /// Sizes that had a fraction.
    fractions: u64,
}

impl Rows {
    fn read(table: &Path, kind: Option<StartKind>, desk: &mut Desk) -> Result<Self, StoreError> {
        let mut samples = Samples::open(table)?;
        let mut rows = Self::default();
        while let Some(line) = samples.next(&mut desk.faults)? {
            let Some(size) = whole_bytes(&line.sample.size) else {
                desk.faults.add(samples.fault(SIZE));
                continue;
            };
            rows.fractions += u64::from(size.1);
            let told = match line.sample.is_cold.to_ascii_lowercase().as_str() {
                "1" | "1.0" | "true" => Some(StartKind::Cold),
                "0" | "0.0" | "false" => Some(StartKind::Warm),
                "" => {
                    rows.told += u64::from(kind.is_some());
                    rows.unknown += u64::from(kind.is_none());
                    kind
                }
                _ => {
                    desk.faults.add(samples.fault(COLD));
                    None
                }
            };
            rows.samples.extend(told.map(|kind| (size.0, kind, line)));
        }
        rows.samples.sort_by_key(|(_, _, line)| line.times.start);
        Ok(rows)
    }

    fn notes(&self) -> Vec<String> {
        let all = self.samples.len();
        let told = (self.told > 0).then(|| {
            format!(
                "{} of {all} samples have the start kind that --start-kind says",
                self.told
            )
        });
        let cut = (self.fractions > 0).then(|| {
            format!(
                "the fraction of {} of {all} sizes is cut off",
                self.fractions
            )
        });
        told.into_iter().chain(cut).collect()
    }
}

/// Bytes, and whether a fraction was cut off, as SeBS's later versions do; none when it is no size.
fn whole_bytes(text: &str) -> Option<(u64, bool)> {
    let value: f64 = text.parse().ok()?;
    let is_size = (0.0..=u64::MAX as f64 / 2.0).contains(&value);
    is_size.then(|| (value as u64, value.fract() > 0.0))
}

/// Repetitions are numbered anew: SeBS's numbers can be those of several runs.
fn numbered(sizes: &[u64], samples: Vec<(u64, StartKind, Line)>) -> Vec<(SampleKey, Line)> {
    let mut counts: BTreeMap<(u64, StartKind), u32> = BTreeMap::new();
    let samples = samples.into_iter().map(|(size, kind, line)| {
        let count = counts.entry((size, kind)).or_default();
        let key = SampleKey {
            size: sizes.partition_point(|other| *other < size) as u32,
            kind,
            repetition: *count,
        };
        *count += 1;
        (key, line)
    });
    samples.collect()
}

fn imported(
    directory: &Path,
    sizes: &[u64],
    samples: &[(SampleKey, Line)],
    notes: Vec<String>,
) -> Imported {
    let mut counts = vec![0; sizes.len() * StartKind::ALL.len()];
    for (key, _) in samples {
        counts[Plan::cell(*key)] += 1;
    }
    let whole = directory.canonicalize();
    let whole = whole.as_deref().unwrap_or(directory);
    Imported {
        program: PROGRAM.into(),
        directory: whole.display().to_string(),
        rows: samples.len() as u32,
        samples: counts,
        orphans: 0,
        bad_lines: 0,
        notes,
    }
}
