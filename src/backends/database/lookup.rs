//! A question to a database, asked again and again with other values.

mod cache;

use std::sync::Arc;
use std::time::Duration;

use super::connection::{Access, Limits};
use super::error::{Cause, DatabaseError};
use super::pool::Database;
use super::statement::{Statement, StatementError};
use crate::bounded::wait;
use crate::explanation::Explanation;
use crate::metrics::LOOKUPS;
use crate::report::{Finding, Step};
use crate::rules::Rows;
use crate::secret::{MASK, Mask, is_secret_key};
use cache::Cache;

/// What a look-up asks, and how much it may give.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LookUpSettings {
    /// The statement, see [`Statement`].
    pub statement: String,
    /// The most rows of an answer; default 100. More are an error.
    pub rows: usize,
    /// How long it may take, a connection included; default 5 seconds.
    pub timeout: Duration,
    /// The most bytes of an answer, all values together; default 1 MiB. More are an error.
    pub size: usize,
    /// How long an answer is used again for the same values; by default not at all.
    pub cache: Option<Duration>,
    /// Columns that the answer must have; others may be there, too.
    pub columns: Vec<String>,
}

impl LookUpSettings {
    /// A statement with the defaults.
    pub fn new(statement: impl Into<String>) -> Self {
        Self {
            statement: statement.into(),
            rows: 100,
            timeout: Duration::from_secs(5),
            size: 1 << 20,
            cache: None,
            columns: Vec::new(),
        }
    }
}

/// A statement that changes nothing, asked with the values of a request. Clones share what they keep.
#[derive(Clone)]
pub struct LookUp {
    name: String,
    database: Database,
    statement: Statement,
    settings: LookUpSettings,
    cache: Option<Arc<Cache>>,
}

impl LookUp {
    /// A look-up by its name.
    ///
    /// # Errors
    ///
    /// If the statement cannot be read, or its words say that it changes something.
    pub fn new(
        name: &str,
        database: Database,
        mut settings: LookUpSettings,
    ) -> Result<Self, StatementError> {
        settings.timeout = wait(settings.timeout);
        let statement = Statement::parse(&settings.statement, database.kind())?;
        statement.must_look_up()?;
        let cache = settings.cache.map(|time| Arc::new(Cache::new(time)));
        Ok(Self { name: name.to_owned(), database, statement, settings, cache })
    }

