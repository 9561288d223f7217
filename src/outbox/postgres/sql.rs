//! What is said to the server.

use std::time::SystemTime;

use tokio_postgres::types::{ToSql, Type};

/// A statement with its values.
pub(super) type Step<'s> = (&'s str, &'s [Value<'s>]);

/// A value with the type as which it is bound.
pub(super) type Value<'s> = (&'s (dyn ToSql + Sync), Type);

pub(super) fn text<T: ToSql + Sync>(value: &T) -> Value<'_> {
    (value, Type::TEXT)
}

pub(super) fn texts<T: ToSql + Sync>(values: &T) -> Value<'_> {
    (values, Type::TEXT_ARRAY)
}

pub(super) fn whole(number: &i64) -> Value<'_> {
    (number, Type::INT8)
}

pub(super) fn wholes<T: ToSql + Sync>(numbers: &T) -> Value<'_> {
    (numbers, Type::INT8_ARRAY)
}

pub(super) fn time(time: &SystemTime) -> Value<'_> {
    (time, Type::TIMESTAMPTZ)
}

/// The numbers of states in the tables.
pub(super) mod state {
    pub(in super::super) const WAITING: i16 = 0;
    pub(in super::super) const DELIVERED: i16 = 1;
    pub(in super::super) const FAILED: i16 = 2;
    pub(in super::super) const IN_DOUBT: i16 = 3;
    pub(in super::super) const SKIPPED: i16 = 4;
    pub(in super::super) const HELD: i16 = 5;
}

pub(super) const BEGIN: Step<'_> = ("begin isolation level read committed read write", &[]);

pub(super) const COMMIT: Step<'_> = ("commit", &[]);

pub(super) const ROLLBACK: Step<'_> = ("rollback", &[]);

/// The store ($1), with others, and a lane ($2).
pub(super) const LOCK: &str = "select pg_advisory_xact_lock_shared($1), pg_advisory_xact_lock($2)";

/// The store ($1), alone.
pub(super) const LOCK_ALONE: &str = "select pg_advisory_xact_lock($1)";

/// While the store is held alone, nobody else can write.
pub(super) const HURRY: Step<'_> = ("set local idle_in_transaction_session_timeout = '5s'", &[]);

/// The number up to which no event is still to be committed: the last one, if the store ($1) can be had
/// alone now, or else the last one of those for which every statement has ended. Nobody is kept waiting.
pub(super) const SETTLED: &str = "\
    with alone as materialized (select pg_try_advisory_xact_lock($1) as had)
    select coalesce(max(seq), 0) from external_providers_events
    where time < case when (select had from alone) then 'infinity' else now() - interval '1 minute' end";

/// The number of the last event that can be seen.
pub(super) const LAST: &str = "select coalesce(max(seq), 0) from external_providers_events";

/// $1 id, $2 name, $3 time, $4 lane, $5 its key, $6 variables, $7 likeness, $8 since when those that are
/// alike count, $9 how many are too many, $10 sinks.
pub(super) const APPEND: &str = "\
    with alike as (
        select from external_providers_events where likeness = $7 and time > $8 and time <= $3 limit $9),
    new as (
        select $9 > 0 and (select count(*) from alike) >= $9 as held),
    event as (
        insert into external_providers_events (id, name, time, lane, variables, likeness)
        values ($1, $2, $3, $4, $6::text::json, $7) returning seq),
    delivery as (
        insert into external_providers_deliveries (event, sink, lane, state)
        select seq, sink, coalesce($5, seq), case when held then 5 else 0 end
        from event, new, (select distinct unnest($10) as sink) s),
    lane as (
        insert into external_providers_lanes (sink, lane, first)
        select sink, coalesce($5, seq), seq from event, new, (select distinct unnest($10) as sink) s
        where not held on conflict do nothing),
    known as (
        insert into external_providers_sinks (sink) select distinct unnest($10) as sink order by sink
        on conflict do nothing)
    select held from new";

/// Lanes that were tried before and are due, without those ($2) that this process has.
macro_rules! tried {
    () => {
        "select lane from external_providers_lanes where sink = $1 and due <= now() and not lane = any ($2) "
    };
}

