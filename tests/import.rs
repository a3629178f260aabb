//! `sebs-tui process`: SeBS's data in every shape it comes in, against a known truth and against SeBS's own rules.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod sebs_tree;
mod support;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use proptest::prelude::*;
use sebs_tree::{CONNECTION, HEADER, INVOCATION, START, Truth, play, put, stamp, write};
use sebs_tui::core::exchange::Span;
use sebs_tui::core::reprocess::{Change, Evaluation, Findings, Outcome, Rows, Sample, Times};
use sebs_tui::core::time::{MICROSECOND, MILLISECOND, Nanos, SECOND};
use sebs_tui::store::import::{self, BY_SEBS, Existing, OURS, Rules, Task};

fn temporary() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

fn task(rules: Rules) -> Task {
    Task {
        rules,
        out: None,
        existing: Existing::Kept,
    }
}

/// What comes of a directory.
struct Processed {
    samples: Vec<(Sample, Evaluation)>,
    findings: Findings,
}

impl Processed {
    fn of(directory: &Path, rules: Rules) -> Self {
        let mut samples = Vec::new();
        let findings = import::process(directory, &task(rules), &mut |sample, evaluation| {
            samples.push((sample.clone(), evaluation.clone()));
        })
        .unwrap();
        Self { samples, findings }
    }

    fn evaluation(&self, request: &str) -> &Evaluation {
        let found = self
            .samples
            .iter()
            .find(|(sample, _)| sample.request_id == request);
        &found.unwrap_or_else(|| panic!("no sample {request}")).1
    }

    /// How far the figure of a sample is from the truth, ns.
    fn error(&self, request: &str) -> Nanos {
        let evaluation = self.evaluation(request);
        let time = evaluation
            .time
            .unwrap_or_else(|| panic!("{request} has no time"));
        (time - INVOCATION).abs()
    }
}

fn error_by_sebs(evaluation: &Evaluation) -> Nanos {
    ((evaluation.sebs.invocation_time * 1e9) as Nanos - INVOCATION).abs()
}

fn names(directory: &Path) -> BTreeSet<String> {
    fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect()
}

fn process(arguments: &[&str]) -> Output {
    support::program()
        .arg("process")
        .args(arguments)
        .output()
        .unwrap()
}