    /// The same, with the answers that `old` keeps, if it asks the same of the same database.
    #[cfg(feature = "provider-file")]
    pub(crate) fn after(mut self, old: Option<&Self>) -> Self {
        let is_same =
            |old: &&Self| old.settings == self.settings && old.database.is(&self.database);
        if let Some(old) = old.filter(is_same) {
            self.cache.clone_from(&old.cache);
        }
        self
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The names of its parameters, each once.
    pub fn parameters(&self) -> &[String] {
        self.statement.parameters()
    }

    /// Asks, with a value for each parameter; `None` is NULL. `value` is called before anything else
    /// happens.
    ///
    /// # Errors
    ///
    /// If there is no answer, or it has more rows or bytes than allowed, or a column that has no text.
    pub fn look_up<'l>(
        &'l self,
        value: &dyn Fn(&str) -> Option<String>,
        explanation: &'l Explanation,
    ) -> impl Future<Output = Result<Rows, DatabaseError>> + Send + use<'l> {
        let values = self.parameters().iter().map(|name| value(name)).collect();
        self.with(values, explanation)
    }

    async fn with(
        &self,
        values: Vec<Option<String>>,
        explanation: &Explanation,
    ) -> Result<Rows, DatabaseError> {
        explanation.note(|| asked("look-up", &self.name, &self.database, &self.statement, &values));
        if let Some(rows) = self.cache.as_ref().and_then(|cache| cache.get(&values)) {
            explanation.note(|| format!("{} (cached)", self.answered(&rows, &values)));
            LOOKUPS.count(&[&self.name, "cached"]);
            return Ok(rows);
        }
        let answer = self.ask(&values).await;
        match answer {
            Ok(rows) => {
                explanation.note(|| self.answered(&rows, &values));
                let outcome = if rows.rows.is_empty() { "none" } else { "found" };
                LOOKUPS.count(&[&self.name, outcome]);
                if let Some(cache) = &self.cache {
                    cache.put(values, &rows);
                }
                Ok(rows)
            }
            Err(cause) => {
                LOOKUPS.count(&[&self.name, cause.code()]);
                let error = self.error(cause.masked(&self.statement, &values));
                explanation.note(|| error.to_string());
                Err(error)
            }
        }
    }

    fn answered(&self, rows: &Rows, values: &[Option<String>]) -> String {
        format!("look-up {}: {}", self.name, shown(rows, self.statement.mask(values).as_ref()))
    }

    async fn ask(&self, values: &[Option<String>]) -> Result<Rows, Cause> {
        let settings = &self.settings;
        let limits = Limits { rows: settings.rows, size: settings.size, time: settings.timeout };
        let placed = placed(&self.statement, values);
        let rows = self.database.query(&self.statement, &placed, limits).await?;
        match settings.columns.iter().find(|name| rows.column(name).is_none()) {
            Some(missing) => Err(Cause::NoColumn(missing.clone())),
            None => Ok(rows),
        }
    }

    fn error(&self, cause: Cause) -> DatabaseError {
        let subject = format!("look-up {} (database {})", self.name, self.database.name());
        DatabaseError { subject, cause }
    }

    /// Prepares the statement, without running it: the names of its columns.
    ///
    /// # Errors
    ///
    /// The database cannot be asked, or refuses the statement.
    pub async fn columns(&self) -> Result<Vec<String>, DatabaseError> {
        let time = self.settings.timeout;
        let described = self.database.describe(&self.statement, Access::Read, time).await;
        let columns = described.map_err(|cause| self.error(cause))?;
        Ok(columns.into_iter().map(|column| column.name).collect())
    }

    /// Prepares the statement, without running it, and looks at its columns.
    pub async fn check(&self) -> Step {
        let started = std::time::Instant::now();
        let described =
            self.database.describe(&self.statement, Access::Read, self.settings.timeout);
        let columns = match described.await {
            Ok(columns) => columns,
            Err(cause) => {
                return Step::new("look-up", format!("{}: not usable", self.name))
                    .with(cause.finding());
            }
        };
        let names: Vec<_> =
            columns.iter().map(|column| format!("{} {}", column.name, column.kind)).collect();
        let text = format!("{}: {}", self.name, names.join(", "));
        let mut step = Step::new("look-up", text).took(started.elapsed());
        for (at, column) in columns.iter().enumerate() {
            let name = &column.name;
            if !column.is_readable {
                let cause = Cause::Type { column: name.clone(), kind: column.kind.clone() };
                step.add(cause.finding());
            }
            if columns[..at].iter().any(|other| other.name.eq_ignore_ascii_case(name)) {
                let text = format!("there are two columns {name}; only the first is seen");
                step.add(
                    Finding::warning("two-columns", text).remedy(format!("say {name} AS another")),
                );
            }
        }
        for missing in &self.settings.columns {
            if !columns.iter().any(|column| column.name.eq_ignore_ascii_case(missing)) {
                step.add(Cause::NoColumn(missing.clone()).finding());
            }
        }
        step
    }
}

impl std::fmt::Debug for LookUp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("LookUp").field(&self.name).finish()
    }
}

/// The values in the order in which the database wants them.
pub(super) fn placed<'v>(
    statement: &Statement,
    values: &'v [Option<String>],
) -> Vec<Option<&'v str>> {
    statement.places().iter().map(|at| values.get(*at).and_then(Option::as_deref)).collect()
}

/// What is asked with which values, for an explanation.
pub(super) fn asked(
    what: &str,
    name: &str,
    database: &Database,
    statement: &Statement,
    values: &[Option<String>],
) -> String {
    let value = |(name, value): (&String, &Option<String>)| {
        shown_value(&format!(":{name}"), value.as_deref())
    };
    let values: Vec<_> = statement.parameters().iter().zip(values).map(value).collect();
    let with = if values.is_empty() { "" } else { " with " };
    format!("{what} {name}: database {} is asked{with}{}", database.name(), values.join(", "))
}

fn shown_value(name: &str, value: Option<&str>) -> String {
    match value {
        Some(_) if is_secret_key(name) => format!("{name} = {MASK}"),
        Some(value) => format!("{name} = {value:?}"),
        None => format!("{name} = NULL"),
    }
}

/// The first rows, for an explanation, without the secrets of a mask: a row may repeat them.
fn shown(rows: &Rows, mask: Option<&Mask>) -> String {
    /// More would hide what follows.
    const ROWS: usize = 3;
    let value = |(name, value): (&String, &Option<String>)| match (mask, value) {
        (Some(mask), Some(value)) => shown_value(name, Some(&mask.apply_values(value))),
        _ => shown_value(name, value.as_deref()),
    };
    let row = |row: &Vec<Option<String>>| {
        rows.columns.iter().zip(row).map(value).collect::<Vec<_>>().join(", ")
    };
    let first: Vec<_> = rows.rows.iter().take(ROWS).map(row).collect();
    match rows.rows.len() {
        0 => "no rows".to_owned(),
        1 => format!("1 row: {}", first.join("")),
        count => {
            let more = if count > ROWS { "; …" } else { "" };
            format!("{count} rows: {}{more}", first.join("; "))
        }
    }
}
