//! MySQL and MariaDB, by prepared statements in the binary protocol.

mod tls;

use std::time::Duration;

use mysql_async::consts::ColumnFlags;
use mysql_async::consts::ColumnType::*;
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, DriverError, Error, IoError, OptsBuilder, Params, Value};

use super::connection::{Access, Answer, Asked, Collector, Column, Connection, Limits, Session};
use super::error::{Cause, said_without, server_text};
use super::render;
use super::settings::DatabaseSettings;
use super::statement::Statement;
use crate::error_chain::error_chain;
use crate::http::bare_host;
use crate::rules::Rows;
use crate::tls::TlsError;

/// The largest packet that is taken, in bytes: a row is one, and is in memory before its size is
/// known.
const LARGEST_PACKET: usize = 64 << 20;

/// The character set of columns that are bytes.
const BINARY: u16 = 63;

pub(super) async fn connect(
    settings: &DatabaseSettings,
    access: Access,
) -> Result<Box<dyn Connection>, Cause> {
    let host = bare_host(&settings.host);
    let tls = if settings.is_encrypted() { Some(tls::options(settings)?) } else { None };
    let options = OptsBuilder::default()
        .ip_or_hostname(host)
        .tcp_port(settings.port())
        .user(Some(&settings.user))
        .pass(Some(settings.password.expose()))
        .db_name((!settings.database.is_empty()).then_some(&settings.database))
        .ssl_opts(tls)
        .prefer_socket(false)
        .client_found_rows(true)
        .max_allowed_packet(Some(LARGEST_PACKET))
        .wait_timeout(Some(28_800))
        // A connection that is closed while the peer is away must end some day.
        .tcp_keepalive(Some(Duration::from_secs(30)));
    let mut connection = match Conn::new(options).await {
        Ok(connection) => connection,
        Err(Error::Server(error)) => {
            return Err(Cause::Login(said_without(&settings.password, &error.message)));
        }
        Err(Error::Driver(DriverError::NoClientSslFlagFromServer)) => {
            let what = "the server offers no TLS; set it up there, or say encryption = \"off\"";
            return Err(Cause::Unreachable(what.to_owned()));
        }
        Err(error) => {
            return Err(match TlsError::below(&error, host) {
                Some(error) => Cause::Tls(Box::new(tls::examined(settings, error).await)),
                None => Cause::Unreachable(server_text(&error_chain(&error))),
            });
        }
    };
    if access == Access::Read {
        // Servers before 5.6 have none; the account's grants must do.
        let read_only = connection.query_drop("SET SESSION TRANSACTION READ ONLY").await;
        read_only.or_else(|error| if error.is_fatal() { Err(lost(error)) } else { Ok(()) })?;
    }
    Ok(Box::new(MySql { connection, time: Duration::ZERO }))
}

struct MySql {
    connection: Conn,
    /// The limit that the server has been told; at first none.
    time: Duration,
}

impl MySql {
    /// Tells the server how long a statement may take, in whichever way it knows.
    async fn limit(&mut self, time: Duration) -> Result<(), Cause> {
        if self.time == time {
            return Ok(());
        }
        for set in [
            format!("SET SESSION max_statement_time = {:.3}", time.as_secs_f64().max(0.001)),
            format!("SET SESSION max_execution_time = {}", time.as_millis().max(1)),
        ] {
            match self.connection.query_drop(set).await {
                Err(error) if error.is_fatal() => return Err(lost(error)),
                Err(_) => {}
                Ok(()) => break,
            }
        }
        self.time = time;
        Ok(())
    }

    async fn rows(&mut self, asked: Asked<'_>, limits: Limits) -> Result<Rows, Cause> {
        self.limit(limits.time).await?;
        let cause = |error| cause(error, limits.time);
        let Asked { statement, values } = asked;
        let mut result =
            self.connection.exec_iter(statement.sql(), bound(values)).await.map_err(cause)?;
        let columns = result.columns().unwrap_or_default();
        let names = columns.iter().map(|column| column.name_str().into_owned()).collect();
        let mut answer = Collector::new(names, limits);
        while let Some(row) = result.next().await.map_err(cause)? {
            answer.row()?;
            for (column, value) in columns.iter().zip(row.unwrap()) {
                answer.value(text(value, column)?)?;
            }
        }
        // A procedure ends with a result of its own.
        result.drop_result().await.map_err(cause)?;
        Ok(answer.finish())
    }
}

