//! SIGTERM and SIGINT: how a long-running command is told to stop.

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::{Failed, LOCAL};

/// From when this is made, neither signal ends the process.
pub(crate) struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    pub(crate) fn new() -> Result<Self, Failed> {
        let failed = |error: std::io::Error| Failed::new(LOCAL, format!("no signals: {error}"));
        Ok(Self {
            terminate: signal(SignalKind::terminate()).map_err(failed)?,
            interrupt: signal(SignalKind::interrupt()).map_err(failed)?,
        })
    }

    /// Waits for the next one.
    pub(crate) async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
