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

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};
use std::time::SystemTime;

use jiff::Timestamp;
use tokio_postgres::Row;
use tokio_postgres::types::Type;

use self::connection::Pool;
use self::row::{Failure, filtered, number};
use self::sql::{BEGIN, COMMIT, text, texts, whole, wholes};
use super::store::{Appended, DeliveryLock, Filter, Kept, LOOP_TIME, Next, SinkStatus, State};
use super::{Event, Store, StoreError};
use crate::backends::database::DatabaseSettings;
use crate::contract::BoxFuture;

/// Deliveries that are changed, or events that are looked at to be removed, in one transaction.
const SOME: i64 = 500;
/// Events among which deliveries are looked for in one statement: its time is limited.
const STRETCH: i64 = 50_000;

/// Statements in a row that find nothing to remove.
const MOST_LOOKS: usize = 100;

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
pub struct PostgresStore(Pool, Arc<AtomicI64>);

impl PostgresStore {
    /// A store in this database, by the name that it has for people. Nothing is connected yet.
    pub fn new(name: &str, settings: DatabaseSettings) -> Self {
        Self(Pool::new(name, settings), Arc::default())
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
            Some(_) => self.last((sql::SETTLED, &[whole(&STORE)])).await?,
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

    /// The last event. One whose number is lower may be committed after it: who goes on from the last that was
    /// seen ([`sql::LAST`]) would miss that, who goes on from the last that is settled would not.
    async fn last(&self, asked: sql::Step<'_>) -> Result<i64, StoreError> {
        let rows = self.0.ask(&[asked]).await?;
        self.0.read(|| Ok(rows[0].first().map_or(Ok(0), |row| row.try_get(0))?))
    }

    /// Some deliveries behind these, of events up to a number, that are not over and that a filter means.
    async fn choose(
        &self,
        filter: &Filter,
        (seq, sink): &(i64, String),
        to: i64,
    ) -> Result<(Vec<i64>, Vec<String>), StoreError> {
        let state = filter.state.map(number);
        let [id, sinks, name, state, after] = filtered(filter, &state);
        let (seq, sink, some, to) = (whole(seq), text(sink), whole(&SOME), whole(&to));
        let values = [id, sinks, name, state, after, seq, sink, some, to];
        let rows = self.0.ask(&[(sql::CHOOSE, &values)]).await?;
        let pair = |row: &Row| -> Result<(i64, String), Failure> {
            Ok((row.try_get(0)?, row.try_get(1)?))
        };
        let chosen = rows.iter().flatten().map(pair);
        self.0.read(|| chosen.collect())
    }

    /// Sets the state of deliveries that are not over, some at a time. How many, and their sinks.
    async fn change(&self, filter: &Filter, to: State) -> Result<(u64, Vec<String>), StoreError> {
        let (mut count, mut of_sinks, mut behind) = (0, Vec::new(), (0, String::new()));
        let (state, number_to) = (filter.state.map(number), number(to));
        // What comes later is not meant.
        let last = self.last((sql::LAST, &[])).await?;
        while behind.0 <= last {
            let end = behind.0.saturating_add(STRETCH).min(last);
            // Nobody waits while it is found out which they are.
            let (events, sinks) = self.choose(filter, &behind, end).await?;
            behind = match (events.last(), sinks.last()) {
                (Some(event), Some(sink)) => (*event, sink.clone()),
                _ => (end + 1, String::new()),
            };
            if events.is_empty() {
                continue;
            }
            let (lock, state) = ([whole(&STORE)], (&state as _, Type::INT2));
            let values = [wholes(&events), texts(&sinks), (&number_to as _, Type::INT2), state];
            let steps = [BEGIN, sql::HURRY, (sql::LOCK_ALONE, &lock), (sql::CHANGE, &values)];
            let (rows, raw) = self.0.lend(&steps).await?;
            let pair = |row: &Row| -> Result<(String, i64), Failure> {
                Ok((row.try_get(0)?, row.try_get(1)?))
            };
            let changed = rows[3].iter().map(pair);
            let changed: (Vec<String>, Vec<i64>) = self.0.read(|| changed.collect())?;
            let lanes = [texts(&changed.0), wholes(&changed.1)];
            let done = self.0.run(&raw, &[(sql::LANES, &lanes), COMMIT]).await;
            done.map_err(|cause| self.0.failed(&cause))?;
            self.0.give_back(raw);
            count += changed.0.len() as u64;
            of_sinks.extend(changed.0);
            of_sinks.sort_unstable();
            of_sinks.dedup();
        }
        Ok((count, of_sinks))
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
            // Goes round: what nobody decides about may be much, and is not looked at each time.
            let (mut behind, mut count) = (self.1.load(Relaxed), 0);
            for _ in 0..MOST_LOOKS {
                let values = [sql::time(&before), whole(&SOME), whole(&behind)];
                let rows = self.0.ask(&[(sql::PURGE, &values)]).await?;
                let read = || {
                    let row = rows[0].first().map(|row| (row.try_get(0), row.try_get(1)));
                    let (last, gone) = row.unwrap_or((Ok(None), Ok(0)));
                    Ok((last?, gone?))
                };
                let (last, gone): (Option<i64>, i64) = self.0.read(read)?;
                (behind, count) = (last.unwrap_or(0), gone);
                self.1.store(behind, Relaxed);
                if count > 0 || last.is_none() {
                    break;
                }
            }
            Ok(count.unsigned_abs())
        })
    }
}
