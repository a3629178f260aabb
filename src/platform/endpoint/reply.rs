//! Where an answer holds what is needed: ours, those of SeBS's wrappers, or as the user says.

use serde::Deserialize;
use serde_json::Value;

use super::headers::Secrets;
use crate::core::contract::{ClockReply, Dialect, FunctionExchange, Reply, StampKind};
use crate::core::time::{Nanos, SECOND};
use crate::platform::HttpReply;

/// Characters of an answer that an error shows.
const SHOWN: usize = 200;
/// Bytes of it that are looked at for what must not be shown, so that no part of a long secret is left at the cut.
const READ: usize = 16 << 10;

/// Later than any time that a function can tell: in the year 2096, ns since the epoch.
const LATEST: Nanos = 4_000_000_000 * SECOND;

/// How answers are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shape {
    /// As our function or SeBS's wrappers answer, also inside an API gateway's `{"statusCode", "body"}`.
    Auto,
    /// As the user says.
    Named(Places),
}

/// Where each value is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Places {
    is_cold: Place,
    request_id: Place,
    timestamp: Place,
    exchanges: Option<Place>,
    instance_id: Option<Place>,
    leave: Option<Place>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    /// A JSON pointer (RFC 6901) into the body.
    Pointer(String),
    /// A header, in lower case.
    Header(String),
}

impl Shape {
    /// Of the setting's text.
    ///
    /// # Errors
    /// Which part is wrong or missing.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text == "auto" {
            return Ok(Self::Auto);
        }
        let (mut is_cold, mut request_id, mut timestamp, mut exchanges) = (None, None, None, None);
        let (mut instance_id, mut leave) = (None, None);
        for part in text.split(',').map(str::trim) {
            let bad = |why: &str| format!("--reply {part}: {why}");
            let (name, place) = part
                .split_once('=')
                .ok_or_else(|| bad("it must be NAME=/pointer or NAME=header:NAME"))?;
            let slot = match name {
                "is_cold" => &mut is_cold,
                "request_id" => &mut request_id,
                "timestamp" => &mut timestamp,
                "exchanges" => &mut exchanges,
                "instance_id" => &mut instance_id,
                "leave" => &mut leave,
                _ => {
                    return Err(bad(
                        "the names are is_cold, request_id, timestamp, exchanges, instance_id and leave",
                    ));
                }
            };
            *slot = Some(match place.strip_prefix("header:") {
                Some(header) if !header.is_empty() => Place::Header(header.to_lowercase()),
                None if place.starts_with('/') => Place::Pointer(place.into()),
                _ => {
                    return Err(bad(
                        "a place is a JSON pointer, such as /cold, or header:NAME",
                    ));
                }
            });
        }
        let needed = |place: Option<Place>, name: &str| {
            place.ok_or_else(|| format!("--reply {text}: it does not say where {name} is"))
        };
        Ok(Self::Named(Places {
            is_cold: needed(is_cold, "is_cold")?,
            request_id: needed(request_id, "request_id")?,
            timestamp: needed(timestamp, "timestamp")?,
            exchanges,
            instance_id,
            leave,
        }))
    }

    /// What `--sync http` needs and these places leave out: it pairs answers of one instance with the next requests.
    pub fn lacks_for_pairing(&self) -> Vec<&'static str> {
        let Self::Named(places) = self else {
            return Vec::new();
        };
        let needed = [
            ("instance_id", &places.instance_id),
            ("leave", &places.leave),
        ];
        let lacking = needed.into_iter().filter(|(_, place)| place.is_none());
        lacking.map(|(name, _)| name).collect()
    }

    /// Reads an answer.
    ///
    /// # Errors
    /// What is missing in it.
    pub fn read(&self, reply: &HttpReply) -> Result<Reply, String> {
        let body = serde_json::from_slice(&reply.body);
        let read = match self {
            Self::Auto => {
                let body = unwrapped(body.map_err(|error| format!("the answer is no JSON ({error}); say where things are with --reply, or look at the URL"))?);
                ours(&body)
                    .or_else(|| of_sebs(&body))
                    .ok_or_else(|| {
                        "neither an answer of our function nor one of SeBS's wrappers (say where things are with --reply)".into()
                    })
            }
            // What is needed can be in the headers alone.
            Self::Named(places) => places.read(&body.unwrap_or(Value::Null), reply),
        };
        read.and_then(checked)
    }
}

