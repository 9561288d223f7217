//! Where events are kept.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;

use super::Event;
use crate::contract::BoxFuture;

/// The longest pause before a delivery is tried again. What is due later than that from now was put off
/// by a clock that has been set back since, and is due.
pub(super) const LONGEST_PAUSE: Duration = Duration::from_secs(24 * 60 * 60);

/// The time in which events that are alike are counted, to find loops.
pub(super) const LOOP_TIME: Duration = Duration::from_secs(60);

/// Keeps events until they are delivered. Every method that changes something has changed it on disk when
/// it returns.
///
/// Any number of hosts may use one store at the same time where it says so; what one has claimed is not
/// given to another.
pub trait Store: fmt::Debug + Send + Sync {
    /// Makes sure that the store can be used: connects, creates what is not there yet.
    fn open(&self) -> BoxFuture<'_, Result<(), StoreError>>;

    /// To be called before the first [`claim`](Self::claim): a store that is made for one host belongs to
    /// this one until what is returned is dropped, or is [in use](StoreError::InUse). Everything else can be
    /// done by others meanwhile.
    fn begin_delivering(&self) -> BoxFuture<'_, Result<DeliveryLock, StoreError>>;

    /// Keeps an event for these sinks, behind all that was kept before it. A sink that is named twice is
    /// told once. The same event, by its id, cannot be kept twice. An event for no sink is not kept.
    ///
    /// If `loop_limit` events of the same name for the same lane came within the minute before it, it is
    /// held: something that is told of events seems to make them. Events without a lane count
    /// if their variables are the same. With 0, nothing is held.
    fn append<'s>(
        &'s self,
        event: &'s Event,
        sinks: &'s [String],
        loop_limit: u32,
    ) -> BoxFuture<'s, Result<Appended, StoreError>>;

    /// A delivery to a sink that is due, claimed: what has been due for longest, or what waits for its
    /// first attempt, in the order in which it came; neither waits for the other for ever. Of a lane, only
    /// the first that waits can be claimed. What was [begun](Claim::begin) by a process that is gone is in
    /// doubt from now on, and not claimed.
    fn claim<'s>(&'s self, sink: &'s str) -> BoxFuture<'s, Result<Next, StoreError>>;

    /// Events and those of their deliveries that are meant, the oldest first, at most `limit` events.
    fn list<'s>(
        &'s self,
        filter: &'s Filter,
        limit: usize,
    ) -> BoxFuture<'s, Result<Vec<Kept>, StoreError>>;

    /// Makes deliveries that wait, failed, are in doubt or held due at once, and lets go on those of their
    /// sinks that stopped; a filter that names nothing, or a sink alone, lets it go on without any, too.
    /// Those that no longer waited begin anew, with no attempt, and come before what waits in
    /// their lane. How many there were.
    fn retry<'s>(&'s self, filter: &'s Filter) -> BoxFuture<'s, Result<u64, StoreError>>;

    /// Gives deliveries up that wait, failed, are in doubt or held: they are kept as skipped. How many
    /// there were.
    fn skip<'s>(&'s self, filter: &'s Filter) -> BoxFuture<'s, Result<u64, StoreError>>;

    /// How it stands with each sink that has deliveries.
    fn status(&self) -> BoxFuture<'_, Result<Vec<SinkStatus>, StoreError>>;

    /// Removes events that came before a time and are delivered or skipped to every sink, some hundred at a
    /// time. How many there were; 0 when none is left.
    fn purge(&self, before: Timestamp) -> BoxFuture<'_, Result<u64, StoreError>>;
}

/// The right to deliver from a store, as long as it is there.
pub type DeliveryLock = Box<dyn fmt::Debug + Send + Sync>;

/// What became of an event that was kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Appended {
    /// It will be delivered.
    Waiting,
    /// It is kept, but held, since it seems to belong to a loop.
    Held,
}

/// What is to be done next for a sink.
#[derive(Debug)]
pub enum Next {
    /// This one.
    Claimed(Claimed),
    /// Nothing before this time is over.
    Later(Duration),
    /// Nothing is there for it, or it stopped.
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

/// The right to settle a delivery. As long as it is there, nothing of the delivery's lane is given to
/// anybody.
pub trait Claim: fmt::Debug + Send {
    /// Notes that a sink that must not be told twice is being told. If the delivery is then not settled,
    /// since the process ended, it is in doubt.
    fn begin(&mut self) -> BoxFuture<'_, Result<(), StoreError>>;

    /// Says what became of it. If it fails, the same is to be said again, for as long as it takes:
    /// otherwise the sink is told twice. What was skipped meanwhile stays so, unless it was delivered.
    fn settle<'s>(&'s mut self, settled: &'s Settled) -> BoxFuture<'s, Result<(), StoreError>>;
}

/// What became of a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settled {
    /// The sink took it.
    Delivered,
    /// It is tried again after a time.
    Again {
        /// How long, at most 24 hours.
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
    /// It seems to belong to a loop, and is not tried until somebody lets it.
    Held,
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
    /// Deliveries that are held.
    pub held: u64,
    /// When the oldest event that waits came.
    pub oldest: Option<Timestamp>,
    /// Why nothing is delivered to it, if it stopped.
    pub stopped: Option<String>,
    /// Why the last attempt failed, if none succeeded since.
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
