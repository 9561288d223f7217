//! Events in PostgreSQL, for any number of hosts at the same time.
//!
//! Each lane in which something waits has a row. Who claims its first delivery locks that row, in a
//! transaction that stays open until the delivery is settled: a host that dies gives back what it had,
//! since the server takes the transaction back.
//!
//! Whoever changes what waits in a lane holds the lane's advisory lock until that is committed: events
//! that are appended, so that their order is that of their commits, and deliveries that are settled, so
//! that neither misses what the other does to the lane's row. Both share a lock on the whole store;
//! [`retry`](Store::retry) and [`skip`](Store::skip) hold it alone, and pass over rows that are claimed, so
//! that nobody waits for a row while holding a lock that its owner wants.

mod claim;
mod connection;
mod row;
mod schema;
mod sql;

use std::time::SystemTime;

use jiff::Timestamp;
use tokio_postgres::Row;
use tokio_postgres::types::Type;

use self::connection::Pool;
use self::row::{filtered, number};
use self::sql::{BEGIN, COMMIT, text, texts, whole, wholes};
use super::store::{Appended, DeliveryLock, Filter, Kept, LOOP_TIME, Next, SinkStatus, State};
use super::{Event, Store, StoreError};
use crate::backends::database::DatabaseSettings;
use crate::contract::BoxFuture;

/// Deliveries that are changed, or events that are removed, in one transaction.
const SOME: i64 = 500;

/// The advisory lock of all who change what waits ("ep_event").
const STORE: i64 = 0x6570_5f65_7665_6e74;

/// Events in a database of PostgreSQL (version 11 or later), for any number of hosts.
///
/// Its tables, whose names begin with `external_providers_`, are made in the first schema of the account's
/// search path. It connects when it is first used, and anew after a connection was lost. It takes a
/// connection for each delivery under way, and for everything else as many as the settings allow. A pool
/// between, such as PgBouncer, must be one for sessions.
///
/// A delivery must end within an hour: after that, the server gives it to others.
#[derive(Debug, Clone)]
pub struct PostgresStore(Pool);

impl PostgresStore {
    /// A store in this database, by the name that it has for people. Nothing is connected yet.
    pub fn new(name: &str, settings: DatabaseSettings) -> Self {
        Self(Pool::new(name, settings))
    }

    async fn append(
        &self,
        event: &Event,
        sinks: &[String],
        loop_limit: u32,
    ) -> Result<Appended, StoreError> {
        if sinks.is_empty() {
            return Ok(Appended::Waiting);
        }
        let at = |time: Timestamp| {
            SystemTime::try_from(time).map_err(|error| self.0.failed_because(error.to_string()))
        };
        let (time, since) = (at(event.time)?, at(event.time - LOOP_TIME)?);
        let (key, likeness, loop_limit) =
            (event.lane_key(), event.likeness(), i64::from(loop_limit));
        let (variables, lock) = (event.variables_json(), key.unwrap_or(likeness));
        let values = [
            text(&event.id),
            text(&event.name),
            sql::time(&time),
            text(&event.lane),
            (&key as _, Type::INT8),
            text(&variables),
            whole(&likeness),
            sql::time(&since),
            whole(&loop_limit),
            texts(&sinks),
        ];
        let lock = [whole(&STORE), whole(&lock)];
        let rows = self.0.ask(&[BEGIN, (sql::LOCK, &lock), (sql::APPEND, &values), COMMIT]).await?;
        let is_held =
            self.0.read(|| Ok(rows[2].first().map_or(Ok(false), |row| row.try_get(0))?))?;
        Ok(if is_held { Appended::Held } else { Appended::Waiting })
    }

    async fn list(&self, filter: &Filter, limit: usize) -> Result<Vec<Kept>, StoreError> {
        let last = match &filter.after {
            Some(_) => self.last().await?,
            None => i64::MAX,
        };
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let state = filter.state.map(number);
        let [id, sink, name, state, after] = filtered(filter, &state);
        let values = [id, sink, name, state, after, whole(&last), whole(&limit)];
        let rows = self.0.ask(&[(sql::LIST, &values)]).await?;
        let mut events = Vec::new();
        for row in rows.iter().flatten() {
            self.0.read(|| row::kept(row, &mut events))?;
        }
        Ok(events)
    }

    /// The last event. Those whose numbers are lower may be committed after others: who goes on from the
    /// last one that was seen would miss them, unless nobody is about to commit when this is asked.
    async fn last(&self) -> Result<i64, StoreError> {
        let lock = [whole(&STORE)];
        let steps = [BEGIN, (sql::LOCK_ALONE, &lock), (sql::LAST, &[]), COMMIT];
        let rows = self.0.ask(&steps).await?;
        self.0.read(|| Ok(rows[2].first().map_or(Ok(0), |row| row.try_get(0))?))
    }

