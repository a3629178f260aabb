//! Every setting and where its value came from: flag > `SEBS_TUI_*` > file > SeBS's configuration > default.
//!
//! [`table`] is the one list; [`layers`] stacks the sources; [`sebs`] reads SeBS's JSON; [`show`] prints; `idle` knows
//! which settings do nothing beside others.

pub mod advertise;
pub mod error;
mod idle;
pub mod kind;
pub mod layers;
pub mod prices;
pub mod sebs;
pub mod show;
mod sync;
pub mod table;
mod words;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::core::cold::ColdMethod;
use crate::core::contract::{ClockShift, Dialect};
use crate::core::plan::{Order, Outline, Range, Sweep};
use crate::core::processor::Processor;
use crate::core::simulation::World;
use crate::core::time::{MILLISECOND, Nanos, SECOND};
use crate::core::until::Until;

pub use advertise::Advertise;
pub use error::{Origin, SettingsError};
pub use layers::{Assigned, Resolved, Sources, resolve, resume};
pub use show::{markdown_table, print_config, template};
pub use sync::Sync;
pub use words::{Auto, Glyphs, OrderName, PlatformName, Runtime, Theme, Trigger};

/// Payload of every invocation of a code sweep, bytes on the wire.
pub const CODE_SWEEP_PAYLOAD: u64 = 1024;

/// The settings of a run, checked. Field by field they are described in [`table::TABLE`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// What grows.
    #[serde(rename = "type")]
    pub sweep: Sweep,
    /// Samples per size and start kind.
    pub repetitions: u32,
    /// Half the interval of a median that is narrow enough, per cent of the median.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until_ci: Option<f64>,
    /// Most samples per size and start kind when repeating until then.
    pub max_repetitions: u32,
    /// Consecutive exchanges without a new minimum RTT that end a session.
    pub n: u32,
    /// Attempts allowed per sample.
    pub attempts: u32,
    /// Order of the samples.
    pub order: OrderName,
    /// Seed of the shuffle.
    #[serde(default)]
    pub seed: u64,
    /// Smallest payload, bytes on the wire.
    pub payload_begin: u64,
    /// Largest payload, bytes on the wire.
    pub payload_end: u64,
    /// Payload sizes.
    pub payload_points: u32,
    /// Smallest zip, bytes.
    pub code_begin: u64,
    /// Largest zip, bytes.
    pub code_end: u64,
    /// Zip sizes.
    pub code_points: u32,
    /// Where the function runs.
    pub platform: PlatformName,
    /// Its form.
    pub runtime: Runtime,
    /// Its name.
    pub function_name: String,
    /// Its memory, MB.
    pub memory: u32,
    /// Time-out of an invocation, s.
    pub timeout: u32,
    /// Its processor.
    pub architecture: Processor,
    /// How a cold start is forced.
    pub cold_method: ColdMethod,
    /// What carries the clock exchange.
    #[serde(default)]
    pub sync: Sync,
    /// Where the host waits for datagrams.
    pub listen: Auto<SocketAddr>,
    /// Where the function finds the host.
    pub advertise: Advertise,
    /// Language of the datagrams.
    pub dialect: Dialect,
    /// Most probes of one exchange.
    pub max_exchanges: u32,
    /// Probes under way at once.
    pub in_flight: u32,
    /// Least time between probes when several are under way, ms.
    pub pace_ms: u32,
    /// Estimated price at which the run stops, US dollars.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget: Option<f64>,
    /// Minutes after which it stops.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_minutes: Option<f64>,
    /// Bytes sent at which it stops.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_bytes: Option<u64>,
    /// Samples that may come to nothing before one is measured; 0: any number.
    #[serde(default)]
    pub give_up_after: u32,
    /// AWS: the region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// AWS: the profile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    /// AWS: an emulator.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint_url: Option<String>,
    /// AWS: the function's role.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// AWS: the bucket for large packages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bucket: Option<String>,
    /// AWS: how the function is called.
    pub trigger: Trigger,
    /// Docker: the engine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub docker_host: Option<String>,
    /// Docker: the image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// Docker: the network, by its name.
    pub network: String,
    /// Docker: processors.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpus: Option<f64>,
    /// Endpoint: most invocations in a minute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invocations_per_minute: Option<u32>,
    /// Endpoint: the function's URL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Endpoint: the HTTP method.
    pub method: String,
    /// Endpoint: headers and the variables that hold them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub headers: Option<String>,
    /// Endpoint: further members of the request, a JSON object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<String>,
    /// Endpoint: where the answer holds what is needed.
    pub reply: String,
    /// Parent of the run directories.
    pub out: PathBuf,
    /// Where the ledgers are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<PathBuf>,
    /// Colours.
    pub theme: Theme,
    /// Characters.
    pub glyphs: Glyphs,
    /// The simulated world, as text.
    pub simulated: String,
    /// Seconds added to the function's clock, in tests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock_offset_s: Option<f64>,
    /// Rate error added to the function's clock, in tests, ppm.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock_rate_ppm: Option<f64>,
}

impl Settings {
    /// What is to be planned.
    pub fn outline(&self) -> Outline {
        Outline {
            sweep: self.sweep,
            range: self.range(),
            repetitions: self.repetitions,
            order: match self.order {
                OrderName::Sebs => Order::Sebs,
                OrderName::Shuffled => Order::Shuffled { seed: self.seed },
            },
            attempts_per_sample: self.attempts,
            fixed_payload: CODE_SWEEP_PAYLOAD,
        }
    }

    /// When to go on after the planned repetitions.
    pub fn until(&self) -> Option<Until> {
        self.until_ci.map(|percent| Until {
            half_width_ppm: (percent * 1e4).round() as u32,
            most: self.max_repetitions,
        })
    }

    fn range(&self) -> Range {
        match self.sweep {
            Sweep::Payload => Range {
                begin: self.payload_begin,
                end: self.payload_end,
                points: self.payload_points,
            },
            Sweep::Code => Range {
                begin: self.code_begin,
                end: self.code_end,
                points: self.code_points,
            },
        }
    }

    /// Time-out of an invocation.
    pub fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout.into())
    }

    /// Least time between probes when several are under way, ns.
    pub fn pace(&self) -> Nanos {
        Nanos::from(self.pace_ms) * MILLISECOND
    }

    /// The world of the simulated platform.
    pub fn world(&self) -> World {
        self.simulated
            .parse()
            .expect("its text was checked when it was read")
    }

    /// The known error to put on the function's clock, counted from the wall clock `now`, ns since the epoch.
    pub fn clock_shift(&self, now: Nanos) -> Option<ClockShift> {
        let (offset, rate_ppm) = (self.clock_offset_s, self.clock_rate_ppm);
        (offset.is_some() || rate_ppm.is_some()).then(|| ClockShift {
            offset: (offset.unwrap_or(0.0) * SECOND as f64).round() as Nanos,
            rate_ppm: rate_ppm.unwrap_or(0.0),
            since: now,
        })
    }
}
