//! What a run will do: sizes × start kinds × repetitions, in a stored order, with the points that a limit rules out.

use rand::seq::SliceRandom;
use rand::{SeedableRng, rngs::StdRng};
use serde::{Deserialize, Serialize};

use super::imported::Imported;
use super::sample::{SampleKey, StartKind};
use super::until::Until;

/// What grows from point to point; SeBS's `type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sweep {
    /// The `data` field of the request, in bytes on the wire.
    Payload,
    /// The deployed zip, in bytes.
    Code,
}

impl Sweep {
    /// SeBS's word for it, also the name of its directory.
    pub fn word(self) -> &'static str {
        match self {
            Self::Payload => "payload",
            Self::Code => "code",
        }
    }
}

/// In which order the samples are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// As SeBS: all warm, then all cold; sizes ascending; repetitions together.
    Sebs,
    /// Randomised complete blocks: each repetition takes every size and start kind once, shuffled by the seed,
    /// so that size and start kind are not confounded with the time of day.
    Shuffled {
        /// Seed of the shuffle.
        seed: u64,
    },
}

/// Evenly spaced sizes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Range {
    /// First size, bytes.
    pub begin: u64,
    /// Last size, bytes.
    pub end: u64,
    /// How many, both ends included.
    pub points: u32,
}

impl Range {
    /// The sizes, rounded to whole bytes; one point is the first size.
    pub fn sizes(&self) -> Vec<u64> {
        let span = self.end as f64 - self.begin as f64;
        let last = f64::from(self.points.saturating_sub(1).max(1));
        (0..self.points)
            .map(|i| (self.begin as f64 + span * f64::from(i) / last).round() as u64)
            .collect()
    }
}

/// A bound a platform (or the package) sets on sizes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limit {
    /// Bytes, included.
    pub bytes: u64,
    /// Its name, for people: `local: request body`.
    pub name: String,
}

impl Limit {
    /// How it rules this size out, bytes.
    pub fn excludes(&self, size: u64) -> String {
        let which = if size > self.bytes { "above" } else { "below" };
        let Self { bytes, name } = self;
        format!("{size} B is {which} the limit of {bytes} B ({name})")
    }
}

/// The bounds that a plan is checked against.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Limits {
    /// Largest payload.
    pub payload_most: Option<Limit>,
    /// Largest package.
    pub package_most: Option<Limit>,
    /// Smallest package that holds the function.
    pub package_least: Option<Limit>,
}

/// Who puts the function where it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Deployment {
    /// The run does, with packages of its own.
    #[default]
    Ours,
    /// Somebody else did: no package is made or sent.
    Theirs,
}

impl Deployment {
    #[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks it so")]
    fn is_ours(&self) -> bool {
        *self == Self::Ours
    }
}

/// One size of the sweep.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Point {
    /// Bytes: on the wire for a payload, of the zip for code.
    pub size: u64,
    /// The limit that rules it out.
    pub beyond: Option<Limit>,
}

/// What is to be planned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outline {
    /// What grows.
    pub sweep: Sweep,
    /// The sizes.
    pub range: Range,
    /// Samples per size and start kind.
    pub repetitions: u32,
    /// Order of the samples.
    pub order: Order,
    /// Attempts allowed per sample.
    pub attempts_per_sample: u32,
    /// Payload of every invocation of a code sweep, bytes on the wire.
    pub fixed_payload: u64,
}

/// A run's samples, in order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// What was asked for.
    pub outline: Outline,
    /// The sizes with the limits they break.
    pub points: Vec<Point>,
    /// When to go on after them, and how long.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Until>,
    /// Who deploys the function.
    #[serde(default, skip_serializing_if = "Deployment::is_ours")]
    pub deployment: Deployment,
    /// Why no cold start can be had; none: it can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub no_cold: Option<String>,
    /// The files of another program that the samples were read from; none: they were measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub imported: Option<Imported>,
}

impl Plan {
    /// Lays out `outline` within `limits`.
    pub fn new(outline: Outline, limits: &Limits) -> Self {
        let points = outline
            .range
            .sizes()
            .into_iter()
            .map(|size| Point {
                size,
                beyond: broken(outline.sweep, size, limits),
            })
            .collect();
        Self {
            outline,
            points,
            until: None,
            deployment: Deployment::Ours,
            no_cold: None,
            imported: None,
        }
    }

