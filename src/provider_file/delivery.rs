//! Delivers events, to whichever sinks the file in force has.

use std::collections::{BTreeMap, BTreeSet};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};

use super::current::Current;
use super::sinks::Sinks;
use crate::in_force::InForce;
use crate::metrics::{EVENTS_FAILED, EVENTS_OLDEST, EVENTS_WAITING};
use crate::outbox::{Delivering, SinkStatus, Store, StoreError};

/// How often the store is asked how it stands, and one that could not be used is tried again.
const LOOK: Duration = Duration::from_secs(10);

/// Events are delivered to the sinks of a [`Provider`](super::Provider), as long as there is this.
#[derive(Debug)]
pub struct EventDelivery {
    stop: oneshot::Sender<()>,
    task: Task,
}

impl EventDelivery {
    /// Begins no more deliveries, and waits for those under way, which end in time by themselves.
    pub async fn stop(self) {
        let Self { stop, mut task } = self;
        let _ = stop.send(());
        // It does not panic; and what was not settled stays in the store.
        let _ = (&mut task.0).await;
    }
}

/// A task that ends with whoever has it.
#[derive(Debug)]
struct Task(JoinHandle<()>);

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Delivers from now on; `changed` says when another file is in force.
pub(super) async fn deliver(
    in_force: Arc<InForce<Current>>,
    changed: watch::Receiver<()>,
) -> Result<EventDelivery, StoreError> {
    let mut running = Running::default();
    let current = in_force.get();
    if let Some(sinks) = &current.sinks {
        sinks.unless_later(running.follow(Some(sinks)).await)?;
    }
    drop(current);
    let (stop, stopped) = oneshot::channel();
    let task = tokio::spawn(follow(running, in_force, changed, stopped));
    Ok(EventDelivery { stop, task: Task(task) })
}

async fn follow(
    mut running: Running,
    in_force: Arc<InForce<Current>>,
    mut changed: watch::Receiver<()>,
    stopped: oneshot::Receiver<()>,
) {
    let mut stopped = pin!(stopped);
    let mut look = interval(LOOK);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let looking = async {
            look.tick().await;
            running.look(&in_force.get()).await
        };
        let is_wanted = tokio::select! {
            biased;
            _ = &mut stopped => break,
            Ok(()) = changed.changed() => true,
            is_wanted = looking => is_wanted,
        };
        if is_wanted {
            let followed = running.follow(in_force.get().sinks.as_ref()).await;
            running.say(followed.err());
        }
    }
    let _ = running.follow(None).await;
}

/// What is being delivered.
#[derive(Default)]
struct Running {
    delivering: Option<(Arc<dyn Store>, Delivering)>,
    /// What was said last of the store.
    trouble: Option<StoreError>,
    /// Sinks that are not in the file, of which it was said that something waits for them.
    orphans: BTreeSet<String>,
}

impl Running {
    /// Delivers to these sinks and no others. No event is with a sink and its successor at the same time:
    /// what is under way is claimed.
    async fn follow(&mut self, wanted: Option<&Sinks>) -> Result<(), StoreError> {
        match (&self.delivering, wanted) {
            (Some((store, delivering)), Some(wanted))
                if Arc::ptr_eq(store, wanted.outbox.store()) =>
            {
                delivering.replace(wanted.sinks.clone()).await;
            }
            _ => {
                if let Some((_, delivering)) = self.delivering.take() {
                    delivering.stop().await;
                }
                if let Some(wanted) = wanted {
                    let store = Arc::clone(wanted.outbox.store());
                    let delivering = wanted.outbox.deliver(wanted.sinks.clone()).await?;
                    self.delivering = Some((store, delivering));
                }
            }
        }
        Ok(())
    }

    /// Counts what waits and what failed. Is nothing delivered that should be?
    async fn look(&mut self, current: &Current) -> bool {
        let Some(sinks) = &current.sinks else {
            show(&BTreeMap::new());
            return false;
        };
        match sinks.outbox.store().status().await {
            Ok(all) => {
                let names: BTreeSet<&str> =
                    sinks.sinks.iter().map(|(name, ..)| name.as_str()).collect();
                let mut counted: BTreeMap<_, _> =
                    names.iter().map(|name| (*name, [0; 3])).collect();
                counted.extend(all.iter().map(|one| (one.sink.as_str(), counts(one))));
                show(&counted);
                for SinkStatus { sink, waiting, .. } in &all {
                    let is_orphan = *waiting > 0 && !names.contains(sink.as_str());
                    if is_orphan && self.orphans.insert(sink.clone()) {
                        tracing::warn!(
                            sink,
                            waiting,
                            "events wait for a sink that is not in the file"
                        );
                    }
                }
                if self.delivering.is_some() {
                    self.trouble = None;
                }
            }
            // What was counted last is the best that is known.
            Err(error) => self.say(Some(error)),
        }
        self.delivering.is_none()
    }

    /// Says once what is wrong with the store.
    fn say(&mut self, trouble: Option<StoreError>) {
        if let Some(error) = trouble.as_ref().filter(|error| self.trouble.as_ref() != Some(*error))
        {
            tracing::error!("{error}");
        }
        self.trouble = trouble;
    }
}

/// How many wait, for how many seconds the oldest has, and how many failed.
fn counts(status: &SinkStatus) -> [u64; 3] {
    let SinkStatus { waiting, failed, in_doubt, held, oldest, .. } = status;
    let now = jiff::Timestamp::now().as_second();
    // A clock that goes back makes nothing older.
    let age = oldest.map_or(0, |since| now.saturating_sub(since.as_second()).max(0));
    [*waiting, age.unsigned_abs(), failed + in_doubt + held]
}

fn show(counted: &BTreeMap<&str, [u64; 3]>) {
    for (at, gauges) in [&EVENTS_WAITING, &EVENTS_OLDEST, &EVENTS_FAILED].into_iter().enumerate() {
        gauges.replace(counted.iter().map(|(sink, counts)| (*sink, counts[at])));
    }
}
