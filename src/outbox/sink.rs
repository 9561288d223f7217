//! Who is told of events.

#[cfg(feature = "nats")]
mod nats;
mod soap;
mod sql;
mod webhook;

use std::fmt;
use std::time::Duration;

use super::Event;
use crate::contract::BoxFuture;
use crate::report::Report;

#[cfg(feature = "nats")]
pub use nats::{NatsSettings, NatsSink};
pub use soap::SoapSink;
pub use sql::{Parameter, SqlSink};
pub use webhook::{WebhookSettings, WebhookSink};

/// Somebody who is told of events.
pub trait Sink: fmt::Debug + Send + Sync {
    /// Tells of an event, once. It ends in time by itself.
    fn deliver<'s>(&'s self, event: &'s Event) -> BoxFuture<'s, Delivery>;

    /// May it be told of an event twice? If not, what was being told when this program ended is in doubt
    /// and not told again, at the cost of one more write for each event.
    fn may_repeat(&self) -> bool {
        true
    }

    /// Looks whether the sink can be told, step by step, without telling anything.
    fn check(&self) -> BoxFuture<'_, Report>;
}

/// What became of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery {
    /// The sink took it.
    Delivered,
    /// It answered, and does not take this event; it may be told again. Others may fare better.
    Rejected {
        /// Why, in a line that holds no secret.
        why: String,
    },
    /// It did not, and takes no others now, either; it may be told again.
    Refused {
        /// Why, in a line that holds no secret.
        why: String,
        /// How long it asks to be left alone.
        after: Option<Duration>,
    },
    /// It may have taken it, and must not be told twice.
    InDoubt {
        /// What happened.
        why: String,
    },
    /// It wants no more events.
    Gone {
        /// What it said.
        why: String,
    },
}

/// How a sink is told.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Pace {
    /// Deliveries at the same time, of different lanes. Default 4.
    pub parallel: usize,
    /// How long a delivery is tried again before it counts as failed. Default 5 days.
    pub give_up_after: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self { parallel: 4, give_up_after: Duration::from_secs(5 * 24 * 60 * 60) }
    }
}

/// Settings of which no sink can be made. No secret in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {why}")]
#[non_exhaustive]
pub struct SinkError {
    /// Which of them is at fault: `url`, `secret`.
    pub key: &'static str,
    /// What is wrong with it, and what to do.
    pub why: String,
}

impl SinkError {
    fn new(key: &'static str, why: impl Into<String>) -> Self {
        Self { key, why: why.into() }
    }
}

/// What happened and what to do about it, in one line.
fn with_hint(what: impl fmt::Display, hint: Option<impl fmt::Display>) -> String {
    hint.map_or_else(|| what.to_string(), |hint| format!("{what}; {hint}"))
}
