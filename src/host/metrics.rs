//! Counters, and how Prometheus is told about them.

use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use super::outcome::Outcome;
use crate::contract::{Kind, OperationInfo};
use crate::metrics::{FacadeKey, Gauge};

/// Upper bounds of the duration histogram in microseconds.
const BOUNDS: [u64; 10] =
    [500, 1_000, 5_000, 10_000, 50_000, 100_000, 500_000, 1_000_000, 5_000_000, 30_000_000];

const CALLS: &str = "external_providers_calls_total";
const TURNED_AWAY: &str = "external_providers_connections_turned_away_total";

static SECONDS_KEY: FacadeKey = FacadeKey::new("external_providers_call_seconds");
static TURNED_AWAY_KEY: FacadeKey = FacadeKey::new(TURNED_AWAY);

/// What tells the counters of an operation from others.
fn labels(operation: &'static OperationInfo) -> (Kind, &'static str) {
    (operation.kind, operation.name)
}

/// Calls of one operation and outcome.
#[derive(Debug, Default)]
struct Calls {
    count: AtomicU64,
    key: OnceLock<FacadeKey>,
}

/// What a host counts.
#[derive(Debug)]
pub(crate) struct Metrics {
    /// Of each operation of the host; at the end, of requests that reached none.
    calls: Vec<(Option<&'static OperationInfo>, [Calls; Outcome::ALL.len()])>,
    durations: [AtomicU64; BOUNDS.len() + 1],
    duration_sum: AtomicU64,
    pub(crate) connections: Gauge,
    in_flight: Gauge,
    buffered: Gauge,
    turned_away: AtomicU64,
}

impl Metrics {
    /// Counters for these operations, some of which may stand there more than once.
    pub(crate) fn new(operations: impl Iterator<Item = &'static OperationInfo>) -> Self {
        let mut rows: Vec<_> = operations.map(Some).collect();
        rows.sort_by_key(|row| row.map(labels));
        // Two of a site's own may have one name, and what is counted goes by names.
        rows.dedup_by_key(|row| row.map(labels));
        rows.push(None);
        let calls = rows.into_iter().map(|row| (row, Default::default())).collect();
        Self {
            calls,
            durations: Default::default(),
            duration_sum: AtomicU64::new(0),
            connections: Gauge::new("external_providers_connections", "Open connections."),
            in_flight: Gauge::new(
                "external_providers_requests_in_flight",
                "Calls that are being carried out.",
            ),
            buffered: Gauge::new(
                "external_providers_buffered_bytes",
                "Bytes of requests that are not answered yet.",
            ),
            turned_away: AtomicU64::new(0),
        }
    }

    /// A connection was turned away.
    pub(crate) fn turn_away(&self) {
        TURNED_AWAY_KEY.count_one();
        self.turned_away.fetch_add(1, Relaxed);
    }

    pub(crate) fn count(
        &self,
        operation: Option<&'static OperationInfo>,
        outcome: Outcome,
        duration: Duration,
    ) {
        let wanted = operation.map(labels);
        let row = self.calls.iter().find(|(row, _)| row.map(labels) == wanted);
        if let Some((_, outcomes)) = row {
            let Calls { count, key } = &outcomes[outcome as usize];
            count.fetch_add(1, Relaxed);
            let key = key.get_or_init(|| {
                let (kind, name) = wanted.map_or(("", ""), |(kind, name)| (kind.word(), name));
                let labels = [("kind", kind), ("operation", name), ("outcome", outcome.name())];
                FacadeKey::labelled(CALLS, labels)
            });
            key.count_one();
        }
        let micros = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        let bucket = BOUNDS.iter().position(|&bound| micros <= bound).unwrap_or(BOUNDS.len());
        self.durations[bucket].fetch_add(1, Relaxed);
        self.duration_sum.fetch_add(micros, Relaxed);
        SECONDS_KEY.record(duration);
    }

    /// The text format, version 0.0.4, with what the whole process counts.
    pub(crate) fn all(&self) -> String {
        self.show() + &crate::metrics::show()
    }

