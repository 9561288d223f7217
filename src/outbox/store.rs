//! Where events are kept.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;

use super::Event;
use crate::contract::BoxFuture;

/// Keeps events until they are delivered. Every method that changes something has changed it on disk when
/// it returns.
///
/// Any number of hosts may use one store at the same time where it says so; what one has claimed is not
/// given to another.
pub trait Store: fmt::Debug + Send + Sync {
    /// Makes sure that the store can be used: connects, creates what is not there yet.
    fn open(&self) -> BoxFuture<'_, Result<(), StoreError>>;

    /// Keeps an event for these sinks, behind all that was kept before it.
    fn append<'s>(
        &'s self,
        event: &'s Event,
        sinks: &'s [String],
    ) -> BoxFuture<'s, Result<(), StoreError>>;

    /// The delivery to a sink that has been due for longest, claimed. Of a lane, only the first that
    /// waits can be claimed.
    fn claim<'s>(&'s self, sink: &'s str) -> BoxFuture<'s, Result<Next, StoreError>>;

    /// Events and their deliveries, the oldest first, at most `limit` events.
    fn list<'s>(
        &'s self,
        filter: &'s Filter,
        limit: usize,
    ) -> BoxFuture<'s, Result<Vec<Kept>, StoreError>>;

    /// Makes deliveries that wait, failed or are in doubt due at once, and lets stopped sinks go on. How many
    /// there were.
    fn retry<'s>(&'s self, filter: &'s Filter) -> BoxFuture<'s, Result<u64, StoreError>>;

    /// Gives deliveries up that are not delivered: they are kept as skipped. How many there were.
    fn skip<'s>(&'s self, filter: &'s Filter) -> BoxFuture<'s, Result<u64, StoreError>>;

    /// How it stands with each sink that has deliveries.
    fn status(&self) -> BoxFuture<'_, Result<Vec<SinkStatus>, StoreError>>;

    /// Removes events that came before a time and wait for nobody, some at a time. How many there were.
    fn purge(&self, before: Timestamp) -> BoxFuture<'_, Result<u64, StoreError>>;
}

/// What is to be done next for a sink.
#[derive(Debug)]
pub enum Next {
    /// This one.
    Claimed(Claimed),
    /// Nothing before this time is over.
    Later(Duration),
    /// Nothing is there for it.
    Nothing,
}

/// A delivery that nobody else has until it is settled. One that is dropped is as before, and due at
/// once.
#[derive(Debug)]
pub struct Claimed {
    /// What happened.
    pub event: Event,
    /// How often it was tried before.
    pub attempts: u32,
    /// When it was tried first, if it was.
    pub first_attempt: Option<Timestamp>,
    /// Gives it back.
    pub claim: Box<dyn Claim>,
}

/// The right to settle a delivery.
pub trait Claim: fmt::Debug + Send {
    /// Says what became of it.
    fn settle(self: Box<Self>, settled: Settled) -> BoxFuture<'static, Result<(), StoreError>>;
}

/// What became of a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settled {
    /// The sink took it.
    Delivered,
    /// It is tried again after a time.
    Again {
        /// How long.
        after: Duration,
        /// Why it failed.
        why: String,
    },
    /// It was tried for long enough: it is kept, and the lane goes on.
    Failed {
        /// Why it failed at last.
        why: String,
    },
    /// It may have been delivered, and must not be twice: it is kept, and the lane goes on.
    InDoubt {
        /// What happened.
        why: String,
    },
    /// The sink wants no more events: nothing is claimed for it until it is [let go on](Store::retry).
    /// This one waits.
    Stopped {
        /// What it said.
        why: String,
    },
}

/// The state of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// It will be tried.
    Waiting,
    /// The sink took it.
    Delivered,
    /// It was tried for long enough.
    Failed,
    /// It may have been delivered.
    InDoubt,
    /// Somebody gave it up.
    Skipped,
}

/// Which deliveries are meant: those for which all that is said here is true.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Filter {
    /// Of this event.
    pub id: Option<String>,
    /// To this sink.
    pub sink: Option<String>,
    /// Of events with this name.
    pub name: Option<String>,
    /// In this state.
    pub state: Option<State>,
    /// Of events that came after the one with this id.
    pub after: Option<String>,
}

/// An event in the store.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct Kept {
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
    /// To each sink, in the order of their names.
    pub deliveries: Vec<KeptDelivery>,
}

/// A delivery in the store.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct KeptDelivery {
    /// To whom.
    pub sink: String,
    /// How it stands.
    pub state: State,
    /// How often it was tried.
    pub attempts: u32,
    /// When it is tried next, while it waits.
    pub due: Option<Timestamp>,
    /// Why it failed last.
    pub why: Option<String>,
}

/// How it stands with a sink.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct SinkStatus {
    /// Its name.
    pub sink: String,
    /// Deliveries that wait.
    pub waiting: u64,
    /// Deliveries that failed.
    pub failed: u64,
    /// Deliveries in doubt.
    pub in_doubt: u64,
    /// When the oldest event that waits came.
    pub oldest: Option<Timestamp>,
    /// Why nothing is delivered to it, if it stopped.
    pub stopped: Option<String>,
    /// Why the last delivery that waits failed.
    pub why: Option<String>,
}

/// Why the store did not do what it should.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// It cannot be opened or reached: why.
    #[error("the store of events, {store}, cannot be opened: {why}")]
    Open {
        /// Its file or database.
        store: String,
        /// Why.
        why: String,
    },
    /// It is something else than a store of events: what, and what to do.
    #[error("{store} is not a store of events: {why}")]
    Foreign {
        /// Its file or database.
        store: String,
        /// What it is.
        why: String,
    },
    /// It was made by a newer version of this program.
    #[error(
        "the store of events, {store}, was made by a newer version of this program ({version})"
    )]
    Newer {
        /// Its file or database.
        store: String,
        /// The version of its tables.
        version: i64,
    },
    /// Another host delivers from it, and it is made for one.
    #[error("the store of events, {store}, is in use by another host")]
    InUse {
        /// Its file.
        store: String,
    },
    /// It could not be written or read: why.
    #[error("the store of events, {store}, failed: {why}")]
    Failed {
        /// Its file or database.
        store: String,
        /// Why.
        why: String,
    },
}
