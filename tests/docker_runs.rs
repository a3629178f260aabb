//! Whole runs in containers: that the engine holds nothing of them afterwards, however they end.
//!
//! They take turns: one looks at everything the engine has, and `clean --all` removes what it finds.
#![cfg(feature = "docker")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

#[path = "docker/engine.rs"]
mod engine;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use bollard::Docker;
use bollard::models::NetworkCreateRequest;
use sebs_tui::core::sample::{Attempt, AttemptOutcome, Purpose, SampleKey, StartKind};
use support::{
    attempts, ended_samples, finish, journal, program, run_directory, samples, short_run,
};
use tokio::sync::{Mutex, MutexGuard};

/// Longest wait for something to happen in a run.
const HAPPENS_WITHIN: Duration = Duration::from_secs(60);
const BETWEEN_LOOKS: Duration = Duration::from_millis(50);

static TURN: Mutex<()> = Mutex::const_new(());

/// A place of its own for a run, and the engine as it was before.
struct Scene {
    out: tempfile::TempDir,
    docker: Docker,
    before: BTreeSet<String>,
    _turn: MutexGuard<'static, ()>,
}

impl Scene {
    async fn set() -> Self {
        let turn = TURN.lock().await;
        let docker = engine::client().await;
        Self {
            out: tempfile::tempdir().unwrap(),
            before: engine::everything(&docker).await,
            docker,
            _turn: turn,
        }
    }

    fn path(&self) -> &Path {
        self.out.path()
    }

    /// Ledgers and temporary directories are this scene's, too.
    fn own<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        let temporary = self.path().join("tmp");
        fs::create_dir_all(&temporary).unwrap();
        command
            .env("XDG_STATE_HOME", self.path().join("state"))
            .env("TMPDIR", temporary)
            .current_dir(self.path())
    }

    /// A run of 2 sizes, so many repetitions of each kind.
    fn run(&self, repetitions: u32) -> Command {
        let mut run = short_run(self.path(), 2, 100_000, repetitions);
        self.own(run.args(["--plain", "--platform", "docker"]));
        run
    }

    fn clean(&self, arguments: &[&str]) -> String {
        let mut clean = program();
        self.own(clean.arg("clean").args(arguments));
        let Output { stdout, .. } = finish(&mut clean, 0);
        String::from_utf8(stdout).unwrap()
    }

    /// What has come into the engine, and what is in the temporary directory and among the ledgers, whose directory keeps
    /// its number.
    async fn left(&self) -> Vec<String> {
        let now = engine::everything(&self.docker).await;
        let mut left: Vec<String> = now.difference(&self.before).cloned().collect();
        for directory in ["tmp", "state/sebs-tui/ledgers"] {
            let entries = fs::read_dir(self.path().join(directory))
                .into_iter()
                .flatten();
            let paths = entries.map(|entry| entry.unwrap().path());
            let left_over = paths.filter(|path| !path.ends_with("ledgers/number"));
            left.extend(left_over.map(|path| path.display().to_string()));
        }
        left
    }

    async fn assert_nothing_is_left(&self) {
        assert_eq!(self.left().await, Vec::<String>::new());
    }

    async fn until(&self, what: &str, so: impl Fn() -> bool) {
        let begin = Instant::now();
        while !so() {
            assert!(begin.elapsed() < HAPPENS_WITHIN, "{what}: not yet");
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
    }

    /// Begins a long run, and returns once it has measured something.
    async fn under_way(&self) -> Child {
        let child = self.run(500).stdout(Stdio::null()).spawn().unwrap();
        let measured = || ended_samples(self.path()) >= 1;
        self.until("a first sample", measured).await;
        child
    }
}

#[tokio::test]
#[ignore = "needs Docker's engine"]
async fn on_every_kind_of_network_each_sample_is_synchronised_and_nothing_is_left() {
    for network in ["bridge", "host", "sebs-tui-tested"] {
        let scene = Scene::set().await;
        let made = NetworkCreateRequest {
            name: "sebs-tui-tested".into(),
            ..NetworkCreateRequest::default()
        };
        scene.docker.create_network(made).await.unwrap();
        let begin = Instant::now();
        finish(scene.run(2).args(["--network", network]), 0);
        println!("{network}: 8 samples in {:?}", begin.elapsed());
        let entries = journal(&run_directory(scene.path()));
        assert_eq!(samples(&entries).len(), 8);
        for attempt in attempts(&entries) {
            assert_eq!(attempt.outcome, AttemptOutcome::Measured, "{attempt:?}");
            let clock = attempt.clock.expect("synchronised");
            assert!(
                clock.offset.abs() <= clock.bound,
                "one host has one clock: {clock:?}"
            );
        }
        scene
            .docker
            .remove_network("sebs-tui-tested")
            .await
            .unwrap();
        scene.assert_nothing_is_left().await;
    }
}

