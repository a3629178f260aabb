//! A run that never happened, the same every time: warm starts, then cold ones, with losses, wrong
//! kinds and a failed sample.

#![allow(dead_code, reason = "each test uses its part")]

use sebs_tui::core::board::{Activity, Board};
use sebs_tui::core::contract::{Carrier, StampKind};
use sebs_tui::core::live::{LiveReading, Phase};
use sebs_tui::core::message::{Entry, Event, JOURNAL_VERSION, RunHeader, RunState};
use sebs_tui::core::offset::ClockEstimate;
use sebs_tui::core::plan::{Limit, Limits, Order, Outline, Plan, Range, Sweep};
use sebs_tui::core::replay::Replay;
use sebs_tui::core::sample::{
    Attempt, AttemptOutcome, Exchange, Failure, FunctionReport, HttpTimes, PacketCounts, Purpose,
    SampleKey, SampleOutcome, Stamps, StartKind, Token,
};
use sebs_tui::core::time::{MICROSECOND, MILLISECOND, Nanos, SECOND};
use sebs_tui::screen::table::Table;
use sebs_tui::screen::view::{Access, Moment, View};

/// Wall clock at the first event: 2026-03-14 12:00:00 UTC.
pub const START: Nanos = 1_773_489_600 * SECOND;
const EXCHANGES: u32 = 48;

/// The run as it is written, entry by entry.
pub struct FakeRun {
    pub header: RunHeader,
    pub entries: Vec<Entry>,
    elapsed: Nanos,
    attempt: u64,
    state: u64,
}

/// The run up to the beginning of this sample's attempt.
pub fn until(kind: StartKind, size: u32, repetition: u32) -> FakeRun {
    let stop = SampleKey {
        size,
        kind,
        repetition,
    };
    let mut run = FakeRun::new();
    for key in run.header.plan.samples() {
        if key == stop {
            run.begin_attempt(key, 1);
            break;
        }
        run.take(key);
    }
    run
}

/// The whole run.
pub fn whole() -> FakeRun {
    let mut run = FakeRun::new();
    run.header
        .plan
        .samples()
        .into_iter()
        .for_each(|key| run.take(key));
    run.enter(RunState::Complete);
    run
}

impl FakeRun {
    pub fn new() -> Self {
        let outline = Outline {
            sweep: Sweep::Payload,
            range: Range {
                begin: 1024,
                end: 6_900_000,
                points: 8,
            },
            repetitions: 50,
            order: Order::Sebs,
            attempts_per_sample: 5,
            fixed_payload: 1024,
        };
        let most = Limit {
            bytes: 6 * 1024 * 1024,
            name: "local: request body".into(),
        };
        let limits = Limits {
            payload_most: Some(most),
            ..Limits::default()
        };
        let header = RunHeader {
            version: JOURNAL_VERSION,
            id: "20260314T120000-local-payload".into(),
            platform: "local".into(),
            runtime: "native".into(),
            cold_method: "new process".into(),
            n: 20,
            in_flight: 1,
            sync: Carrier::Udp,
            shift: None,
            plan: Plan::new(outline, &limits),
        };
        let mut run = Self {
            header: header.clone(),
            entries: Vec::new(),
            elapsed: 0,
            attempt: 0,
            state: 7,
        };
        run.add(
            0,
            Event::RunStarted {
                run: Box::new(header),
            },
        );
        run.enter(RunState::Running);
        run
    }

    pub fn board(&self) -> Board {
        Board::of(&self.entries)
    }

    /// Wall clock shortly after the last entry.
    pub fn now(&self) -> Nanos {
        START + self.elapsed + 400 * MILLISECOND
    }

    pub fn enter(&mut self, state: RunState) {
        self.add(MILLISECOND, Event::StateEntered { state });
    }

    pub fn warn(&mut self, text: &str) {
        self.add(MILLISECOND, Event::Warned { text: text.into() });
    }

    pub fn add(&mut self, took: Nanos, event: Event) {
        self.elapsed += took;
        let number = self.entries.len() as u64 + 1;
        self.entries.push(Entry {
            number,
            wall: START + self.elapsed,
            elapsed: self.elapsed,
            event,
        });
    }

