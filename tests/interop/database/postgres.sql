-- What postgres.sh gives: customers, orders, one row of every type.
create role helpdesk login password 'Passw0rd-1';
create role reader login password 'Passw0rd-1';

create table customers (id int primary key, email text unique, name text, plan varchar(20), tickets int not null, billing_id numeric(12, 2));
insert into customers values
    (1, 'ann@example.test', 'Ann Example', 'Gold', 2, 1017.50),
    (2, 'bob@example.test', 'Bob "O''Hara" Ærø', null, 0, null),
    (3, 'empty@example.test', '', '', 1, 0);

create table orders (number int primary key, customer int references customers, total numeric(10, 2), placed date);
insert into orders select n, 1, n * 1.5, date '2026-01-01' + n from generate_series(1, 5) n;

create table many (n int primary key, filler text);
insert into many select n, repeat('x', 100) from generate_series(1, 10000) n;

create type mood as enum ('glad', 'sad');
create table types (
    id int primary key,
    boolean_ boolean, smallint_ smallint, integer_ integer, bigint_ bigint, real_ real, double_ double precision, numeric_ numeric(30, 10),
    money_ money, text_ text, varchar_ varchar(40), char_ char(8), name_ name, bytea_ bytea, date_ date, time_ time, timetz_ timetz,
    timestamp_ timestamp, timestamptz_ timestamptz, interval_ interval, uuid_ uuid, json_ json, jsonb_ jsonb, xml_ xml, inet_ inet,
    cidr_ cidr, macaddr_ macaddr, oid_ oid, bit_ bit(4), mood_ mood, integers_ int[], point_ point, range_ int4range
);
insert into types values (
    1,
    true, -32768, 2147483647, -9223372036854775808, 1.5, 0.1, 12345678901234567890.0123456789,
    '$1,234.50', 'Ünïcode ☃ 😀', 'varchar', 'char', 'name', '\x00ff10', '2026-02-28', '23:59:59.123456', '23:59:59.5+02',
    '2026-02-28 23:59:59.123456', '2026-02-28 23:59:59+02', '1 year 2 months 3 days 04:05:06', '6ba7b810-9dad-11d1-80b4-00c04fd430c8',
    '{"a": [1, null]}', '{"b": 2}', '<a>x</a>', '192.0.2.7/24', '192.0.2.0/24', '08:00:2b:01:02:03', 4294967295, B'1010', 'glad',
    '{1,NULL,3}', '(1,2)', '[1,10)'
);
insert into types (id) values (2);

-- A write that no word of a look-up's statement tells.
create table notes (n int);
create function write_note() returns int language plpgsql as 'begin insert into notes values (1); return 1; end';

create table counter (n int not null);
insert into counter values (0);

grant select on all tables in schema public to reader;
grant select, insert, update, delete on all tables in schema public to helpdesk;
