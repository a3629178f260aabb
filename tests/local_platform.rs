//! The embedded platform with the native function, as an experiment uses it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use sebs_tui::core::contract::{ClockRequest, Dialect, Reply, StopReason};
use sebs_tui::driver::package::{Runtime, Template};
use sebs_tui::platform::local::LocalPlatform;
use sebs_tui::platform::{ErrorKind, FunctionSpec, Package, Platform};
use tokio::task::JoinSet;

#[allow(dead_code, reason = "each test file uses a part of it")]
mod functions;

use functions::{
    Echo, clocked, half_a_second_and_50_ppm, host, is_alive, owned, post, processes, recorded_cold,
    request, shell, slow_invocation, slow_invocation_under_way, spec,
};

const MEGABYTE: u64 = 1_000_000;
/// Long before any time-out, also on a busy machine.
const AT_ONCE: Duration = Duration::from_secs(20);
/// How long anything is waited for.
const PATIENCE: Duration = Duration::from_secs(60);

async fn deployed(package: &Package) -> LocalPlatform {
    deployed_with(&spec(), package).await
}

async fn deployed_with(spec: &FunctionSpec, package: &Package) -> LocalPlatform {
    let platform = LocalPlatform::start().await.unwrap();
    platform.ensure_function(spec, package).await.unwrap();
    platform
}

fn native(beyond_smallest: u64, seed: u64) -> Package {
    let template = Template::new(Runtime::Native).unwrap();
    template
        .package(template.smallest() + beyond_smallest, seed)
        .unwrap()
}

async fn reply(platform: &LocalPlatform, echo: &Echo) -> Reply {
    platform
        .decode(&post(platform, echo.invocation()).await.reply)
        .unwrap()
}

/// Least and median time of a call after a forced cold start.
async fn cold(platform: &LocalPlatform, echo: &Echo, times: usize) -> (Duration, Duration) {
    let mut took = Vec::new();
    for _ in 0..times {
        platform.force_cold().await.unwrap();
        let called = post(platform, echo.invocation()).await;
        assert!(platform.decode(&called.reply).unwrap().is_cold);
        took.push(called.took);
    }
    took.sort();
    (took[0], took[times / 2])
}

#[tokio::test]
async fn the_first_call_is_cold_the_second_warm_and_the_platform_agrees() {
    let (platform, echo) = (deployed(&native(0, 1)).await, Echo::start());
    let (first, second) = (reply(&platform, &echo).await, reply(&platform, &echo).await);
    assert!(first.is_cold && !second.is_cold);
    assert_eq!((first.invocation, second.invocation), (1, 2));
    assert_eq!(first.instance_id, second.instance_id);
    assert!(
        first.process_start < first.handler_entry && first.handler_entry < second.handler_entry
    );
    for reply in [first, second] {
        assert_eq!(reply.clock.error, None);
        assert_eq!(
            recorded_cold(&platform, &reply.request_id).await,
            Some(reply.is_cold)
        );
    }
    assert_eq!(recorded_cold(&platform, "another").await, None);
}

#[tokio::test]
async fn a_forced_cold_start_is_cold_and_nothing_of_the_old_environment_is_left() {
    let (platform, echo) = (deployed(&native(0, 1)).await, Echo::start());
    let before = reply(&platform, &echo).await;
    let processes = processes(&platform).await;
    let directories = owned(&platform, "directory").await;
    assert_eq!((processes.len(), directories.len()), (1, 2));

    platform.force_cold().await.unwrap();
    assert!(!is_alive(&processes[0]));
    assert!(!Path::new(&directories[1]).exists());

    let after = reply(&platform, &echo).await;
    assert!(after.is_cold);
    assert_ne!(before.instance_id, after.instance_id);
    assert_eq!(
        recorded_cold(&platform, &after.request_id).await,
        Some(true)
    );
}

#[tokio::test]
async fn the_answer_carries_the_request_id_that_the_function_saw() {
    let (platform, echo) = (deployed(&native(0, 1)).await, Echo::start());
    let called = post(&platform, echo.invocation()).await;
    let reply = platform.decode(&called.reply).unwrap();
    assert_eq!(
        called.header("x-amzn-requestid"),
        Some(reply.request_id.as_str())
    );
}

#[tokio::test]
async fn an_invocation_in_a_function_urls_event_is_understood() {
    let (platform, echo) = (deployed(&native(0, 1)).await, Echo::start());
    let event = serde_json::json!({ "version": "2.0", "body": echo.invocation(), "isBase64Encoded": false });
    let called = post(&platform, event.to_string()).await;
    assert_eq!(platform.decode(&called.reply).unwrap().clock.error, None);
}

