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

/// An interval in one unit, `1.10 to 1.31 ms`, with two digits of its width, at most four of its ends. They are rounded
/// outward, so that what lies within is within what is shown, also when it is rounded by [`duration`].
pub fn interval(low: f64, high: f64) -> String {
    let largest = low.abs().max(high.abs());
    let (unit, name) = unit_of(largest);
    if !largest.is_finite() {
        return format!("– to – {name}");
    }
    let place = |value: f64| value.log10().floor() as i32;
    let of_ends = 3 - if largest > 0.0 {
        place(largest / unit)
    } else {
        0
    };
    let width = (high - low).abs() / unit;
    let of_width = if width > 0.0 {
        1 - place(width)
    } else {
        of_ends
    };
    let decimals = of_width.min(of_ends).clamp(0, 9);
    let scale = 10_f64.powi(decimals);
    let end = |value: f64, outward: fn(f64) -> f64| {
        let scaled = value / unit * scale;
        // What a decimal is short of in binary moves no end.
        let near = scaled.round();
        let exact = (scaled - near).abs() <= scaled.abs() * 4.0 * f64::EPSILON;
        let rounded = if exact { near } else { outward(scaled) };
        // No end is a negative nought.
        let shown = rounded / scale + 0.0;
        format!("{shown:.*}", decimals as usize).replace('-', "−")
    };
    format!(
        "{} to {} {name}",
        end(low, f64::floor),
        end(high, f64::ceil)
    )
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
    use proptest::prelude::*;

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
        let intervals = [
            ((900_000.0, 1_310_000.0), "0.90 to 1.31 ms"),
            ((1_000_400_000.0, 1_001_600_000.0), "1.000 to 1.002 s"),
            ((1_100_000.0, 1_100_000.0), "1.100 to 1.100 ms"),
            ((-1_234_567.0, 8_765_432.0), "−1.3 to 8.8 ms"),
            ((-1.0, 1_000.0), "−0.1 to 1.0 µs"),
            ((0.0, 0.0), "0.000 to 0.000 ns"),
        ];
        for ((low, high), text) in intervals {
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

    proptest! {
        #[test]
        fn an_interval_holds_its_median_as_both_are_shown(
            median in -100_000_000_000_i64..100_000_000_000, below in 0_i64..2_000_000_000, above in 0_i64..2_000_000_000,
            finer in 0_u32..9,
        ) {
            let finer = 10_i64.pow(finer);
            let value = |text: &str| -> f64 {
                let (number, unit) = text.rsplit_once(' ').expect("a unit");
                let scale = match unit { "s" => 1e9, "ms" => 1e6, "µs" => 1e3, _ => 1.0 };
                number.replace('−', "-").parse::<f64>().expect("a number") * scale
            };
            let (low, high) = (median - below / finer, median + above / finer);
            let shown = interval(low as f64, high as f64);
            let (from, to) = shown.split_once(" to ").expect("two ends");
            let unit = to.rsplit_once(' ').expect("a unit").1;
            let (from, to) = (value(&format!("{from} {unit}")), value(to));
            let slack = 1e-6;
            prop_assert!(from <= low as f64 + slack && high as f64 <= to + slack, "{low} {high}: {shown}");
            let middle = value(&nanos(median));
            let digit = 1e-9 * middle.abs() + slack;
            prop_assert!(from <= middle + digit && middle <= to + digit, "{}: {shown}", nanos(median));
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
