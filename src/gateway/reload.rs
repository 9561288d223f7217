//! Other settings, all at once or not at all.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::built_in::BuiltIn;
use super::{Current, Gateway, LoadError, Shared};
use crate::in_force::{self, InForce};
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
            shared.current.replace(|old| Current::new(Settings::load(&file)?, Some(old)))
        });
        let result = reading.await.unwrap_or(Err(LoadError::Unfinished));
        if result.is_ok() {
            log_warnings(&self.current().settings);
        }
        in_force::log(("settings", "the old ones stay"), &shown, &result);
        result
    }

    /// Puts other settings in force, as [`reload`](Self::reload) does.
    ///
    /// # Errors
    ///
    /// [`LoadError::Service`]: a service cannot be called as they say. The old ones stay in force.
    pub fn replace(&self, settings: Settings) -> Result<(), LoadError> {
        self.0.current.replace(|old| Current::new(settings, Some(old)))
    }

    /// A gateway of its own with other settings, which shares the services whose settings are the same
    /// with this one: their connections, limits and breakers.
    ///
    /// # Errors
    ///
    /// [`LoadError::Service`]: a service cannot be called as they say.
    pub(crate) fn successor(&self, settings: Settings) -> Result<Self, LoadError> {
        let current = InForce::new(Current::new(settings, Some(&self.current()))?);
        Ok(Self(Arc::new(Shared { built_in: BuiltIn::default(), current })))
    }

    /// Reloads on every SIGHUP from now on, as long as there is this `Gateway` or a clone of it. Errors are
    /// logged. To be called inside a tokio runtime, which must have signals enabled.
    ///
    /// # Errors
    ///
    /// The signal cannot be listened to.
    #[cfg(unix)]
    pub fn reload_on_sighup(&self) -> std::io::Result<()> {
        // What happened is logged there.
        in_force::on_sighup(&self.0, async |shared| drop(Self(shared).reload().await))
    }
}

/// Logs what settings that were loaded from a file warn of.
pub(super) fn log_warnings(settings: &Settings) {
    let file = settings.file().unwrap_or(Path::new("settings")).display().to_string();
    for warning in settings.warnings() {
        tracing::warn!("{}", line(&file, warning));
    }
}
