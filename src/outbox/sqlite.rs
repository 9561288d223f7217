//! Events in an SQLite file: for one host, without a server.

mod claims;
mod file;
mod show;
mod tables;
mod tests;
mod worker;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use rusqlite::Connection;
use tokio::sync::OnceCell;

use self::claims::{Claims, SqliteClaim};
use self::show::{Key, Range};
use self::tables::Found;
use self::worker::Worker;
use super::store::LOOP_TIME;
use super::{
    Appended, Claimed, DeliveryLock, Event, Filter, Kept, Next, SinkStatus, State, Store,
    StoreError,
};
use crate::contract::BoxFuture;

/// Deliveries that are changed, or events that are removed, in one transaction.
const BATCH: usize = 200;

/// A store in a file, which is made where there is none, readable by its owner alone. Besides it there
/// are files of its name with `-wal` and `-shm`, which hold what is not in it yet, and with `-lock`.
///
/// What is kept is on the disk (WAL, `synchronous=FULL`); events that come at the same time share one
/// write. One process delivers from it. Others on the same machine may keep, list, retry and skip events
/// meanwhile. A folder on another machine (NFS, SMB) is refused where it can be told, since WAL does not
/// work there.
///
/// The next delivery is found in the same time however many wait, and memory does not grow with them.
/// [`list`](Store::list) reads events until it has found enough, and [`status`](Store::status) counts that are
/// kept, and what is to be tried again; neither holds up the others. The file never shrinks: the room of
/// events that were removed is used for others.
#[derive(Clone)]
pub struct SqliteStore {
    inner: Arc<Inner>,
}

struct Inner {
    path: PathBuf,
    worker: OnceCell<Worker>,
    claims: Arc<Claims>,
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SqliteStore").field(&self.inner.path).finish()
    }
}

fn now() -> i64 {
    Timestamp::now().as_millisecond()
}

impl SqliteStore {
    /// The store in this file, which is opened when it is used first.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        let (path, worker) = (path.into(), OnceCell::new());
        Self { inner: Arc::new(Inner { path, worker, claims: Arc::default() }) }
    }

    /// Its file.
    pub fn path(&self) -> &Path {
        &self.inner.path
    }

    async fn worker(&self) -> Result<&Worker, StoreError> {
        let open = || async {
            let path = self.inner.path.clone();
            self.blocking(move || Worker::start(file::open(&path)?, path)).await
        };
        self.inner.worker.get_or_try_init(open).await
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let done = tokio::task::spawn_blocking(work).await;
        done.unwrap_or_else(|error| Err(file::failed(&self.inner.path, error)))
    }

    /// Reads on a connection of its own, so that nobody waits for it.
    async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.worker().await?;
        let path = self.inner.path.clone();
        self.blocking(move || {
            let file = file::connect(&path)?;
            work(&file).map_err(|error| file::failed(&path, error))
        })
        .await
    }

    /// Changes the deliveries that are meant and are not over, some at a time, so that others get their
    /// turn. Those there were, and their sinks.
    async fn change(
        &self,
        filter: &Filter,
        change: fn(&Connection, Key) -> rusqlite::Result<()>,
    ) -> Result<(u64, Vec<i64>), StoreError> {
        if matches!(filter.state, Some(State::Delivered | State::Skipped)) {
            return Ok((0, Vec::new()));
        }
        let worker = self.worker().await?;
        let asked = filter.clone();
        let mut range = self.read(move |file| Range::new(file, &asked)).await?;
        let (mut count, mut sinks) = (0, Vec::new());
        loop {
            let (keys, rest) =
                self.read(move |file| range.keys(file, BATCH).map(|keys| (keys, range))).await?;
            range = rest;
            if keys.is_empty() {
                return Ok((count, sinks));
            }
            count += keys.len() as u64;
            sinks.extend(keys.iter().map(|key| key.sink));
            sinks.sort_unstable();
            sinks.dedup();
            let each = move |file: &Connection| keys.iter().try_for_each(|key| change(file, *key));
            worker.write(each).await?;
        }
    }

    async fn claim_next(&self, sink: &str) -> Result<Next, StoreError> {
        let worker = self.worker().await?;
        loop {
            let (name, claims) = (sink.to_owned(), Arc::clone(&self.inner.claims));
            let found = worker.read(move |file| tables::claim(file, &claims, &name, now())).await?;
            match found {
                Found::Nothing => return Ok(Next::Nothing),
                Found::Later(wait) => return Ok(Next::Later(wait)),
                Found::Abandoned(held) => {
                    // Nobody knows what came of it.
                    let key = held.key;
                    worker.write(move |file| tables::abandon(file, key, now())).await?;
                }
                Found::Claimed(held, row) => {
                    let worker = worker.clone();
                    return Ok(Next::Claimed(Claimed {
                        event: row.event,
                        attempts: row.attempts,
                        first_attempt: row.first_attempt,
                        claim: Box::new(SqliteClaim { held, worker }),
                    }));
                }
            }
        }
    }
}

