//! What happened, as it is kept and told.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use jiff::{Timestamp, TimestampRound, Unit};
use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom as _, SystemRandom};
use serde::{Deserialize, Serialize};

use crate::contract::{HandleEvent, Variables, may_be_secret};

/// What happened in the help desk. Its JSON is what sinks are told:
///
/// ```json
/// {
///   "event": "TicketCreated",
///   "id": "evt_019ab8c2-5f0e-7c31-9d6e-1f2a3b4c5d6e",
///   "time": "2026-11-26T09:15:42.125Z",
///   "variables": [{"key": "ticketNumber", "value": "123-456"}]
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Event {
    /// Its name, `eventName` on the wire.
    #[serde(rename = "event")]
    pub name: String,
    /// What tells it from all others, and stays the same however often it is told: `evt_` and a UUID of
    /// version 7.
    pub id: String,
    /// When it came, in UTC, to the millisecond.
    pub time: Timestamp,
    /// What it carries, in order, without passwords.
    pub variables: Variables,
    /// The ticket or chat that it is about: events with the same one are told in order. It is not part of
    /// the JSON.
    #[serde(skip)]
    pub lane: Option<String>,
}

/// The JSON, whatever a key holds.
#[derive(Serialize)]
struct Document<'e> {
    event: &'e str,
    id: &'e str,
    time: Timestamp,
    variables: Vec<Pair<'e>>,
}

#[derive(Serialize)]
struct Pair<'e> {
    key: &'e str,
    value: &'e str,
}

impl Event {
    /// What the help desk said, now. Ids of one process are in the order in which they were made.
    ///
    /// Variables whose names are those of passwords, or nearly so ([`may_be_secret`]), are left out. The lane is the
    /// first variable of `order_by` that is there and not empty, as `name=value`.
    pub fn new(event: &HandleEvent, order_by: &[String]) -> Self {
        let now = Timestamp::now();
        let to_millisecond = TimestampRound::new().smallest(Unit::Millisecond);
        let is_open = |(key, _): &(&str, &str)| !may_be_secret(key);
        let variables: Variables = event.other.iter().filter(is_open).collect();
        let lane = order_by.iter().find_map(|name| {
            let value = variables.get(name).filter(|value| !value.is_empty())?;
            Some(format!("{name}={value}"))
        });
        Self {
            name: event.event_name.clone(),
            id: id(now),
            time: now.round(to_millisecond).unwrap_or(now),
            variables,
            lane,
        }
    }

    /// What sinks are told, on one line.
    pub fn json(&self) -> String {
        let Self { name, id, time, variables, .. } = self;
        let variables = variables.iter().map(|(key, value)| Pair { key, value }).collect();
        let document = Document { event: name, id, time: *time, variables };
        // Strings and lists of them can always be written.
        serde_json::to_string(&document).unwrap_or_default()
    }

    /// The variables as a list of pairs.
    pub(super) fn variables_json(&self) -> String {
        let pairs: Vec<_> = self.variables.iter().map(|(key, value)| Pair { key, value }).collect();
        serde_json::to_string(&pairs).unwrap_or_default()
    }

    /// A short key for the lane, however long that is. Two lanes with one key would wait for each other.
    pub(super) fn lane_key(&self) -> Option<i64> {
        self.lane.as_deref().map(key_of)
    }

    /// A key that events share which are alike: those of one name for one lane, or, without a lane, with
    /// the same variables.
    pub(super) fn likeness(&self) -> i64 {
        let about = self.lane.clone().unwrap_or_else(|| self.variables_json());
        key_of(&format!("{}\n{about}", self.name))
    }
}

fn key_of(text: &str) -> i64 {
    let hash = digest(&SHA256, text.as_bytes());
    let first = hash.as_ref().first_chunk().copied().unwrap_or_default();
    i64::from_be_bytes(first)
}

