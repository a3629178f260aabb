//! The run's directory, its journal and `run.json`: nothing is overwritten, nothing is lost, what is torn is told.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod hand;

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use sebs_tui::core::message::{Entry, Event, RunState};
use sebs_tui::core::sample::{Attempt, Exchange, Failure, SampleOutcome, Stamps, StartKind, Token};
use sebs_tui::store::journal::{Writer, path_in, read};
use sebs_tui::store::run_json::{RecordedSetting, Setup};
use sebs_tui::store::{Follower, RunFile, Store, StoreError, directory};

fn temporary() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

fn written(directory: &Path, entries: &[Entry]) -> PathBuf {
    let mut writer = Writer::create(directory).unwrap();
    for entry in entries {
        writer.append(entry).unwrap();
    }
    path_in(directory)
}

#[test]
fn two_runs_in_one_second_have_directories_of_their_own() {
    let parent = temporary();
    let out = parent.path().join("a/b");
    let runs: Vec<PathBuf> = (0..3)
        .map(|_| directory::create(&out, hand::START, "local", "code").unwrap())
        .collect();
    let names: Vec<_> = runs
        .iter()
        .map(|path| path.file_name().unwrap().to_string_lossy())
        .collect();
    assert!(
        names[0].ends_with("-local-code") && names[0].len() == "20231114-221320-local-code".len()
    );
    assert_eq!(names[1], format!("{}-2", names[0]));
    assert_eq!(names[2], format!("{}-3", names[0]));
}

