//! A thread that looks after connections, so that no call has to: with a timer of its own, each connection would have the kernel set and cancel one with every request.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::Settings;
use super::activity::{Activity, Order};

/// Looks at all connections in turn, as long as it lives.
#[derive(Debug)]
pub(super) struct Reaper {
    kept: Arc<Kept>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Kept {
    activities: Mutex<Vec<Weak<Activity>>>,
    stop: AtomicBool,
}

impl Reaper {
    pub(super) fn start(settings: Settings) -> io::Result<Self> {
        let kept = Arc::new(Kept::default());
        let keeping = Arc::clone(&kept);
        let thread = thread::Builder::new()
            .name("external-providers keeper".to_owned())
            .stack_size(64 << 10)
            .spawn(move || keeping.keep(&settings))?;
        Ok(Self { kept, thread: Some(thread) })
    }

    /// Takes a connection into its care.
    pub(super) fn watch(&self, activity: &Arc<Activity>) {
        self.kept.activities().push(Arc::downgrade(activity));
    }

    /// Tells all connections in its care to finish what was begun.
    pub(super) fn finish(&self) {
        let activities = self.kept.activities();
        activities.iter().filter_map(Weak::upgrade).for_each(|a| a.order(Order::Finish));
    }
}

impl Drop for Reaper {
    fn drop(&mut self) {
        self.kept.stop.store(true, Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // It ends at once; if it panicked, there is nothing left to do about it.
            let _ = thread.join();
        }
    }
}

impl Kept {
    fn activities(&self) -> std::sync::MutexGuard<'_, Vec<Weak<Activity>>> {
        // The list is whole whatever happened to whoever held it.
        self.activities.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keep(&self, settings: &Settings) {
        let shortest = settings.header_timeout.min(settings.idle_timeout);
        let tick = (shortest / 4).clamp(Duration::from_millis(10), Duration::from_secs(1));
        loop {
            thread::park_timeout(tick);
            if self.stop.load(Relaxed) {
                return;
            }
            let mut activities = self.activities();
            activities.retain(|activity| {
                let activity = activity.upgrade();
                if let Some(activity) = activity.as_ref().filter(|a| a.expired(settings)) {
                    activity.order(Order::GiveUp);
                }
                activity.is_some()
            });
            activities.shrink_to(64);
        }
    }
}
