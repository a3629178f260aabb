//! Numbers and names as people read them.

use crate::core::plan::Order;
use crate::core::simulation;
use crate::core::time::{MILLISECOND, Nanos, SECOND};

pub(super) use crate::core::time::length;

/// What must be said of figures that nothing was measured for.
pub(super) fn made_up(platform: &str) -> Option<String> {
    (platform == simulation::NAME)
        .then(|| "SIMULATED: no function was called; every figure is made up".into())
}

/// A length of time in ms, to the microsecond.
pub(super) fn milliseconds(nanos: Nanos) -> String {
    format!("{:.3} ms", in_ms(nanos))
}

/// A value in ms, to the microsecond, with the bound on its error.
pub(super) fn with_bound(value: Nanos, bound: Nanos) -> String {
    format!("{} ±{}", milliseconds(value), length(bound))
}

/// A value whose sign matters, with the decimals that the bound on its error leaves a meaning.
pub(super) fn signed_with_bound(value: Nanos, bound: Nanos) -> String {
    let shown = if value.abs() < MILLISECOND {
        length(value)
    } else {
        format!("{:.*} ms", decimals(bound), in_ms(value))
    };
    let sign = if value < 0 { "" } else { "+" };
    format!("{sign}{shown} ±{}", length(bound))
}

/// Decimals (of ms) that show two digits of `bound`: at least 1, at most 6, which is a nanosecond.
pub(super) fn decimals(bound: Nanos) -> usize {
    match bound.abs() {
        0..100 => 6,
        100..1_000 => 5,
        1_000..10_000 => 4,
        10_000..100_000 => 3,
        100_000..1_000_000 => 2,
        _ => 1,
    }
}

/// `nanos` in ms.
pub(super) fn in_ms(nanos: Nanos) -> f64 {
    nanos as f64 / MILLISECOND as f64
}

/// A time that is not known well: `~40 s`, `~18 min`, `~2 h 5 min`.
pub(super) fn rough(nanos: Nanos) -> String {
    let seconds = (nanos as f64 / SECOND as f64).ceil() as i64;
    let minutes = (seconds + 30) / 60;
    match seconds {
        ..100 => format!("~{seconds} s"),
        100..5_970 => format!("~{minutes} min"),
        _ => format!("~{} h {} min", minutes / 60, minutes % 60),
    }
}

/// A time that was measured: `0.8 s`, `42.0 s`, `18 min 5 s`, `2 h 5 min`.
pub(super) fn lasted(nanos: Nanos) -> String {
    let tenths = (nanos as f64 / SECOND as f64 * 10.0).round() as i64;
    let seconds = (tenths + 5) / 10;
    let minutes = (seconds + 30) / 60;
    match tenths {
        ..1_000 => format!("{}.{} s", tenths / 10, tenths % 10),
        1_000..59_995 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", minutes / 60, minutes % 60),
    }
}

/// An order with its seed.
pub(super) fn order(order: Order) -> String {
    match order {
        Order::Sebs => "order of SeBS".into(),
        Order::Shuffled { seed } => format!("shuffled with seed {seed}"),
    }
}

/// `text` on one line and without anything that a terminal would obey.
pub(super) fn clean(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_to_the_microsecond_and_its_bound_in_its_own_unit() {
        let shown = [
            (412_344, 170, "0.412 ms ±170 ns"),
            (212_345_678, 68_000_000, "212.346 ms ±68.000 ms"),
        ];
        for (value, bound, text) in shown {
            assert_eq!(with_bound(value, bound), text);
        }
    }

    #[test]
    fn an_offset_has_as_many_decimals_as_its_bound_gives_a_meaning() {
        let shown = [
            (3, 168, "+3 ns ±168 ns"),
            (-49_500, 4_500, "-49.50 µs ±4.50 µs"),
            (500_000_213, 170, "+500.00021 ms ±170 ns"),
            (-1_204_000, 61_000, "-1.204 ms ±61.00 µs"),
            (2_500_000_000, 68_000_000, "+2500.0 ms ±68.000 ms"),
        ];
        for (value, bound, text) in shown {
            assert_eq!(signed_with_bound(value, bound), text);
        }
    }

    #[test]
    fn rough_times_have_no_false_precision() {
        let shown = [
            (0, "~0 s"),
            (1, "~1 s"),
            (99, "~99 s"),
            (100, "~2 min"),
            (5_969, "~99 min"),
            (5_970, "~1 h 40 min"),
        ];
        for (seconds, text) in shown {
            assert_eq!(rough(seconds * SECOND), text);
        }
        assert_eq!(rough(1), "~1 s");
    }

    #[test]
    fn a_measured_time_is_said_without_a_tilde() {
        let table = [
            (0, "0.0 s"),
            (830, "0.8 s"),
            (3_960, "4.0 s"),
            (99_940, "99.9 s"),
            (99_960, "1 min 40 s"),
            (1_085_000, "18 min 5 s"),
            (5_999_400, "99 min 59 s"),
            (5_999_600, "1 h 40 min"),
            (7_500_000, "2 h 5 min"),
        ];
        for (millis, text) in table {
            assert_eq!(lasted(millis * 1_000_000), text);
        }
    }

    #[test]
    fn text_from_elsewhere_cannot_steer_the_terminal() {
        assert_eq!(clean("a\x1b[2Jb\nc\r\u{9b}31m"), "a [2Jb c  31m");
    }
}
