-- What mariadb.sh gives: customers, orders, one row of every type.
create user helpdesk@'%' identified by 'Passw0rd-1';
create user reader@'%' identified by 'Passw0rd-1';
alter user root@127.0.0.1 identified by 'Passw0rd-1';

create table customers (id int primary key, email varchar(200) unique, name varchar(200), plan varchar(20), tickets int not null, billing_id decimal(12, 2));
insert into customers values
    (1, 'ann@example.test', 'Ann Example', 'Gold', 2, 1017.50),
    (2, 'bob@example.test', 'Bob "O''Hara" Ærø', null, 0, null),
    (3, 'empty@example.test', '', '', 1, 0);

create table orders (number int primary key, customer int, total decimal(10, 2), placed date, foreign key (customer) references customers (id));
insert into orders select seq, 1, seq * 1.5, date '2026-01-01' + interval seq day from seq_1_to_5;

create table many (n int primary key, filler text);
insert into many select seq, repeat('x', 100) from seq_1_to_10000;

create table types (
    id int primary key,
    boolean_ boolean, tinyint_ tinyint, tinyint_unsigned_ tinyint unsigned, smallint_ smallint, mediumint_ mediumint, int_ int,
    int_unsigned_ int unsigned, bigint_ bigint, bigint_unsigned_ bigint unsigned, float_ float, double_ double, decimal_ decimal(30, 10),
    char_ char(8), varchar_ varchar(40), tinytext_ tinytext, text_ text, mediumtext_ mediumtext, longtext_ longtext,
    binary_ binary(3), varbinary_ varbinary(8), blob_ blob, date_ date, time_ time(6), datetime_ datetime(6), timestamp_ timestamp null,
    year_ year, enum_ enum ('glad', 'sad'), set_ set ('a', 'b', 'c'), json_ json, bit_ bit(4), uuid_ uuid, inet6_ inet6, point_ point
) default charset utf8mb4;
set time_zone = '+00:00';
insert into types values (
    1,
    true, -128, 255, -32768, -8388608, 2147483647,
    4294967295, -9223372036854775808, 18446744073709551615, 1.5, 0.1, 12345678901234567890.0123456789,
    'char', 'varchar', 'tiny', 'Ünïcode ☃ 😀', 'medium', 'long',
    x'00ff10', x'00ff', x'00ff10', '2026-02-28', '-01:02:03.123456', '2026-02-28 23:59:59.123456', '2026-02-28 23:59:59',
    2026, 'glad', 'a,c', '{"a": [1, null]}', b'1010', '6ba7b810-9dad-11d1-80b4-00c04fd430c8', '2001:db8::7', point(1, 2)
);
insert into types (id) values (2);

-- A write that no word of a look-up's statement tells.
create table notes (n int);
delimiter //
create function write_note() returns int modifies sql data begin insert into notes values (1); return 1; end //
delimiter ;

create table counter (n int not null);
insert into counter values (0);

grant select on billing.* to reader@'%';
grant select, insert, update, delete, execute on billing.* to helpdesk@'%';