fn stdout(output: &Output) -> String {
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[test]
fn lost_replies_ruin_sebs_figure_and_not_the_corrected_one() {
    let directory = temporary();
    let offsets = [
        -5 * SECOND,
        -250 * MILLISECOND,
        0,
        500 * MILLISECOND,
        5 * SECOND,
    ];
    let truths: Vec<_> = (0..20)
        .map(|number| {
            let lost = 5 + number % 20;
            Truth::new(&format!("r-{number}"), offsets[number as usize % 5])
                .losing_replies([lost, lost + 9])
        })
        .collect();
    let files = write(directory.path(), &truths);
    let processed = Processed::of(directory.path(), Rules::Ours);
    for (truth, files) in truths.iter().zip(&files) {
        let evaluation = processed.evaluation(&truth.id);
        let error = processed.error(&truth.id);
        assert!(error < 2 * MICROSECOND, "{}: {error} ns", truth.id);
        assert!(evaluation.bound.unwrap() >= error, "{}", truth.id);
        let least = (evaluation.minimum_rtt_time.unwrap() - INVOCATION).abs();
        assert!(
            least < 2 * MICROSECOND,
            "{}: {least} ns by the minimum RTT",
            truth.id
        );
        assert!(error_by_sebs(evaluation) > 50 * MILLISECOND, "{}", truth.id);
        assert!(evaluation.time.unwrap() > files.smallest_rtt / 2);
        let first = *truth.lost_replies.first().unwrap();
        let told = evaluation.changes.iter().find_map(|change| match change {
            Change::Misaligned { from, .. } => Some(*from),
            _ => None,
        });
        assert_eq!(told, Some(first), "{}: {:?}", truth.id, evaluation.changes);
        assert_eq!(evaluation.unmatched, 0);
    }
}

#[test]
fn lost_requests_and_a_lost_first_round_do_no_harm() {
    let directory = temporary();
    let truths = [
        Truth::new("a", 100 * MILLISECOND).losing_requests([7, 20]),
        Truth::new("b", -100 * MILLISECOND).losing_requests([0]),
        Truth::new("c", 100 * MILLISECOND).losing_replies([0, 1]),
        Truth::new("d", -100 * MILLISECOND)
            .losing_requests([3, 4, 5])
            .losing_replies([12, 13, 30]),
    ];
    write(directory.path(), &truths);
    let processed = Processed::of(directory.path(), Rules::Ours);
    for truth in &truths {
        let error = processed.error(&truth.id);
        assert!(error < 2 * MICROSECOND, "{}: {error} ns", truth.id);
    }
    let misaligned = |id| {
        let changes = &processed.evaluation(id).changes;
        changes
            .iter()
            .any(|change| matches!(change, Change::Misaligned { .. }))
    };
    assert_eq!(
        ["a", "b", "c", "d"].map(misaligned),
        [false, true, true, true]
    );
}

/// What is told of a difference is all of it, but for effects below a microsecond each.
fn assert_adds_up(evaluation: &Evaluation) {
    let effects: Nanos = evaluation
        .changes
        .iter()
        .map(|change| match change {
            Change::Sign { by }
            | Change::Misaligned { by, .. }
            | Change::Unmatched { by, .. }
            | Change::Averaged { by } => *by,
            _ => 0,
        })
        .sum();
    let difference = evaluation.time.unwrap() as f64 - evaluation.sebs.invocation_time * 1e9;
    assert!(
        (effects as f64 - difference).abs() < 3_000.0,
        "{effects} and {difference}: {:?}",
        evaluation.changes
    );
}

#[test]
fn the_effects_of_all_changes_add_up_to_the_whole_difference() {
    let directory = temporary();
    write(
        directory.path(),
        &[Truth::new("a", 400 * MILLISECOND).losing_replies([9])],
    );
    let processed = Processed::of(directory.path(), Rules::Ours);
    assert_adds_up(processed.evaluation("a"));
}

#[test]
fn rows_that_fit_nowhere_have_an_effect_that_is_told() {
    let (begin, offset) = (1_800_000_000 * SECOND, 400 * MILLISECOND);
    let row = |number: u32| {
        let from = begin + Nanos::from(number) * 40 * MILLISECOND;
        let way = MILLISECOND + Nanos::from(number % 4) * 50 * MICROSECOND;
        let host = Span {
            from,
            to: from + 10 * MICROSECOND,
        };
        let function = Span {
            from: from + offset - way,
            to: host.to + offset + way,
        };
        (host, function)
    };
    for strays in [vec![], vec![7], vec![7, 15]] {
        let (mut host, mut function): (Vec<_>, Vec<_>) = (0..20).map(row).unzip();
        for stray in &strays {
            // Before the row that it belongs to was sent.
            host[*stray].from -= 15 * MILLISECOND;
            host[*stray].to -= 15 * MILLISECOND;
            function[*stray].to += MICROSECOND;
        }
        let rows = |spans| Rows {
            spans,
            places: (0..20).collect(),
            unit: 0,
        };
        let times = Times {
            connection: 0,
            start: begin - 100 * MILLISECOND,
            finish: begin + offset,
            unit: 0,
        };
        let evaluation = Evaluation::of_rows(&times, rows(host), rows(function));
        assert_eq!(evaluation.unmatched as usize, strays.len());
        let told = evaluation.changes.iter().find_map(|change| match change {
            Change::Unmatched { rows, .. } => Some(*rows as usize),
            _ => None,
        });
        assert_eq!(told, Some(strays.len()).filter(|rows| *rows > 0));
        assert_adds_up(&evaluation);
    }
}

#[test]
fn a_sample_without_rows_is_kept_and_said_to_be_unsynchronised() {
    let directory = temporary();
    write(
        directory.path(),
        &[Truth::new("a", 0), Truth::new("b", 0), Truth::new("c", 0)],
    );
    put(
        directory.path(),
        "server-a.csv",
        "id,server_rcv,server_send\r\n",
    );
    put(
        directory.path(),
        "results-a.1f2e3d4c.csv",
        "id,client_send,client_rcv\r\n",
    );
    fs::remove_file(directory.path().join("server-b.csv")).unwrap();
    let processed = Processed::of(directory.path(), Rules::Ours);
    for id in ["a", "b"] {
        let evaluation = processed.evaluation(id);
        assert_eq!(evaluation.outcome, Outcome::Unsynchronised);
        assert_eq!(evaluation.changes, [Change::Unsynchronised]);
        assert_eq!(evaluation.time, None);
        assert!(evaluation.sebs.mean.is_nan());
    }
    assert_eq!(processed.evaluation("c").outcome, Outcome::Measured);
    let note = &processed.findings.notes[0];
    assert!(note.starts_with("1 of 3 samples lack the file"), "{note}");
}

#[test]
fn every_shape_of_result_csv_is_read() {
    let files = play(&Truth::new("a", SECOND), START);
    let old = files.row.clone();
    let shapes = [
        format!("{HEADER}1024,0,1,{}\r\n", files.row),
        format!(
            "payload_size,repetition,is_cold,connection_time,start_timestamp,finish_timestamp,request_id\n1024.0,0,1,{}\n",
            files.row
        ),
        format!(
            "size,repetition,connection_time,start_timestamp,finish_timestamp,request_id\n329970.105,0,{old}\n"
        ),
        // Without a header, with and without is_cold.
        format!("1024,0,1,{}\n", files.row),
        format!("1024,0,{old}"),
        format!("\u{feff}{HEADER}1024,0,True,{}\r\n\r\n", files.row),
    ];
    for shape in shapes {
        let directory = temporary();
        put(directory.path(), "result.csv", &shape);
        put(directory.path(), "server-a.csv", &files.server);
        put(directory.path(), "results-a.csv", &files.results);
        let processed = Processed::of(directory.path(), Rules::Ours);
        assert!(processed.error("a") < 2 * MICROSECOND, "{shape}");
        assert_eq!(processed.findings.bad_lines, [], "{shape}");
    }
}

#[test]
fn processed_tables_are_read_where_they_are_all_there_is() {
    let directory = temporary();
    let rows = format!(
        "{}1024,0,0,{},0.25,0.001,9.9\r\n1024,1,0,{},,,\r\n",
        HEADER.replace("size,", "payload_size,").replace(
            "request_id",
            "request_id,clock_drift_mean,clock_drift_std,invocation_time"
        ),
        play(&Truth::new("a", 250 * MILLISECOND), START).row,
        play(&Truth::new("b", 250 * MILLISECOND), START).row,
    );
    put(directory.path(), "result-processed.csv", &rows);
    let processed = Processed::of(directory.path(), Rules::Ours);
    let evaluation = processed.evaluation("a");
    assert_eq!(evaluation.outcome, Outcome::SignOnly);
    assert_eq!(evaluation.bound, None);
    assert_eq!(processed.error("a"), 0);
    assert_eq!(
        evaluation.changes,
        [Change::Sign {
            by: -500 * MILLISECOND
        }]
    );
    assert_eq!(processed.evaluation("b").outcome, Outcome::Unsynchronised);
}

#[test]
fn a_recorded_mean_that_no_two_clocks_have_is_none() {
    for mean in ["inf", "-inf", "1e300", "-1e12"] {
        let directory = temporary();
        let table = format!(
            "{}1024,0,0,{},{mean},0.001,9.9\r\n",
            HEADER.replace(
                "request_id",
                "request_id,clock_drift_mean,clock_drift_std,invocation_time"
            ),
            play(&Truth::new("a", 0), START).row,
        );
        put(directory.path(), "result-processed.csv", &table);
        let processed = Processed::of(directory.path(), Rules::Ours);
        let evaluation = processed.evaluation("a");
        assert_eq!(evaluation.outcome, Outcome::Unsynchronised, "{mean}");
        assert_eq!(evaluation.changes, [Change::Unsynchronised], "{mean}");
    }
}

#[test]
fn files_of_other_runs_are_told_and_change_nothing() {
    let (alone, mixed) = (temporary(), temporary());
    let truths = [Truth::new("a-1", SECOND), Truth::new("b-2", SECOND)];
    write(alone.path(), &truths);
    write(mixed.path(), &truths);
    let other = play(&Truth::new("other", -SECOND), START);
    put(mixed.path(), "server-other.csv", &other.server);
    put(mixed.path(), "results-other.00112233.csv", &other.results);
    put(
        mixed.path(),
        "results-a-1.99999999.csv",
        "id,client_send,client_rcv\n",
    );
    put(mixed.path(), "notes.csv", "mine");
    let [alone, mixed] = [alone.path(), mixed.path()].map(|path| Processed::of(path, Rules::Ours));
    assert_eq!(alone.samples, mixed.samples);
    let orphans: Vec<_> = mixed
        .findings
        .orphans
        .iter()
        .map(|path| Path::new(path).file_name().unwrap().to_str().unwrap())
        .collect();
    assert_eq!(
        orphans,
        [
            "results-a-1.99999999.csv",
            "results-other.00112233.csv",
            "server-other.csv"
        ]
    );
}

#[test]
fn request_ids_that_no_file_name_can_hold_find_their_files() {
    let directory = temporary();
    let trace = "105445aa7843bc8bf206b120001000/1;o=1";
    let named = [
        // As directories, escaped, with another sign for those that are refused; and points, which end SeBS's reading.
        (
            trace,
            format!("server-{trace}.csv"),
            format!("results-{trace}.1f2e3d4c.csv"),
        ),
        (
            "x/2;o=1",
            "server-x%2F2%3Bo%3D1.csv".into(),
            "results-x%2F2%3Bo%3D1.aabbccdd.csv".into(),
        ),
        (
            "y/3;o=1",
            "server-y_3_o_1.csv".into(),
            "results-y_3;o=1.aabbccdd.csv".into(),
        ),
        (
            "1..2",
            "server-1..2.csv".into(),
            "results-1..2.aabbccdd.csv".into(),
        ),
        (
            "..",
            "server-...csv".into(),
            "results-...aabbccdd.csv".into(),
        ),
        (
            "../up",
            "server-../up.csv".into(),
            "results-../up.csv".into(),
        ),
        ("a,b", "server-a,b.csv".into(), "results-a,b.csv".into()),
    ];
    let mut table = String::from(HEADER);
    for (number, (id, server, results)) in named.iter().enumerate() {
        let truth = Truth::new(id, number as Nanos * SECOND);
        let files = play(&truth, START);
        let row = files.row.strip_suffix(id).unwrap();
        let _ = write!(table, "1024,{number},0,{row}\"{id}\"\r\n");
        put(directory.path(), server, &files.server);
        put(directory.path(), results, &files.results);
    }
    put(directory.path(), "result.csv", &table);
    let processed = Processed::of(directory.path(), Rules::Ours);
    for (id, _, _) in &named {
        assert!(processed.error(id) < 2 * MICROSECOND, "{id}");
    }
    assert_eq!(processed.findings.orphans, [""; 0]);
    assert_eq!(processed.findings.notes, [""; 0]);
}

#[test]
fn bad_lines_are_named_and_the_rest_is_used() {
    let directory = temporary();
    let truths = [
        Truth::new("a", SECOND).losing_replies([5]),
        Truth::new("b", SECOND),
    ];
    write(directory.path(), &truths);
    let spoil = |name: &str, line: usize, with: &str| {
        let path = directory.path().join(name);
        let text = fs::read_to_string(&path).unwrap();
        let mut lines: Vec<_> = text.lines().collect();
        lines[line - 1] = with;
        fs::write(&path, lines.join("\n") + "\n").unwrap();
    };
    spoil("server-a.csv", 9, "8,160505x8003.1,1605058003.2");
    spoil("results-a.1f2e3d4c.csv", 12, "11,1605058003.5");
    spoil("results-a.1f2e3d4c.csv", 13, "12,\u{1b}[31mred\",nan");
    fs::write(
        directory.path().join("result.csv"),
        fs::read_to_string(directory.path().join("result.csv")).unwrap()
            + "1024,2,0,fast,1.5,1.6,c\r\n",
    )
    .unwrap();
    let processed = Processed::of(directory.path(), Rules::Ours);
    assert!(processed.error("a") < 2 * MICROSECOND);
    assert_eq!(processed.samples.len(), 2);
    let told: BTreeSet<_> = processed
        .findings
        .bad_lines
        .iter()
        .map(|bad| {
            let file = Path::new(&bad.file).file_name().unwrap().to_str().unwrap();
            (file, bad.line, bad.column.as_str(), bad.value.as_str())
        })
        .collect();
    let expected = [
        ("server-a.csv", 9, "server_rcv", "160505x8003.1"),
        ("results-a.1f2e3d4c.csv", 12, "client_rcv", ""),
        (
            "results-a.1f2e3d4c.csv",
            13,
            "client_send",
            "\u{1b}[31mred\"",
        ),
        ("result.csv", 4, "connection_time", "fast"),
    ];
    assert_eq!(told, expected.into());
}

#[test]
fn whole_trees_are_searched_by_file_names_alone() {
    let out = temporary();
    let root = out.path().join("x-result.csv-y");
    for (kind, id) in [("payload", "p"), ("code", "c")] {
        write(
            &root.join("invocation-overhead").join(kind),
            &[Truth::new(id, SECOND)],
        );
    }
    let text = stdout(&process(&[root.to_str().unwrap()]));
    assert_eq!(
        text.matches("1 samples, 0 misaligned, 0 unsynchronised")
            .count(),
        2,
        "{text}"
    );
    for kind in ["payload", "code"] {
        let directory = root.join("invocation-overhead").join(kind);
        assert!(names(&directory).contains(OURS));
        assert_eq!(import::directories(&directory).unwrap(), [directory]);
    }
    let refused = process(&[root.to_str().unwrap(), "--out", "x.csv"]);
    assert_eq!(refused.status.code(), Some(1));
    let empty = temporary();
    let refused = process(&[empty.path().to_str().unwrap()]);
    assert!(String::from_utf8_lossy(&refused.stderr).contains("give the directory of a run"));
}

#[test]
fn nothing_of_the_users_is_overwritten_unless_asked() {
    let directory = temporary();
    write(directory.path(), &[Truth::new("a", SECOND)]);
    let before = names(directory.path());
    let path = directory.path().to_str().unwrap();
    stdout(&process(&[path]));
    let added: Vec<_> = names(directory.path())
        .difference(&before)
        .cloned()
        .collect();
    assert_eq!(added, [OURS]);
    let again = process(&[path]);
    assert_eq!(again.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&again.stderr).contains("--force"));
    stdout(&process(&[path, "--force"]));
    let mine = put(directory.path(), "mine.txt", "mine");
    let mine = mine.to_str().unwrap();
    assert_eq!(process(&[path, "--out", mine]).status.code(), Some(1));
    assert_eq!(fs::read_to_string(mine).unwrap(), "mine");
    stdout(&process(&[path, "--out", mine, "--force"]));
    let input = directory.path().join("result.csv");
    let refused = process(&[path, "--out", input.to_str().unwrap(), "--force"]);
    assert!(String::from_utf8_lossy(&refused.stderr).contains("it is what is read"));
}