#[tokio::test]
async fn the_deployed_function_measures_the_clock_within_its_bound() {
    let (platform, host) = (deployed(&native(0, 1)).await, host());
    let shift = Some(half_a_second_and_50_ppm());
    for proto in [Dialect::Stamp, Dialect::Text] {
        let clock = ClockRequest {
            shift,
            ..request(proto)
        };
        let clocked = clocked(&platform, &host, host.local_addr().port(), clock).await;
        assert_eq!(clocked.reply.clock.stop, Some(StopReason::Settled));
        clocked.assert_bound_holds();
    }
}

#[tokio::test]
async fn a_function_that_takes_too_long_is_killed_and_the_next_call_is_served() {
    let spec = FunctionSpec {
        timeout: Duration::from_millis(300),
        ..spec()
    };
    let (platform, echo) = (deployed_with(&spec, &native(0, 1)).await, Echo::start());
    let called = post(&platform, slow_invocation()).await;
    assert_eq!(called.reply.status, 504);
    assert!(
        called.took >= spec.timeout && called.took < AT_ONCE,
        "{:?}",
        called.took
    );
    let error = platform.decode(&called.reply).unwrap_err();
    assert_eq!((error.kind, error.status), (ErrorKind::Timeout, Some(504)));
    assert!(
        error.what.contains("Task timed out after 0.30 seconds"),
        "{}",
        error.what
    );
    assert!(reply(&platform, &echo).await.is_cold);
}

#[tokio::test]
async fn a_crash_at_the_start_is_seen_at_once_with_what_the_function_wrote() {
    let platform = deployed(&shell("echo cannot find my hat >&2; exit 7")).await;
    let called = post(&platform, "{}").await;
    assert_eq!(called.reply.status, 502);
    assert!(called.took < AT_ONCE, "{:?}", called.took);
    let error = platform.decode(&called.reply).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Function);
    for part in ["Runtime.ExitError", "exit status: 7", "cannot find my hat"] {
        assert!(error.what.contains(part), "{}", error.what);
    }
}

#[tokio::test]
async fn a_crash_in_the_middle_of_an_invocation_is_seen_at_once() {
    let (platform, echo) = (deployed(&native(0, 1)).await, Echo::start());
    reply(&platform, &echo).await;
    let pid = processes(&platform).await.remove(0);
    let (slow, under_way) = slow_invocation_under_way();
    let pid: libc::pid_t = pid.parse().unwrap();
    let killer = async {
        under_way.await;
        // SAFETY: takes plain integers; the process is a function of ours, which is not yet waited for.
        let status = unsafe { libc::kill(pid, libc::SIGKILL) };
        assert_eq!(status, 0, "{}", std::io::Error::last_os_error());
    };
    let (called, ()) = tokio::join!(post(&platform, slow), killer);
    assert_eq!(called.reply.status, 502);
    assert!(called.took < AT_ONCE, "{:?}", called.took);
    assert!(called.text().contains("SIGKILL"), "{}", called.text());
    assert!(reply(&platform, &echo).await.is_cold);
}

