//! Axes: from what to what, on which scale, with round ticks in the unit that suits the values.

use std::ops;

use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};

/// How values are spread along an axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// Equal differences are equally long.
    Linear,
    /// Equal ratios are equally long.
    Log,
}

impl Scale {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Linear => "linear",
            Self::Log => "log",
        }
    }
}

/// What an axis counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quantity {
    /// A length of time, ns.
    Time,
    /// Bytes.
    Size,
    /// A share from 0 to 1, shown in percent.
    Share,
    /// A number of things.
    Count,
}

impl Quantity {
    /// The unit for values up to `most`: how many of the raw unit it is, and its name.
    fn unit(self, most: f64) -> (f64, &'static str) {
        let units: &[(f64, &str)] = match self {
            Self::Time => &[(1e9, "s"), (1e6, "ms"), (1e3, "µs"), (1.0, "ns")],
            Self::Size => &[(1e9, "GB"), (1e6, "MB"), (1e3, "kB"), (1.0, "B")],
            Self::Share => &[(0.01, "%")],
            Self::Count => &[(1.0, "")],
        };
        // Two of a unit, so that an axis does not end at "1.3 s" with ticks at 0.2, 0.4, …
        let fits = units.iter().find(|(size, _)| most >= 2.0 * size);
        *fits.unwrap_or(&units[units.len() - 1])
    }
}

/// One axis of a plot.
#[derive(Debug, Clone, PartialEq)]
pub struct Axis {
    title: String,
    from: f64,
    to: f64,
    scale: Scale,
    unit: f64,
    /// Smallest distance of two ticks: there is no half a sample.
    least_step: f64,
}

impl Axis {
    /// An axis that holds `values`, with a little room around them. A linear axis of a quantity that has no negative
    /// values begins at 0; a logarithmic one leaves out what is not positive.
    pub fn of(
        title: &str,
        quantity: Quantity,
        scale: Scale,
        values: impl Iterator<Item = f64>,
    ) -> Self {
        let usable =
            values.filter(|value| value.is_finite() && (scale == Scale::Linear || *value > 0.0));
        let (low, high) = usable.fold((f64::MAX, f64::MIN), |(low, high), value| {
            (low.min(value), high.max(value))
        });
        let (low, high) = if low > high { (1.0, 10.0) } else { (low, high) };
        let (from, to) = match scale {
            // The marks of a small size are not to lie on the other axis.
            Scale::Linear if quantity == Quantity::Size && high > 0.0 => {
                (-0.02 * high, high * 1.04)
            }
            Scale::Log => (low / 1.15, high * 1.15),
            Scale::Linear if low >= 0.0 => (0.0, if high > 0.0 { high * 1.05 } else { 1.0 }),
            Scale::Linear => {
                let room = ((high - low) * 0.05).max(f64::MIN_POSITIVE);
                (low - room, high + room)
            }
        };
        let (unit, name) = quantity.unit(high.abs().max(low.abs()));
        let title = match (name, scale) {
            ("", _) => title.to_owned(),
            (name, Scale::Linear) => format!("{title}, {name}"),
            (name, Scale::Log) => format!("{title}, {name} (log)"),
        };
        Self {
            title,
            from,
            to,
            scale,
            unit,
            least_step: if quantity == Quantity::Count {
                1.0
            } else {
                0.0
            },
        }
    }

    /// The axis from exactly `from` to exactly `to`.
    pub fn between(self, from: f64, to: f64) -> Self {
        Self { from, to, ..self }
    }

    /// What it is called, unit included.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// Its scale.
    pub fn scale(&self) -> Scale {
        self.scale
    }

    /// `value` within the axis.
    pub fn clamp(&self, value: f64) -> f64 {
        value.clamp(self.from, self.to)
    }

    /// Its lower end.
    pub fn from(&self) -> f64 {
        self.from
    }

    /// Its upper end.
    pub fn to(&self) -> f64 {
        self.to
    }

    /// The label of the tick at `value`.
    pub fn label(&self, value: f64) -> String {
        let shown = value / self.unit;
        // Steps are 1, 2 or 5 times a power of ten: what follows the ninth digit is the error of the division.
        let text = format!("{shown:.9}");
        let text = text.trim_end_matches('0').trim_end_matches('.');
        if text == "-0" { "0" } else { text }.replace('-', "−")
    }

    fn position(&self, value: f64) -> f64 {
        let place = |value: f64| match self.scale {
            Scale::Linear => value,
            Scale::Log => value.max(f64::MIN_POSITIVE).ln(),
        };
        (place(value) - place(self.from)) / (place(self.to) - place(self.from))
    }

