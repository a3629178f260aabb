//! The end of an invocation's log, which the Invoke API returns when asked: its REPORT line has what AWS measured.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use crate::core::sample::PlatformRecord;
use crate::core::time::{MILLISECOND, Nanos};
use crate::platform::HttpReply;

/// Header that holds the last 4 KB of the log, in base64.
const HEADER: &str = "x-amz-log-result";

/// What the REPORT line of this invocation says; nothing where there is none.
pub(super) fn record(request_id: &str, reply: &HttpReply) -> PlatformRecord {
    let tail = reply
        .headers
        .iter()
        .find(|(name, _)| name == HEADER)
        .and_then(|(_, value)| BASE64_STANDARD.decode(value).ok())
        .and_then(|bytes| String::from_utf8(bytes).ok());
    tail.and_then(|tail| report(request_id, &tail))
        .unwrap_or_default()
}

/// Reads `REPORT RequestId: …⇥Duration: 1.23 ms⇥Billed Duration: 2 ms⇥…⇥Init Duration: 90.12 ms⇥`.
///
/// A line without an initialisation is one of a warm start. See
/// <https://docs.aws.amazon.com/lambda/latest/dg/nodejs-logging.html>.
fn report(request_id: &str, tail: &str) -> Option<PlatformRecord> {
    let line = tail
        .lines()
        .rev()
        .find(|line| line.starts_with("REPORT "))?;
    let fields: Vec<(&str, &str)> = line["REPORT ".len()..]
        .split('\t')
        .filter_map(|field| field.trim().split_once(": "))
        .collect();
    let field = |name| {
        fields
            .iter()
            .find(|(key, _)| *key == name)
            .map(|(_, value)| *value)
    };
    if field("RequestId") != Some(request_id) {
        return None;
    }
    let billed = milliseconds(field("Billed Duration")?)?;
    let init = field("Init Duration").and_then(milliseconds);
    Some(PlatformRecord {
        cold: Some(init.is_some()),
        init,
        billed: Some(billed),
    })
}

fn milliseconds(text: &str) -> Option<Nanos> {
    let number: f64 = text.strip_suffix(" ms")?.parse().ok()?;
    Some((number * MILLISECOND as f64).round() as Nanos)
}

#[cfg(test)]
mod tests {
    use hyper::body::Bytes;

    use super::*;

    const ID: &str = "8f507cfc-xmpl-4697-b07a-ac58fc914c95";

    fn recorded(log: &str) -> PlatformRecord {
        let headers = vec![(HEADER.to_owned(), BASE64_STANDARD.encode(log))];
        record(
            ID,
            &HttpReply {
                status: 200,
                headers,
                body: Bytes::new(),
            },
        )
    }

    #[test]
    fn a_cold_starts_report_tells_initialisation_and_price() {
        let log = format!(
            "START RequestId: {ID} Version: $LATEST\nEND RequestId: {ID}\nREPORT RequestId: {ID}\tDuration: 38.02 ms\tBilled Duration: 158 ms\tMemory Size: 128 MB\tMax Memory Used: 30 MB\tInit Duration: 119.25 ms\t\n"
        );
        let expected = PlatformRecord {
            cold: Some(true),
            init: Some(119_250_000),
            billed: Some(158_000_000),
        };
        assert_eq!(recorded(&log), expected);
    }

    #[test]
    fn a_warm_starts_report_has_no_initialisation() {
        let log = format!(
            "REPORT RequestId: {ID}\tDuration: 1.23 ms\tBilled Duration: 2 ms\tMemory Size: 128 MB\t"
        );
        let expected = PlatformRecord {
            cold: Some(false),
            init: None,
            billed: Some(2_000_000),
        };
        assert_eq!(recorded(&log), expected);
    }

    #[test]
    fn where_there_is_no_report_of_this_invocation_nothing_is_made_up() {
        for log in [
            "",
            "the function's own words",
            "REPORT RequestId: another\tDuration: 1.23 ms\tBilled Duration: 2 ms",
            &format!("REPORT RequestId: {ID}\tBilled Duration: many ms"),
        ] {
            assert_eq!(recorded(log), PlatformRecord::default(), "{log}");
        }
        let bare = HttpReply {
            status: 200,
            headers: Vec::new(),
            body: Bytes::new(),
        };
        assert_eq!(record(ID, &bare), PlatformRecord::default());
    }
}
