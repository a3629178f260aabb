//! Round trips of 108 bytes through several echoes, both ends on one core, in interleaved rounds of one run:
//! `cargo bench --bench ping`.
//!
//! Unpinned round trips differ by ten times with where the two ends happen to sleep: never compare those.

#![allow(
    clippy::unwrap_used,
    reason = "a benchmark that cannot go on should say where"
)]

#[path = "../tests/clock_support/mod.rs"]
mod clock_support;
#[path = "../tests/fake_run/mod.rs"]
mod fake_run;

use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, UdpSocket};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use jiff::tz::TimeZone;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use sebs_tui::core::contract::StampKind;
use sebs_tui::core::live::Live;
use sebs_tui::core::sample::{StartKind, Token};
use sebs_tui::core::stamp::{DATAGRAM, Extension, Probe};
use sebs_tui::driver::echo::{Echo, Identity, SessionSpec};
use sebs_tui::screen::draw::{Scene, draw};
use sebs_tui::screen::glyphs::GlyphSet;
use sebs_tui::screen::theme::{Palette, Theme};
use sebs_tui::screen::view::View;

const ROUNDS: usize = 10;
const WARM_UP: u32 = 2_000;
const PINGS: u32 = 20_000;
/// Sessions whose clock error is looked at while a dashboard is drawn.
const SESSIONS: u32 = 300;
/// Ten frames a second, as the program draws at most.
const BETWEEN_FRAMES: Duration = Duration::from_millis(100);

/// Median and 99th percentile of one round, us.
type Round = (f64, f64);

