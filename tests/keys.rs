//! Skip, retry, pause and quit take effect at once, whatever the run is busy with.
//!
//! Within a second on an idle machine: each time is printed. A busy machine may take longer, but never as long as what
//! the run is busy with.

mod pty;
mod support;

use std::io::Read;
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use pty::Terminal;
use support::{program, short_run};

/// How soon a key must show; what the run is busy with lasts much longer where that can be arranged.
const SOON: Duration = Duration::from_secs(20);
/// What the run is busy with may last this long, s.
const LONG: &str = "600";

/// A run that makes large packages keeps the keys of another one waiting: one test at a time.
static ALONE: Mutex<()> = Mutex::new(());

/// Presses `keys` and insists that what is `found` is soon on the screen.
fn does_soon(terminal: &mut Terminal, keys: &str, what: &str, found: impl Fn(&str) -> bool) {
    let begun = Instant::now();
    terminal.press(keys);
    terminal.wait_until(what, found);
    let took = begun.elapsed();
    println!("{keys:?}: {what:?} after {took:?}");
    let text = terminal.text();
    assert!(took < SOON, "{keys:?}: {what:?} after {took:?}:\n{text}");
}

fn shows_soon(terminal: &mut Terminal, keys: &str, what: &str) {
    does_soon(terminal, keys, what, |text| text.contains(what));
}

/// Every key that commands the run, in a phase that lasts. A phase that ends between two keys makes a pause begin at
/// once, not when its step is given up.
fn every_command_works_in(terminal: &mut Terminal, phase: &str) {
    terminal.wait_for(phase);
    shows_soon(terminal, "s", "1 skipped");
    terminal.wait_for(phase);
    shows_soon(terminal, "t", "line ");
    shows_soon(terminal, "t", "datagrams");
    shows_soon(terminal, "r", " rep 1 again");
    shows_soon(terminal, "p", "PAUS");
    shows_soon(terminal, "p", "RUNNING");
    shows_soon(terminal, "p", "PAUS");
    shows_soon(terminal, "s", "PAUSED");
    shows_soon(terminal, "p", "RUNNING");
    terminal.wait_for(phase);
    let before = skipped(&terminal.text());
    does_soon(terminal, "S", "a size skipped", |text| {
        skipped(text) >= before + 2
    });
    terminal.wait_for(phase);
    shows_soon(terminal, "q", "Quit?");
    let begun = Instant::now();
    terminal.press("y");
    assert_eq!(terminal.end(), 3, "incomplete");
    let took = begun.elapsed();
    println!("the end after {took:?}");
    assert!(took < SOON, "the end after {took:?}");
    terminal.assert_restored();
}

/// How many samples the line of progress says were skipped.
fn skipped(text: &str) -> u32 {
    let count = |line: &str| {
        line.split_once(" skipped")?
            .0
            .rsplit(' ')
            .next()?
            .parse()
            .ok()
    };
    text.lines().find_map(count).unwrap_or_default()
}

/// A server that answers no request; every connection gets to `meet`.
fn server(meet: impl Fn(std::net::TcpStream) + Send + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    std::thread::spawn(move || listener.incoming().flatten().for_each(meet));
    port
}

/// A run of the function there.
fn endpoint_run(out: &Path, port: u16) -> Command {
    let mut run = short_run(out, 4, 20_000, 3);
    run.args(["--timeout", LONG, "--attempts", "1", "--give-up-after", "0"]);
    run.args(["--platform", "endpoint", "--url"])
        .arg(format!("http://127.0.0.1:{port}/"));
    run
}

#[test]
fn while_an_answer_is_waited_for() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let out = tempfile::tempdir().expect("a temporary directory");
    let port = server(|mut stream| {
        std::thread::spawn(move || while stream.read(&mut [0; 8192]).is_ok_and(|read| read > 0) {});
    });
    let mut run = endpoint_run(out.path(), port);
    run.args(["--cold-method", "command:true"]);
    let mut terminal = Terminal::start(&run, 40, 120);
    every_command_works_in(&mut terminal, "warming up");
}

#[test]
fn while_a_cold_start_is_forced() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let out = tempfile::tempdir().expect("a temporary directory");
    // Warm samples fail at once: the connection is closed.
    let mut run = endpoint_run(out.path(), server(drop));
    run.args(["--cold-method", &format!("command:sleep {LONG}")]);
    let mut terminal = Terminal::start(&run, 40, 120);
    every_command_works_in(&mut terminal, "forcing cold");
}

#[test]
fn while_a_large_package_is_deployed() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let out = tempfile::tempdir().expect("a temporary directory");
    let mut run = program();
    run.args(["run", "--type", "code", "--code-begin", "180000000"])
        .args(["--code-end", "200000000", "--code-points", "4"])
        .args(["--repetitions", "3", "--out", "."])
        .current_dir(out.path());
    let mut terminal = Terminal::start(&run, 40, 120);
    every_command_works_in(&mut terminal, "deploying");
}
