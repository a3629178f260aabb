//! Seconds as SeBS writes them, read without losing a digit.

use crate::core::time::{MICROSECOND, Nanos, SECOND};

/// Digits after the point that nanoseconds have.
const DECIMALS: usize = 9;
/// Decimals of a microsecond.
const MICRO_DECIMALS: usize = 6;
/// Most seconds that are taken for a time: the year 2096. Differences of two fit into 64 bits of nanoseconds.
const MOST: Nanos = 4_000_000_000;

/// A number of seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Seconds {
    /// In ns.
    pub nanos: Nanos,
    /// Digits that were written after the point.
    pub decimals: usize,
}

/// Reads a decimal number of seconds, 0 or more; none when it is something else.
pub(super) fn seconds(text: &[u8]) -> Option<Seconds> {
    let text = text.trim_ascii();
    plain(text).or_else(|| with_exponent(text))
}

fn plain(text: &[u8]) -> Option<Seconds> {
    let point = text.iter().position(|byte| *byte == b'.');
    let (whole, part) = match point {
        Some(point) => (&text[..point], &text[point + 1..]),
        None => (text, &text[..0]),
    };
    if whole.len() + part.len() == 0 {
        return None;
    }
    let whole = digits(whole).filter(|whole| *whole <= MOST)?;
    let known = &part[..part.len().min(DECIMALS)];
    let scale = (known.len()..DECIMALS).fold(1, |scale, _| scale * 10);
    let rounded = part.get(DECIMALS).is_some_and(|next| *next >= b'5');
    // The digits that are not used must be digits too.
    part.iter().all(u8::is_ascii_digit).then_some(())?;
    Some(Seconds {
        nanos: whole * SECOND + digits(known)? * scale + Nanos::from(rounded),
        decimals: part.len(),
    })
}

fn digits(text: &[u8]) -> Option<Nanos> {
    text.iter().try_fold(0_i64, |value, byte| {
        let digit = byte.is_ascii_digit().then(|| Nanos::from(byte - b'0'))?;
        value.checked_mul(10)?.checked_add(digit)
    })
}

/// As `1e-05`, which Python writes for small lengths.
fn with_exponent(text: &[u8]) -> Option<Seconds> {
    let value: f64 = std::str::from_utf8(text).ok()?.parse().ok()?;
    (0.0..=MOST as f64).contains(&value).then(|| Seconds {
        nanos: (value * SECOND as f64).round() as Nanos,
        decimals: DECIMALS,
    })
}

/// Reads a difference of two times, s; not a number where there is none that two times can have.
pub(super) fn difference(text: &str) -> f64 {
    let value = text.parse().ok();
    value
        .filter(|value: &f64| value.abs() <= MOST as f64)
        .unwrap_or(f64::NAN)
}

/// The unit of stamps of which none has more decimals than this, ns; 0 for nanoseconds.
pub(super) fn unit(decimals: usize) -> Nanos {
    match decimals {
        0..=MICRO_DECIMALS => (decimals..DECIMALS).fold(1, |unit, _| unit * 10),
        // Doubles of seconds since the epoch, which resolve a quarter of a microsecond.
        7 | 8 => MICROSECOND,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_that_no_two_times_have_is_none() {
        for (text, value) in [("-0.25", -0.25), ("4e9", 4e9), ("-4e9", -4e9), ("0", 0.0)] {
            assert!((difference(text) - value).abs() < 1e-12, "{text}");
        }
        for text in ["inf", "-inf", "1e300", "-4.1e9", "nan", "", "x"] {
            assert!(difference(text).is_nan(), "{text}");
        }
    }

    #[test]
    fn every_digit_counts() {
        let nanos = |text: &str| seconds(text.as_bytes()).map(|seconds| seconds.nanos);
        for (text, expected) in [
            ("1605058003.123456", 1_605_058_003_123_456_000),
            ("1700000003.123456789", 1_700_000_003_123_456_789),
            (" 0.0512345678949 ", 51_234_568),
            ("7", 7_000_000_000),
            (".5", 500_000_000),
            ("1e-05", 10_000),
        ] {
            assert_eq!(nanos(text), Some(expected), "{text}");
        }
        for bad in [
            "",
            ".",
            "-1",
            "nan",
            "inf",
            "1.2.3",
            "0x10",
            "1.123456789x",
            "99999999999",
            "1e30",
        ] {
            assert_eq!(nanos(bad), None, "{bad}");
        }
    }

    #[test]
    fn the_unit_follows_from_the_longest_number() {
        assert_eq!(
            [0, 3, 6, 7, 9, 12].map(unit),
            [SECOND, 1_000_000, 1_000, 1_000, 0, 0]
        );
    }
}
