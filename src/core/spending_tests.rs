use super::*;
use crate::core::follow_up::FollowUps;
use crate::core::made_up;
use crate::core::sample::{FunctionReport, HttpTimes};

fn attempt(billed: Option<Nanos>, http: Option<Nanos>) -> Attempt {
    Attempt {
        http: http.map(|after| HttpTimes {
            start: 0,
            connected_after: MILLISECOND,
            sent_after: MILLISECOND,
            first_byte_after: after,
            end_after: after + MILLISECOND,
            end: after + MILLISECOND,
        }),
        function: Some(FunctionReport {
            billed,
            ..made_up::function(false)
        }),
        ..made_up::attempt()
    }
}

#[test]
fn the_platforms_record_is_believed_first_then_the_host_and_both_are_rounded_up() {
    let table = [
        (Some(3 * MILLISECOND), Some(SECOND), 3),
        (Some(3 * MILLISECOND + 1), None, 4),
        (None, Some(7 * MILLISECOND + 1), 8),
        (None, None, 10),
    ];
    for (billed, http, milliseconds) in table {
        let mut spending = Spending::default();
        spending.invoked(&attempt(billed, http), 10 * MILLISECOND);
        assert_eq!(spending.billed, milliseconds * MILLISECOND);
        assert_eq!(spending.longest, spending.billed);
    }
}

#[test]
fn a_wait_for_the_platforms_limit_is_not_paid_for() {
    let held = |held, billed| Attempt {
        held,
        payload_bytes: 100,
        ..attempt(billed, None)
    };
    let wait = Some(Held::For(50 * SECOND));
    let table = [
        (held(None, None), (1, 100, 50_001)),
        (held(wait, None), (1, 100, 1)),
        (held(wait, Some(7 * MILLISECOND)), (1, 100, 7)),
        (held(Some(Held::ToTheEnd), None), (0, 0, 0)),
    ];
    for (attempt, (requests, bytes, milliseconds)) in table {
        let mut spending = Spending::default();
        spending.invoking(attempt.payload_bytes);
        spending.invoked(&attempt, 50 * SECOND + MILLISECOND);
        assert_eq!((spending.requests, spending.bytes), (requests, bytes));
        assert_eq!(spending.billed, milliseconds * MILLISECOND);
        assert_eq!(spending.longest, spending.billed);
        assert_eq!(spending.most_requests, requests);
    }
}

#[test]
fn what_follows_an_attempt_is_paid_for_and_foreseen() {
    let mut attempt = attempt(Some(3 * MILLISECOND), None);
    attempt.follow_ups = Some(FollowUps {
        made: 29,
        paired: 20,
        billed: 40 * MILLISECOND,
        ..FollowUps::default()
    });
    let mut spending = Spending::default();
    spending.invoking(0);
    spending.invoked(&attempt, 0);
    assert_eq!((spending.requests, spending.most_requests), (30, 30));
    assert_eq!(spending.billed, 43 * MILLISECOND);
    assert_eq!(spending.longest, spending.billed);
    let terms = Terms {
        budget: Some(59.5),
        price: Some(Price {
            platform: "p".into(),
            architecture: "a".into(),
            usd_per_million_requests: 1e6,
            usd_per_gb_second: 0.0,
            date: String::new(),
            source: String::new(),
        }),
        ..Terms::default()
    };
    assert!(terms.beyond(&spending, 0).is_some(), "30 more are 60");
}

#[test]
fn a_gigabyte_is_1024_megabytes() {
    for (memory, gb_seconds) in [(128, 0.25), (1024, 2.0), (2048, 4.0)] {
        let spending = Spending {
            billed: 2 * SECOND,
            ..Spending::default()
        };
        assert!((spending.gb_seconds(memory) - gb_seconds).abs() < 1e-12);
    }
}

#[test]
fn a_step_is_refused_just_when_it_would_begin_beyond_a_limit() {
    let spent = Spending {
        requests: 10,
        billed: 10 * SECOND,
        longest: SECOND,
        most_requests: 1,
        bytes: 1000,
        time: 60 * SECOND,
    };
    // A request and a GB-second cost a dollar each: 20 are spent, the next costs 2.
    let price = Price {
        platform: "p".into(),
        architecture: "a".into(),
        usd_per_million_requests: 1e6,
        usd_per_gb_second: 1.0,
        date: String::new(),
        source: String::new(),
    };
    let terms = |budget, time, bytes| Terms {
        budget,
        time,
        bytes,
        memory_mb: 1024,
        price: Some(price.clone()),
        fruitless: None,
    };
    let table = [
        (terms(None, None, None), None),
        (terms(Some(22.0), Some(61 * SECOND), Some(1100)), None),
        (
            terms(Some(21.5), None, None),
            Some("--budget 21.5: about $20.00 spent, the next invocation would add $2.00"),
        ),
        (
            terms(None, Some(60 * SECOND), None),
            Some("--max-minutes 1: 1 minutes spent"),
        ),
        (
            terms(None, None, Some(1099)),
            Some("--max-bytes 1099: 1000 B sent, the next step would send 100 B"),
        ),
    ];
    for (terms, reached) in table {
        let told = terms.beyond(&spent, 100).map(|reached| reached.to_string());
        assert_eq!(told.as_deref(), reached);
    }
    let unpriced = Terms {
        price: None,
        ..terms(Some(0.01), None, None)
    };
    assert_eq!(unpriced.beyond(&spent, 100), None);
}

#[test]
fn small_prices_keep_two_digits() {
    let table = [
        (0.0, "$0.00"),
        (2.0, "$2.00"),
        (12.345, "$12.35"),
        (0.12, "$0.12"),
        (0.000_42, "$0.00042"),
    ];
    for (value, text) in table {
        assert_eq!(usd(value), text);
    }
}
