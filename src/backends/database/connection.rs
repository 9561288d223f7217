//! What every driver does: the one trait that the four databases implement.

use std::pin::Pin;
use std::time::Duration;

use super::error::Cause;
use super::statement::Statement;
use crate::rules::Rows;

/// What a driver gives in time.
pub(super) type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, Cause>> + Send + 'a>>;

/// What a connection is for. A reading one is read-only wherever the server can be told so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    Read,
    Write,
}

/// How much a statement may give, and how long the server may work on it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) rows: usize,
    /// Bytes of all values together.
    pub(crate) size: usize,
    /// For the server's own limit. The caller waits a little longer, then throws the connection away.
    pub(crate) time: Duration,
}

impl Default for Limits {
    /// Of questions that are our own.
    fn default() -> Self {
        Self { rows: 1000, size: 1 << 20, time: Duration::from_secs(5) }
    }
}

/// What a server says of itself and of the connection.
#[derive(Debug, Clone)]
pub(super) struct Session {
    /// Product and version: `PostgreSQL 15.18`.
    pub(super) version: String,
    /// The protocol where the connection is encrypted: `TLS 1.3`, or `TLS` where the driver does not
    /// say.
    pub(super) encryption: Option<String>,
}

/// A column of a statement's answer, known before it is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Column {
    pub(super) name: String,
    /// The database's name of its type.
    pub(super) kind: String,
    /// Can its values be shown as text?
    pub(super) is_readable: bool,
}

/// A statement with the values of [`Statement::places`], in order; `None` is NULL. They are texts, which
/// the server takes as the types that it wants.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) statement: &'a Statement,
    pub(super) values: &'a [Option<&'a str>],
}

/// A connection to a database. It is used by one call at a time, and dropped (which closes it, without
/// waiting) whenever its state is in doubt; so a future of it may be dropped, too.
///
/// Errors are [`Cause::Lost`] where the connection is broken, [`Cause::Statement`] or
/// [`Cause::Duplicate`] where the server refuses and the connection is usable as before, any other
/// where the connection is to be closed.
pub(super) trait Connection: Send {
    /// What the server says of itself.
    fn session(&mut self) -> Answer<'_, Session>;

    /// Prepares a statement without running it, and says which columns it will have.
    fn describe<'a>(&'a mut self, statement: &'a Statement) -> Answer<'a, Vec<Column>>;

    /// Runs a statement, in one go, outside of a transaction of ours.
    fn query<'a>(&'a mut self, asked: Asked<'a>, limits: Limits) -> Answer<'a, Rows>;

    /// Begins a transaction; no statement in it may take longer than `time`.
    fn begin(&mut self, time: Duration) -> Answer<'_, ()>;

    /// Runs a statement in the transaction, and counts the rows that it changed. What it selects is
    /// thrown away.
    fn execute<'a>(&'a mut self, asked: Asked<'a>) -> Answer<'a, u64>;

    /// Ends the transaction.
    fn end(&mut self, commit: bool) -> Answer<'_, ()>;

    /// Tries to write something, and takes it back. `Some` with the server's words if it was refused.
    fn try_to_write(&mut self) -> Answer<'_, Option<String>>;

    /// Is it known to be closed? A guess, without asking the server.
    fn is_closed(&self) -> bool;
}

/// Takes an answer in, value by value, within its limits.
pub(super) struct Collector {
    rows: Rows,
    limits: Limits,
    size: usize,
}

impl Collector {
    pub(super) fn new(columns: Vec<String>, limits: Limits) -> Self {
        Self { rows: Rows { columns, rows: Vec::new() }, limits, size: 0 }
    }

    /// A further row begins.
    pub(super) fn row(&mut self) -> Result<(), Cause> {
        if self.rows.rows.len() == self.limits.rows {
            return Err(Cause::TooManyRows(self.limits.rows));
        }
        self.rows.rows.push(Vec::with_capacity(self.rows.columns.len()));
        Ok(())
    }

    /// The row's next value.
    pub(super) fn value(&mut self, value: Option<String>) -> Result<(), Cause> {
        self.size += value.as_ref().map_or(0, String::len);
        if self.size > self.limits.size {
            return Err(Cause::TooLarge(self.limits.size));
        }
        if let Some(row) = self.rows.rows.last_mut() {
            row.push(value);
        }
        Ok(())
    }

    /// The name of the column whose value comes next.
    pub(super) fn column(&self) -> &str {
        let next = self.rows.rows.last().map_or(0, Vec::len);
        self.rows.columns.get(next).map_or("", String::as_str)
    }

    pub(super) fn finish(self) -> Rows {
        self.rows
    }
}
