//! Whole runs in simulated worlds, and what was true in them.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use sebs_tui::core::contract::{Carrier, ClockShift, Dialect};
use sebs_tui::core::message::{Entry, JOURNAL_VERSION, RunHeader, RunState};
use sebs_tui::core::plan::{Limits, Order, Outline, Plan, Range, Sweep};
use sebs_tui::core::simulation::NAME;
use sebs_tui::core::spending::Terms;
use sebs_tui::core::time::{MILLISECOND, Moment, Nanos, SECOND};
use sebs_tui::driver::package::{Runtime, Template};
use sebs_tui::driver::{self, Equipment, Experiment, Foreign, Outlets};
use sebs_tui::platform::FunctionSpec;
use tokio::sync::{mpsc, watch};

/// True time at which every run begins, ns since the epoch.
pub const START: Nanos = 1_800_000_000 * SECOND;
/// Most attempts at a sample.
pub const TRIES: u32 = 5;

/// The function's clock: ahead, and too fast.
pub const SHIFT: ClockShift = ClockShift {
    offset: -3 * SECOND,
    rate_ppm: 80.0,
    since: START,
};

/// So many sizes, the first of 1 MB and each 1 MB larger, both kinds, so many times.
pub fn plan(sizes: u32, repetitions: u32, sweep: Sweep, order: Order) -> Plan {
    let outline = Outline {
        sweep,
        range: Range {
            begin: 1_000_000,
            end: u64::from(sizes) * 1_000_000,
            points: sizes,
        },
        repetitions,
        order,
        attempts_per_sample: TRIES,
        fixed_payload: 1024,
    };
    Plan::new(outline, &Limits::default())
}

/// A whole run by the driver: its journal.
pub fn run(world: &str, seed: u64, plan: Plan) -> Vec<Entry> {
    let entries = Arc::new(Mutex::new(Vec::new()));
    let written = Arc::clone(&entries);
    let experiment = Experiment {
        header: RunHeader {
            version: JOURNAL_VERSION,
            id: "a run".into(),
            platform: NAME.into(),
            runtime: "native".into(),
            cold_method: "simulated".into(),
            n: 20,
            in_flight: 1,
            sync: Carrier::Udp,
            shift: Some(SHIFT),
            plan,
        },
        function: FunctionSpec {
            name: "tested".into(),
            memory_mb: 128,
            timeout: Duration::from_secs(30),
            handler: "bootstrap".into(),
        },
        template: Arc::new(
            Template::new(Runtime::Native).expect("a simulated run needs nothing from outside"),
        ),
        advertise: None,
        dialect: Dialect::Stamp,
        max_exchanges: 1000,
        pace: MILLISECOND,
        seed,
        terms: Terms::default(),
        expected: String::new(),
        foreign: Foreign::default(),
    };
    let equipment = Equipment::Simulated {
        world: world
            .parse()
            .expect("a simulated run needs nothing from outside"),
        start: Moment {
            wall: START,
            monotonic: 0,
        },
    };
    let outlets = Outlets {
        record: Box::new(move |entry| {
            written
                .lock()
                .expect("a simulated run needs nothing from outside")
                .push(entry.clone());
            Ok(())
        }),
        board: watch::Sender::new(Arc::default()),
        live: Arc::default(),
    };
    let (_commands, queue) = mpsc::channel(1);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a simulated run needs nothing from outside");
    let running = driver::run(experiment, equipment, outlets, queue, None);
    let ended = runtime
        .block_on(running)
        .expect("a simulated run needs nothing from outside");
    assert_eq!(ended.board.state, RunState::Complete);
    let entries = entries
        .lock()
        .expect("a simulated run needs nothing from outside");
    entries.clone()
}
