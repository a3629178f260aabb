//! Single sessions in a simulated world: how they end, how long they take, and what is known of each probe.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::sync::Arc;

use proptest::prelude::*;
use sebs_tui::core::contract::{ClockShift, Dialect, StopReason};
use sebs_tui::core::exchange::join;
use sebs_tui::core::initiator::Orders;
use sebs_tui::core::live::Live;
use sebs_tui::core::offset::{ClockEstimate, estimate};
use sebs_tui::core::sample::{Exchange, Token};
use sebs_tui::core::simulation::{Played, Scene, play};
use sebs_tui::core::time::{MILLISECOND, Nanos, SECOND};

const START: Nanos = 1_800_000_000 * SECOND;
const BUDGET: Nanos = 10 * SECOND;
const SHIFT: ClockShift = ClockShift {
    offset: SECOND / 2,
    rate_ppm: 50.0,
    since: START,
};
const QUIET: &str = "out=20us+uniform:5us,back=20us+uniform:5us,wake=uniform:20us";

struct Outcome {
    played: Played,
    exchanges: Vec<Exchange>,
    estimate: Option<ClockEstimate>,
    took: Nanos,
    live: Arc<Live>,
}

fn session(world: &str, dialect: Dialect, in_flight: u32, seed: u64) -> Outcome {
    let live = Arc::new(Live::default());
    let played = play(&Scene {
        world: &world.parse().unwrap(),
        shift: Some(SHIFT),
        orders: Orders {
            dialect,
            token: Token([42; 16]),
            session: 0,
            n: 20,
            max_exchanges: 1000,
            in_flight,
            pace: MILLISECOND,
            budget: BUDGET,
        },
        live: live.clone(),
        begin: START,
        seed,
    });
    let (exchanges, _) = join(&played.host, &played.function);
    Outcome {
        estimate: estimate(&exchanges, SHIFT.apply(START)),
        exchanges,
        took: played.end - START,
        played,
        live,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_session_ends_in_time_for_a_reason_and_the_screen_has_its_counts(
        seed: u64,
        in_flight in 1_u32..20,
        loss in prop_oneof![Just(0.0), 0.0..1.0],
        copies in prop_oneof![Just(0.0), 0.0..0.5],
        delay in 10_u32..30_000,
        jitter in 0_u32..20_000,
    ) {
        let law = format!("{delay}us+uniform:{jitter}us");
        let world = format!("out={law},back={law},loss={loss},copies={copies}");
        let outcome = session(&world, Dialect::Stamp, in_flight, seed);
        // After the budget: one time-out to drain, one for the confirmation.
        prop_assert!(outcome.took <= BUDGET + 9 * SECOND, "took {} ns", outcome.took);
        prop_assert!(outcome.played.function.stop.is_some());
        let (shown, actual) = (outcome.live.read().packets, outcome.played.witnessed);
        if outcome.played.host.ended {
            prop_assert_eq!((shown.sent, shown.received), (actual.sent, actual.received));
        }
        for exchange in &outcome.exchanges {
            let Exchange(_, reply, t1, t2, t3, Some(t4)) = exchange else { continue };
            let (t2, t3) = (t2.unwrap(), t3.unwrap());
            prop_assert!(reply.is_some());
            prop_assert!(t1.1.unwrap() <= t4.1.unwrap() && t2.1.unwrap() <= t3.1.unwrap());
        }
    }
}

#[test]
fn a_path_that_loses_everything_ends_in_silence() {
    for in_flight in [1, 8] {
        let outcome = session("loss=1", Dialect::Stamp, in_flight, 1);
        assert!(outcome.estimate.is_none());
        assert!(matches!(
            outcome.played.function.stop,
            Some(StopReason::Silence | StopReason::Budget)
        ));
        assert!(outcome.took > SECOND, "one lost volley is no silence");
    }
}

#[test]
fn a_tenth_lost_each_way_costs_little_time() {
    let world = format!("{QUIET},loss=0.1");
    let mut took: Vec<Nanos> = (0..200)
        .map(|seed| session(&world, Dialect::Stamp, 1, seed).took)
        .collect();
    took.sort_unstable();
    assert!(took[100] <= 100 * MILLISECOND, "median {} ns", took[100]);
}

#[test]
fn sebs_language_survives_loss_because_rows_are_joined_by_time() {
    for loss in [0.0, 0.02, 0.1, 0.3] {
        let world = format!("{QUIET},loss={loss}");
        for seed in 0..200 {
            let outcome = session(&world, Dialect::Text, 1, seed);
            let Some(estimate) = outcome.estimate else {
                assert!(loss > 0.1, "too few replies to tell whose they are");
                continue;
            };
            assert!(!estimate.clock_step, "{estimate:?}");
            assert!(
                (estimate.offset - SHIFT.offset).abs() <= estimate.bound,
                "loss {loss}, seed {seed}: {estimate:?}"
            );
        }
    }
}
