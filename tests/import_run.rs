//! `sebs-tui import`: a run of ours from SeBS's files, with the figures that `process` has, seen wherever ours are.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod pty;
mod sebs_tree;
mod support;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use sebs_tree::{HEADER, START, Truth, play, put};
use sebs_tui::core::board::Board;
use sebs_tui::core::message::{Event, RunState};
use sebs_tui::core::reprocess::{Evaluation, Outcome, Sample};
use sebs_tui::core::sample::{AttemptOutcome, SampleOutcome, StartKind};
use sebs_tui::core::time::{MILLISECOND, Nanos, SECOND};
use sebs_tui::screen::facts::Progress;
use sebs_tui::store::import::{self, Existing, Found, Known, Naming, Rules, Task};
use sebs_tui::store::{Report, RunFile, Summary};

/// A directory with SeBS's name for payloads: `(id, size, is_cold)` of every sample, a minute apart.
struct Tree {
    _root: tempfile::TempDir,
    directory: PathBuf,
    out: PathBuf,
}

impl Tree {
    fn new(header: &str, rows: &[(Truth, &str)]) -> Self {
        let root = tempfile::tempdir().unwrap();
        let directory = root.path().join("cold_payload");
        let mut table = format!("{}\r\n", header.trim_end());
        for (number, (truth, begin)) in rows.iter().enumerate() {
            let files = play(truth, START + number as Nanos * 60 * SECOND);
            let _ = write!(table, "{begin},{}\r\n", files.row);
            put(
                &directory,
                &format!("server-{}.csv", truth.id),
                &files.server,
            );
            put(
                &directory,
                &format!("results-{}.1f2e3d4c.csv", truth.id),
                &files.results,
            );
        }
        put(&directory, "result.csv", &table);
        let out = root.path().join("runs");
        Self {
            directory,
            out,
            _root: root,
        }
    }

    /// Losses on either way, clocks apart in both directions; warm and cold, of two sizes, not equally often.
    fn lossy() -> Self {
        let truth = |id: &str, offset: Nanos| Truth::new(id, offset);
        Self::new(
            HEADER,
            &[
                (truth("a", SECOND), "1024,0,1"),
                (truth("b", -5 * SECOND).losing_replies([5]), "1024,1,1"),
                (
                    truth("c", 3 * MILLISECOND).losing_replies([0, 7, 8]),
                    "1024,2,0",
                ),
                (truth("d", 0).losing_requests([2, 9]), "329970.105,0,1"),
            ],
        )
    }

    fn import(&self, known: Known) -> PathBuf {
        let naming = Naming {
            parent: self.out.clone(),
            platform: "somewhere".into(),
            command_line: vec!["sebs-tui".into(), "import".into(), "d".into()],
        };
        let found = Found::read(&self.directory, known).unwrap();
        found.into_run(&naming).unwrap().directory
    }

    fn refusal(&self, known: Known) -> String {
        let refused = Found::read(&self.directory, known);
        refused.err().expect("this is refused").to_string()
    }
}

/// What `process` makes of a directory.
fn processed(directory: &Path, table: &Path) -> Vec<(Sample, Evaluation)> {
    let task = Task {
        rules: Rules::Ours,
        out: Some(table.into()),
        existing: Existing::Kept,
    };
    let mut samples = Vec::new();
    import::process(directory, &task, &mut |sample, evaluation| {
        samples.push((sample.clone(), evaluation.clone()));
    })
    .unwrap();
    samples
}

