//! An event and its deliveries, for people and as JSON.

use external_providers::contract::may_be_secret;
use external_providers::outbox::{Kept, KeptDelivery, State};
use external_providers::secret::MASK;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::word;
use crate::cli::plural;

/// An event as JSON; passwords that it should not have are masked.
pub(super) fn as_json(kept: &Kept) -> Value {
    let event = &kept.event;
    let variables = event.variables.iter().map(|(key, value)| {
        json!({ "key": key, "value": if may_be_secret(key) { MASK } else { value } })
    });
    json!({
        "id": event.id,
        "event": event.name,
        "time": event.time,
        "lane": event.lane,
        "variables": variables.collect::<Vec<_>>(),
        "deliveries": kept.deliveries,
    })
}

/// When, what and about which ticket or chat.
pub(super) fn head(kept: &Kept) -> String {
    let event = &kept.event;
    let time = event.time.strftime("%Y-%m-%d %H:%M:%SZ");
    let lane = event.lane.as_deref().map(|lane| format!("  {lane}")).unwrap_or_default();
    format!("{time}  {}{lane}", event.name)
}

/// A delivery in a line: the sink, how it stands, what comes next, and why it failed.
pub(super) fn delivery(delivery: &KeptDelivery, widest: usize, now: Timestamp) -> String {
    let KeptDelivery { sink, state, attempts, due, why, .. } = delivery;
    let mut line = format!("{sink:widest$}  {:9}", word(*state));
    if *attempts > 0 {
        line.push_str(&format!("  {}", plural(attempts, "attempt")));
    }
    if let (State::Waiting, Some(due), true) = (state, due, *attempts > 0) {
        let seconds = due.as_second().saturating_sub(now.as_second());
        let next = if seconds > 0 { format!("in {}", duration(seconds)) } else { "now".to_owned() };
        line.push_str(&format!(", next {next}"));
    }
    if let Some(why) = why {
        line.push_str(&format!(": {why}"));
    }
    line.trim_end().to_owned()
}

/// The widest name of a sink among some deliveries.
pub(super) fn widest<'k>(deliveries: impl Iterator<Item = &'k KeptDelivery>) -> usize {
    deliveries.map(|delivery| delivery.sink.chars().count()).max().unwrap_or(0)
}

/// Seconds in the largest unit that fills.
pub(super) fn duration(seconds: i64) -> String {
    match seconds {
        ..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds / 60),
        7200..172_800 => format!("{} h", seconds / 3600),
        172_800.. => format!("{} d", seconds / 86_400),
    }
}

/// A line that fits, by what it can do without.
pub(super) fn cut(line: &str, width: usize) -> String {
    if line.chars().count() <= width {
        return line.to_owned();
    }
    let mut shown: String = line.chars().take(width.saturating_sub(1)).collect();
    shown.push('…');
    shown
}
