//! Memory that a crowd of connections took goes back to the system when they are gone.
//!
//! glibc's allocator keeps what was freed below anything that is still in use, so that a host would
//! forever hold what its busiest minute took.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use super::metrics::Metrics;

/// How often it is looked whether much was freed.
pub(super) const LOOK: Duration = Duration::from_secs(1);
/// Fewer connections that ended are not worth the time.
const CONNECTIONS: usize = 256;
/// Nor are fewer bytes of requests.
const BYTES: usize = 16 << 20;

/// Gives freed memory back if there may be much of it; `ended` counts connections.
pub(super) fn tidy(ended: &AtomicUsize, metrics: &Metrics) {
    if ended.load(Relaxed) >= CONNECTIONS || metrics.let_go.load(Relaxed) >= BYTES {
        ended.store(0, Relaxed);
        metrics.let_go.store(0, Relaxed);
        give_back();
    }
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[allow(unsafe_code, reason = "there is no safe way to ask the C allocator")]
fn give_back() {
    // SAFETY: it takes no pointer, keeps all that is in use, and locks what it works on.
    unsafe {
        libc::malloc_trim(0);
    }
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
fn give_back() {}
