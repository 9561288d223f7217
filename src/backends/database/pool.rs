//! The connections to a database: bounded, made when they are needed, closed when in doubt.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout, timeout_at};

use super::connection::{Access, Answer, Asked, Column, Connection, Limits};
use super::error::{Cause, DatabaseError};
use super::settings::{DatabaseKind, DatabaseSettings};
use super::statement::Statement;
use crate::breaker::Breaker;
use crate::rules::Rows;

/// Idle connections are not used after this time: firewalls forget them, and a packet into the void is
/// answered by a time-out only.
const LONGEST_IDLE: Duration = Duration::from_secs(240);

/// How much longer than the server we wait, so that its own limit, which spares the connection, comes
/// first.
const GRACE: Duration = Duration::from_millis(250);

/// After so many failures in a row to connect, nobody waits for a connection for a while.
const FAILURES: u32 = 5;
const PAUSE: Duration = Duration::from_secs(2);

/// A database with its connections. Clones share them.
#[derive(Clone)]
pub struct Database(Arc<Shared>);

struct Shared {
    name: String,
    settings: DatabaseSettings,
    permits: Arc<Semaphore>,
    breaker: Breaker,
    /// The oldest first.
    idle: Mutex<Vec<Idle>>,
}

struct Idle {
    connection: Box<dyn Connection>,
    access: Access,
    since: Instant,
}

impl std::fmt::Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Database").field(&self.0.name).finish()
    }
}

impl Database {
    /// A database by the name that it has for people. Nothing is connected yet.
    ///
    /// # Errors
    ///
    /// If the driver is not built ([`Cause::NotBuilt`]), or the settings lack what every connection
    /// needs.
    pub fn new(name: &str, settings: DatabaseSettings) -> Result<Self, DatabaseError> {
        let most = settings.max_connections.clamp(1, Semaphore::MAX_PERMITS);
        let database = Self(Arc::new(Shared {
            name: name.to_owned(),
            permits: Arc::new(Semaphore::new(most)),
            breaker: Breaker::new(FAILURES, PAUSE),
            idle: Mutex::default(),
            settings,
        }));
        let settings = &database.0.settings;
        let cause = if !settings.kind.is_built() {
            Cause::NotBuilt(settings.kind)
        } else if settings.kind == DatabaseKind::Sqlite && settings.file.as_os_str().is_empty() {
            Cause::Settings("SQLite needs a file".to_owned())
        } else if settings.kind != DatabaseKind::Sqlite && settings.host.is_empty() {
            Cause::Settings("a host is needed".to_owned())
        } else {
            return Ok(database);
        };
        Err(database.error(cause))
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// How it is reached.
    pub fn settings(&self) -> &DatabaseSettings {
        &self.0.settings
    }

    /// Is it the other one, with the same connections?
    pub(super) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Its kind.
    pub fn kind(&self) -> DatabaseKind {
        self.0.settings.kind
    }

    pub(super) fn error(&self, cause: Cause) -> DatabaseError {
        DatabaseError { subject: format!("database {}", self.0.name), cause }
    }

    /// Asks something that changes nothing. If a connection that was idle turns out to be broken, it is
    /// asked once more on a new one.
    pub(super) async fn query(
        &self,
        statement: &Statement,
        values: &[Option<&str>],
        limits: Limits,
    ) -> Result<Rows, Cause> {
        let limit = Limit::new(limits.time);
        let mut fresh = false;
        loop {
            let mut lent = self.lend(Access::Read, limit, fresh).await?;
            let asked = Asked { statement, values };
            let answer = limit.wait(lent.connection.query(asked, limits)).await;
            match &answer {
                Err(Cause::Lost(_)) if lent.reused && !fresh => {
                    // What the server said of it may repeat a secret among the values.
                    tracing::debug!(database = %self.0.name, "an idle connection was lost");
                    fresh = true;
                    continue;
                }
                Err(cause) if !cause.leaves_connection_usable() => {}
                _ => lent.give_back(),
            }
            return answer;
        }
    }

    /// Prepares a statement, without running it.
    pub(super) async fn describe(
        &self,
        statement: &Statement,
        access: Access,
        time: Duration,
    ) -> Result<Vec<Column>, Cause> {
        let limit = Limit::new(time);
        let mut lent = self.lend(access, limit, false).await?;
        let columns = limit.wait(lent.connection.describe(statement)).await?;
        lent.give_back();
        Ok(columns)
    }

    /// A connection that nobody else uses, an idle one unless it must be fresh.
    pub(super) async fn lend(
        &self,
        access: Access,
        limit: Limit,
        fresh: bool,
    ) -> Result<Lent, Cause> {
        let permits = Arc::clone(&self.0.permits).acquire_owned();
        let most = self.0.settings.max_connections;
        let permit = match timeout_at(limit.end, permits).await {
            Ok(Ok(permit)) => permit,
            _ => return Err(Cause::Busy(most)),
        };
        let lent = |connection, reused| Lent {
            connection,
            reused,
            access,
            database: self.clone(),
            _permit: permit,
        };
        if let Some(connection) = self.idle(access, fresh) {
            return Ok(lent(connection, true));
        }
        self.connect(access, limit).await.map(|connection| lent(connection, false))
    }

    async fn connect(&self, access: Access, limit: Limit) -> Result<Box<dyn Connection>, Cause> {
        let now = std::time::Instant::now;
        let turn = self.0.breaker.admit(now()).map_err(|refusal| {
            Cause::Unreachable(format!("not tried again at once, after: {}", refusal.because))
        })?;
        let left = limit.end.saturating_duration_since(Instant::now());
        let within = self.0.settings.connect_timeout.min(left);
        let connected = match timeout(within, connect(&self.0.settings, access, within)).await {
            Ok(connected) => connected,
            // The call's own time was over before that of the connection.
            Err(_) if within == left => Err(Cause::Timeout(limit.time)),
            Err(_) => Err(Cause::Unreachable(format!("no connection within {within:?}"))),
        };
        match &connected {
            Err(Cause::Unreachable(why)) => _ = turn.failed(now(), why),
            Err(cause @ Cause::Timeout(_)) => _ = turn.failed(now(), cause),
            _ => turn.answered(),
        }
        connected
    }

    /// Takes an idle connection, and closes those that are of no use.
    fn idle(&self, access: Access, fresh: bool) -> Option<Box<dyn Connection>> {
        let mut idle = self.0.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if fresh {
            // One was lost, so the others most likely are, too.
            idle.clear();
        }
        idle.retain(|one| one.since.elapsed() < LONGEST_IDLE && !one.connection.is_closed());
        if let Some(at) = idle.iter().rposition(|one| one.access == access) {
            return Some(idle.remove(at).connection);
        }
        // All connections together, idle ones and those for the other access too, keep to the limit.
        let room = self.0.permits.available_permits();
        while idle.len() > room {
            idle.remove(0);
        }
        None
    }
}

/// Until when a call may take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limit {
    time: Duration,
    end: Instant,
}

