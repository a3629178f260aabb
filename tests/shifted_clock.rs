//! The Python function on a system whose clock is really shifted, as far as its programs can see: under libfaketime.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::time::Duration;

use sebs_tui::core::contract::{Dialect, StampKind};
use sebs_tui::core::time::{MILLISECOND, Nanos, SECOND};
use sebs_tui::driver::package::Runtime;
use sebs_tui::net;
use sebs_tui::platform::local::LocalPlatform;
use sebs_tui::platform::{FunctionSpec, Package, Platform};

#[allow(dead_code, reason = "each test file uses a part of it")]
mod functions;

use functions::{clocked, host, request, spec};

/// Long enough for a gain of 100 ppm to stand out from the bound.
const BETWEEN_CALLS: Duration = Duration::from_millis(300);

/// The function as it is, started with another clock: its wall clock alone, for time-outs are not to be stretched.
fn package(clock: &str) -> Package {
    let bootstrap = format!(
        "#!/bin/sh\nexport FAKETIME_DONT_FAKE_MONOTONIC=1\n\
         exec faketime -f '{clock}' python3 \"$LAMBDA_TASK_ROOT/runtime.py\"\n"
    );
    functions::package(&[
        ("bootstrap", bootstrap.as_bytes()),
        ("runtime.py", include_bytes!("../assets/python/bootstrap")),
        ("handler.py", include_bytes!("../assets/python/handler.py")),
    ])
}

/// Finds the offset of a function whose clock is `ahead` and runs `ppm` too fast since its process began.
async fn assert_found(clock: &str, ahead: Nanos, ppm: f64) {
    let (platform, host) = (LocalPlatform::start().await.unwrap(), host());
    let spec = FunctionSpec {
        handler: Runtime::Python.handler().into(),
        ..spec()
    };
    platform
        .ensure_function(&spec, &package(clock))
        .await
        .unwrap();
    let mut kernel_stamps_refused = 0;
    let mut first = None;
    let begun = net::wall_clock();
    for _ in 0..5 {
        let clocked = clocked(
            &platform,
            &host,
            host.local_addr().port(),
            request(Dialect::Stamp),
        )
        .await;
        let (reply, estimate) = (&clocked.reply, clocked.estimate.unwrap());
        // The clock began to run fast between `begun` and the function's first reading of it.
        let shown = reply.handler_entry - ahead;
        let drift = |since: Nanos| ((shown - since) as f64 * ppm / 1e6).round() as Nanos;
        let (least, most) = (
            ahead + drift(reply.process_start - ahead),
            ahead + drift(begun),
        );
        println!(
            "{clock}: {} ns ± {} ns, truth {least} to {most} ns, {:?}",
            estimate.offset, estimate.bound, reply.clock.stamps
        );
        assert!(most - least < MILLISECOND, "{least} {most}");
        assert!(!estimate.clock_step, "{estimate:?}");
        assert!(
            estimate.offset - estimate.bound <= most && estimate.offset + estimate.bound >= least,
            "the truth, {least} to {most}, is outside of {estimate:?}"
        );
        // From one call to the next the clock's gain is known exactly.
        let (bound, offset, since) = *first.get_or_insert((estimate.bound, estimate.offset, shown));
        let gained = estimate.offset - offset;
        assert!(
            (gained - drift(since)).abs() <= bound + estimate.bound,
            "{gained} ns gained instead of {}",
            drift(since)
        );
        assert!(
            estimate.bound < 10 * MILLISECOND,
            "a bound that says nothing: {estimate:?}"
        );
        assert_eq!(
            (reply.clock.stamps, estimate.stamps),
            (StampKind::User, StampKind::User)
        );
        let kept =
            |row: &&sebs_tui::core::contract::FunctionExchange| row.3.is_some() || row.5.is_some();
        assert_eq!(reply.clock.exchanges.iter().filter(kept).count(), 0);
        kernel_stamps_refused += reply.clock.implausible;
        tokio::time::sleep(BETWEEN_CALLS).await;
    }
    assert!(kernel_stamps_refused >= 5, "{kernel_stamps_refused}");
}

#[tokio::test]
#[ignore = "needs python3 and the faketime library (Debian: faketime)"]
async fn a_shift_is_found_within_its_bound_and_the_kernels_stamps_are_refused() {
    for (clock, ahead) in [
        ("+0.5s", SECOND / 2),
        ("-0.5s", -SECOND / 2),
        ("+5s", 5 * SECOND),
    ] {
        assert_found(clock, ahead, 0.0).await;
    }
}

#[tokio::test]
#[ignore = "needs python3 and the faketime library (Debian: faketime)"]
async fn a_clock_that_runs_too_fast_is_found_where_it_was_at_the_handlers_entry() {
    assert_found("+0.5s x1.0001", SECOND / 2, 100.0).await;
}