#[test]
fn the_table_on_stdout_says_what_changed_and_why() {
    let directory = temporary();
    let mut lossy = Truth::new("lossy", -400 * MILLISECOND).losing_replies([9]);
    lossy.jitter = 200 * MICROSECOND;
    write(directory.path(), &[lossy, Truth::new("silent", 0)]);
    put(
        directory.path(),
        "server-silent.csv",
        "id,server_rcv,server_send\r\n",
    );
    let text = stdout(&process(&[directory.path().to_str().unwrap()]));
    let line = |id: &str| {
        text.lines()
            .find(|line| line.contains(id))
            .unwrap()
            .to_owned()
    };
    let lossy = line("lossy");
    for word in [
        "12.34",
        "sign +",
        "misaligned by a lost datagram from row 9 on (30 rows)",
        "averaged",
        "by SeBS negative",
    ] {
        assert!(lossy.contains(word), "{word}: {lossy}");
    }
    assert!(line("silent").contains("unsynchronised"));
    assert!(
        text.contains("2 samples, 1 misaligned, 1 unsynchronised"),
        "{text}"
    );

    let json = stdout(&process(&[
        directory.path().to_str().unwrap(),
        "--force",
        "--format",
        "json",
    ]));
    let document: serde_json::Value = serde_json::from_str(&json).unwrap();
    let samples = &document["directories"][0]["samples"];
    assert_eq!(samples.as_array().unwrap().len(), 2);
    let time = samples[0]["invocation_time_ns"].as_i64().unwrap();
    assert!((time - INVOCATION).abs() < 2 * MICROSECOND);
    assert_eq!(samples[0]["changes"][1]["change"], "misaligned");
    assert!(samples[1]["sebs"]["invocation_time"].is_null());
}

