//! What carries the clock exchange, before it is known whether functions find this host.

use serde::{Deserialize, Serialize};

use super::Settings;
use crate::core::contract::Carrier;

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sync {
    /// Datagrams where functions find this host, else further invocations.
    Auto,
    /// Datagrams.
    Udp,
    /// Further invocations.
    Http,
}

impl Default for Sync {
    /// What carried it when there was no choice yet.
    fn default() -> Self {
        Self::Udp
    }
}

impl From<Carrier> for Sync {
    fn from(carrier: Carrier) -> Self {
        match carrier {
            Carrier::Udp => Self::Udp,
            Carrier::Http => Self::Http,
        }
    }
}

impl Settings {
    /// What carries the clock exchange: datagrams, unless further invocations were asked for or settled on.
    pub fn carrier(&self) -> Carrier {
        match self.sync {
            Sync::Auto | Sync::Udp => Carrier::Udp,
            Sync::Http => Carrier::Http,
        }
    }
}
