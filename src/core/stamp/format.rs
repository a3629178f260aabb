//! How peers write time stamps.

use crate::core::time::{Nanos, SECOND};

/// How a peer writes time stamps: the Z bit of its error estimate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Seconds since 1900 and a binary fraction (RFC 5905).
    Ntp,
    /// Seconds since 1970 and nanoseconds (IEEE 1588, truncated).
    Ptp,
}

impl Format {
    const PTP_BIT: u16 = 1 << 14;
    /// Seconds from 1900 to 1970.
    pub(super) const NTP_TO_UNIX: Nanos = 2_208_988_800;

    pub(super) fn of(error_estimate: u16) -> Self {
        if error_estimate & Self::PTP_BIT == 0 {
            Self::Ntp
        } else {
            Self::Ptp
        }
    }

    /// Not synchronised to an outside source; 1 x 2^12 x 2^-32 s, about 1 us.
    pub(super) fn error_estimate(self) -> u16 {
        let magnitude = 12 << 8 | 1;
        match self {
            Self::Ntp => magnitude,
            Self::Ptp => Self::PTP_BIT | magnitude,
        }
    }

    pub(super) fn encode(self, time: Nanos) -> [u8; 8] {
        let (seconds, nanos) = (time.div_euclid(SECOND), time.rem_euclid(SECOND));
        let (seconds, fraction) = match self {
            Self::Ntp => (
                seconds + Self::NTP_TO_UNIX,
                ((nanos << 32) + SECOND / 2) / SECOND,
            ),
            Self::Ptp => (seconds, nanos),
        };
        let mut bytes = [0; 8];
        bytes[..4].copy_from_slice(&(seconds as u32).to_be_bytes());
        bytes[4..].copy_from_slice(&(fraction as u32).to_be_bytes());
        bytes
    }

    pub(super) fn decode(self, bytes: [u8; 8]) -> Nanos {
        let both = u64::from_be_bytes(bytes);
        let (seconds, fraction) = ((both >> 32) as Nanos, (both & 0xffff_ffff) as Nanos);
        match self {
            Self::Ptp => seconds * SECOND + fraction,
            Self::Ntp => {
                // RFC 4330: without its top bit the count has begun anew, in 2036.
                let era = if seconds < 1 << 31 { 1 << 32 } else { 0 };
                let nanos = (fraction * SECOND + (1 << 31)) >> 32;
                (seconds + era - Self::NTP_TO_UNIX) * SECOND + nanos
            }
        }
    }
}