fn program(arguments: &[&str]) -> Output {
    support::program().args(arguments).output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[test]
fn times_and_bounds_are_those_of_process_to_the_nanosecond() {
    let tree = Tree::lossy();
    let run = tree.import(Known::default());
    let entries = support::journal(&run);
    let attempts: BTreeMap<_, _> = support::attempts(&entries)
        .into_iter()
        .map(|attempt| {
            (
                attempt.function.as_ref().unwrap().request_id.clone(),
                attempt,
            )
        })
        .collect();
    let before = processed(&tree.directory, &tree.out.join("before.csv"));
    assert_eq!((before.len(), attempts.len()), (4, 4));
    for (sample, evaluation) in &before {
        let attempt = attempts[&sample.request_id];
        let clock = attempt.clock.unwrap();
        assert_eq!(attempt.invocation_time(), evaluation.time);
        assert_eq!(Some(clock.bound), evaluation.bound);
        assert_eq!(clock.offset, evaluation.clock.unwrap().offset);
        assert_eq!(clock.exchanges, evaluation.clock.unwrap().exchanges);
        assert_eq!(attempt.exchanges, evaluation.exchanges);
    }
    // The replies that were lost are counted; the first round is in nobody's file.
    let lost = |id: &str| attempts[id].packets.lost_inbound();
    assert_eq!(["a", "b", "c", "d"].map(lost), [0, 1, 2, 0]);

    // And once more from the run itself.
    let tables = run.join("invocation-overhead/payload");
    let after = processed(&tables, &tree.out.join("after.csv"));
    let figures = |samples: &[(Sample, Evaluation)]| -> Vec<_> {
        let figures = samples
            .iter()
            .map(|(_, it)| (it.outcome, it.time, it.bound));
        figures.collect()
    };
    assert_eq!(figures(&after), figures(&before));
}

#[test]
fn the_plan_is_just_what_is_there() {
    let tree = Tree::lossy();
    let run = tree.import(Known::default());
    let entries = support::journal(&run);
    let board = Board::of(&entries);
    assert_eq!(board.state, RunState::Complete);
    let plan = board.plan().unwrap();
    let sizes: Vec<u64> = plan.points.iter().map(|point| point.size).collect();
    assert_eq!(sizes, [1024, 329_970]);
    let counts: Vec<u32> = plan
        .cells()
        .map(|(size, kind)| plan.repetitions(size, kind))
        .collect();
    assert_eq!(counts, [1, 2, 0, 1], "warm and cold, size by size");
    assert_eq!(plan.samples().len(), 4);
    assert!(!plan.is_possible(1, StartKind::Warm));
    let progress = Progress::of(&board);
    assert_eq!(
        (progress.of, progress.measured, progress.remaining()),
        (4, 4, 0)
    );
    let summary = Summary::read(&run).unwrap();
    let measured: Vec<u32> = summary.cells.iter().map(|cell| cell.measured).collect();
    assert_eq!(measured, counts);
    assert!(
        entries
            .windows(2)
            .all(|pair| pair[0].wall <= pair[1].wall && pair[0].elapsed <= pair[1].elapsed),
        "in the order of time"
    );
}

#[test]
fn what_was_not_measured_here_is_said_everywhere_and_nothing_is_made_up() {
    let tree = Tree::lossy();
    put(
        &tree.directory,
        "server-of-another-run.csv",
        "id,server_rcv,server_send\r\n",
    );
    put(
        &tree.directory,
        "results-a.1f2e3d4c.csv",
        &(play(&Truth::new("a", SECOND), START).results + "99,nonsense,1.0\n"),
    );
    let run = tree.import(Known::default());
    let file = RunFile::read(&run).unwrap();
    let imported = file.imported.unwrap();
    assert_eq!(
        Path::new(&imported.directory),
        tree.directory.canonicalize().unwrap()
    );
    assert_eq!(
        (imported.rows, imported.orphans, imported.bad_lines),
        (4, 1, 1)
    );
    assert!(file.settings.is_empty());
    assert_eq!(
        (file.host.hostname.as_str(), file.host.cpus),
        ("unknown", 0)
    );

    let text = Report::read(&run, None).unwrap().markdown();
    for part in [
        "What did it cost to call the function that SeBS measured (platform: somewhere)",
        "- Function: unknown",
        "- Cold starts: unknown",
        "its N unknown",
        "- Host: unknown",
        "4 rows; left out: 1 files of exchanges that belong to no sample, 1 lines that could not be read",
        "To import this run again:\n\n    sebs-tui import d",
    ] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
    assert!(
        !text.contains("Used up") && !text.contains("--seed"),
        "{text}"
    );
    let rows = text.matches("\n| 330 kB | warm |").count();
    assert_eq!(rows, 0, "there is no such sample");

    let board = Board::of(&support::journal(&run));
    let log: Vec<String> = board.log.iter().map(|line| line.text.clone()).collect();
    for part in [
        "imported from SeBS's files in ",
        "column client_send",
        "server-of-another-run.csv",
        "left out: 1 files",
    ] {
        let is_there = log.iter().any(|line| line.contains(part));
        assert!(is_there, "{part} is not in {log:?}");
    }

    let (header, rows) =
        support::table(&run.join("invocation-overhead/payload/result-processed.csv"));
    for (name, expected) in [
        ("wire_bytes", ""),
        ("answered", ""),
        ("packets_sent", ""),
        ("platform_request_id", "a"),
        ("lost_to_function", "0"),
    ] {
        let place = header.iter().position(|column| column == name).unwrap();
        assert_eq!(rows[0][place], expected, "{name}");
    }
}

#[test]
fn the_dashboard_shows_where_an_imported_run_comes_from() {
    let tree = Tree::lossy();
    let mut view = support::program();
    view.arg("view").arg(tree.import(Known::default()));
    let mut terminal = pty::Terminal::start(&view, 40, 160);
    terminal.wait_for("sample 4 of 4");
    terminal.wait_for("imported from SeBS");
    terminal.wait_for("imported from SeBS's files in");
    terminal.press("q");
    assert_eq!(terminal.end(), 0);
}

#[test]
fn the_json_of_an_imported_run_is_as_the_published_schema_says() {
    let tree = Tree::lossy();
    let run = tree.import(Known::default());
    let schema = include_str!("../assets/report/report.schema.json");
    let schema = serde_json::from_str(schema).unwrap();
    let json = serde_json::from_str(&Report::read(&run, None).unwrap().json()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<String> = validator
        .iter_errors(&json)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{errors:#?}");
}

#[test]
fn a_sample_without_a_time_stays_without_one() {
    let tree = Tree::new(
        HEADER,
        &[
            (Truth::new("lost", 0), "1024,0,1"),
            (Truth::new("uneven", SECOND), "1024,1,1"),
            (Truth::new("whole", 0), "1024,2,1"),
        ],
    );
    fs::remove_file(tree.directory.join("server-lost.csv")).unwrap();
    // Replies that take a quarter of a second longer than requests make the offset half of that too large.
    let name = tree.directory.join("results-uneven.1f2e3d4c.csv");
    let late = fs::read_to_string(&name).unwrap();
    let late = late.lines().map(|line| {
        let fields: Vec<&str> = line.split(',').collect();
        match fields[2].parse::<f64>() {
            Ok(back) => format!("{},{},{:.6}\n", fields[0], fields[1], back + 0.25),
            Err(_) => format!("{line}\n"),
        }
    });
    fs::write(&name, late.collect::<String>()).unwrap();
    let outcomes: Vec<Outcome> = processed(&tree.directory, &tree.directory.with_extension("csv"))
        .iter()
        .map(|(_, evaluation)| evaluation.outcome)
        .collect();
    assert_eq!(
        outcomes,
        [
            Outcome::Unsynchronised,
            Outcome::Implausible,
            Outcome::Measured
        ]
    );
    let run = tree.import(Known::default());
    let entries = support::journal(&run);
    let attempts = support::attempts(&entries);
    assert_eq!(attempts[2].outcome, AttemptOutcome::Measured);
    for attempt in &attempts[..2] {
        assert_eq!(attempt.outcome, AttemptOutcome::Unsynchronised);
        assert_eq!((attempt.invocation_time(), attempt.clock), (None, None));
    }
    let ended = entries.iter().filter_map(|entry| match &entry.event {
        Event::SampleEnded { outcome, .. } => Some(outcome.clone()),
        _ => None,
    });
    let unsynchronised = ended.filter(|outcome| *outcome == SampleOutcome::Unsynchronised);
    assert_eq!(unsynchronised.count(), 2);
    let notes = RunFile::read(&run)
        .unwrap()
        .imported
        .unwrap()
        .notes
        .join("\n");
    assert!(
        notes.contains("1 of 3 samples have no time: it would be below half"),
        "{notes}"
    );
    assert!(notes.contains("1 of 3 samples lack the file"), "{notes}");
}

#[test]
fn what_the_files_do_not_say_a_person_must() {
    let first_versions =
        "payload_size,repetition,connection_time,start_timestamp,finish_timestamp,request_id";
    let tree = Tree::new(first_versions, &[(Truth::new("a", SECOND), "1024.0,0")]);
    let refusal = tree.refusal(Known::default());
    assert!(refusal.contains("1 of its samples do not say"), "{refusal}");
    assert!(refusal.contains("--start-kind warm or cold"), "{refusal}");
    let known = Known {
        kind: Some(StartKind::Warm),
        sweep: None,
    };
    let entries = support::journal(&tree.import(known));
    assert_eq!(support::attempts(&entries)[0].got(), Some(StartKind::Warm));

    let other = tree.directory.with_file_name("other");
    fs::rename(&tree.directory, &other).unwrap();
    let found = Found::read(&other, known).err().unwrap().to_string();
    assert!(found.contains("say it with --type"), "{found}");
}

#[test]
fn a_row_that_says_neither_cold_nor_warm_is_named_and_left_out() {
    let tree = Tree::new(
        HEADER,
        &[
            (Truth::new("a", 0), "1024,0,maybe"),
            (Truth::new("b", 0), "large,0,1"),
            (Truth::new("c", 0), "1024,0,1"),
        ],
    );
    let imported = RunFile::read(&tree.import(Known::default()))
        .unwrap()
        .imported;
    let imported = imported.unwrap();
    assert_eq!(
        (imported.rows, imported.bad_lines, imported.orphans),
        (1, 2, 4)
    );
}

#[test]
fn each_import_is_a_run_of_its_own_that_is_seen_and_compared_but_not_resumed() {
    let tree = Tree::lossy();
    let (directory, out) = (tree.directory.to_str().unwrap(), tree.out.to_str().unwrap());
    for command in ["report", "view"] {
        let output = program(&[command, directory]);
        assert_eq!(output.status.code(), Some(1));
        let text = said(&output);
        for offered in ["import", "process"] {
            let line = format!("sebs-tui {offered} {directory}");
            assert!(text.contains(&line), "{command}: {text}");
        }
    }
    let above = program(&[
        "compare",
        directory,
        tree.directory.parent().unwrap().to_str().unwrap(),
    ]);
    assert!(said(&above).contains("sebs-tui import"), "{}", said(&above));

    let import = ["import", directory, "--out", out, "--platform-name", "here"];
    let runs = [(), ()].map(|()| {
        let output = program(&import);
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
        said(&output).split(": imported").next().unwrap().to_owned()
    });
    assert_ne!(runs[0], runs[1]);
    let compared = program(&["compare", &runs[0], &runs[1]]);
    assert_eq!(compared.status.code(), Some(0), "{}", said(&compared));
    let report = program(&["report", &runs[0]]);
    assert_eq!(report.status.code(), Some(0), "{}", said(&report));
    let resumed = program(&["run", "--resume", &runs[0], "--plain"]);
    assert_eq!(resumed.status.code(), Some(1));
    assert!(
        said(&resumed).contains("nothing to resume"),
        "{}",
        said(&resumed)
    );
    let again = program(&["import", &runs[0], "--out", out]);
    assert_eq!(again.status.code(), Some(1));
    assert!(
        said(&again).contains("are of a run of this program"),
        "{}",
        said(&again)
    );
}
