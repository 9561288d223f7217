-- The billing database of the cases: customers, their domains, and what departments help with.
create table customers (
    id integer primary key, login text, email text, name text, plan text, blocked integer not null,
    prepaid integer not null, tickets integer not null
);
insert into customers values
    (17, 'ann', 'ann@example.com', 'Ann', 'Gold', 0, 0, 0),
    (18, 'bob', 'bob@example.com', 'Bob', null, 0, 1, 1),
    (19, 'eve', 'eve@example.com', 'Eve', 'Silver', 1, 0, 0);
create table domains (customer integer, name text);
insert into domains values (17, 'example.org'), (17, 'example.com'), (18, 'example.net');
create table issue_types (department text, name text);
insert into issue_types values ('Support', 'Server down'), ('Support', 'Mail'), ('Billing', 'Invoice');