/// The last three columns of a table, and the seven before as text.
fn ten_columns(text: &str) -> Vec<(Vec<String>, [f64; 3])> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .from_reader(text.as_bytes());
    let rows = reader.records().map(|row| {
        let row: Vec<String> = row.unwrap().iter().map(String::from).collect();
        assert!(row.len() >= 10, "{row:?}");
        let numbers = [7, 8, 9].map(|column| row[column].parse().unwrap());
        (row[..7].to_vec(), numbers)
    });
    rows.collect()
}

/// To the tolerance that SeBS's users can ask for.
fn assert_same(one: &[(Vec<String>, [f64; 3])], other: &[(Vec<String>, [f64; 3])]) {
    assert_within(2e-7, one, other);
}

fn assert_within(seconds: f64, one: &[(Vec<String>, [f64; 3])], other: &[(Vec<String>, [f64; 3])]) {
    assert_eq!(one.len(), other.len());
    for ((fields, numbers), (other_fields, others)) in one.iter().zip(other) {
        assert_eq!(fields, other_fields);
        for (number, other) in numbers.iter().zip(others) {
            let same = (number - other).abs() < seconds || (number.is_nan() && other.is_nan());
            assert!(same, "{fields:?}: {number} and {other}");
        }
    }
}

fn body(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    let (header, body) = text.split_once('\n').unwrap();
    assert!(header.starts_with("payload_size,repetition,is_cold,connection_time,start_timestamp,finish_timestamp,request_id,clock_drift_mean,clock_drift_std,invocation_time"), "{header}");
    body.to_owned()
}

