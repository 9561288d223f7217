//! How far a shadow is: a line that is rewritten on a terminal, else one in the log now and then.

use std::io::{IsTerminal as _, Write as _};
use std::time::Duration;

use external_providers::shadow::Report;
use tokio::time::{Instant, sleep_until};

use crate::cli::output::{is_dumb, is_quiet};

pub(super) struct ProgressLine {
    is_rewritten: bool,
    next: Instant,
    /// How many calls had gone by when it was shown last.
    shown: u64,
}

impl ProgressLine {
    pub(super) fn new() -> Self {
        let is_rewritten = std::io::stderr().is_terminal() && !is_dumb() && !is_quiet();
        let mut line = Self { is_rewritten, next: Instant::now(), shown: 0 };
        line.next += line.interval();
        line
    }

    fn interval(&self) -> Duration {
        if self.is_rewritten { Duration::from_millis(500) } else { Duration::from_secs(60) }
    }

    /// Waits until it is to be shown again.
    pub(super) fn due(&self) -> impl Future<Output = ()> + use<> {
        sleep_until(self.next)
    }

    pub(super) fn show(&mut self, report: &Report) {
        self.next = Instant::now() + self.interval();
        let Report { calls, compared, different, dropped, .. } = report;
        let left_out = report.left_out();
        if self.is_rewritten {
            self.write(&format!(
                "\r\u{1b}[K{calls} calls: {compared} compared, {different} different, {left_out} not compared, {dropped} dropped"
            ));
        } else if self.shown != *calls {
            tracing::info!(calls, compared, different, not_compared = left_out, dropped, "so far");
        }
        self.shown = *calls;
    }

    pub(super) fn end(&self) {
        if self.is_rewritten {
            self.write("\r\u{1b}[K");
        }
    }

    fn write(&self, text: &str) {
        let mut stderr = std::io::stderr().lock();
        // Nobody is there to see it when the terminal was closed.
        let _ = stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush());
    }
}
