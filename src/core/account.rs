//! What a run has used up, as it is told and published.

use std::fmt::{self, Display, Formatter};

use serde::{Deserialize, Serialize};

use super::spending::{Spending, Terms, minutes, usd};
use super::words::size;

/// The spending of a run in all its processes, with what follows from its terms.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Account {
    /// Counted.
    #[serde(flatten)]
    pub spending: Spending,
    /// Memory of the function, MB; none where nothing limited the run and nothing was paid.
    pub memory_mb: Option<u32>,
    /// GB-seconds, 1 GB being 1024 MB; none without the memory.
    pub gb_seconds: Option<f64>,
    /// Estimated price, US dollars; none without a list of prices.
    pub usd: Option<f64>,
    /// The day of that list.
    pub prices_of: Option<String>,
}

impl Account {
    /// Of what was spent under these terms.
    pub fn of(spending: Spending, terms: Option<&Terms>) -> Self {
        Self {
            spending,
            memory_mb: terms.map(|terms| terms.memory_mb),
            gb_seconds: terms.map(|terms| spending.gb_seconds(terms.memory_mb)),
            usd: terms.and_then(|terms| terms.usd(&spending)),
            prices_of: terms
                .and_then(|terms| terms.price.as_ref())
                .map(|list| list.date.clone()),
        }
    }
}

impl Display for Account {
    fn fmt(&self, f: &mut Formatter) -> fmt::Result {
        let spending = &self.spending;
        write!(f, "{} requests, ", spending.requests)?;
        if let Some(gb_seconds) = self.gb_seconds {
            write!(f, "{gb_seconds:.3} GB-seconds, ")?;
        }
        write!(
            f,
            "{} of payloads and packages, {} minutes",
            size(spending.bytes),
            minutes(spending.time)
        )?;
        if let (Some(price), Some(date)) = (self.usd, &self.prices_of) {
            write!(f, ", about {} (prices of {date})", usd(price))?;
        }
        Ok(())
    }
}
