//! Events, kept until they are delivered: an outbox.
//!
//! An [`Event`] is [taken](Outbox::take) for some sinks, and is on the disk of the [`Store`] when that
//! returns. Then each [`Sink`] is told of it, at its own pace: one that is down holds up no other. A
//! sink is told of the events of one ticket or chat ([`Event::lane`]) in the order in which they came,
//! while others go on. What it refuses is tried again, with growing pauses, for days; what is never
//! accepted is kept, and shown, until somebody [tries it again](Store::retry) or
//! [gives it up](Store::skip). A sink may be told of an event twice, always with the same
//! [`Event::id`]; it never misses one.
//!
//! # What is promised
//!
//! - What [`Outbox::take`] returned for is delivered at least once to each of its sinks, or kept as
//!   failed, in doubt or held, whatever is killed or cut off when. Nothing that waits, failed, is in
//!   doubt or held is removed by age.
//! - Told twice is only what was being told when the process ended, or before the store could be told
//!   what became of it. A sink that [must not be told twice](Sink::may_repeat) is not: such an event is
//!   in doubt.
//! - In a lane, an event is told of once those before it are delivered, or given up. What failed, was in
//!   doubt or held and is tried again comes late: those behind it went on.
//! - A loop (a sink that makes the help desk fire an event, of which it is told) is held after [some
//!   events in a minute](Limits::loop_limit).
//!
//! # What it costs
//!
//! - An event is one write to the disk, which events that come at the same time share; a delivery is
//!   another. What waits is not in memory, and the next is found by an index.
//! - Attempts come after 5 s, 30 s, 2 min, 10 min, 30 min, 2 h, 5 h, and then every 10 h, each up to a
//!   fifth sooner or later, until [`Pace::give_up_after`] is over. After five failures in a row a sink
//!   rests, and one delivery every 30 s tries whether it is up again: so when a sink comes back, those
//!   whose turn it was meanwhile wait for their pause, the others go on at once. [`Store::retry`] hurries
//!   all of them.
//!
//! # More than one machine
//!
//! `SqliteStore` is for one machine, and one process delivers from it; PostgreSQL is for several hosts,
//! which share the deliveries. A clock that is set back delays what is tried again by as much, up to a
//! day; what was never tried knows no clock. Ids sort by the clock of the host that took the event.

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