#[tokio::test]
#[ignore = "needs Docker's engine"]
async fn without_a_datagram_clocks_are_compared_by_further_invocations_of_the_container() {
    let scene = Scene::set().await;
    finish(scene.run(2).args(["--sync", "http"]), 0);
    let entries = journal(&run_directory(scene.path()));
    assert_eq!(samples(&entries).len(), 8);
    let of_samples = |attempt: &&Attempt| matches!(attempt.purpose, Purpose::Sample(_));
    for attempt in attempts(&entries).into_iter().filter(of_samples) {
        assert_eq!(attempt.outcome, AttemptOutcome::Measured, "{attempt:?}");
        let clock = attempt.clock.expect("synchronised");
        assert!(clock.offset.abs() <= clock.bound, "{clock:?}");
        let counts = attempt.follow_ups.expect("further invocations");
        assert_eq!((counts.elsewhere, counts.failed), (0, 0));
        assert_eq!(attempt.packets.sent, 0);
    }
    scene.assert_nothing_is_left().await;
}

#[tokio::test]
#[ignore = "needs Docker's engine"]
async fn a_larger_package_makes_a_slower_cold_start_in_a_container() {
    let scene = Scene::set().await;
    let mut command = program();
    command.arg("run").arg("--out").arg(scene.path());
    command.args(["--type", "code", "--n", "5", "--repetitions", "5"]);
    command.args(["--code-begin", "2000000", "--code-end", "242000000"]);
    command.args(["--code-points", "2", "--network", "host"]);
    command.args(["--plain", "--platform", "docker"]);
    finish(scene.own(&mut command), 0);
    let entries = journal(&run_directory(scene.path()));
    let cold = |point: u32| {
        let times = attempts(&entries)
            .into_iter()
            .filter(|attempt| attempt.outcome == AttemptOutcome::Measured)
            .filter(|attempt| matches!(attempt.purpose, Purpose::Sample(SampleKey { size, kind: StartKind::Cold, .. }) if size == point))
            .map(|attempt| attempt.invocation_time().expect("a measured attempt has a time"))
            .collect::<Vec<i64>>();
        // The least disturbed: other programs keep the machine busy meanwhile.
        times.into_iter().min().expect("samples")
    };
    let (small, large) = (cold(0), cold(1));
    println!("cold start, least of 5: {small} ns with 2 MB, {large} ns with 242 MB");
    assert!(large > small + 20_000_000, "{small} ns against {large} ns");
    scene.assert_nothing_is_left().await;
}

#[tokio::test]
#[ignore = "needs Docker's engine"]
async fn a_run_that_is_quit_leaves_nothing() {
    let scene = Scene::set().await;
    let mut child = scene.under_way().await;
    assert!(
        scene
            .left()
            .await
            .iter()
            .any(|thing| thing.starts_with("container"))
    );
    // SAFETY: takes plain integers.
    assert_eq!(unsafe { libc::kill(child.id() as i32, libc::SIGINT) }, 0);
    assert_eq!(child.wait().unwrap().code(), Some(130));
    scene.assert_nothing_is_left().await;
}

#[tokio::test]
#[ignore = "needs Docker's engine"]
async fn a_run_whose_containers_the_engine_refuses_tells_why_and_leaves_nothing() {
    let scene = Scene::set().await;
    // More processors than any machine has.
    let output = scene.run(1).args(["--cpus", "100000"]).output().unwrap();
    let entries = journal(&run_directory(scene.path()));
    let attempts = attempts(&entries);
    assert!(
        !attempts.is_empty() && !output.status.success(),
        "{output:?}"
    );
    for attempt in attempts {
        let AttemptOutcome::Failed(failure) = &attempt.outcome else {
            panic!("{attempt:?}");
        };
        assert!(failure.what.contains("CPUs"), "{failure:?}");
    }
    scene.assert_nothing_is_left().await;
}