impl Connection for MySql {
    fn session(&mut self) -> Answer<'_, Session> {
        Box::pin(async {
            let cause = |error| cause(error, self.time);
            let version: Option<String> =
                self.connection.query_first("SELECT VERSION()").await.map_err(cause)?;
            let version = version.unwrap_or_default();
            let product = if version.contains("MariaDB") { "MariaDB" } else { "MySQL" };
            let cipher = "SHOW SESSION STATUS LIKE 'Ssl_version'";
            let cipher: Option<(String, String)> =
                self.connection.query_first(cipher).await.map_err(cause)?;
            let encryption = cipher.map(|(_, version)| version.replace("TLSv", "TLS "));
            let version = server_text(&format!("{product} {version}"));
            Ok(Session { version, encryption: encryption.filter(|version| !version.is_empty()) })
        })
    }

    fn describe<'a>(&'a mut self, statement: &'a Statement) -> Answer<'a, Vec<Column>> {
        Box::pin(async {
            let prepared = self.connection.prep(statement.sql()).await;
            let prepared = prepared.map_err(|error| cause(error, self.time))?;
            let described = |column: &mysql_async::Column| {
                let (kind, is_readable) = type_of(column);
                Column { name: column.name_str().into(), kind: kind.to_owned(), is_readable }
            };
            Ok(prepared.columns().iter().map(described).collect())
        })
    }

    fn query<'a>(&'a mut self, asked: Asked<'a>, limits: Limits) -> Answer<'a, Rows> {
        Box::pin(self.rows(asked, limits))
    }

    fn begin(&mut self, time: Duration) -> Answer<'_, ()> {
        Box::pin(async move {
            self.limit(time).await?;
            let begun = self.connection.query_drop("START TRANSACTION").await;
            begun.map_err(|error| cause(error, time))
        })
    }

    fn execute<'a>(&'a mut self, asked: Asked<'a>) -> Answer<'a, u64> {
        Box::pin(async move {
            let cause = |error| cause(error, self.time);
            let done = self.connection.exec_iter(asked.statement.sql(), bound(asked.values)).await;
            let done = done.map_err(cause)?;
            // Where rows come, the count is that of the statement before.
            let gives_rows = done.columns().is_some_and(|columns| !columns.is_empty());
            let changed = done.affected_rows();
            done.drop_result().await.map_err(cause)?;
            match gives_rows {
                true => Err(Cause::Statement(
                    "it gives rows, so that nobody knows how many it changed: take out RETURNING"
                        .to_owned(),
                )),
                false => Ok(changed),
            }
        })
    }

    fn end(&mut self, commit: bool) -> Answer<'_, ()> {
        let end = if commit { "COMMIT" } else { "ROLLBACK" };
        Box::pin(async move {
            self.connection.query_drop(end).await.map_err(|error| cause(error, self.time))
        })
    }

    fn try_to_write(&mut self) -> Answer<'_, Option<String>> {
        Box::pin(async {
            let write = "CREATE TABLE external_providers_check (n INT)";
            let undo = "DROP TABLE external_providers_check";
            match self.connection.query_drop(write).await {
                Err(Error::Server(error)) => return Ok(Some(server_text(&error.message))),
                Err(error) => return Err(lost(error)),
                Ok(()) => {}
            }
            self.connection.query_drop(undo).await.map(|()| None).map_err(lost)
        })
    }

    fn is_closed(&self) -> bool {
        false
    }
}

fn bound(values: &[Option<&str>]) -> Params {
    let value = |value: &Option<&str>| value.map_or(Value::NULL, |text| Value::Bytes(text.into()));
    match values {
        [] => Params::Empty,
        values => Params::Positional(values.iter().map(value).collect()),
    }
}

fn cause(error: Error, time: Duration) -> Cause {
    let Error::Server(error) = error else { return lost(error) };
    let text = server_text(&error.message);
    match error.code {
        // ER_DUP_ENTRY, ER_DUP_ENTRY_WITH_KEY_NAME
        1062 | 1586 => Cause::Duplicate(text),
        // ER_STATEMENT_TIMEOUT of MariaDB, ER_QUERY_TIMEOUT of MySQL
        1969 | 3024 => Cause::Timeout(time),
        // Shut down, aborted, errors of the network, killed, idle for too long
        1053 | 1152 | 1158..=1161 | 1927 | 4031 => Cause::Lost(text),
        _ => Cause::Statement(text),
    }
}

fn lost(error: Error) -> Cause {
    Cause::Lost(server_text(&match error {
        Error::Io(IoError::Io(error)) => error.to_string(),
        error => error_chain(&error),
    }))
}

