//! What the tests of functions share: a client that times a call, small packages, and a look at what is left running.

use std::io::{Cursor, Write};
use std::net::{Ipv4Addr, UdpSocket};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use sebs_tui::platform::{FunctionSpec, HttpReply, Package, Platform};
use tokio::net::TcpStream;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

/// A host that sends every datagram back, as `SeBS`'s does; it ends with this value.
pub struct Echo {
    socket: Arc<UdpSocket>,
    over: Arc<AtomicBool>,
}

impl Echo {
    pub fn start() -> Self {
        let socket = Arc::new(UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap());
        let over = Arc::new(AtomicBool::new(false));
        let (echo, until) = (Arc::clone(&socket), Arc::clone(&over));
        std::thread::spawn(move || {
            let mut datagram = [0; 2048];
            while let Ok((length, from)) = echo.recv_from(&mut datagram) {
                if until.load(Ordering::Relaxed) {
                    break;
                }
                let _ = echo.send_to(&datagram[..length], from);
            }
        });
        Self { socket, over }
    }

    /// A request to exchange text with it, in `SeBS`'s form.
    pub fn invocation(&self) -> String {
        let port = self.socket.local_addr().unwrap().port();
        format!(
            r#"{{"server-address":"127.0.0.1","server-port":{port},"repetition":0,"N":2,"data":"QUJD"}}"#
        )
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        let _ = self.socket.send_to(b"", self.socket.local_addr().unwrap());
    }
}

/// A request to exchange text with a port that nobody answers at: it takes seconds.
pub fn slow_invocation() -> String {
    let silent = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = silent.local_addr().unwrap().port();
    // Kept open for the rest of the test: a closed port would be refused at once.
    std::mem::forget(silent);
    format!(r#"{{"server-address":"127.0.0.1","server-port":{port},"repetition":0,"N":2}}"#)
}

/// Whether the process exists.
pub fn is_alive(pid: &str) -> bool {
    Path::new("/proc").join(pid).exists()
}

/// Process ids of the platform's functions, of which there must be some.
pub async fn processes(platform: &impl Platform) -> Vec<String> {
    for _ in 0..100 {
        // A function can have answered before the thread that started it has noted its id.
        let processes = owned(platform, "process").await;
        if !processes.is_empty() {
            return processes;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("the platform has no process");
}

/// Names of the things of this kind that the platform owns.
pub async fn owned(platform: &impl Platform, kind: &str) -> Vec<String> {
    let owned = platform.owned().await.into_iter();
    owned
        .filter(|resource| resource.kind == kind)
        .map(|resource| resource.name)
        .collect()
}

/// An answer and how long it took.
pub struct Called {
    pub reply: HttpReply,
    pub took: Duration,
}

impl Called {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.reply
            .headers
            .iter()
            .find(|(header, _)| header == name)
            .map(|(_, value)| value.as_str())
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.reply.body).into_owned()
    }
}

/// Calls the deployed function over a new connection.
pub async fn post(platform: &impl Platform, body: impl Into<Bytes>) -> Called {
    let url = platform.endpoint().await.unwrap().url;
    let address = url
        .trim_start_matches("http://")
        .trim_end_matches('/')
        .to_owned();
    let begin = Instant::now();
    let stream = TcpStream::connect(&address).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .unwrap();
    let connection = tokio::spawn(connection);
    let request = Request::post(&url)
        .header("host", address)
        .body(Full::new(body.into()))
        .unwrap();
    let (head, body) = sender.send_request(request).await.unwrap().into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let took = begin.elapsed();
    connection.abort();
    let headers = head
        .headers
        .iter()
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
        .collect();
    Called {
        reply: HttpReply {
            status: head.status.as_u16(),
            headers,
            body,
        },
        took,
    }
}

/// Settings with a time-out that no test reaches by accident.
pub fn spec() -> FunctionSpec {
    FunctionSpec {
        name: "tested".into(),
        memory_mb: 128,
        timeout: Duration::from_secs(30),
        handler: "handler.handler".into(),
    }
}

/// A package whose `bootstrap` is this shell script.
pub fn shell(script: &str) -> Package {
    package(&[("bootstrap", format!("#!/bin/sh\n{script}\n").as_bytes())])
}

/// A package of these files, all executable.
pub fn package(files: &[(&str, &[u8])]) -> Package {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in files {
        zip.start_file(*name, SimpleFileOptions::default().unix_permissions(0o755))
            .unwrap();
        zip.write_all(content).unwrap();
    }
    Package::new(Bytes::from(zip.finish().unwrap().into_inner()))
}
