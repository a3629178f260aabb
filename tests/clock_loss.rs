//! Real loss: a network namespace of its own in which nftables drops datagrams by chance, and counts them.

#![allow(clippy::unwrap_used)]

mod clock_support;

use std::io::Write;
use std::process::{Command, Stdio};

use clock_support::{Outcome, Wish, quantile, run};
use sebs_tui::core::time::{MICROSECOND, MILLISECOND, Nanos};
use sebs_tui::driver::echo::Echo;

const PORT: u16 = 12_000;
const SESSIONS: usize = 300;

/// A network namespace with its loopback up, in which this thread lives; gone when dropped.
struct Namespace {
    name: String,
}

impl Namespace {
    fn enter(name: &str) -> Self {
        let name = format!("{name}-{}", std::process::id());
        command("ip", &["netns", "add", &name], "");
        let namespace = Self { name };
        let handle = std::fs::File::open(format!("/run/netns/{}", namespace.name)).unwrap();
        // SAFETY: the descriptor is open and names a network namespace; only this thread moves.
        let status =
            unsafe { libc::setns(std::os::fd::AsRawFd::as_raw_fd(&handle), libc::CLONE_NEWNET) };
        assert_eq!(status, 0, "{}", std::io::Error::last_os_error());
        command("ip", &["link", "set", "lo", "up"], "");
        namespace
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        command("ip", &["netns", "del", &self.name], "");
    }
}

/// Runs a tool in this thread's namespace; one that is missing or fails is a failure of the test.
fn command(program: &str, arguments: &[&str], input: &str) -> String {
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{program} (iproute2, nftables): {error}"));
    child
        .stdin
        .take()
        .unwrap()
        .write_all(input.as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{program} {arguments:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// Drops probes and replies by chance, each way by itself; end markers (a bit in octet 84 of the datagram, after
/// UDP's header) are dropped as well but not counted.
fn lose(percent: u32) {
    let rules = format!(
        "table inet loss {{
            counter out {{ }}
            counter back {{ }}
            chain input {{
                type filter hook input priority 0;
                udp length 116 udp dport {PORT} @th,736,1 0 numgen random mod 100 < {percent} counter name out drop
                udp length 116 udp sport {PORT} @th,736,1 0 numgen random mod 100 < {percent} counter name back drop
                udp length 116 @th,736,1 1 numgen random mod 100 < {percent} drop
            }}
        }}"
    );
    command("nft", &["-f", "-"], &rules);
}

fn dropped(counter: &str) -> u32 {
    let listing = command("nft", &["list", "counter", "inet", "loss", counter], "");
    let mut words = listing
        .split_whitespace()
        .skip_while(|word| *word != "packets");
    words.nth(1).unwrap().parse().unwrap()
}

/// Runs sessions at this loss each way and tells the median time of one.
fn median_time_at(percent: u32) -> Nanos {
    let worker = std::thread::spawn(move || {
        let _namespace = Namespace::enter(&format!("sebs-tui-loss-{percent}"));
        lose(percent);
        let live = std::sync::Arc::default();
        let echo = Echo::start(([127, 0, 0, 1], PORT).into(), live).unwrap();
        let outcomes: Vec<_> = (0..SESSIONS)
            .map(|_| run(&echo, &Wish::default()))
            .collect();
        let outbound: u32 = outcomes
            .iter()
            .map(|outcome| outcome.packets.lost_outbound())
            .sum();
        let inbound: u32 = outcomes
            .iter()
            .map(|outcome| outcome.packets.lost_inbound())
            .sum();
        assert!(outbound > 0 && inbound > 0, "nothing was lost");
        let sent: u32 = outcomes.iter().map(|outcome| outcome.packets.sent).sum();
        for (shown, there_was) in [(outbound, dropped("out")), (inbound, dropped("back"))] {
            // What comes after its session has ended counts as lost, too.
            assert!(
                (there_was..=there_was + sent / 100).contains(&shown),
                "{shown} of {sent} are shown as lost, and {there_was} were"
            );
        }
        outcomes.iter().for_each(Outcome::assert_bound_holds);
        let mut errors: Vec<Nanos> = outcomes.iter().map(Outcome::error).collect();
        let mut took: Vec<Nanos> = outcomes.iter().map(|outcome| outcome.took).collect();
        let (median, p99) = (quantile(&mut errors, 0.5), quantile(&mut errors, 0.99));
        let (took, took_p99) = (quantile(&mut took, 0.5), quantile(&mut took, 0.99));
        println!(
            "{percent} %: lost {outbound} out, {inbound} back; error median {median} ns, p99 {p99} ns; \
             a session takes {took} ns, p99 {took_p99} ns"
        );
        // 1 µs on an idle machine.
        assert!(p99 <= 20 * MICROSECOND, "p99 of the error {p99} ns");
        took
    });
    worker.join().unwrap()
}

#[test]
#[ignore = "needs root, iproute2 and nftables"]
fn two_percent_lost_each_way_cost_no_sample_and_little_time() {
    let took = median_time_at(2);
    // 20 ms on an idle machine; one wait of 250 ms for a lost datagram is more than this.
    assert!(took <= 100 * MILLISECOND, "median {took} ns");
}

#[test]
#[ignore = "needs root, iproute2 and nftables"]
fn ten_percent_lost_each_way_cost_no_sample_and_little_time() {
    let took = median_time_at(10);
    // 100 ms on an idle machine; there are several losses in each session.
    assert!(took <= 500 * MILLISECOND, "median {took} ns");
}

#[test]
#[ignore = "needs root, iproute2 and nftables"]
fn replies_that_this_hosts_firewall_refuses_are_told_and_no_other_loses_its_meaning() {
    let worker = std::thread::spawn(|| {
        let _namespace = Namespace::enter("sebs-tui-refused");
        let rules = format!(
            "table inet loss {{
                counter refused {{ }}
                chain output {{
                    type filter hook output priority 0;
                    udp sport {PORT} numgen random mod 100 < 10 counter name refused drop
                }}
            }}"
        );
        command("nft", &["-f", "-"], &rules);
        let live = std::sync::Arc::default();
        let echo = Echo::start(([127, 0, 0, 1], PORT).into(), live).unwrap();
        for _ in 0..50 {
            run(&echo, &Wish::default()).assert_bound_holds();
        }
        let (count, last) = echo.faults().expect("some were refused");
        assert_eq!(count, dropped("refused"), "{last}");
        assert_eq!(last.kind(), std::io::ErrorKind::PermissionDenied);
    });
    worker.join().unwrap();
}
