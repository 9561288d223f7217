//! What this process has claimed. It is in memory alone, so that it ends with the process.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::show::Key;
use super::worker::Worker;
use super::{now, tables};
use crate::contract::BoxFuture;
use crate::outbox::{Claim, Settled, StoreError};

#[derive(Debug, Default)]
pub(super) struct Claims(Mutex<Held>);

#[derive(Debug, Default)]
struct Held {
    keys: HashSet<Key>,
    /// Sink and lane.
    lanes: HashSet<(i64, i64)>,
    /// Whose turn it is at a sink: what was tried before, or what was not.
    turns: HashMap<i64, bool>,
}

impl Claims {
    fn held(&self) -> MutexGuard<'_, Held> {
        // Nothing panics under this lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn count(&self) -> usize {
        self.held().keys.len()
    }

    /// Every other time.
    pub(super) fn turn(&self, sink: i64) -> bool {
        let mut held = self.held();
        let turn = held.turns.entry(sink).or_default();
        *turn = !*turn;
        *turn
    }

    /// Claims a delivery, unless it or its lane is claimed.
    pub(super) fn take(self: &Arc<Self>, key: Key, lane: Option<i64>) -> Option<HeldClaim> {
        let mut held = self.held();
        let lane = lane.map(|lane| (key.sink, lane));
        if held.keys.contains(&key) || lane.is_some_and(|lane| held.lanes.contains(&lane)) {
            return None;
        }
        held.keys.insert(key);
        held.lanes.extend(lane);
        Some(HeldClaim { key, lane, claims: Arc::clone(self) })
    }
}

/// A delivery that is given back when this is dropped.
#[derive(Debug)]
pub(super) struct HeldClaim {
    pub(super) key: Key,
    lane: Option<(i64, i64)>,
    claims: Arc<Claims>,
}

impl Drop for HeldClaim {
    fn drop(&mut self) {
        let mut held = self.claims.held();
        held.keys.remove(&self.key);
        if let Some(lane) = self.lane {
            held.lanes.remove(&lane);
        }
    }
}

pub(super) struct SqliteClaim {
    pub(super) held: HeldClaim,
    pub(super) worker: Worker,
}

impl fmt::Debug for SqliteClaim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SqliteClaim").field(&self.held.key).finish()
    }
}

impl Claim for SqliteClaim {
    fn begin(&mut self) -> BoxFuture<'_, Result<(), StoreError>> {
        let key = self.held.key;
        Box::pin(self.worker.write(move |file| tables::begin(file, key)))
    }

    fn settle<'s>(&'s mut self, settled: &'s Settled) -> BoxFuture<'s, Result<(), StoreError>> {
        let (key, settled) = (self.held.key, settled.clone());
        Box::pin(self.worker.write(move |file| tables::settle(file, key, &settled, now())))
    }
}
