//! The whole program against functions that somebody else deployed: real servers, over HTTP and HTTPS.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use sebs_tui::core::sample::{Attempt, AttemptOutcome, Purpose, StartKind};
use support::{
    attempts, column, finish, journal, program, run_directory, samples, short_run, table,
};
use tempfile::TempDir;

/// A server that a restart makes cold; it ends with this value.
struct Server {
    home: TempDir,
    port: u16,
    restart: String,
    variables: Vec<(&'static str, String)>,
}

impl Server {
    fn start(command: impl Fn(u16) -> String, variables: &[(&'static str, String)]) -> Self {
        let home = tempfile::tempdir().unwrap();
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let restart = format!(
            "python3 {} {} {port} {}",
            file("restart.py").display(),
            home.path().join("pid").display(),
            command(port)
        );
        let server = Self {
            home,
            port,
            restart,
            variables: variables.to_vec(),
        };
        let started = Command::new("sh")
            .args(["-c", &server.restart])
            .envs(server.variables.clone())
            .output()
            .unwrap();
        assert!(started.status.success(), "{started:?}\n{}", server.log());
        server
    }

    /// The front of our own, answering in this shape.
    fn front(shape: &str, variables: &[(&'static str, String)]) -> Self {
        let front = file("front.py").display().to_string();
        Self::start(|port| format!("python3 {front} {port} {shape}"), variables)
    }

    fn log(&self) -> String {
        fs::read_to_string(self.home.path().join("pid.log")).unwrap_or_default()
    }

    /// A short run of it.
    fn run(&self, out: &Path) -> Command {
        let mut run = short_run(out, 2, 20_000, 2);
        run.args(["--plain", "--platform", "endpoint", "--url"])
            .arg(format!("http://127.0.0.1:{}/", self.port))
            .envs(self.variables.clone());
        run
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Ok(pid) = fs::read_to_string(self.home.path().join("pid")) {
            _ = Command::new("kill")
                .args(["-9", "--", &format!("-{pid}")])
                .status();
        }
    }
}

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/endpoint")
        .join(name)
}

fn out() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn sampled(entries: &[sebs_tui::core::message::Entry]) -> Vec<&Attempt> {
    let is_sample = |attempt: &&Attempt| matches!(attempt.purpose, Purpose::Sample(_));
    attempts(entries).into_iter().filter(is_sample).collect()
}

/// A warm and cold sweep whose function is on this machine: every sample is measured and the offset is zero.
fn warm_and_cold_sweep(server: &Server) {
    let out = out();
    let mut run = server.run(out.path());
    let output = finish(
        run.args(["--cold-method", &format!("command:{}", server.restart)]),
        0,
    );
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
fn a_python_function_behind_a_web_server_is_measured_warm_and_cold() {
    warm_and_cold_sweep(&Server::front("ours", &[]));
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

#[test]
fn sebs_own_function_speaks_its_text_and_its_samples_stay_unsynchronised() {
    for shape in ["output", "result"] {
        let (server, out) = (Server::front(shape, &[]), out());
        let mut run = server.run(out.path());
        run.args([
            "--dialect",
            "text",
            "--request",
            r#"{"bucket":{"bucket":"b","output":"o"}}"#,
        ]);
        run.args(["--cold-method", &format!("command:{}", server.restart)]);
        let output = run.output().unwrap();
        let run = run_directory(out.path());
        let entries = journal(&run);
        let told = String::from_utf8_lossy(&output.stdout);
        assert!(told.contains("unsynchronised"), "{told}");
        let answered = sampled(&entries);
        assert!(!answered.is_empty());
        for attempt in answered {
            assert_eq!(
                attempt.outcome,
                AttemptOutcome::Unsynchronised,
                "{shape}\n{}",
                server.log()
            );
            let function = attempt.function.as_ref().unwrap();
            let http = attempt.http.as_ref().unwrap();
            assert_eq!(function.request_id.len(), 16);
            assert!((http.start..http.end).contains(&function.handler_entry));
            assert_eq!(attempt.got(), attempt.purpose.asked());
            let error = function.clock_error.as_deref().unwrap_or_default();
            assert!(error.contains("no exchanges"), "{error}");
        }
    }
}

#[test]
fn a_secret_header_is_sent_and_is_on_no_disk_and_in_no_message() {
    let secret = "Bearer hunter2-and-more";
    let server = Server::front("ours", &[("NEEDS_TOKEN", secret.into())]);
    for (sent, code) in [(secret, 0), ("Bearer wrong-hunter3", 1)] {
        let out = out();
        let mut run = server.run(out.path());
        run.env("MY_TOKEN", sent).env_remove("NEEDS_TOKEN");
        run.args(["--headers", "Authorization=MY_TOKEN", "--cold-method"]);
        let restart = format!(
            "command:NEEDS_TOKEN='{secret}'; export NEEDS_TOKEN; {}",
            server.restart
        );
        // The command is stored with the run, so it must not hold the secret either.
        let script = out.path().join("restart.sh");
        fs::write(&script, restart.trim_start_matches("command:")).unwrap();
        run.arg(format!("command:sh {}", script.display()));
        let output = run.output().unwrap();
        let told = format!("{output:?}");
        fs::remove_file(&script).unwrap();
        if code == 0 {
            assert_eq!(output.status.code(), Some(0), "{told}\n{}", server.log());
        } else {
            assert!(told.contains("401") && told.contains("[hidden]"), "{told}");
        }
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
fn without_a_way_to_force_it_cold_samples_fail_with_a_reason_and_warm_ones_are_measured() {
    let (server, out) = (Server::front("ours", &[]), out());
    let output = server.run(out.path()).output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(told.contains("--cold-method command"), "{told}");
    let entries = journal(&run_directory(out.path()));
    assert_eq!(samples(&entries).len(), 8, "every sample has an ending");
    let measured = sampled(&entries);
    assert_eq!(measured.len(), 4);
    for attempt in measured {
        assert_eq!(attempt.outcome, AttemptOutcome::Measured);
        assert_eq!(attempt.got(), Some(StartKind::Warm));
    }
}

#[test]
fn a_webhook_forces_a_cold_start_and_its_refusal_is_told() {
    let (server, out) = (Server::front("ours", &[]), out());
    let refusing = Server::front("ours", &[("NEEDS_TOKEN", "x".into())]);
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
    let server = Server::front(
        "ours",
        &[("TLS_CERT", path("own.pem")), ("TLS_KEY", path("own.key"))],
    );
    let out = out();
    let mut run = server.run(out.path());
    run.args([
        "--url",
        &format!("https://localhost:{}/", server.port),
        "--advertise",
        "127.0.0.1",
    ]);
    run.args(["--cold-method", &format!("command:{}", server.restart)]);
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
