//! Runs made by hand, event by event, so that a test knows every number in them.

#![allow(dead_code, reason = "each test uses a part of it")]

use sebs_tui::core::contract::{Carrier, StampKind};
use sebs_tui::core::message::{Display, Entry, Event, JOURNAL_VERSION, RunHeader, RunState};
use sebs_tui::core::offset::ClockEstimate;
use sebs_tui::core::plan::{Limit, Limits, Order, Outline, Plan, Range, Sweep};
use sebs_tui::core::sample::{
    Attempt, AttemptOutcome, Exchange, FunctionReport, HttpTimes, PacketCounts, Purpose, SampleKey,
    SampleOutcome, Stamps, StartKind, Token,
};
use sebs_tui::core::time::{MICROSECOND, MILLISECOND, Nanos, SECOND};

/// Wall clock at which the runs begin.
pub const START: Nanos = 1_700_000_000 * SECOND + 123_456_789;
/// The function's clock minus the host's.
pub const OFFSET: Nanos = 500 * MILLISECOND;

/// Two payload sizes and one beyond a limit, two repetitions.
pub fn header() -> RunHeader {
    let outline = Outline {
        sweep: Sweep::Payload,
        range: Range {
            begin: 1024,
            end: 9024,
            points: 3,
        },
        repetitions: 2,
        order: Order::Sebs,
        attempts_per_sample: 5,
        fixed_payload: 1024,
    };
    let most = Limit {
        bytes: 8000,
        name: "local: request body".into(),
    };
    let limits = Limits {
        payload_most: Some(most),
        ..Limits::default()
    };
    RunHeader {
        version: JOURNAL_VERSION,
        id: "20231114-221320-local-payload".into(),
        platform: "local".into(),
        runtime: "native".into(),
        cold_method: "new process, always".into(),
        n: 20,
        in_flight: 1,
        sync: Carrier::Udp,
        shift: None,
        plan: Plan::new(outline, &limits),
    }
}

pub fn key(size: u32, kind: StartKind, repetition: u32) -> SampleKey {
    SampleKey {
        size,
        kind,
        repetition,
    }
}

/// A token whose digits end in `number`.
pub fn token(number: u64) -> Token {
    let mut bytes = [0; 16];
    bytes[8..].copy_from_slice(&number.to_be_bytes());
    Token(bytes)
}

/// Exchange `number`: the ways take 20 µs and 30 µs and a bit more each time, the host's turn 5 µs.
pub fn exchange(number: u32, begin: Nanos) -> Exchange {
    let extra = Nanos::from(number) * 1_001;
    let t2 = begin + Nanos::from(number) * MILLISECOND;
    let t3 = t2 + 5 * MICROSECOND;
    let (t1, t4) = (
        t2 - 20 * MICROSECOND - extra + OFFSET,
        t3 + 30 * MICROSECOND + OFFSET,
    );
    let stamps = |user: Nanos| Stamps(user, Some(user + 100));
    Exchange(
        number,
        Some(number),
        stamps(t1),
        Some(stamps(t2)),
        Some(stamps(t3)),
        Some(stamps(t4)),
    )
}