#[tokio::test]
async fn an_event_that_is_no_invocation_is_the_functions_error_and_costs_no_environment() {
    let (platform, echo) = (deployed(&native(0, 1)).await, Echo::start());
    assert!(reply(&platform, &echo).await.is_cold);
    let called = post(&platform, r#"{"server-port":"none"}"#).await;
    assert_eq!(called.reply.status, 502);
    assert!(
        called.text().contains("the event is no invocation"),
        "{}",
        called.text()
    );
    assert!(!reply(&platform, &echo).await.is_cold);
}

#[tokio::test]
async fn a_concurrent_call_starts_a_second_environment() {
    let (platform, echo) = (deployed(&native(0, 1)).await, Echo::start());
    let (slow, under_way) = slow_invocation_under_way();
    let (slow, quick) = tokio::join!(post(&platform, slow), async {
        under_way.await;
        let quick = reply(&platform, &echo).await;
        assert_eq!(owned(&platform, "directory").await.len(), 3);
        platform.force_cold().await.unwrap();
        quick
    });
    assert!(quick.is_cold);
    assert_eq!(
        slow.reply.status, 502,
        "it was killed by the forced cold start"
    );
}

#[tokio::test]
async fn more_calls_at_once_than_there_may_be_environments_are_refused() {
    let platform = Arc::new(deployed(&shell("sleep 60")).await);
    let mut calls = JoinSet::new();
    for _ in 0..20 {
        let platform = Arc::clone(&platform);
        calls.spawn(async move { post(&*platform, "{}").await.reply.status });
    }
    // The refused ones come back at once; the others wait for a function that never answers.
    for _ in 0..4 {
        assert_eq!(calls.join_next().await.unwrap().unwrap(), 429);
    }
    platform.force_cold().await.unwrap();
    assert_eq!(calls.join_all().await, [502; 16]);
}

#[tokio::test]
async fn the_same_code_again_changes_nothing_and_other_code_is_live_at_once() {
    let (platform, echo) = (deployed(&native(0, 1)).await, Echo::start());
    reply(&platform, &echo).await;
    platform.update_code(&native(0, 1)).await.unwrap();
    assert!(!reply(&platform, &echo).await.is_cold);
    platform.update_code(&native(0, 2)).await.unwrap();
    assert!(reply(&platform, &echo).await.is_cold);
}

#[tokio::test]
async fn what_cannot_be_deployed_is_refused_before_it_is_stored() {
    let platform = LocalPlatform::start().await.unwrap();
    let no_function = platform.update_code(&native(0, 1)).await.unwrap_err();
    assert_eq!(no_function.kind, ErrorKind::NotFound);
    let no_bootstrap = functions::package(&[("main.py", b"")]);
    let error = platform
        .ensure_function(&spec(), &no_bootstrap)
        .await
        .unwrap_err();
    assert!(
        error.what.contains("no `bootstrap` in the package"),
        "{error}"
    );
    assert_eq!(post(&platform, "{}").await.reply.status, 404);
}

#[tokio::test]
async fn nothing_is_left_after_destroy_nor_after_a_drop() {
    let echo = Echo::start();
    for drops in [false, true] {
        let platform = deployed(&native(0, 1)).await;
        reply(&platform, &echo).await;
        let processes = processes(&platform).await;
        let directories = owned(&platform, "directory").await;
        assert!(is_alive(&processes[0]) && Path::new(&directories[0]).exists());
        if drops {
            drop(platform);
        } else {
            platform.destroy().await.unwrap();
            assert_eq!(platform.owned().await, []);
            platform.destroy().await.unwrap();
        }
        assert!(!is_alive(&processes[0]));
        assert!(!Path::new(&directories[0]).exists());
    }
}

/// Names the variable by which this test program plays the part of a process that is killed.
const VICTIM: &str = "SEBS_TUI_TEST_VICTIM";

#[tokio::test]
async fn when_the_platforms_process_is_killed_its_functions_die_and_a_later_one_cleans_up() {
    if std::env::var_os(VICTIM).is_some() {
        let (platform, echo) = (deployed(&native(0, 1)).await, Echo::start());
        reply(&platform, &echo).await;
        println!(
            "\nowned {} {}",
            processes(&platform).await[0],
            owned(&platform, "directory").await[0]
        );
        std::future::pending::<()>().await;
    }
    let name = "when_the_platforms_process_is_killed_its_functions_die_and_a_later_one_cleans_up";
    let mut victim = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "--nocapture", name])
        .env(VICTIM, "1")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(victim.stdout.take().unwrap())
        .lines()
        .map_while(Result::ok);
    let owned = lines.find(|line| line.starts_with("owned ")).unwrap();
    let [_, pid, directory] = owned.split(' ').collect::<Vec<_>>().try_into().unwrap();
    assert!(is_alive(pid) && Path::new(directory).exists());
    victim.kill().unwrap();
    victim.wait().unwrap();

    let begin = Instant::now();
    while is_alive(pid) {
        assert!(
            begin.elapsed() < PATIENCE,
            "the function {pid} outlives its platform"
        );
        std::thread::sleep(Duration::from_millis(5));
    }
    let platform = LocalPlatform::start().await.unwrap();
    let notes = platform.preflight().await.unwrap();
    // Another test's platform may have been the first to clean up.
    assert!(!Path::new(directory).exists(), "{notes:?}");
}

#[tokio::test]
async fn a_larger_package_starts_more_slowly() {
    let (platform, echo) = (deployed(&native(0, 1)).await, Echo::start());
    let (small, _) = cold(&platform, &echo, 15).await;
    platform
        .update_code(&native(100 * MEGABYTE, 2))
        .await
        .unwrap();
    let (large, _) = cold(&platform, &echo, 5).await;
    println!("least cold start: {small:?} with the smallest package, {large:?} with 100 MB more");
    assert!(large > small, "{small:?} against {large:?}");
}

#[tokio::test]
async fn a_cold_start_of_the_native_function_takes_milliseconds() {
    let (platform, echo) = (deployed(&native(0, 1)).await, Echo::start());
    let (least, median) = cold(&platform, &echo, 31).await;
    println!("cold start of the native function, of 31: least {least:?}, median {median:?}");
    // The goal is a median of 15 ms in a release build on an idle machine; the bound is for any machine that tests.
    assert!(least < Duration::from_millis(300), "{least:?}");
}
