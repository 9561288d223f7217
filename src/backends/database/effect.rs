//! One statement that changes something: at most once, and only as many rows as it should.

use std::time::Duration;

use super::connection::{Access, Asked};
use super::error::{Cause, DatabaseError};
use super::lookup::{asked, placed};
use super::pool::{Database, Lent, Limit};
use super::statement::{Statement, StatementError};
use crate::bounded::wait;
use crate::explanation::Explanation;
use crate::report::Step;

/// A statement with an effect.
///
/// It runs in a transaction. If the number of rows that it changed is another than the expected one,
/// that is rolled back. It is never sent twice for one call.
pub struct Effect {
    name: String,
    database: Database,
    statement: Statement,
    rows: u64,
    timeout: Duration,
}

impl Effect {
    /// An effect by its name, which must change exactly so many rows.
    ///
    /// # Errors
    ///
    /// If the statement cannot be read, or is not an insert, update, delete, merge or replace.
    pub fn new(
        name: &str,
        database: Database,
        statement: &str,
        rows: u64,
        timeout: Duration,
    ) -> Result<Self, StatementError> {
        let statement = Statement::parse(statement, database.kind())?;
        statement.must_change()?;
        let timeout = wait(timeout);
        Ok(Self { name: name.to_owned(), database, statement, rows, timeout })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The names of its parameters, each once.
    pub fn parameters(&self) -> &[String] {
        self.statement.parameters()
    }

    /// The database.
    pub fn database(&self) -> &Database {
        &self.database
    }

    /// How many rows it must change.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Runs it, with a value for each parameter; `None` is NULL. `false` if another number of rows
    /// would have changed, and then none has.
    ///
    /// # Errors
    ///
    /// As for a look-up. [`Cause::Duplicate`] where a unique index refuses. Nothing has changed, except
    /// for [`Cause::InDoubt`]: then the connection broke, or the time was over, while the server was
    /// committing.
    pub fn run<'e>(
        &'e self,
        value: &dyn Fn(&str) -> Option<String>,
        explanation: &'e Explanation,
    ) -> impl Future<Output = Result<bool, DatabaseError>> + Send + use<'e> {
        let changed = self.change_rows(value, explanation);
        async move { changed.await.map(|changed| changed == self.rows) }
    }

    /// The same; how many rows would have changed, and have if it is the expected number.
    pub(crate) fn change_rows<'e>(
        &'e self,
        value: &dyn Fn(&str) -> Option<String>,
        explanation: &'e Explanation,
    ) -> impl Future<Output = Result<u64, DatabaseError>> + Send + use<'e> {
        let values: Vec<_> = self.parameters().iter().map(|name| value(name)).collect();
        async move {
            explanation
                .note(|| asked("effect", &self.name, &self.database, &self.statement, &values));
            let changed = self.change(&values).await;
            let changed =
                changed.map_err(|cause| self.error(cause.masked(&self.statement, &values)));
            explanation.note(|| match &changed {
                Ok(changed) if *changed == self.rows => {
                    format!("effect {}: done, {}", self.name, counted(*changed))
                }
                Ok(changed) => format!(
                    "effect {}: {} would have changed, not {}: rolled back",
                    self.name,
                    counted(*changed),
                    self.rows
                ),
                Err(error) => error.to_string(),
            });
            changed
        }
    }

    async fn change(&self, values: &[Option<String>]) -> Result<u64, Cause> {
        let limit = Limit::new(self.timeout);
        let mut lent = self.begun(limit).await?;
        let placed = placed(&self.statement, values);
        let asked = Asked { statement: &self.statement, values: &placed };
        let executed = limit.wait(lent.connection.execute(asked)).await;
        let commit = executed.as_ref().is_ok_and(|changed| *changed == self.rows);
        if matches!(&executed, Err(cause) if !cause.leaves_connection_usable()) {
            // It is closed, and the server rolls back.
            return executed;
        }
        let ended = limit.wait(lent.connection.end(commit)).await;
        match ended {
            Ok(()) => lent.give_back(),
            Err(cause @ (Cause::Lost(_) | Cause::Timeout(_))) if commit => {
                return Err(Cause::InDoubt(cause.to_string()));
            }
            // A deferred rule of the database may refuse it now.
            Err(cause) if commit => return Err(cause),
            // It is closed, and the server rolls back.
            Err(_) => {}
        }
        executed
    }

    /// A connection with a transaction. As long as nothing but its beginning was sent, another may be
    /// tried.
    async fn begun(&self, limit: Limit) -> Result<Lent, Cause> {
        let mut lent = self.database.lend(Access::Write, limit, false).await?;
        match limit.wait(lent.connection.begin(self.timeout)).await {
            Err(Cause::Lost(_)) if lent.reused => drop(lent),
            begun => return begun.map(|()| lent),
        }
        let mut lent = self.database.lend(Access::Write, limit, true).await?;
        limit.wait(lent.connection.begin(self.timeout)).await?;
        Ok(lent)
    }

    fn error(&self, cause: Cause) -> DatabaseError {
        let subject = format!("effect {} (database {})", self.name, self.database.name());
        DatabaseError { subject, cause }
    }

    /// Prepares the statement, without running it.
    pub async fn check(&self) -> Step {
        let described = self.database.describe(&self.statement, Access::Write, self.timeout);
        match described.await {
            Ok(_) => Step::new("effect", format!("{}: prepared", self.name)),
            Err(cause) => {
                Step::new("effect", format!("{}: not usable", self.name)).with(cause.finding())
            }
        }
    }
}

impl std::fmt::Debug for Effect {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Effect").field(&self.name).finish()
    }
}

/// `1 row`, `2 rows`.
pub(crate) fn counted(rows: u64) -> String {
    if rows == 1 { "1 row".to_owned() } else { format!("{rows} rows") }
}
