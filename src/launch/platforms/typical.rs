//! What a platform's steps usually take.

use sebs_tui::core::cold::ColdMethod;
use sebs_tui::core::effort::{ASSUMED_ROUND_TRIP, Basis, Typical, round_trips};
use sebs_tui::core::time::{MILLISECOND, Nanos, SECOND};
use sebs_tui::settings::{PlatformName, Settings};

/// What steps take, for a rough estimate: as measured, or on AWS, where nothing was, as assumed.
pub fn typical(settings: &Settings) -> Option<Typical> {
    match settings.platform {
        PlatformName::Local => Some(Typical {
            basis: Basis::Measured,
            warm: 10 * MILLISECOND,
            cold: 30 * MILLISECOND,
            deployment: 20 * MILLISECOND,
            megabyte: 3 * MILLISECOND,
            unpacking: 2 * MILLISECOND,
            follow_up: MILLISECOND,
        }),
        // The old container is removed before the new one gets the package.
        PlatformName::Docker => Some(Typical {
            basis: Basis::Measured,
            warm: 12 * MILLISECOND,
            cold: 600 * MILLISECOND,
            deployment: 200 * MILLISECOND,
            megabyte: 3 * MILLISECOND,
            unpacking: 14 * MILLISECOND,
            follow_up: MILLISECOND,
        }),
        PlatformName::Aws => {
            // A new connection takes two round trips with TLS.
            let warm =
                Nanos::from(round_trips(settings.carrier(), settings.n) + 2) * ASSUMED_ROUND_TRIP;
            let forced = match settings.cold_method {
                ColdMethod::Idle(wait) => wait.as_nanos() as Nanos,
                _ => 2 * SECOND,
            };
            Some(Typical {
                basis: Basis::Assumed(
                    "round trips of 50 ms, 100 Mbit/s, 2 s for a forced cold start and 15 s for a deployment",
                ),
                warm,
                cold: warm + forced,
                deployment: 15 * SECOND,
                megabyte: 80 * MILLISECOND,
                unpacking: 10 * MILLISECOND,
                follow_up: ASSUMED_ROUND_TRIP,
            })
        }
        PlatformName::Endpoint | PlatformName::Simulated => None,
    }
}
