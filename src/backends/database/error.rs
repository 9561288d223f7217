//! Why a database gave no answer. Never a "no": whoever asked must not take it for one.

use std::fmt;
use std::time::Duration;

use super::settings::DatabaseKind;
use super::statement::Statement;
use crate::bounded::in_units;
use crate::error_chain::error_chain;
use crate::report::Finding;
#[cfg(any(feature = "mssql", feature = "mysql", feature = "postgres"))]
use crate::secret::{Mask, Secret};
use crate::tls::TlsError;

/// Characters of a server's text that are shown.
const SHOWN: usize = 500;

/// And kept: what is cut off before it is masked may leave half a secret.
const LONGEST: usize = 4 * SHOWN;

/// A call of a database that failed.
#[derive(Debug)]
pub struct DatabaseError {
    /// Which: `database billing`, `look-up customer (database billing)`.
    pub subject: String,
    /// Why.
    pub cause: Cause,
}

/// Why a call of a database failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Cause {
    /// The kind's driver is not in this build.
    #[error("this build has no driver for {0} (feature {feature})", feature = .0.feature())]
    NotBuilt(DatabaseKind),
    /// The settings cannot be used.
    #[error("{0}")]
    Settings(String),
    /// There is no connection.
    #[error("the server cannot be reached: {}", start(.0))]
    Unreachable(String),
    /// Another program has the SQLite file to itself.
    #[error("{0} is locked by another program")]
    Locked(String),
    /// There is no TLS connection.
    #[error("no TLS connection")]
    Tls(#[source] Box<TlsError>),
    /// The server is there and refuses the login, or the database.
    #[error("the login is refused: {}", start(.0))]
    Login(String),
    /// All connections are in use for as long as the call may take.
    #[error("all {0} connections are in use")]
    Busy(usize),
    /// The connection broke.
    #[error("the connection was lost: {}", start(.0))]
    Lost(String),
    /// There was no answer in time.
    #[error("no answer within {0:?}")]
    Timeout(Duration),
    /// The server refuses the statement, in its words.
    #[error("the server refuses the statement: {}", start(.0))]
    Statement(String),
    /// A unique index refuses what the statement would have written.
    #[error("a unique index refuses it: {}", start(.0))]
    Duplicate(String),
    /// The answer has more rows than its limit.
    #[error("there are more than {0} rows")]
    TooManyRows(usize),
    /// The answer has more bytes than its limit.
    #[error("the answer is larger than {}", in_units(*.0))]
    TooLarge(usize),
    /// A column is of a type that has no text.
    #[error("column {column} is of type {kind}, which cannot be shown as text")]
    Type {
        /// The column's name.
        column: String,
        /// The database's name of the type.
        kind: String,
    },
    /// A column that the settings state is not in the answer.
    #[error("there is no column {0}")]
    NoColumn(String),
    /// The connection broke while the transaction was being committed.
    #[error("it is not known whether it happened: {}", start(.0))]
    InDoubt(String),
}

impl Cause {
    /// What to do about it, where that is known.
    pub fn remedy(&self) -> Option<String> {
        Some(match self {
            Self::NotBuilt(_) => "cargo install external-providers --features full".to_owned(),
            Self::Unreachable(_) => "are host and port right, and does the server run?".to_owned(),
            Self::Locked(file) => format!(
                "it must end its transaction: see which it is (fuser {file}); in WAL mode, readers need not wait"
            ),
            Self::Tls(error) => error.remedy_in_file(),
            Self::Login(_) => "check user, password and the name of the database".to_owned(),
            Self::Busy(_) => {
                "raise max_connections, or look why statements take so long".to_owned()
            }
            Self::Timeout(_) => "an index may help; else raise timeout".to_owned(),
            Self::TooManyRows(_) => "narrow the statement, or raise rows".to_owned(),
            Self::TooLarge(_) => "select fewer columns and rows, or raise size".to_owned(),
            Self::Type { column, .. } => {
                format!("say CAST({column} AS …) in the statement, or leave the column out")
            }
            Self::NoColumn(_) => "select it in the statement, or take it out of columns".to_owned(),
            Self::InDoubt(_) => "look whether the row was changed; it is not repeated".to_owned(),
            Self::Settings(_) | Self::Lost(_) | Self::Statement(_) | Self::Duplicate(_) => {
                return None;
            }
        })
    }

