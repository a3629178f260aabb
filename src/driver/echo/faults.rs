//! What went wrong with the echo's socket, told by its thread without a lock and without memory of its own.

use std::io;
use std::sync::atomic::{AtomicI32, AtomicU32, Ordering::Relaxed};

/// Errors that nobody has taken note of.
#[derive(Debug, Default)]
pub(super) struct Faults {
    count: AtomicU32,
    /// The last one, as the system numbers it.
    last: AtomicI32,
}

impl Faults {
    pub fn add(&self, error: &io::Error) {
        self.last
            .store(error.raw_os_error().unwrap_or_default(), Relaxed);
        self.count.fetch_add(1, Relaxed);
    }

    /// How many there were since this was last asked, and the last of them; none when there was none.
    pub fn take(&self) -> Option<(u32, io::Error)> {
        let count = self.count.swap(0, Relaxed);
        let last = self.last.load(Relaxed);
        (count > 0).then(|| (count, io::Error::from_raw_os_error(last)))
    }
}