/// Attempt `number` at `key`: measured, with `exchanges` complete exchanges after the first.
pub fn attempt(number: u64, key: SampleKey, exchanges: u32) -> Attempt {
    let start = START + number as Nanos * SECOND;
    let exchange_begin = start + 10 * MILLISECOND;
    let entry = start + MILLISECOND + OFFSET;
    Attempt {
        number,
        token: token(number),
        purpose: Purpose::Sample(key),
        attempt_of_sample: 1,
        outcome: AttemptOutcome::Measured,
        payload_bytes: header().plan.payload_bytes(key),
        package_bytes: 400_000,
        http: Some(HttpTimes {
            start,
            connected_after: 51_000,
            sent_after: 60_000,
            first_byte_after: 40 * MILLISECOND,
            end_after: 41 * MILLISECOND,
            end: start + 41 * MILLISECOND,
        }),
        function: Some(FunctionReport {
            is_cold: key.kind == StartKind::Cold,
            platform_cold: None,
            init: None,
            billed: None,
            request_id: format!("request/{number};o=1, \"quoted\""),
            instance_id: "0123abcd".into(),
            invocation: 1,
            process_start: entry - 700 * MICROSECOND,
            handler_entry: entry,
            stop: None,
            clock_error: None,
            implausible: 0,
            cold_nonce: None,
            stamps: StampKind::Kernel,
        }),
        clock: Some(ClockEstimate {
            stamps: StampKind::Kernel,
            offset: OFFSET + 17,
            bound: 4_500,
            at: entry,
            clock_step: false,
            exchanges: exchanges + 1,
            minimum_rtt: 50 * MICROSECOND,
            minimum_rtt_offset: OFFSET + 5 * MICROSECOND,
            mean: 0.1 + OFFSET as f64,
            deviation: 1.0 / 3.0,
        }),
        held: None,
        follow_ups: None,
        packets: PacketCounts {
            sent: exchanges + 3,
            received: exchanges + 2,
            answered: exchanges + 1,
            duplicates: 1,
            reordered: 0,
        },
        exchanges: (0..=exchanges)
            .map(|number| exchange(number, exchange_begin))
            .collect(),
        host_rows: Vec::new(),
    }
}

/// Numbers events as a journal has them.
pub fn entries(events: Vec<Event>) -> Vec<Entry> {
    let entry = |(number, event): (u64, Event)| Entry {
        number,
        wall: START + number as Nanos * MILLISECOND,
        elapsed: number as Nanos * MILLISECOND,
        event,
    };
    (1..).zip(events).map(entry).collect()
}

pub fn started() -> Event {
    Event::RunStarted {
        run: Box::new(header()),
    }
}

pub fn state(state: RunState) -> Event {
    Event::StateEntered { state }
}

/// The events of a sample whose `attempt` counts.
pub fn sample(attempt: Attempt) -> Vec<Event> {
    let Purpose::Sample(sample) = attempt.purpose else {
        panic!("a warm-up is no sample")
    };
    let outcome = match attempt.outcome {
        AttemptOutcome::Unsynchronised => SampleOutcome::Unsynchronised,
        _ => SampleOutcome::Measured,
    };
    let number = attempt.number;
    vec![
        Event::AttemptStarted {
            number,
            token: attempt.token,
            purpose: attempt.purpose,
            attempt_of_sample: 1,
        },
        Event::AttemptEnded {
            attempt: Box::new(attempt),
        },
        Event::SampleEnded {
            sample,
            outcome,
            attempt: Some(number),
            took: 45 * MILLISECOND,
        },
    ]
}

