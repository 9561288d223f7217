//! What is counted, and who is told.
//!
//! `Server::with_metrics` of a host shows all of it in Prometheus' text format. With the feature `metrics`
//! it goes to the recorder of the `metrics` crate, too, if the program has installed one. The names:
//!
//! | name | kind | labels | |
//! |---|---|---|---|
//! | `external_providers_calls_total` | counter | `kind`, `operation`, `outcome` | calls that a host or a gateway's server answered, or did not carry out |
//! | `external_providers_call_seconds` | histogram | | from a call's headers to its answer |
//! | `external_providers_connections` | gauge | | open connections of a host |
//! | `external_providers_connections_turned_away_total` | counter | | connections beyond the limit |
//! | `external_providers_requests_in_flight` | gauge | | calls that are being carried out |
//! | `external_providers_buffered_bytes` | gauge | | bytes of requests that are not answered yet |
//! | `external_providers_service_calls_total` | counter | `kind`, `operation`, `outcome` | calls that a gateway or a provider's file asked a provider |
//! | `external_providers_refused_logins_total` | counter | `source`, `reason` | logins that a directory or database refused |
//! | `external_providers_page_logins_total` | counter | `outcome` | what a login page did: `logged-in`, `by-header`, `refused`, `throttled`, `unavailable` (the provider cannot say), `stale` (not the page's own form), `logged-out` |
//! | `external_providers_lookups_total` | counter | `lookup`, `outcome` | look-ups in directories and databases |
//! | `external_providers_events_total` | counter | `outcome` | events that came: `kept`, `held` (a loop), `refused` (not kept), `untaken` (no sink takes them) |
//! | `external_providers_deliveries_total` | counter | `sink`, `outcome` | attempts: `delivered`, `refused`, `failed` (given up), `in-doubt`, `stopped` |
//! | `external_providers_events_waiting` | gauge | `sink` | events that a sink has not taken yet |
//! | `external_providers_events_oldest_seconds` | gauge | `sink` | the age of the oldest of them; 0 without any |
//! | `external_providers_events_failed` | gauge | `sink` | events that failed for good, are in doubt, or are held |
//!
//! The outcomes of a host's calls are `answered`, `declined` (`Success=false`), `denied` (a wrong web service
//! password), `exception`, `panicked` and `refused` (not carried out); of a gateway's server `denied` is a wrong
//! token, and `failed` that no answer came. Those of a gateway's calls are `answered`, `declined`, `denied`,
//! `remembered` (not asked again), and whose fault it was that no answer came: `caller`, `settings`,
//! `network`, `provider`, `load`.
//!
//! What gateways, look-ups, stores and sinks count is there from its first event on, and is the whole
//! process's, whichever host shows it. What waits for sinks is asked of the store every ten seconds, by
//! hosts that deliver from it; of several on one store, each shows all of it. A label is a word of this
//! crate or a name from the settings, never what a caller sent.

mod facade_key;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

pub(crate) use facade_key::FacadeKey;

/// Combinations of labels that one counter tells apart: far more than settings name. What comes
/// after them is counted as `other`.
const MOST_SERIES: usize = 1000;

/// Calls of a gateway: kind, operation, outcome.
pub(crate) static SERVICE_CALLS: Counter = Counter::new(
    "external_providers_service_calls_total",
    "Calls that a provider was asked, by operation and outcome.",
    &["kind", "operation", "outcome"],
);
/// Refused logins: the directory's or database's name in the settings, and its reason in its own terms.
pub(crate) static REFUSED_LOGINS: Counter = Counter::new(
    "external_providers_refused_logins_total",
    "Logins that a directory or database refused, by its name and reason.",
    &["source", "reason"],
);
/// What a login page did.
pub(crate) static PAGE_LOGINS: Counter = Counter::new(
    "external_providers_page_logins_total",
    "What a login page did, by outcome.",
    &["outcome"],
);
/// Look-ups: the name in the settings, and the outcome.
pub(crate) static LOOKUPS: Counter = Counter::new(
    "external_providers_lookups_total",
    "Look-ups in directories and databases, by name and outcome.",
    &["lookup", "outcome"],
);