#[test]
fn a_journal_is_never_overwritten() {
    let directory = temporary();
    let path = written(directory.path(), &hand::eventful_run());
    let before = fs::read(&path).unwrap();
    let error = Writer::create(directory.path()).expect_err("there is one already");
    assert!(
        error
            .to_string()
            .starts_with(&format!("{}: cannot create: ", path.display())),
        "{error}"
    );
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[test]
fn a_journal_torn_at_any_byte_keeps_its_whole_lines_and_tells_the_rest() {
    let directory = temporary();
    let entries = hand::entries(vec![
        hand::started(),
        hand::state(RunState::Running),
        hand::state(RunState::Pausing),
    ]);
    let path = written(directory.path(), &entries);
    let whole = fs::read(&path).unwrap();
    for length in 0..=whole.len() {
        fs::write(&path, &whole[..length]).unwrap();
        let lines = whole[..length]
            .split_inclusive(|byte| *byte == b'\n')
            .filter(|line| line.ends_with(b"\n"))
            .count();
        let journal = read(&path).unwrap();
        assert_eq!(journal.entries, entries[..lines], "torn at byte {length}");
        assert_eq!(journal.bytes + journal.dropped_bytes, length as u64);
        assert_eq!(journal.dropped_for, None, "torn, not damaged");
    }
}

#[test]
fn a_reopened_journal_goes_on_after_its_last_whole_line() {
    let directory = temporary();
    let entries = hand::eventful_run();
    let path = written(directory.path(), &entries[..5]);
    let mut file = fs::OpenOptions::new().append(true).open(&path).unwrap();
    file.write_all(b"{\"number\":6,\"wall\":17").unwrap();
    let (mut writer, journal) = Writer::reopen(directory.path()).unwrap();
    assert_eq!(
        (journal.entries.as_slice(), journal.dropped_bytes),
        (&entries[..5], 21)
    );
    entries[5..]
        .iter()
        .for_each(|entry| writer.append(entry).unwrap());
    assert_eq!(read(&path).unwrap().entries, entries);
}

#[test]
fn garbage_at_the_end_is_dropped_but_in_the_middle_it_is_an_error() {
    let directory = temporary();
    let entries = hand::eventful_run();
    let path = written(directory.path(), &entries);
    let mut text = fs::read(&path).unwrap();
    text.extend_from_slice(b"\0\0\0\0\n");
    fs::write(&path, &text).unwrap();
    let journal = read(&path).unwrap();
    assert_eq!(journal.dropped_bytes, 5);
    let what = journal.dropped_for.expect("it is a whole line");
    assert!(what.contains("line 1 column 1"), "{what}");
    text.extend_from_slice(b"{}\n");
    fs::write(&path, &text).unwrap();
    let line = entries.len() + 1;
    let error = read(&path).expect_err("it is damaged").to_string();
    assert!(
        error.starts_with(&format!("{}: line {line}: ", path.display())),
        "{error}"
    );
}

#[test]
fn a_missing_line_is_noticed() {
    let directory = temporary();
    let mut entries = hand::eventful_run();
    entries.remove(3);
    let path = written(directory.path(), &entries);
    let error = read(&path).expect_err("a line is missing").to_string();
    assert!(
        error.contains("line 4: it has number 5 where 4 is due"),
        "{error}"
    );
}

#[test]
fn a_journal_of_a_newer_program_is_refused_even_if_its_lines_look_different() {
    let directory = temporary();
    let path = path_in(directory.path());
    fs::write(
        &path,
        "{\"event\":\"run_started\",\"run\":{\"version\":99}}\n",
    )
    .unwrap();
    assert!(matches!(
        read(&path),
        Err(StoreError::Newer { found: 99, .. })
    ));
}

#[test]
fn a_journal_without_its_beginning_is_refused() {
    let directory = temporary();
    let entries = hand::entries(vec![
        hand::state(RunState::Running),
        hand::state(RunState::Paused),
    ]);
    let path = written(directory.path(), &entries);
    let error = read(&path).expect_err("it has no beginning").to_string();
    assert!(
        error.contains("line 1: the first event must be run_started"),
        "{error}"
    );
}

#[test]
fn a_run_cannot_be_resumed_twice_at_once() {
    let directory = temporary();
    written(directory.path(), &hand::eventful_run());
    let first = Writer::reopen(directory.path()).unwrap();
    assert!(matches!(
        Writer::reopen(directory.path()),
        Err(StoreError::Busy { .. })
    ));
    drop(first);
    assert!(Writer::reopen(directory.path()).is_ok());
}

#[test]
fn a_follower_sees_each_line_once_and_only_when_it_is_whole() {
    let directory = temporary();
    let entries = hand::eventful_run();
    let path = written(directory.path(), &entries);
    let whole = fs::read(&path).unwrap();
    fs::write(&path, b"").unwrap();
    let mut file = fs::OpenOptions::new().append(true).open(&path).unwrap();
    let mut follower = Follower::from(&path, 0).unwrap();
    let mut lines = Vec::new();
    for part in whole.chunks(997) {
        file.write_all(part).unwrap();
        lines.extend(follower.by_ref().map(Result::unwrap));
    }
    assert_eq!(
        lines
            .iter()
            .map(|line| line.entry.clone())
            .collect::<Vec<_>>(),
        entries
    );
    let text: Vec<&str> = lines.iter().map(|line| line.text.as_str()).collect();
    assert_eq!(
        text,
        String::from_utf8(whole)
            .unwrap()
            .lines()
            .collect::<Vec<_>>()
    );
}

#[test]
fn a_follower_can_begin_where_an_earlier_process_ended() {
    let directory = temporary();
    let entries = hand::eventful_run();
    let path = written(directory.path(), &entries[..4]);
    let (mut writer, journal) = Writer::reopen(directory.path()).unwrap();
    writer.append(&entries[4]).unwrap();
    let lines: Vec<_> = Follower::from(&path, journal.bytes)
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0].entry, entries[4]);
}

fn run_file(directory: &Path) -> RunFile {
    let setting = RecordedSetting {
        value: 5.into(),
        origin: "flag --repetitions".into(),
    };
    let setup = Setup {
        wall: hand::START,
        command_line: vec!["sebs-tui".into(), "--repetitions".into(), "5".into()],
        stamps: None,
        seed: 42,
        settings: BTreeMap::from([("repetitions".into(), setting)]),
    };
    RunFile::new(directory, setup)
}