/// An answer whose times are times and whose counts can be true, so that no sum of them is too large.
fn checked(mut reply: Reply) -> Result<Reply, String> {
    let rows = &reply.clock.exchanges;
    let of_row = |FunctionExchange(_, _, t1, t1_kernel, t4, t4_kernel): &FunctionExchange| {
        [Some(*t1), *t1_kernel, *t4, *t4_kernel]
    };
    let times = rows.iter().flat_map(of_row).flatten();
    let mut times = times
        .chain([reply.handler_entry, reply.process_start])
        .chain(reply.handler_leave);
    if let Some(time) = times.find(|time| !(0..LATEST).contains(time)) {
        return Err(format!(
            "the answer has a time of {time} ns since 1970, which no clock shows"
        ));
    }
    reply.clock.implausible = reply.clock.implausible.min(2 * rows.len() as u32);
    Ok(reply)
}

/// What an API gateway's answer holds: the object in its `body`, or else the answer itself.
fn unwrapped(body: Value) -> Value {
    let inner = match body.get("body") {
        Some(Value::String(text)) => serde_json::from_str(text).ok(),
        Some(object @ Value::Object(_)) => Some(object.clone()),
        _ => None,
    };
    inner.unwrap_or(body)
}

/// Our function's answer, as it is or in what a wrapper of SeBS's puts around a function's result.
fn ours(body: &Value) -> Option<Reply> {
    ["", "/result/output", "/result/result"]
        .iter()
        .filter_map(|place| body.pointer(place))
        .find_map(|value| Reply::deserialize(value).ok())
}

/// The answer of SeBS's wrapper around its own function: `result.output` up to 1.2, `result.result` since.
fn of_sebs(body: &Value) -> Option<Reply> {
    let timestamp = ["/result/output/timestamp", "/result/result/timestamp"]
        .iter()
        .find_map(|place| body.pointer(place))?;
    Some(bare(
        truth(body.get("is_cold")?)?,
        word(body.get("request_id")?)?,
        body.get("container_id").and_then(word).unwrap_or_default(),
        nanos(timestamp)?,
    ))
}

impl Places {
    fn read(&self, body: &Value, reply: &HttpReply) -> Result<Reply, String> {
        let find = |place: &Place| match place {
            Place::Pointer(pointer) => body.pointer(pointer).cloned(),
            Place::Header(name) => reply
                .headers
                .iter()
                .find(|(header, _)| header == name)
                .map(|(_, value)| Value::String(value.clone())),
        };
        let missing = |name: &str, place: &Place| match place {
            Place::Pointer(pointer) => {
                format!("--reply: no {name} that could be read is at {pointer}")
            }
            Place::Header(header) => {
                format!("--reply: no {name} that could be read is in the header {header}")
            }
        };
        let value = |name, place: &Place| find(place).ok_or_else(|| missing(name, place));
        let is_cold = truth(&value("is_cold", &self.is_cold)?);
        let request_id = word(&value("request_id", &self.request_id)?);
        let timestamp = nanos(&value("timestamp", &self.timestamp)?);
        let mut answer = bare(
            is_cold.ok_or_else(|| missing("is_cold", &self.is_cold))?,
            request_id.ok_or_else(|| missing("request_id", &self.request_id))?,
            String::new(),
            timestamp.ok_or_else(|| missing("timestamp", &self.timestamp))?,
        );
        if let Some(place) = &self.instance_id {
            let told = word(&value("instance_id", place)?);
            answer.instance_id = told.ok_or_else(|| missing("instance_id", place))?;
        }
        if let Some(place) = &self.leave {
            let told = nanos(&value("leave", place)?);
            answer.handler_leave = Some(told.ok_or_else(|| missing("leave", place))?);
        }
        if let Some(place) = &self.exchanges {
            answer.clock =
                clock(value("exchanges", place)?).ok_or_else(|| missing("exchanges", place))?;
        }
        Ok(answer)
    }
}

