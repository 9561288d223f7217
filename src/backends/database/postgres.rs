//! PostgreSQL. Values go to the server as texts, which it reads as the types that it wants, and come
//! back in its binary form. Statements are prepared once on each connection, and sessions have settings:
//! a pool between, such as PgBouncer, must be one for sessions, and pass the startup parameter `options`.

mod text;

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::TryStreamExt as _;
use tokio::net::TcpStream;
use tokio::task::AbortHandle;
use tokio_postgres::config::SslMode;
use tokio_postgres::error::{DbError, ErrorPosition};
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::{Client, Config, Error, NoTls, Statement as Prepared};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::connection::{Access, Answer, Asked, Collector, Column, Connection, Limits, Session};
use super::error::{Cause, said_without, server_text};
use super::metered::{Meter, Metered};
use super::settings::DatabaseSettings;
use super::statement::Statement;
use crate::http::bare_host;
use crate::rules::Rows;
use crate::secret::Secret;
use crate::tls::{TlsCause, TlsError, client_config, verifier};
use text::{Cell, Parameter, is_readable};

/// Texts are read as they are written, whatever the server's settings.
const OPTIONS: &str = "-c standard_conforming_strings=on";

pub(super) async fn connect(
    settings: &DatabaseSettings,
    access: Access,
) -> Result<Box<dyn Connection>, Cause> {
    let read_only = match access {
        Access::Read => " -c default_transaction_read_only=on",
        Access::Write => "",
    };
    let raw = Raw::connect(settings, &format!("{OPTIONS}{read_only}")).await?;
    let connection = Postgres { raw, prepared: BTreeMap::new(), time: Duration::ZERO };
    if access == Access::Read {
        connection.must_be_read_only().await?;
    }
    Ok(Box::new(connection))
}

/// The driver's connection. Dropped, it is closed, and the server takes back what was not committed.
pub(crate) struct Raw {
    pub(crate) client: Client,
    /// What reads and writes for the client.
    task: AbortHandle,
    meter: Meter,
}

impl Drop for Raw {
    fn drop(&mut self) {
        // It would wait for the end of an answer that nobody wants.
        self.task.abort();
    }
}

impl Raw {
    /// Logs in, with options for the session (`-c name=value …`): given when it begins, and not by SET,
    /// which a pool for transactions would hand on to others.
    pub(crate) async fn connect(settings: &DatabaseSettings, options: &str) -> Result<Self, Cause> {
        let host = bare_host(&settings.host);
        let unreachable = |error: std::io::Error| Cause::Unreachable(error.to_string());
        let stream = TcpStream::connect((host, settings.port())).await.map_err(unreachable)?;
        stream.set_nodelay(true).map_err(unreachable)?;
        let meter = Meter::new();
        let stream = Metered { stream, meter: meter.clone() };
        let mut config = Config::new();
        config.user(&settings.user).application_name("external-providers").options(options);
        if !settings.database.is_empty() {
            config.dbname(&settings.database);
        }
        if !settings.password.is_empty() {
            config.password(settings.password.expose());
        }
        let refused = |error: Error| refused(&error, host, &settings.password);
        let (client, task) = if settings.is_encrypted() {
            let verifier = verifier(host, &settings.root_certificates, settings.trust_fingerprint);
            let tls = verifier
                .and_then(client_config)
                .map_err(|error| Cause::Settings(format!("TLS cannot be set up: {error:?}")))?;
            let mut connector = MakeRustlsConnect::new(tls);
            let tls = MakeTlsConnect::<Metered<TcpStream>>::make_tls_connect(&mut connector, host);
            let tls = tls.map_err(|error| Cause::Settings(error.to_string()))?;
            config.ssl_mode(SslMode::Require);
            let (client, connection) = config.connect_raw(stream, tls).await.map_err(refused)?;
            (client, tokio::spawn(async move { drop(connection.await) }).abort_handle())
        } else {
            config.ssl_mode(SslMode::Disable);
            let (client, connection) = config.connect_raw(stream, NoTls).await.map_err(refused)?;
            (client, tokio::spawn(async move { drop(connection.await) }).abort_handle())
        };
        Ok(Self { client, task, meter })
    }

    /// Lets an answer within these limits in.
    pub(crate) fn allow(&self, limits: Limits) {
        self.meter.allow(limits);
    }

