//! Runs against each other: what is the same, what is slower, and by how much; runs made by hand.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod hand;

use std::path::Path;
use std::process::{Command, Output};

use proptest::prelude::*;
use sebs_tui::core::compare::{Candidate, CompareError, Comparison, Verdict};
use sebs_tui::core::message::{Entry, Event};
use sebs_tui::core::sample::{SampleKey, StartKind};
use sebs_tui::core::time::{MILLISECOND, Nanos};
use sebs_tui::plain::compare::{Style, render};
use sebs_tui::store::journal::Writer;

const SIZES: u32 = 4;

/// Warm 10 ms + 2 ms/MB, cold 100 ms more, with a skewed scatter of up to 4 ms; `seed` makes another run of the same.
fn run(repetitions: u32, seed: u64, extra: Nanos) -> Vec<Entry> {
    let mut state = seed;
    hand::timed_run(SIZES, repetitions, |key: SampleKey| {
        let scatter = hand::noise(&mut state) * hand::noise(&mut state) * 4e6;
        let cold = Nanos::from(key.kind == StartKind::Cold) * 100 * MILLISECOND;
        10 * MILLISECOND + cold + Nanos::from(key.size) * 2 * MILLISECOND + scatter as Nanos + extra
    })
}

fn compared(runs: &[&[Entry]]) -> Result<Comparison, CompareError> {
    let named: Vec<Candidate> = ["before", "after", "later"]
        .into_iter()
        .zip(runs)
        .map(|(name, entries)| Candidate { name, entries })
        .collect();
    Comparison::of(&named)
}

fn verdicts(comparison: &Comparison) -> Vec<Verdict> {
    let cells = comparison.runs.iter().flat_map(|run| &run.cells);
    cells.map(|cell| cell.verdict).collect()
}

#[test]
fn a_run_does_not_differ_from_itself() {
    for repetitions in [6, 30] {
        let it = run(repetitions, 1, 0);
        let comparison = compared(&[&it, &it]).unwrap();
        assert_eq!(verdicts(&comparison), [Verdict::NoDifferenceShown; 8]);
        assert_eq!(comparison.above(0.0).count(), 0);
        for cell in &comparison.runs[0].cells {
            let interval = cell.change.interval.known().unwrap();
            assert_eq!(cell.change.difference, 0);
            assert!(interval.low <= 0 && 0 <= interval.high);
            assert!(cell.corrected_p.unwrap() > 0.99);
        }
    }
}

#[test]
fn a_function_that_takes_5_ms_more_is_slower_by_5_ms() {
    let comparison = compared(&[&run(60, 1, 0), &run(60, 2, 5 * MILLISECOND)]).unwrap();
    assert_eq!(verdicts(&comparison), [Verdict::Slower; 8]);
    for cell in &comparison.runs[0].cells {
        let interval = cell.change.interval.known().unwrap();
        assert!(
            (interval.low..=interval.high).contains(&(5 * MILLISECOND)),
            "{cell:?}"
        );
        assert!(!cell.within_clock_bounds());
    }
    let back = compared(&[&run(60, 2, 5 * MILLISECOND), &run(60, 1, 0)]).unwrap();
    assert_eq!(verdicts(&back), [Verdict::Faster; 8]);
    assert_eq!(back.above(0.0).count(), 0);
}

#[test]
fn only_a_change_that_is_surely_above_the_bound_counts() {
    let comparison = compared(&[&run(60, 1, 0), &run(60, 2, 5 * MILLISECOND)]).unwrap();
    // 5 ms on about 11, 13, 15 and 17 ms warm, and on more than 110 ms cold.
    let above = |share: f64| -> Vec<(StartKind, u64)> {
        let cells = comparison.above(share);
        cells
            .map(|(_, cell)| (cell.kind, cell.size / 1_000_000))
            .collect()
    };
    let warm = |sizes: std::ops::RangeInclusive<u64>| -> Vec<_> {
        sizes.map(|size| (StartKind::Warm, size)).collect()
    };
    assert_eq!(above(0.10), warm(1..=4));
    assert_eq!(above(0.35), warm(1..=2));
    assert_eq!(above(0.50), []);
}

#[test]
fn five_samples_are_too_few() {
    let comparison = compared(&[&run(5, 1, 0), &run(60, 2, 50 * MILLISECOND)]).unwrap();
    assert_eq!(verdicts(&comparison), [Verdict::TooFewSamples; 8]);
    assert_eq!(comparison.above(0.0).count(), 0);
}

