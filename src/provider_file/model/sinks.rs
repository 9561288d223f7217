//! `[events]` and `[sinks.NAME]`, as data.

use std::path::PathBuf;
use std::time::Duration;

use super::{Bound, Otherwise};
#[cfg(feature = "nats")]
use crate::outbox::NatsSettings;
use crate::outbox::{Pace, WebhookSettings};
use crate::rules::When;
use crate::settings::ExternalService;

/// `[events]`, with the sinks.
#[derive(Debug)]
pub(in crate::provider_file) struct EventsSection {
    /// What becomes of events that no sink takes.
    pub(in crate::provider_file) otherwise: Otherwise,
    /// Where events are kept; `None`: nowhere, and there are no sinks.
    pub(in crate::provider_file) store: Option<StoreSection>,
    /// The variables of which the first that has a value names the lane.
    pub(in crate::provider_file) order_by: Vec<String>,
    pub(in crate::provider_file) keep: Duration,
    pub(in crate::provider_file) loop_limit: u32,
    /// In the order of the file.
    pub(in crate::provider_file) sinks: Vec<(String, SinkSection)>,
}

/// Where events are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::provider_file) enum StoreSection {
    /// A file.
    File(PathBuf),
    /// A section of `[databases.NAME]`.
    Database(String),
}

/// `[sinks.NAME]`
#[derive(Debug)]
pub(in crate::provider_file) struct SinkSection {
    pub(in crate::provider_file) when: When,
    pub(in crate::provider_file) pace: Pace,
    pub(in crate::provider_file) target: Target,
}

/// Who is told, and how.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::provider_file) enum Target {
    Webhook(WebhookSettings),
    Sql {
        bound: Bound,
        rows: u64,
        timeout: Duration,
        idempotent: bool,
    },
    Soap {
        service: Box<ExternalService>,
        idempotent: bool,
    },
    #[cfg(feature = "nats")]
    Nats(NatsSettings),
}

impl Target {
    /// Where it is called by HTTP.
    pub(in crate::provider_file) fn url(&self) -> Option<&str> {
        match self {
            Self::Webhook(settings) => Some(settings.url.expose()),
            Self::Soap { service, .. } => Some(&service.url),
            _ => None,
        }
    }
}
