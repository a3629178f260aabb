//! The attempt in flight, as numbers that its echo thread writes and the screen reads at frame time.
//!
//! Nothing is queued, locked or allocated per datagram: a reader sees the latest values, each by itself.

use std::sync::atomic::{AtomicI64, AtomicU8, AtomicU32, Ordering::Relaxed};

use super::sample::PacketCounts;
use super::time::Nanos;

/// RTTs kept of one attempt; SeBS's cap of exchanges.
pub const RTT_SLOTS: usize = 1000;

/// What the attempt in flight is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[repr(u8)]
pub enum Phase {
    /// Nothing is in flight.
    #[default]
    Idle,
    /// Looking up the name and connecting.
    Connecting,
    /// Sending the request's bytes.
    Sending,
    /// The request was sent; the function has not been heard.
    Starting,
    /// Datagrams are being exchanged.
    Exchanging,
    /// The exchange has ended; the answer is awaited.
    Answering,
    /// A package is being sent to the platform.
    Uploading,
    /// The platform is making the function, or its change, ready.
    Activating,
    /// The platform asked to be tried again later.
    Waiting,
    /// Something of the run's is being removed.
    Removing,
}

impl Phase {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Connecting => "connecting",
            Self::Sending => "sending",
            Self::Starting => "starting",
            Self::Exchanging => "exchanging",
            Self::Answering => "answering",
            Self::Uploading => "uploading",
            Self::Activating => "activating",
            Self::Waiting => "waiting to try again",
            Self::Removing => "removing",
        }
    }

    fn from_u8(value: u8) -> Self {
        [
            Self::Idle,
            Self::Connecting,
            Self::Sending,
            Self::Starting,
            Self::Exchanging,
            Self::Answering,
            Self::Uploading,
            Self::Activating,
            Self::Waiting,
            Self::Removing,
        ]
        .into_iter()
        .find(|phase| *phase as u8 == value)
        .unwrap_or_default()
    }
}

/// Shared by the writer (driver and echo thread) and any number of readers.
#[derive(Debug)]
pub struct Live {
    phase: AtomicU8,
    sent: AtomicU32,
    received: AtomicU32,
    answered: AtomicU32,
    duplicates: AtomicU32,
    reordered: AtomicU32,
    strays: AtomicU32,
    streak: AtomicU32,
    minimum_rtt: AtomicI64,
    lower: AtomicI64,
    upper: AtomicI64,
    rtt_count: AtomicU32,
    rtts: [AtomicI64; RTT_SLOTS],
}

/// One reading of [`Live`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LiveReading {
    /// What is going on.
    pub phase: Phase,
    /// Counts so far; losses of the last few probes are provisional.
    pub packets: PacketCounts,
    /// Datagrams without a valid token since the echo thread began.
    pub strays: u32,
    /// Consecutive exchanges without a new minimum.
    pub streak: u32,
    /// Smallest RTT, ns.
    pub minimum_rtt: Option<Nanos>,
    /// Offset and its half-width so far, ns (without widening for drift).
    pub offset: Option<(Nanos, Nanos)>,
    /// RTTs in order of completion, ns.
    pub rtts: Vec<Nanos>,
}

impl Default for Live {
    fn default() -> Self {
        Self {
            phase: AtomicU8::new(0),
            sent: AtomicU32::new(0),
            received: AtomicU32::new(0),
            answered: AtomicU32::new(0),
            duplicates: AtomicU32::new(0),
            reordered: AtomicU32::new(0),
            strays: AtomicU32::new(0),
            streak: AtomicU32::new(0),
            minimum_rtt: AtomicI64::new(Nanos::MAX),
            lower: AtomicI64::new(Nanos::MIN),
            upper: AtomicI64::new(Nanos::MAX),
            rtt_count: AtomicU32::new(0),
            rtts: [const { AtomicI64::new(0) }; RTT_SLOTS],
        }
    }
}

impl Live {
    /// Forgets the last attempt; strays go on counting.
    pub fn begin(&self) {
        for counter in [
            &self.sent,
            &self.received,
            &self.answered,
            &self.duplicates,
            &self.reordered,
            &self.streak,
            &self.rtt_count,
        ] {
            counter.store(0, Relaxed);
        }
        self.minimum_rtt.store(Nanos::MAX, Relaxed);
        self.lower.store(Nanos::MIN, Relaxed);
        self.upper.store(Nanos::MAX, Relaxed);
    }

    /// Says what the attempt is doing now.
    pub fn enter(&self, phase: Phase) {
        self.phase.store(phase as u8, Relaxed);
    }

    /// The phase of the moment.
    pub fn phase(&self) -> Phase {
        Phase::from_u8(self.phase.load(Relaxed))
    }

    /// Publishes the counts.
    pub fn count(&self, packets: &PacketCounts) {
        self.sent.store(packets.sent, Relaxed);
        self.received.store(packets.received, Relaxed);
        self.answered.store(packets.answered, Relaxed);
        self.duplicates.store(packets.duplicates, Relaxed);
        self.reordered.store(packets.reordered, Relaxed);
    }

    /// One more datagram that belongs to no attempt.
    pub fn stray(&self) {
        self.strays.fetch_add(1, Relaxed);
    }

    /// One more exchange is complete: its RTT and the bounds `t1 - t2` and `t4 - t3` on the offset, ns.
    pub fn complete(&self, rtt: Nanos, lower: Nanos, upper: Nanos) {
        // As in SeBS, an equal RTT begins the count anew.
        if rtt <= self.minimum_rtt.fetch_min(rtt, Relaxed) {
            self.streak.store(0, Relaxed);
        } else {
            self.streak.fetch_add(1, Relaxed);
        }
        self.lower.fetch_max(lower, Relaxed);
        self.upper.fetch_min(upper, Relaxed);
        let slot = self.rtt_count.load(Relaxed) as usize;
        if let Some(cell) = self.rtts.get(slot) {
            cell.store(rtt, Relaxed);
            self.rtt_count
                .store(slot as u32 + 1, std::sync::atomic::Ordering::Release);
        }
    }

    /// Reads everything.
    pub fn read(&self) -> LiveReading {
        let count = self.rtt_count.load(std::sync::atomic::Ordering::Acquire) as usize;
        let rtts: Vec<Nanos> = self.rtts[..count.min(RTT_SLOTS)]
            .iter()
            .map(|rtt| rtt.load(Relaxed))
            .collect();
        let (lower, upper) = (self.lower.load(Relaxed), self.upper.load(Relaxed));
        let complete = !rtts.is_empty() && lower > Nanos::MIN && upper < Nanos::MAX;
        LiveReading {
            phase: self.phase(),
            packets: PacketCounts {
                sent: self.sent.load(Relaxed),
                received: self.received.load(Relaxed),
                answered: self.answered.load(Relaxed),
                duplicates: self.duplicates.load(Relaxed),
                reordered: self.reordered.load(Relaxed),
            },
            strays: self.strays.load(Relaxed),
            streak: self.streak.load(Relaxed),
            minimum_rtt: rtts.iter().copied().min(),
            offset: complete.then(|| (lower + (upper - lower) / 2, (upper - lower + 1) / 2)),
            rtts,
        }
    }
}
