//! What a person should know of an attempt.

use crate::core::sample::{Attempt, ColdNonce, FunctionReport, StartKind};
use crate::core::time::{MILLISECOND, Nanos};

/// Wall and monotonic clock may drift apart by this much, and by a thousandth of the time, before it is called a step.
const STEP_ALLOWANCE: Nanos = MILLISECOND;

pub(super) fn warnings(attempt: &Attempt) -> Vec<String> {
    let mut warnings = Vec::new();
    if let Some(FunctionReport {
        is_cold,
        platform_cold: Some(platform_cold),
        ..
    }) = attempt.function
        && is_cold != platform_cold
    {
        let (function, platform) = (
            StartKind::of(is_cold).word(),
            StartKind::of(platform_cold).word(),
        );
        warnings.push(format!(
            "attempt {}: the function says {function}, the platform's record says {platform}",
            attempt.number
        ));
    }
    if let Some(function) = &attempt.function
        && let Some(ColdNonce { set, answered }) = &function.cold_nonce
        && function.is_outdated()
    {
        let answered = answered.as_deref().unwrap_or("none");
        warnings.push(format!(
            "attempt {}: an environment of before the last forced cold start answered: its nonce is {answered}, {set} was set",
            attempt.number
        ));
    }
    if let Some(http) = attempt.http {
        let step = (http.end - http.start) - http.end_after;
        if step.abs() > STEP_ALLOWANCE + http.end_after / 1000 {
            warnings.push(format!(
                "attempt {}: the host's wall clock moved by {:.3} ms against its monotonic clock during the invocation",
                attempt.number,
                step as f64 / MILLISECOND as f64
            ));
        }
    }
    warnings
}