impl Store for SqliteStore {
    fn open(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async { self.worker().await.map(|_| ()) })
    }

    fn begin_delivering(&self) -> BoxFuture<'_, Result<DeliveryLock, StoreError>> {
        Box::pin(async {
            self.worker().await?;
            let path = self.inner.path.clone();
            let lock = self.blocking(move || file::lock(&path)).await?;
            Ok(Box::new(lock) as DeliveryLock)
        })
    }

    fn append<'s>(
        &'s self,
        event: &'s Event,
        sinks: &'s [String],
        loop_limit: u32,
    ) -> BoxFuture<'s, Result<Appended, StoreError>> {
        Box::pin(async move {
            if sinks.is_empty() {
                return Ok(Appended::Waiting);
            }
            let (event, sinks) = (event.clone(), sinks.to_vec());
            let variables = event.variables_json();
            let since = event.time.as_millisecond() - LOOP_TIME.as_millis() as i64;
            let append = move |file: &Connection| {
                let likeness = event.likeness();
                let before = tables::alike(file, likeness, since, &event, loop_limit)?;
                let is_loop = loop_limit > 0 && before >= loop_limit;
                tables::append(file, &event, &variables, likeness, &sinks, is_loop)?;
                Ok(if is_loop { Appended::Held } else { Appended::Waiting })
            };
            self.worker().await?.write(append).await
        })
    }

    fn claim<'s>(&'s self, sink: &'s str) -> BoxFuture<'s, Result<Next, StoreError>> {
        Box::pin(self.claim_next(sink))
    }

    fn list<'s>(
        &'s self,
        filter: &'s Filter,
        limit: usize,
    ) -> BoxFuture<'s, Result<Vec<Kept>, StoreError>> {
        let filter = filter.clone();
        Box::pin(self.read(move |file| Range::new(file, &filter)?.list(file, limit)))
    }

    fn retry<'s>(&'s self, filter: &'s Filter) -> BoxFuture<'s, Result<u64, StoreError>> {
        Box::pin(async {
            let (count, sinks) = self.change(filter, tables::retry).await?;
            let Filter { id, sink, name, state, after } = filter.clone();
            let whole = (id, name, state, after) == (None, None, None, None);
            let go_on =
                move |file: &Connection| tables::go_on(file, &sinks, whole, sink.as_deref());
            self.worker().await?.write(go_on).await?;
            Ok(count)
        })
    }

    fn skip<'s>(&'s self, filter: &'s Filter) -> BoxFuture<'s, Result<u64, StoreError>> {
        Box::pin(async { Ok(self.change(filter, tables::skip).await?.0) })
    }

    fn status(&self) -> BoxFuture<'_, Result<Vec<SinkStatus>, StoreError>> {
        Box::pin(self.read(show::status))
    }

    fn purge(&self, before: Timestamp) -> BoxFuture<'_, Result<u64, StoreError>> {
        Box::pin(async move {
            let before = before.as_millisecond();
            self.worker().await?.write(move |file| tables::purge(file, before, BATCH)).await
        })
    }
}
