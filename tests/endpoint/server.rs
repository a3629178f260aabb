//! Functions that somebody else deployed: web servers on this machine.
#![allow(dead_code, reason = "each test file uses a part of it")]

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::thread;

use tempfile::TempDir;

use super::support::short_run;

/// A server that a restart makes cold; it ends with this value.
pub struct Server {
    pub home: TempDir,
    pub port: u16,
    /// The shell's command that restarts it.
    pub restart: String,
    variables: Vec<(&'static str, String)>,
}

impl Server {
    /// One that this command starts at a port.
    pub fn start(command: impl Fn(u16) -> String, variables: &[(&'static str, String)]) -> Self {
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
        server.restarted();
        server
    }

    /// Our Python function behind a web server with these options.
    pub fn front(variables: &[(&'static str, String)]) -> Self {
        let front = file("front.py").display().to_string();
        Self::start(|port| format!("python3 {front} {port}"), variables)
    }

    pub fn restarted(&self) {
        let started = Command::new("sh")
            .args(["-c", &self.restart])
            .envs(self.variables.clone())
            .output()
            .unwrap();
        assert!(started.status.success(), "{started:?}\n{}", self.log());
    }

    pub fn log(&self) -> String {
        fs::read_to_string(self.home.path().join("pid.log")).unwrap_or_default()
    }

    /// A short run of it: two sizes, two repetitions.
    pub fn run(&self, out: &Path) -> Command {
        let mut run = short_run(out, 2, 20_000, 2);
        run.args(["--plain", "--platform", "endpoint", "--url"])
            .arg(format!("http://127.0.0.1:{}/", self.port))
            .envs(self.variables.clone());
        run
    }

    /// The same with a restart before each cold sample.
    pub fn run_with_restarts(&self, out: &Path) -> Command {
        let mut run = self.run(out);
        run.args(["--cold-method", &format!("command:{}", self.restart)]);
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

/// A file beside this one.
pub fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/endpoint")
        .join(name)
}

pub fn out() -> TempDir {
    tempfile::tempdir().unwrap()
}

/// Listens as long as this process lives: reads each request whole and lets `answer` do the rest. Returns its port.
pub fn listen(answer: impl Fn(&mut TcpStream) + Send + Sync + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let answer = Arc::new(answer);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (answer, mut stream) = (answer.clone(), stream.unwrap());
            thread::spawn(move || {
                read_request(&mut stream);
                answer(&mut stream);
            });
        }
    });
    port
}

fn read_request(stream: &mut TcpStream) {
    let (mut request, mut part) = (Vec::new(), [0; 65_536]);
    loop {
        let text = String::from_utf8_lossy(&request).to_lowercase();
        if let Some(end) = text.find("\r\n\r\n") {
            let length = text.split("content-length: ").nth(1);
            let length: usize = length.map_or(0, |rest| {
                rest.lines().next().unwrap().trim().parse().unwrap()
            });
            if request.len() >= end + 4 + length {
                return;
            }
        }
        match stream.read(&mut part) {
            Ok(0) | Err(_) => return,
            Ok(count) => request.extend(&part[..count]),
        }
    }
}

/// Listens and answers every request with this text.
pub fn answering(text: &'static str) -> u16 {
    listen(move |stream| _ = stream.write_all(text.as_bytes()))
}
