//! The store's connections: made when they are needed, closed when in doubt.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};
use tokio_postgres::{Error, Row};

use super::super::StoreError;
use super::row::Failure;
use super::schema;
use super::sql::Step;
use crate::backends::database::{Cause, DatabaseSettings, Limits, Raw};
use crate::error_chain::error_chain;

/// How long the server may take for a statement.
const TIME: Duration = Duration::from_secs(10);

/// How much longer we wait for it.
const GRACE: Duration = Duration::from_secs(1);

/// Idle connections are not used after this time: firewalls forget them.
const LONGEST_IDLE: Duration = Duration::from_secs(240);

/// One that was used so lately is not asked whether it is there.
const SURELY_THERE: Duration = Duration::from_secs(1);

/// How long one that is asked may take.
const ANSWER: Duration = Duration::from_secs(2);

/// An answer holds some events at most.
const LIMITS: Limits = Limits { rows: usize::MAX, size: 64 << 20, time: TIME };

/// A commit is on disk. A host that is gone without a word is noticed within a minute, and one that hangs
/// loses its claims.
const OPTIONS: &str = "-c synchronous_commit=on -c statement_timeout=10s \
    -c idle_in_transaction_session_timeout=65min \
    -c tcp_keepalives_idle=30 -c tcp_keepalives_interval=10 -c tcp_keepalives_count=3";

#[derive(Clone)]
pub(super) struct Pool(Arc<Shared>);

struct Shared {
    /// For people: name and address.
    store: String,
    settings: DatabaseSettings,
    /// For all but claims, of which there are as many as whoever delivers asks for.
    permits: Semaphore,
    local: Mutex<Local>,
    /// Were the tables seen?
    is_ready: AtomicBool,
}

#[derive(Default)]
struct Local {
    /// Connections, the oldest first.
    idle: Vec<(Raw, Instant)>,
    /// Sinks and lanes that this process has claimed.
    lanes: HashSet<(String, i64)>,
    /// Whose turn it is at a sink.
    turns: HashMap<String, bool>,
    /// What gives back claims that were dropped.
    given_up: Vec<JoinHandle<()>>,
}

/// A lane that this process has, until this is dropped.
pub(super) struct OwnLane {
    sink: String,
    lane: i64,
    pool: Pool,
}

impl Drop for OwnLane {
    fn drop(&mut self) {
        self.pool.local().lanes.remove(&(std::mem::take(&mut self.sink), self.lane));
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Pool").field(&self.0.store).finish()
    }
}

impl Pool {
    pub(super) fn new(name: &str, settings: DatabaseSettings) -> Self {
        let most = settings.max_connections.clamp(1, Semaphore::MAX_PERMITS);
        Self(Arc::new(Shared {
            store: format!("database {name} ({})", settings.address()),
            settings,
            permits: Semaphore::new(most),
            local: Mutex::default(),
            is_ready: AtomicBool::new(false),
        }))
    }