    /// What an error of a connection that stood means.
    pub(crate) fn cause(&self, error: &Error, limits: Limits) -> Cause {
        if self.meter.is_exceeded() {
            return Cause::TooLarge(limits.size);
        }
        let Some(said) = error.as_db_error() else {
            return Cause::Lost(server_text(&crate::error_chain::error_chain(error)));
        };
        let text = said_by_server(said);
        match said.code().code() {
            // After ALTER TABLE, or behind a pool, what was prepared is of no use any more; the others
            // end the connection.
            "0A000" if text.contains("cached plan") => Cause::Lost(text),
            "26000" | "57P01" | "57P02" | "57P03" | "57P05" | "25P03" => Cause::Lost(text),
            code if code.starts_with("08") => Cause::Lost(text),
            "57014" => Cause::Timeout(limits.time),
            "23505" => Cause::Duplicate(text),
            _ => Cause::Statement(text),
        }
    }
}

struct Postgres {
    raw: Raw,
    /// By their text.
    prepared: BTreeMap<String, Prepared>,
    /// The server's limit of time, as far as it was told.
    time: Duration,
}

impl Postgres {
    async fn must_be_read_only(&self) -> Result<(), Cause> {
        use tokio_postgres::SimpleQueryMessage::Row;
        let asked = self.raw.client.simple_query("show default_transaction_read_only").await;
        let said = asked.map_err(|error| self.raw.cause(&error, Limits::default()))?;
        let is_on = |row: &_| matches!(row, Row(row) if row.get(0) == Some("on"));
        if said.iter().any(is_on) {
            return Ok(());
        }
        let what = "what stands before the server (PgBouncer?) ignores that sessions are read-only; \
                    connect to the server itself, or let it pass the startup parameter options";
        Err(Cause::Settings(what.to_owned()))
    }

    async fn prepare(&mut self, statement: &Statement) -> Result<Prepared, Error> {
        if let Some(prepared) = self.prepared.get(statement.sql()) {
            return Ok(prepared.clone());
        }
        let prepared = self.raw.client.prepare(statement.sql()).await?;
        self.prepared.insert(statement.sql().to_owned(), prepared.clone());
        Ok(prepared)
    }

    async fn limit(&mut self, time: Duration) -> Result<(), Error> {
        if self.time != time {
            let limit = format!("set statement_timeout = {}", time.as_millis().max(1));
            self.raw.client.batch_execute(&limit).await?;
            self.time = time;
        }
        Ok(())
    }

    async fn ask(
        &mut self,
        asked: Asked<'_>,
        limits: Limits,
    ) -> Result<Result<Rows, Cause>, Error> {
        self.limit(limits.time).await?;
        let prepared = self.prepare(asked.statement).await?;
        let values = asked.values.iter().map(|value| Parameter(*value));
        let names = prepared.columns().iter().map(|column| column.name().to_owned()).collect();
        let mut answer = Collector::new(names, limits);
        let mut rows = std::pin::pin!(self.raw.client.query_raw(&prepared, values).await?);
        while let Some(row) = rows.try_next().await? {
            if let Err(cause) = answer.row() {
                return Ok(Err(cause));
            }
            for at in 0..row.len() {
                let value = match row.try_get::<_, Cell>(at) {
                    Ok(Cell(text)) => answer.value(text),
                    Err(_) => Err(Cause::Type {
                        column: answer.column().to_owned(),
                        kind: prepared.columns()[at].type_().name().to_owned(),
                    }),
                };
                if let Err(cause) = value {
                    return Ok(Err(cause));
                }
            }
        }
        Ok(Ok(answer.finish()))
    }

    /// The same of a statement, with the place in it that the server names.
    fn statement_cause(&self, error: &Error, limits: Limits, statement: &Statement) -> Cause {
        /// Characters that are shown.
        const NEAR: usize = 30;
        let place = match error.as_db_error().and_then(DbError::position) {
            Some(ErrorPosition::Original(at)) => usize::try_from(*at).unwrap_or_default(),
            _ => 0,
        };
        match self.raw.cause(error, limits) {
            Cause::Statement(text) if place > 0 => {
                let near: String = statement.sql().chars().skip(place - 1).take(NEAR).collect();
                Cause::Statement(format!("{text}, at \"{}\"", server_text(&near)))
            }
            cause => cause,
        }
    }
}

