//! Between rows and values.

use std::time::SystemTime;

use jiff::Timestamp;
use tokio_postgres::Row;
use tokio_postgres::types::Type;

use super::super::Event;
use super::super::store::{Filter, Kept, KeptDelivery, SinkStatus, State};
use super::sql::{Value, state, text};

pub(super) type Failure = Box<dyn std::error::Error + Send + Sync>;

/// The number of a state.
pub(super) fn number(state: State) -> i16 {
    match state {
        State::Waiting => state::WAITING,
        State::Delivered => state::DELIVERED,
        State::Failed => state::FAILED,
        State::InDoubt => state::IN_DOUBT,
        State::Skipped => state::SKIPPED,
        State::Held => state::HELD,
    }
}

/// The first five values of a statement with a filter.
pub(super) fn filtered<'s>(filter: &'s Filter, state: &'s Option<i16>) -> [Value<'s>; 5] {
    let Filter { id, sink, name, after, .. } = filter;
    [text(id), text(sink), text(name), (state, Type::INT2), text(after)]
}

/// id, name, time, lane, variables.
pub(super) fn event(row: &Row) -> Result<Event, Failure> {
    Ok(Event {
        id: row.try_get(0)?,
        name: row.try_get(1)?,
        time: time(row, 2)?.unwrap_or_default(),
        lane: row.try_get(3)?,
        variables: serde_json::from_str(row.try_get(4)?)?,
    })
}

/// A time, if there is one.
pub(super) fn time(row: &Row, at: usize) -> Result<Option<Timestamp>, Failure> {
    let time: Option<SystemTime> = row.try_get(at)?;
    Ok(time.map(Timestamp::try_from).transpose()?)
}

/// A number of attempts.
pub(super) fn attempts(row: &Row, at: usize) -> Result<u32, Failure> {
    Ok(row.try_get::<_, i32>(at)?.unsigned_abs())
}

/// An event and a delivery of it: sink, state, attempts, due, why.
pub(super) fn kept(row: &Row, events: &mut Vec<Kept>) -> Result<(), Failure> {
    let event = event(row)?;
    if events.last().is_none_or(|last| last.event.id != event.id) {
        events.push(Kept { event, deliveries: Vec::new() });
    }
    let Some(kept) = events.last_mut() else { return Ok(()) };
    let state = match row.try_get(6)? {
        state::WAITING => State::Waiting,
        state::DELIVERED => State::Delivered,
        state::FAILED => State::Failed,
        state::IN_DOUBT => State::InDoubt,
        state::SKIPPED => State::Skipped,
        _ => State::Held,
    };
    let due = time(row, 8)?.unwrap_or(kept.event.time);
    kept.deliveries.push(KeptDelivery {
        sink: row.try_get(5)?,
        state,
        attempts: attempts(row, 7)?,
        due: (state == State::Waiting).then_some(due),
        why: row.try_get(9)?,
    });
    Ok(())
}

/// sink, four counts, oldest, stopped, why.
pub(super) fn status(row: &Row) -> Result<SinkStatus, Failure> {
    let count = |at| row.try_get(at).map(|count: i64| count.unsigned_abs());
    Ok(SinkStatus {
        sink: row.try_get(0)?,
        waiting: count(1)?,
        failed: count(2)?,
        in_doubt: count(3)?,
        held: count(4)?,
        oldest: time(row, 5)?,
        stopped: row.try_get(6)?,
        why: row.try_get(7)?,
    })
}