/// Our `clock` object, or its rows alone.
fn clock(value: Value) -> Option<ClockReply> {
    if let Ok(clock) = ClockReply::deserialize(&value) {
        return Some(clock);
    }
    let exchanges: Vec<FunctionExchange> = serde_json::from_value(value).ok()?;
    let proto = if exchanges.iter().any(|row| row.1.is_some()) {
        Dialect::Stamp
    } else {
        Dialect::Text
    };
    Some(ClockReply {
        proto,
        exchanges,
        ..silent()
    })
}

/// An answer without exchanges, and with nothing of the process.
fn bare(is_cold: bool, request_id: String, instance_id: String, handler_entry: Nanos) -> Reply {
    Reply {
        is_cold,
        request_id,
        instance_id,
        invocation: 0,
        process_start: 0,
        handler_entry,
        cold_nonce: None,
        handler_leave: None,
        clock: ClockReply {
            error: Some("the answer holds no exchanges, so the clocks cannot be compared".into()),
            ..silent()
        },
    }
}

fn silent() -> ClockReply {
    ClockReply {
        proto: Dialect::Text,
        stamps: StampKind::User,
        implausible: 0,
        stop: None,
        error: None,
        exchanges: Vec::new(),
    }
}

fn truth(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(truth) => Some(*truth),
        Value::Number(number) => Some(number.as_f64()? != 0.0),
        Value::String(text) => match text.to_lowercase().as_str() {
            "true" | "cold" | "yes" | "1" => Some(true),
            "false" | "warm" | "no" | "0" => Some(false),
            _ => None,
        },
        _ => None,
    }
}

