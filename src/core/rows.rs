//! The rows of one attempt: each exchange with its stamps, and its datagrams counted.

use serde::{Deserialize, Serialize};

use super::time::Nanos;

/// One exchange with every stamp both ends have of it, joined by sequence number: a row of ten columns.
///
/// `t1` function sends, `t2` host receives, `t3` host sends, `t4` function receives; ns since the epoch,
/// `t1` and `t4` on the function's clock, `t2` and `t3` on the host's; user-space stamp, then kernel stamp. Over HTTP
/// what the function sends is an answer and what the host sends the next request: see [`super::follow_up`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exchange(
    /// Sequence number of the request.
    pub u32,
    /// Number of the reply that reached the function.
    pub Option<u32>,
    /// T1.
    pub Stamps,
    /// T2, none when the request was lost.
    pub Option<Stamps>,
    /// T3 of that reply.
    pub Option<Stamps>,
    /// T4, none when the reply was lost.
    pub Option<Stamps>,
);

/// The stamps of one passage of a datagram through one end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamps(
    /// Read in user space, ns since the epoch.
    pub Nanos,
    /// Taken by the kernel, where it gives one and it is plausible.
    pub Option<Nanos>,
);

/// A datagram as the host alone knows it: T2, and T3 of its reply, none when that could not be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostStamps(
    /// T2.
    pub Stamps,
    /// T3.
    pub Option<Stamps>,
);

/// Datagrams of one attempt, counted; exact, from sequence and reply numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct PacketCounts {
    /// Probes the function sent, without the end markers.
    pub sent: u32,
    /// Distinct probes that reached the host.
    pub received: u32,
    /// Distinct probes whose reply reached the function.
    pub answered: u32,
    /// Surplus copies of probes that reached the host.
    pub duplicates: u32,
    /// Probes that reached the host after one with a higher number.
    pub reordered: u32,
}

impl PacketCounts {
    /// Lost on the way from function to host.
    pub fn lost_outbound(&self) -> u32 {
        self.sent.saturating_sub(self.received)
    }

    /// Lost on the way from host to function.
    pub fn lost_inbound(&self) -> u32 {
        self.received.saturating_sub(self.answered)
    }

    /// Share of the probes without an answer, 0 to 1.
    pub fn loss(&self) -> f64 {
        if self.sent == 0 {
            0.0
        } else {
            f64::from(self.sent.saturating_sub(self.answered)) / f64::from(self.sent)
        }
    }

    /// Adds another attempt's counts.
    pub fn add(&mut self, other: &Self) {
        self.sent += other.sent;
        self.received += other.received;
        self.answered += other.answered;
        self.duplicates += other.duplicates;
        self.reordered += other.reordered;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn losses_are_told_apart_by_direction() {
        let counts = PacketCounts {
            sent: 100,
            received: 97,
            answered: 90,
            duplicates: 2,
            reordered: 1,
        };
        assert_eq!((counts.lost_outbound(), counts.lost_inbound()), (3, 7));
        assert!((counts.loss() - 0.1).abs() < 1e-12);
        assert!(PacketCounts::default().loss() < f64::EPSILON);
    }
}
