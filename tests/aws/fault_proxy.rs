//! A proxy in front of the emulator that fails as AWS may and the emulator does not.
#![allow(dead_code, reason = "each test file uses a part of it")]

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What happens to a request instead of its way to the emulator and back.
#[derive(Debug, Clone, Copy)]
pub enum Fault {
    /// It is answered so: status, further header, body.
    Answer(u16, &'static str, &'static str),
    /// The connection is lost before the emulator hears of it.
    Lost,
    /// It goes its way after so long.
    Late(Duration),
    /// The emulator has done it, but its answer is lost.
    AnswerLost,
    /// The emulator has done it, but its answer breaks off.
    AnswerCut,
}

/// A fault for the next request whose head has this text, of which `…` leaves anything out.
pub type Rule = (&'static str, Fault);

/// Ends with the test program.
pub struct FaultProxy {
    port: u16,
    rules: Arc<Mutex<Vec<Rule>>>,
}

impl FaultProxy {
    pub fn start(upstream: u16, rules: &[Rule]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let rules = Arc::new(Mutex::new(rules.to_vec()));
        let served = rules.clone();
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let rules = served.clone();
                // A client that goes away is no fault of the proxy's.
                std::thread::spawn(move || drop(serve(client, upstream, &rules)));
            }
        });
        Self { port, rules }
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Every fault has happened.
    pub fn assert_used(&self) {
        let left = self.rules.lock().unwrap();
        assert!(left.is_empty(), "faults that never happened: {left:?}");
    }
}

/// One request, one answer, and the connection is closed.
fn serve(mut client: TcpStream, upstream: u16, rules: &Mutex<Vec<Rule>>) -> io::Result<()> {
    let (head, body) = request(&mut client)?;
    let fault = {
        let mut rules = rules.lock().unwrap();
        let hit = rules
            .iter()
            .position(|(text, _)| text.split('…').all(|part| head.contains(part)));
        hit.map(|index| rules.remove(index).1)
    };
    match fault {
        Some(Fault::Answer(status, header, body)) => {
            let length = body.len();
            write!(
                client,
                "HTTP/1.1 {status} Fault\r\n{header}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
            )
        }
        Some(Fault::Late(wait)) => {
            std::thread::sleep(wait);
            // As at AWS, what was asked for is done also when nobody waits for the answer any more.
            client.write_all(&forwarded(&head, &body, upstream)?)
        }
        Some(Fault::Lost) => client.shutdown(Shutdown::Both),
        Some(Fault::AnswerLost) => {
            forwarded(&head, &body, upstream)?;
            client.shutdown(Shutdown::Both)
        }
        Some(Fault::AnswerCut) => {
            let answer = forwarded(&head, &body, upstream)?;
            client.write_all(&answer[..answer.len() - 20])?;
            client.shutdown(Shutdown::Both)
        }
        None => client.write_all(&forwarded(&head, &body, upstream)?),
    }
}

fn request(client: &mut TcpStream) -> io::Result<(String, Vec<u8>)> {
    let mut read = Vec::new();
    let mut piece = [0; 8192];
    loop {
        if let Some(end) = read.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&read[..end]).into_owned();
            let length = head
                .lines()
                .filter_map(|line| line.split_once(": "))
                .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
                .map_or(0, |(_, value)| value.parse().unwrap());
            let mut body = read.split_off(end + 4);
            while body.len() < length {
                let count = client.read(&mut piece)?;
                if count == 0 {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
                body.extend_from_slice(&piece[..count]);
            }
            return Ok((head, body));
        }
        let count = client.read(&mut piece)?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        read.extend_from_slice(&piece[..count]);
    }
}

fn forwarded(head: &str, body: &[u8], upstream: u16) -> io::Result<Vec<u8>> {
    let mut server = TcpStream::connect(("127.0.0.1", upstream))?;
    let kept = head
        .lines()
        .filter(|line| !line.to_ascii_lowercase().starts_with("connection:"));
    let kept: Vec<&str> = kept.collect();
    write!(server, "{}\r\nconnection: close\r\n\r\n", kept.join("\r\n"))?;
    server.write_all(body)?;
    let mut answer = Vec::new();
    server.read_to_end(&mut answer)?;
    Ok(answer)
}
