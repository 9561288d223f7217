//! What happened, as it is kept and told.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::contract::Variables;

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