    fn show(&self) -> String {
        let mut out = String::with_capacity(4096);
        out.push_str("# HELP external_providers_calls_total Calls by operation and outcome.\n");
        out.push_str("# TYPE external_providers_calls_total counter\n");
        for (row, outcomes) in &self.calls {
            let (kind, name) = match row {
                Some(operation) => (operation.kind.to_string(), operation.name),
                None => (String::new(), ""),
            };
            for outcome in Outcome::ALL {
                let count = outcomes[outcome as usize].count.load(Relaxed);
                if count > 0 {
                    // Writing to a string cannot fail.
                    let _ = writeln!(
                        out,
                        "external_providers_calls_total{{kind=\"{kind}\",operation=\"{name}\",\
                         outcome=\"{}\"}} {count}",
                        outcome.name()
                    );
                }
            }
        }
        out.push_str("# HELP external_providers_call_seconds Time from headers to answer.\n");
        out.push_str("# TYPE external_providers_call_seconds histogram\n");
        let mut total = 0;
        for (index, count) in self.durations.iter().enumerate() {
            total += count.load(Relaxed);
            let bound = match BOUNDS.get(index) {
                Some(&bound) => (bound as f64 / 1e6).to_string(),
                None => "+Inf".to_owned(),
            };
            let _ =
                writeln!(out, "external_providers_call_seconds_bucket{{le=\"{bound}\"}} {total}");
        }
        let sum = self.duration_sum.load(Relaxed) as f64 / 1e6;
        let _ = writeln!(out, "external_providers_call_seconds_sum {sum}");
        let _ = writeln!(out, "external_providers_call_seconds_count {total}");
        for gauge in [&self.connections, &self.in_flight, &self.buffered] {
            gauge.show(&mut out);
        }
        let _ = writeln!(out, "# HELP {TURNED_AWAY} Connections beyond the limit.");
        let _ = writeln!(out, "# TYPE {TURNED_AWAY} counter");
        let _ = writeln!(out, "{TURNED_AWAY} {}", self.turned_away.load(Relaxed));
        out
    }
}

/// A request that is being carried out.
pub(crate) struct InFlight(Arc<Metrics>);

impl InFlight {
    /// `None` when there are `most` already.
    pub(crate) fn enter(metrics: &Arc<Metrics>, most: usize) -> Option<Self> {
        if metrics.in_flight.add(1) >= most {
            metrics.in_flight.subtract(1);
            return None;
        }
        Some(Self(Arc::clone(metrics)))
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.in_flight.subtract(1);
    }
}

/// Bytes that a request takes until it is answered.
#[derive(Debug)]
pub(crate) struct Buffered<'m> {
    metrics: &'m Metrics,
    bytes: usize,
}

impl<'m> Buffered<'m> {
    pub(crate) fn new(metrics: &'m Metrics) -> Self {
        Self { metrics, bytes: 0 }
    }

    /// The bytes of this request.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Takes room for more bytes; returns those of all requests together.
    pub(crate) fn grow(&mut self, bytes: usize) -> usize {
        self.bytes += bytes;
        self.metrics.buffered.add(bytes) + bytes
    }

    /// Something else is held from now on in place of what was.
    pub(crate) fn replace(&mut self, bytes: usize) {
        match bytes.checked_sub(self.bytes) {
            Some(more) => drop(self.metrics.buffered.add(more)),
            None => self.metrics.buffered.subtract(self.bytes - bytes),
        }
        self.bytes = bytes;
    }
}

impl Drop for Buffered<'_> {
    fn drop(&mut self) {
        self.metrics.buffered.subtract(self.bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::OPERATIONS;

    #[test]
    fn operations_are_told_apart_by_kind_and_name() {
        let first = &OPERATIONS[0];
        let same = Box::leak(Box::new(OperationInfo { outputs: &[], ..*first }));
        let namesake = Box::leak(Box::new(OperationInfo { kind: Kind::Events, ..*first }));
        let metrics = Metrics::new([first, &*same, &*namesake].into_iter());
        for operation in [Some(first), Some(&*same), Some(&*namesake), None] {
            metrics.count(operation, Outcome::Answered, Duration::ZERO);
        }
        let shown = metrics.show();
        let lines = shown.lines().filter(|line| line.contains("outcome=\"answered\""));
        let counts = lines.map(|line| line.rsplit(' ').next().unwrap_or_default());
        assert_eq!(counts.collect::<Vec<_>>(), ["2", "1", "1"], "{shown}");
    }
}
