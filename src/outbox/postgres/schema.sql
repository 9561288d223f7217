create table external_providers_events (
    seq bigint generated always as identity primary key,
    id text not null unique,
    name text not null,
    time timestamptz not null,
    lane text,
    -- A hash, by which loops are found.
    likeness bigint not null,
    variables json not null
);
create index external_providers_events_alike on external_providers_events (likeness, time);

create table external_providers_deliveries (
    event bigint not null references external_providers_events on delete cascade,
    sink text collate "C" not null,
    -- A hash of the event's, or the event's number where it has none.
    lane bigint not null,
    -- 0 waiting, 1 delivered, 2 failed, 3 in doubt, 4 skipped, 5 held.
    state smallint not null,
    -- Without one, at once.
    due timestamptz,
    attempts integer not null default 0,
    first_attempt timestamptz,
    -- A sink that must not be told twice is being told.
    begun boolean not null default false,
    why text
);
-- Without an order: the first of a lane must not be looked for among all, whatever the statistics say.
create index external_providers_deliveries_event on external_providers_deliveries using hash (event);
create index external_providers_deliveries_waiting on external_providers_deliveries (sink, lane, event)
    where state = 0;
create index external_providers_deliveries_trouble on external_providers_deliveries (state, event, sink)
    where state in (2, 3, 5);

-- Where something waits, since when, and until when its first delivery does. Whoever delivers it has locked the row.
create table external_providers_lanes (
    sink text collate "C" not null,
    lane bigint not null,
    first bigint not null,
    due timestamptz,
    primary key (sink, lane)
);
create index external_providers_lanes_fresh on external_providers_lanes (sink, first) where due is null;
create index external_providers_lanes_tried on external_providers_lanes (sink, due) where due is not null;

create table external_providers_sinks (
    sink text collate "C" primary key,
    -- Why nothing is delivered any more.
    stopped text,
    -- Why the last attempt failed.
    why text
);

-- Rows of these come and go: what is dead must not lie in the way until a fifth of the table is.
alter table external_providers_deliveries set (autovacuum_vacuum_scale_factor = 0.02);
alter table external_providers_lanes set (autovacuum_vacuum_scale_factor = 0.02);