    /// The next of a fixed row of numbers from 0 to 1.
    fn next(&mut self) -> f64 {
        self.state = self
            .state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.state >> 40) as f64 / f64::from(1 << 24)
    }

    pub fn begin_attempt(&mut self, key: SampleKey, attempt_of_sample: u32) {
        if key.kind == StartKind::Cold {
            self.add(MILLISECOND, Event::ColdStarted { sample: key });
            self.add(
                80 * MILLISECOND,
                Event::ColdForced {
                    took: 80 * MILLISECOND,
                },
            );
        }
        self.attempt += 1;
        let token = Token([self.attempt as u8; 16]);
        self.add(
            MILLISECOND,
            Event::AttemptStarted {
                number: self.attempt,
                token,
                purpose: Purpose::Sample(key),
                attempt_of_sample,
            },
        );
    }

    /// A whole sample, with a second try where the first came up in the wrong kind.
    pub fn take(&mut self, key: SampleKey) {
        if self.header.plan.beyond(key).is_some() {
            let outcome = SampleOutcome::Skipped("beyond local: request body (6291456 B)".into());
            self.add(
                0,
                Event::SampleEnded {
                    sample: key,
                    outcome,
                    attempt: None,
                    took: 0,
                },
            );
            return;
        }
        let began = self.elapsed;
        let cold = key.kind == StartKind::Cold;
        self.begin_attempt(key, 1);
        if cold && key.repetition % 17 == 9 {
            let wrong = self.attempt(key, 1, AttemptOutcome::WrongKind);
            self.add(
                0,
                Event::AttemptEnded {
                    attempt: Box::new(wrong),
                },
            );
            self.begin_attempt(key, 2);
        }
        let failed = cold && key.size == 1 && key.repetition == 30;
        let failure = Failure {
            step: "reply".into(),
            what: "no answer within 30 s; is the function's log empty?".into(),
            status: None,
        };
        let (ended, outcome) = if failed {
            (
                AttemptOutcome::Failed(failure.clone()),
                SampleOutcome::Failed(failure),
            )
        } else {
            (AttemptOutcome::Measured, SampleOutcome::Measured)
        };
        let attempt = self.attempt(key, 1, ended);
        let number = attempt.number;
        self.add(
            attempt.http.map_or(0, |http| http.end_after),
            Event::AttemptEnded {
                attempt: Box::new(attempt),
            },
        );
        self.add(
            0,
            Event::SampleEnded {
                sample: key,
                outcome,
                attempt: Some(number),
                took: self.elapsed - began,
            },
        );
    }

    fn attempt(
        &mut self,
        key: SampleKey,
        attempt_of_sample: u32,
        outcome: AttemptOutcome,
    ) -> Attempt {
        let cold = key.kind == StartKind::Cold;
        let size = self.header.plan.size(key) as f64;
        let invocation = if cold {
            212e6 + size * 68.0
        } else {
            0.41e6 + size * 1.62
        };
        let spread = if cold { 0.06 } else { 0.18 };
        let invocation = (invocation * (1.0 + spread * (self.next() + self.next() - 0.7))) as Nanos;
        let rtts: Vec<Nanos> = (0..EXCHANGES).map(|_| self.rtt(cold)).collect();
        let start = START + self.elapsed;
        let (mut received, mut answered) = (0, 0);
        let exchanges = rtts
            .iter()
            .zip(0..)
            .map(|(rtt, seq)| {
                let t1 = start + invocation + Nanos::from(seq) * MILLISECOND;
                let stamps = |time| Some(Stamps(time, Some(time)));
                let lost = if cold { self.next() } else { 1.0 };
                if lost < 0.02 {
                    return Exchange(seq, None, Stamps(t1, Some(t1)), None, None, None);
                }
                received += 1;
                let t4 = if lost < 0.033 { None } else { stamps(t1 + rtt) };
                answered += u32::from(t4.is_some());
                Exchange(
                    seq,
                    t4.map(|_| seq),
                    Stamps(t1, Some(t1)),
                    stamps(t1 + rtt / 2),
                    stamps(t1 + rtt / 2),
                    t4,
                )
            })
            .collect();
        let offset = 1_204_300 + (self.next() * 4000.0) as Nanos;
        let clock = ClockEstimate {
            stamps: StampKind::Kernel,
            offset,
            bound: 9_400 + (self.next() * 900.0) as Nanos,
            at: start + invocation + offset,
            clock_step: false,
            exchanges: answered,
            minimum_rtt: rtts.iter().copied().min().unwrap_or(0),
            minimum_rtt_offset: offset + 300,
            mean: offset as f64 + 900.0,
            deviation: 4_100.0,
        };
        let got_cold = cold && outcome != AttemptOutcome::WrongKind;
        let failed = matches!(outcome, AttemptOutcome::Failed(_));
        let end = invocation + Nanos::from(EXCHANGES) * MILLISECOND;
        Attempt {
            number: self.attempt,
            token: Token([self.attempt as u8; 16]),
            purpose: Purpose::Sample(key),
            attempt_of_sample,
            outcome,
            payload_bytes: size as u64,
            package_bytes: 4_200_000,
            http: Some(HttpTimes {
                start,
                connected_after: 0,
                sent_after: MILLISECOND,
                first_byte_after: end,
                end_after: end,
                end: start + end,
            }),
            function: (!failed).then(|| FunctionReport {
                is_cold: got_cold,
                platform_cold: None,
                init: None,
                billed: None,
                request_id: format!("request-{}", self.attempt),
                instance_id: "instance".into(),
                invocation: 1,
                process_start: start,
                handler_entry: start + invocation + offset,
                stop: None,
                clock_error: None,
                implausible: 0,
                cold_nonce: None,
                stamps: StampKind::Kernel,
            }),
            clock: Some(clock),
            held: None,
            follow_ups: None,
            packets: PacketCounts {
                sent: EXCHANGES,
                received,
                answered,
                duplicates: 0,
                reordered: u32::from(cold && self.attempt.is_multiple_of(90)),
            },
            exchanges,
            host_rows: Vec::new(),
        }
    }

    /// A round trip, ns: a narrow body with a tail, wider and slower when cold.
    pub fn rtt(&mut self, cold: bool) -> Nanos {
        let base = if cold { 38.0 } else { 31.0 };
        let body = base * (1.0 + 0.5 * self.next() * self.next());
        let tail = if self.next() < 0.04 {
            1.0 + 9.0 * self.next() * self.next()
        } else {
            1.0
        };
        (body * tail * MICROSECOND as f64) as Nanos
    }
}

