//! Claims: the row of a lane is locked by a transaction that stays open until its delivery is settled.

use std::fmt;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio_postgres::types::Type;

use super::super::store::{Claim, Claimed, LONGEST_PAUSE, Next, Settled};
use super::super::{Event, StoreError};
use super::connection::{OwnLane, Pool};
use super::sql::{self, BEGIN, COMMIT, ROLLBACK, Step, text, texts, whole, wholes};
use super::{STORE, row};
use crate::backends::database::{Cause, Raw};
use crate::contract::BoxFuture;

/// Characters of a reason that are kept.
const LONGEST_REASON: usize = 1000;

/// A reason for what was begun and never settled.
const ABANDONED: &str =
    "this program ended while it was told; nobody knows whether it took the event";

/// The next of a sink.
pub(super) async fn claim(pool: &Pool, sink: &str) -> Result<Next, StoreError> {
    pool.given_up().await;
    loop {
        let (own, tried) = pool.own_lanes(sink);
        let values = [text(&sink), wholes(&own)];
        let claim = if tried { sql::CLAIM_TRIED } else { sql::CLAIM_FRESH };
        let (rows, raw) = pool.lend(&[BEGIN, (claim, &values)]).await?;
        let Some(lane) = rows[1].first() else {
            return nothing(pool, raw, sink).await;
        };
        let lane = pool.read(|| Ok(lane.try_get(0)?))?;
        let Some(own) = pool.take_lane(sink, lane) else { continue };
        let rows = pool.run(&raw, &[(sql::FIRST, &[text(&sink), whole(&lane)])]).await;
        let rows = rows.map_err(|cause| pool.failed(&cause))?;
        let (raw, own, event) = (Some(raw), Some(own), 0);
        let mut held = Held { pool: pool.clone(), sink: sink.to_owned(), lane, event, raw, own };
        let Some(row) = rows[0].first() else {
            // All that waited was skipped.
            held.finish(&[]).await?;
            continue;
        };
        let read = || {
            let (attempts, first_attempt) = (row::attempts(row, 6)?, row::time(row, 7)?);
            Ok((row::event(row)?, attempts, first_attempt, row.try_get(8)?))
        };
        held.event = pool.read(|| Ok(row.try_get(5)?))?;
        let (event, attempts, first_attempt, begun): (Event, _, _, bool) = match pool.read(read) {
            Ok(found) => found,
            Err(error) => {
                // Those behind it would wait for ever.
                let why = format!("it cannot be read: {error}");
                held.settle(&Settled::Failed { why }).await?;
                continue;
            }
        };
        let seq = held.event;
        if begun {
            let values = [text(&sink), whole(&seq), text(&ABANDONED)];
            let trouble = [text(&sink), text(&ABANDONED), (&false as _, Type::BOOL)];
            held.finish(&[(sql::ABANDON, &values), (sql::TROUBLE, &trouble)]).await?;
            continue;
        }
        return Ok(Next::Claimed(Claimed {
            event,
            attempts,
            first_attempt,
            claim: Box::new(held),
        }));
    }
}

/// There is nothing: for how long?
async fn nothing(pool: &Pool, raw: Raw, sink: &str) -> Result<Next, StoreError> {
    let values = [text(&sink)];
    let rows = pool.run(&raw, &[(sql::CLOCK, &values), (sql::NEXT, &values), COMMIT]).await;
    let rows = rows.map_err(|cause| pool.failed(&cause))?;
    pool.give_back(raw);
    let due = rows[1].first().and_then(|row| row.try_get::<_, Option<f64>>(0).ok().flatten());
    let due = due.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    Ok(due.map_or(Next::Nothing, Next::Later))
}

/// The seconds of a pause, if it is one.
fn pause(after: Duration) -> Option<f64> {
    (!after.is_zero()).then(|| after.min(LONGEST_PAUSE).as_secs_f64())
}

