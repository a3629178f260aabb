//! Numbers as people read them: a unit that suits, three digits that matter, no more decimals than are known.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::core::time::{MICROSECOND, MILLISECOND, Nanos, SECOND};

use super::glyphs::Glyphs;

const MINUTE: Nanos = 60 * SECOND;
const HOUR: Nanos = 60 * MINUTE;
const DAY: Nanos = 24 * HOUR;

/// `1.05 MB`: decimal units, three digits.
pub fn bytes(bytes: u64) -> String {
    let value = bytes as f64;
    match value {
        ..999.5 => format!("{bytes} B"),
        ..999.5e3 => format!("{} kB", three_digits(value / 1e3)),
        ..999.5e6 => format!("{} MB", three_digits(value / 1e6)),
        _ => format!("{} GB", three_digits(value / 1e9)),
    }
}

/// `1,048,576`.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `3.3 %`, or `<0.1 %` for what is little but not nothing.
pub fn percent(share: f64) -> String {
    match share * 100.0 {
        p if p <= 0.0 => "0 %".into(),
        p if p < 0.1 => "<0.1 %".into(),
        p if p >= 99.95 => "100 %".into(),
        p => format!("{p:.1} %"),
    }
}

/// `598 ms`, `31.2 µs`: the unit that suits, three digits.
pub fn span(nanos: Nanos, glyphs: &Glyphs) -> String {
    let unit = Unit::for_length(nanos);
    format!("{} {}", in_unit(nanos, unit), unit.symbol(glyphs))
}

/// `20 ms`: a round value beside an axis, ns, without needless digits.
pub fn round_span(nanos: f64, glyphs: &Glyphs) -> String {
    let unit = Unit::for_length(nanos.abs() as Nanos);
    let value = (nanos / unit.nanos() as f64 * 1e3).round() / 1e3;
    format!("{value} {}", unit.symbol(glyphs))
}

fn in_unit(nanos: Nanos, unit: Unit) -> String {
    match unit {
        Unit::Nanosecond => nanos.to_string(),
        _ => three_digits(nanos as f64 / unit.nanos() as f64),
    }
}

/// `+1.204 ms ± 31.2 µs`: the value has the digits that its bound vouches for and one more.
pub fn with_bound(value: Nanos, bound: Nanos, glyphs: &Glyphs) -> String {
    let unit = Unit::for_length(value.abs().max(bound));
    let per_unit = unit.nanos() as f64;
    let decimals = (1.0 - (bound.max(1) as f64 / per_unit).log10().floor()).clamp(0.0, 9.0);
    let decimals = if unit == Unit::Nanosecond {
        0
    } else {
        decimals as usize
    };
    let (symbol, sign) = (unit.symbol(glyphs), glyphs.plus_minus);
    let power = 10_f64.powi(decimals as i32);
    // Adding 0 makes a negative zero a positive one.
    let rounded = (value as f64 / per_unit * power).round() / power + 0.0;
    format!(
        "{rounded:+.decimals$} {symbol} {sign} {}",
        span(bound, glyphs)
    )
}

/// `1:05:09`.
pub fn stopwatch(nanos: Nanos) -> String {
    let seconds = nanos.max(0) / SECOND;
    format!(
        "{}:{:02}:{:02}",
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60
    )
}

/// `18 min`, `1 h 05 min`: no finer than an estimate deserves.
pub fn roughly(nanos: Nanos) -> String {
    match nanos.max(0) {
        n @ ..MINUTE => format!("{} s", (n / SECOND).max(1)),
        n @ ..HOUR => format!("{} min", (n + MINUTE / 2) / MINUTE),
        n @ ..DAY => format!("{} h {:02} min", n / HOUR, n % HOUR / MINUTE),
        n => format!("{} d {} h", n / DAY, n % DAY / HOUR),
    }
}

/// `14:32:07`, in the zone given.
pub fn time_of_day(wall: Nanos, zone: &TimeZone) -> String {
    let shown = |time: Timestamp| time.to_zoned(zone.clone()).strftime("%H:%M:%S").to_string();
    Timestamp::from_nanosecond(i128::from(wall)).map_or_else(|_| "--:--:--".into(), shown)
}

