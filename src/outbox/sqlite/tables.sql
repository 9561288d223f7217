-- States: 0 waiting, 1 delivered, 2 failed, 3 in doubt, 4 skipped, 5 held. Times are milliseconds since 1970.
create table sinks (
    id integer primary key,
    name text not null unique,
    -- Why nothing is delivered any more.
    stopped text,
    -- Why the last attempt failed.
    why text,
    waiting integer not null default 0,
    failed integer not null default 0,
    in_doubt integer not null default 0,
    held integer not null default 0
) strict;

create table events (
    seq integer primary key,
    id text not null unique,
    name text not null,
    came integer not null,
    lane text,
    likeness integer not null,
    variables text not null
) strict;
create index events_alike on events (likeness, came);

create table deliveries (
    seq integer not null,
    sink integer not null,
    -- A hash of the event's.
    lane integer,
    state integer not null,
    -- Does it wait, and nothing in its lane before it?
    head integer not null,
    -- 0 is at once.
    due integer not null default 0,
    attempts integer not null default 0,
    first_attempt integer,
    -- A sink that must not be told twice is being told.
    begun integer not null default 0,
    why text,
    primary key (seq, sink)
) strict, without rowid;
create index heads on deliveries (sink, due, seq) where head = 1;
create index lanes on deliveries (sink, lane, seq) where state = 0 and lane is not null;
create index troubled on deliveries (state, seq) where state > 1;

-- Events that wait for nobody.
create table done (
    came integer not null,
    seq integer not null,
    primary key (came, seq)
) strict, without rowid;

create trigger counted after insert on deliveries begin
    update sinks set waiting = waiting + (new.state = 0), held = held + (new.state = 5)
        where id = new.sink;
end;
create trigger recounted after update of state on deliveries when old.state <> new.state begin
    update sinks set
        waiting = waiting + (new.state = 0) - (old.state = 0),
        failed = failed + (new.state = 2) - (old.state = 2),
        in_doubt = in_doubt + (new.state = 3) - (old.state = 3),
        held = held + (new.state = 5) - (old.state = 5)
        where id = new.sink;
    insert or ignore into done select came, seq from events
        where new.state in (1, 4) and seq = new.seq and not exists
            (select 1 from deliveries d where d.seq = new.seq and d.state not in (1, 4));
end;
