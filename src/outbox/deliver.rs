//! From whoever sends events to the store, and from there to the sinks.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use tokio::sync::{Mutex as AsyncMutex, Notify, watch};
use tokio::task::JoinSet;

use super::store::LOOP_TIME;
use super::teller::{Stop, Teller};
use super::{Appended, DeliveryLock, Event, Pace, Sink, Store, StoreError};
use crate::metrics::EVENTS;

/// Between two looks at what is kept for long enough, and between two batches of it.
const PURGE: Duration = Duration::from_secs(60);
const BATCH: Duration = Duration::from_millis(50);
/// Loops that are remembered, so that each is said once a minute.
const MOST_LOOPS: usize = 1000;

/// A store, and whoever delivers from it. Clones are the same.
#[derive(Debug, Clone)]
pub struct Outbox {
    store: Arc<dyn Store>,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    limits: Mutex<Limits>,
    /// Of each sink, who delivers to it.
    wakes: Mutex<HashMap<String, Arc<Notify>>>,
    /// When a loop was said.
    loops: Mutex<HashMap<i64, Instant>>,
}

/// What an outbox keeps, and what it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// How long events are kept after they came, once they are delivered or skipped to all sinks. What
    /// failed or is in doubt is kept until somebody decides. Default 7 days.
    pub keep: Duration,
    /// Events of one name for one ticket or chat within a minute; those beyond are held, since something
    /// seems to make events of events. 0 never holds any. Default 100.
    pub loop_limit: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { keep: Duration::from_secs(7 * 24 * 60 * 60), loop_limit: 100 }
    }
}

/// Nothing panics under these locks.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Outbox {
    /// An outbox with this store and the usual limits.
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self { store, shared: Arc::default() }
    }

    /// Where its events are kept.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// Puts other limits in force, for all its clones.
    pub fn set_limits(&self, limits: Limits) {
        *locked(&self.shared.limits) = limits;
    }

    /// Keeps an event for these sinks; it is on disk when this returns. An event for no sink is not kept.
    ///
    /// # Errors
    ///
    /// It could not be kept: whoever sent it must be told so.
    pub async fn take(&self, event: &Event, sinks: &[String]) -> Result<(), StoreError> {
        if sinks.is_empty() {
            return Ok(());
        }
        let loop_limit = locked(&self.shared.limits).loop_limit;
        let appended = self.store.append(event, sinks, loop_limit).await;
        EVENTS.count(&[match &appended {
            Ok(Appended::Waiting) => "kept",
            Ok(Appended::Held) => "held",
            Err(_) => "refused",
        }]);
        if appended? == Appended::Held {
            self.say_loop(event, loop_limit);
        }
        let wakes = locked(&self.shared.wakes);
        sinks.iter().filter_map(|sink| wakes.get(sink)).for_each(|wake| wake.notify_one());
        Ok(())
    }

    fn say_loop(&self, event: &Event, limit: u32) {
        let (mut loops, now) = (locked(&self.shared.loops), Instant::now());
        loops.retain(|_, said| now.saturating_duration_since(*said) < LOOP_TIME);
        let likeness = event.likeness();
        if !loops.contains_key(&likeness) && loops.len() < MOST_LOOPS {
            loops.insert(likeness, now);
            let short = |text: &str| text.chars().take(100).collect::<String>();
            let (name, lane) = (short(&event.name), event.lane.as_deref().map(short));
            let lane = lane.as_deref().unwrap_or("all the same");
            tracing::error!(
                event = event.id,
                name,
                lane,
                "more than {limit} of these within a minute: they are held, since something seems to make \
                 events of events"
            );
        }
    }

    /// Delivers to these sinks, named each, from now on, and removes what was kept for long enough. To be
    /// called inside a tokio runtime.
    ///
    /// # Errors
    ///
    /// The store cannot be opened, or is [in use](StoreError::InUse).
    pub async fn deliver(
        &self,
        sinks: Vec<(String, Arc<dyn Sink>, Pace)>,
    ) -> Result<Delivering, StoreError> {
        let lock = Arc::new(self.store.begin_delivering().await?);
        let mut purging = JoinSet::new();
        purging.spawn(purge(self.clone(), Arc::clone(&lock)));
        let (outbox, running, leaving) =
            (self.clone(), AsyncMutex::default(), AsyncMutex::default());
        let delivering = Delivering { outbox, lock, running, leaving, purging };
        delivering.replace(sinks).await;
        Ok(delivering)
    }
}

