//! Events that are kept until they are delivered.

mod deliver;
#[cfg(feature = "sqlite")]
mod kill;
mod memory;
#[cfg(feature = "nats")]
mod nats;
mod soap;
#[cfg(feature = "sqlite")]
mod sql;
#[cfg(feature = "sqlite")]
mod sqlite;
mod store;
#[cfg(feature = "sqlite")]
mod waiting;
mod webhook;

use std::io::Write;
use std::sync::{Arc, Mutex};

use external_providers::outbox::{Delivery, Event, Sink};
use external_providers::report::Report;

/// One that happened.
fn event() -> Event {
    let json = r#"{
        "event": "TicketCreated",
        "id": "evt_019ab8c2-5f0e-7c31-9d6e-1f2a3b4c5d6e",
        "time": "2026-11-26T09:15:42.125Z",
        "variables": [{"key": "ticketNumber", "value": "123-456"}, {"key": "subject", "value": "Größe \"7\""}]
    }"#;
    serde_json::from_str(json).unwrap()
}

/// Keeps all that is logged.
#[derive(Clone, Default)]
struct Logs(Arc<Mutex<Vec<u8>>>);

impl Write for Logs {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Tells a sink of an event, and checks it; what came of both, and all that was logged meanwhile.
fn told(sink: &dyn Sink, event: &Event) -> (Delivery, Report, String) {
    let logs = Logs::default();
    let writer = logs.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (delivery, report) = tracing::subscriber::with_default(subscriber, || {
        runtime.block_on(async { (sink.deliver(event).await, sink.check().await) })
    });
    let logs = logs.0.lock().unwrap().clone();
    (delivery, report, String::from_utf8(logs).unwrap())
}
