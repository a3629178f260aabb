//! What killed runs left is found and removed, what is alive is not touched, and what cannot be removed is told.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Mutex;

use async_trait::async_trait;
use hyper::body::Bytes;
use sebs_tui::core::contract::Reply;
use sebs_tui::core::message::AtEnd;
use sebs_tui::core::plan::{Deployment, Limits};
use sebs_tui::core::sample::PlatformRecord;
use sebs_tui::platform::cleaning::{Claim, Fate, Intent, clean_ledger, clean_tagged, table};
use sebs_tui::platform::ledger::{Ledger, Owner, path_in};
use sebs_tui::platform::origin::Tag;
use sebs_tui::platform::{
    Abilities, Endpoint, ErrorKind, Finding, FunctionSpec, Guarantee, HttpReply, Package, Platform,
    PlatformError, Reach, Resource, Retry, Tagged,
};
use support::{finish, program};

fn thing(kind: &str, name: &str) -> Resource {
    Resource {
        kind: kind.into(),
        name: name.into(),
    }
}

/// A platform that holds things, and does not let go of those called `stuck`.
#[derive(Default)]
struct Shelf {
    tagged: Vec<(String, Resource)>,
    asked: Mutex<Vec<String>>,
}

fn refused(operation: &'static str) -> PlatformError {
    PlatformError {
        kind: ErrorKind::Permission,
        platform: "shelf",
        operation,
        resource: "stuck".into(),
        what: "not allowed".into(),
        status: None,
        retry: Retry::No,
    }
}

#[async_trait]
impl Platform for Shelf {
    fn name(&self) -> &'static str {
        "shelf"
    }

    fn abilities(&self) -> Abilities {
        Abilities {
            deployment: Deployment::Ours,
            limits: Limits::default(),
            cold: Guarantee::Impossible,
            cold_method: "none".into(),
            keep_warm: std::time::Duration::ZERO,
            invocations_per_minute: None,
            processor: None,
        }
    }

    fn reach(&self) -> Reach {
        Reach::Unknown
    }

    async fn preflight(&self) -> Result<Vec<Finding>, PlatformError> {
        Ok(Vec::new())
    }

    async fn ensure_function(&self, _: &FunctionSpec, _: &Package) -> Result<(), PlatformError> {
        Err(refused("create"))
    }

    async fn update_code(&self, _: &Package) -> Result<(), PlatformError> {
        Err(refused("update"))
    }

    async fn force_cold(&self) -> Result<(), PlatformError> {
        Err(refused("force cold"))
    }

    async fn endpoint(&self, _: &Bytes) -> Result<Endpoint, PlatformError> {
        Err(refused("endpoint"))
    }

    fn decode(&self, _: &HttpReply) -> Result<Reply, PlatformError> {
        Err(refused("decode"))
    }

    async fn record(&self, _: &str, _: &HttpReply) -> PlatformRecord {
        PlatformRecord::default()
    }

    async fn owned(&self) -> Vec<Resource> {
        Vec::new()
    }

    async fn tagged(&self) -> Result<Tagged, PlatformError> {
        Ok(Tagged {
            things: self.tagged.clone(),
            unseen: vec!["the cellar is locked: unlock it".into()],
        })
    }

    async fn remove(&self, resource: &Resource) -> Result<(), PlatformError> {
        self.asked.lock().unwrap().push(resource.name.clone());
        if resource.name == "stuck" {
            return Err(refused("remove"));
        }
        Ok(())
    }

    fn removal_command(&self, resource: &Resource) -> String {
        format!("shelf delete {}", resource.name)
    }

    async fn destroy(&self) -> Result<(), PlatformError> {
        Ok(())
    }
}

fn owner(run: &str, platform: &str) -> Owner {
    let settings = BTreeMap::from([
        ("platform".into(), platform.into()),
        ("seed".into(), 1.into()),
    ]);
    Owner::new(run, "results/r".into(), settings)
}

fn ledger_with(path: &Path, owner: &Owner, things: &[Resource]) -> Ledger {
    let ledger = Ledger::create(path, owner).unwrap();
    for thing in things {
        ledger.creating(thing).unwrap();
    }
    ledger
}

#[tokio::test]
async fn the_last_thing_made_goes_first_and_what_stays_stays_in_the_ledger() {
    let directory = tempfile::tempdir().unwrap();
    let path = path_in(directory.path(), "r");
    let things = ["role", "stuck", "function"].map(|name| thing("thing", name));
    let ledger = ledger_with(&path, &owner("r", "local"), &things);
    let shelf = Shelf::default();

    let told = clean_ledger(&shelf, "r", &ledger, Intent::Tell).await;
    assert!(told.iter().all(|one| one.fate == Fate::WouldBeRemoved));
    assert!(shelf.asked.lock().unwrap().is_empty());
    assert_eq!(ledger.open(), things);

    let cleaned = clean_ledger(&shelf, "r", &ledger, Intent::Remove).await;
    assert_eq!(*shelf.asked.lock().unwrap(), ["function", "stuck", "role"]);
    drop(ledger);
    assert_eq!(
        Ledger::read(&path).unwrap().1,
        [thing("thing", "stuck")],
        "what could not be removed is still known"
    );
    let text = table(&cleaned);
    assert!(text.contains("function  removed"), "{text}");
    assert!(
        text.contains("not allowed\n    remove it with: shelf delete stuck"),
        "{text}"
    );
}

