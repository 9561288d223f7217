//! Events, kept until they are delivered: an outbox.
//!
//! An [`Event`] is [taken](Outbox::take) for some sinks, and is on the disk of the [`Store`] when that
//! returns. Then each [`Sink`] is told of it, at its own pace: one that is down holds up no other. A
//! sink is told of the events of one ticket or chat ([`Event::lane`]) in the order in which they came,
//! while others go on. What it refuses is tried again, with growing pauses, for days; what is never
//! accepted is kept, and shown, until somebody [tries it again](Store::retry) or
//! [gives it up](Store::skip). A sink may be told of an event twice, always with the same
//! [`Event::id`]; it never misses one.

mod event;

mod store;

#[cfg(feature = "sqlite")]
mod sqlite;

#[cfg(feature = "postgres")]
mod postgres;

mod sink;

mod schedule;

mod teller;

mod deliver;

pub use deliver::{Delivering, Limits, Outbox};
pub use event::Event;
#[cfg(feature = "postgres")]
pub use postgres::PostgresStore;
pub use sink::{
    Delivery, Pace, Parameter, Sink, SinkError, SoapSink, SqlSink, WebhookSettings, WebhookSink,
};
#[cfg(feature = "nats")]
pub use sink::{NatsSettings, NatsSink};
#[cfg(feature = "sqlite")]
pub use sqlite::SqliteStore;
pub use store::{
    Appended, Claim, Claimed, DeliveryLock, Filter, Kept, KeptDelivery, Next, Settled, SinkStatus,
    State, Store, StoreError,
};