/// Lanes whose first delivery was not tried yet.
macro_rules! fresh {
    () => {
        "select lane from external_providers_lanes where sink = $1 and due is null and not lane = any ($2) "
    };
}

/// One of these, or else one of those, unless the sink stopped.
macro_rules! one {
    ($these:expr, $by:literal, $those:expr, $or_by:literal) => {
        concat!(
            "with a as (",
            $these,
            " and not exists (select from external_providers_sinks where sink = $1 and stopped is not null)
              order by ",
            $by,
            " limit 1 for update skip locked), b as (",
            $those,
            " and not exists (select from a)
              and not exists (select from external_providers_sinks where sink = $1 and stopped is not null)
              order by ",
            $or_by,
            " limit 1 for update skip locked) select lane from a union all select lane from b"
        )
    };
}

/// What was tried before has its turn.
pub(super) const CLAIM_TRIED: &str = one!(tried!(), "due", fresh!(), "first");

/// What was not has its turn.
pub(super) const CLAIM_FRESH: &str = one!(fresh!(), "first", tried!(), "due");

/// The first delivery of a lane ($2) that waits. To be asked when the lane's row is locked, and not
/// together with that: a statement sees what was committed before it began.
pub(super) const FIRST: &str = "\
    select e.id, e.name, e.time, e.lane, e.variables::text, d.event, d.attempts, d.first_attempt, d.begun
    from external_providers_deliveries d join external_providers_events e on e.seq = d.event
    where d.sink = $1 and d.lane = $2 and d.state = 0 order by d.event limit 1";

/// What is due much later than the longest pause was put off by a clock that has been set back.
pub(super) const CLOCK: &str = "\
    update external_providers_lanes set due = null where sink = $1 and due > now() + interval '25 hours'";

/// How many seconds until the next is due.
pub(super) const NEXT: &str = "\
    select extract(epoch from min(due) - now())::float8 from external_providers_lanes
    where sink = $1 and due > now()
        and not exists (select from external_providers_sinks where sink = $1 and stopped is not null)";

pub(super) const BEGUN: &str =
    "update external_providers_deliveries set begun = true where sink = $1 and event = $2";

/// Waits for whoever has the lane.
pub(super) const LANE: &str =
    "select from external_providers_lanes where sink = $1 and lane = $2 for update";

/// $3 is the state, $4 the pause in seconds or none, $5 why. What somebody else decided meanwhile stays,
/// but for what was delivered; that it is in doubt was a guess.
pub(super) const SETTLE: &str = "\
    update external_providers_deliveries set state = $3, attempts = attempts + 1,
        first_attempt = coalesce(first_attempt, now()), begun = false, why = $5,
        due = clock_timestamp() + $4 * interval '1 second'
    where sink = $1 and event = $2 and (state = 0 or $3 = 1 or (state = 3 and begun))";

/// What a process that is gone had begun.
pub(super) const ABANDON: &str = "\
    update external_providers_deliveries set state = 3, attempts = attempts + 1, why = $3
    where sink = $1 and event = $2";

/// Why ($2) the last attempt failed, and whether that stops ($3) the sink.
pub(super) const TROUBLE: &str = "\
    update external_providers_sinks set why = $2, stopped = case when $3 then $2 else stopped end
    where sink = $1 and (why is distinct from $2 or $3)";

/// Of these sinks; or of the one $2, or of all, where $3 says so.
pub(super) const GO_ON: &str = "\
    update external_providers_sinks set stopped = null
    where sink = any ($1) or ($3 and ($2 is null or sink = $2))";

/// What waits in lanes ($1 sinks, $2 lanes) is to be claimed, whether their rows are there or not. A row
/// that somebody has stays: it is put right when that is settled, and if it never is, the lane is due.
pub(super) const LANES: &str = "\
    with l as (
        select distinct * from unnest($1, $2) as l (sink, lane)),
    first as (
        select l.sink, l.lane, d.event, d.due from l left join lateral (
            select event, due from external_providers_deliveries d
            where d.sink = l.sink and d.lane = l.lane and d.state = 0 order by event limit 1) d on true),
    mine as (
        select sink, lane from external_providers_lanes join l using (sink, lane)
        for update of external_providers_lanes skip locked),
    gone as (
        delete from external_providers_lanes n using first f, mine m
        where (n.sink, n.lane) = (m.sink, m.lane) and (n.sink, n.lane) = (f.sink, f.lane) and f.event is null),
    moved as (
        update external_providers_lanes n set first = f.event, due = f.due from first f, mine m
        where (n.sink, n.lane) = (m.sink, m.lane) and (n.sink, n.lane) = (f.sink, f.lane)
            and f.event is not null)
    insert into external_providers_lanes (sink, lane, first, due)
    select sink, lane, event, due from first where event is not null on conflict do nothing";

