//! What changes the tables, each inside the transaction of its caller.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Result, Row, params};

use super::claims::{Claims, HeldClaim};
use super::show::{Key, event, state_of, time};
use crate::outbox::store::LONGEST_PAUSE;
use crate::outbox::{Event, Settled, State};

/// Characters of a reason that are kept.
const LONGEST_REASON: usize = 1000;

/// A reason for what was begun and never settled.
const ABANDONED: &str =
    "this program ended while it was told; nobody knows whether it took the event";

const ALIKE: &str = "select count(*) from (select 1 from events where likeness = ?1 and came > ?2 and \
                     came <= ?3 limit ?4)";
const FIRST: &str = "select seq from deliveries where sink = ?1 and lane = ?2 and state = 0 \
                     order by seq limit 1";
const DUE: &str = "select seq, lane from deliveries where sink = ?1 and head = 1 and \
                   due between ?2 and ?3 order by due, seq limit ?4";
const LATER: &str = "select due from deliveries where sink = ?1 and head = 1 and due > ?2 \
                     order by due limit 1";
const OVER: &str = "select came, seq from done where came < ?1 order by came limit ?2";

/// What must not take longer the more there is.
#[cfg(test)]
pub(super) const INDEXED: [&str; 5] = [ALIKE, FIRST, DUE, LATER, OVER];

/// How many of the events that came in the minute before this one are like it; not more than the limit are
/// counted. Those that seem to come after it are from before the clock was set back.
pub(super) fn alike(
    file: &Connection,
    likeness: i64,
    since: i64,
    event: &Event,
    limit: u32,
) -> Result<u32> {
    let values = params![likeness, since, event.time.as_millisecond(), limit];
    file.prepare_cached(ALIKE)?.query_one(values, |row| row.get(0))
}

pub(super) fn append(
    file: &Connection,
    event: &Event,
    variables: &str,
    likeness: i64,
    sinks: &[String],
    is_held: bool,
) -> Result<()> {
    let sql = "insert into events (id, name, came, lane, likeness, variables) values \
               (?1, ?2, ?3, ?4, ?5, ?6)";
    let Event { id, name, time, lane, .. } = event;
    let values = params![id, name, time.as_millisecond(), lane, likeness, variables];
    file.prepare_cached(sql)?.execute(values)?;
    let (seq, lane) = (file.last_insert_rowid(), event.lane_key());
    let state = state_of(if is_held { State::Held } else { State::Waiting });
    for name in sinks {
        let sink = match sink(file, name)? {
            Some(sink) => sink,
            None => {
                file.prepare_cached("insert into sinks (name) values (?1)")?.execute([name])?;
                file.last_insert_rowid()
            }
        };
        let is_head = !is_held && (lane.is_none() || first(file, sink, lane)?.is_none());
        let sql = "insert or ignore into deliveries (seq, sink, lane, state, head) values \
                   (?1, ?2, ?3, ?4, ?5)";
        file.prepare_cached(sql)?.execute(params![seq, sink, lane, state, is_head])?;
    }
    Ok(())
}

pub(super) fn sink(file: &Connection, name: &str) -> Result<Option<i64>> {
    let sql = "select id from sinks where name = ?1";
    file.prepare_cached(sql)?.query_row([name], |row| row.get(0)).optional()
}

/// The first that waits in a lane.
fn first(file: &Connection, sink: i64, lane: Option<i64>) -> Result<Option<i64>> {
    file.prepare_cached(FIRST)?.query_row(params![sink, lane], |row| row.get(0)).optional()
}

fn set_head(file: &Connection, key: Key, is_head: bool) -> Result<()> {
    let sql = "update deliveries set head = ?3 where seq = ?1 and sink = ?2 and head <> ?3";
    file.prepare_cached(sql)?.execute(params![key.seq, key.sink, is_head])?;
    Ok(())
}

/// What a claim needs to know.
pub(super) struct ClaimedRow {
    pub(super) event: Event,
    pub(super) attempts: u32,
    pub(super) first_attempt: Option<Timestamp>,
}

pub(super) enum Found {
    Claimed(HeldClaim, ClaimedRow),
    /// It was begun, and whoever began it has gone.
    Abandoned(HeldClaim),
    Later(Duration),
    Nothing,
}

