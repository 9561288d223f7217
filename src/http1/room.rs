//! How many bytes of requests are in memory at the same time, for all connections together.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use super::WireError;

/// So many bytes of a body are read when all room is taken, too: large bodies keep no small ones out.
const SMALL: usize = 64 << 10;

/// The bytes that one connection holds.
pub(super) struct Room {
    taken: Arc<AtomicUsize>,
    limit: usize,
    bytes: usize,
}

impl Room {
    /// Of this many bytes, with all that count in the same number.
    pub(super) fn new(taken: &Arc<AtomicUsize>, limit: usize) -> Self {
        Self { taken: Arc::clone(taken), limit, bytes: 0 }
    }

    /// Takes room for more of a body.
    pub(super) fn take(&mut self, bytes: usize) -> Result<(), WireError> {
        self.bytes += bytes;
        let together = self.taken.fetch_add(bytes, Relaxed) + bytes;
        match self.bytes > SMALL && together > self.limit {
            true => Err(WireError::Overload),
            false => Ok(()),
        }
    }

    /// The request was answered.
    pub(super) fn free(&mut self) {
        self.taken.fetch_sub(std::mem::take(&mut self.bytes), Relaxed);
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.free();
    }
}