    /// What was found at these `sizes`, bytes, ascending, in the files of another program.
    pub fn found(sweep: Sweep, sizes: &[u64], imported: Imported) -> Self {
        let end = |size: Option<&u64>| size.copied().unwrap_or_default();
        let outline = Outline {
            sweep,
            range: Range {
                begin: end(sizes.first()),
                end: end(sizes.last()),
                points: sizes.len() as u32,
            },
            repetitions: imported.samples.iter().copied().max().unwrap_or_default(),
            order: Order::Sebs,
            attempts_per_sample: 1,
            fixed_payload: 0,
        };
        let point = |size: &u64| Point {
            size: *size,
            beyond: None,
        };
        Self {
            points: sizes.iter().map(point).collect(),
            imported: Some(imported),
            ..Self::new(outline, &Limits::default())
        }
    }

    /// Every size and start kind, in the order of [`Plan::cell`].
    pub fn cells(&self) -> impl Iterator<Item = (u32, StartKind)> {
        let sizes = 0..self.points.len() as u32;
        sizes.flat_map(|size| StartKind::ALL.map(|kind| (size, kind)))
    }

    /// Samples of this size and start kind, without the repetitions that may be added.
    pub fn repetitions(&self, size: u32, kind: StartKind) -> u32 {
        let cell = Self::cell(SampleKey {
            size,
            kind,
            repetition: 0,
        });
        self.imported
            .as_ref()
            .map_or(self.outline.repetitions, |imported| {
                imported.samples.get(cell).copied().unwrap_or_default()
            })
    }

    /// The same plan, with repetitions added until every median's interval is narrow enough.
    #[must_use]
    pub fn until(self, until: Option<Until>) -> Self {
        Self { until, ..self }
    }

    /// The same plan for a function that is deployed so.
    #[must_use]
    pub fn deployed(self, deployment: Deployment) -> Self {
        Self { deployment, ..self }
    }

    /// The same plan where, for this reason, no cold start can be had.
    #[must_use]
    pub fn without_cold(self, reason: Option<String>) -> Self {
        Self {
            no_cold: reason,
            ..self
        }
    }

    /// Whether this size can be taken with this start kind: no limit and no lack of a method rules it out, nor that the
    /// files the samples were read from have none.
    pub fn is_possible(&self, size: u32, kind: StartKind) -> bool {
        let is_had = kind == StartKind::Warm || self.no_cold.is_none();
        let is_there = self.imported.is_none() || self.repetitions(size, kind) > 0;
        is_had && is_there && self.points[size as usize].beyond.is_none()
    }

    /// Every sample in the order it is taken, those beyond a limit included; without the repetitions that may be added.
    pub fn samples(&self) -> Vec<SampleKey> {
        self.ordered(|size, kind| 0..self.repetitions(size, kind))
    }

    /// The repetitions that `of` names for each size and start kind, in the plan's order.
    pub fn ordered(&self, of: impl Fn(u32, StartKind) -> std::ops::Range<u32>) -> Vec<SampleKey> {
        let mut samples: Vec<SampleKey> = StartKind::ALL
            .into_iter()
            .flat_map(|kind| (0..self.points.len() as u32).map(move |size| (size, kind)))
            .flat_map(|(size, kind)| {
                of(size, kind).map(move |repetition| SampleKey {
                    size,
                    kind,
                    repetition,
                })
            })
            .collect();
        if let Order::Shuffled { seed } = self.outline.order {
            // Stable: each block begins in the same order, so that the seed alone decides.
            samples.sort_by_key(|key| key.repetition);
            let first = samples.first().map_or(0, |key| key.repetition);
            let mut rng = StdRng::seed_from_u64(seed.wrapping_add(first.into()));
            samples
                .chunk_by_mut(|one, other| one.repetition == other.repetition)
                .for_each(|block| block.shuffle(&mut rng));
        }
        samples
    }

    /// The limit that rules this sample out.
    pub fn beyond(&self, key: SampleKey) -> Option<&Limit> {
        self.points[key.size as usize].beyond.as_ref()
    }

    /// Size of this sample, bytes.
    pub fn size(&self, key: SampleKey) -> u64 {
        self.points[key.size as usize].size
    }

    /// Length of the `data` field of this sample's request, bytes on the wire.
    pub fn payload_bytes(&self, key: SampleKey) -> u64 {
        match self.outline.sweep {
            Sweep::Payload => self.size(key),
            Sweep::Code => self.outline.fixed_payload,
        }
    }

