//! Look-ups and logins from databases: PostgreSQL, SQL Server, MySQL and MariaDB, SQLite.
//!
//! Values come and go as texts. A value is always bound, never written into a statement, and the
//! database takes it as the type that it compares it with: `where id = :id` works for a number. Text
//! compares as the database does it: MySQL and SQL Server ignore the case of letters unless a
//! collation says otherwise, PostgreSQL and SQLite do not.
//!
//! # How values are shown
//!
//! The same in all databases, so that rules need not know which it is:
//!
//! | type | text |
//! |---|---|
//! | NULL | none, which is not empty |
//! | boolean, bit | `true`, `false` (SQLite: 0 and 1 in columns declared `BOOLEAN`) |
//! | whole numbers | `-17` |
//! | exact decimals | with the digits of their scale: `12.50` (SQLite has none: `12.5`) |
//! | floating point | the shortest digits that read back the same, no exponent: `0.1`; `NaN`, `Infinity` |
//! | text, enumerations | as it is; `CHAR(n)` without the blanks at its end |
//! | date | `2026-11-26` |
//! | time | `09:15:42`, `09:15:42.5` |
//! | date with time | `2026-11-26T09:15:42.5`; with a time zone in UTC: `2026-11-26T09:15:42Z` (SQLite: as stored) |
//! | interval | ISO 8601: `P1Y2M3DT4H5M6S` |
//! | UUID | `550e8400-e29b-41d4-a716-446655440000` |
//! | JSON, XML | as the server writes it |
//! | addresses of networks | `192.0.2.7`, `2001:db8::/32` |
//!
//! Any other type (bytes, arrays, ranges, geometry …) is an error that names column and type; CAST
//! makes a text of what has one.
//!
//! # MySQL and MariaDB
//!
//! `BOOLEAN` is `TINYINT(1)`, a number: `0`, `1`. `BIT(1)` is a boolean, a longer one a number. `TIME`
//! may be negative and longer than a day: `-838:59:59`. `TIMESTAMP` is shown in the session's time
//! zone, without it, as the server's own functions do. Hexadecimal literals, `BINARY` and what `UNHEX`
//! gives are bytes.
//!
//! The server compares a number with as much of a text as is one: `where id = :id` finds 17 for
//! `17 apples`. Rows that an `UPDATE` found count as changed, even if they had the new value already.
//! Tables without transactions (MyISAM) cannot take an effect back. A reading session is `READ ONLY`;
//! the server ends what takes too long by `max_statement_time` (MariaDB) or `max_execution_time`
//! (MySQL, and there `SELECT` alone). Packets, so rows, are of 64 MiB at most. TLS trusts the system's
//! authorities and `root_certificates`; `trust_fingerprint` cannot be had.
//!
//! # SQL Server
//!
//! `money` is shown with four digits after the point, as long as it is below 900 billion. Values that
//! are plain ASCII are declared as `varchar`, others as `nvarchar`, so that indexes on columns of either
//! are used; for other letters in a `varchar` column, write `CAST(:name AS varchar(200))`.
//!
//! There is no reading session: grant the account `db_datareader` alone. A statement that takes too
//! long is ended by closing its connection. TLS is the platform's (OpenSSL), so an administrator can
//! still let it speak with old servers by its own settings; it trusts the system's authorities and
//! `root_certificates`, and `trust_fingerprint` cannot be had. Logins are those of SQL Server itself,
//! not of Windows. Tested against a stand-in alone: collations, old TLS and most types are as the
//! driver's documentation has them.

mod settings;

mod statement;

mod error;

// What only some drivers use is idle without them.
#[cfg_attr(not(feature = "full"), allow(dead_code))]
mod connection;
#[cfg(any(feature = "postgres", feature = "mssql"))]
#[cfg_attr(not(feature = "full"), allow(dead_code))]
mod metered;
#[cfg_attr(not(feature = "full"), allow(dead_code))]
mod render;

#[cfg(feature = "mssql")]
mod mssql;
#[cfg(feature = "mysql")]
mod mysql;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "sqlite")]
mod sqlite;

mod pool;

mod check;
mod effect;
mod lookup;

mod login;
mod registration;

#[cfg(feature = "postgres")]
pub(crate) use connection::Limits;
pub use effect::Effect;
#[cfg(feature = "outbox")]
pub(crate) use effect::counted;
pub use error::{Cause, DatabaseError};
pub use login::{DatabaseLogin, Login, LoginCause, LoginError, LoginSettings, Refusal, by_name};
pub use lookup::{LookUp, LookUpSettings};
pub use pool::Database;
#[cfg(feature = "postgres")]
pub(crate) use postgres::Raw;
pub(crate) use registration::PASSWORD_HASH;
pub use registration::{DatabaseRegistration, RegistrationError};
pub use settings::{DatabaseKind, DatabaseSettings};
pub use statement::{Mistake, Statement, StatementError};

#[cfg(feature = "sqlite")]
#[cfg(test)]
mod tests;