    /// A word for machines: `unreachable`, `too-many-rows`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotBuilt(_) => "not-built",
            Self::Settings(_) => "settings",
            Self::Unreachable(_) => "unreachable",
            Self::Locked(_) => "locked",
            Self::Tls(error) => error.cause.code(),
            Self::Login(_) => "login",
            Self::Busy(_) => "busy",
            Self::Lost(_) => "lost",
            Self::Timeout(_) => "timeout",
            Self::Statement(_) => "statement",
            Self::Duplicate(_) => "duplicate",
            Self::TooManyRows(_) => "too-many-rows",
            Self::TooLarge(_) => "too-large",
            Self::Type { .. } => "column-type",
            Self::NoColumn(_) => "no-column",
            Self::InDoubt(_) => "in-doubt",
        }
    }

    /// The same for a report.
    pub(super) fn finding(&self) -> Finding {
        Finding { remedy: self.remedy(), ..Finding::new(self.code(), error_chain(self)) }
    }

    /// Without the values of parameters that carry a secret, by their names: servers repeat values.
    pub(super) fn masked(self, statement: &Statement, values: &[Option<String>]) -> Self {
        let Some(mask) = statement.mask(values) else { return self };
        let mask = |text: String| mask.apply(&text);
        match self {
            Self::Statement(text) => Self::Statement(mask(text)),
            Self::Duplicate(text) => Self::Duplicate(mask(text)),
            Self::Lost(text) => Self::Lost(mask(text)),
            Self::InDoubt(text) => Self::InDoubt(mask(text)),
            other => other,
        }
    }

    /// Can the connection be used again after it?
    pub(super) fn leaves_connection_usable(&self) -> bool {
        matches!(
            self,
            Self::Statement(_) | Self::Duplicate(_) | Self::NoColumn(_) | Self::Locked(_)
        )
    }
}

impl fmt::Display for DatabaseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.subject, self.cause)?;
        match self.cause.remedy() {
            // What mends TLS is with its own error.
            Some(remedy) if !matches!(self.cause, Cause::Tls(_)) => write!(f, " ({remedy})"),
            _ => Ok(()),
        }
    }
}

impl std::error::Error for DatabaseError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.cause.source()
    }
}

/// The start of a server's text.
fn start(text: &str) -> &str {
    text.char_indices().nth(SHOWN).map_or(text, |(end, _)| &text[..end])
}

/// What a server says while it is logged in to, without the account's password, which it may repeat.
#[cfg(any(feature = "mssql", feature = "mysql", feature = "postgres"))]
pub(super) fn said_without(password: &Secret, text: &str) -> String {
    Mask::new([password]).apply_values(&server_text(text))
}

/// A text that a server wrote: one line, of a bounded length, without control characters.
pub(super) fn server_text(text: &str) -> String {
    let text = text.chars().take(LONGEST).map(|c| if c.is_control() { ' ' } else { c });
    let text: String = text.collect();
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_say_what_where_and_what_to_do() {
        let subject = "look-up customer (database billing)".to_owned();
        let error = DatabaseError { subject, cause: Cause::TooManyRows(100) };
        assert_eq!(
            error.to_string(),
            "look-up customer (database billing): there are more than 100 rows (narrow the \
             statement, or raise rows)"
        );
        let error = Cause::NotBuilt(DatabaseKind::SqlServer);
        assert_eq!(error.to_string(), "this build has no driver for SQL Server (feature mssql)");
        let long = server_text(&format!("a\r\n\t b\u{1b}[31m{}", "ç".repeat(5000)));
        let shown = Cause::Lost(long).to_string();
        assert_eq!(shown, format!("the connection was lost: a b [31m{}", "ç".repeat(SHOWN - 8)));
    }

    #[test]
    fn secrets_that_a_server_repeats_are_masked() {
        let sql = "insert into users values (:name, :passwordHash)";
        let statement = Statement::parse(sql, DatabaseKind::Sqlite).unwrap();
        let values = ["Ann", "$2b$12$abcdefgh"].map(|value| Some(value.to_owned()));
        let said = Cause::Statement("'Ann', '$2b$12$abcdefgh' is too long".to_owned());
        let masked = said.masked(&statement, &values).to_string();
        assert_eq!(masked, "the server refuses the statement: 'Ann', '***' is too long");
        let said = Cause::Statement(format!("{}$2b$12$abcdefgh", "x".repeat(SHOWN - 5)));
        let masked = said.masked(&statement, &values).to_string();
        assert!(masked.ends_with("xx***"), "{masked}");
        #[cfg(any(feature = "mssql", feature = "mysql", feature = "postgres"))]
        assert_eq!(said_without(&Secret::new("hunter2xyz"), "no\n'hunter2xyz'"), "no '***'");
    }
}
