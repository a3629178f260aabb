//! What the tests of functions share: a client that times a call, small packages, and a look at what is left running.

use std::io::{Cursor, Write};
use std::time::{Duration, Instant};

use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use sebs_tui::platform::{FunctionSpec, HttpReply, Package, Platform};
use sha2::{Digest, Sha256};
use tokio::net::TcpStream;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

/// A request for one text exchange with a port where nobody answers.
pub const INVOCATION: &str =
    r#"{"server-address":"127.0.0.1","server-port":9,"repetition":0,"N":1,"data":"QUJD"}"#;

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
    let bytes = Bytes::from(zip.finish().unwrap().into_inner());
    let sha256 = Sha256::digest(&bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    Package { bytes, sha256 }
}
