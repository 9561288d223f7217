//! What is in force, and what takes its place while it works: all at once or not at all.

use std::error::Error;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

/// A value that is replaced as a whole. Whoever has it keeps it until its call has ended.
#[derive(Debug)]
pub(crate) struct InForce<T> {
    current: RwLock<Arc<T>>,
    /// Held from the reading of the new one on, so that the last to change it wins.
    changing: Mutex<()>,
}

impl<T> InForce<T> {
    pub(crate) fn new(value: T) -> Self {
        Self::of(Arc::new(value))
    }

    /// What is in force elsewhere, too.
    pub(crate) fn of(value: Arc<T>) -> Self {
        Self { current: RwLock::new(value), changing: Mutex::default() }
    }

    pub(crate) fn get(&self) -> Arc<T> {
        // Nothing panics under this lock.
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Puts what `make` makes of the old one in its place; if it fails, the old one stays. To be called
    /// where one may block.
    pub(crate) fn replace<E>(&self, make: impl FnOnce(&T) -> Result<T, E>) -> Result<(), E> {
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let new = Arc::new(make(&self.get())?);
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        // What was in force is dropped when the lock is free again.
        let _before = std::mem::replace(&mut *current, new);
        drop(current);
        Ok(())
    }
}

/// Logs what became of a reload of `what` from a file; `old` is what there is if it failed.
pub(crate) fn log((what, old): (&str, &str), file: &str, result: &Result<(), impl Error>) {
    match result {
        Ok(()) => tracing::info!(file, "{what} reloaded"),
        Err(error) => {
            let cause = error.source().map(tracing::field::display);
            tracing::error!(
                file, %error, cause, "{what} not reloaded: {old} in force"
            );
        }
    }
}

/// Reloads on every SIGHUP from now on, as long as there is what is shared.
///
/// # Errors
///
/// The signal cannot be listened to.
#[cfg(unix)]
pub(crate) fn on_sighup<S, F>(
    shared: &Arc<S>,
    reload: impl Fn(Arc<S>) -> F + Send + Sync + 'static,
) -> std::io::Result<()>
where
    S: Send + Sync + 'static,
    F: Future<Output = ()> + Send,
{
    use tokio::signal::unix::{SignalKind, signal};
    // From here on the signal does not end the process.
    let mut signals = signal(SignalKind::hangup())?;
    let shared = Arc::downgrade(shared);
    tokio::spawn(async move {
        while signals.recv().await.is_some() {
            let Some(shared) = shared.upgrade() else { break };
            reload(shared).await;
        }
    });
    Ok(())
}
