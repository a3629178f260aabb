//! Where a value goes on an axis, and which round values are written beside it.

/// An axis from `low` to `high`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scale {
    low: f64,
    high: f64,
    spacing: Spacing,
}

/// What is equally wide on an axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spacing {
    /// Equal differences.
    Linear,
    /// Equal ratios.
    Log,
}

impl Spacing {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Linear => "linear",
            Self::Log => "log",
        }
    }
}

impl Scale {
    /// From `low` to `high`, widened where they are one. A log axis needs `low` above 0.
    pub fn new(low: f64, high: f64, spacing: Spacing) -> Self {
        let spacing = if low > 0.0 { spacing } else { Spacing::Linear };
        let least = (high.abs() * 0.01).max(1e-9);
        Self {
            low,
            high: high.max(low + least),
            spacing,
        }
    }

    /// A log axis around `low` to `high`, at least as wide as the ratio `least`.
    pub fn log_around(low: f64, high: f64, least: f64) -> Self {
        let low = low.max(1.0);
        let missing = (least / (high.max(low) / low)).max(1.05).sqrt();
        Self::new(low / missing, high.max(low) * missing, Spacing::Log)
    }

    /// Its first value.
    pub fn low(&self) -> f64 {
        self.low
    }

    /// Its last value.
    pub fn high(&self) -> f64 {
        self.high
    }

    /// What is equally wide on it.
    pub fn spacing(&self) -> Spacing {
        self.spacing
    }

    /// Which of `cells` cells holds this value, the nearest end for one outside.
    pub fn cell(&self, value: f64, cells: usize) -> usize {
        let share = match self.spacing {
            Spacing::Linear => (value - self.low) / (self.high - self.low),
            Spacing::Log => (value.max(self.low) / self.low).ln() / (self.high / self.low).ln(),
        };
        ((share.clamp(0.0, 1.0) * cells as f64) as usize).min(cells.saturating_sub(1))
    }

    /// Round values on the axis, at most `most`, rising.
    pub fn ticks(&self, most: usize) -> Vec<f64> {
        let ladders: [&[f64]; 3] = [&[1.0, 2.0, 5.0], &[1.0, 3.0], &[1.0]];
        let log = match self.spacing {
            Spacing::Log => ladders
                .into_iter()
                .map(|steps| self.log_ticks(steps))
                .find(|ticks| ticks.len() <= most),
            Spacing::Linear => None,
        };
        log.filter(|ticks| ticks.len() >= 2)
            .unwrap_or_else(|| self.linear_ticks(most))
    }

    fn log_ticks(&self, steps: &[f64]) -> Vec<f64> {
        let decades = self.low.log10().floor() as i32..=self.high.log10().ceil() as i32;
        decades
            .flat_map(|decade| steps.iter().map(move |step| step * 10_f64.powi(decade)))
            .filter(|value| (self.low..=self.high).contains(value))
            .collect()
    }

    fn linear_ticks(&self, most: usize) -> Vec<f64> {
        let rough = (self.high - self.low) / most.max(1) as f64;
        let decade = 10_f64.powf(rough.log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0]
            .map(|s| s * decade)
            .into_iter()
            .find(|s| *s >= rough)
            .unwrap_or(rough);
        let first = (self.low / step).ceil() as i64;
        (0..=most as i64)
            .map(|i| (first + i) as f64 * step)
            .take_while(|value| *value <= self.high)
            .take(most)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_few() {
        let cases = [
            (
                Scale::new(0.8e6, 40e6, Spacing::Log),
                6,
                vec![1e6, 2e6, 5e6, 1e7, 2e7],
            ),
            (
                Scale::new(0.8e6, 40e6, Spacing::Log),
                4,
                vec![1e6, 3e6, 1e7, 3e7],
            ),
            (
                Scale::new(0.0, 100.0, Spacing::Linear),
                5,
                vec![0.0, 20.0, 40.0, 60.0, 80.0],
            ),
            (
                Scale::new(520.0, 590.0, Spacing::Log),
                4,
                vec![520.0, 540.0, 560.0, 580.0],
            ),
        ];
        for (scale, most, expected) in cases {
            assert_eq!(scale.ticks(most), expected, "{scale:?}");
        }
    }

    #[test]
    fn every_value_has_a_cell_even_on_an_axis_of_one_value() {
        for scale in [
            Scale::new(5.0, 5.0, Spacing::Log),
            Scale::new(-1.0, 3.0, Spacing::Log),
            Scale::log_around(0.0, 0.0, 2.0),
        ] {
            for value in [-1e12, 0.0, 5.0, 1e12] {
                assert!(scale.cell(value, 10) < 10);
                assert_eq!(scale.cell(value, 0), 0);
            }
            assert!(scale.ticks(5).len() <= 5);
        }
    }
}