/// The next delivery to a sink: of those that are due again and those that were never tried, by turns.
pub(super) fn claim(
    file: &Connection,
    claims: &Arc<Claims>,
    sink: &str,
    now: i64,
) -> Result<Found> {
    let sql = "select id from sinks where name = ?1 and stopped is null";
    let known = file.prepare_cached(sql)?.query_row([sink], |row| row.get(0)).optional()?;
    let Some(sink) = known else { return Ok(Found::Nothing) };
    let longest = LONGEST_PAUSE.as_millis() as i64;
    let (fresh, again) = ((0, 0), (1, now));
    let mut ranges = [fresh, again, (now + longest + 1, i64::MAX)];
    if claims.turn(sink) {
        ranges.swap(0, 1);
    }
    for (from, to) in ranges {
        // Of those that are claimed, each stands for one lane, and so for one head.
        let most = claims.count() as i64 + 1;
        let mut query = file.prepare_cached(DUE)?;
        let mut rows = query.query(params![sink, from, to, most])?;
        while let Some(row) = rows.next()? {
            let key = Key { seq: row.get(0)?, sink };
            if let Some(held) = claims.take(key, row.get(1)?) {
                return claimed(file, held);
            }
        }
    }
    let due = file.prepare_cached(LATER)?.query_row([sink, now], |row| row.get(0)).optional()?;
    let until = |due: i64| Duration::from_millis(due.saturating_sub(now).max(0) as u64);
    Ok(due.map_or(Found::Nothing, |due| Found::Later(until(due))))
}

fn claimed(file: &Connection, held: HeldClaim) -> Result<Found> {
    let sql = "select e.id, e.name, e.came, e.lane, e.variables, d.attempts, d.first_attempt, d.begun \
               from deliveries d join events e on e.seq = d.seq where d.seq = ?1 and d.sink = ?2";
    let read = |row: &Row<'_>| {
        let first_attempt = row.get::<_, Option<i64>>(6)?.map(time);
        let row = (ClaimedRow { event: event(row, 0)?, attempts: row.get(5)?, first_attempt }, row);
        Ok((row.0, row.1.get::<_, bool>(7)?))
    };
    let key = held.key;
    let (row, is_begun) = match file.prepare_cached(sql)?.query_one([key.seq, key.sink], read) {
        Ok(found) => found,
        // Those behind it would wait for ever.
        Err(
            error @ (rusqlite::Error::FromSqlConversionFailure(..)
            | rusqlite::Error::InvalidColumnType(..)
            | rusqlite::Error::IntegralValueOutOfRange(..)),
        ) => {
            let one = file.unchecked_transaction()?;
            end(&one, key, State::Failed, Some(&format!("it cannot be read: {error}")))?;
            one.commit()?;
            return Ok(Found::Later(Duration::ZERO));
        }
        Err(error) => return Err(error),
    };
    Ok(if is_begun { Found::Abandoned(held) } else { Found::Claimed(held, row) })
}

pub(super) fn begin(file: &Connection, key: Key) -> Result<()> {
    let sql = "update deliveries set begun = 1 where seq = ?1 and sink = ?2";
    file.prepare_cached(sql)?.execute([key.seq, key.sink])?;
    Ok(())
}

/// What stands in the table of a delivery, if it is still there.
fn standing(file: &Connection, key: Key) -> Result<Option<(i64, Option<i64>)>> {
    let sql = "select state, lane from deliveries where seq = ?1 and sink = ?2";
    let read = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?));
    file.prepare_cached(sql)?.query_row([key.seq, key.sink], read).optional()
}

/// It waits no more, and the next of its lane is the first.
fn end(file: &Connection, key: Key, state: State, why: Option<&str>) -> Result<()> {
    let Some((_, lane)) = standing(file, key)? else { return Ok(()) };
    let sql = "update deliveries set state = ?3, head = 0, begun = 0, why = ?4 \
               where seq = ?1 and sink = ?2";
    file.prepare_cached(sql)?.execute(params![key.seq, key.sink, state_of(state), why])?;
    if lane.is_some()
        && let Some(seq) = first(file, key.sink, lane)?
    {
        set_head(file, Key { seq, ..key }, true)?;
    }
    Ok(())
}