/// A name and how to run one round.
type Contestant = (&'static str, Box<dyn Fn() -> Round>);

fn main() {
    pin_to_one_core();
    let has_python = is_there("python3");
    let contestants: Vec<Contestant> = [
        Some((
            "sockperf, both ends",
            Box::new(sockperf) as Box<dyn Fn() -> Round>,
        ))
        .filter(|_| is_there("sockperf")),
        Some(("bare recv and send", Box::new(bare) as _)),
        Some((
            "our echo, kernel stamps",
            Box::new(|| ours(StampKind::Kernel)) as _,
        )),
        Some((
            "our echo, while drawing",
            Box::new(|| {
                let _screen = Drawing::start();
                ours(StampKind::Kernel)
            }) as _,
        )),
        Some((
            "our echo, user stamps",
            Box::new(|| ours(StampKind::User)) as _,
        )),
        Some(("Python echo", Box::new(python) as _)).filter(|_| has_python),
        Some(("Python, both ends", Box::new(python_both_ends) as _)).filter(|_| has_python),
    ]
    .into_iter()
    .flatten()
    .collect();
    let mut rounds: Vec<Vec<Round>> = vec![Vec::new(); contestants.len()];
    for _ in 0..ROUNDS {
        for ((_, contestant), rounds) in contestants.iter().zip(&mut rounds) {
            rounds.push(contestant());
        }
    }
    println!("{ROUNDS} rounds of {PINGS} round trips, one core; medians over rounds");
    println!(
        "{:<24} {:>8} {:>8} {:>16}",
        "", "p50 us", "p99 us", "p50 / the first"
    );
    for ((name, _), own) in contestants.iter().zip(&rounds) {
        let p50 = median(own.iter().map(|round| round.0));
        let p99 = median(own.iter().map(|round| round.1));
        let ratio = ratio(own, &rounds[0]);
        println!("{name:<24} {p50:>8.2} {p99:>8.2} {ratio:>16.2}");
    }
    let of = |name: &str| {
        contestants
            .iter()
            .position(|(other, _)| other.starts_with(name))
            .map(|index| &rounds[index])
    };
    let ours = of("our echo, kernel").unwrap();
    if let Some(sockperf) = of("sockperf") {
        verdict(
            "our echo / sockperf, at most 1.2",
            ratio(ours, sockperf),
            |ratio| ratio <= 1.2,
        );
    }
    verdict(
        "while drawing / without, at most 1.1",
        ratio(of("our echo, while").unwrap(), ours),
        |ratio| ratio <= 1.1,
    );
    verdict(
        "kernel-stamped clock error while drawing, p99 us, at most 0.15",
        error_while_drawing(),
        |error| error <= 0.15,
    );
    if let Some(python) = of("Python, both") {
        verdict(
            "Python both ends, as in SeBS / our echo, at least 1.7",
            ratio(python, ours),
            |ratio| ratio >= 1.7,
        );
    }
}

fn verdict(goal: &str, value: f64, is_met: fn(f64) -> bool) {
    println!(
        "{goal}: {value:.2}, {}",
        if is_met(value) { "met" } else { "MISSED" }
    );
}

/// Median over rounds of the ratio within each round, as a busy machine slows a whole round.
fn ratio(one: &[Round], other: &[Round]) -> f64 {
    median(one.iter().zip(other).map(|(one, other)| one.0 / other.0))
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Threads and processes started later inherit it.
fn pin_to_one_core() {
    // SAFETY: all-zero bytes are an empty set; the macros and the call get its address and size.
    let status = unsafe {
        let mut set: libc::cpu_set_t = std::mem::zeroed();
        libc::CPU_SET(0, &mut set);
        libc::sched_setaffinity(0, size_of::<libc::cpu_set_t>(), &raw const set)
    };
    assert_eq!(
        status,
        0,
        "core 0 is not ours to use: {}",
        std::io::Error::last_os_error()
    );
}

fn is_there(program: &str) -> bool {
    let found = Command::new(program)
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok();
    if !found {
        println!("{program} is not installed: left out");
    }
    found
}

/// The same client for every echo but sockperf's, which brings its own.
fn ping(echo: SocketAddr, datagram: impl Fn(u32) -> [u8; DATAGRAM]) -> Round {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket
        .set_read_timeout(Some(Duration::from_secs(2)))
        .unwrap();
    let mut buffer = [0; 256];
    let mut times: Vec<u64> = Vec::with_capacity(PINGS as usize);
    for number in 0..WARM_UP + PINGS {
        let datagram = datagram(number);
        let start = Instant::now();
        socket.send_to(&datagram, echo).unwrap();
        let (length, _) = socket.recv_from(&mut buffer).unwrap();
        let took = start.elapsed();
        assert_eq!(length, DATAGRAM);
        if number >= WARM_UP {
            times.push(took.as_nanos() as u64);
        }
    }
    times.sort_unstable();
    let at = |q: usize| times[times.len() * q / 100] as f64 / 1e3;
    (at(50), at(99))
}

fn bare() -> Round {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    let echo = std::thread::spawn(move || {
        let mut buffer = [0; 2048];
        loop {
            let (length, source) = socket.recv_from(&mut buffer).unwrap();
            if length == 0 {
                return;
            }
            socket.send_to(&buffer[..length], source).unwrap();
        }
    });
    let round = ping(address, |_| [1; DATAGRAM]);
    UdpSocket::bind("127.0.0.1:0")
        .unwrap()
        .send_to(&[], address)
        .unwrap();
    echo.join().unwrap();
    round
}

fn ours(best: StampKind) -> Round {
    let echo =
        Echo::start_at_most(([127, 0, 0, 1], 0).into(), Arc::new(Live::default()), best).unwrap();
    let token = Token(rand::random());
    let live = Arc::new(Live::default());
    let spec = SessionSpec {
        token,
        identity: Identity::Token,
        live,
        capacity: WARM_UP + PINGS,
    };
    let session = echo.open(spec).unwrap();
    let extension = Extension {
        token,
        end: false,
        completed: None,
        answered: 0,
    };
    let round = ping(echo.local_addr(), |sequence| {
        Probe {
            sequence,
            session,
            t1: 1,
            extension,
        }
        .encode()
    });
    let record = echo.close(session).unwrap();
    assert_eq!(record.packets.received, WARM_UP + PINGS);
    let has_stamp =
        |row: &sebs_tui::core::exchange::HostRow| row.t3.is_some_and(|t3| t3.1.is_some());
    assert_eq!(record.rows.iter().any(has_stamp), best == StampKind::Kernel);
    round
}

/// A dashboard of 220x60, drawn ten times a second by a thread of its own.
struct Drawing {
    is_over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Drawing {
    fn start() -> Self {
        let is_over = Arc::new(AtomicBool::new(false));
        let told = is_over.clone();
        let thread = std::thread::spawn(move || {
            let run = fake_run::until(StartKind::Cold, 6, 30);
            let board = run.board();
            let (theme, view) = (Theme::new(Palette::Colour, GlyphSet::Utf8), View::default());
            let mut terminal = Terminal::new(TestBackend::new(220, 60)).unwrap();
            let mut number = 0;
            while !told.load(Relaxed) {
                let live = fake_run::exchanging(number, (number / 40, 0));
                let scene = Scene {
                    board: &board,
                    live: &live,
                    attempt: Ok(None),
                    typical: None,
                    directory: "results/20260314T120000-local-payload",
                    view: &view,
                    theme: &theme,
                    now: run.now(),
                    zone: &TimeZone::UTC,
                };
                terminal.draw(|frame| draw(frame, &scene)).unwrap();
                number += 1;
                std::thread::sleep(BETWEEN_FRAMES);
            }
        });
        Self {
            is_over,
            thread: Some(thread),
        }
    }
}

impl Drop for Drawing {
    fn drop(&mut self) {
        self.is_over.store(true, Relaxed);
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

/// 99th percentile of the offset's error, us; both ends read one clock, so the truth is 0.
fn error_while_drawing() -> f64 {
    let _screen = Drawing::start();
    let (echo, _) = clock_support::echo(StampKind::Kernel);
    let mut errors: Vec<i64> = (0..SESSIONS)
        .map(|_| clock_support::run(&echo, &clock_support::Wish::default()).error())
        .collect();
    errors.sort_unstable();
    errors[errors.len() * 99 / 100] as f64 / 1e3
}

/// A process that ends with the round.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// An echo that stamps and decodes what it receives, as SeBS's host does, and prints its port.
const PYTHON_ECHO: &str = "
import socket
from datetime import datetime
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(('127.0.0.1', 0))
print(s.getsockname()[1], flush=True)
rows = []
while True:
    data, address = s.recvfrom(2048)
    received = datetime.now().timestamp()
    name = data.decode()
    sent = datetime.now().timestamp()
    s.sendto(data, address)
    rows.append([name, received, sent])
";

/// The other end, which stamps likewise; its arguments are the port and the numbers of round trips.
const PYTHON_PING: &str = "
import socket, sys, time
from datetime import datetime
port, warm_up, pings, size = map(int, sys.argv[1:])
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
message = b'1' * size
times = []
for number in range(warm_up + pings):
    begin = time.perf_counter_ns()
    sent = datetime.now().timestamp()
    s.sendto(message, ('127.0.0.1', port))
    data, address = s.recvfrom(2048)
    received = datetime.now().timestamp()
    if number >= warm_up:
        times.append(time.perf_counter_ns() - begin)
times.sort()
print(times[len(times) // 2], times[len(times) * 99 // 100])
";

/// The running echo and its port.
fn python_echo() -> (Server, u16) {
    let child = Command::new("python3")
        .args(["-c", PYTHON_ECHO])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut server = Server(child);
    let mut port = String::new();
    BufReader::new(server.0.stdout.take().unwrap())
        .read_line(&mut port)
        .unwrap();
    (server, port.trim().parse().unwrap())
}

fn python() -> Round {
    let (_server, port) = python_echo();
    ping(([127, 0, 0, 1], port).into(), |_| [b'1'; DATAGRAM])
}

fn python_both_ends() -> Round {
    let (_server, port) = python_echo();
    let numbers =
        [u32::from(port), WARM_UP, PINGS, DATAGRAM as u32].map(|number| number.to_string());
    let output = Command::new("python3")
        .args(["-c", PYTHON_PING])
        .args(numbers)
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let mut nanos = text
        .split_whitespace()
        .map(|value| value.parse::<f64>().unwrap() / 1e3);
    (nanos.next().unwrap(), nanos.next().unwrap())
}

fn sockperf() -> Round {
    // A port that was free a moment ago.
    let port = UdpSocket::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
        .to_string();
    let endpoint = ["-i", "127.0.0.1", "-p", &port];
    let child = Command::new("sockperf")
        .arg("server")
        .args(endpoint)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let _server = Server(child.unwrap());
    std::thread::sleep(Duration::from_millis(200));
    let size = DATAGRAM.to_string();
    let client = ["ping-pong", "-t", "1", "-m", &size, "--full-rtt"];
    let output = Command::new("sockperf")
        .args(client)
        .args(endpoint)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let percentile = |which: &str| {
        let line = text
            .lines()
            .find(|line| line.contains(which))
            .unwrap_or_else(|| panic!("no {which} in {text}"));
        line.rsplit('=')
            .next()
            .and_then(|value| value.trim().parse().ok())
            .unwrap()
    };
    (
        percentile("percentile 50.000"),
        percentile("percentile 99.000"),
    )
}