impl Connection for Postgres {
    fn session(&mut self) -> Answer<'_, Session> {
        Box::pin(async {
            const ASK: &str = "select 'PostgreSQL ' || current_setting('server_version'), \
                               (select version from pg_stat_ssl where pid = pg_backend_pid())";
            let row = self.raw.client.query_one(ASK, &[]).await;
            let row = row.map_err(|error| self.raw.cause(&error, Limits::default()))?;
            let text = |at| row.try_get::<_, Cell>(at).ok().and_then(|Cell(text)| text);
            Ok(Session { version: text(0).unwrap_or_default(), encryption: text(1) })
        })
    }

    fn describe<'a>(&'a mut self, statement: &'a Statement) -> Answer<'a, Vec<Column>> {
        Box::pin(async {
            let prepared = self.prepare(statement).await;
            let prepared = prepared
                .map_err(|error| self.statement_cause(&error, Limits::default(), statement))?;
            let column = |column: &tokio_postgres::Column| Column {
                name: column.name().to_owned(),
                kind: column.type_().name().to_owned(),
                is_readable: is_readable(column.type_()),
            };
            Ok(prepared.columns().iter().map(column).collect())
        })
    }

    fn query<'a>(&'a mut self, asked: Asked<'a>, limits: Limits) -> Answer<'a, Rows> {
        Box::pin(async move {
            self.raw.allow(limits);
            match self.ask(asked, limits).await {
                Ok(answer) => answer,
                Err(error) => Err(self.statement_cause(&error, limits, asked.statement)),
            }
        })
    }

    fn begin(&mut self, time: Duration) -> Answer<'_, ()> {
        Box::pin(async move {
            let limits = Limits { time, ..Limits::default() };
            self.raw.allow(limits);
            let time = time.as_millis().max(1);
            let begin = format!("begin read write; set local statement_timeout = {time}");
            let begun = self.raw.client.batch_execute(&begin).await;
            begun.map_err(|error| self.raw.cause(&error, limits))
        })
    }

    fn execute<'a>(&'a mut self, asked: Asked<'a>) -> Answer<'a, u64> {
        Box::pin(async move {
            let Asked { statement, values } = asked;
            let values = values.iter().map(|value| Parameter(*value));
            let prepared = self.prepare(statement).await;
            let failed = |error| self.statement_cause(&error, Limits::default(), statement);
            let prepared = prepared.map_err(failed)?;
            // Its count is that of the rows that it selects.
            if statement.first_word() == "with" && !prepared.columns().is_empty() {
                return Err(Cause::Statement(
                    "one that begins with WITH must end in INSERT, UPDATE or DELETE, without RETURNING"
                        .to_owned(),
                ));
            }
            self.raw.client.execute_raw(&prepared, values).await.map_err(failed)
        })
    }

    fn end(&mut self, commit: bool) -> Answer<'_, ()> {
        Box::pin(async move {
            let sql = if commit { "commit" } else { "rollback" };
            let ended = self.raw.client.batch_execute(sql).await;
            ended.map_err(|error| self.raw.cause(&error, Limits::default()))
        })
    }

    fn try_to_write(&mut self) -> Answer<'_, Option<String>> {
        Box::pin(async {
            let write = "begin; create table external_providers_check (n int); rollback";
            let Err(error) = self.raw.client.batch_execute(write).await else { return Ok(None) };
            match self.raw.cause(&error, Limits::default()) {
                Cause::Statement(refused) => Ok(Some(refused)),
                cause => Err(cause),
            }
        })
    }

    fn is_closed(&self) -> bool {
        self.raw.client.is_closed()
    }
}

/// Why a login did not succeed.
fn refused(error: &Error, host: &str, password: &Secret) -> Cause {
    if let Some(said) = error.as_db_error() {
        let text = said_without(password, &said_by_server(said));
        return match said.code().code() {
            // It is starting, or stopping, or has too many connections.
            "57P03" | "57P01" | "53300" => Cause::Unreachable(text),
            _ => Cause::Login(text),
        };
    }
    let text = server_text(&crate::error_chain::error_chain(error));
    let of_tls = |cause| TlsError { cause, host: host.to_owned(), fingerprint: None };
    match TlsError::below(error, host) {
        Some(error) => Cause::Tls(Box::new(error)),
        None if text.contains("does not support TLS") => {
            let cause = TlsCause::Other("the server takes no encrypted connections".to_owned());
            Cause::Tls(Box::new(of_tls(cause)))
        }
        None if text.contains("TLS") => Cause::Tls(Box::new(of_tls(TlsCause::Other(text)))),
        None if crate::tls::find::<std::io::Error>(error).is_some() => Cause::Unreachable(text),
        // A password is missing, or the server wants a login that the driver does not know.
        None => Cause::Login(text),
    }
}

/// Message and hint; details may hold rows of others.
fn said_by_server(said: &DbError) -> String {
    match said.hint() {
        Some(hint) => server_text(&format!("{} ({hint})", said.message())),
        None => server_text(said.message()),
    }
}