#[test]
fn several_runs_are_corrected_together() {
    let (first, same, slower) = (run(30, 1, 0), run(30, 2, 0), run(30, 3, 5 * MILLISECOND));
    let comparison = compared(&[&first, &same, &slower]).unwrap();
    assert_eq!(comparison.runs.len(), 2);
    let verdicts = verdicts(&comparison);
    assert_eq!(verdicts[..8], [Verdict::NoDifferenceShown; 8]);
    assert_eq!(verdicts[8..], [Verdict::Slower; 8]);
    for cell in comparison.runs.iter().flat_map(|run| &run.cells) {
        assert!(cell.corrected_p.unwrap() >= cell.test.known().unwrap().p);
    }
}

#[test]
fn what_cannot_be_compared_is_said() {
    let it = run(6, 1, 0);
    assert_eq!(compared(&[&it]), Err(CompareError::TooFewRuns));
    assert_eq!(
        compared(&[&it, &[]]),
        Err(CompareError::NoRun("after".into()))
    );
    assert_eq!(
        compared(&[&it, &hand::eventful_run()]),
        Err(CompareError::NothingInCommon("after".into()))
    );
    let mut code = it.clone();
    if let Event::RunStarted { run } = &mut code[0].event {
        run.plan.outline.sweep = sebs_tui::core::plan::Sweep::Code;
    }
    let error = compared(&[&it, &code]).unwrap_err().to_string();
    assert_eq!(
        error,
        "after: a code sweep cannot be compared with a payload sweep"
    );
}

#[test]
fn the_tables_name_what_else_differs() {
    let before = run(20, 1, 0);
    let mut after = run(20, 2, MILLISECOND);
    if let Event::RunStarted { run } = &mut after[0].event {
        run.runtime = "python".into();
    }
    // The last size has no warm samples in the later run.
    after.retain(|entry| {
        !matches!(&entry.event, Event::SampleEnded { sample, .. }
            if sample.size == SIZES - 1 && sample.kind == StartKind::Warm)
    });
    let comparison = compared(&[&before, &after]).unwrap();
    insta::assert_snapshot!("compared_as_text", render(&comparison, Style::Text));
    insta::assert_snapshot!("compared_as_markdown", render(&comparison, Style::Markdown));
}

fn stored(directory: &Path, entries: &[Entry]) {
    std::fs::create_dir_all(directory).unwrap();
    let mut writer = Writer::create(directory).unwrap();
    for entry in entries {
        writer.append(entry).unwrap();
    }
}

fn program(directory: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_sebs-tui"))
        .current_dir(directory)
        .arg("compare")
        .args(arguments)
        .output()
        .unwrap()
}

#[test]
fn the_program_fails_with_4_only_when_a_run_is_surely_slower_than_allowed() {
    let directory = tempfile::tempdir().unwrap();
    let at = directory.path();
    stored(&at.join("before"), &run(40, 1, 0));
    stored(&at.join("after"), &run(40, 2, 5 * MILLISECOND));
    let code = |arguments: &[&str]| program(at, arguments).status.code();
    assert_eq!(code(&["before", "after"]), Some(0));
    assert_eq!(code(&["before", "before", "--fail-above", "0%"]), Some(0));
    assert_eq!(code(&["before", "after", "--fail-above", "100%"]), Some(0));
    assert_eq!(code(&["after", "before", "--fail-above", "0%"]), Some(0));
    let failed = program(at, &["before", "after", "--fail-above", "10%"]);
    assert_eq!(failed.status.code(), Some(4));
    let told = String::from_utf8(failed.stderr).unwrap();
    assert!(told.contains("after: warm 1.00 MB is at least "), "{told}");
    assert!(told.contains("which is above 10 %"), "{told}");

    let json = program(at, &["before", "after", "--format", "json"]);
    let comparison: Comparison = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(verdicts(&comparison), [Verdict::Slower; 8]);

    let missing = program(at, &["before", "nowhere"]);
    assert_eq!(missing.status.code(), Some(1));
    let told = String::from_utf8(missing.stderr).unwrap();
    assert!(
        told.contains("nowhere/journal.jsonl: cannot read"),
        "{told}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn two_runs_of_the_same_rarely_differ(seed in 1_u64..1_000_000) {
        let comparison = compared(&[&run(12, seed, 0), &run(12, seed + 1_000_003, 0)]).unwrap();
        let alarms = verdicts(&comparison).iter().filter(|verdict| **verdict != Verdict::NoDifferenceShown).count();
        // A single false alarm comes once in twenty runs; three of eight never do.
        prop_assert!(alarms < 3, "{alarms} of 8");
    }
}