#[test]
fn run_json_says_how_the_run_was_set_up_and_is_there_before_the_first_event() {
    let directory = temporary();
    let run = run_file(directory.path());
    Store::create(directory.path(), &run).unwrap();
    assert_eq!(RunFile::read(directory.path()).unwrap(), run);
    assert_eq!(
        run.id,
        directory.path().file_name().unwrap().to_string_lossy()
    );
    assert!(
        run.program.starts_with("sebs-tui ") && run.host.cpus > 0 && run.started.contains('T'),
        "{run:?}"
    );
    let settings: Vec<_> = run.recorded().collect();
    assert_eq!(
        settings,
        [("repetitions", &serde_json::json!(5), "flag --repetitions")]
    );
}

#[test]
fn a_run_json_of_a_newer_program_is_refused() {
    let directory = temporary();
    let newer = RunFile {
        version: 2,
        ..run_file(directory.path())
    };
    newer.write(directory.path()).unwrap();
    let error = RunFile::read(directory.path())
        .expect_err("it is newer")
        .to_string();
    assert!(
        error.contains("run.json: version 2, but this program reads up to 1"),
        "{error}"
    );
}

#[test]
fn an_empty_journal_has_nothing_to_resume() {
    let directory = temporary();
    written(directory.path(), &[]);
    let error = Store::resume(directory.path())
        .expect_err("there is nothing")
        .to_string();
    assert!(error.contains("nothing to resume"), "{error}");
}

fn arbitrary_attempt() -> impl Strategy<Value = Attempt> {
    let stamps =
        || (any::<i64>(), any::<Option<i64>>()).prop_map(|(user, kernel)| Stamps(user, kernel));
    let optional = move || prop::option::of(stamps());
    let exchange = (
        any::<u32>(),
        any::<Option<u32>>(),
        stamps(),
        optional(),
        optional(),
        optional(),
    );
    let exchange = exchange
        .prop_map(|(number, reply, t1, t2, t3, t4)| Exchange(number, reply, t1, t2, t3, t4));
    let finite = prop::num::f64::NORMAL | prop::num::f64::SUBNORMAL | prop::num::f64::ZERO;
    let parts = (
        any::<u64>(),
        any::<[u8; 16]>(),
        prop::collection::vec(exchange, 0..20),
        finite,
        finite,
        ".*",
    );
    parts.prop_map(|(number, token, exchanges, mean, deviation, text)| {
        let mut attempt = hand::attempt(number % 1000, hand::key(0, StartKind::Warm, 0), 0);
        attempt.token = Token(token);
        attempt.exchanges = exchanges;
        attempt.clock = attempt
            .clock
            .map(|clock| sebs_tui::core::offset::ClockEstimate {
                mean,
                deviation,
                ..clock
            });
        attempt.function =
            attempt
                .function
                .map(|function| sebs_tui::core::sample::FunctionReport {
                    request_id: text,
                    ..function
                });
        attempt
    })
}

fn arbitrary_event() -> impl Strategy<Value = Event> {
    let sample = hand::key(1, StartKind::Cold, 1);
    prop_oneof![
        arbitrary_attempt().prop_map(|attempt| Event::AttemptEnded {
            attempt: Box::new(attempt)
        }),
        ".*".prop_map(|text| Event::Warned { text }),
        (".*", ".*", any::<Option<u16>>(), any::<i64>()).prop_map(
            move |(step, what, status, took)| {
                Event::SampleEnded {
                    sample,
                    outcome: SampleOutcome::Failed(Failure { step, what, status }),
                    attempt: None,
                    took,
                }
            }
        ),
        any::<Option<u64>>().prop_map(move |attempt| Event::SampleSuperseded { sample, attempt }),
        (any::<u32>(), any::<u64>()).prop_map(|(kept, dropped_bytes)| Event::RunResumed {
            kept,
            dropped_bytes
        }),
        Just(Event::ColdStarted { sample }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_was_journaled_is_read_back_to_the_last_bit(events in prop::collection::vec(arbitrary_event(), 0..8)) {
        let directory = temporary();
        let entries = hand::entries([vec![hand::started()], events].concat());
        let path = written(directory.path(), &entries);
        let journal = read(&path).unwrap();
        prop_assert_eq!(journal.dropped_bytes, 0);
        prop_assert_eq!(journal.entries, entries);
    }
}
