//! The whole program against functions that somebody else deployed: real servers, over HTTP and HTTPS.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "endpoint/server.rs"]
mod server;
mod support;

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Command;
#[cfg(feature = "tls")]
use std::process::Output;
use std::sync::Arc;

use sebs_tui::core::board::Board;
use sebs_tui::core::message::Event;
use sebs_tui::core::sample::{Attempt, AttemptOutcome, Purpose, SampleOutcome, StartKind};
use sebs_tui::core::time::{MILLISECOND, SECOND};
use sebs_tui::store::import::{self, Existing, Rules, Task};
use server::{Server, file, listen, out};
use support::{attempts, column, finish, journal, program, run_directory, samples, table};
#[cfg(feature = "tls")]
use tempfile::TempDir;

fn sampled(entries: &[sebs_tui::core::message::Entry]) -> Vec<&Attempt> {
    let is_sample = |attempt: &&Attempt| matches!(attempt.purpose, Purpose::Sample(_));
    attempts(entries).into_iter().filter(is_sample).collect()
}

/// A warm and cold sweep whose function is on this machine: every sample is measured and the offset is zero.
fn warm_and_cold_sweep(server: &Server) {
    let out = out();
    let output = finish(&mut server.run_with_restarts(out.path()), 0);
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(
        !told.contains("deploying") && !told.contains("package"),
        "{told}"
    );
    let run = run_directory(out.path());
    let recorded = fs::read_to_string(run.join("journal.jsonl")).unwrap();
    for nothing in ["deploy_started", "sha256", "native"] {
        assert!(!recorded.contains(nothing), "{nothing} in\n{recorded}");
    }
    let entries = journal(&run);
    assert_eq!(samples(&entries).len(), 8);
    let measured: Vec<_> = sampled(&entries)
        .into_iter()
        .filter(|attempt| attempt.outcome == AttemptOutcome::Measured)
        .collect();
    assert_eq!(measured.len(), 8);
    for attempt in measured {
        let clock = attempt.clock.as_ref().unwrap();
        assert!(
            clock.offset.abs() <= clock.bound,
            "the clocks are one, yet {} ± {} ns",
            clock.offset,
            clock.bound
        );
        assert_eq!(attempt.got(), attempt.purpose.asked());
    }
    let processed = table(&run.join("invocation-overhead/payload/result-processed.csv"));
    let corrected = column(&processed, "invocation_time_corrected");
    assert_eq!(corrected.len(), 8);
    assert!(
        corrected.iter().all(|seconds| (0.0..5.0).contains(seconds)),
        "{corrected:?}"
    );
    println!("corrected, s: {corrected:?}");
}

#[test]
#[ignore = "needs python3"]
fn a_python_function_behind_a_web_server_is_measured_warm_and_cold() {
    warm_and_cold_sweep(&Server::front(&[]));
}

#[test]
#[ignore = "needs functions-framework"]
fn googles_functions_framework_is_measured_warm_and_cold() {
    let handler = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/python/handler.py");
    let framework = std::env::var("FUNCTIONS_FRAMEWORK").unwrap_or("functions-framework".into());
    let command = |port| {
        format!(
            "{framework} --target http --host 127.0.0.1 --port {port} --source {}",
            handler.display()
        )
    };
    warm_and_cold_sweep(&Server::start(command, &[]));
}

/// SeBS's tables in the run, with the function's exchanges put beside them, as SeBS's own host does.
fn with_the_buckets_files(run: &Path, buckets: &Path) -> std::path::PathBuf {
    let directory = run.join("invocation-overhead/payload");
    for file in fs::read_dir(buckets.join("b/o")).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), directory.join(file.file_name())).unwrap();
    }
    directory
}