#[tokio::test]
#[ignore = "needs Docker's engine"]
async fn what_a_killed_run_left_is_told_and_removed_by_its_name_also_without_its_ledger() {
    let scene = Scene::set().await;
    for with_ledger in [true, false] {
        let mut child = scene.under_way().await;
        child.kill().unwrap();
        child.wait().unwrap();
        let run = run_directory(scene.path());
        let name = run.file_name().unwrap().to_str().unwrap().to_owned();
        let left = scene.left().await;
        for kind in ["container", "image"] {
            let ours = |thing: &&String| thing.starts_with(kind);
            assert_eq!(left.iter().filter(ours).count(), 1, "{left:?}");
        }

        let told = scene.clean(&["--all", "--platform", "docker", "--dry-run"]);
        for kind in ["container", "image", "directory"] {
            let told_of = |line: &str| line.contains(kind) && line.contains("would be removed");
            assert!(told.lines().any(told_of), "{kind}: {told}");
        }
        assert_eq!(scene.left().await, left, "a dry run removes nothing");

        if with_ledger {
            let told = scene.clean(&["--run", &name]);
            assert_eq!(told.matches("  removed").count(), 2, "{told}");
            let directory = scene.left().await;
            assert!(
                directory
                    .iter()
                    .all(|left| left.contains("sebs-tui-docker-")),
                "{directory:?}"
            );
        } else {
            // Nothing here says any more that the run is dead.
            fs::remove_dir_all(scene.path().join("state")).unwrap();
            let told = scene.clean(&["--all", "--platform", "docker"]);
            let command = format!("sebs-tui clean --run {name} --platform docker");
            for kind in ["container", "image"] {
                let told_of = |line: &str| {
                    line.contains(kind) && line.contains("left alone") && line.ends_with(&command)
                };
                assert!(told.lines().any(told_of), "{kind}: {told}");
            }
            assert_eq!(told.matches("  removed").count(), 1, "{told}");
            let told = scene.clean(&["--run", &name, "--platform", "docker"]);
            let removed: Vec<_> = told
                .lines()
                .filter(|line| line.ends_with("removed"))
                .collect();
            assert!(
                matches!(removed[..], [first, second] if first.contains("container") && second.contains("image")),
                "containers go first: {told}"
            );
        }
        scene.clean(&["--all", "--platform", "docker"]);
        scene.assert_nothing_is_left().await;
        fs::remove_dir_all(run).unwrap();
    }
}

fn was_killed(attempt: &Attempt) -> bool {
    match &attempt.outcome {
        AttemptOutcome::Failed(failure) => failure.what.contains("exit status: 137"),
        _ => false,
    }
}

#[tokio::test]
#[ignore = "needs Docker's engine"]
async fn containers_killed_in_the_middle_of_a_run_are_failed_attempts_and_the_run_ends() {
    let scene = Scene::set().await;
    // Each attempt lasts for a second, so that a kill meets an invocation and not the idle container after it.
    let mut run = scene.run(2);
    run.args(["--n", "50", "--in-flight", "2", "--pace-ms", "20"])
        .stdout(Stdio::null());
    let mut child = run.spawn().unwrap();
    let measured = || ended_samples(scene.path()) >= 1;
    scene.until("a first sample", measured).await;
    let directory = run_directory(scene.path());
    let name = directory.file_name().unwrap().to_str().unwrap();
    let failures = || {
        let text = fs::read_to_string(directory.join("journal.jsonl")).unwrap();
        text.matches("exit status: 137").count()
    };
    let begin = Instant::now();
    while failures() < 2 && child.try_wait().unwrap().is_none() {
        assert!(begin.elapsed() < HAPPENS_WITHIN, "no attempt failed yet");
        engine::kill_containers(&scene.docker, name).await;
    }
    assert_eq!(child.wait().unwrap().code(), Some(0));
    let entries = journal(&directory);
    assert_eq!(samples(&entries).len(), 8);
    let attempts = attempts(&entries);
    let killed: Vec<_> = attempts
        .iter()
        .filter(|attempt| was_killed(attempt))
        .collect();
    assert!(killed.len() >= 2, "{killed:?}");
    assert!(
        attempts
            .iter()
            .all(|attempt| attempt.attempt_of_sample <= 5)
    );
    let retried = |attempt: &&Attempt| {
        attempt.attempt_of_sample > 1 && attempt.outcome == AttemptOutcome::Measured
    };
    assert!(attempts.iter().any(retried));
    scene.assert_nothing_is_left().await;
}