/// `evt_` and a UUID of version 7 (RFC 9562), whose twelve bits after the milliseconds are fractions of
/// one, or count on where the clock does not.
fn id(now: Timestamp) -> String {
    static LAST: AtomicU64 = AtomicU64::new(0);
    let nanoseconds = u64::try_from(now.as_nanosecond()).unwrap_or_default();
    let (milliseconds, rest) = (nanoseconds / 1_000_000, nanoseconds % 1_000_000);
    let ticks = (milliseconds << 12) | (rest * 4096 / 1_000_000);
    let next = |last: u64| ticks.max(last + 1);
    let last = LAST.fetch_update(Relaxed, Relaxed, |last| Some(next(last)));
    let ticks = next(last.unwrap_or_else(|last| last));
    let mut random = [0; 8];
    if SystemRandom::new().fill(&mut random).is_err() {
        random = RandomState::new().hash_one(ticks).to_ne_bytes();
    }
    let random = u64::from_be_bytes(random);
    let head = ((ticks >> 12) << 16) | 0x7000 | (ticks & 0xfff);
    let tail = (random >> 2) | (1 << 63);
    let group = |of: u64, shift: u32, digits: u32| (of >> shift) & ((1 << (4 * digits)) - 1);
    format!(
        "evt_{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        group(head, 32, 8),
        group(head, 16, 4),
        group(head, 0, 4),
        group(tail, 48, 4),
        group(tail, 0, 12)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(name: &str, variables: &[(&str, &str)]) -> Event {
        let other = variables.iter().copied().collect();
        let order_by = ["ticketNumber".to_owned(), "chatID".to_owned()];
        Event::new(&HandleEvent { event_name: name.to_owned(), other }, &order_by)
    }

    #[test]
    fn ids_are_uuids_of_version_7_in_the_order_in_which_they_were_made() {
        let ids: Vec<String> = (0..10_000).map(|_| event("E", &[]).id).collect();
        assert!(ids.is_sorted_by(|one, next| one < next));
        let id = ids[0].strip_prefix("evt_").unwrap();
        let groups: Vec<&str> = id.split('-').collect();
        assert_eq!(groups.iter().map(|g| g.len()).collect::<Vec<_>>(), [8, 4, 4, 4, 12]);
        assert!(groups[2].starts_with('7') && groups[3].starts_with(['8', '9', 'a', 'b']), "{id}");
        let made = i64::from_str_radix(&groups[..2].concat(), 16).unwrap();
        let now = Timestamp::now().as_millisecond();
        assert!((now - 60_000..=now + 60_000).contains(&made), "{made} {now}");
    }

    #[test]
    fn the_json_has_all_variables_in_order_but_passwords() {
        let with =
            [("b", "1"), ("authPW", "s3cret"), ("a", "\"é\n"), ("newPassword", "x"), ("b", "2")];
        let mut event = event("TicketCreated", &with);
        event.id = "evt_1".to_owned();
        event.time = "2026-11-26T09:15:42.125Z".parse().unwrap();
        let json = "{\"event\":\"TicketCreated\",\"id\":\"evt_1\",\"time\":\"2026-11-26T09:15:42.125Z\",\
                    \"variables\":[{\"key\":\"b\",\"value\":\"1\"},{\"key\":\"a\",\"value\":\"\\\"é\\n\"},\
                    {\"key\":\"b\",\"value\":\"2\"}]}";
        assert_eq!(event.json(), json);
        assert_eq!(serde_json::to_string(&event).unwrap(), json);
        assert_eq!(serde_json::from_str::<Event>(json).unwrap(), event);
    }

    #[test]
    fn the_lane_is_the_first_variable_that_has_a_value() {
        let lane = |variables| event("E", variables).lane;
        assert_eq!(lane(&[("chatID", "7"), ("ticketNumber", "1-2")]).unwrap(), "ticketNumber=1-2");
        assert_eq!(lane(&[("chatID", "7"), ("ticketNumber", "")]).unwrap(), "chatID=7");
        assert_eq!(lane(&[("other", "7")]), None);
    }

    #[test]
    fn events_are_alike_by_name_and_lane_or_by_all_they_say() {
        let same = |one: &Event, other: &Event| one.likeness() == other.likeness();
        let ticket = event("E", &[("ticketNumber", "1"), ("at", "1")]);
        assert!(same(&ticket, &event("E", &[("ticketNumber", "1"), ("at", "2")])));
        assert!(!same(&ticket, &event("F", &[("ticketNumber", "1"), ("at", "1")])));
        assert!(!same(&ticket, &event("E", &[("ticketNumber", "2"), ("at", "1")])));
        let other = event("E", &[("a", "1")]);
        assert!(same(&other, &event("E", &[("a", "1")])));
        assert!(!same(&other, &event("E", &[("a", "2")])));
    }
}