/// A claim.
struct Held {
    pool: Pool,
    sink: String,
    lane: i64,
    event: i64,
    /// What has locked the lane, as long as nothing went wrong.
    raw: Option<Raw>,
    own: Option<OwnLane>,
}

/// Lets go of the lane at once. If the program ends, too, the server does it.
impl Drop for Held {
    fn drop(&mut self) {
        if let (Some(raw), Ok(runtime)) = (self.raw.take(), Handle::try_current()) {
            let (pool, own) = (self.pool.clone(), self.own.take());
            self.pool.give_up(runtime.spawn(async move {
                if pool.run(&raw, &[ROLLBACK]).await.is_ok() {
                    pool.give_back(raw);
                }
                drop(own);
            }));
        }
    }
}

impl fmt::Debug for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Held").field("sink", &self.sink).field("event", &self.event).finish()
    }
}

impl Held {
    /// Changes the delivery, and lets go of the lane. If that fails, the lane has to be locked again.
    async fn finish(&mut self, change: &[Step<'_>]) -> Result<(), StoreError> {
        let (sink, lane) = (&self.sink, self.lane);
        let (lock, row) = ([whole(&STORE), whole(&lane)], [text(sink), whole(&lane)]);
        let (sinks, lanes) = (vec![sink], vec![lane]);
        let of = [texts(&sinks), wholes(&lanes)];
        let mut steps = vec![(sql::LOCK, &lock[..])];
        steps.extend_from_slice(change);
        // The row of the sink comes last, since others wait for it.
        steps.insert(steps.len().min(2), (sql::LANES, &of));
        steps.push(COMMIT);
        let raw = match self.raw.take() {
            Some(raw) => {
                let done = self.pool.run(&raw, &steps).await;
                done.map_err(|cause| self.pool.failed(&cause))?;
                raw
            }
            None => {
                steps.splice(0..0, [BEGIN, (sql::LANE, &row[..])]);
                self.pool.lend(&steps).await?.1
            }
        };
        self.pool.give_back(raw);
        Ok(())
    }
}

impl Claim for Held {
    fn begin(&mut self) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async {
            let lost = || self.pool.failed(&Cause::Lost("it was claimed on it".to_owned()));
            let raw = self.raw.as_ref().ok_or_else(lost)?;
            self.pool
                .run(raw, &[("select", &[])])
                .await
                .map_err(|cause| self.pool.failed(&cause))?;
            // Not by the claim's transaction, which is not committed before it is over.
            let values = [text(&self.sink), whole(&self.event)];
            self.pool.ask(&[(sql::BEGUN, &values)]).await.map(drop)
        })
    }

    fn settle<'s>(&'s mut self, settled: &'s Settled) -> BoxFuture<'s, Result<(), StoreError>> {
        Box::pin(async move {
            let (state, after, why, stops) = match settled {
                Settled::Delivered => (sql::state::DELIVERED, None, None, false),
                Settled::Again { after, why } => {
                    (sql::state::WAITING, pause(*after), Some(why), false)
                }
                Settled::Failed { why } => (sql::state::FAILED, None, Some(why), false),
                Settled::InDoubt { why } => (sql::state::IN_DOUBT, None, Some(why), false),
                Settled::Stopped { why } => (sql::state::WAITING, None, Some(why), true),
            };
            // No text of PostgreSQL holds NUL.
            let short =
                |why: &String| why.replace('\0', "\u{fffd}").chars().take(LONGEST_REASON).collect();
            let why: Option<String> = why.map(short);
            let (sink, event) = (self.sink.clone(), self.event);
            let (state, after) = ((&state as _, Type::INT2), (&after as _, Type::FLOAT8));
            let values = [text(&sink), whole(&event), state, after, text(&why)];
            let trouble = [text(&sink), text(&why), (&stops as _, Type::BOOL)];
            self.finish(&[(sql::SETTLE, &values), (sql::TROUBLE, &trouble)]).await
        })
    }
}