#[tokio::test]
async fn tagged_things_of_runs_that_are_alive_or_begun_elsewhere_stay() {
    let of = |tag: &str, name: &str| (tag.to_owned(), thing("thing", name));
    let shelf = Shelf {
        tagged: vec![
            of("dead@here/1", "a"),
            of("alive@here/1", "b"),
            of("other@far-away/2", "c"),
            of("it's odd@far-away/2", "e"),
            of("dead@here/1", "d"),
        ],
        ..Shelf::default()
    };
    let claimed = |tag: &Tag| match (tag.run.as_str(), tag.origin.as_ref()) {
        ("alive", _) => Claim::Stays,
        (_, Some(origin)) if origin.ledgers == "1" => Claim::Ours,
        (_, origin) => Claim::Elsewhere(origin.unwrap().host.clone()),
    };
    let swept = clean_tagged(&shelf, claimed, Intent::Remove).await.unwrap();
    assert_eq!(*shelf.asked.lock().unwrap(), ["d", "a"]);
    assert_eq!(swept.unseen, ["the cellar is locked: unlock it"]);
    let text = table(&swept.cleaned);
    assert_eq!(text.lines().count(), 4, "{text}");
    assert!(
        text.contains("c  left alone: it belongs to far-away")
            && text.contains("sebs-tui clean --run other --platform shelf\n")
            && text.contains("sebs-tui clean --run 'it'\\''s odd' --platform shelf\n"),
        "{text}"
    );
}

/// `sebs-tui clean` with a temporary directory and a state directory of its own.
fn clean(place: &Path, arguments: &[&str], code: i32) -> (String, String) {
    let mut command = program();
    command
        .arg("clean")
        .args(arguments)
        .arg("--state")
        .arg(place.join("state"))
        .env("TMPDIR", place)
        .current_dir(place);
    let Output { stdout, stderr, .. } = finish(&mut command, code);
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (text(stdout), text(stderr))
}

/// A directory as this platform of a killed program left it.
fn left_directory(place: &Path, platform: &str) -> PathBuf {
    let path = place.join(format!("sebs-tui-{platform}-4194305-00000000"));
    fs::create_dir_all(path.join("environments/1/task")).unwrap();
    path
}

#[test]
fn a_killed_runs_directory_and_process_are_removed_by_its_ledger() {
    let place = tempfile::tempdir().unwrap();
    let left = left_directory(place.path(), "local");
    let mut process = Command::new("sleep")
        .arg("60")
        .env("LAMBDA_TASK_ROOT", left.join("environments/1/task"))
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let pid = process.id().to_string();
    let path = path_in(&place.path().join("state/ledgers"), "killed");
    let things = [
        thing("directory", left.to_str().unwrap()),
        thing("process", &pid),
    ];
    drop(ledger_with(&path, &owner("killed", "local"), &things));

    let (told, _) = clean(place.path(), &["--dry-run"], 0);
    assert_eq!(told.matches("would be removed").count(), 2, "{told}");
    assert!(left.exists() && path.exists());
    assert!(process.try_wait().unwrap().is_none());

    let (told, _) = clean(place.path(), &["--run", "killed"], 0);
    assert_eq!(told.matches("  removed").count(), 2, "{told}");
    assert!(!process.wait().unwrap().success());
    assert!(!left.exists() && !path.exists());
    assert_eq!(clean(place.path(), &[], 0).0, "nothing is left\n");
}

#[test]
fn a_live_runs_ledger_is_refused_and_otherwise_skipped() {
    let place = tempfile::tempdir().unwrap();
    let path = path_in(&place.path().join("state/ledgers"), "living");
    let things = [thing("directory", "/nowhere")];
    let _alive = ledger_with(&path, &owner("living", "local"), &things);
    let (_, refusal) = clean(place.path(), &["--run", "living"], 1);
    assert!(refusal.contains("its run is alive"), "{refusal}");
    let beside = path_in(&place.path().join("state/ledgers"), "killed");
    drop(ledger_with(&beside, &owner("killed", "local"), &things));
    let (told, _) = clean(place.path(), &["--all"], 0);
    assert!(
        told.contains("living.jsonl: skipped: its run is alive"),
        "{told}"
    );
    assert!(
        told.contains("killed  directory  /nowhere  removed"),
        "{told}"
    );
    assert_eq!(Ledger::read(&path).unwrap().1, things);
    assert!(!beside.exists());
    let (_, unknown) = clean(place.path(), &["--run", "other"], 1);
    assert!(unknown.contains("runs with a ledger: living"), "{unknown}");
}