    fn ticks(&self, most: usize) -> Vec<f64> {
        if self.scale == Scale::Log {
            let dense = [1.0, 1.5, 2.0, 3.0, 5.0, 7.0];
            for mantissas in [&[1.0, 2.0, 5.0][..], &dense, &[1.0, 3.0], &[1.0]] {
                let ticks = self.decade_ticks(mantissas);
                if (3..=most).contains(&ticks.len()) {
                    return ticks;
                }
            }
            let decades = self.decade_ticks(&[1.0]);
            if decades.len() > most {
                let every = decades.len().div_ceil(most.max(1));
                return decades.into_iter().step_by(every).collect();
            }
        }
        self.even_ticks(most)
    }

    fn decade_ticks(&self, mantissas: &[f64]) -> Vec<f64> {
        let decades = self.from.log10().floor() as i32..=self.to.log10().ceil() as i32;
        decades
            .flat_map(|decade| mantissas.iter().map(move |m| m * 10_f64.powi(decade)))
            .filter(|tick| (self.from..=self.to).contains(tick))
            .collect()
    }

    fn even_ticks(&self, most: usize) -> Vec<f64> {
        let step = round_step((self.to - self.from) / most.max(1) as f64).max(self.least_step);
        let first = (self.from / step).ceil() as i64;
        let last = (self.to / step).floor() as i64;
        (first..=last).map(|number| number as f64 * step).collect()
    }
}

/// The next 1, 2 or 5 times a power of ten that is not below `least`.
fn round_step(least: f64) -> f64 {
    let decade = 10_f64.powf(least.log10().floor());
    let step = [1.0, 2.0, 5.0]
        .into_iter()
        .map(|m| m * decade)
        .find(|step| *step >= least * (1.0 - 1e-9));
    step.unwrap_or(10.0 * decade)
}

impl Ranged for Axis {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, (begin, end): (i32, i32)) -> i32 {
        begin + (self.position(*value) * f64::from(end - begin)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        self.ticks(hint.max_num_points())
    }

    fn range(&self) -> ops::Range<f64> {
        self.from..self.to
    }
}

impl ValueFormatter<f64> for Axis {
    fn format(value: &f64) -> String {
        value.to_string()
    }

    fn format_ext(&self, value: &f64) -> String {
        self.label(*value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(axis: &Axis, most: usize) -> Vec<String> {
        axis.ticks(most)
            .into_iter()
            .map(|tick| axis.label(tick))
            .collect()
    }

    #[test]
    fn ticks_are_round_in_the_unit_of_the_title() {
        let axis = Axis::of(
            "time",
            Quantity::Time,
            Scale::Linear,
            [3e5, 8.1e6].into_iter(),
        );
        assert_eq!(axis.title(), "time, ms");
        assert_eq!(labels(&axis, 5), ["0", "2", "4", "6", "8"]);
        let axis = Axis::of(
            "offset",
            Quantity::Time,
            Scale::Linear,
            [-4_100.0, 3_900.0].into_iter(),
        );
        assert_eq!(labels(&axis, 5), ["−4", "−2", "0", "2", "4"]);
        let axis = Axis::of("lost", Quantity::Share, Scale::Linear, [0.021].into_iter());
        assert_eq!(labels(&axis, 4), ["0", "1", "2"]);
    }

    #[test]
    fn a_log_axis_has_ticks_whatever_it_spans() {
        let axis = |low, high| {
            Axis::of(
                "time",
                Quantity::Time,
                Scale::Log,
                [low, high, -1.0, 0.0].into_iter(),
            )
        };
        assert_eq!(labels(&axis(3e5, 3e8), 6), ["1", "10", "100"]);
        assert_eq!(labels(&axis(3e5, 1.2e7), 6), ["0.5", "1", "2", "5", "10"]);
        assert_eq!(
            labels(&axis(1.01e6, 1.04e6), 4),
            ["0.9", "1", "1.1"].map(|label| (label.parse::<f64>().unwrap() * 1000.0).to_string())
        );
        assert!(labels(&axis(1.0, 1e12), 6).len() <= 7);
        assert_eq!(
            labels(&axis(290.0, 1240.0), 7).join(" "),
            "300 500 700 1000"
        );
    }

    #[test]
    fn a_count_has_no_halves_and_a_small_size_does_not_lie_on_the_other_axis() {
        let axis = Axis::of("samples", Quantity::Count, Scale::Linear, [1.0].into_iter());
        assert_eq!(labels(&axis, 4), ["0", "1"]);
        let axis = Axis::of("size", Quantity::Size, Scale::Linear, [6.25e6].into_iter());
        assert!(axis.position(1024.0) > 0.01);
        assert_eq!(labels(&axis, 4), ["0", "2", "4", "6"]);
    }

    #[test]
    fn an_axis_of_nothing_can_be_drawn() {
        for scale in [Scale::Linear, Scale::Log] {
            let axis = Axis::of("time", Quantity::Time, scale, [].into_iter());
            assert!(!axis.ticks(5).is_empty());
        }
    }
}