    /// Index of the sample's size and start kind among [`super::board::Board::cells`].
    pub fn cell(key: SampleKey) -> usize {
        key.size as usize * StartKind::ALL.len() + usize::from(key.kind == StartKind::Cold)
    }
}

/// Bytes that base64 text of `wire` bytes stands for: what SeBS calls the payload's size.
pub fn raw_bytes(wire: u64) -> u64 {
    wire / 4 * 3 + (wire % 4) * 3 / 4
}

fn broken(sweep: Sweep, size: u64, limits: &Limits) -> Option<Limit> {
    let (most, least) = match sweep {
        Sweep::Payload => (&limits.payload_most, &None),
        Sweep::Code => (&limits.package_most, &limits.package_least),
    };
    let above = most.as_ref().filter(|limit| size > limit.bytes);
    let below = least.as_ref().filter(|limit| size < limit.bytes);
    above.or(below).cloned()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn outline(range: Range, repetitions: u32, order: Order) -> Outline {
        Outline {
            sweep: Sweep::Payload,
            range,
            repetitions,
            order,
            attempts_per_sample: 5,
            fixed_payload: 1024,
        }
    }

    #[test]
    fn sizes_are_evenly_spaced_with_both_ends() {
        let sizes = |begin, end, points| Range { begin, end, points }.sizes();
        assert_eq!(sizes(1024, 6_251_000, 20)[..3], [1024, 329_970, 658_916]);
        assert_eq!(sizes(1024, 6_251_000, 20).last(), Some(&6_251_000));
        assert_eq!(sizes(10, 20, 1), [10]);
        assert_eq!(sizes(10, 20, 3), [10, 15, 20]);
        assert_eq!(sizes(7, 7, 2), [7, 7]);
    }

    #[test]
    fn sebs_order_is_warm_then_cold_sizes_ascending() {
        let plan = Plan::new(
            outline(
                Range {
                    begin: 1,
                    end: 2,
                    points: 2,
                },
                2,
                Order::Sebs,
            ),
            &Limits::default(),
        );
        let order: Vec<_> = plan
            .samples()
            .into_iter()
            .map(|key| (key.kind.word(), key.size, key.repetition))
            .collect();
        assert_eq!(
            order[..4],
            [
                ("warm", 0, 0),
                ("warm", 0, 1),
                ("warm", 1, 0),
                ("warm", 1, 1)
            ]
        );
        assert_eq!(order[4], ("cold", 0, 0));
    }

    #[test]
    fn a_shuffled_repetition_takes_every_size_and_kind_once() {
        let plan = Plan::new(
            outline(
                Range {
                    begin: 1,
                    end: 9,
                    points: 5,
                },
                3,
                Order::Shuffled { seed: 3 },
            ),
            &Limits::default(),
        );
        for block in plan.samples().chunks(10) {
            let cells: BTreeSet<usize> = block.iter().map(|key| Plan::cell(*key)).collect();
            assert_eq!(cells.len(), 10);
            assert!(
                block
                    .iter()
                    .all(|key| key.repetition == block[0].repetition)
            );
        }
    }

    proptest! {
        #[test]
        fn every_order_takes_the_same_samples(points in 1_u32..30, repetitions in 1_u32..20, seed in any::<u64>()) {
            let range = Range { begin: 0, end: 1_000_000, points };
            let samples = |order| -> BTreeSet<SampleKey> {
                Plan::new(outline(range, repetitions, order), &Limits::default()).samples().into_iter().collect()
            };
            let all = samples(Order::Sebs);
            prop_assert_eq!(all.len() as u32, points * repetitions * 2);
            prop_assert_eq!(all, samples(Order::Shuffled { seed }));
        }

        #[test]
        fn sizes_never_leave_their_range_and_never_fall(begin in 0_u64..1 << 40, span in 0_u64..1 << 40, points in 1_u32..200) {
            let sizes = Range { begin, end: begin + span, points }.sizes();
            prop_assert_eq!(sizes.len() as u32, points);
            prop_assert_eq!(sizes[0], begin);
            prop_assert!(sizes.windows(2).all(|pair| pair[0] <= pair[1]));
            prop_assert!(points == 1 || sizes[sizes.len() - 1] == begin + span);
        }
    }
}
