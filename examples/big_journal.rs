//! A run of very many exchanges on disk, to measure what reads it:
//! `cargo run --release --example big_journal -- 1000000 DIRECTORY`, then `sebs-tui process` and `report` of it.
//!
//! Every number in it is made up, by a fixed rule.

use std::collections::BTreeMap;
use std::error::Error;
use std::path::PathBuf;

use sebs_tui::core::contract::{Carrier, StampKind};
use sebs_tui::core::message::{Entry, Event, JOURNAL_VERSION, RunHeader, RunState};
use sebs_tui::core::offset::estimate;
use sebs_tui::core::plan::{Limits, Order, Outline, Plan, Range, Sweep};
use sebs_tui::core::sample::{
    Attempt, AttemptOutcome, Exchange, FunctionReport, HttpTimes, PacketCounts, Purpose, SampleKey,
    SampleOutcome, Stamps, StartKind, Token,
};
use sebs_tui::core::time::{MICROSECOND, MILLISECOND, Nanos, SECOND};
use sebs_tui::store::run_json::Setup;
use sebs_tui::store::{RunFile, Store};

const SIZES: u32 = 10;
/// Exchanges of an attempt; the last attempts have fewer, so that the sum is as asked for.
const EXCHANGES: u32 = 100;
const START: Nanos = 1_800_000_000 * SECOND + 123_456_789;
const OFFSET: Nanos = 40 * MILLISECOND;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [exchanges, directory] = arguments.as_slice() else {
        return Err("give the number of exchanges and a directory that does not exist".into());
    };
    let (exchanges, directory): (u32, PathBuf) = (exchanges.parse()?, directory.into());
    std::fs::create_dir(&directory)?;
    let header = header(exchanges.div_ceil(EXCHANGES * SIZES * 2));
    let setup = Setup {
        wall: START,
        command_line: vec!["big_journal".into()],
        stamps: Some(StampKind::Kernel),
        seed: 0,
        settings: BTreeMap::new(),
    };
    let mut store = Store::create(&directory, &RunFile::new(&directory, setup))?;
    let plan = header.plan.clone();
    let run = Box::new(header);
    let mut number = 0;
    let mut record = |event: Event| {
        number += 1;
        store.record(&Entry {
            number,
            wall: START + number as Nanos * MILLISECOND,
            elapsed: number as Nanos * MILLISECOND,
            event,
        })
    };
    record(Event::RunStarted { run })?;
    let mut left = exchanges;
    for (number, key) in (1..).zip(plan.samples()) {
        let count = left.min(EXCHANGES);
        left -= count;
        let attempt = attempt(number, key, &plan, count);
        let outcome = match attempt.outcome {
            AttemptOutcome::Measured => SampleOutcome::Measured,
            _ => SampleOutcome::Unsynchronised,
        };
        record(Event::AttemptEnded {
            attempt: Box::new(attempt),
        })?;
        record(Event::SampleEnded {
            sample: key,
            outcome,
            attempt: Some(number),
            took: SECOND,
        })?;
    }
    record(Event::StateEntered {
        state: RunState::Complete,
    })?;
    Ok(())
}

fn header(repetitions: u32) -> RunHeader {
    let outline = Outline {
        sweep: Sweep::Payload,
        range: Range {
            begin: 1024,
            end: 1_000_000,
            points: SIZES,
        },
        repetitions,
        order: Order::Shuffled { seed: 1 },
        attempts_per_sample: 5,
        fixed_payload: 1024,
    };
    RunHeader {
        version: JOURNAL_VERSION,
        id: "big".into(),
        platform: "simulated".into(),
        runtime: "native".into(),
        cold_method: "simulated".into(),
        n: 20,
        in_flight: 1,
        sync: Carrier::Udp,
        shift: None,
        plan: Plan::new(outline, &Limits::default()),
    }
}

fn attempt(number: u64, key: SampleKey, plan: &Plan, count: u32) -> Attempt {
    let start = START + number as Nanos * SECOND;
    let latency = 2 * MILLISECOND + scatter(number) * 10;
    let handler_entry = start + latency + OFFSET;
    let exchanges: Vec<Exchange> = (0..count)
        .map(|sequence| exchange(number, sequence, start + 10 * MILLISECOND))
        .collect();
    let clock = estimate(&exchanges, handler_entry);
    Attempt {
        number,
        token: Token(u128::from(number).to_be_bytes()),
        purpose: Purpose::Sample(key),
        attempt_of_sample: 1,
        outcome: match clock {
            Some(_) => AttemptOutcome::Measured,
            None => AttemptOutcome::Unsynchronised,
        },
        payload_bytes: plan.payload_bytes(key),
        package_bytes: 400_000,
        http: Some(HttpTimes {
            start,
            connected_after: 50 * MICROSECOND,
            sent_after: 60 * MICROSECOND,
            first_byte_after: 400 * MILLISECOND,
            end_after: 401 * MILLISECOND,
            end: start + 401 * MILLISECOND,
        }),
        function: Some(FunctionReport {
            is_cold: key.kind == StartKind::Cold,
            platform_cold: None,
            init: None,
            billed: None,
            request_id: format!("request-{number}"),
            instance_id: "0123abcd".into(),
            invocation: 1,
            process_start: handler_entry - MILLISECOND,
            handler_entry,
            stop: None,
            clock_error: None,
            implausible: 0,
            cold_nonce: None,
            stamps: StampKind::Kernel,
        }),
        clock,
        packets: PacketCounts {
            sent: count,
            received: count,
            answered: count,
            duplicates: 0,
            reordered: 0,
        },
        follow_ups: None,
        held: None,
        exchanges,
        host_rows: Vec::new(),
    }
}

/// Ways of 20 to 120 µs.
fn exchange(attempt: u64, sequence: u32, begin: Nanos) -> Exchange {
    let t2 = begin + Nanos::from(sequence) * MILLISECOND;
    let t3 = t2 + 5 * MICROSECOND;
    let law = attempt * 1000 + u64::from(sequence);
    let t1 = t2 - 20 * MICROSECOND - scatter(law) + OFFSET;
    let t4 = t3 + 20 * MICROSECOND + scatter(law + 7) + OFFSET;
    let [sent, received] =
        [1, -1].map(|sign| move |user: Nanos| Stamps(user, Some(user + sign * 900)));
    Exchange(
        sequence,
        Some(sequence),
        sent(t1),
        Some(received(t2)),
        Some(sent(t3)),
        Some(received(t4)),
    )
}

/// Up to 100 µs, small ones more often.
fn scatter(number: u64) -> Nanos {
    let mixed = (number + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let share = ((mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 40) as Nanos;
    share * share / (1 << 24) * 100 * MICROSECOND / (1 << 24)
}