pub(super) fn settle(file: &Connection, key: Key, settled: &Settled, now: i64) -> Result<()> {
    let Some((state, _)) = standing(file, key)? else { return Ok(()) };
    let is_delivered = *settled == Settled::Delivered;
    if state != state_of(State::Waiting) && !is_delivered {
        return Ok(());
    }
    let sql = "update deliveries set attempts = attempts + 1, \
               first_attempt = coalesce(first_attempt, ?3) where seq = ?1 and sink = ?2";
    file.prepare_cached(sql)?.execute([key.seq, key.sink, now])?;
    let why = match settled {
        Settled::Delivered => None,
        Settled::Again { why, .. }
        | Settled::Failed { why }
        | Settled::InDoubt { why }
        | Settled::Stopped { why } => Some(shortened(why)),
    };
    let why = why.as_deref();
    let sql = "update sinks set why = ?2 where id = ?1 and why is not ?2";
    file.prepare_cached(sql)?.execute(params![key.sink, why])?;
    let again = |after: Duration| {
        let pause = after.min(LONGEST_PAUSE).as_millis() as i64;
        // 0 is for what comes at once.
        let due = if pause == 0 { 0 } else { now + pause };
        let sql =
            "update deliveries set due = ?3, begun = 0, why = ?4 where seq = ?1 and sink = ?2";
        file.prepare_cached(sql)?.execute(params![key.seq, key.sink, due, why]).map(|_| ())
    };
    match settled {
        Settled::Delivered => end(file, key, State::Delivered, None),
        Settled::Failed { .. } => end(file, key, State::Failed, why),
        Settled::InDoubt { .. } => end(file, key, State::InDoubt, why),
        Settled::Again { after, .. } => again(*after),
        Settled::Stopped { .. } => {
            let sql = "update sinks set stopped = ?2 where id = ?1";
            file.prepare_cached(sql)?.execute(params![key.sink, why])?;
            again(Duration::ZERO)
        }
    }
}

/// Settles what was begun by a process that is gone.
pub(super) fn abandon(file: &Connection, key: Key, now: i64) -> Result<()> {
    settle(file, key, &Settled::InDoubt { why: ABANDONED.to_owned() }, now)
}

fn shortened(why: &str) -> String {
    why.chars().take(LONGEST_REASON).collect()
}

/// Makes a delivery due at once.
pub(super) fn retry(file: &Connection, key: Key) -> Result<()> {
    let Some((state, lane)) = standing(file, key)? else { return Ok(()) };
    let sql = match state {
        0 => "update deliveries set due = 0 where seq = ?1 and sink = ?2 and due <> 0",
        2 | 3 | 5 => {
            let first = lane.map_or(Ok(None), |_| first(file, key.sink, lane))?;
            let is_head = first.is_none_or(|first| first > key.seq);
            if let Some(seq) = first.filter(|_| is_head) {
                set_head(file, Key { seq, ..key }, false)?;
            }
            set_head(file, key, is_head)?;
            "update deliveries set state = 0, due = 0, attempts = 0, first_attempt = null, begun = 0 \
             where seq = ?1 and sink = ?2"
        }
        _ => return Ok(()),
    };
    file.prepare_cached(sql)?.execute([key.seq, key.sink])?;
    Ok(())
}

/// Lets stopped sinks go on: these, and, if no single deliveries are meant, that of a name, or all.
pub(super) fn go_on(
    file: &Connection,
    sinks: &[i64],
    whole: bool,
    name: Option<&str>,
) -> Result<()> {
    for sink in sinks {
        file.execute("update sinks set stopped = null where id = ?1", [sink])?;
    }
    if whole {
        let sql = "update sinks set stopped = null where ?1 is null or name = ?1";
        file.execute(sql, [name])?;
    }
    Ok(())
}

pub(super) fn skip(file: &Connection, key: Key) -> Result<()> {
    match standing(file, key)? {
        Some((0 | 2 | 3 | 5, _)) => {
            let sql = "select why from deliveries where seq = ?1 and sink = ?2";
            let why: Option<String> =
                file.prepare_cached(sql)?.query_one([key.seq, key.sink], |row| row.get(0))?;
            end(file, key, State::Skipped, why.as_deref())
        }
        _ => Ok(()),
    }
}

pub(super) fn purge(file: &Connection, before: i64, most: usize) -> Result<u64> {
    let mut query = file.prepare_cached(OVER)?;
    let read = |row: &Row<'_>| Ok([row.get(0)?, row.get::<_, i64>(1)?]);
    let over: Vec<_> = query.query_map([before, most as i64], read)?.collect::<Result<_>>()?;
    for [came, seq] in &over {
        file.prepare_cached("delete from deliveries where seq = ?1")?.execute([seq])?;
        file.prepare_cached("delete from events where seq = ?1")?.execute([seq])?;
        file.prepare_cached("delete from done where came = ?1 and seq = ?2")?
            .execute([came, seq])?;
    }
    Ok(over.len() as u64)
}
