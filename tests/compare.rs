//! Runs against each other: what is the same, what is slower, and by how much; runs made by hand.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod hand;

use std::path::Path;
use std::process::{Command, Output};

use proptest::prelude::*;
use sebs_tui::core::compare::{Candidate, CellChange, CompareError, Comparison, Verdict};
use sebs_tui::core::message::{Entry, Event};
use sebs_tui::core::sample::{SampleKey, StartKind};
use sebs_tui::core::time::{MILLISECOND, Nanos};
use sebs_tui::plain::compare::{Style, render};
use sebs_tui::store::journal::Writer;

const SIZES: u32 = 4;

/// Warm 10 ms + 2 ms/MB, cold 100 ms more, with a skewed scatter of up to 4 ms; `seed` makes another run of the same.
fn run(repetitions: u32, seed: u64, extra: Nanos) -> Vec<Entry> {
    run_of(SIZES, repetitions, seed, extra)
}

fn run_of(sizes: u32, repetitions: u32, seed: u64, extra: Nanos) -> Vec<Entry> {
    let mut state = seed;
    hand::timed_run(sizes, repetitions, |key: SampleKey| {
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
fn a_gate_over_forty_cells_of_equal_worlds_raises_no_more_false_alarms_than_it_says() {
    // Exponential times, so wide that medians of ten are 10 % apart by chance alone.
    let world = |seed: u64| {
        let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        hand::timed_run(20, 10, |_| {
            10 * MILLISECOND - ((1.0 - hand::noise(&mut state)).ln() * 20e6) as Nanos
        })
    };
    let (mut alarms, mut uncorrected) = (0, 0);
    let pairs = 20;
    for pair in 1..=pairs {
        let comparison = compared(&[&world(2 * pair), &world(2 * pair + 1)]).unwrap();
        let cells = &comparison.runs[0].cells;
        assert_eq!(cells.len(), 40);
        alarms += u64::from(comparison.above(0.1).next().is_some());
        let above = |cell: &&CellChange| cell.change.ratio_interval.unwrap().low > 1.1;
        uncorrected += u64::from(cells.iter().any(|cell| above(&cell)));
    }
    assert!(
        alarms * 20 <= pairs,
        "{alarms} of {pairs}, {uncorrected} by intervals alone"
    );
    // Each cell's own interval alone would raise more.
    assert!(uncorrected > alarms, "{uncorrected} of {pairs}");
}

#[test]
fn what_no_difference_could_show_with_is_called_too_few_samples() {
    // sizes, samples, verdict of equal worlds, samples that suffice
    let table = [
        (4, 6, Verdict::NoDifferenceShown, None),
        (20, 6, Verdict::TooFewSamples, Some(7)),
        (20, 5, Verdict::TooFewSamples, Some(7)),
        (4, 5, Verdict::TooFewSamples, Some(6)),
        (20, 7, Verdict::NoDifferenceShown, None),
    ];
    for (sizes, n, verdict, needed) in table {
        let same = [run_of(sizes, n, 1, 0), run_of(sizes, n, 2, 0)];
        let comparison = compared(&[&same[0], &same[1]]).unwrap();
        for cell in &comparison.runs[0].cells {
            assert_eq!((cell.verdict, cell.needed), (verdict, needed), "{cell:?}");
        }
        let untested: Vec<_> = comparison.untested().map(|(_, needed)| needed).collect();
        assert_eq!(untested, Vec::from_iter(needed));
        // With as many as are asked for, what is far apart is told apart.
        let n = needed.map_or(n, |needed| needed as u32);
        let apart = [
            run_of(sizes, n, 1, 0),
            run_of(sizes, n, 2, 50 * MILLISECOND),
        ];
        let comparison = compared(&[&apart[0], &apart[1]]).unwrap();
        assert!(
            verdicts(&comparison)
                .iter()
                .all(|it| *it == Verdict::Slower)
        );
    }
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

#[test]
fn a_gate_with_too_few_samples_is_incomplete_and_says_how_many_it_takes() {
    let directory = tempfile::tempdir().unwrap();
    let at = directory.path();
    stored(&at.join("before"), &run_of(20, 6, 1, 0));
    stored(&at.join("after"), &run_of(20, 6, 2, 0));
    let gate = program(at, &["before", "after", "--fail-above", "10%"]);
    assert_eq!(gate.status.code(), Some(3));
    let told = String::from_utf8(gate.stderr).unwrap();
    assert!(told.contains("after: nothing could be tested"), "{told}");
    assert!(told.contains("it takes 7 samples"), "{told}");
    assert!(program(at, &["before", "after"]).status.success());
}

#[test]
fn worlds_that_differ_are_named_beside_the_change() {
    let directory = tempfile::tempdir().unwrap();
    let at = directory.path();
    let made = |out: &str, more: &[&str]| {
        let made = Command::new(env!("CARGO_BIN_EXE_sebs-tui"))
            .current_dir(at)
            .args("run --plain --platform simulated --payload-points 1 --repetitions 2".split(' '))
            .args(["--payload-end", "1024", "--out", out])
            .args(more)
            .output()
            .unwrap();
        assert!(made.status.success(), "{made:?}");
        let mut runs = std::fs::read_dir(at.join(out)).unwrap();
        let run = runs.next().unwrap().unwrap().path();
        run.to_str().unwrap().to_owned()
    };
    let idle = made("one", &[]);
    let other = made(
        "two",
        &[
            "--simulated=wan",
            "--clock-offset-s=0.5",
            "--clock-rate-ppm=20",
            "--memory=256",
            "--dialect=text",
        ],
    );
    let differences = |runs: [&str; 2]| -> Vec<[String; 3]> {
        let told = program(at, &[runs[0], runs[1], "--format", "json"]);
        let comparison: Comparison = serde_json::from_slice(&told.stdout).unwrap();
        let found = comparison.runs.into_iter().flat_map(|run| run.differences);
        found
            .map(|found| [found.what, found.baseline, found.other])
            .collect()
    };
    insta::assert_debug_snapshot!("conditions_that_differ", differences([&idle, &other]));
    assert_eq!(differences([&idle, &idle]), Vec::<[String; 3]>::new());
    // A journal alone does not say.
    std::fs::remove_file(Path::new(&other).join("run.json")).unwrap();
    assert!(
        differences([&idle, &other])
            .contains(&["memory in MB", "128", "not recorded"].map(String::from))
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