    /// Runs statements, and gives their rows.
    pub(super) async fn ask(&self, steps: &[Step<'_>]) -> Result<Vec<Vec<Row>>, StoreError> {
        let Ok(Ok(_permit)) = timeout(TIME, self.0.permits.acquire()).await else {
            return Err(self.failed(&Cause::Busy(self.0.settings.max_connections)));
        };
        let (rows, raw) = self.lend(steps).await?;
        self.give_back(raw);
        Ok(rows)
    }

    /// The same, and gives the connection, too.
    pub(super) async fn lend(
        &self,
        steps: &[Step<'_>],
    ) -> Result<(Vec<Vec<Row>>, Raw), StoreError> {
        let raw = match self.idle().await {
            Some(raw) => raw,
            None => self.connect().await?,
        };
        let rows = self.run(&raw, steps).await.map_err(|cause| self.failed(&cause))?;
        Ok((rows, raw))
    }

    /// Runs statements on a connection, sent all together. After an error, the connection must not be used.
    pub(super) async fn run(&self, raw: &Raw, steps: &[Step<'_>]) -> Result<Vec<Vec<Row>>, Cause> {
        raw.allow(LIMITS);
        // Sent in this order, when they are asked for the first time. After one that fails, the server
        // refuses the others.
        let answers =
            join_all(steps.iter().map(|(sql, values)| raw.client.query_typed(sql, values)));
        let Ok(answers) = timeout(TIME + GRACE, answers).await else {
            return Err(Cause::Timeout(TIME));
        };
        answers.into_iter().collect::<Result<_, _>>().map_err(|error| self.cause(raw, &error))
    }

    pub(super) fn give_back(&self, raw: Raw) {
        self.local().idle.push((raw, Instant::now()));
    }

    async fn connect(&self) -> Result<Raw, StoreError> {
        let within = self.0.settings.connect_timeout;
        let raw = match timeout(within, Raw::connect(&self.0.settings, OPTIONS)).await {
            Ok(connected) => connected.map_err(|cause| self.not_open(&cause))?,
            Err(_) => {
                let why = format!("no connection within {within:?}");
                return Err(self.not_open(&Cause::Unreachable(why)));
            }
        };
        if !self.0.is_ready.load(Ordering::Relaxed) {
            schema::ensure(self, &raw).await?;
            self.0.is_ready.store(true, Ordering::Relaxed);
        }
        Ok(raw)
    }

    /// A connection that is there still.
    async fn idle(&self) -> Option<Raw> {
        loop {
            let (raw, since) = self.local().idle.pop()?;
            if since.elapsed() > LONGEST_IDLE || raw.client.is_closed() {
                continue;
            }
            let is_there = since.elapsed() < SURELY_THERE
                || timeout(ANSWER, raw.client.check_connection()).await.is_ok_and(|is| is.is_ok());
            if is_there {
                return Some(raw);
            }
        }
    }

    /// The lanes of a sink that this process has, and whether what was tried before has its turn.
    pub(super) fn own_lanes(&self, sink: &str) -> (Vec<i64>, bool) {
        let mut local = self.local();
        let turn = local.turns.entry(sink.to_owned()).or_default();
        *turn = !*turn;
        let turn = *turn;
        let own = local.lanes.iter().filter(|own| own.0 == sink).map(|own| own.1).collect();
        (own, turn)
    }

    /// Notes that this process has a lane, if it does not: after a connection was lost, others may claim
    /// what it has, but this process need not.
    pub(super) fn take_lane(&self, sink: &str, lane: i64) -> Option<OwnLane> {
        let is_new = self.local().lanes.insert((sink.to_owned(), lane));
        is_new.then(|| OwnLane { sink: sink.to_owned(), lane, pool: self.clone() })
    }

    pub(super) fn give_up(&self, task: JoinHandle<()>) {
        self.local().given_up.push(task);
    }

    /// Waits until claims that were dropped can be had again.
    pub(super) async fn given_up(&self) {
        let tasks = std::mem::take(&mut self.local().given_up);
        for task in tasks {
            let _ = task.await;
        }
    }

    fn local(&self) -> MutexGuard<'_, Local> {
        // Nothing panics under this lock.
        self.0.local.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What rows hold.
    pub(super) fn read<T>(
        &self,
        read: impl FnOnce() -> Result<T, Failure>,
    ) -> Result<T, StoreError> {
        read().map_err(|error| self.failed_because(error_chain(&*error)))
    }

    pub(super) fn cause(&self, raw: &Raw, error: &Error) -> Cause {
        raw.cause(error, LIMITS)
    }

    pub(super) fn failed(&self, cause: &Cause) -> StoreError {
        self.failed_because(why(cause))
    }

    pub(super) fn failed_because(&self, why: String) -> StoreError {
        StoreError::Failed { store: self.0.store.clone(), why }
    }

    pub(super) fn not_open(&self, cause: &Cause) -> StoreError {
        self.open_error(why(cause))
    }

    pub(super) fn open_error(&self, why: String) -> StoreError {
        StoreError::Open { store: self.0.store.clone(), why }
    }

    pub(super) fn newer(&self, version: i64) -> StoreError {
        StoreError::Newer { store: self.0.store.clone(), version }
    }

    pub(super) fn foreign(&self) -> StoreError {
        let why = "it has tables external_providers_… of another program or from a dump without comments; use \
                   another database or schema";
        StoreError::Foreign { store: self.0.store.clone(), why: why.to_owned() }
    }
}

/// A cause with what to do about it.
fn why(cause: &Cause) -> String {
    let text = error_chain(cause);
    match cause.remedy() {
        Some(remedy) => format!("{text} ({remedy})"),
        None => text,
    }
}
