//! The dashboard over a slow AWS: what is being done is seen as it happens, and keys take effect within a second.
#![cfg(feature = "aws")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod pty;
mod support;

#[path = "aws/emulator.rs"]
mod emulator;
#[path = "aws/fault_proxy.rs"]
mod fault_proxy;

use std::net::UdpSocket;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use emulator::Emulator;
use fault_proxy::{Fault, FaultProxy};
use pty::Terminal;
use support::short_run;

/// How long a slow answer takes.
const SLOW: Duration = Duration::from_secs(5);
/// A key has had its effect by then: within a second on an idle machine, and each time is printed.
const SOON: Duration = Duration::from_secs(4);

/// One size, three repetitions of each kind.
fn run(out: &Path, url: &str) -> Command {
    let mut run = short_run(out, 1, 1024, 3);
    run.args(["--platform", "aws", "--endpoint-url", url]);
    run
}

fn terminal(run: &Command, out: &Path) -> Terminal {
    terminal_of(run, out, (40, 120))
}

fn terminal_of(run: &Command, out: &Path, (rows, columns): (u16, u16)) -> Terminal {
    let state = out.join("state");
    let mut surroundings = emulator::VARIABLES.to_vec();
    surroundings.push(("XDG_STATE_HOME", state.to_str().unwrap()));
    Terminal::start_with(run, rows, columns, &surroundings)
}

/// Presses keys and sees the effect soon.
fn press(terminal: &mut Terminal, keys: &str, effect: &str) {
    let begun = Instant::now();
    terminal.press(keys);
    terminal.wait_for(effect);
    let took = begun.elapsed();
    println!("{keys:?}: {effect:?} after {took:?}");
    assert!(took < SOON, "{keys:?} took {took:?}:\n{}", terminal.text());
}

