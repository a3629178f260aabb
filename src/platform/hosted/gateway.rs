//! The HTTP trigger: a POST is an invocation, its body the event, the answer the function's own.

use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use hyper::body::{Bytes, Incoming};
use hyper::header::HeaderValue;
use hyper::{Method, Request, StatusCode};

use super::fault::Fault;
use super::fleet::Fleet;
use super::http::{self, Answer, Server};

/// Carries the request id in every answer, as AWS names it.
const REQUEST_ID: &str = "x-amzn-requestid";
/// Longest silence on a connection between two requests.
const IDLE_MOST: Duration = Duration::from_secs(30);

/// Serves the fleet's function on a loopback port.
pub fn start(fleet: &Arc<Fleet>) -> io::Result<Server> {
    let fleet = Arc::clone(fleet);
    Server::start(
        Ipv4Addr::LOCALHOST.into(),
        Some(IDLE_MOST),
        move |request| trigger(Arc::clone(&fleet), request),
    )
}

async fn trigger(fleet: Arc<Fleet>, request: Request<Incoming>) -> Answer {
    let request_id = new_request_id();
    let result = match event(request).await {
        Ok(event) => invoke(fleet, request_id.clone(), event).await,
        Err(fault) => Err(fault),
    };
    let mut answer = match result {
        Ok(body) => http::json(StatusCode::OK, body),
        Err(fault) => http::json(fault.status(), fault.body(&request_id)),
    };
    answer.headers_mut().insert(
        REQUEST_ID,
        HeaderValue::from_str(&request_id).expect("hex and hyphens"),
    );
    answer
}

async fn event(request: Request<Incoming>) -> Result<Bytes, Fault> {
    if request.method() != Method::POST {
        let why = format!("an invocation is a POST, not a {}", request.method());
        return Err(Fault::Request(StatusCode::METHOD_NOT_ALLOWED, why));
    }
    http::body(request)
        .await
        .map_err(|(status, why)| Fault::Request(status, why))
}

/// Runs the invocation in a task of its own: it goes on to its end when the caller hangs up.
async fn invoke(fleet: Arc<Fleet>, request_id: String, event: Bytes) -> Result<Bytes, Fault> {
    let invocation = tokio::spawn(async move { fleet.invoke(&request_id, event).await });
    invocation
        .await
        .unwrap_or_else(|error| Err(Fault::Host(format!("the invocation was given up: {error}"))))
}

/// A random UUID (RFC 9562, version 4).
fn new_request_id() -> String {
    let bits = rand::random::<u128>();
    let (version, variant) = (0x4, 0x8 | (bits >> 62 & 0x3));
    format!(
        "{:08x}-{:04x}-{version:x}{:03x}-{variant:x}{:03x}-{:012x}",
        bits >> 96,
        bits >> 80 & 0xffff,
        bits >> 64 & 0xfff,
        bits >> 48 & 0xfff,
        bits & 0xffff_ffff_ffff
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn request_ids_are_uuids_and_differ() {
        let id = new_request_id();
        let parts: Vec<usize> = id.split('-').map(str::len).collect();
        assert_eq!(parts, [8, 4, 4, 4, 12], "{id}");
        assert!(
            id.as_bytes()[14] == b'4' && b"89ab".contains(&id.as_bytes()[19]),
            "{id}"
        );
        assert_ne!(id, new_request_id());
    }
}