/// The name of a column's type as MySQL writes it, and whether its values have a text.
fn type_of(column: &mysql_async::Column) -> (&'static str, bool) {
    let is_text = column.character_set() != BINARY;
    let either = |text, bytes| if is_text { (text, true) } else { (bytes, false) };
    match column.column_type() {
        MYSQL_TYPE_NULL => ("NULL", true),
        MYSQL_TYPE_TINY => ("TINYINT", true),
        MYSQL_TYPE_SHORT => ("SMALLINT", true),
        MYSQL_TYPE_INT24 => ("MEDIUMINT", true),
        MYSQL_TYPE_LONG => ("INT", true),
        MYSQL_TYPE_LONGLONG => ("BIGINT", true),
        MYSQL_TYPE_FLOAT => ("FLOAT", true),
        MYSQL_TYPE_DOUBLE => ("DOUBLE", true),
        MYSQL_TYPE_DECIMAL | MYSQL_TYPE_NEWDECIMAL => ("DECIMAL", true),
        MYSQL_TYPE_BIT => ("BIT", true),
        MYSQL_TYPE_YEAR => ("YEAR", true),
        MYSQL_TYPE_DATE | MYSQL_TYPE_NEWDATE => ("DATE", true),
        MYSQL_TYPE_TIME | MYSQL_TYPE_TIME2 => ("TIME", true),
        MYSQL_TYPE_DATETIME | MYSQL_TYPE_DATETIME2 => ("DATETIME", true),
        MYSQL_TYPE_TIMESTAMP | MYSQL_TYPE_TIMESTAMP2 => ("TIMESTAMP", true),
        MYSQL_TYPE_JSON => ("JSON", true),
        MYSQL_TYPE_ENUM => ("ENUM", true),
        MYSQL_TYPE_SET => ("SET", true),
        MYSQL_TYPE_STRING if column.flags().contains(ColumnFlags::ENUM_FLAG) => ("ENUM", true),
        MYSQL_TYPE_STRING if column.flags().contains(ColumnFlags::SET_FLAG) => ("SET", true),
        MYSQL_TYPE_STRING => either("CHAR", "BINARY"),
        MYSQL_TYPE_VARCHAR | MYSQL_TYPE_VAR_STRING => either("VARCHAR", "VARBINARY"),
        MYSQL_TYPE_TINY_BLOB | MYSQL_TYPE_MEDIUM_BLOB | MYSQL_TYPE_LONG_BLOB | MYSQL_TYPE_BLOB => {
            either("TEXT", "BLOB")
        }
        MYSQL_TYPE_GEOMETRY => ("GEOMETRY", false),
        MYSQL_TYPE_VECTOR => ("VECTOR", false),
        _ => ("unknown", false),
    }
}

fn text(value: Value, column: &mysql_async::Column) -> Result<Option<String>, Cause> {
    let (kind, is_readable) = type_of(column);
    let unreadable =
        |kind: &str| Cause::Type { column: column.name_str().into(), kind: kind.into() };
    if !is_readable {
        return Err(unreadable(kind));
    }
    Ok(Some(match value {
        Value::NULL => return Ok(None),
        Value::Int(year) if kind == "YEAR" => format!("{year:04}"),
        Value::UInt(year) if kind == "YEAR" => format!("{year:04}"),
        Value::Int(number) => number.to_string(),
        Value::UInt(number) => number.to_string(),
        Value::Float(number) => render::single(number),
        Value::Double(number) => render::float(number),
        Value::Date(year, month, day, hour, minute, second, micros) => {
            let date = format!("{year:04}-{month:02}-{day:02}");
            if kind == "DATE" {
                return Ok(Some(date));
            }
            format!("{date}T{}", clock(u32::from(hour), minute, second, micros))
        }
        Value::Time(is_negative, days, hours, minutes, seconds, micros) => {
            let sign = if is_negative { "-" } else { "" };
            let hours = days.saturating_mul(24).saturating_add(u32::from(hours));
            format!("{sign}{}", clock(hours, minutes, seconds, micros))
        }
        Value::Bytes(bits) if kind == "BIT" => match (column.column_length(), bits.as_slice()) {
            (1, [bit]) => (*bit != 0).to_string(),
            (_, bits) => {
                bits.iter().fold(0_u64, |all, byte| all << 8 | u64::from(*byte)).to_string()
            }
        },
        Value::Bytes(text) => {
            String::from_utf8(text).map_err(|_| unreadable("text that is not UTF-8"))?
        }
    }))
}

/// Not a time of day: MySQL's `TIME` has up to 838 hours.
fn clock(hours: u32, minutes: u8, seconds: u8, micros: u32) -> String {
    let fraction = render::fraction(u64::from(micros) * 1000);
    format!("{hours:02}:{minutes:02}:{seconds:02}{fraction}")
}

#[cfg(test)]
mod tests;
