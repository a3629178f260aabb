//! What is made of an answer.

use std::time::Duration;

use super::call::within;
use super::warnings::warnings;
use super::*;
use crate::core::contract::{ClockReply, Dialect, Reply, StampKind};
use crate::core::exchange::HostRecord;
use crate::core::made_up;
use crate::core::run::Invoke;
use crate::core::sample::{
    FunctionReport, HttpTimes, PacketCounts, PlatformRecord, Purpose, SampleKey, StartKind, Token,
};

fn answered(kind: StartKind, is_cold: bool, nonce: Option<&str>) -> Attempt {
    let key = SampleKey {
        size: 0,
        kind,
        repetition: 0,
    };
    let invoke = Invoke {
        number: 7,
        purpose: Purpose::Sample(key),
        attempt_of_sample: 1,
        payload_bytes: 1,
    };
    let mut attempt = blank(invoke, Token([0; 16]), 1);
    attempt.function = Some(FunctionReport {
        is_cold,
        platform_cold: None,
        init: None,
        billed: None,
        request_id: String::new(),
        instance_id: String::new(),
        invocation: 1,
        process_start: 0,
        handler_entry: 0,
        stamps: StampKind::User,
        stop: None,
        clock_error: None,
        implausible: 0,
        cold_nonce: nonce.map(|answered| ColdNonce {
            set: "r-2".into(),
            answered: Some(answered.into()),
        }),
    });
    attempt
}

#[test]
fn a_cold_start_counts_only_in_the_environment_that_was_forced() {
    use AttemptOutcome::{Unsynchronised, WrongKind};
    let table = [
        (StartKind::Cold, true, None, Unsynchronised),
        (StartKind::Cold, true, Some("r-2"), Unsynchronised),
        (StartKind::Cold, true, Some("r-1"), WrongKind),
        (StartKind::Cold, false, Some("r-2"), WrongKind),
        (StartKind::Warm, false, Some("r-1"), Unsynchronised),
    ];
    for (kind, is_cold, nonce, outcome) in table {
        let attempt = answered(kind, is_cold, nonce);
        assert_eq!(judge(&attempt), outcome, "{kind:?} {is_cold} {nonce:?}");
        let told = warnings(&attempt);
        assert_eq!(told.len(), usize::from(nonce == Some("r-1")), "{told:?}");
    }
    let told = warnings(&answered(StartKind::Cold, true, Some("r-1")));
    assert!(
        told[0].contains("r-1") && told[0].contains("r-2"),
        "{told:?}"
    );
}

fn failure(step: &str) -> Failure {
    Failure {
        step: step.into(),
        what: format!("no {step}"),
        status: None,
    }
}

fn answer(record: Result<PlatformRecord, Failure>) -> Answer {
    Answer {
        http: HttpTimes {
            start: 1,
            connected_after: 1,
            sent_after: 2,
            first_byte_after: 3,
            end_after: 4,
            end: 5,
        },
        reply: Reply {
            is_cold: true,
            request_id: "r".into(),
            instance_id: "i".into(),
            invocation: 1,
            process_start: 0,
            handler_entry: 0,
            handler_leave: None,
            cold_nonce: None,
            clock: ClockReply::silent(Dialect::Stamp, None),
        },
        record,
    }
}

fn host() -> HostRecord {
    HostRecord {
        dialect: Dialect::Stamp,
        rows: Vec::new(),
        packets: PacketCounts {
            duplicates: 9,
            ..PacketCounts::default()
        },
        implausible: 0,
        ended: false,
    }
}

#[test]
fn what_one_end_has_is_kept_when_the_other_has_failed() {
    let billed = || {
        Ok(PlatformRecord {
            billed: Some(17),
            ..PlatformRecord::default()
        })
    };
    let table = [
        (Ok(answer(billed())), Ok(host()), None, Some(Some(17)), 9),
        (
            Ok(answer(billed())),
            Err(failure("echo")),
            Some("echo: no echo"),
            Some(Some(17)),
            0,
        ),
        (
            Ok(answer(Err(failure("record")))),
            Ok(host()),
            Some("record: no record"),
            Some(None),
            9,
        ),
        (
            Err(failure("connect")),
            Ok(host()),
            Some("connect: no connect"),
            None,
            9,
        ),
        (
            Err(failure("connect")),
            Err(failure("echo")),
            Some("connect: no connect; echo: no echo"),
            None,
            0,
        ),
    ];
    for (answer, host, expected, billed, duplicates) in table {
        let mut attempt = Attempt {
            function: None,
            ..made_up::attempt()
        };
        let settled = settle(&mut attempt, answer, host);
        let told = settled.err().map(|failure| failure.to_string());
        assert_eq!(told.as_deref(), expected);
        assert_eq!(attempt.http.is_some(), billed.is_some(), "{expected:?}");
        let function = attempt.function.map(|function| function.billed);
        assert_eq!(function, billed, "{expected:?}");
        assert_eq!(attempt.packets.duplicates, duplicates, "{expected:?}");
    }
}

#[tokio::test]
async fn a_platform_that_says_nothing_is_named_with_what_was_asked() {
    let asked = within(
        Duration::ZERO,
        ("aws", "endpoint"),
        std::future::pending::<()>(),
    );
    let failure = asked.await.expect_err("nobody answered");
    assert_eq!(
        failure.to_string(),
        "endpoint: the platform aws did not tell it within 0 s"
    );
}
