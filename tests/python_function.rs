//! The Python function on the embedded platform, against a host of ours: the protocol is spoken by both languages.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::time::Duration;

use sebs_tui::core::contract::{ClockRequest, Dialect, StampKind, StopReason};
use sebs_tui::core::time::{MILLISECOND, SECOND};
use sebs_tui::driver::package::{Runtime, Template};
use sebs_tui::platform::local::LocalPlatform;
use sebs_tui::platform::{ErrorKind, FunctionSpec, Platform};

#[allow(dead_code, reason = "each test file uses a part of it")]
mod functions;

use functions::{
    Echo, clocked, half_a_second_and_50_ppm, host, lossy_way_to, post, recorded_cold, request,
    slow_invocation, spec,
};

async fn deployed() -> LocalPlatform {
    let template = Template::new(Runtime::Python).unwrap();
    let package = template.package(template.smallest(), 1).unwrap();
    let platform = LocalPlatform::start().await.unwrap();
    let spec = FunctionSpec {
        handler: Runtime::Python.handler().into(),
        ..spec()
    };
    platform.ensure_function(&spec, &package).await.unwrap();
    platform
}

#[tokio::test]
#[ignore = "needs python3"]
async fn the_first_call_is_cold_the_second_warm_and_a_forced_one_cold_again() {
    let (platform, echo) = (deployed().await, Echo::start());
    let mut cold = Vec::new();
    for call in 0..3 {
        if call == 2 {
            platform.force_cold().await.unwrap();
        }
        let called = post(&platform, echo.invocation()).await;
        let reply = platform.decode(&called.reply).unwrap();
        assert_eq!(reply.clock.error, None);
        assert_eq!(
            recorded_cold(&platform, &reply.request_id).await,
            Some(reply.is_cold)
        );
        assert!(reply.process_start < reply.handler_entry);
        println!("cold: {}, took {:?}", reply.is_cold, called.took);
        cold.push(reply.is_cold);
    }
    assert_eq!(cold, [true, false, true]);
}

#[tokio::test]
#[ignore = "needs python3"]
async fn it_measures_the_clock_with_kernel_stamps_within_its_bound() {
    let (platform, host) = (deployed().await, host());
    for session in 0..20 {
        let shift = (session % 2 == 1).then(half_a_second_and_50_ppm);
        let clock = ClockRequest {
            shift,
            ..request(Dialect::Stamp)
        };
        let clocked = clocked(&platform, &host, host.local_addr().port(), clock).await;
        let reply = &clocked.reply.clock;
        assert_eq!(
            (reply.stop, reply.stamps),
            (Some(StopReason::Settled), StampKind::Kernel)
        );
        assert_eq!(reply.implausible, 0);
        // What is late on a busy machine counts as lost.
        assert!(clocked.packets.loss() < 0.2, "{:?}", clocked.packets);
        assert!(clocked.ended && clocked.packets.sent > 20);
        clocked.assert_bound_holds();
        println!(
            "error {} ns, bound {} ns",
            clocked.error(),
            clocked.estimate.unwrap().bound
        );
    }
}

#[tokio::test]
#[ignore = "needs python3"]
async fn it_keeps_several_probes_under_way() {
    let (platform, host) = (deployed().await, host());
    let clock = ClockRequest {
        in_flight: 8,
        pace: MILLISECOND / 5,
        ..request(Dialect::Stamp)
    };
    let clocked = clocked(&platform, &host, host.local_addr().port(), clock).await;
    assert_eq!(clocked.reply.clock.stop, Some(StopReason::Settled));
    clocked.assert_bound_holds();
}

#[tokio::test]
#[ignore = "needs python3"]
async fn it_speaks_the_text_of_sebs() {
    let (platform, host) = (deployed().await, host());
    let clock = ClockRequest {
        shift: Some(half_a_second_and_50_ppm()),
        ..request(Dialect::Text)
    };
    let clocked = clocked(&platform, &host, host.local_addr().port(), clock).await;
    assert_eq!(clocked.reply.clock.stop, Some(StopReason::Settled));
    assert!(clocked.ended);
    clocked.assert_bound_holds();
}

