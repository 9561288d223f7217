//! Memory that a crowd took goes back to the system when it is gone.
//!
//! glibc's allocator keeps what was freed below anything that is still in use, so that a process
//! would forever hold what its busiest minute took. That is the process's affair, not the library's.

/// Gives memory back from now on, as long as the process lives.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub(crate) fn give_back() {
    // Without that thread the process is as good, only larger.
    let _ = std::thread::Builder::new()
        .name("memory".to_owned())
        .stack_size(64 << 10)
        .spawn(linux::give_back);
}

/// Other allocators give it back by themselves.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub(crate) fn give_back() {}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod linux {
    use std::time::Duration;

    /// How often it is looked at.
    const LOOK: Duration = Duration::from_secs(5);
    /// A process that takes less need not be looked at: in pages of 4 KB, the smallest there are.
    const PAGES: u64 = (24 << 20) / 4096;
    /// Nothing much was to be had: it is as many looks until the next try.
    const PAUSE: u32 = 6;

    pub(super) fn give_back() {
        let mut pause = 0;
        loop {
            std::thread::sleep(LOOK);
            pause -= u32::from(pause > 0);
            let Some(before) = resident().filter(|pages| pause == 0 && *pages >= PAGES) else {
                continue;
            };
            trim();
            let after = resident().unwrap_or(before);
            if after > before - before / 8 {
                pause = PAUSE;
            }
        }
    }

    /// Pages of the process that are in memory (proc(5), statm).
    fn resident() -> Option<u64> {
        let statm = std::fs::read_to_string("/proc/self/statm").ok()?;
        statm.split(' ').nth(1)?.parse().ok()
    }

    #[allow(unsafe_code, reason = "there is no safe way to ask the C allocator")]
    fn trim() {
        // SAFETY: it takes no pointer, keeps all that is in use, and locks what it works on.
        unsafe {
            libc::malloc_trim(0);
        }
    }
}
