//! From the store to the sinks.

use std::sync::Arc;

use super::{Event, Pace, Sink, Store, StoreError};

/// A store, and whoever delivers from it. Clones are the same.
#[derive(Debug, Clone)]
pub struct Outbox {
    store: Arc<dyn Store>,
}

/// Deliveries that go on until this is dropped or [stopped](Delivering::stop).
#[derive(Debug)]
pub struct Delivering {}

impl Outbox {
    /// An outbox with this store.
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self { store }
    }

    /// Where its events are kept.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// Keeps an event for these sinks; it is on disk when this returns.
    ///
    /// # Errors
    ///
    /// It could not be kept: whoever sent it must be told so.
    pub async fn take(&self, event: &Event, sinks: &[String]) -> Result<(), StoreError> {
        self.store.append(event, sinks, 0).await.map(|_| ())
    }

    /// Delivers to these sinks from now on. To be called inside a tokio runtime.
    pub fn deliver(&self, _sinks: Vec<(String, Arc<dyn Sink>, Pace)>) -> Delivering {
        Delivering {}
    }
}

impl Delivering {
    /// Claims nothing more, and waits for the deliveries under way, which end in time by themselves.
    pub async fn stop(self) {}
}
