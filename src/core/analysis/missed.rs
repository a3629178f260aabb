//! Where `--until-ci` stopped at its most repetitions, and the median is not known well enough.

use std::collections::BTreeMap;

use super::{Cell, Warning};
use crate::core::counting::header;
use crate::core::message::{Entry, Event, RunState};
use crate::core::sample::StartKind;
use crate::core::until::half_width;

/// Says how many sizes and start kinds it is; none without a target, or when nothing stopped short of it.
pub(super) fn missed(entries: &[Entry], cells: &[Cell]) -> Option<Warning> {
    let plan = &header(entries)?.plan;
    let until = plan.until?;
    // One that was stopped before has not taken them all.
    let last = entries.iter().rev().find_map(|entry| match entry.event {
        Event::StateEntered { state } => Some(state),
        _ => None,
    });
    if last != Some(RunState::Complete) {
        return None;
    }
    let mut repetitions: BTreeMap<(u32, StartKind), u32> = BTreeMap::new();
    for entry in entries {
        if let Event::RepetitionsAdded {
            size,
            kind,
            repetitions: raised,
            ..
        } = entry.event
        {
            repetitions.insert((size, kind), raised);
        }
    }
    let planned = plan.outline.repetitions;
    let at_most = |size: u32, kind| {
        let reached = repetitions.get(&(size, kind)).copied().unwrap_or(planned);
        reached >= until.most
    };
    let target = f64::from(until.half_width_ppm) / 1e6;
    let (mut of, mut count, mut widest) = (0, 0, None);
    for (cell, number) in cells.iter().zip(0_u32..) {
        // Warm before cold, as in `Plan::cell`.
        let size = number / StartKind::ALL.len() as u32;
        let times = cell.times();
        if times.is_empty() {
            continue;
        }
        of += 1;
        let width = half_width(&times);
        if at_most(size, cell.kind) && width.is_none_or(|width| width > target) {
            count += 1;
            widest = width.into_iter().chain(widest).reduce(f64::max);
        }
    }
    (count > 0).then_some(Warning::UntilMissed {
        cells: count,
        of,
        most: until.most,
        target,
        widest,
    })
}
