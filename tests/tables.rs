//! The tables and the summary of a run made by hand.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod hand;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use sebs_tui::core::message::{Entry, Event};
use sebs_tui::core::sample::StartKind::{Cold, Warm};
use sebs_tui::store::run_json::{RunFile, Setup};
use sebs_tui::store::tables::Tables;
use sebs_tui::store::{Store, Summary, files};

fn temporary() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

/// The tables' directory after the events of `entries`, one by one.
fn tables_of(directory: &Path, entries: &[Entry]) -> PathBuf {
    let mut tables = Tables::new(directory);
    for entry in entries {
        tables.apply(entry).unwrap();
    }
    directory.join("invocation-overhead/payload")
}

fn names(directory: &Path) -> BTreeSet<String> {
    let files = fs::read_dir(directory).unwrap();
    files
        .map(|file| file.unwrap().file_name().to_string_lossy().into_owned())
        .collect()
}

/// Every file of a directory with its contents.
fn contents(directory: &Path) -> Vec<(String, String)> {
    names(directory)
        .into_iter()
        .map(|name| (name.clone(), read(directory, &name)))
        .collect()
}

fn read(directory: &Path, name: &str) -> String {
    fs::read_to_string(directory.join(name)).unwrap()
}

fn exchange_file(end: &str, number: u64) -> String {
    format!("{end}-{}.csv", hand::token(number))
}

