//! Numbers as sentences, pages and tables show them.

use super::time::Nanos;

/// A length of time in the unit that suits it, with four digits: `412.3 µs`, `1.204 ms`, `−2.100 s`.
pub fn duration(nanos: f64) -> String {
    let (unit, name) = unit_of(nanos);
    format!("{} {name}", digits(nanos / unit, 4))
}

/// The same of whole nanoseconds, which have no parts: `176 ns`.
pub fn nanos(nanos: Nanos) -> String {
    if nanos.abs() < 1000 {
        format!("{} ns", fixed(nanos as f64, 0))
    } else {
        duration(nanos as f64)
    }
}

/// An interval in one unit, with two digits of its width, and three to six of its ends: `10.614 to 10.652 ms`.
pub fn interval(low: f64, high: f64) -> String {
    let most = low.abs().max(high.abs());
    let (unit, name) = unit_of(most);
    let decimals = decimals_for(high / unit - low / unit, 2)
        .min(decimals_for(most / unit, 6))
        .max(decimals_for(most / unit, 3));
    let [low, high] = [low, high].map(|end| fixed(end / unit, decimals));
    format!("{low} to {high} {name}")
}

/// A value and the bound on its error, in one unit, with the decimals that the bound leaves a meaning.
pub fn with_bound(value: Nanos, bound: Nanos) -> String {
    let (unit, name) = unit_of(value.abs().max(bound) as f64);
    let bound = bound as f64 / unit;
    let decimals = if bound > 0.0 {
        decimals_for(bound, 2).min(6)
    } else {
        3
    };
    let value = fixed(value as f64 / unit, decimals);
    format!("{value} ± {bound:.decimals$} {name}")
}

/// Decimals that give `value` so many digits that count.
fn decimals_for(value: f64, count: i32) -> usize {
    if value == 0.0 || !value.is_finite() {
        return 0;
    }
    (count - 1 - value.abs().log10().floor() as i32).clamp(0, 9) as usize
}

/// `value` with so many decimals and a true minus sign; 0 has none.
fn fixed(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    match text.strip_prefix('-') {
        Some(rest) if rest.chars().all(|c| c == '0' || c == '.') => rest.into(),
        Some(rest) => format!("−{rest}"),
        None => text,
    }
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
    fixed(value, decimals_for(value, count))
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
    }

    #[test]
    fn whole_nanoseconds_have_no_parts() {
        let shown = [0, -1, 176, 999, 1_194].map(nanos);
        assert_eq!(shown, ["0 ns", "−1 ns", "176 ns", "999 ns", "1.194 µs"]);
    }

    #[test]
    fn an_interval_tells_its_ends_apart() {
        let shown = [
            (900_000.0, 1_310_000.0, "0.90 to 1.31 ms"),
            (10_614_000.0, 10_652_000.0, "10.614 to 10.652 ms"),
            (63_268_000.0, 63_338_000.0, "63.268 to 63.338 ms"),
            (95_600_000.0, 105_200_000.0, "95.6 to 105.2 ms"),
            (99_999_999.0, 100_000_001.0, "100.000 to 100.000 ms"),
            (5_000.0, 5_000.0, "5.00 to 5.00 µs"),
            (-301.0, 4_200.0, "−0.30 to 4.20 µs"),
            (0.0, 0.0, "0 to 0 ns"),
        ];
        for (low, high, text) in shown {
            assert_eq!(interval(low, high), text);
        }
    }

    #[test]
    fn a_value_has_the_unit_and_the_decimals_of_its_bound() {
        let shown = [
            (1_204_321, 9_412, "1.2043 ± 0.0094 ms"),
            (-1_204_321, 9_412, "−1.2043 ± 0.0094 ms"),
            (0, 501, "0 ± 501 ns"),
            (-4, 12_500, "0 ± 12 µs"),
            (500_000_000, 0, "500.000 ± 0.000 ms"),
        ];
        for (value, bound, text) in shown {
            assert_eq!(with_bound(value, bound), text);
        }
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