#[test]
fn what_a_run_was_told_to_keep_is_listed_and_goes_only_when_that_is_asked_for() {
    for asked in [&["--run", "kept"][..], &["--all"]] {
        let place = tempfile::tempdir().unwrap();
        let path = path_in(&place.path().join("state/ledgers"), "kept");
        let owner = Owner {
            at_end: AtEnd::Keep,
            ..owner("kept", "local")
        };
        drop(ledger_with(
            &path,
            &owner,
            &[thing("directory", "/nowhere")],
        ));
        for arguments in [&[][..], &["--dry-run"]] {
            let (told, _) = clean(place.path(), arguments, 0);
            assert_eq!(
                told,
                "kept  directory  /nowhere  kept on purpose (--keep); remove it with: sebs-tui clean --run kept\n"
            );
            assert!(path.exists());
        }
        let (told, _) = clean(place.path(), &[asked, &["--dry-run"]].concat(), 0);
        assert!(told.contains("/nowhere  would be removed"), "{told}");
        let (told, _) = clean(place.path(), asked, 0);
        assert!(told.contains("/nowhere  removed"), "{told}");
        assert!(!path.exists());
    }
}

#[test]
fn what_cannot_be_removed_is_told_with_the_command_that_does() {
    let place = tempfile::tempdir().unwrap();
    let stranger = place.path().join("somebody-elses");
    fs::create_dir(&stranger).unwrap();
    let path = path_in(&place.path().join("state/ledgers"), "odd");
    let things = [thing("directory", stranger.to_str().unwrap())];
    drop(ledger_with(&path, &owner("odd", "local"), &things));
    let (told, _) = clean(place.path(), &[], 1);
    let command = format!("remove it with: rm -r {}", stranger.display());
    assert!(told.contains(&command), "{told}");
    assert!(stranger.exists() && path.exists());
}

#[test]
fn directories_of_killed_runs_need_no_ledger_and_dockers_no_engine() {
    for arguments in [&[][..], &["--all"]] {
        let place = tempfile::tempdir().unwrap();
        let left = ["local", "docker"].map(|platform| left_directory(place.path(), platform));
        // Its process is this one.
        let alive = format!("sebs-tui-docker-{}-00000000", std::process::id());
        let alive = place.path().join(alive);
        fs::create_dir(&alive).unwrap();
        let (told, _) = clean(place.path(), &[arguments, &["--dry-run"]].concat(), 0);
        for left in &left {
            let lines = told.lines();
            let lines: Vec<_> = lines
                .filter(|line| line.contains(left.to_str().unwrap()))
                .collect();
            assert!(
                matches!(lines[..], [line] if line.starts_with("process 4194305") && line.ends_with("would be removed")),
                "{told}"
            );
            assert!(left.exists());
        }
        clean(place.path(), arguments, 0);
        assert!(!left.iter().any(|left| left.exists()));
        assert!(alive.exists());
    }
}

#[test]
fn a_ledger_that_cannot_be_read_whole_is_told_and_the_rest_is_used() {
    let place = tempfile::tempdir().unwrap();
    let ledgers = place.path().join("state/ledgers");
    let things = ["/nowhere/a", "/nowhere/b"].map(|name| thing("directory", name));
    for run in ["damaged", "newer", "sound"] {
        drop(ledger_with(
            &path_in(&ledgers, run),
            &owner(run, "local"),
            &things,
        ));
    }
    let change = |run: &str, from: &str, to: &str| {
        let path = path_in(&ledgers, run);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{text}");
        fs::write(&path, text.replacen(from, to, 1)).unwrap();
    };
    change("damaged", "\"what\":\"creating\"", "\"what\":\"crea");
    change("newer", "\"version\":1", "\"version\":9");
    let (told, faults) = clean(place.path(), &[], 1);
    for run in [
        "damaged  directory  /nowhere/b",
        "sound    directory  /nowhere/a",
    ] {
        assert!(told.contains(&format!("{run}  removed")), "{told}");
    }
    assert!(
        faults.contains("damaged.jsonl: line 2:")
            && faults.contains("newer.jsonl: skipped: it has version 9"),
        "{faults}"
    );
    assert!(path_in(&ledgers, "damaged").exists() && path_in(&ledgers, "newer").exists());
    assert!(!path_in(&ledgers, "sound").exists());
}

#[test]
fn without_the_ledgers_nothing_is_removed() {
    let place = tempfile::tempdir().unwrap();
    let left = left_directory(place.path(), "local");
    fs::create_dir(place.path().join("state")).unwrap();
    fs::write(place.path().join("state/ledgers"), "no directory").unwrap();
    let (_, fault) = clean(place.path(), &["--all"], 1);
    assert!(fault.contains("nothing is removed"), "{fault}");
    assert!(left.exists());
}

#[test]
fn a_platform_that_cannot_start_leaves_no_run_directory() {
    let place = tempfile::tempdir().unwrap();
    let mut command = program();
    command
        .args(["run", "--plain", "--out", "out"])
        .env("TMPDIR", place.path().join("missing"))
        .current_dir(place.path());
    finish(&mut command, 1);
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 0);
}
