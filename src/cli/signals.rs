//! SIGTERM, SIGINT and SIGHUP, or Ctrl-C where there are none: how a long-running command is told to stop.

#[cfg(unix)]
use tokio::signal::unix::{Signal as UnixSignal, SignalKind, signal};

use super::Failed;
#[cfg(unix)]
use super::LOCAL;

/// What came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signal {
    /// SIGTERM, SIGINT or Ctrl-C.
    Stop,
    /// SIGHUP.
    #[cfg_attr(not(unix), allow(dead_code))]
    Hangup,
}

/// Where there are no signals, Ctrl-C stops a command.
#[cfg(not(unix))]
pub(crate) struct Signals;

#[cfg(not(unix))]
impl Signals {
    pub(crate) fn new() -> Result<Self, Failed> {
        Ok(Self)
    }

    /// Waits for the next one.
    pub(crate) async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// The same, and which it was.
    pub(crate) async fn next_signal(&mut self) -> Signal {
        self.next().await;
        Signal::Stop
    }
}

/// From when this is made, none of the signals ends the process. SIGHUP comes when a terminal is
/// closed; a command that was started to survive that (by nohup) does.
#[cfg(unix)]
pub(crate) struct Signals {
    terminate: UnixSignal,
    interrupt: UnixSignal,
    hangup: Option<UnixSignal>,
}

#[cfg(unix)]
impl Signals {
    pub(crate) fn new() -> Result<Self, Failed> {
        let failed = |error: std::io::Error| Failed::new(LOCAL, format!("no signals: {error}"));
        let hangup = match is_ignored(SignalKind::hangup()) {
            true => None,
            false => Some(signal(SignalKind::hangup()).map_err(failed)?),
        };
        Ok(Self {
            terminate: signal(SignalKind::terminate()).map_err(failed)?,
            interrupt: signal(SignalKind::interrupt()).map_err(failed)?,
            hangup,
        })
    }

    /// Waits for the next one.
    pub(crate) async fn next(&mut self) {
        self.next_signal().await;
    }

    /// The same, and which it was.
    pub(crate) async fn next_signal(&mut self) -> Signal {
        let hangup = async {
            match &mut self.hangup {
                Some(hangup) => hangup.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.terminate.recv() => Signal::Stop,
            _ = self.interrupt.recv() => Signal::Stop,
            _ = hangup => Signal::Hangup,
        }
    }
}

/// Is a signal ignored by who started this process? Known on Linux only.
#[cfg(unix)]
fn is_ignored(kind: SignalKind) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask >> (kind.as_raw_value() - 1) & 1 == 1)
}