/// Events that came: what became of them.
pub(crate) static EVENTS: Counter =
    Counter::new("external_providers_events_total", "Events that came, by outcome.", &["outcome"]);
/// Attempts to deliver events: the sink's name in the settings, and the outcome.
pub(crate) static DELIVERIES: Counter = Counter::new(
    "external_providers_deliveries_total",
    "Attempts to deliver events, by sink and outcome.",
    &["sink", "outcome"],
);

const ALL: [&Counter; 6] =
    [&SERVICE_CALLS, &REFUSED_LOGINS, &PAGE_LOGINS, &LOOKUPS, &EVENTS, &DELIVERIES];

/// What sinks have not taken yet.
pub(crate) static EVENTS_WAITING: Levels = Levels::new(
    "external_providers_events_waiting",
    "Events that a sink has not taken yet, by its name.",
    "sink",
);
/// Seconds since the oldest of it came.
pub(crate) static EVENTS_OLDEST: Levels = Levels::new(
    "external_providers_events_oldest_seconds",
    "The age of the oldest event that a sink has not taken yet, by its name.",
    "sink",
);
/// What waits for somebody to decide about it.
pub(crate) static EVENTS_FAILED: Levels = Levels::new(
    "external_providers_events_failed",
    "Events that failed for good, are in doubt, or are held, by the name of the sink.",
    "sink",
);

const LEVELS: [&Levels; 3] = [&EVENTS_WAITING, &EVENTS_OLDEST, &EVENTS_FAILED];

/// Counts events of one name, apart by their labels.
#[derive(Debug)]
pub(crate) struct Counter {
    name: &'static str,
    help: &'static str,
    labels: &'static [&'static str],
    series: Mutex<BTreeMap<Vec<String>, u64>>,
}

impl Counter {
    const fn new(name: &'static str, help: &'static str, labels: &'static [&'static str]) -> Self {
        Self { name, help, labels, series: Mutex::new(BTreeMap::new()) }
    }

    /// Counts one event, with a value for each label in their order.
    pub(crate) fn count(&self, values: &[&str]) {
        debug_assert_eq!(values.len(), self.labels.len(), "{}", self.name);
        let mut key: Vec<String> = values.iter().map(|value| (*value).to_owned()).collect();
        // Nothing panics under this lock.
        let mut series = self.series.lock().unwrap_or_else(PoisonError::into_inner);
        if series.len() >= MOST_SERIES && !series.contains_key(&key) {
            key = vec!["other".to_owned(); self.labels.len()];
        }
        #[cfg(feature = "metrics")]
        facade::count(self, &key, series.is_empty());
        *series.entry(key).or_default() += 1;
    }

    fn show(&self, out: &mut String) {
        let Self { name, help, labels, series } = self;
        let series = series.lock().unwrap_or_else(PoisonError::into_inner);
        if series.is_empty() {
            return;
        }
        // Writing to a string cannot fail.
        let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} counter");
        for (values, count) in &*series {
            let pairs = labels.iter().zip(values);
            let pairs: Vec<String> =
                pairs.map(|(label, value)| format!("{label}=\"{}\"", escape(value))).collect();
            let _ = writeln!(out, "{name}{{{}}} {count}", pairs.join(","));
        }
    }
}

/// All that was counted here, in the text format, version 0.0.4.
pub(crate) fn show() -> String {
    let mut out = String::new();
    ALL.iter().for_each(|counter| counter.show(&mut out));
    LEVELS.iter().for_each(|levels| levels.show(&mut out));
    out
}

/// Gauges of one name, apart by one label, which are set together.
#[derive(Debug)]
pub(crate) struct Levels {
    name: &'static str,
    help: &'static str,
    label: &'static str,
    series: Mutex<BTreeMap<String, u64>>,
}

