//! When a size and start kind has been measured often enough: repetitions until the median's interval is narrow.

use serde::{Deserialize, Serialize};

use super::distribution::median;
use super::statistics::{LEAST_FOR_INTERVAL, median_interval};
use super::time::Nanos;

/// How narrow is narrow enough, and when to give up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Until {
    /// Half the width of the median's 95 % interval relative to the median that is narrow enough, parts per million.
    pub half_width_ppm: u32,
    /// Most repetitions of a size and start kind, the planned ones included.
    pub most: u32,
}

impl Until {
    /// Half the width in per cent, for people.
    pub fn percent(&self) -> f64 {
        f64::from(self.half_width_ppm) / 1e4
    }

    /// How many repetitions to add to `repetitions` of which `times` were measured, ns; 0 when they are enough, when there
    /// may not be more, or when none was measured.
    ///
    /// An interval narrows with the square root of its samples; at most as many are added as there are, since the
    /// first estimate of the width is rough.
    pub fn more(&self, times: &[Nanos], repetitions: u32) -> u32 {
        let left = self.most.saturating_sub(repetitions);
        if times.is_empty() {
            return 0;
        }
        let needed = match half_width(times) {
            None => LEAST_FOR_INTERVAL.saturating_sub(times.len()).max(1) as f64,
            Some(width) if width * 1e6 <= f64::from(self.half_width_ppm) => return 0,
            Some(width) => {
                let excess = width * 1e6 / f64::from(self.half_width_ppm.max(1));
                let most = times.len() as f64;
                (most * (excess * excess - 1.0)).ceil().clamp(1.0, most)
            }
        };
        left.min(needed as u32)
    }
}

/// Half the width of the interval of the median of `times`, relative to it; none with too few times, or when the median
/// is not positive.
pub fn half_width(times: &[Nanos]) -> Option<f64> {
    let mut sorted = times.to_vec();
    sorted.sort_unstable();
    let interval = median_interval(&sorted);
    interval.known()?.relative_half_width(median(&sorted)?)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const UNTIL: Until = Until {
        half_width_ppm: 50_000,
        most: 100,
    };

    #[test]
    fn as_many_are_added_as_it_seems_to_take() {
        let even: Vec<Nanos> = (0..8).map(|i| 1000 + i % 2).collect();
        let wide: Vec<Nanos> = (0..8).map(|i| 500 + i * 150).collect();
        let nearly: Vec<Nanos> = (0..8).map(|i| 1000 + i * 16).collect();
        assert_eq!(UNTIL.more(&even, 8), 0, "narrow enough");
        assert_eq!(UNTIL.more(&wide, 8), 8, "as many again");
        assert_eq!(UNTIL.more(&nearly, 8), 1, "±5.3 %, nearly there");
        assert_eq!(UNTIL.more(&wide, 97), 3, "no more than allowed");
        assert_eq!(UNTIL.more(&wide, 100), 0);
        assert_eq!(UNTIL.more(&even[..4], 5), 2, "an interval takes six");
        assert_eq!(UNTIL.more(&[], 5), 0, "none was measured");
        assert_eq!(UNTIL.more(&[-5; 8], 8), 1, "no median to compare with");
    }

    proptest! {
        #[test]
        fn rounds_come_to_an_end(times in prop::collection::vec(-10_i64..1_000_000, 1..50), most in 0_u32..1000) {
            let until = Until { half_width_ppm: 1, most };
            let mut repetitions = times.len() as u32;
            let mut rounds = 0;
            loop {
                let more = until.more(&times, repetitions);
                if more == 0 {
                    break;
                }
                repetitions += more;
                rounds += 1;
                prop_assert!(repetitions <= most && rounds <= most);
            }
        }
    }
}
