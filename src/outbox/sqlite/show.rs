//! What is shown of the tables, and what a filter means.

use std::collections::HashMap;

use jiff::Timestamp;
use rusqlite::types::{Type, Value};
use rusqlite::{Connection, Error, OptionalExtension as _, Result, Row, params_from_iter};

use super::tables::sink;
use crate::contract::Variables;
use crate::outbox::{Event, Filter, Kept, KeptDelivery, SinkStatus, State};

/// A delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) seq: i64,
    pub(super) sink: i64,
}

const STATES: [State; 6] =
    [State::Waiting, State::Delivered, State::Failed, State::InDoubt, State::Skipped, State::Held];

pub(super) fn state_of(state: State) -> i64 {
    STATES.iter().position(|s| *s == state).unwrap_or_default() as i64
}

pub(super) fn time(milliseconds: i64) -> Timestamp {
    Timestamp::from_millisecond(milliseconds).unwrap_or_default()
}

/// An event whose columns id, name, came, lane, variables begin here.
pub(super) fn event(row: &Row<'_>, at: usize) -> Result<Event> {
    let variables: String = row.get(at + 4)?;
    let damaged = |error| Error::FromSqlConversionFailure(at + 4, Type::Text, Box::new(error));
    let variables: Variables = serde_json::from_str(&variables).map_err(damaged)?;
    Ok(Event {
        id: row.get(at)?,
        name: row.get(at + 1)?,
        time: time(row.get(at + 2)?),
        lane: row.get(at + 3)?,
        variables,
    })
}

/// Deliveries in the order in which their events came, from one to another.
pub(super) struct Range {
    /// Those after this one.
    at: Key,
    /// The last event when this began: what comes meanwhile is not meant.
    last: i64,
    /// Conditions on `d`, a delivery, and `e`, its event; the values for `?4` and on.
    conditions: String,
    values: Vec<Value>,
}

impl Range {
    pub(super) fn new(file: &Connection, filter: &Filter) -> Result<Self> {
        let Filter { id, sink: sink_name, name, state, after } = filter;
        let seq = |sql: &str, id: &str| file.query_row(sql, [id], |row| row.get(0)).optional();
        let last = "select seq from events order by seq desc limit 1";
        let mut range = Self {
            at: Key { seq: 0, sink: i64::MAX },
            last: file.query_row(last, (), |row| row.get(0)).optional()?.unwrap_or_default(),
            conditions: String::new(),
            values: Vec::new(),
        };
        if let Some(after) = after {
            // It may have been removed meanwhile.
            let sql = "select seq from events where id <= ?1 order by id desc limit 1";
            range.at.seq = seq(sql, after)?.unwrap_or_default();
        }
        if let Some(id) = id {
            let found = seq("select seq from events where id = ?1", id)?;
            range.and("d.seq =", found.unwrap_or_default());
        }
        if let Some(name) = sink_name {
            range.and("d.sink =", sink(file, name)?.unwrap_or_default());
        }
        if let Some(name) = name {
            range.and("e.name =", name.clone());
        }
        if let Some(state) = state.map(state_of) {
            range.and("d.state =", state);
            // For the index.
            range.conditions += if state > 1 { " and d.state > 1" } else { "" };
        }
        Ok(range)
    }

    fn and(&mut self, condition: &str, value: impl Into<Value>) {
        let number = self.values.len() + 4;
        self.conditions += &format!(" and {condition} ?{number}");
        self.values.push(value.into());
    }

    fn query(&self, columns: &str, rest: &str) -> (String, Vec<Value>) {
        let sql = format!(
            "select {columns} from deliveries d cross join events e on e.seq = d.seq \
             where (d.seq, d.sink) > (?1, ?2) and d.seq <= ?3{} {rest}",
            self.conditions
        );
        let first = [self.at.seq, self.at.sink, self.last].map(Value::from);
        (sql, first.into_iter().chain(self.values.iter().cloned()).collect())
    }

    /// The next of those that are not over.
    pub(super) fn keys(&mut self, file: &Connection, most: usize) -> Result<Vec<Key>> {
        let rest = format!("and d.state in (0, 2, 3, 5) order by d.seq, d.sink limit {most}");
        let (sql, values) = self.query("d.seq, d.sink", &rest);
        let read = |row: &Row<'_>| Ok(Key { seq: row.get(0)?, sink: row.get(1)? });
        let mut query = file.prepare(&sql)?;
        let keys: Vec<Key> =
            query.query_map(params_from_iter(values), read)?.collect::<Result<_>>()?;
        self.at = keys.last().copied().unwrap_or(self.at);
        Ok(keys)
    }

    pub(super) fn list(&self, file: &Connection, limit: usize) -> Result<Vec<Kept>> {
        let mut names = file.prepare("select id, name from sinks")?;
        let read = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?));
        let names: HashMap<i64, String> = names.query_map((), read)?.collect::<Result<_>>()?;
        let columns = "e.id, e.name, e.came, e.lane, e.variables, d.seq, d.sink, d.state, \
                       d.attempts, d.due, d.why";
        let (sql, values) = self.query(columns, "order by d.seq, d.sink");
        let mut query = file.prepare(&sql)?;
        let mut rows = query.query(params_from_iter(values))?;
        let (mut list, mut last) = (Vec::<Kept>::new(), None);
        while let Some(row) = rows.next()? {
            let seq: i64 = row.get(5)?;
            if last.replace(seq) != Some(seq) {
                if list.len() >= limit {
                    break;
                }
                list.push(Kept { event: event(row, 0)?, deliveries: Vec::new() });
            }
            let Some(kept) = list.last_mut() else { break };
            let state = STATES[row.get::<_, i64>(7)?.clamp(0, 5) as usize];
            let due = Some(row.get(9)?).filter(|_| state == State::Waiting);
            kept.deliveries.push(KeptDelivery {
                sink: names.get(&row.get(6)?).cloned().unwrap_or_default(),
                state,
                attempts: row.get(8)?,
                due: due.map(|due| if due == 0 { kept.event.time } else { time(due) }),
                why: row.get(10)?,
            });
        }
        for kept in &mut list {
            kept.deliveries.sort_by(|one, other| one.sink.cmp(&other.sink));
        }
        Ok(list)
    }
}

/// How it stands with the sinks. The oldest event that waits is the first of its lane: of those that were
/// never tried, the first; of those that are to be tried again, all must be looked at.
pub(super) fn status(file: &Connection) -> Result<Vec<SinkStatus>> {
    let sql = "select s.name, s.waiting, s.failed, s.in_doubt, s.held, s.stopped, s.why, \
               (select seq from deliveries where sink = s.id and head = 1 and due = 0 \
                order by seq limit 1), \
               (select min(seq) from deliveries where sink = s.id and head = 1 and due > 0) \
               from sinks s order by s.name";
    let mut came = file.prepare("select came from events where seq = ?1")?;
    let mut read = |row: &Row<'_>| {
        let (fresh, again): (Option<i64>, Option<i64>) = (row.get(7)?, row.get(8)?);
        let oldest = fresh.into_iter().chain(again).min();
        let oldest =
            oldest.map(|seq| came.query_row([seq], |row| row.get(0)).optional()).transpose()?;
        let count = |at| row.get(at).map(i64::unsigned_abs);
        Ok(SinkStatus {
            sink: row.get(0)?,
            waiting: count(1)?,
            failed: count(2)?,
            in_doubt: count(3)?,
            held: count(4)?,
            oldest: oldest.flatten().map(time),
            stopped: row.get(5)?,
            why: row.get(6)?,
        })
    };
    file.prepare(sql)?.query_map((), &mut read)?.collect()
}
