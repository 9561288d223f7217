//! SQLite: a file, opened for reading alone unless it is for an effect. Its calls block, so they run
//! on a thread where they may; its own progress handler ends those that take too long.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::types::ValueRef;
use rusqlite::{Connection as File, Error, ErrorCode, OpenFlags, ffi, params_from_iter};

use super::connection::{Access, Answer, Asked, Collector, Column, Connection, Limits, Session};
use super::error::{Cause, server_text};
use super::render;
use super::settings::DatabaseSettings;
use super::statement::Statement;
use crate::bounded::wait;
use crate::rules::Rows;

/// Steps of SQLite's machine between two looks at the clock: some ten microseconds.
const STEPS: std::ffi::c_int = 1000;

pub(super) async fn connect(
    settings: &DatabaseSettings,
    access: Access,
    within: Duration,
) -> Result<Box<dyn Connection>, Cause> {
    let path = settings.file.clone();
    // The caller must still be there to hear that it is locked.
    let busy = within / 2;
    let opened = tokio::task::spawn_blocking(move || {
        let flags = match access {
            Access::Read => OpenFlags::SQLITE_OPEN_READ_ONLY,
            Access::Write => OpenFlags::SQLITE_OPEN_READ_WRITE,
        };
        let open = || {
            let file = File::open_with_flags(&path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
            file.busy_timeout(busy)?;
            file.pragma_update(None, "query_only", access == Access::Read)?;
            // Whether it is a database shows only when it is read.
            file.query_row("select count(*) from sqlite_schema", (), |_| Ok(()))?;
            Ok(file)
        };
        let cannot = |error: Error| match is_locked(&error) {
            true => Cause::Locked(path.display().to_string()),
            false => {
                let error = server_text(&error.to_string());
                Cause::Settings(format!("{} cannot be opened: {error}", path.display()))
            }
        };
        open().map_err(cannot)
    });
    let file = opened.await.map_err(|error| Cause::Lost(error.to_string()))??;
    let (path, time) = (settings.file.clone(), wait(settings.connect_timeout));
    Ok(Box::new(Sqlite { file: Some(file), identity: identity(&path), path, access, time }))
}

/// Does another program have the file to itself, beyond the time that was waited?
fn is_locked(error: &Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}

/// What tells a file from another that was put in its place, as exports are every night.
fn identity(path: &Path) -> Option<(u64, u64)> {
    let metadata = std::fs::metadata(path).ok()?;
    #[cfg(unix)]
    return Some((
        std::os::unix::fs::MetadataExt::dev(&metadata),
        std::os::unix::fs::MetadataExt::ino(&metadata),
    ));
    #[cfg(not(unix))]
    return Some((metadata.len(), 0));
}

struct Sqlite {
    /// With the thread while it works. If nobody waits for that any more, the file is closed there.
    file: Option<File>,
    path: PathBuf,
    /// Of the file that is open.
    identity: Option<(u64, u64)>,
    access: Access,
    /// How long a statement of the transaction may take.
    time: Duration,
}

impl Sqlite {
    async fn run<T: Send + 'static>(
        &mut self,
        time: Duration,
        work: impl FnOnce(&File) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Cause> {
        let closed = || Cause::Lost("the file is closed".to_owned());
        let mut file = self.file.take().ok_or_else(closed)?;
        let end = Instant::now() + time;
        let task = tokio::task::spawn_blocking(move || {
            let done = file
                .progress_handler(STEPS, Some(move || Instant::now() > end))
                .and_then(|()| file.busy_timeout(time))
                .map_err(Failure::from)
                .and_then(|()| work(&file));
            (file, done)
        });
        let (file, done) = task.await.map_err(|error| Cause::Lost(error.to_string()))?;
        self.file = Some(file);
        done.map_err(|failure| failure.cause(time, &self.path))
    }
}

/// SQLite's error, or one of ours.
enum Failure {
    Sqlite(Error),
    Ours(Cause),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Sqlite(error)
    }
}

impl From<Cause> for Failure {
    fn from(cause: Cause) -> Self {
        Self::Ours(cause)
    }
}

impl Failure {
    fn cause(self, time: Duration, path: &Path) -> Cause {
        let error = match self {
            Self::Ours(cause) => return cause,
            Self::Sqlite(error) => error,
        };
        let text = server_text(&error.to_string());
        match error.sqlite_error() {
            _ if is_locked(&error) => Cause::Locked(path.display().to_string()),
            Some(ffi::Error { code: ErrorCode::OperationInterrupted, .. }) => Cause::Timeout(time),
            Some(ffi::Error {
                extended_code:
                    ffi::SQLITE_CONSTRAINT_UNIQUE
                    | ffi::SQLITE_CONSTRAINT_PRIMARYKEY
                    | ffi::SQLITE_CONSTRAINT_ROWID,
                ..
            }) => Cause::Duplicate(text),
            Some(ffi::Error {
                code:
                    ErrorCode::SystemIoFailure
                    | ErrorCode::DatabaseCorrupt
                    | ErrorCode::NotADatabase
                    | ErrorCode::CannotOpen,
                ..
            }) => Cause::Lost(text),
            _ => Cause::Statement(text),
        }
    }
}