#[test]
fn the_compat_table_has_is_cold_only_where_the_samples_have_it() {
    let first_versions =
        "size,repetition,connection_time,start_timestamp,finish_timestamp,request_id";
    for (header, kind, expected) in [
        (
            HEADER.trim_end(),
            "1,",
            "payload_size,repetition,is_cold,connection_time",
        ),
        (
            first_versions,
            "",
            "payload_size,repetition,connection_time,start_timestamp",
        ),
    ] {
        let directory = temporary();
        let files = play(&Truth::new("a", SECOND), START);
        let table = format!("{header}\r\n1024,0,{kind}{}\r\n", files.row);
        put(directory.path(), "result.csv", &table);
        put(directory.path(), "server-a.csv", &files.server);
        put(directory.path(), "results-a.csv", &files.results);
        Processed::of(directory.path(), Rules::Sebs);
        let written = fs::read_to_string(directory.path().join(BY_SEBS)).unwrap();
        assert!(written.starts_with(expected), "{written}");
        let begin = format!("\r\n1024,0,{kind}{},", files.row);
        assert!(written.contains(&begin), "{written}");
        let columns = |line: &str| line.split(',').count();
        let counts: Vec<usize> = written.lines().map(columns).collect();
        assert_eq!(counts, [columns(header) + 3; 2], "{written}");
    }
}

