//! The host's two clocks, read together.

use crate::core::time::Moment;
use crate::net;

/// Both clocks now.
pub fn now() -> Moment {
    Moment {
        wall: net::wall_clock(),
        monotonic: net::monotonic(),
    }
}