#[test]
#[ignore = "needs python3"]
fn sebs_own_function_is_synchronised_once_its_exchanges_lie_beside_ours() {
    for key in ["output", "result"] {
        let (buckets, out) = (out(), out());
        let command = |port| {
            format!(
                "python3 {} {port} {key} {}",
                file("sebs.py").display(),
                buckets.path().display()
            )
        };
        let server = Server::start(command, &[]);
        let mut run = server.run_with_restarts(out.path());
        run.args(["--dialect", "text", "--request"]);
        run.arg(r#"{"bucket":{"bucket":"b","output":"o"}}"#);
        let told = run.output().unwrap();
        let told = String::from_utf8_lossy(&told.stdout);
        assert!(told.contains("unsynchronised"), "{told}\n{}", server.log());
        let run = run_directory(out.path());
        let entries = journal(&run);
        let answered = sampled(&entries);
        assert_eq!(samples(&entries).len(), 8);
        for attempt in &answered {
            assert_eq!(attempt.outcome, AttemptOutcome::Unsynchronised);
            assert_eq!(attempt.got(), attempt.purpose.asked());
            let (function, http) = (attempt.function.as_ref().unwrap(), attempt.http.unwrap());
            // The function's reading has microseconds.
            assert!((http.start - 1000..http.end).contains(&function.handler_entry));
            assert!(attempt.host_rows.len() > 5, "{}", attempt.host_rows.len());
        }

        let directory = with_the_buckets_files(&run, buckets.path());
        let (_, results) = table(&directory.join("result.csv"));
        assert_eq!(results.len(), 8);
        for row in &results {
            let id = row.last().unwrap();
            let host = table(&directory.join(format!("server-{id}.csv")));
            let of_sample = format!("results-{id}.");
            let theirs = fs::read_dir(&directory)
                .unwrap()
                .map(|file| file.unwrap().path())
                .find(|path| path.to_string_lossy().contains(&of_sample));
            let theirs = table(&theirs.unwrap());
            assert_eq!(host.0, ["id", "server_rcv", "server_send"]);
            for name in ["server_rcv", "server_send"] {
                let host = column(&host, name);
                let within = column(&theirs, "client_send");
                let until = column(&theirs, "client_rcv");
                assert_eq!(host.len(), within.len(), "a row for each exchange");
                for ((from, at), to) in within.iter().zip(&host).zip(&until) {
                    // Microseconds are lost between a double and its text.
                    assert!(from - 1e-6 <= *at && *at <= to + 1e-6, "{from} {at} {to}");
                }
            }
        }

        let task = Task {
            rules: Rules::Ours,
            out: Some(buckets.path().join("ours.csv")),
            existing: Existing::Kept,
        };
        let mut times = Vec::new();
        import::process(&directory, &task, &mut |sample, evaluation| {
            // A late reply can leave several offsets possible, since text carries no numbers; not in every sample.
            let Some(clock) = evaluation.clock.as_ref() else {
                return;
            };
            assert!(clock.offset.abs() <= clock.bound, "{}", sample.request_id);
            assert!(clock.bound < 200 * MILLISECOND, "{} ns", clock.bound);
            times.push(evaluation.time.unwrap());
        })
        .unwrap();
        assert!(!times.is_empty(), "no sample was synchronised");
        assert!(
            times.iter().all(|time| (0..30 * SECOND).contains(time)),
            "{times:?}"
        );
        println!("{key}: ns {times:?}");

        let by_sebs = Command::new("python3")
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/process_as_sebs.py"))
            .arg(&directory)
            .output()
            .unwrap();
        assert!(by_sebs.status.success(), "{by_sebs:?}");
        let lines = String::from_utf8(by_sebs.stdout).unwrap();
        assert_eq!(lines.lines().count(), 8);
        for line in lines.lines() {
            let drift: f64 = line.split(',').nth(7).unwrap().parse().unwrap();
            // One host has one clock; SeBS's own estimate has no bound, and a busy machine widens it.
            assert!(drift.abs() < 0.2, "{line}");
        }
    }
}

#[test]
#[ignore = "needs python3"]
fn a_secret_header_is_sent_and_is_on_no_disk_and_in_no_message() {
    let secret = "Bearer hunter2-and-more";
    let needs = [("NEEDS_TOKEN", secret.into()), ("ECHO", "1".into())];
    let server = Server::front(&needs);
    // The command is stored with the run, so it must not hold the secret; that it tells it must do no harm.
    let script = server.home.path().join("restart.sh");
    let restart = format!(
        "export NEEDS_TOKEN='{secret}' ECHO=1; {}; code=$?; echo now with $MY_TOKEN; exit $code",
        server.restart
    );
    fs::write(&script, &restart).unwrap();
    let failing = server.home.path().join("fail.sh");
    fs::write(&failing, "echo cannot restart with $MY_TOKEN >&2; exit 7").unwrap();
    for (format, sent, script, said) in [
        ("--plain", secret, &script, "COMPLETE"),
        ("--json", secret, &script, "measured"),
        ("--json", "Bearer wrong-hunter3", &script, "401"),
        (
            "--plain",
            "Bearer wrong-hunter3",
            &failing,
            "exit status: 7",
        ),
    ] {
        let out = out();
        let mut run = support::short_run(out.path(), 1, 1024, 1);
        run.args([format, "--platform", "endpoint", "--attempts", "2", "--url"]);
        run.arg(format!("http://127.0.0.1:{}/", server.port));
        run.env("MY_TOKEN", sent);
        run.args(["--headers", "Authorization=MY_TOKEN", "--cold-method"]);
        run.arg(format!("command:sh {}", script.display()));
        let told = format!("{:?}", run.output().unwrap());
        assert!(
            told.to_lowercase().contains(&said.to_lowercase()),
            "{told}\n{}",
            server.log()
        );
        assert!(told.contains("[hidden]"), "{told}");
        for secret in ["hunter2", "hunter3"] {
            assert!(!told.contains(secret), "{told}");
            let found = Command::new("grep")
                .args(["-r", "-l", secret])
                .arg(out.path())
                .output()
                .unwrap();
            assert_eq!(found.status.code(), Some(1), "{found:?}");
        }
    }
}

#[test]
#[ignore = "needs python3"]
fn without_a_way_to_force_it_cold_samples_are_skipped_at_once_and_warm_ones_are_measured() {
    let (server, out) = (Server::front(&[]), out());
    let output = finish(&mut server.run(out.path()), 0);
    let told = String::from_utf8_lossy(&output.stdout);
    assert_eq!(
        told.matches("every cold sample is skipped").count(),
        1,
        "{told}"
    );
    assert!(told.contains("--cold-method"), "{told}");
    let entries = journal(&run_directory(out.path()));
    assert_eq!(samples(&entries).len(), 8, "every sample has an ending");
    let records = entries
        .iter()
        .filter(|entry| matches!(entry.event, Event::KindSkipped { .. }));
    assert_eq!(records.count(), 1);
    let skipped = Board::of(&entries);
    let skipped = skipped.ended.values().filter(|ended| {
        matches!(&ended.outcome, SampleOutcome::Skipped(reason) if reason.contains("--cold-method"))
    });
    assert_eq!(skipped.count(), 4);
    let measured = sampled(&entries);
    assert_eq!(measured.len(), 4);
    for attempt in measured {
        assert_eq!(attempt.outcome, AttemptOutcome::Measured);
        assert_eq!(attempt.got(), Some(StartKind::Warm));
    }
    let mut plan = program();
    plan.args([
        "plan",
        "--platform",
        "endpoint",
        "--url",
        "http://127.0.0.1:9/",
    ]);
    let told = String::from_utf8(finish(&mut plan, 0).stdout).unwrap();
    assert!(
        told.contains("every cold sample is skipped") && told.contains("--cold-method"),
        "{told}"
    );
}

#[test]
#[ignore = "needs python3"]
fn a_webhook_forces_cold_starts() {
    let (server, out) = (Arc::new(Server::front(&[])), out());
    let restarted = server.clone();
    let port = listen(move |stream| {
        restarted.restarted();
        _ = stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n");
    });
    let mut run = server.run(out.path());
    run.args([
        "--cold-method",
        &format!("webhook:http://127.0.0.1:{port}/"),
    ]);
    finish(&mut run, 0);
    let entries = journal(&run_directory(out.path()));
    let measured = sampled(&entries);
    assert_eq!(measured.len(), 8);
    for attempt in measured {
        assert_eq!(attempt.got(), attempt.purpose.asked());
    }
}

#[test]
#[ignore = "needs python3"]
fn a_webhooks_refusal_is_told() {
    let (server, out) = (Server::front(&[]), out());
    let refusing = Server::front(&[("NEEDS_TOKEN", "x".into())]);
    let mut run = server.run(out.path());
    run.args([
        "--cold-method",
        &format!("webhook:http://127.0.0.1:{}/", refusing.port),
    ]);
    let told = format!("{:?}", run.output().unwrap());
    assert!(
        told.contains("force cold") && told.contains("HTTP 401"),
        "{told}"
    );
}

#[test]
#[ignore = "needs python3"]
fn waiting_long_enough_gives_cold_starts() {
    let (server, out) = (Server::front(&[("IDLE_COLD", "2".into())]), out());
    let mut run = server.run(out.path());
    run.args(["--payload-points", "1", "--cold-method", "idle:3s"]);
    let output = finish(&mut run, 0);
    let entries = journal(&run_directory(out.path()));
    let forced: Vec<_> = entries
        .iter()
        .filter_map(|entry| match entry.event {
            Event::ColdForced { took } => Some(took),
            _ => None,
        })
        .collect();
    assert!(
        forced.len() >= 2 && forced.iter().all(|took| *took >= 3 * SECOND),
        "{output:?}"
    );
    let of = |kind| {
        let mine = |attempt: &&&Attempt| {
            attempt.outcome == AttemptOutcome::Measured && attempt.got() == Some(kind)
        };
        sampled(&entries).iter().filter(mine).count()
    };
    assert_eq!((of(StartKind::Warm), of(StartKind::Cold)), (2, 2));
}

#[test]
fn the_plan_of_a_function_that_is_there_has_no_deployment() {
    let mut plan = program();
    plan.args([
        "plan",
        "--platform",
        "endpoint",
        "--url",
        "http://127.0.0.1:9/",
    ]);
    let output = finish(&mut plan, 0);
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(told.contains("deployments  none"), "{told}");
    assert!(
        told.contains("none of code") && !told.contains("native"),
        "{told}"
    );
}

#[test]
fn a_code_sweep_is_refused_before_anything_is_sent() {
    for command in ["run", "plan"] {
        let out = out();
        let mut refused = program();
        refused
            .arg(command)
            .args(["--platform", "endpoint", "--url", "http://127.0.0.1:9/"]);
        refused.args(["--type", "code"]).current_dir(out.path());
        let output = refused.output().unwrap();
        assert!(!output.status.success());
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(told.contains("--type payload"), "{told}");
        assert_eq!(
            fs::read_dir(out.path()).unwrap().count(),
            0,
            "nothing is left"
        );
    }
}

/// A run over HTTPS of a server whose certificate is of an authority that `SSL_CERT_FILE` names, or not.
#[cfg(feature = "tls")]
fn encrypted(trusted: bool) -> (Output, TempDir) {
    let keys = tempfile::tempdir().unwrap();
    let path = |name: &str| keys.path().join(name).display().to_string();
    for (name, subject) in [
        ("own", "/CN=the function of a test"),
        ("other", "/CN=somebody else"),
    ] {
        let made = Command::new("openssl")
            .args([
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:prime256v1",
            ])
            .args(["-nodes", "-days", "2", "-subj", subject])
            .args(["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"])
            .args(["-addext", "basicConstraints=critical,CA:FALSE"])
            .args([
                "-keyout",
                &path(&format!("{name}.key")),
                "-out",
                &path(&format!("{name}.pem")),
            ])
            .output()
            .unwrap();
        assert!(made.status.success(), "{made:?}");
    }
    let server = Server::front(&[("TLS_CERT", path("own.pem")), ("TLS_KEY", path("own.key"))]);
    let out = out();
    let mut run = server.run_with_restarts(out.path());
    run.args([
        "--url",
        &format!("https://localhost:{}/", server.port),
        "--advertise",
        "127.0.0.1",
    ]);
    run.env_remove("SSL_CERT_DIR").env(
        "SSL_CERT_FILE",
        path(if trusted { "own.pem" } else { "other.pem" }),
    );
    (run.output().unwrap(), out)
}

#[test]
#[cfg(feature = "tls")]
#[ignore = "needs openssl"]
fn https_is_spoken_and_its_handshake_counts_as_connecting() {
    let (output, out) = encrypted(true);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let entries = journal(&run_directory(out.path()));
    let measured = sampled(&entries);
    assert_eq!(measured.len(), 8);
    for attempt in measured {
        assert_eq!(attempt.outcome, AttemptOutcome::Measured);
        let http = attempt.http.as_ref().unwrap();
        assert!(0 < http.connected_after && http.connected_after < http.sent_after);
        assert!(http.sent_after < http.first_byte_after && http.first_byte_after <= http.end_after);
        println!(
            "connected {} sent {} first byte {} ns",
            http.connected_after, http.sent_after, http.first_byte_after
        );
    }
}

#[test]
#[cfg(feature = "tls")]
#[ignore = "needs openssl"]
fn a_server_of_an_unknown_authority_is_refused_with_what_to_do() {
    let (output, out) = encrypted(false);
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(
        told.contains("UnknownIssuer") && told.contains("SSL_CERT_FILE"),
        "{told}"
    );
    let entries = journal(&run_directory(out.path()));
    assert!(
        sampled(&entries)
            .iter()
            .all(|attempt| matches!(attempt.outcome, AttemptOutcome::Failed(_)))
    );
}