/// Losses of every kind, one row alone, none, and a missing file.
fn lossy_tree(directory: &Path) -> PathBuf {
    let mut truths: Vec<_> = (0..40)
        .map(|number| {
            let truth = Truth::new(&format!("r-{number}"), (number - 20) * 137 * MILLISECOND);
            match number % 4 {
                0 => truth,
                1 => truth.losing_replies([number as u32]),
                2 => truth.losing_requests([0, number as u32]),
                _ => truth.losing_replies([3, 17]).losing_requests([9]),
            }
        })
        .collect();
    truths[4].rounds = 2;
    truths[5].rounds = 1;
    write(directory, &truths);
    fs::remove_file(directory.join("server-r-6.csv")).unwrap();
    directory.to_path_buf()
}

#[test]
fn the_formulas_of_sebs_are_followed_to_the_letter() {
    let directory = temporary();
    let rows = "id,server_rcv,server_send\r\n1,100.5,100.6\r\n2,101.5,101.6\r\n3,102.5,102.6\r\n";
    put(directory.path(), "server-q.csv", rows);
    // The reply of the second round was lost: SeBS pairs the third with it.
    put(
        directory.path(),
        "results-q.0a.csv",
        "id,client_send,client_rcv\r\n1,100.4,100.9\r\n3,102.4,102.9\r\n",
    );
    put(
        directory.path(),
        "result.csv",
        &format!("{HEADER}7.5,3,0,0.25,99.0,99.5,q\r\n7.5,4,1,0.25,99.0,99.5,none\r\n"),
    );
    Processed::of(directory.path(), Rules::Sebs);
    let text = fs::read_to_string(directory.path().join(BY_SEBS)).unwrap();
    let lines: Vec<_> = text.split("\r\n").collect();
    assert_eq!(lines.len(), 4, "{text}");
    let rows = ten_columns(&body(&directory.path().join(BY_SEBS)));
    let (fields, [mean, deviation, time]) = &rows[0];
    assert_eq!(fields.join(","), "7.5,3,0,0.25,99.0,99.5,q");
    // ((-0.1 + 0.3) / 2 + (0.9 + 1.3) / 2) / 2, and 99.5 - 99 - 0.25 more.
    assert!(
        (mean - 0.6).abs() < 1e-12 && (time - 0.85).abs() < 1e-12,
        "{mean} {time}"
    );
    assert!((deviation - 0.5_f64.sqrt()).abs() < 1e-12, "{deviation}");
    assert!(rows[1].1.iter().all(|number| number.is_nan()));
}

