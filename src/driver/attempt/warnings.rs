//! What a person should know of an attempt.

use crate::core::sample::{Attempt, ColdNonce, FunctionReport, HttpTimes, StartKind};
use crate::core::time::MILLISECOND;

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
    if let Some(http) = attempt.http.filter(HttpTimes::is_stepped) {
        warnings.push(format!(
            "attempt {}: the host's wall clock moved by {:.3} ms against its monotonic clock during the invocation",
            attempt.number,
            http.moved() as f64 / MILLISECOND as f64
        ));
    }
    warnings
}
