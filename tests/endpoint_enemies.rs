//! Endpoints that fail, lie or never end: each costs a bounded time and is told in words.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "endpoint/server.rs"]
mod server;
mod support;

use std::io::{Read, Write};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use hyper::body::Bytes;
use sebs_tui::core::cold::ColdMethod;
use sebs_tui::core::contract::{Carrier, Dialect, Reply};
use sebs_tui::core::message::{Entry, Event};
use sebs_tui::core::sample::AttemptOutcome;
use sebs_tui::core::time::SECOND;
use sebs_tui::driver::invoke;
use sebs_tui::platform::Platform;
use sebs_tui::platform::endpoint::{EndpointPlatform, Sender, Settings};
use server::{Server, answering, listen, out};
use support::{
    attempts, end_of, finish, journal, program, run_directory, short_run, wait_in_journal,
};

/// What an invocation of the function at this port yields, or what is said.
async fn invoked(port: u16, deadline: Duration) -> Result<Reply, String> {
    let settings = Settings {
        url: Some(format!("http://127.0.0.1:{port}/")),
        method: "POST".into(),
        headers: None,
        reply: "auto".into(),
        cold: ColdMethod::Auto,
        dialect: Dialect::Stamp,
        sync: Carrier::Udp,
        per_minute: None,
    };
    let send: Sender = Box::new(|_| Box::pin(async { Err("nobody is called".into()) }));
    let platform = EndpointPlatform::new(settings, |_| None, send)
        .await
        .unwrap();
    let body = Bytes::from("{}");
    let endpoint = platform.endpoint(&body).await.unwrap();
    let called = invoke::call(&endpoint, body, deadline, &Arc::default()).await;
    let (_, answer) = called.map_err(|failure| failure.to_string())?;
    platform.decode(&answer).map_err(|error| error.to_string())
}

async fn said(port: u16) -> String {
    invoked(port, Duration::from_secs(20)).await.unwrap_err()
}

#[tokio::test]
async fn one_that_never_answers_is_given_up_at_its_deadline() {
    let port = listen(|stream| _ = stream.read(&mut [0]));
    let begun = Instant::now();
    let error = invoked(port, Duration::from_secs(1)).await.unwrap_err();
    let took = begun.elapsed();
    assert!(error.contains("no answer 1 s after"), "{error}");
    assert!((1..60).contains(&took.as_secs()), "{took:?}");
}

#[tokio::test]
async fn one_that_closes_in_the_middle_of_its_answer_is_told_so() {
    let port = answering("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{\"is_cold\"");
    let error = said(port).await;
    assert!(error.contains("broke off"), "{error}");
}

#[tokio::test]
async fn one_that_closes_without_an_answer_is_told_so() {
    let error = said(listen(|_| {})).await;
    assert!(error.starts_with("answer:"), "{error}");
}

#[tokio::test]
async fn of_a_hundred_megabytes_no_more_is_read_than_the_limit() {
    let written = Arc::new(AtomicUsize::new(0));
    let count = written.clone();
    let port = listen(move |stream| {
        _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n");
        let part = vec![b'x'; 100_000];
        while count.load(Relaxed) < 100_000_000 && stream.write_all(&part).is_ok() {
            count.fetch_add(part.len(), Relaxed);
        }
    });
    let error = said(port).await;
    assert!(error.contains("longer than 16 MiB"), "{error}");
    let written = written.load(Relaxed);
    // What is beyond the limit lies in the sockets' buffers.
    assert!(written < 40_000_000, "{written} bytes were taken");
}

#[tokio::test]
async fn what_is_no_json_is_shown_by_its_beginning() {
    let port =
        answering("HTTP/1.1 200 OK\r\nContent-Length: 28\r\n\r\n<html>Welcome to nginx</html>");
    let error = said(port).await;
    assert!(
        error.contains("no JSON") && error.contains("<html>Welcome"),
        "{error}"
    );
    let port = answering("HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n{\"hello\": 1}");
    let error = said(port).await;
    assert!(
        error.contains("--reply") && error.contains("hello"),
        "{error}"
    );
}

#[tokio::test]
async fn a_redirection_is_not_followed_and_its_place_is_told() {
    let port = answering(
        "HTTP/1.1 308 Permanent Redirect\r\nLocation: https://127.0.0.1:9/f\r\nContent-Length: 0\r\n\r\n",
    );
    let error = said(port).await;
    assert!(
        error.contains("HTTP 308")
            && error.contains("https://127.0.0.1:9/f")
            && error.contains("--url"),
        "{error}"
    );
}

#[tokio::test]
async fn what_is_no_http_is_told_so() {
    let error = said(answering("SSH-2.0-OpenSSH_9.2\r\n")).await;
    assert!(error.starts_with("answer:"), "{error}");
}