#[test]
#[ignore = "needs python3"]
fn sebs_compat_equals_the_rules_of_sebs_in_python() {
    let directory = temporary();
    let tree = lossy_tree(directory.path());
    let output = Command::new("python3")
        .arg("tests/process_as_sebs.py")
        .arg(&tree)
        .output()
        .unwrap();
    let by_python = ten_columns(&stdout(&output));
    Processed::of(&tree, Rules::Sebs);
    assert_same(&ten_columns(&body(&tree.join(BY_SEBS))), &by_python);
    assert_eq!(by_python.len(), 40);
}

#[test]
fn our_own_run_gives_the_times_it_gave_before() {
    let out = temporary();
    support::finish(
        support::short_run(out.path(), 2, 100_000, 3).arg("--plain"),
        0,
    );
    let run = support::run_directory(out.path());
    let tables = run.join("invocation-overhead/payload");
    let text = stdout(&process(&[run.to_str().unwrap()]));
    assert!(
        text.contains("12 samples, 0 misaligned, 0 unsynchronised"),
        "{text}"
    );
    let [before, after] =
        ["result-processed.csv", OURS].map(|name| support::table(&tables.join(name)));
    for column in [
        "request_id",
        "invocation_time_corrected",
        "invocation_time_bound",
        "offset",
        "offset_bound",
        "stamp_kind",
        "minimum_rtt",
    ] {
        let of = |table: &(Vec<String>, Vec<Vec<String>>)| {
            let place = table.0.iter().position(|name| name == column).unwrap();
            table
                .1
                .iter()
                .map(|row| row[place].clone())
                .collect::<Vec<_>>()
        };
        assert_eq!(of(&before), of(&after), "{column}");
    }
    // SeBS's rules once in integers, and once as SeBS computes: doubles of seconds since the epoch resolve 0.24 µs.
    let before = ten_columns(&body(&tables.join("result-processed.csv")));
    let ours = ten_columns(&body(&tables.join(OURS)));
    assert_within(1e-6, &before, &ours);
    stdout(&process(&[tables.to_str().unwrap(), "--sebs-compat"]));
    assert_same(&ours, &ten_columns(&body(&tables.join(BY_SEBS))));
}

