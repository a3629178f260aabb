//! Answers that are no success: what is said of them, and when to try again.

use std::time::{Duration, SystemTime};

use jiff::fmt::rfc2822;

use super::headers::Secrets;
use super::reply::told;
use crate::platform::{ErrorKind, HttpReply, Retry};

/// How long a server is left alone that is called too often and does not say how long.
const THROTTLED: Duration = Duration::from_secs(1);

/// What an answer with such a status means.
pub struct Refusal {
    /// Kind.
    pub kind: ErrorKind,
    /// In words, without secrets.
    pub what: String,
    /// When to try again.
    pub retry: Retry,
}

impl Refusal {
    /// Of an answer whose status is no 2xx, at the time `now`.
    pub fn of(reply: &HttpReply, secrets: &Secrets, now: SystemTime) -> Self {
        let header = |name: &str| {
            let found = reply.headers.iter().find(|(header, _)| header == name);
            found.map(|(_, value)| value.as_str())
        };
        let asked = header("retry-after").and_then(|value| wait(value, now));
        let throttled = reply.status == 429;
        let rest = asked.or(throttled.then_some(THROTTLED));
        let (kind, words) = match (reply.status, header("location")) {
            (300..=399, Some(place)) => (
                ErrorKind::Config,
                format!(
                    ", a redirection to {}, which is not followed, as it would be measured with the function: name that URL with --url",
                    secrets.hide(place)
                ),
            ),
            (401 | 403, _) => (ErrorKind::Permission, ", not allowed: see --headers".into()),
            (404 | 405, _) => (ErrorKind::NotFound, ": see --url and --method".into()),
            (429, _) => (ErrorKind::Throttled, ", called too often".into()),
            _ => (ErrorKind::Function, String::new()),
        };
        let rests = asked.map_or_else(String::new, |wait| {
            format!(" (it asks for {} s until the next call)", wait.as_secs())
        });
        Self {
            kind,
            what: format!(
                "HTTP {}{words}{rests}: {}",
                reply.status,
                told(&reply.body, secrets)
            ),
            retry: rest.map_or(Retry::No, Retry::After),
        }
    }
}

/// What `Retry-After` asks for: seconds, or a date (RFC 9110, 10.2.3).
fn wait(value: &str, now: SystemTime) -> Option<Duration> {
    let value = value.trim();
    let seconds = || value.parse().ok().map(Duration::from_secs);
    // The form of dates in HTTP is one of those in mails.
    let until = || Some(SystemTime::from(rfc2822::parse(value).ok()?.timestamp()));
    seconds().or_else(|| until().map(|date| date.duration_since(now).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(status: u16, headers: &[(&str, &str)]) -> Refusal {
        let reply = HttpReply {
            status,
            headers: headers
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            body: "busy".into(),
        };
        // Sun, 06 Nov 1994 08:49:37 GMT
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
        Refusal::of(&reply, &Secrets::default(), now)
    }

    #[test]
    fn a_wish_for_a_rest_is_read_in_both_its_forms() {
        let after = |seconds| Retry::After(Duration::from_secs(seconds));
        for (status, value, retry) in [
            (500, Some("7"), after(7)),
            (429, Some("Sun, 06 Nov 1994 08:49:47 GMT"), after(10)),
            (503, Some("Sun, 06 Nov 1994 08:00:00 GMT"), after(0)),
            (429, Some("soon"), Retry::After(THROTTLED)),
            (429, None, Retry::After(THROTTLED)),
            (500, None, Retry::No),
        ] {
            let headers: Vec<_> = value
                .map(|value| ("retry-after", value))
                .into_iter()
                .collect();
            let refusal = refusal(status, &headers);
            assert_eq!(refusal.retry, retry, "{status} {value:?}");
            assert!(refusal.what.contains("busy"), "{}", refusal.what);
        }
    }

    #[test]
    fn a_redirection_is_told_with_its_place_and_not_followed() {
        let refusal = refusal(307, &[("location", "https://elsewhere/")]);
        assert!(refusal.what.contains("https://elsewhere/") && refusal.what.contains("--url"));
        assert_eq!(refusal.retry, Retry::No);
    }
}
