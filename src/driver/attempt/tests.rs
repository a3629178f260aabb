//! What is made of an answer.

use super::warnings::warnings;
use super::*;
use crate::core::contract::StampKind;
use crate::core::sample::{Purpose, SampleKey};

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