/// Decimals with which all values of a column are shown, so that their points are in line: three
/// digits for the smallest, given in the column's unit.
pub fn column_decimals(smallest: f64) -> usize {
    match smallest {
        ..10.0 => 2,
        ..100.0 => 1,
        _ => 0,
    }
}

/// A unit of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// 10⁻⁹ s.
    Nanosecond,
    /// 10⁻⁶ s.
    Microsecond,
    /// 10⁻³ s.
    Millisecond,
    /// 1 s.
    Second,
}

impl Unit {
    /// The largest in which this length has a digit before the point.
    pub fn for_length(nanos: Nanos) -> Self {
        match nanos {
            ..1_000 => Self::Nanosecond,
            1_000..999_500 => Self::Microsecond,
            999_500..999_500_000 => Self::Millisecond,
            _ => Self::Second,
        }
    }

    /// Its length, ns.
    pub fn nanos(self) -> Nanos {
        match self {
            Self::Nanosecond => 1,
            Self::Microsecond => MICROSECOND,
            Self::Millisecond => MILLISECOND,
            Self::Second => SECOND,
        }
    }

    /// `ms`.
    pub fn symbol(self, glyphs: &Glyphs) -> String {
        match self {
            Self::Nanosecond => "ns".into(),
            Self::Microsecond => format!("{}s", glyphs.micro),
            Self::Millisecond => "ms".into(),
            Self::Second => "s".into(),
        }
    }
}

fn three_digits(value: f64) -> String {
    match value.abs() {
        ..9.995 => format!("{value:.2}"),
        ..99.95 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::screen::glyphs::{GlyphSet, Glyphs};

    fn glyphs() -> Glyphs {
        Glyphs::of(GlyphSet::Ascii)
    }

    #[test]
    fn sizes_read_well_on_both_sides_of_a_unit() {
        let shown = [
            0,
            999,
            1000,
            1024,
            1_048_576,
            999_999,
            5_242_880,
            262_144_000,
            3_000_000_000,
        ];
        let texts = shown.map(bytes);
        let expected = [
            "0 B", "999 B", "1.00 kB", "1.02 kB", "1.05 MB", "1.00 MB", "5.24 MB", "262 MB",
            "3.00 GB",
        ];
        assert_eq!(texts, expected);
        assert_eq!(
            [0, 12, 1234, 1_048_576].map(count),
            ["0", "12", "1,234", "1,048,576"]
        );
    }

    #[test]
    fn lengths_of_time_pick_their_unit() {
        let shown = [
            0,
            850,
            1000,
            31_240,
            999_700,
            2_104_000,
            598_200_000,
            999_700_000,
            12_340_000_000,
        ];
        let expected = [
            "0 ns", "850 ns", "1.00 us", "31.2 us", "1.00 ms", "2.10 ms", "598 ms", "1.00 s",
            "12.3 s",
        ];
        assert_eq!(shown.map(|nanos| span(nanos, &glyphs())), expected);
    }

    #[test]
    fn an_offset_shows_the_digits_its_bound_vouches_for() {
        let cases = [
            (1_204_300, 31_200, "+1.204 ms +- 31.2 us"),
            (-1_204_300, 31_200, "-1.204 ms +- 31.2 us"),
            (12, 9_300, "+0.0 us +- 9.30 us"),
            (3_600_000_031_000, 31_200, "+3600.000031 s +- 31.2 us"),
            (250, 90, "+250 ns +- 90 ns"),
        ];
        for (value, bound, text) in cases {
            assert_eq!(with_bound(value, bound, &glyphs()), text);
        }
    }

    #[test]
    fn times_are_no_finer_than_they_deserve() {
        assert_eq!(stopwatch(3_909 * SECOND), "1:05:09");
        let left = [0, 42, 60, 1_090, 3_909, 200_000].map(|s| roughly(s * SECOND));
        assert_eq!(
            left,
            ["1 s", "42 s", "1 min", "18 min", "1 h 05 min", "2 d 7 h"]
        );
        assert_eq!(
            time_of_day(1_700_000_000 * SECOND, &TimeZone::UTC),
            "22:13:20"
        );
        assert_eq!(
            [0.0, 0.0004, 0.033, 1.0].map(percent),
            ["0 %", "<0.1 %", "3.3 %", "100 %"]
        );
    }
}
