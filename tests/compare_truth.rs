//! Comparisons of real runs whose difference is known: the same function, and one that sleeps 5 ms more.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod support;

use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use sebs_tui::core::compare::{Compared, Comparison, Verdict};
use sebs_tui::core::sample::StartKind;
use sebs_tui::core::time::MILLISECOND;
use support::{finish, program, run_directory, short_run};

const SIZES: u32 = 3;
const REPETITIONS: u32 = 30;
/// Pairs of runs: a comparison may raise a false alarm once in twenty, and a busy machine may slow one of two runs.
const PAIRS: u32 = 3;
/// How long the function sleeps, s, evenly spread: far more than a busy machine changes between two runs.
const SLEEPS: &str = "0.001 0.009";
/// The same and 5 ms more.
const SLEEPS_MORE: &str = "0.006 0.014";

/// The Python function behind a web server; it ends with this value.
struct Server {
    port: u16,
    process: Child,
}

impl Server {
    /// Its function sleeps for a time between these two before its first instruction.
    fn start(sleeps: &str) -> Self {
        let any = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = any.local_addr().unwrap().port();
        drop(any);
        let front = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/endpoint/front.py");
        let process = Command::new("python3")
            .arg(front)
            .arg(port.to_string())
            .env("SLEEPS_FIRST", sleeps)
            .spawn()
            .unwrap();
        let server = Self { port, process };
        let begun = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(begun.elapsed() < Duration::from_secs(30), "no server");
            std::thread::sleep(Duration::from_millis(20));
        }
        server
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        _ = self.process.kill();
        _ = self.process.wait();
    }
}

/// The directory of a run of it.
fn run(server: &Server, out: &Path) -> PathBuf {
    std::fs::create_dir(out).unwrap();
    let mut run = short_run(out, SIZES, 20_000, REPETITIONS);
    run.args(["--plain", "--platform", "endpoint", "--url"]);
    finish(run.arg(format!("http://127.0.0.1:{}/", server.port)), 0);
    run_directory(out)
}

fn compared(baseline: &Path, other: &Path) -> Compared {
    let mut compare = program();
    compare.args(["compare", "--format", "json"]);
    let output = finish(compare.arg(baseline).arg(other), 0);
    let comparison: Comparison = serde_json::from_slice(&output.stdout).unwrap();
    let [compared] = comparison.runs.try_into().unwrap();
    let warm = |kind| kind == StartKind::Warm;
    let sizes = compared.cells.iter().filter(|cell| warm(cell.kind));
    assert_eq!(sizes.count(), SIZES as usize, "{compared:?}");
    compared
}

fn verdicts(compared: &Compared) -> Vec<Verdict> {
    compared.cells.iter().map(|cell| cell.verdict).collect()
}

fn is_the_same(compared: &Compared) -> bool {
    let same = |verdict: &Verdict| *verdict == Verdict::NoDifferenceShown;
    verdicts(compared).iter().all(same)
}

fn is_5_ms_slower(compared: &Compared) -> bool {
    let mut covered = 0;
    for cell in &compared.cells {
        let interval = cell.change.interval.known().unwrap();
        covered += u32::from((interval.low..=interval.high).contains(&(5 * MILLISECOND)));
    }
    let slower = |verdict: &Verdict| *verdict == Verdict::Slower;
    // Of three intervals that each miss once in twenty, two hardly ever do.
    verdicts(compared).iter().all(slower) && covered + 1 >= SIZES
}

#[test]
#[ignore = "needs python3"]
fn a_function_that_sleeps_5_ms_more_is_slower_by_5_ms() {
    let out = tempfile::tempdir().unwrap();
    let found: Vec<Compared> = (0..PAIRS)
        .map(|pair| {
            let in_pair = |name| out.path().join(format!("{name}-{pair}"));
            let before = run(&Server::start(SLEEPS), &in_pair("before"));
            let after = run(&Server::start(SLEEPS_MORE), &in_pair("after"));
            compared(&before, &after)
        })
        .collect();
    assert!(found.iter().any(is_5_ms_slower), "{found:?}");
}

#[test]
#[ignore = "needs python3"]
fn runs_of_the_same_function_show_no_difference() {
    let out = tempfile::tempdir().unwrap();
    let server = Server::start(SLEEPS);
    let found: Vec<Compared> = (0..PAIRS)
        .map(|pair| {
            let [one, other] = ["one", "other"]
                .map(|name| run(&server, &out.path().join(format!("{name}-{pair}"))));
            assert!(is_the_same(&compared(&one, &one)), "a run with itself");
            compared(&one, &other)
        })
        .collect();
    assert!(found.iter().any(is_the_same), "{found:?}");
}