#[test]
fn a_sample_is_one_row_of_result_csv_in_the_columns_of_sebs() {
    let directory = temporary();
    let tables = tables_of(directory.path(), &hand::eventful_run());
    insta::assert_snapshot!(read(&tables, "result.csv"), @"
    size,repetition,is_cold,connection_time,start_timestamp,finish_timestamp,request_id
    1024,1,0,0.000051000,1700000003.123456789,1700000003.624456789,00000000000000000000000000000003
    5024,0,1,0.000051000,1700000005.123456789,1700000005.624456789,00000000000000000000000000000005
    1024,0,0,0.000051000,1700000006.123456789,1700000006.624456789,00000000000000000000000000000006
    5024,1,1,0.000051000,1700000007.123456789,1700000007.624456789,00000000000000000000000000000007
    ");
}

#[test]
fn the_exchanges_have_every_digit_and_neither_the_first_nor_the_lost_ones() {
    let directory = temporary();
    let tables = tables_of(directory.path(), &hand::eventful_run());
    insta::assert_snapshot!(read(&tables, &exchange_file("server", 3)), @"
    id,server_rcv,server_send
    1,1700000003.134456789,1700000003.134461789
    3,1700000003.136456789,1700000003.136461789
    5,1700000003.138456789,1700000003.138461789
    ");
    insta::assert_snapshot!(read(&tables, &exchange_file("results", 3)), @"
    id,client_send,client_rcv
    1,1700000003.634435788,1700000003.634491789
    3,1700000003.636433786,1700000003.636491789
    5,1700000003.638431784,1700000003.638491789
    ");
}

#[test]
fn the_processed_table_has_the_ten_columns_of_sebs_and_then_ours() {
    let directory = temporary();
    let tables = tables_of(directory.path(), &hand::eventful_run());
    insta::assert_snapshot!(read(&tables, "result-processed.csv"));
}

#[test]
fn only_samples_that_count_have_files() {
    let directory = temporary();
    let tables = tables_of(directory.path(), &hand::eventful_run());
    let expected = [3, 5, 6, 7]
        .into_iter()
        .flat_map(|number| ["server", "results"].map(|end| exchange_file(end, number)));
    let expected: BTreeSet<String> = expected
        .chain(["result.csv".into(), "result-processed.csv".into()])
        .collect();
    assert_eq!(names(&tables), expected);
}

#[test]
fn a_row_is_in_the_tables_as_soon_as_its_sample_has_ended() {
    let directory = temporary();
    let mut tables = Tables::new(directory.path());
    let result = directory
        .path()
        .join("invocation-overhead/payload/result.csv");
    let mut rows = 0;
    let events = [
        hand::sample(hand::attempt(1, hand::key(0, Warm, 0), 2)),
        hand::sample(hand::attempt(2, hand::key(0, Cold, 0), 2)),
    ];
    for entry in hand::entries([vec![hand::started()], events.concat()].concat()) {
        tables.apply(&entry).unwrap();
        rows += usize::from(matches!(entry.event, Event::SampleEnded { .. }));
        assert_eq!(
            fs::read_to_string(&result).unwrap().lines().count(),
            rows + 1
        );
    }
    assert_eq!(rows, 2);
}

#[test]
fn tables_made_again_from_the_journal_equal_the_first_ones_at_every_event() {
    let entries = hand::eventful_run();
    for end in 1..=entries.len() {
        let (first, again) = (temporary(), temporary());
        let tables = tables_of(first.path(), &entries[..end]);
        // What a killed process may leave: rows that are torn, files of samples that were not recorded.
        let left = tables_of(again.path(), &entries);
        fs::write(left.join("result.csv"), "size,repe").unwrap();
        fs::write(left.join(exchange_file("server", 99)), "id").unwrap();
        Tables::rebuild(again.path(), &entries[..end]).unwrap();
        assert_eq!(contents(&tables), contents(&left), "after event {end}");
    }
}

#[test]
fn files_of_other_programs_are_left_alone() {
    let directory = temporary();
    let tables = tables_of(directory.path(), &hand::eventful_run());
    let notes = ["server-notes.csv", "results-.csv", "my.txt"];
    for name in notes {
        fs::write(tables.join(name), "mine").unwrap();
    }
    Tables::rebuild(directory.path(), &hand::eventful_run()).unwrap();
    for name in notes {
        assert_eq!(read(&tables, name), "mine");
    }
}

fn recorded(directory: &Path, entries: &[Entry]) {
    let setup = Setup {
        wall: hand::START,
        command_line: vec![],
        stamps: None,
        seed: 1,
        settings: [].into(),
    };
    let mut store = Store::create(directory, &RunFile::new(directory, setup)).unwrap();
    for entry in entries {
        store.record(entry).unwrap();
    }
}

#[test]
fn a_run_resumed_after_any_event_ends_with_the_same_files() {
    let entries = hand::eventful_run();
    let whole = temporary();
    recorded(whole.path(), &entries);
    for end in 1..entries.len() {
        let directory = temporary();
        recorded(directory.path(), &entries[..end]);
        let (mut store, journal) = Store::resume(directory.path()).unwrap();
        assert_eq!(journal.entries, entries[..end]);
        entries[end..]
            .iter()
            .for_each(|entry| store.record(entry).unwrap());
        for (one, other) in files(whole.path())
            .iter()
            .zip(files(directory.path()))
            .skip(1)
        {
            assert_eq!(
                fs::read(one).unwrap(),
                fs::read(&other).unwrap(),
                "{} after event {end}",
                other.display()
            );
        }
    }
}

#[test]
fn the_summary_is_written_when_the_run_is_over() {
    let directory = temporary();
    recorded(directory.path(), &hand::eventful_run());
    let text = fs::read_to_string(directory.path().join("summary.json")).unwrap();
    let summary: Summary = serde_json::from_str(&text).unwrap();
    assert_eq!(summary, Summary::of(&hand::eventful_run()));
    let names: Vec<_> = files(directory.path())
        .iter()
        .map(|path| path.strip_prefix(directory.path()).unwrap().to_owned())
        .collect();
    let expected = [
        "run.json",
        "journal.jsonl",
        "summary.json",
        "invocation-overhead/payload/result-processed.csv",
    ];
    assert_eq!(names, expected.map(PathBuf::from));
    let cells: Vec<_> = summary
        .cells
        .iter()
        .map(|cell| serde_json::to_string(cell).unwrap())
        .collect();
    insta::assert_snapshot!(cells.join(
        "
"
    ));
}

#[test]
#[ignore = "needs python3"]
fn the_rules_of_sebs_give_the_numbers_in_our_first_ten_columns() {
    let directory = temporary();
    let tables = tables_of(directory.path(), &hand::eventful_run());
    let output = Command::new("python3")
        .arg("tests/process_as_sebs.py")
        .arg(&tables)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let by_sebs = String::from_utf8(output.stdout).unwrap();
    let ours = read(&tables, "result-processed.csv");
    let (by_sebs, ours): (Vec<_>, Vec<_>) =
        (by_sebs.lines().collect(), ours.lines().skip(1).collect());
    assert_eq!((by_sebs.len(), ours.len()), (4, 4));
    for (sebs, own) in by_sebs.iter().zip(&ours) {
        let (sebs, own): (Vec<_>, Vec<_>) =
            (sebs.split(',').collect(), own.split(',').take(10).collect());
        assert_eq!(sebs[..7], own[..7]);
        for (one, other) in sebs[7..].iter().zip(&own[7..]) {
            let (one, other): (f64, f64) = (one.parse().unwrap(), other.parse().unwrap());
            assert!(
                (one - other).abs() < 2e-7 || (one.is_nan() && other.is_nan()),
                "{one} and {other}"
            );
        }
    }
}