async fn purge(outbox: Outbox, _lock: Arc<DeliveryLock>) {
    loop {
        let keep = locked(&outbox.shared.limits).keep;
        let keep = SignedDuration::try_from(keep).unwrap_or(SignedDuration::MAX);
        if let Ok(before) = Timestamp::now().checked_sub(keep) {
            loop {
                match outbox.store.purge(before).await {
                    Ok(0) => break,
                    Ok(_) => tokio::time::sleep(BATCH).await,
                    Err(error) => {
                        tracing::error!(%error, "events that were kept for long enough stay");
                        break;
                    }
                }
            }
        }
        tokio::time::sleep(PURGE).await;
    }
}

/// Deliveries that go on until this is dropped or [stopped](Delivering::stop). Dropped, it cuts those
/// under way off: they are tried again by whoever delivers next.
#[derive(Debug)]
pub struct Delivering {
    outbox: Outbox,
    lock: Arc<DeliveryLock>,
    running: AsyncMutex<BTreeMap<String, Running>>,
    /// Others have taken their place, or nobody; deliveries of theirs may be under way.
    leaving: AsyncMutex<Vec<Running>>,
    purging: JoinSet<()>,
}

/// Who delivers to a sink.
#[derive(Debug)]
struct Running {
    sink: Arc<dyn Sink>,
    pace: Pace,
    stop: watch::Sender<Stop>,
    /// One, which ends with this.
    task: JoinSet<()>,
}

impl Running {
    async fn ended(&mut self) {
        while self.task.join_next().await.is_some() {}
    }

    fn has_ended(&mut self) -> bool {
        while self.task.try_join_next().is_some() {}
        self.task.is_empty()
    }
}

impl Delivering {
    /// Delivers to these sinks instead. Those that stay (the same `Arc`, the same pace) go on undisturbed; of
    /// the others, deliveries under way end as they began, and nobody is told of those events meanwhile.
    pub async fn replace(&self, sinks: Vec<(String, Arc<dyn Sink>, Pace)>) {
        let mut running = self.running.lock().await;
        let stays = |name: &String, one: &Running| {
            let is_it = |(n, sink, pace): &(String, Arc<dyn Sink>, Pace)| {
                n == name && Arc::ptr_eq(sink, &one.sink) && *pace == one.pace
            };
            sinks.iter().any(is_it)
        };
        let changed: Vec<String> = running
            .iter()
            .filter(|(name, one)| !stays(name, one))
            .map(|(n, _)| n.clone())
            .collect();
        let mut leaving = self.leaving.lock().await;
        leaving.retain_mut(|one| !one.has_ended());
        for one in changed.iter().filter_map(|name| running.remove(name)).collect::<Vec<_>>() {
            one.stop.send_replace(Stop::Replaced);
            leaving.push(one);
        }
        for (name, sink, pace) in sinks {
            running.entry(name).or_insert_with_key(|name| self.start(name, sink, pace));
        }
    }

    fn start(&self, name: &str, sink: Arc<dyn Sink>, pace: Pace) -> Running {
        let Outbox { store, shared } = &self.outbox;
        let wake = Arc::clone(locked(&shared.wakes).entry(name.to_owned()).or_default());
        let (stop, stopped) = watch::channel(Stop::No);
        let (store, lock) = (Arc::clone(store), Arc::clone(&self.lock));
        let teller = Teller::new(name.to_owned(), Arc::clone(&sink), pace.clone(), store, lock);
        let mut task = JoinSet::new();
        task.spawn(teller.run(wake, stopped));
        Running { sink, pace, stop, task }
    }

    /// Claims nothing more, and waits for the deliveries under way, which end in time by themselves.
    pub async fn stop(mut self) {
        self.replace(Vec::new()).await;
        let mut leaving = self.leaving.lock().await;
        for one in &*leaving {
            one.stop.send_replace(Stop::Ending);
        }
        for one in &mut *leaving {
            one.ended().await;
        }
        drop(leaving);
        // It has the lock, too.
        self.purging.shutdown().await;
    }
}
