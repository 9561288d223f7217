//! Other settings, all at once or not at all.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use super::built_in::BuiltIn;
use super::{Current, Gateway, LoadError, Shared};
use crate::settings::{Settings, line};

impl Gateway {
    /// Loads the settings again from the file they came from, and puts them in force. Calls under
    /// way end with the old ones; services whose settings are the same keep their connections,
    /// limits and breakers, and what was discovered is discovered anew by the next call (if that
    /// fails, they are called as before). What happened is logged, too.
    ///
    /// # Errors
    ///
    /// The old settings stay in force, whatever the error.
    pub async fn reload(&self) -> Result<(), LoadError> {
        let file = self.current().settings.file().map(PathBuf::from).ok_or(LoadError::NoFile)?;
        let shared = Arc::clone(&self.0);
        let shown = file.display().to_string();
        // Files may be slow, and so is reading the certificates that the system trusts.
        let reading = tokio::task::spawn_blocking(move || {
            let _changing = shared.changing.lock().unwrap_or_else(PoisonError::into_inner);
            Settings::load(&file).map_err(LoadError::from).and_then(|new| shared.put(new))
        });
        let result = reading.await.unwrap_or(Err(LoadError::Unfinished));
        match &result {
            Ok(()) => {
                log_warnings(&self.current().settings);
                tracing::info!(file = shown, "settings reloaded");
            }
            Err(error) => {
                let cause = std::error::Error::source(error).map(tracing::field::display);
                tracing::error!(
                    file = shown, %error, cause,
                    "settings not reloaded: the old ones stay in force"
                );
            }
        }
        result
    }

    /// Puts other settings in force, as [`reload`](Self::reload) does.
    ///
    /// # Errors
    ///
    /// [`LoadError::Service`]: a service cannot be called as they say. The old ones stay in force.
    pub fn replace(&self, settings: Settings) -> Result<(), LoadError> {
        let _changing = self.0.changing.lock().unwrap_or_else(PoisonError::into_inner);
        self.0.put(settings)
    }

    /// A gateway of its own with other settings, which shares the services whose settings are the same
    /// with this one: their connections, limits and breakers.
    ///
    /// # Errors
    ///
    /// [`LoadError::Service`]: a service cannot be called as they say.
    pub(crate) fn successor(&self, settings: Settings) -> Result<Self, LoadError> {
        let current = Current::new(settings, Some(&self.current()))?;
        let current = RwLock::new(Arc::new(current));
        let (built_in, changing) = (BuiltIn::default(), Mutex::default());
        Ok(Self(Arc::new(Shared { built_in, current, changing })))
    }

    /// Reloads on every SIGHUP from now on, as long as there is this `Gateway` or a clone of it. Errors are
    /// logged. To be called inside a tokio runtime, which must have signals enabled.
    ///
    /// # Errors
    ///
    /// The signal cannot be listened to.
    #[cfg(unix)]
    pub fn reload_on_sighup(&self) -> std::io::Result<()> {
        use tokio::signal::unix::{SignalKind, signal};
        // From here on the signal does not end the process.
        let mut signals = signal(SignalKind::hangup())?;
        let shared = Arc::downgrade(&self.0);
        tokio::spawn(async move {
            while signals.recv().await.is_some() {
                let Some(shared) = shared.upgrade() else { break };
                // Logged there.
                let _ = Self(shared).reload().await;
            }
        });
        Ok(())
    }
}

/// Logs what settings that were loaded from a file warn of.
pub(super) fn log_warnings(settings: &Settings) {
    let file = settings.file().unwrap_or(Path::new("settings")).display().to_string();
    for warning in settings.warnings() {
        tracing::warn!("{}", line(&file, warning));
    }
}

impl Shared {
    /// To be called with `changing` locked.
    fn put(&self, settings: Settings) -> Result<(), LoadError> {
        let old = Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner));
        let new = Arc::new(Current::new(settings, Some(&old))?);
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        // What was in force is dropped when the lock is free again.
        let _before = std::mem::replace(&mut *current, new);
        drop(current);
        Ok(())
    }
}