impl Connection for Sqlite {
    fn session(&mut self) -> Answer<'_, Session> {
        let version = format!("SQLite {}", rusqlite::version());
        Box::pin(async { Ok(Session { version, encryption: None }) })
    }

    fn describe<'a>(&'a mut self, statement: &'a Statement) -> Answer<'a, Vec<Column>> {
        let (sql, access) = (statement.sql().to_owned(), self.access);
        Box::pin(self.run(self.time, move |file| {
            let prepared = file.prepare(&sql)?;
            if access == Access::Read && !prepared.readonly() {
                return Err(Cause::Statement("it would change the file".to_owned()).into());
            }
            let described = |column: &rusqlite::Column<'_>| {
                let kind = column.decl_type().unwrap_or("(computed)").to_owned();
                let is_readable = !kind.eq_ignore_ascii_case("blob");
                Column { name: column.name().to_owned(), kind, is_readable }
            };
            Ok(prepared.columns().map(|column| described(&column)).collect())
        }))
    }

    fn query<'a>(&'a mut self, asked: Asked<'a>, limits: Limits) -> Answer<'a, Rows> {
        let (sql, values) = owned(asked);
        Box::pin(self.run(limits.time, move |file| {
            let mut prepared = file.prepare_cached(&sql)?;
            let head = |statement: &rusqlite::Statement<'_>| {
                let columns: Vec<_> = statement.columns().map(|column| heading(&column)).collect();
                let names = columns.iter().map(|(name, _)| name.clone()).collect();
                (columns, Collector::new(names, limits))
            };
            let (mut columns, mut answer) = head(&prepared);
            let mut rows = prepared.query(params_from_iter(values))?;
            let mut is_first = true;
            while let Some(row) = rows.next()? {
                // SQLite prepares a statement anew as it steps, where the tables were made anew.
                if std::mem::take(&mut is_first) {
                    (columns, answer) = head(row.as_ref());
                }
                answer.row()?;
                for (at, (name, is_boolean)) in columns.iter().enumerate() {
                    answer.value(text(row.get_ref(at)?, name, *is_boolean)?)?;
                }
            }
            Ok(answer.finish())
        }))
    }

    fn begin(&mut self, time: Duration) -> Answer<'_, ()> {
        self.time = time;
        Box::pin(self.run(time, |file| Ok(file.execute_batch("begin immediate")?)))
    }

    fn execute<'a>(&'a mut self, asked: Asked<'a>) -> Answer<'a, u64> {
        let (sql, values) = owned(asked);
        Box::pin(self.run(self.time, move |file| {
            let mut prepared = file.prepare_cached(&sql)?;
            let changes = !prepared.readonly();
            let mut rows = prepared.query(params_from_iter(values))?;
            // It may return what it changed.
            while rows.next()?.is_some() {}
            Ok(if changes { file.changes() } else { 0 })
        }))
    }

    fn end(&mut self, commit: bool) -> Answer<'_, ()> {
        let sql = if commit { "commit" } else { "rollback" };
        Box::pin(self.run(self.time, move |file| Ok(file.execute_batch(sql)?)))
    }

    fn try_to_write(&mut self) -> Answer<'_, Option<String>> {
        Box::pin(self.run(self.time, |file| {
            let written =
                file.execute_batch("begin; create table external_providers_check (n); rollback");
            Ok(written.err().map(|error| server_text(&error.to_string())))
        }))
    }

    fn is_closed(&self) -> bool {
        self.file.is_none() || identity(&self.path) != self.identity
    }
}

fn owned(asked: Asked<'_>) -> (String, Vec<Option<String>>) {
    let values = asked.values.iter().map(|value| value.map(str::to_owned)).collect();
    (asked.statement.sql().to_owned(), values)
}

/// A column's name, and whether it is declared as a boolean, of which SQLite knows nothing.
fn heading(column: &rusqlite::Column<'_>) -> (String, bool) {
    let declared = column.decl_type().unwrap_or_default().to_ascii_lowercase();
    (column.name().to_owned(), declared == "boolean" || declared == "bool")
}

fn text(value: ValueRef<'_>, column: &str, is_boolean: bool) -> Result<Option<String>, Cause> {
    let of_type = |kind: &str| Cause::Type { column: column.to_owned(), kind: kind.to_owned() };
    Ok(Some(match value {
        ValueRef::Null => return Ok(None),
        ValueRef::Integer(number @ (0 | 1)) if is_boolean => (number == 1).to_string(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => render::float(number),
        ValueRef::Text(bytes) => {
            std::str::from_utf8(bytes).map_err(|_| of_type("text that is not UTF-8"))?.to_owned()
        }
        ValueRef::Blob(_) => return Err(of_type("blob")),
    }))
}