/// Every key in a phase that lasts, and quitting in it; nothing is left when the program has ended.
fn interfere(terminal: &mut Terminal, phase: &str, kind: &str, emulator: &Emulator) {
    terminal.wait_until(phase, |text| {
        text.contains(phase) && text.contains(kind) && text.contains("rep 1 of 3")
    });
    press(terminal, "p", "PAUSING");
    press(terminal, "p", "RUNNING");
    press(terminal, "s", "rep 2 of 3");
    press(
        terminal,
        "r",
        &format!("taking {} rep 1 again", kind.to_lowercase()),
    );
    terminal.press("q");
    terminal.wait_until("the question", |text| text.to_lowercase().contains("quit"));
    let begun = Instant::now();
    terminal.press("y");
    // A step that is given up at once leaves no time to see that the run is stopping.
    while terminal.parser.screen().alternate_screen()
        && !["STOPPING", "INCOMPLETE"]
            .map(|word| terminal.text().contains(word))
            .contains(&true)
    {
        assert!(begun.elapsed() < SOON, "not quit:\n{}", terminal.text());
        std::thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(terminal.end(), 3, "incomplete:\n{}", terminal.text());
    terminal.assert_restored();
    emulator.assert_empty();
    // What was given up is not done later, either.
    std::thread::sleep(SLOW);
    emulator.assert_empty();
}

#[test]
#[ignore = "needs MiniStack"]
fn keys_work_while_the_function_is_sent() {
    let emulator = Emulator::start();
    let create = ("POST /2015-03-31/functions HTTP", Fault::Late(SLOW));
    let proxy = FaultProxy::start(emulator.port(), &[create]);
    let out = tempfile::tempdir().unwrap();
    let mut terminal = terminal(&run(out.path(), &proxy.url()), out.path());
    terminal.wait_until("what is being done", |text| {
        text.contains("deploying") && text.contains("uploading")
    });
    interfere(&mut terminal, "deploying", "WARM", &emulator);
    proxy.assert_used();
}

#[test]
#[ignore = "needs MiniStack"]
fn quitting_works_while_the_account_is_looked_at() {
    let emulator = Emulator::start();
    let settings = (
        "GET /2016-08-19/account-settings HTTP",
        Fault::Late(3 * SLOW),
    );
    let proxy = FaultProxy::start(emulator.port(), &[settings]);
    let out = tempfile::tempdir().unwrap();
    let mut terminal = terminal(&run(out.path(), &proxy.url()), out.path());
    terminal.wait_for("PREPARING");
    std::thread::sleep(Duration::from_secs(1));
    let begun = Instant::now();
    terminal.press("qy");
    assert_eq!(terminal.end(), 3, "incomplete:\n{}", terminal.text());
    assert!(begun.elapsed() < SLOW, "{:?}", begun.elapsed());
    proxy.assert_used();
    emulator.assert_empty();
}

#[test]
#[ignore = "needs MiniStack"]
fn a_small_screen_shows_the_steps_too() {
    let emulator = Emulator::start();
    let rules = [
        ("POST /2015-03-31/functions HTTP", Fault::Late(SLOW)),
        ("PUT …/configuration HTTP", Fault::Late(SLOW)),
    ];
    let proxy = FaultProxy::start(emulator.port(), &rules);
    let out = tempfile::tempdir().unwrap();
    let run = run(out.path(), &proxy.url());
    let mut terminal = terminal_of(&run, out.path(), (12, 40));
    for step in ["deploying", "forcing cold", "COMPLETE"] {
        terminal.wait_for(step);
    }
    assert_eq!(terminal.end(), 0);
    emulator.assert_empty();
}

#[test]
#[ignore = "needs MiniStack"]
fn keys_work_while_the_function_is_waited_for() {
    let emulator = Emulator::start();
    let look = ("GET …/configuration HTTP", Fault::Late(SLOW));
    let proxy = FaultProxy::start(emulator.port(), &[look; 3]);
    let out = tempfile::tempdir().unwrap();
    let mut terminal = terminal(&run(out.path(), &proxy.url()), out.path());
    interfere(&mut terminal, "activating", "WARM", &emulator);
}

#[test]
#[ignore = "needs MiniStack"]
fn keys_work_while_a_cold_start_is_forced() {
    let emulator = Emulator::start();
    let change = ("PUT …/configuration HTTP", Fault::Late(SLOW));
    let proxy = FaultProxy::start(emulator.port(), &[change]);
    let out = tempfile::tempdir().unwrap();
    let mut terminal = terminal(&run(out.path(), &proxy.url()), out.path());
    interfere(&mut terminal, "forcing cold", "COLD", &emulator);
    proxy.assert_used();
}

#[test]
#[ignore = "needs MiniStack"]
fn keys_work_while_the_answer_is_awaited() {
    let emulator = Emulator::start();
    // The second call: the first one warms up.
    let calls = [
        (".lambda-url.", Fault::Late(Duration::ZERO)),
        (".lambda-url.", Fault::Late(SLOW)),
    ];
    let proxy = FaultProxy::start(emulator.port(), &calls);
    let out = tempfile::tempdir().unwrap();
    let mut terminal = terminal(&run(out.path(), &proxy.url()), out.path());
    interfere(&mut terminal, "starting", "WARM", &emulator);
}

#[test]
#[ignore = "needs MiniStack"]
fn keys_work_while_datagrams_are_exchanged() {
    let emulator = Emulator::start();
    let out = tempfile::tempdir().unwrap();
    let port = slow_path();
    let mut run = run(out.path(), &emulator.url());
    run.args(["--n", "1000", "--advertise", "127.0.0.2"]);
    run.args(["--listen", &format!("127.0.0.1:{port}")]);
    let mut terminal = terminal(&run, out.path());
    interfere(&mut terminal, "exchanging", "WARM", &emulator);
}

/// A path to this port of the host, at another address, on which each datagram and its echo take 20 ms.
fn slow_path() -> u16 {
    let function = UdpSocket::bind("127.0.0.2:0").unwrap();
    let port = function.local_addr().unwrap().port();
    std::thread::spawn(move || {
        let host = UdpSocket::bind("127.0.0.1:0").unwrap();
        host.connect(("127.0.0.1", port)).unwrap();
        host.set_read_timeout(Some(Duration::from_millis(100)))
            .unwrap();
        let mut datagram = [0; 2048];
        loop {
            let (length, from) = function.recv_from(&mut datagram).unwrap();
            std::thread::sleep(Duration::from_millis(20));
            // What the host does not answer is lost, as on any path.
            _ = host.send(&datagram[..length]);
            if let Ok(length) = host.recv(&mut datagram) {
                _ = function.send_to(&datagram[..length], from);
            }
        }
    });
    port
}
