//! Numbers as sentences, pages and tables show them.

use super::time::Nanos;

/// A length of time in the unit that suits it, with four digits: `412.3 µs`, `1.204 ms`, `−2.100 s`.
pub fn duration(nanos: f64) -> String {
    let (unit, name) = unit_of(nanos);
    format!("{} {name}", digits(nanos / unit, 4))
}

/// The same of whole nanoseconds.
pub fn nanos(nanos: Nanos) -> String {
    duration(nanos as f64)
}

/// An interval in one unit: `1.10 to 1.31 ms`.
pub fn interval(low: f64, high: f64) -> String {
    let (unit, name) = unit_of(low.abs().max(high.abs()));
    format!(
        "{} to {} {name}",
        digits(low / unit, 3),
        digits(high / unit, 3)
    )
}

/// A value and the bound on its error, in one unit, with the decimals that the bound leaves a meaning.
pub fn with_bound(value: Nanos, bound: Nanos) -> String {
    let (unit, name) = unit_of(value as f64);
    let bound = bound as f64 / unit;
    let decimals = if bound > 0.0 {
        (1.0 - bound.log10().floor()).clamp(0.0, 6.0) as usize
    } else {
        3
    };
    let value = value as f64 / unit;
    format!("{value:.decimals$} {name} ± {bound:.decimals$}").replace('-', "−")
}

fn unit_of(nanos: f64) -> (f64, &'static str) {
    match nanos.abs() {
        1e9.. => (1e9, "s"),
        1e6.. => (1e6, "ms"),
        1e3.. => (1e3, "µs"),
        _ => (1.0, "ns"),
    }
}

/// `value` with so many digits that count, and no exponent.
pub fn digits(value: f64, count: i32) -> String {
    if value == 0.0 || !value.is_finite() {
        return if value == 0.0 {
            "0".into()
        } else {
            "–".into()
        };
    }
    let decimals = (count - 1 - value.abs().log10().floor() as i32).clamp(0, 9) as usize;
    format!("{value:.decimals$}").replace('-', "−")
}

/// A share in percent.
pub fn percent(share: f64) -> String {
    match share * 100.0 {
        0.0 => "0 %".into(),
        percent => format!("{} %", digits(percent, 2)),
    }
}

/// A number of things that take an s: `1 repetition`, `5 repetitions`.
pub fn counted(number: u64, thing: &str) -> String {
    let s = if number == 1 { "" } else { "s" };
    format!("{number} {thing}{s}")
}

/// Bytes with three digits: `1024 B`, `6.25 MB`.
pub fn size(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["kB", "MB", "GB", "TB", "PB"];
    if bytes < 10_000 {
        return format!("{bytes} B");
    }
    let mut value = bytes as f64 / 1000.0;
    let mut unit = 0;
    // 999.5 would be shown with four digits.
    while value >= 999.5 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    let decimals = if value < 9.995 {
        2
    } else {
        usize::from(value < 99.95)
    };
    format!("{value:.decimals$} {}", UNITS[unit])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_shown_in_a_unit_that_suits_them() {
        let shown = [
            (0.0, "0 ns"),
            (12.0, "12.00 ns"),
            (412_345.0, "412.3 µs"),
            (1_204_000.0, "1.204 ms"),
            (-2.1e9, "−2.100 s"),
            (4.2e13, "42000 s"),
        ];
        for (value, text) in shown {
            assert_eq!(duration(value), text);
        }
        assert_eq!(interval(900_000.0, 1_310_000.0), "0.900 to 1.31 ms");
        assert_eq!(with_bound(1_204_321, 9_412), "1.2043 ms ± 0.0094");
        assert_eq!(with_bound(-1_204_321, 9_412), "−1.2043 ms ± 0.0094");
    }

    #[test]
    fn shares_have_two_digits() {
        assert_eq!([0.0, 0.021, 1.0].map(percent), ["0 %", "2.1 %", "100 %"]);
    }

    #[test]
    fn one_thing_has_no_s() {
        assert_eq!(
            [0, 1, 5].map(|number| counted(number, "repetition")),
            ["0 repetitions", "1 repetition", "5 repetitions"]
        );
    }

    #[test]
    fn sizes_have_three_digits_and_short_ones_are_exact() {
        let shown = [
            (0, "0 B"),
            (9_999, "9999 B"),
            (10_000, "10.0 kB"),
            (999_499, "999 kB"),
            (999_500, "1.00 MB"),
            (6_251_000, "6.25 MB"),
            (261_619_712, "262 MB"),
        ];
        for (bytes, text) in shown {
            assert_eq!(size(bytes), text);
        }
    }
}