#[tokio::test]
#[ignore = "needs python3"]
async fn losses_and_duplicates_cost_time_but_no_truth() {
    let (platform, host) = (deployed().await, host());
    let way = lossy_way_to(host.local_addr());
    for in_flight in [1, 8] {
        let clock = ClockRequest {
            in_flight,
            shift: Some(half_a_second_and_50_ppm()),
            ..request(Dialect::Stamp)
        };
        let clocked = clocked(&platform, &host, way, clock).await;
        assert_eq!(clocked.reply.clock.stop, Some(StopReason::Settled));
        let packets = clocked.packets;
        assert!(
            packets.lost_outbound() > 0 && packets.lost_inbound() > 0,
            "{packets:?}"
        );
        assert!(packets.duplicates > 0, "{packets:?}");
        clocked.assert_bound_holds();
    }
}

#[tokio::test]
#[ignore = "needs python3"]
async fn it_stops_at_the_largest_number_of_probes_and_at_its_budget() {
    let (platform, host) = (deployed().await, host());
    let port = host.local_addr().port();
    let few = ClockRequest {
        max_exchanges: 5,
        ..request(Dialect::Stamp)
    };
    let few = clocked(&platform, &host, port, few).await;
    assert_eq!(few.reply.clock.stop, Some(StopReason::MaxExchanges));
    assert_eq!(few.packets.sent, 5);
    assert!((1..=5).contains(&few.packets.answered));
    // A probe waits 250 ms for its first answer: nobody answers here.
    let silent = slow_invocation();
    let port = serde_json::from_str::<serde_json::Value>(&silent).unwrap()["server-port"]
        .as_u64()
        .unwrap();
    let short = ClockRequest {
        budget: SECOND / 10,
        ..request(Dialect::Stamp)
    };
    let short = clocked(&platform, &host, port as u16, short).await;
    assert_eq!(short.reply.clock.stop, Some(StopReason::Budget));
    assert_eq!(short.packets.answered, 0);
}

#[tokio::test]
#[ignore = "needs python3"]
async fn an_invocation_in_a_function_urls_event_is_understood() {
    let (platform, echo) = (deployed().await, Echo::start());
    let event = serde_json::json!({ "version": "2.0", "body": echo.invocation(), "isBase64Encoded": false });
    let called = post(&platform, event.to_string()).await;
    assert_eq!(platform.decode(&called.reply).unwrap().clock.error, None);
}

#[tokio::test]
#[ignore = "needs python3"]
async fn what_is_no_invocation_is_an_error_that_names_the_cause_and_costs_no_environment() {
    let (platform, echo) = (deployed().await, Echo::start());
    for nonsense in ["no json", "{}"] {
        let called = post(&platform, nonsense).await;
        let error = platform.decode(&called.reply).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Function);
        assert!(error.what.contains("Error"), "{error}");
    }
    let called = post(&platform, echo.invocation()).await;
    let reply = platform.decode(&called.reply).unwrap();
    assert_eq!(
        recorded_cold(&platform, &reply.request_id).await,
        Some(false)
    );
}

#[tokio::test]
#[ignore = "needs python3"]
async fn a_module_that_cannot_be_imported_is_reported_at_once() {
    let bootstrap = include_bytes!("../assets/python/bootstrap");
    let package = functions::package(&[
        ("bootstrap", bootstrap),
        ("handler.py", b"import nothing_of_this_name"),
    ]);
    let platform = LocalPlatform::start().await.unwrap();
    platform.ensure_function(&spec(), &package).await.unwrap();
    let called = post(&platform, "{}").await;
    // Long before its time-out of 30 s.
    assert!(called.took < Duration::from_secs(20), "{:?}", called.took);
    let error = platform.decode(&called.reply).unwrap_err();
    assert!(
        error
            .what
            .contains("ModuleNotFoundError: No module named 'nothing_of_this_name'"),
        "{error}"
    );
}