/// Events `e` that a filter means ($1 id, $2 sink, $3 name, $4 state, $5 the event after which).
macro_rules! events {
    () => {
        "($1 is null or e.id = $1) and ($3 is null or e.name = $3) and ($5 is null or \
         e.seq > coalesce((select seq from external_providers_events where id <= $5 order by id desc limit 1), 0))"
    };
}

/// Deliveries `d` that it means.
macro_rules! deliveries {
    () => {
        "($2 is null or d.sink = $2) and ($4 is null or d.state = $4)"
    };
}

/// Up to $7 events with numbers up to $6. It may have been removed after which they are.
pub(super) const LIST: &str = concat!(
    "with chosen as (
        select * from external_providers_events e where seq <= $6 and ",
    events!(),
    " and exists (
            select from external_providers_deliveries d where d.event = e.seq and ",
    deliveries!(),
    ") order by seq limit $7)
    select c.id, c.name, c.time, c.lane, c.variables::text, d.sink, d.state, d.attempts, d.due, d.why
    from chosen c join external_providers_deliveries d on d.event = c.seq and ",
    deliveries!(),
    " order by c.seq, d.sink"
);

/// Up to $8 deliveries behind $6 and $7, of events up to $9, that are not over.
pub(super) const CHOOSE: &str = concat!(
    "select d.event, d.sink from external_providers_deliveries d
    join external_providers_events e on e.seq = d.event
    where d.state in (0, 2, 3, 5) and e.seq >= $6 and (e.seq, d.sink) > ($6, $7) and e.seq <= $9 and ",
    events!(),
    " and ",
    deliveries!(),
    " order by e.seq, d.sink limit $8"
);

/// Those of events $1 to sinks $2 that are still not over, and in state $4 if that is given, to state $3.
pub(super) const CHANGE: &str = "\
    update external_providers_deliveries d set state = $3, due = null,
        attempts = case when $3 = 0 and d.state <> 0 then 0 else d.attempts end,
        first_attempt = case when $3 = 0 and d.state <> 0 then null else d.first_attempt end,
        begun = d.begun and d.state = 0
    from unnest($1, $2) as c (event, sink)
    where d.event = c.event and d.sink = c.sink and d.state in (0, 2, 3, 5) and ($4 is null or d.state = $4)
    returning d.sink, d.lane";

pub(super) const STATUS: &str = "\
    with waiting as (
        select sink, count(*), min(event) as oldest from external_providers_deliveries where state = 0 group by sink),
    trouble as (
        select sink, count(*) filter (where state = 2) as failed, count(*) filter (where state = 3) as in_doubt,
            count(*) filter (where state = 5) as held
        from external_providers_deliveries where state in (2, 3, 5) group by sink)
    select sink, coalesce(count, 0), coalesce(failed, 0), coalesce(in_doubt, 0), coalesce(held, 0),
        (select time from external_providers_events where seq = oldest), stopped, why
    from external_providers_sinks left join waiting using (sink) left join trouble using (sink) order by sink";

/// Looks at some ($2) events behind $3, and removes those from before $1 that nobody need look after any
/// more; one that another host removes is passed over. The last one that was looked at, if there are others
/// from before that time behind it, and how many were removed.
pub(super) const PURGE: &str = "\
    with looked as (
        select seq, time from external_providers_events where seq > $3 order by seq limit $2),
    gone as (
        delete from external_providers_events where seq in (
            select seq from external_providers_events join looked s using (seq)
            where s.time < $1 and not exists (
                select from external_providers_deliveries d where d.event = seq and d.state not in (1, 4))
            for update of external_providers_events skip locked)
        returning seq)
    select case when count(*) = $2 and max(time) < $1 then max(seq) end, (select count(*) from gone) from looked";