    /// Sets the state of deliveries that are not over, some at a time. How many, and their sinks.
    async fn change(&self, filter: &Filter, to: State) -> Result<(u64, Vec<String>), StoreError> {
        let (mut count, mut of_sinks, mut behind) = (0, Vec::new(), (0, String::new()));
        let (state, to, last) = (filter.state.map(number), number(to), self.last().await?);
        loop {
            let lock = [whole(&STORE)];
            let [id, sink, name, state, after] = filtered(filter, &state);
            let (seq, behind_sink) = (whole(&behind.0), text(&behind.1));
            let to = (&to as _, Type::INT2);
            let (some, last) = (whole(&SOME), whole(&last));
            let values = [id, sink, name, state, after, seq, behind_sink, some, to, last];
            let steps = [BEGIN, sql::HURRY, (sql::LOCK_ALONE, &lock), (sql::CHANGE, &values)];
            let (rows, raw) = self.0.lend(&steps).await?;
            let changed = |row: &Row| Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?));
            let changed = self.0.read(|| rows[3].iter().map(changed).collect())?;
            let changed: Vec<(i64, String, i64)> = changed;
            let (sinks, lanes): (Vec<&String>, Vec<&i64>) =
                changed.iter().map(|(_, sink, lane)| (sink, lane)).unzip();
            let lanes = [texts(&sinks), wholes(&lanes)];
            let done = self.0.run(&raw, &[(sql::LANES, &lanes), COMMIT]).await;
            done.map_err(|cause| self.0.failed(&cause))?;
            self.0.give_back(raw);
            count += changed.len() as u64;
            of_sinks.extend(sinks.into_iter().cloned());
            of_sinks.sort_unstable();
            of_sinks.dedup();
            match changed.into_iter().map(|(seq, sink, _)| (seq, sink)).max() {
                Some(last) => behind = last,
                None => return Ok((count, of_sinks)),
            }
        }
    }
}

impl Store for PostgresStore {
    fn open(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async { self.0.ask(&[]).await.map(drop) })
    }

    fn begin_delivering(&self) -> BoxFuture<'_, Result<DeliveryLock, StoreError>> {
        Box::pin(async {
            match self.open().await {
                Err(error @ (StoreError::Foreign { .. } | StoreError::Newer { .. })) => Err(error),
                // A host can begin before its database does.
                _ => Ok(Box::new(()) as DeliveryLock),
            }
        })
    }

    fn append<'s>(
        &'s self,
        event: &'s Event,
        sinks: &'s [String],
        loop_limit: u32,
    ) -> BoxFuture<'s, Result<Appended, StoreError>> {
        Box::pin(self.append(event, sinks, loop_limit))
    }

    fn claim<'s>(&'s self, sink: &'s str) -> BoxFuture<'s, Result<Next, StoreError>> {
        Box::pin(claim::claim(&self.0, sink))
    }

    fn list<'s>(
        &'s self,
        filter: &'s Filter,
        limit: usize,
    ) -> BoxFuture<'s, Result<Vec<Kept>, StoreError>> {
        Box::pin(self.list(filter, limit))
    }

    fn retry<'s>(&'s self, filter: &'s Filter) -> BoxFuture<'s, Result<u64, StoreError>> {
        Box::pin(async {
            let (count, sinks) = self.change(filter, State::Waiting).await?;
            let Filter { id, sink, name, state, after } = filter;
            let whole = (id, name, state, after) == (&None, &None, &None, &None);
            let values = [texts(&sinks), text(sink), (&whole as _, Type::BOOL)];
            self.0.ask(&[(sql::GO_ON, &values)]).await?;
            Ok(count)
        })
    }

    fn skip<'s>(&'s self, filter: &'s Filter) -> BoxFuture<'s, Result<u64, StoreError>> {
        Box::pin(async { Ok(self.change(filter, State::Skipped).await?.0) })
    }

    fn status(&self) -> BoxFuture<'_, Result<Vec<SinkStatus>, StoreError>> {
        Box::pin(async {
            let rows = self.0.ask(&[(sql::STATUS, &[])]).await?;
            self.0.read(|| rows.iter().flatten().map(row::status).collect())
        })
    }

    fn purge(&self, before: Timestamp) -> BoxFuture<'_, Result<u64, StoreError>> {
        Box::pin(async move {
            let before = SystemTime::try_from(before);
            let before = before.map_err(|error| self.0.failed_because(error.to_string()))?;
            let values = [sql::time(&before), whole(&SOME)];
            let rows = self.0.ask(&[(sql::PURGE, &values)]).await?;
            Ok(rows.iter().flatten().count() as u64)
        })
    }
}