fn word(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// A time since the epoch: seconds, or by its size milli-, micro- or nanoseconds.
fn nanos(value: &Value) -> Option<Nanos> {
    let text = match value {
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.trim().to_owned(),
        _ => return None,
    };
    let (whole, part) = text.split_once('.').unwrap_or((&text, ""));
    let whole: i64 = whole.parse().ok().filter(|whole| *whole > 0)?;
    let unit = match whole.ilog10() {
        ..11 => SECOND,
        11..14 => SECOND / 1000,
        14..17 => SECOND / 1_000_000,
        _ => 1,
    };
    let fraction: f64 = if part.is_empty() {
        0.0
    } else {
        format!("0.{part}").parse().ok()?
    };
    whole
        .checked_mul(unit)?
        .checked_add((fraction * unit as f64).round() as Nanos)
}

/// The beginning of an answer, for messages: a server may say back what it was told.
pub fn told(body: &[u8], secrets: &Secrets) -> String {
    let text = secrets.hide(&String::from_utf8_lossy(&body[..body.len().min(READ)]));
    let text = text.replace(char::is_control, " ");
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(body: &str) -> HttpReply {
        HttpReply {
            status: 200,
            headers: vec![("x-request-id".into(), "r/1".into())],
            body: body.to_owned().into(),
        }
    }

    #[test]
    fn both_answers_of_sebs_wrappers_are_read_also_inside_a_gateways() {
        let inner = |key: &str| {
            format!(
                r#"{{"begin":"1700000000.5","is_cold":true,"request_id":"8f1c","container_id":"c1","result":{{"{key}":{{"bucket-key":"k","timestamp":1700000000.123456}}}}}}"#
            )
        };
        for key in ["output", "result"] {
            let plain = inner(key);
            let wrapped = serde_json::json!({"statusCode": 200, "body": plain}).to_string();
            for body in [&plain, &wrapped] {
                let reply = Shape::Auto.read(&answered(body)).unwrap();
                assert!(reply.is_cold);
                assert_eq!(
                    (reply.request_id.as_str(), reply.instance_id.as_str()),
                    ("8f1c", "c1")
                );
                assert_eq!(reply.handler_entry, 1_700_000_000_123_456_000);
                assert!(reply.clock.exchanges.is_empty() && reply.clock.error.is_some());
            }
        }
    }

    #[test]
    fn named_places_are_pointers_and_headers() {
        let shape = Shape::parse(
            "is_cold=/cold,request_id=header:X-Request-Id,timestamp=/begin,exchanges=/rows",
        )
        .unwrap();
        let body = r#"{"cold":"warm","begin":"1700000000.5","rows":[[0,0,10,null,30,null]]}"#;
        let reply = shape.read(&answered(body)).unwrap();
        assert!(!reply.is_cold);
        assert_eq!(reply.request_id, "r/1");
        assert_eq!(reply.handler_entry, 1_700_000_000_500_000_000);
        assert_eq!(
            reply.clock.exchanges,
            [FunctionExchange(0, Some(0), 10, None, Some(30), None)]
        );
        let error = shape.read(&answered(r#"{"cold":1}"#)).unwrap_err();
        assert!(
            error.contains("timestamp") && error.contains("/begin"),
            "{error}"
        );
    }

    #[test]
    fn what_pairs_invocations_can_be_named() {
        let named = "is_cold=/c,request_id=/r,timestamp=/t";
        let lacking = |text: &str| Shape::parse(text).unwrap().lacks_for_pairing();
        assert_eq!(lacking(named), ["instance_id", "leave"]);
        assert_eq!(lacking(&format!("{named},leave=/l")), ["instance_id"]);
        assert!(lacking("auto").is_empty(), "it may be ours");
        let all = format!("{named},instance_id=header:x-request-id,leave=/l");
        assert!(lacking(&all).is_empty());
        let body = r#"{"c":false,"r":"r","t":"1700000000.5","l":"1700000000.75"}"#;
        let reply = Shape::parse(&all).unwrap().read(&answered(body)).unwrap();
        assert_eq!(reply.instance_id, "r/1");
        assert_eq!(reply.handler_leave, Some(1_700_000_000_750_000_000));
        let without = Shape::parse(&all)
            .unwrap()
            .read(&answered(r#"{"c":0,"r":"r","t":"1700000000"}"#));
        assert!(without.unwrap_err().contains("leave"));
    }

    #[test]
    fn a_wrong_list_of_places_is_told_part_by_part() {
        for (text, said) in [
            ("is_cold", "pointer"),
            ("cold=/a", "the names are"),
            ("is_cold=a", "JSON pointer"),
            ("is_cold=header:", "header:NAME"),
            ("is_cold=/a,timestamp=/b", "request_id"),
        ] {
            let error = Shape::parse(text).unwrap_err();
            assert!(error.contains(said), "{error}");
        }
    }

    #[test]
    fn times_are_told_apart_by_their_size() {
        for (text, expected) in [
            ("1700000000", 1_700_000_000_000_000_000),
            ("1700000000.25", 1_700_000_000_250_000_000),
            ("1700000000250", 1_700_000_000_250_000_000),
            ("1700000000250000", 1_700_000_000_250_000_000),
            ("1700000000250000123", 1_700_000_000_250_000_123),
        ] {
            assert_eq!(nanos(&Value::String(text.into())), Some(expected), "{text}");
        }
        for text in ["", "soon", "-5", "1.x"] {
            assert_eq!(nanos(&Value::String(text.into())), None, "{text}");
        }
    }

    #[test]
    fn times_and_counts_that_cannot_be_are_no_answer() {
        let shape = Shape::parse("is_cold=/c,request_id=/r,timestamp=/t,exchanges=/x").unwrap();
        let read = |time: &str, rows: &str| {
            let body = format!(r#"{{"c":true,"r":"r","t":"{time}","x":{rows}}}"#);
            shape.read(&answered(&body))
        };
        assert!(read("1700000000", "[[0,0,1,null,2,null]]").is_ok());
        for (time, rows) in [
            ("9223372036854775807", "[]"),
            ("1700000000", "[[0,0,-9223372036854775808,null,2,null]]"),
            ("1700000000", "[[0,0,1,9223372036854775807,2,null]]"),
            ("1700000000", "[[0,0,1,null,9223372036854775807,2]]"),
        ] {
            let error = read(time, rows).unwrap_err();
            assert!(error.contains("no clock shows"), "{error}");
        }
        let boasting = r#"{"proto":"stamp","stamps":"user","implausible":4294967295,"stop":null,"exchanges":[]}"#;
        assert_eq!(read("1700000000", boasting).unwrap().clock.implausible, 0);
    }

    #[test]
    fn an_answer_of_something_else_says_what_to_do() {
        let error = Shape::Auto.read(&answered("<html>")).unwrap_err();
        assert!(error.contains("--reply"), "{error}");
    }
}