#[test]
fn a_run_of_one_that_never_answers_ends_at_once_when_it_is_interrupted() {
    let (out, port) = (out(), listen(|stream| _ = stream.read(&mut [0])));
    let mut run = short_run(out.path(), 1, 1024, 1);
    run.args(["--plain", "--platform", "endpoint"]);
    run.args(["--timeout", "600", "--url"]);
    run.arg(format!("http://127.0.0.1:{port}/"));
    let mut run = run
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    wait_in_journal(out.path(), "attempt_started");
    let pid = libc::pid_t::try_from(run.id()).unwrap();
    // SAFETY: takes plain integers; the child is ours and not yet waited for.
    assert_eq!(unsafe { libc::kill(pid, libc::SIGINT) }, 0);
    // Long before the answer's time-out.
    end_of(&mut run);
    assert!(
        attempts(&journal(&run_directory(out.path())))
            .iter()
            .all(|attempt| attempt.outcome == AttemptOutcome::Cancelled)
    );
}

#[test]
fn a_warm_invocation_is_not_given_the_time_to_start() {
    const ANSWER: &str = r#"{"is_cold":false,"request_id":"r","container_id":"c","result":{"output":{"timestamp":1700000000.1}}}"#;
    let (out, asked) = (out(), AtomicUsize::new(0));
    let port = listen(move |stream| {
        // The warm-up is answered, the sample after it is not.
        if asked.fetch_add(1, Relaxed) == 1 {
            _ = stream.read(&mut [0]);
        } else {
            let length = ANSWER.len();
            let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{ANSWER}");
            _ = stream.write_all(answer.as_bytes());
        }
    });
    let mut run = short_run(out.path(), 1, 1024, 1);
    run.args(["--plain", "--timeout", "1", "--attempts", "2"]);
    run.args(["--platform", "endpoint", "--url"]);
    finish(run.arg(format!("http://127.0.0.1:{port}/")), 1);
    let entries = journal(&run_directory(out.path()));
    let attempts = attempts(&entries);
    let AttemptOutcome::Failed(failure) = &attempts[1].outcome else {
        panic!("{:?}", attempts[1])
    };
    // Its time-out and the way, and no minute.
    assert_eq!(failure.what, "no answer 6 s after the request was sent");
    assert!(!matches!(attempts[2].outcome, AttemptOutcome::Failed(_)));
}

#[test]
#[ignore = "needs python3"]
fn a_wish_for_a_rest_is_kept_and_told() {
    for status in ["429", "503"] {
        let (server, out) = (Server::front(&[("BUSY", status.into())]), out());
        let mut run = server.run(out.path());
        let output = finish(run.args(["--payload-points", "1", "--repetitions", "1"]), 0);
        let told = String::from_utf8_lossy(&output.stdout);
        assert!(
            told.contains(&format!("HTTP {status}")) && told.contains("asks for 1 s"),
            "{told}"
        );
        let entries = journal(&run_directory(out.path()));
        let attempts = attempts(&entries);
        assert!(matches!(attempts[0].outcome, AttemptOutcome::Failed(_)));
        let begun = |entry: &&Entry| matches!(entry.event, Event::AttemptStarted { .. });
        let refused = entries.iter().find(begun).unwrap().wall;
        let rested = attempts[1].http.unwrap().start - refused;
        assert!(rested >= SECOND, "{rested} ns");
    }
}

#[test]
#[ignore = "needs python3"]
fn an_answer_in_chunks_is_read() {
    let (server, out) = (Server::front(&[("CHUNKED", "1".into())]), out());
    finish(&mut server.run(out.path()), 0);
    let entries = journal(&run_directory(out.path()));
    let samples = attempts(&entries)
        .into_iter()
        .filter(|attempt| attempt.clock.is_some());
    assert!(samples.count() >= 4);
}

#[test]
#[ignore = "needs python3"]
fn a_new_process_under_an_old_name_is_told() {
    let (server, out) = (
        Server::front(&[("SAME_INSTANCE", "always-me".into())]),
        out(),
    );
    let output = finish(&mut server.run_with_restarts(out.path()), 0);
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(
        told.contains("instance always-me has answered before"),
        "{told}"
    );
}

#[test]
fn a_name_that_nobody_knows_is_told_before_anything_is_kept() {
    let out = out();
    let mut run = program();
    run.args([
        "run",
        "--plain",
        "--platform",
        "endpoint",
        "--url",
        "http://function.invalid/",
    ]);
    let output = run.current_dir(out.path()).output().unwrap();
    assert!(!output.status.success());
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(
        told.contains("function.invalid cannot be looked up"),
        "{told}"
    );
    assert_eq!(
        std::fs::read_dir(out.path()).unwrap().count(),
        0,
        "nothing is left"
    );
}