/// A whole run with everything that can befall a sample: wrong kind, lost replies, no clock, taken again, failed, skipped.
pub fn eventful_run() -> Vec<Entry> {
    use StartKind::{Cold, Warm};
    let mut events = vec![started(), state(RunState::Running)];
    let mut warm_up = attempt(1, key(0, Warm, 0), 2);
    warm_up.purpose = Purpose::WarmUp(key(0, Warm, 0));
    events.push(Event::AttemptEnded {
        attempt: Box::new(warm_up),
    });
    events.extend(sample(attempt(2, key(0, Warm, 0), 3)));
    let mut lossy = attempt(3, key(0, Warm, 1), 5);
    lossy.exchanges[2].3 = None;
    lossy.exchanges[2].4 = None;
    lossy.exchanges[2].5 = None;
    lossy.exchanges[4].5 = None;
    events.extend(sample(lossy));
    let mut wrong = attempt(4, key(1, Cold, 0), 2);
    wrong.outcome = AttemptOutcome::WrongKind;
    wrong
        .function
        .iter_mut()
        .for_each(|function| function.is_cold = false);
    events.push(Event::AttemptEnded {
        attempt: Box::new(wrong),
    });
    let mut right = attempt(5, key(1, Cold, 0), 4);
    right.attempt_of_sample = 2;
    events.extend(sample(right));
    events.push(Event::SampleSuperseded {
        sample: key(0, Warm, 0),
        attempt: Some(2),
    });
    events.extend(sample(attempt(6, key(0, Warm, 0), 4)));
    let mut silent = attempt(7, key(1, Cold, 1), 0);
    silent.outcome = AttemptOutcome::Unsynchronised;
    silent.clock = None;
    silent.exchanges.clear();
    events.extend(sample(silent));
    let failure = sebs_tui::core::sample::Failure {
        step: "reply".into(),
        what: "status\n500".into(),
        status: Some(500),
    };
    let outcome = SampleOutcome::Failed(failure);
    events.push(Event::SampleEnded {
        sample: key(1, Warm, 0),
        outcome,
        attempt: None,
        took: SECOND,
    });
    let outcome = SampleOutcome::Skipped("local: request body".into());
    events.push(Event::SampleEnded {
        sample: key(2, Warm, 0),
        outcome,
        attempt: None,
        took: 0,
    });
    events.push(state(RunState::Incomplete));
    entries(events)
}

/// A complete run of 1 MB, 2 MB, … with these invocation times, ns, taken in the order of SeBS, one every second.
pub fn timed_run(
    points: u32,
    repetitions: u32,
    mut time: impl FnMut(SampleKey) -> Nanos,
) -> Vec<Entry> {
    let mut run = header();
    let outline = Outline {
        range: Range {
            begin: 1_000_000,
            end: u64::from(points) * 1_000_000,
            points,
        },
        repetitions,
        ..run.plan.outline
    };
    run.plan = Plan::new(outline, &Limits::default());
    let samples = run.plan.samples();
    let mut events = vec![
        Event::RunStarted {
            run: Box::new(run.clone()),
        },
        state(RunState::Running),
    ];
    for (number, key) in (1..).zip(samples) {
        events.extend(sample(timed_attempt(number, key, &run.plan, time(key))));
    }
    events.push(state(RunState::Complete));
    entries(events)
}

fn timed_attempt(number: u64, at: SampleKey, plan: &Plan, time: Nanos) -> Attempt {
    let mut attempt = attempt(number, key(0, at.kind, 0), 3);
    attempt.purpose = Purpose::Sample(at);
    attempt.payload_bytes = plan.payload_bytes(at);
    let was = attempt.invocation_time().expect("a measured attempt");
    let moved = |function: &mut FunctionReport| function.handler_entry += time - was;
    attempt.function.iter_mut().for_each(moved);
    attempt
}

/// The next of a fixed row of numbers below 1.
pub fn noise(state: &mut u64) -> f64 {
    *state = state
        .wrapping_mul(6_364_136_223_846_793_005)
        .wrapping_add(1_442_695_040_888_963_407);
    (*state >> 40) as f64 / f64::from(1 << 24)
}

/// Two samples under a dashboard, one after it was closed, and one of a process that does not say what showed it.
pub fn watched_run() -> Vec<Entry> {
    use StartKind::{Cold, Warm};
    let shown = |on| Event::Shown { on };
    let mut events = vec![started(), shown(Display::Dashboard)];
    events.extend(sample(attempt(1, key(0, Warm, 0), 3)));
    events.extend(sample(attempt(2, key(0, Warm, 1), 3)));
    events.push(shown(Display::Nothing));
    events.extend(sample(attempt(3, key(1, Cold, 0), 3)));
    events.push(Event::RunResumed {
        kept: 3,
        dropped_bytes: 0,
    });
    events.extend(sample(attempt(4, key(1, Cold, 1), 3)));
    events.push(state(RunState::Incomplete));
    entries(events)
}
