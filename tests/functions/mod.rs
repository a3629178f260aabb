//! What the tests of functions share: a client that times a call, small packages, and a look at what is left running.

use std::collections::BTreeSet;
use std::io::{Cursor, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use sebs_tui::core::contract::{Carrier, ClockRequest, ClockShift, Dialect, Invocation, Reply};
use sebs_tui::core::exchange::join;
use sebs_tui::core::live::Live;
use sebs_tui::core::offset::{ClockEstimate, estimate};
use sebs_tui::core::sample::{PacketCounts, Token};
use sebs_tui::core::text::TextIdentity;
use sebs_tui::core::time::{MILLISECOND, Nanos, SECOND};
use sebs_tui::driver::echo;
use sebs_tui::net;
use sebs_tui::platform::{FunctionSpec, HttpReply, Package, Platform};
use tokio::net::TcpStream;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

/// A host that sends every datagram back, as `SeBS`'s does; it ends with this value.
pub struct Echo {
    socket: Arc<UdpSocket>,
    over: Arc<AtomicBool>,
    sources: Arc<Mutex<BTreeSet<IpAddr>>>,
}

impl Echo {
    pub fn start() -> Self {
        Self::at(Ipv4Addr::LOCALHOST.into())
    }

    /// At this address of this machine.
    pub fn at(address: IpAddr) -> Self {
        let socket = Arc::new(UdpSocket::bind((address, 0)).unwrap());
        let (over, sources) = (Arc::<AtomicBool>::default(), Arc::default());
        let (echo, until) = (Arc::clone(&socket), Arc::clone(&over));
        let seen: Arc<Mutex<BTreeSet<IpAddr>>> = Arc::clone(&sources);
        std::thread::spawn(move || {
            let mut datagram = [0; 2048];
            while let Ok((length, from)) = echo.recv_from(&mut datagram) {
                if until.load(Ordering::Relaxed) {
                    break;
                }
                seen.lock().unwrap().insert(from.ip());
                let _ = echo.send_to(&datagram[..length], from);
            }
        });
        Self {
            socket,
            over,
            sources,
        }
    }

    /// Where datagrams came from.
    pub fn sources(&self) -> BTreeSet<IpAddr> {
        self.sources.lock().unwrap().clone()
    }

    /// A request to exchange text with it, in `SeBS`'s form.
    pub fn invocation(&self) -> String {
        let here = self.socket.local_addr().unwrap();
        let (address, port) = (here.ip(), here.port());
        format!(
            r#"{{"server-address":"{address}","server-port":{port},"repetition":0,"N":2,"data":"QUJD"}}"#
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
    let silent = loopback();
    let body = invocation_to(&silent);
    // Kept open for the rest of the test: a closed port would be refused at once.
    std::mem::forget(silent);
    body
}

fn invocation_to(host: &UdpSocket) -> String {
    let port = host.local_addr().unwrap().port();
    format!(r#"{{"server-address":"127.0.0.1","server-port":{port},"repetition":0,"N":2}}"#)
}

/// A slow invocation, and a wait until its function is at it: until it has sent a datagram.
pub fn slow_invocation_under_way() -> (String, impl Future<Output = ()>) {
    let silent = loopback();
    silent
        .set_read_timeout(Some(Duration::from_secs(60)))
        .unwrap();
    let body = invocation_to(&silent);
    let under_way = async {
        let waiting = tokio::task::spawn_blocking(move || {
            silent.recv(&mut [0; 100]).unwrap();
            // Kept open for the rest of the test: a closed port would be refused at once.
            std::mem::forget(silent);
        });
        waiting.await.unwrap();
    };
    (body, under_way)
}

/// Whether the process exists.
pub fn is_alive(pid: &str) -> bool {
    Path::new("/proc").join(pid).exists()
}

/// Process ids of the platform's functions, of which there must be some.
pub async fn processes(platform: &impl Platform) -> Vec<String> {
    for _ in 0..6000 {
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

/// Whether the platform's own record has this request as a cold start.
pub async fn recorded_cold(platform: &impl Platform, request_id: &str) -> Option<bool> {
    let reply = HttpReply {
        status: 200,
        headers: Vec::new(),
        body: Bytes::new(),
    };
    platform.record(request_id, &reply).await.cold
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
    let url = platform.endpoint(&Bytes::new()).await.unwrap().url;
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

/// A clock exchange of a deployed function with a host of ours, and the error that was put on the function's clock.
pub struct Clocked {
    pub reply: Reply,
    pub packets: PacketCounts,
    pub estimate: Option<ClockEstimate>,
    pub truth: Nanos,
    pub ended: bool,
}

impl Clocked {
    pub fn error(&self) -> Nanos {
        (self.estimate.unwrap().offset - self.truth).abs()
    }

    /// The published bound holds the truth. In text, whose datagrams carry no numbers, a late reply can leave several
    /// offsets possible: then nothing is published.
    pub fn assert_bound_holds(&self) {
        let Some(estimate) = self.estimate else {
            assert_eq!(
                self.reply.clock.proto,
                Dialect::Text,
                "there is no estimate"
            );
            return;
        };
        assert!(!estimate.clock_step, "{estimate:?}");
        assert!(
            self.error() <= estimate.bound,
            "truth {} is outside of {estimate:?}",
            self.truth
        );
    }
}

/// An exchange as most tests want it: one probe under way, no error on the clock.
pub fn request(proto: Dialect) -> ClockRequest {
    ClockRequest {
        proto,
        token: Token(rand::random()),
        session: 0,
        max_exchanges: 1000,
        in_flight: 1,
        pace: MILLISECOND,
        budget: 10 * SECOND,
        shift: None,
    }
}

/// Half a second ahead and 50 ppm too fast, from now on.
pub fn half_a_second_and_50_ppm() -> ClockShift {
    ClockShift {
        offset: SECOND / 2,
        rate_ppm: 50.0,
        since: net::wall_clock(),
    }
}

/// A host of ours on loopback.
pub fn host() -> echo::Echo {
    echo::Echo::start(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), Arc::default()).unwrap()
}

/// Invokes the function for an exchange with `host`, whose port it is told is `port`.
pub async fn clocked(
    platform: &impl Platform,
    host: &echo::Echo,
    port: u16,
    clock: ClockRequest,
) -> Clocked {
    let token = clock.token;
    let identity = match clock.proto {
        Dialect::Stamp => echo::Identity::Token,
        Dialect::Text => echo::Identity::Text(TextIdentity::Exactly(token)),
    };
    let spec = echo::SessionSpec {
        token,
        identity,
        live: Arc::new(Live::default()),
        capacity: 1000,
    };
    let session = host.open(spec).unwrap();
    let clock = ClockRequest { session, ..clock };
    let shift = clock.shift;
    let invocation = Invocation {
        server_address: Ipv4Addr::LOCALHOST.to_string(),
        server_port: port,
        repetition: 0,
        n: 20,
        sync: Carrier::Udp,
        clock: Some(clock),
    };
    let called = post(platform, serde_json::to_vec(&invocation).unwrap()).await;
    let reply = platform.decode(&called.reply).unwrap();
    let record = host.close(session).unwrap();
    let (exchanges, packets) = join(&record, &reply.clock);
    let estimate = estimate(&exchanges, reply.handler_entry);
    // The function's reading is the true time with the shift on it; a few ns are lost in turning it back.
    let truth = shift.map_or(0, |shift| {
        let unshifted = reply.handler_entry - shift.offset;
        shift.apply(unshifted) - unshifted
    });
    Clocked {
        reply,
        packets,
        estimate,
        truth,
        ended: record.ended,
    }
}

/// A way to a host that loses every fifth datagram in each direction and doubles every seventh; it ends with the
/// test's process.
pub fn lossy_way_to(host: SocketAddr) -> u16 {
    let (near, far) = (Arc::new(loopback()), Arc::new(loopback()));
    let port = near.local_addr().unwrap().port();
    let function = Arc::new(Mutex::new(None));
    let (inward, outward, source) = (Arc::clone(&near), Arc::clone(&far), Arc::clone(&function));
    std::thread::spawn(move || {
        relay(&inward, |datagram, from| {
            *source.lock().unwrap() = Some(from);
            outward.send_to(datagram, host).unwrap();
        });
    });
    std::thread::spawn(move || {
        relay(&far, |datagram, _| {
            if let Some(function) = *function.lock().unwrap() {
                near.send_to(datagram, function).unwrap();
            }
        });
    });
    port
}

fn loopback() -> UdpSocket {
    UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap()
}

fn relay(from: &UdpSocket, forward: impl Fn(&[u8], SocketAddr)) {
    let mut datagram = [0; 2048];
    for number in 1_u64.. {
        let Ok((length, source)) = from.recv_from(&mut datagram) else {
            return;
        };
        let copies = if number % 5 == 0 {
            0
        } else {
            1 + u64::from(number % 7 == 0)
        };
        for _ in 0..copies {
            forward(&datagram[..length], source);
        }
    }
}
