//! The lists of prices that the program carries, and what a run may use up.

use serde::Deserialize;

use super::{PlatformName, Settings};
use crate::core::price::Price;
use crate::core::spending::Terms;
use crate::core::time::{Nanos, SECOND};

/// The data file.
const TEXT: &str = include_str!("../../assets/prices.toml");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Lists {
    price: Vec<Price>,
}

/// Every list of the data file.
pub fn lists() -> Vec<Price> {
    let lists: Lists = toml::from_str(TEXT).expect("the program's own list of prices was tested");
    lists.price
}

impl Settings {
    /// What the run may use up, and the price that it is reckoned with.
    pub fn terms(&self) -> Terms {
        let (platform, architecture) = (self.platform.word(), self.architecture.word());
        let mine = |price: &Price| price.platform == platform && price.architecture == architecture;
        Terms {
            budget: self.budget,
            time: self
                .max_minutes
                .map(|minutes| (minutes * 60.0 * SECOND as f64).round() as Nanos),
            bytes: self.max_bytes,
            fruitless: (self.give_up_after > 0).then_some(self.give_up_after),
            memory_mb: self.memory,
            price: lists().into_iter().find(mine),
        }
    }
}

impl PlatformName {
    /// Whether nobody is paid for what runs there.
    pub fn is_free(self) -> bool {
        matches!(self, Self::Local | Self::Docker | Self::Simulated)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::processor::Processor;

    #[test]
    fn every_list_has_a_date_a_source_and_prices() {
        let lists = lists();
        assert!(!lists.is_empty());
        for price in lists {
            assert_eq!(price.date.len(), "2026-05-11".len(), "{price:?}");
            assert!(!price.source.is_empty(), "{price:?}");
            assert!(price.usd_per_million_requests > 0.0 && price.usd_per_gb_second > 0.0);
        }
    }

    #[test]
    fn both_processors_of_aws_have_a_price_and_no_free_platform_has() {
        let has = |platform: PlatformName, architecture: Processor| {
            let mine = |price: &Price| {
                price.platform == platform.word() && price.architecture == architecture.word()
            };
            lists().iter().any(mine)
        };
        for architecture in [Processor::X86, Processor::Arm] {
            assert!(has(PlatformName::Aws, architecture));
            for free in [
                PlatformName::Local,
                PlatformName::Docker,
                PlatformName::Simulated,
            ] {
                assert!(free.is_free() && !has(free, architecture));
            }
        }
    }
}