#[test]
fn one_request_with_very_many_rows_is_joined() {
    let directory = temporary();
    let mut truth = Truth::new("long", SECOND).losing_replies([50, 5_000, 9_000]);
    truth.rounds = 100_000;
    write(directory.path(), &[truth]);
    let processed = Processed::of(directory.path(), Rules::Ours);
    assert!(processed.error("long") < 2 * MICROSECOND);
    assert_eq!(processed.evaluation("long").unmatched, 0);
    assert_eq!(stamp(CONNECTION), "0.000700");
}

#[test]
fn a_sample_below_half_its_smallest_round_trip_is_marked_and_has_no_time() {
    let directory = temporary();
    // The replies take a quarter of a second longer than the requests: the offset seems 125 ms larger than it is.
    let files = play(
        &Truth {
            rounds: 2,
            ..Truth::new("a", SECOND)
        },
        START,
    );
    let late = |text: &str| -> String {
        let mut lines = text.lines();
        let header = lines.next().unwrap().to_owned();
        let moved = lines.map(|line| {
            let fields: Vec<&str> = line.split(',').collect();
            let received: f64 = fields[2].parse().unwrap();
            format!("{},{},{:.6}", fields[0], fields[1], received + 0.25)
        });
        [header]
            .into_iter()
            .chain(moved)
            .collect::<Vec<_>>()
            .join("\n")
            + "\n"
    };
    put(
        directory.path(),
        "result.csv",
        &format!("{HEADER}1024,0,1,{}\n", files.row),
    );
    put(directory.path(), "server-a.csv", &files.server);
    put(directory.path(), "results-a.csv", &late(&files.results));
    let processed = Processed::of(directory.path(), Rules::Ours);
    let evaluation = processed.evaluation("a");
    assert_eq!(evaluation.outcome, Outcome::Implausible);
    assert!(evaluation.changes.contains(&Change::Implausible));
    assert_eq!((evaluation.time, evaluation.minimum_rtt_time), (None, None));
    assert!(evaluation.clock.is_some(), "what is known stays");

    // A recorded mean that leads below 0 has no round trip to be held against.
    let directory = temporary();
    let row = format!(
        "{}1024,0,0,{},50.0,0.001,9.9\n",
        HEADER.replace("size,", "payload_size,").replace(
            "request_id",
            "request_id,clock_drift_mean,clock_drift_std,invocation_time"
        ),
        files.row,
    );
    put(directory.path(), "result-processed.csv", &row);
    let processed = Processed::of(directory.path(), Rules::Ours);
    assert_eq!(processed.evaluation("a").outcome, Outcome::Implausible);
    assert_eq!(processed.evaluation("a").time, None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn no_time_lies_below_half_its_smallest_round_trip(
        offset in -5 * SECOND..5 * SECOND,
        rounds in 2_u32..60,
        way in 0..40 * MILLISECOND,
        jitter in 0..400 * MILLISECOND,
        losses in prop::collection::btree_set(0_u32..60, 0..6),
        requests: bool,
        seed: u64,
    ) {
        let directory = temporary();
        let lost = if requests { Truth::losing_requests } else { Truth::losing_replies };
        let truths: Vec<Truth> = (0..8).map(|number| {
            let truth = Truth { rounds, way, jitter, ..Truth::new(&format!("r{number}-{seed}"), offset) };
            lost(truth, losses.iter().copied())
        }).collect();
        write(directory.path(), &truths);
        let processed = Processed::of(directory.path(), Rules::Ours);
        prop_assert_eq!(processed.samples.len(), truths.len());
        for (_, evaluation) in &processed.samples {
            let least = evaluation.clock.map_or(0, |clock| clock.minimum_rtt / 2);
            prop_assert!(evaluation.time.is_none_or(|time| time >= least), "{evaluation:?}");
            prop_assert_eq!(evaluation.time.is_some(), evaluation.outcome == Outcome::Measured);
        }
    }
}
