//! How long something takes: a least time and a random tail.

use std::fmt;
use std::str::FromStr;

use rand::{Rng, RngExt};

use crate::core::time::{MICROSECOND, MILLISECOND, Nanos, SECOND};

/// No tail reaches further.
const LONGEST: Nanos = 10 * SECOND;

/// A law of lengths of time, ns. As text: `20us`, `20us+exp:200us`, `10ms+pareto:50us:1.5`, `uniform:1ms`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Law {
    /// Always taken.
    pub least: Nanos,
    /// Added by chance.
    pub tail: Tail,
}

/// What is added by chance.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Tail {
    /// Nothing.
    None,
    /// Anything up to this, equally likely.
    Uniform(Nanos),
    /// Exponential with this mean.
    Exponential(Nanos),
    /// Pareto: longer than x with the probability (least / x)^shape.
    Pareto {
        /// The smallest.
        least: Nanos,
        /// The smaller, the heavier the tail.
        shape: f64,
    },
}

impl Law {
    /// Always this long.
    pub const fn constant(least: Nanos) -> Self {
        Self {
            least,
            tail: Tail::None,
        }
    }

    /// One length by this law.
    pub fn draw(&self, dice: &mut impl Rng) -> Nanos {
        // In (0, 1]: both tails stay finite.
        let mut share = || 1.0 - dice.random::<f64>();
        let tail = match self.tail {
            Tail::None => 0.0,
            Tail::Uniform(most) => most as f64 * share(),
            Tail::Exponential(mean) => -(mean as f64) * share().ln(),
            Tail::Pareto { least, shape } => least as f64 * share().powf(-1.0 / shape),
        };
        self.least + (tail.round() as Nanos).min(LONGEST)
    }
}

impl FromStr for Law {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let bad = || {
            format!(
                "{text:?} is no law of times: 20us, 20us+exp:200us, 10ms+pareto:50us:1.5 and uniform:1ms are some"
            )
        };
        let (least, tail) = match text.split_once('+') {
            Some((least, tail)) => (time(least).ok_or_else(bad)?, tail),
            None => match time(text) {
                Some(least) => return Ok(Self::constant(least)),
                None => (0, text),
            },
        };
        let words: Vec<&str> = tail.split(':').collect();
        let tail = match words[..] {
            ["uniform", most] => time(most).map(Tail::Uniform),
            ["exp", mean] => time(mean).map(Tail::Exponential),
            ["pareto", least, shape] => time(least)
                .zip(
                    shape
                        .parse()
                        .ok()
                        .filter(|shape| (0.1..=100.0).contains(shape)),
                )
                .map(|(least, shape)| Tail::Pareto { least, shape }),
            _ => None,
        };
        Ok(Self {
            least,
            tail: tail.ok_or_else(bad)?,
        })
    }
}

/// `200ns`, `1.5us`, `10ms`, `1s`; at most [`LONGEST`].
fn time(text: &str) -> Option<Nanos> {
    let units = [
        ("ns", 1),
        ("us", MICROSECOND),
        ("ms", MILLISECOND),
        ("s", SECOND),
    ];
    let (number, unit) = units
        .iter()
        .find_map(|(name, unit)| Some((text.strip_suffix(name)?, *unit)))?;
    let nanos = number.parse::<f64>().ok()? * unit as f64;
    (0.0..=LONGEST as f64)
        .contains(&nanos)
        .then_some(nanos.round() as Nanos)
}

impl fmt::Display for Law {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}ns", self.least)?;
        match self.tail {
            Tail::None => Ok(()),
            Tail::Uniform(most) => write!(f, "+uniform:{most}ns"),
            Tail::Exponential(mean) => write!(f, "+exp:{mean}ns"),
            Tail::Pareto { least, shape } => write!(f, "+pareto:{least}ns:{shape}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand::rngs::Xoshiro256PlusPlus;

    #[test]
    fn a_law_reads_back_from_its_text() {
        for text in [
            "0ns",
            "20us",
            "20us+exp:200us",
            "10ms+pareto:50us:1.5",
            "uniform:1ms",
            "1.5us",
        ] {
            let law: Law = text.parse().expect(text);
            assert_eq!(law.to_string().parse(), Ok(law), "{text}");
        }
        for text in [
            "",
            "20",
            "us",
            "-1us",
            "11s",
            "NaNs",
            "exp:",
            "pareto:1us",
            "pareto:1us:0",
            "1us+2us",
            "exp:1us+1us",
        ] {
            let error = text.parse::<Law>().expect_err(text);
            assert!(error.contains(&format!("{text:?}")), "{error}");
        }
    }

    #[test]
    fn what_is_drawn_has_the_mean_and_the_tail_that_were_asked_for() {
        let mut dice = Xoshiro256PlusPlus::seed_from_u64(1);
        let mut draws = |text: &str| {
            let law: Law = text.parse().expect(text);
            let mut draws: Vec<Nanos> = (0..20_000).map(|_| law.draw(&mut dice)).collect();
            draws.sort_unstable();
            draws
        };
        assert_eq!(draws("7us")[0], 7_000);
        let uniform = draws("1us+uniform:2us");
        assert!(
            uniform[0] >= 1_000
                && uniform[19_999] <= 3_000
                && (1_900..2_100).contains(&uniform[10_000])
        );
        // Median of an exponential: mean x ln 2.
        let exponential = draws("1us+exp:100us");
        assert!(
            (68_000..73_000).contains(&exponential[10_000]),
            "{}",
            exponential[10_000]
        );
        // Median of a Pareto: least x 2^(1/shape) = 79.4 us; its 99th percentile: least x 100^(1/shape) = 1.08 ms.
        let pareto = draws("pareto:50us:1.5");
        assert!(
            pareto[0] >= 50_000 && (77_000..82_000).contains(&pareto[10_000]),
            "{}",
            pareto[10_000]
        );
        assert!(
            (900_000..1_300_000).contains(&pareto[19_800]),
            "{}",
            pareto[19_800]
        );
        assert!(draws("pareto:1s:0.1")[19_999] <= LONGEST);
    }
}
