//! A run as lines, its plan and its summary, as people and programs see them.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod hand;

use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, Sender, channel};

use sebs_tui::core::analysis::Analysis;
use sebs_tui::core::board::Board;
use sebs_tui::core::contract::Carrier;
use sebs_tui::core::effort::{Basis, Effort, Typical};
use sebs_tui::core::message::Entry;
use sebs_tui::core::plan::{Limit, Limits, Order, Outline, Plan, Range, Sweep};
use sebs_tui::core::price::Price;
use sebs_tui::core::spending::Terms;
use sebs_tui::core::time::{MILLISECOND, SECOND};
use sebs_tui::plain::plan::{About, expected, render};
use sebs_tui::plain::{Format, Report, summary};

/// What is written to it comes out of the channel's other end; when that is dropped, the pipe is broken.
struct Channel(Sender<u8>);

impl Write for Channel {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let sent = bytes.iter().try_for_each(|byte| self.0.send(*byte));
        sent.map(|()| bytes.len())
            .map_err(|_| io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn pipe() -> (Box<dyn Write + Send>, Receiver<u8>) {
    let (sender, receiver) = channel();
    (Box::new(Channel(sender)), receiver)
}

fn text_of(receiver: &Receiver<u8>) -> String {
    String::from_utf8(receiver.try_iter().collect()).unwrap()
}

fn line_of(entry: &Entry) -> String {
    serde_json::to_string(entry).unwrap()
}

fn report(report: &mut Report, entries: &[Entry]) {
    for entry in entries {
        report.entry(entry, &line_of(entry));
    }
}

#[test]
fn a_run_in_plain_text() {
    let (out, read) = pipe();
    report(
        &mut Report::new(Format::Text, out, None),
        &hand::eventful_run(),
    );
    insta::assert_snapshot!(text_of(&read));
}

#[test]
fn a_run_as_json_is_its_journal_and_nothing_else() {
    let (out, read) = pipe();
    let mut json = Report::new(Format::Json, out, None);
    report(&mut json, &hand::eventful_run());
    json.end("a summary is no JSON");
    let expected: String = hand::eventful_run()
        .iter()
        .map(|entry| line_of(entry) + "\n")
        .collect();
    assert_eq!(text_of(&read), expected);
}

#[test]
fn a_resumed_run_does_not_tell_its_past_again() {
    let (out, read) = pipe();
    let entries = hand::eventful_run();
    let (past, rest) = entries.split_at(entries.len() - 2);
    let mut plain = Report::new(Format::Text, out, None);
    plain.catch_up(past);
    report(&mut plain, rest);
    insta::assert_snapshot!(text_of(&read), @"
    [ 6/12]  warm      9024 B  rep 1/2  skipped: local: request body
    note: incomplete
    ");
    assert_eq!(plain.board().ended.len(), Board::of(&entries).ended.len());
}

#[test]
fn the_progress_line_is_erased_before_anything_else_is_written() {
    let (out, _lines) = pipe();
    let (terminal, shown) = pipe();
    let mut plain = Report::new(Format::Text, out, Some(terminal));
    report(&mut plain, &hand::eventful_run());
    plain.end("done");
    let shown = text_of(&shown);
    let frames: Vec<&str> = shown
        .split('\r')
        .filter(|frame| !frame.trim().is_empty())
        .collect();
    assert!(
        frames.contains(&"running 1/12 (8 %)  time left unknown"),
        "{frames:?}"
    );
    assert!(
        frames.iter().all(|frame| frame.chars().count() < 80),
        "{frames:?}"
    );
    let last = frames.last().unwrap().chars().count();
    assert!(
        shown.ends_with(&format!("\r{}\r", " ".repeat(last))),
        "{shown:?}"
    );
}

#[test]
fn the_run_goes_on_when_nobody_reads_its_lines_any_more() {
    let (out, read) = pipe();
    let mut plain = Report::new(Format::Text, out, None);
    drop(read);
    report(&mut plain, &hand::eventful_run());
    assert_eq!(
        plain.board().ended.len(),
        Board::of(&hand::eventful_run()).ended.len()
    );
}

#[test]
fn the_summary_has_counts_medians_and_files() {
    let files = [
        PathBuf::from("results/x/run.json"),
        PathBuf::from("results/x/summary.json"),
    ];
    let entries = hand::eventful_run();
    let analysis = Analysis::of(&entries);
    insta::assert_snapshot!(summary(&Board::of(&entries), Some(&analysis), &files), @"
    INCOMPLETE after 0.0 s: 3 of 12 samples measured, 1 unsynchronised, 1 failed, 1 skipped
    7 invocations, 1 of them in the wrong kind; samples taken again: 1
    41 datagrams, 7 lost to the host, 7 lost to the function, 7 duplicates, 0 out of order

    invocation time: median [95 % interval] in ms (samples)
          size                          warm                          cold
        1024 B                     0.949 (2)                             -
        5024 B                             -                     0.949 (1)
        9024 B                             -                             -  beyond local: request body

    warning: 4 of 4 medians have no interval (n < 6): use --repetitions 6 or more, or --until-ci 5%
    warning: many datagrams of 2 sizes and start kinds had no answer (most at cold, 5024 B: 40 %)
    warning: cold, 5024 B: 1 of 2 samples have no clock estimate and are left out: can datagrams reach this host?
    warning: cold, 5024 B: attempts that started in the other kind and were made again: 1

    results/x/run.json
    results/x/summary.json
    ");
}

fn outline(sweep: Sweep, order: Order) -> Outline {
    let range = match sweep {
        Sweep::Payload => Range {
            begin: 1024,
            end: 6_251_000,
            points: 5,
        },
        Sweep::Code => Range {
            begin: 1_048_576,
            end: 261_619_712,
            points: 5,
        },
    };
    Outline {
        sweep,
        range,
        repetitions: 3,
        order,
        attempts_per_sample: 5,
        fixed_payload: 1024,
    }
}

fn limits() -> Limits {
    let limit = |bytes, name: &str| {
        Some(Limit {
            bytes,
            name: name.into(),
        })
    };
    Limits {
        payload_most: limit(6_000_000, "local: request body"),
        package_most: limit(250_000_000, "local: unpacked package"),
        package_least: limit(2_000_000, "native function"),
    }
}

fn about() -> About {
    About {
        platform: "local".into(),
        runtime: "native".into(),
        cold: "a new process (guaranteed)".into(),
        n: 20,
        sync: Carrier::Udp,
        max_exchanges: 1000,
        package: Some(400_000),
        typical: None,
        timeout: 60 * SECOND,
        terms: Terms {
            memory_mb: 256,
            ..Terms::default()
        },
        unasked: None,
        unpriced: "nothing is paid on local".into(),
        per_minute: None,
    }
}

#[test]
fn a_plan_with_a_price_and_limits_says_both_and_so_does_the_beginning_of_the_run() {
    let price = Price {
        platform: "cloud".into(),
        architecture: "any".into(),
        usd_per_million_requests: 0.2,
        usd_per_gb_second: 0.000_02,
        date: "2026-01-02".into(),
        source: "a public list".into(),
    };
    let about = About {
        terms: Terms {
            budget: Some(2.0),
            time: Some(90 * SECOND),
            bytes: Some(5_000_000),
            fruitless: None,
            memory_mb: 512,
            price: Some(price),
        },
        ..about()
    };
    let plan = Plan::new(outline(Sweep::Payload, Order::Sebs), &Limits::default());
    let text = render(&plan, &about);
    // 31 invocations of a second with half a GB: 31 x (0.0000002 + 0.00001) dollars; at most 15 x 5 cold and
    // 15 x 5 x 2 warm ones, each of a minute.
    for line in [
        "invocations  31, 1 of them warm-ups; at most 225 with 5 attempts at each sample, 75 of them warm-ups",
        "GB-seconds   15.500 with 512 MB for 1.000 s each (20 round trips of 50.000 ms, assumed); at most 6750.000, each to its time-out",
        "price        about $0.00032, at most $0.14 (prices of 2026-01-02: a public list)",
        "stops at     $2.00, 1.5 min, 5.00 MB sent",
    ] {
        assert!(text.lines().any(|told| told == line), "{line}\nin\n{text}");
    }
    assert_eq!(
        expected(&plan, &about),
        "expected: 31 invocations (at most 225), 93.8 MB of payload, about $0.00032 (prices of 2026-01-02); stops at $2.00, 1.5 min, 5.00 MB sent"
    );
}

#[test]
fn invocations_that_compare_clocks_are_in_the_price() {
    let price = Price {
        platform: "cloud".into(),
        architecture: "any".into(),
        usd_per_million_requests: 1e6,
        usd_per_gb_second: 0.0,
        date: "2026-01-02".into(),
        source: "a public list".into(),
    };
    let about = About {
        sync: Carrier::Http,
        terms: Terms {
            price: Some(price),
            ..about().terms
        },
        ..about()
    };
    let plan = Plan::new(outline(Sweep::Payload, Order::Sebs), &Limits::default());
    let text = render(&plan, &about);
    // A dollar each: 31, and 37 after each of 30 samples; at most 225, and 100 after each.
    for line in [
        "invocations  1141, 1 of them warm-ups; at most 3225 with 5 attempts at each sample, 75 of them warm-ups",
        "clock        over HTTP: 1110 of them after the samples, about 37 each, at most 100; wider bounds than over UDP",
        "price        about $1141.00, at most $3225.00 (prices of 2026-01-02: a public list)",
    ] {
        assert!(text.lines().any(|told| told == line), "{line}\nin\n{text}");
    }
}

#[test]
fn a_platforms_limit_makes_a_run_longer_with_every_invocation_that_compares_clocks() {
    let typical = Typical {
        basis: Basis::Measured,
        warm: MILLISECOND,
        cold: MILLISECOND,
        deployment: 0,
        megabyte: 0,
        unpacking: 0,
        follow_up: MILLISECOND,
    };
    let plan = Plan::new(outline(Sweep::Payload, Order::Sebs), &Limits::default());
    // 31 invocations, over HTTP 37 more after each of 30 samples, or the 3 that 2.5 minutes can hold.
    for (sync, most, minutes, time) in [
        (Carrier::Udp, 10, 3, "3 min"),
        (Carrier::Http, 100, 11, "11 min"),
        (Carrier::Http, 1, 120, "2 h"),
    ] {
        let about = About {
            sync,
            per_minute: Some(most),
            typical: Some(typical),
            ..about()
        };
        let text = render(&plan, &about);
        let line =
            format!("pace         at most {most} invocations a minute, so at least {minutes} min");
        assert!(text.lines().any(|told| told == line), "{line}\nin\n{text}");
        let line = format!("time         ~{time}");
        assert!(text.contains(&line), "{line}\nin\n{text}");
        let told = expected(&plan, &about);
        let least = format!("at least {minutes} min at {most} invocations a minute");
        assert!(told.contains(time) && told.contains(&least), "{told}");
        // Where nobody knows what steps take, the limit still says something.
        let about = About {
            typical: None,
            ..about
        };
        assert!(expected(&plan, &about).contains(&least));
    }
}

#[test]
fn the_plan_of_a_payload_sweep() {
    insta::assert_snapshot!(render(&Plan::new(outline(Sweep::Payload, Order::Sebs), &limits()), &about()), @"
    payload sweep on local, native function: 5 sizes, 3 repetitions, warm and cold; N 20, order of SeBS
    cold starts: a new process (guaranteed)

            wire bytes     raw bytes   warm   cold
       1          1024           768      3      3
       2       1563518       1172638      3      3
       3       3126012       2344509      3      3
       4       4688506       3516379      3      3
       5       6251000       4688250      -      -  beyond local: request body (6000000 B)

    samples      24 of 30; 6 are beyond a limit
    invocations  25, 1 of them warm-ups; at most 180 with 5 attempts at each sample, 60 of them warm-ups
    deployments  1
    bytes up     56.3 MB of payload (at most 422 MB), 400 kB of code
    time         unknown
    GB-seconds   6.250 with 256 MB for 1.000 s each (20 round trips of 50.000 ms, assumed); at most 2700.000, each to its time-out
    price        nothing is paid on local
    ");
}

#[test]
fn the_plan_of_a_code_sweep_with_an_estimate() {
    let typical = Typical {
        basis: Basis::Measured,
        warm: 10 * MILLISECOND,
        cold: 200 * MILLISECOND,
        deployment: 2 * SECOND,
        megabyte: MILLISECOND,
        unpacking: 0,
        follow_up: MILLISECOND,
    };
    let about = About {
        typical: Some(typical),
        ..about()
    };
    insta::assert_snapshot!(render(&Plan::new(outline(Sweep::Code, Order::Shuffled { seed: 7 }), &limits()), &about), @"
    code sweep on local, native function: 5 sizes, 3 repetitions, warm and cold; N 20, shuffled with seed 7
    cold starts: a new process (guaranteed)

             zip bytes   warm   cold
       1       1048576      -      -  beyond native function (2000000 B)
       2      66191360      3      3
       3     131334144      3      3
       4     196476928      3      3
       5     261619712      -      -  beyond local: unpacked package (250000000 B)

    samples      18 of 30; 12 are beyond a limit
    invocations  27, 9 of them warm-ups; at most 135 with 5 attempts at each sample, 45 of them warm-ups
    deployments  14
    bytes up     27.6 kB of payload (at most 138 kB), 1.64 GB of code
    time         ~32 s, roughly
    GB-seconds   0.068 with 256 MB for 10.000 ms each (as is typical); at most 2025.000, each to its time-out
    price        nothing is paid on local
    ");
}

#[test]
fn the_effort_counts_a_warm_up_after_each_deployment_that_a_warm_sample_follows() {
    let effort = |sweep, order| Effort::of(&Plan::new(outline(sweep, order), &Limits::default()));
    let payload = effort(Sweep::Payload, Order::Sebs);
    assert_eq!(
        (payload.samples, payload.warm_ups, payload.deployments),
        ([15, 15], 1, 1)
    );
    assert_eq!((payload.invocations(), payload.package_bytes), (31, 0));
    // Warm sizes ascending, then cold sizes ascending: each of the five packages is deployed twice.
    let code = effort(Sweep::Code, Order::Sebs);
    assert_eq!(
        (code.samples, code.warm_ups, code.deployments),
        ([15, 15], 5, 10)
    );
    assert_eq!(code.payload_bytes, 35 * 1024);
    assert_eq!(
        code.package_bytes,
        2 * outline(Sweep::Code, Order::Sebs)
            .range
            .sizes()
            .iter()
            .sum::<u64>()
    );
}
