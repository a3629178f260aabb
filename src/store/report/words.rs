//! Numbers and foreign text as a page or a table shows them.

use crate::core::time::Nanos;

/// `text` for HTML, SVG and attributes: nothing in it is markup, and no character is forbidden in XML.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\n' | '\t' => escaped.push(c),
            '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            c if c.is_control() => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}

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

/// Bytes with three digits, exact below 10 kB: `1024 B`, `6.25 MB`.
pub fn size(bytes: u64) -> String {
    let bytes_f = bytes as f64;
    match bytes {
        0..10_000 => format!("{bytes} B"),
        10_000..999_500 => format!("{} kB", digits(bytes_f / 1e3, 3)),
        999_500..999_500_000 => format!("{} MB", digits(bytes_f / 1e6, 3)),
        _ => format!("{} GB", digits(bytes_f / 1e9, 3)),
    }
}

/// `word` as a shell takes it for one word.
pub fn shell(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=+,@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_in_foreign_text_is_text() {
        assert_eq!(
            escape("</script><b a='\"&\u{1}\u{1b}\n"),
            "&lt;/script&gt;&lt;b a=&#39;&quot;&amp;\u{fffd}\u{fffd}\n"
        );
    }

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
    fn shares_and_sizes_have_as_many_digits_as_they_need() {
        assert_eq!([0.0, 0.021, 1.0].map(percent), ["0 %", "2.1 %", "100 %"]);
        assert_eq!(
            [1024, 329_970, 6_251_000, 261_619_712].map(size),
            ["1024 B", "330 kB", "6.25 MB", "262 MB"]
        );
    }

    #[test]
    fn a_command_can_be_pasted() {
        assert_eq!(shell("--n"), "--n");
        assert_eq!(shell("a b"), "'a b'");
        assert_eq!(shell("it's; rm"), r"'it'\''s; rm'");
        assert_eq!(shell(""), "''");
    }
}
