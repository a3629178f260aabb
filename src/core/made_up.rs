//! Records for tests of the rules, with the least in them.

use super::contract::StampKind;
use super::sample::{
    Attempt, AttemptOutcome, FunctionReport, PacketCounts, Purpose, SampleKey, StartKind, Token,
};

/// What a function says of itself that started so.
pub fn function(is_cold: bool) -> FunctionReport {
    FunctionReport {
        is_cold,
        platform_cold: None,
        init: None,
        billed: None,
        request_id: "r".into(),
        instance_id: "i".into(),
        invocation: 1,
        process_start: 0,
        handler_entry: 0,
        stamps: StampKind::User,
        stop: None,
        clock_error: None,
        implausible: 0,
        cold_nonce: None,
    }
}

/// A measured warm attempt, the first of the run, without times and exchanges.
pub fn attempt() -> Attempt {
    let key = SampleKey {
        size: 0,
        kind: StartKind::Warm,
        repetition: 0,
    };
    Attempt {
        number: 1,
        token: Token([0; 16]),
        purpose: Purpose::Sample(key),
        attempt_of_sample: 1,
        outcome: AttemptOutcome::Measured,
        held: None,
        payload_bytes: 0,
        package_bytes: 0,
        http: None,
        function: Some(function(false)),
        clock: None,
        packets: PacketCounts::default(),
        follow_ups: None,
        exchanges: Vec::new(),
        host_rows: Vec::new(),
    }
}
