//! What else is not the same in two runs.

use std::collections::BTreeSet;

use super::{Conditions, Difference};
use crate::core::message::RunHeader;
use crate::core::plan::Order;

/// By what the journals tell.
pub(super) fn differences(before: &RunHeader, after: &RunHeader) -> Vec<Difference> {
    let facts = |run: &RunHeader| {
        let outline = &run.plan.outline;
        [
            ("platform", run.platform.clone()),
            ("runtime", run.runtime.clone()),
            ("cold starts", run.cold_method.clone()),
            ("N", known(run, run.n.into())),
            ("clock exchange", run.sync.word().to_owned()),
            ("datagrams in flight", run.in_flight.to_string()),
            ("order", order(run)),
            ("payload of a code sweep", known(run, outline.fixed_payload)),
        ]
    };
    facts(before)
        .into_iter()
        .zip(facts(after))
        .filter(|((_, baseline), (_, other))| baseline != other)
        .map(|((what, baseline), (_, other))| Difference {
            what: what.into(),
            baseline,
            other,
        })
        .collect()
}

/// A setting, which the files of another program do not tell.
fn known(run: &RunHeader, value: u64) -> String {
    match run.plan.imported {
        Some(_) => "unknown".into(),
        None => value.to_string(),
    }
}

/// The order without its seed, which is to differ.
fn order(run: &RunHeader) -> String {
    if run.plan.imported.is_some() {
        return "as recorded".into();
    }
    match run.plan.outline.order {
        Order::Sebs => "sebs".into(),
        Order::Shuffled { .. } => "shuffled".into(),
    }
}

/// The conditions that are not the same in both.
pub(super) fn changed(before: &Conditions, after: &Conditions) -> Vec<Difference> {
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let of = |run: &Conditions, name: &String| match run.get(name) {
        Some(value) => value.clone(),
        None if run.is_empty() => "not recorded".into(),
        None => "not set".into(),
    };
    names
        .into_iter()
        .map(|name| Difference {
            what: name.clone(),
            baseline: of(before, name),
            other: of(after, name),
        })
        .filter(|difference| difference.baseline != difference.other)
        .collect()
}