/// A run as it is viewed: the board after its last sample, the attempt of that sample, and the list of all.
pub fn recorded(run: &FakeRun) -> (Board, Option<Attempt>, View) {
    let mut replay = Replay::new(run.entries.clone());
    let last = replay.samples();
    let view = View {
        access: Access::Look,
        moment: Some(Moment { at: last, of: last }),
        table: Table::new(replay.rows()),
        ..View::default()
    };
    let attempt = replay.attempt(last).cloned().map(on_its_own_clock);
    (replay.at(last), attempt, view)
}

/// The attempt with the stamps of a function whose clock is off by what the estimate says, on a path that is a few
/// microseconds slower one way, by turns.
fn on_its_own_clock(mut attempt: Attempt) -> Attempt {
    let offset = attempt.clock.map_or(0, |clock| clock.offset);
    let later = |stamps: Stamps, by| Stamps(stamps.0 + by, stamps.1.map(|time| time + by));
    for exchange in &mut attempt.exchanges {
        let skew = (Nanos::from(exchange.0) * 37 % 11 - 5) * MICROSECOND;
        exchange.2 = later(exchange.2, offset);
        exchange.3 = exchange.3.map(|stamps| later(stamps, skew));
        exchange.4 = exchange.4.map(|stamps| later(stamps, skew));
        exchange.5 = exchange.5.map(|stamps| later(stamps, offset));
    }
    attempt
}

/// The attempt in flight after `done` exchanges.
pub fn exchanging(done: u32, lost: (u32, u32)) -> LiveReading {
    let mut run = FakeRun::new();
    let rtts: Vec<Nanos> = (0..done).map(|_| run.rtt(true)).collect();
    LiveReading {
        phase: Phase::Exchanging,
        packets: PacketCounts {
            sent: done + lost.0 + lost.1,
            received: done + lost.1,
            answered: done,
            duplicates: 1,
            reordered: 0,
        },
        strays: 2,
        streak: 7,
        minimum_rtt: rtts.iter().copied().min(),
        offset: Some((1_204_300, 9_600)),
        rtts,
    }
}

/// The boards worth looking at, by name.
pub fn scenes() -> Vec<(&'static str, Board, LiveReading, Nanos)> {
    let quiet = LiveReading::default();
    let warm = until(StartKind::Warm, 3, 18);
    let cold = until(StartKind::Cold, 2, 12);
    let mut paused = until(StartKind::Warm, 4, 7);
    paused.enter(RunState::Pausing);
    paused.enter(RunState::Paused);
    let mut paused_board = paused.board();
    (paused_board.activity, paused_board.current) = (Activity::Idle, None);
    let complete = whole();
    vec![
        ("preparing", Board::default(), quiet.clone(), START),
        ("warm", warm.board(), exchanging(23, (0, 0)), warm.now()),
        ("cold", cold.board(), exchanging(29, (2, 1)), cold.now()),
        ("paused", paused_board, quiet.clone(), paused.now()),
        ("complete", complete.board(), quiet, complete.now()),
    ]
}
