//! A process in an engine's place: it says who it is, and has nothing.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

/// It serves until the test's process ends.
pub struct FakeEngine {
    socket: PathBuf,
    asked: Arc<Mutex<Vec<String>>>,
}

impl FakeEngine {
    /// Listens in this directory, and calls itself so. It hangs up on who wants something made.
    pub fn start(directory: &Path, number: &'static str) -> Self {
        let socket = directory.join(format!("{number}.sock"));
        let listener = UnixListener::bind(&socket).unwrap();
        let asked = Arc::<Mutex<Vec<String>>>::default();
        let heard = Arc::clone(&asked);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let heard = Arc::clone(&heard);
                std::thread::spawn(move || serve(stream, number, &heard));
            }
        });
        Self { socket, asked }
    }

    /// As `DOCKER_HOST` names it.
    pub fn address(&self) -> String {
        format!("unix://{}", self.socket.display())
    }

    /// What it was asked to remove, in turn.
    pub fn removals(&self) -> Vec<String> {
        let asked = self.asked.lock().unwrap();
        let removed = asked.iter().filter_map(|line| {
            let path = line.strip_prefix("DELETE ")?.split(['?', ' ']).next()?;
            Some(path.rsplit('/').next()?.to_owned())
        });
        removed.collect()
    }
}

fn serve(stream: UnixStream, number: &str, heard: &Mutex<Vec<String>>) -> Option<()> {
    let mut reader = BufReader::new(stream);
    loop {
        let mut first = String::new();
        reader.read_line(&mut first).ok()?;
        let (mut line, mut length) = (String::new(), 0);
        while line != "\r\n" {
            line.clear();
            if reader.read_line(&mut line).ok()? == 0 {
                return None;
            }
            if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
        }
        reader.read_exact(&mut vec![0; length]).ok()?;
        heard.lock().unwrap().push(first.clone());
        let (status, body) = if first.starts_with("POST") {
            return None;
        } else if first.contains("/version") {
            let version =
                r#"{"Version": "0", "ApiVersion": "1.44", "Os": "linux", "Arch": "arm64"}"#;
            ("200 OK", version.to_owned())
        } else if first.contains("/info") {
            ("200 OK", format!(r#"{{"ID": "{number}"}}"#))
        } else if first.contains("/json") && !first.contains("/networks") {
            ("200 OK", "[]".into())
        } else {
            ("404 Not Found", r#"{"message": "nothing here"}"#.into())
        };
        let header = format!("HTTP/1.1 {status}\r\nContent-Type: application/json\r\n");
        let answer = format!("{header}Content-Length: {}\r\n\r\n{body}", body.len());
        reader.get_mut().write_all(answer.as_bytes()).ok()?;
    }
}