impl Levels {
    const fn new(name: &'static str, help: &'static str, label: &'static str) -> Self {
        Self { name, help, label, series: Mutex::new(BTreeMap::new()) }
    }

    /// Sets all of them; those that are not among the values are gone.
    pub(crate) fn replace<'l>(&self, values: impl Iterator<Item = (&'l str, u64)>) {
        let new: BTreeMap<_, _> =
            values.take(MOST_SERIES).map(|(l, v)| (l.to_owned(), v)).collect();
        // Nothing panics under this lock.
        let mut series = self.series.lock().unwrap_or_else(PoisonError::into_inner);
        #[cfg(feature = "metrics")]
        {
            // A recorder keeps what it once was told.
            let gone = series.keys().filter(|label| !new.contains_key(*label));
            let all = gone.map(|label| (label, 0)).chain(new.iter().map(|(l, v)| (l, *v)));
            for (value, level) in all {
                ::metrics::gauge!(self.name, self.label => value.clone()).set(level as f64);
            }
        }
        *series = new;
    }

    fn show(&self, out: &mut String) {
        let Self { name, help, label, series } = self;
        let series = series.lock().unwrap_or_else(PoisonError::into_inner);
        if series.is_empty() {
            return;
        }
        // Writing to a string cannot fail.
        let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} gauge");
        for (value, level) in &*series {
            let _ = writeln!(out, "{name}{{{label}=\"{}\"}} {level}", escape(value));
        }
    }
}

/// A number that goes up and down. Whoever has it shows it; the facade is told.
#[derive(Debug)]
pub(crate) struct Gauge {
    name: &'static str,
    help: &'static str,
    value: AtomicUsize,
    key: FacadeKey,
}

impl Gauge {
    pub(crate) const fn new(name: &'static str, help: &'static str) -> Self {
        Self { name, help, value: AtomicUsize::new(0), key: FacadeKey::new(name) }
    }

    /// Returns what it was before.
    pub(crate) fn add(&self, more: usize) -> usize {
        #[cfg(feature = "metrics")]
        self.key.gauge().increment(more as f64);
        self.value.fetch_add(more, Relaxed)
    }

    pub(crate) fn subtract(&self, less: usize) {
        #[cfg(feature = "metrics")]
        self.key.gauge().decrement(less as f64);
        self.value.fetch_sub(less, Relaxed);
    }

    pub(crate) fn show(&self, out: &mut String) {
        let Self { name, help, value, .. } = self;
        // Writing to a string cannot fail.
        let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} gauge");
        let _ = writeln!(out, "{name} {}", value.load(Relaxed));
    }
}

fn escape(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(feature = "metrics")]
mod facade {
    use metrics::{Label, counter, describe_counter};

    use super::Counter;

    pub(super) fn count(counter: &Counter, values: &[String], is_first: bool) {
        if is_first {
            describe_counter!(counter.name, counter.help);
        }
        let labels = counter.labels.iter().zip(values);
        let labels: Vec<Label> =
            labels.map(|(label, value)| Label::new(*label, value.clone())).collect();
        counter!(counter.name, labels).increment(1);
    }
}

#[cfg(test)]
mod tests {
    #[cfg(feature = "metrics")]
    use std::sync::{Arc, atomic::AtomicU64};

    use super::*;

    #[test]
    fn events_are_counted_by_their_labels_and_shown_as_prometheus_reads_them() {
        let counter = Counter::new("logins_total", "Logins.", &["source", "reason"]);
        let show = || {
            let mut out = String::new();
            counter.show(&mut out);
            out
        };
        assert_eq!(show(), "");
        for source in ["staff", "a \"b\" \\ c\n", "staff"] {
            counter.count(&[source, "locked"]);
        }
        assert_eq!(
            show(),
            "# HELP logins_total Logins.\n# TYPE logins_total counter\n\
             logins_total{source=\"a \\\"b\\\" \\\\ c\\n\",reason=\"locked\"} 1\n\
             logins_total{source=\"staff\",reason=\"locked\"} 2\n"
        );
    }