impl Limit {
    pub(super) fn new(time: Duration) -> Self {
        Self { time, end: Instant::now() + time + GRACE }
    }

    /// Waits for a driver until then.
    pub(super) async fn wait<T>(self, answer: Answer<'_, T>) -> Result<T, Cause> {
        match timeout_at(self.end, answer).await {
            Err(_) | Ok(Err(Cause::Timeout(_))) => Err(Cause::Timeout(self.time)),
            Ok(answer) => answer,
        }
    }
}

/// A connection in use. Dropped, it is closed.
pub(super) struct Lent {
    pub(super) connection: Box<dyn Connection>,
    /// Was it idle before?
    pub(super) reused: bool,
    access: Access,
    database: Database,
    /// After the connection, so that there is room only when that is closed.
    _permit: OwnedSemaphorePermit,
}

impl Lent {
    /// It is in order, and may be used again.
    pub(super) fn give_back(self) {
        let shared = &self.database.0;
        let mut idle = shared.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.push(Idle { connection: self.connection, access: self.access, since: Instant::now() });
    }
}

#[cfg_attr(
    not(feature = "full"),
    allow(unused_variables, reason = "drivers differ in what they need")
)]
async fn connect(
    settings: &DatabaseSettings,
    access: Access,
    within: Duration,
) -> Result<Box<dyn Connection>, Cause> {
    match settings.kind {
        #[cfg(feature = "sqlite")]
        DatabaseKind::Sqlite => super::sqlite::connect(settings, access, within).await,
        #[cfg(feature = "postgres")]
        DatabaseKind::Postgres => super::postgres::connect(settings, access).await,
        #[cfg(feature = "mssql")]
        DatabaseKind::SqlServer => super::mssql::connect(settings, access).await,
        #[cfg(feature = "mysql")]
        DatabaseKind::MySql => super::mysql::connect(settings, access).await,
        #[allow(unreachable_patterns, reason = "with all drivers")]
        kind => Err(Cause::NotBuilt(kind)),
    }
}

#[cfg(feature = "sqlite")]
#[cfg(test)]
mod tests;