    #[test]
    fn levels_are_replaced_together() {
        let levels = Levels::new("waiting", "Waiting.", "sink");
        let show = || {
            let mut out = String::new();
            levels.show(&mut out);
            out
        };
        assert_eq!(show(), "");
        levels.replace([("crm", 3), ("old", 7)].into_iter());
        levels.replace([("crm", 0), ("a\"b", 1)].into_iter());
        let head = "# HELP waiting Waiting.\n# TYPE waiting gauge\n";
        assert_eq!(
            show(),
            format!("{head}waiting{{sink=\"a\\\"b\"}} 1\nwaiting{{sink=\"crm\"}} 0\n")
        );
    }

    /// A recorder of a program's own, that keeps what it is told.
    #[cfg(feature = "metrics")]
    #[test]
    fn the_facade_is_told() {
        use metrics::{Key, KeyName, Metadata, SharedString, Unit};

        #[derive(Default)]
        struct Kept(Mutex<BTreeMap<String, Arc<AtomicU64>>>);
        impl Kept {
            fn of(&self, key: &Key) -> Arc<AtomicU64> {
                let labels = key.labels().map(|l| format!(" {}={}", l.key(), l.value()));
                let key = labels.fold(key.name().to_owned(), |key, label| key + &label);
                Arc::clone(self.0.lock().unwrap().entry(key).or_default())
            }
        }
        impl metrics::Recorder for Kept {
            fn describe_counter(&self, key: KeyName, _: Option<Unit>, help: SharedString) {
                self.0.lock().unwrap().entry(format!("{}: {help}", key.as_str())).or_default();
            }
            fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
            fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
            fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> metrics::Counter {
                metrics::Counter::from_arc(self.of(key))
            }
            fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> metrics::Gauge {
                metrics::Gauge::from_arc(self.of(key))
            }
            fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> metrics::Histogram {
                metrics::Histogram::noop()
            }
        }

        let kept = Kept::default();
        metrics::with_local_recorder(&kept, || {
            let counter = Counter::new("logins_total", "Logins.", &["source", "reason"]);
            counter.count(&["staff", "locked"]);
            counter.count(&["staff", "locked"]);
            let gauge = Gauge::new("open", "Open.");
            gauge.add(3);
            gauge.subtract(1);
            FacadeKey::labelled("calls_total", [("outcome", "answered")]).count_one();
            let levels = Levels::new("waiting", "Waiting.", "sink");
            levels.replace([("crm", 3), ("old", 7)].into_iter());
            levels.replace([("crm", 2)].into_iter());
        });
        let kept = kept.0.into_inner().unwrap().into_iter();
        let kept: Vec<_> = kept.map(|(key, value)| (key, value.load(Relaxed))).collect();
        let is = |key: &str, value| (key.to_owned(), value);
        assert_eq!(
            kept,
            [
                is("calls_total outcome=answered", 1),
                is("logins_total source=staff reason=locked", 2),
                is("logins_total: Logins.", 0),
                is("open", 2.0_f64.to_bits()),
                is("waiting sink=crm", 2.0_f64.to_bits()),
                is("waiting sink=old", 0),
            ]
        );
    }

    #[test]
    fn labels_without_end_are_one() {
        let counter = Counter::new("lookups_total", "Look-ups.", &["lookup"]);
        for number in 0..MOST_SERIES + 5 {
            counter.count(&[&number.to_string()]);
        }
        let mut out = String::new();
        counter.show(&mut out);
        assert!(out.contains("lookups_total{lookup=\"other\"} 5\n"));
        assert_eq!(out.lines().count(), MOST_SERIES + 3);
    }
}
