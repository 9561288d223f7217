//! SQL Server, by remote procedure calls of `sp_executesql`.

use std::time::Duration;

use futures_util::TryStreamExt as _;
use tiberius::error::Error;
use tiberius::time::{Date, DateTime2, Time};
use tiberius::{
    AuthMethod, Client, ColumnData, ColumnType, Command, CommandItem, CommandStream, Config,
    EncryptionLevel,
};
use tokio::net::TcpStream;
use tokio_util::compat::{Compat, TokioAsyncWriteCompatExt as _};

use super::connection::{Access, Answer, Asked, Collector, Column, Connection, Limits, Session};
use super::error::{Cause, said_without, server_text};
use super::metered::{Meter, Metered};
use super::render;
use super::settings::DatabaseSettings;
use super::statement::Statement;
use crate::bounded::wait;
use crate::http::bare_host;
use crate::rules::Rows;
use crate::tls::TlsError;

/// For what gives no rows that anybody reads.
const NO_ROWS: Limits = Limits { rows: 0, size: 0, time: Duration::ZERO };

/// SQL Server has no session that is read-only.
pub(super) async fn connect(
    settings: &DatabaseSettings,
    _: Access,
) -> Result<Box<dyn Connection>, Cause> {
    if settings.trust_fingerprint.is_some() && settings.is_encrypted() {
        let what = "SQL Server's driver trusts authorities alone: say root_certificates in place of trust_fingerprint";
        return Err(Cause::Settings(what.to_owned()));
    }
    let host = bare_host(&settings.host).to_owned();
    let meter = Meter::new();
    let mut client = match log_in(settings, &host, settings.port(), &meter).await {
        // The server's own word for where the database is (Azure).
        Err(Error::Routing { host, port }) => log_in(settings, &host, port, &meter).await,
        client => client,
    }
    .map_err(|error| match error {
        Error::Server(error) => Cause::Login(said_without(&settings.password, error.message())),
        Error::Tls(words) => {
            let carried = std::io::Error::other(words.clone());
            match TlsError::below(&carried, &host) {
                Some(error) => Cause::Tls(Box::new(error)),
                None => Cause::Unreachable(server_text(&words)),
            }
        }
        error => Cause::Unreachable(server_text(&error.to_string())),
    })?;
    // Whatever the server's own limit is, it would cut longer texts without a word.
    let whole = "SET TEXTSIZE 2147483647";
    let whole = async { client.simple_query(whole).await?.into_results().await };
    whole.await.map_err(lost)?;
    Ok(Box::new(SqlServer { client, meter, is_encrypted: settings.is_encrypted() }))
}

async fn log_in(
    settings: &DatabaseSettings,
    host: &str,
    port: u16,
    meter: &Meter,
) -> Result<Stream, Error> {
    let mut config = Config::new();
    config.host(host);
    config.port(port);
    config.database(&settings.database);
    config.application_name("external-providers");
    config.authentication(AuthMethod::sql_server(&settings.user, settings.password.expose()));
    config.encryption(match settings.is_encrypted() {
        true => EncryptionLevel::Required,
        false => EncryptionLevel::NotSupported,
    });
    if !settings.root_certificates.is_empty() {
        config.trust_cert_ca_bundle(settings.root_certificates.clone());
    }
    config.handshake_timeout(Some(wait(settings.connect_timeout)));
    // Each call has its own limit, after which the connection is closed.
    config.command_timeout(None);
    let stream = TcpStream::connect((host, port)).await?;
    stream.set_nodelay(true)?;
    let stream = Metered { stream, meter: meter.clone() };
    Client::connect(config, stream.compat_write()).await
}

type Stream = Client<Compat<Metered<TcpStream>>>;

struct SqlServer {
    client: Stream,
    meter: Meter,
    is_encrypted: bool,
}

/// Calls a procedure that takes a statement and the types of its parameters.
///
/// The driver sends all texts as `nvarchar`, with which an index on a `varchar` column cannot be
/// searched. So a text that is the same in both is declared as `varchar`, and the server turns it into
/// one; a `varchar` in turn fits an index on an `nvarchar` column.
async fn call<'c>(
    client: &'c mut Stream,
    procedure: (&'static str, &'static str),
    statement: impl Into<String>,
    values: &[Option<&str>],
) -> Result<CommandStream<'c>, Error> {
    let (procedure, text) = procedure;
    let mut command = Command::new(procedure);
    command.bind_param(text, statement.into());
    let kind = |value: &Option<&str>| match value {
        Some(text) if !text.is_ascii() && text.len() > 4000 => "nvarchar(max)",
        Some(text) if !text.is_ascii() => "nvarchar(4000)",
        Some(text) if text.len() > 8000 => "varchar(max)",
        _ => "varchar(8000)",
    };
    let declared = values.iter().zip(1..).map(|(value, at)| format!("@P{at} {}", kind(value)));
    let declared = declared.collect::<Vec<_>>().join(",");
    if !declared.is_empty() {
        command.bind_param("@params", declared);
    }
    if procedure == EXECUTE.0 {
        for (value, at) in values.iter().zip(1..) {
            command.bind_param(format!("@P{at}"), value.map(str::to_owned));
        }
    }
    command.exec(client).await
}

const EXECUTE: (&str, &str) = ("sp_executesql", "@stmt");
const DESCRIBE: (&str, &str) = ("sp_describe_first_result_set", "@tsql");

impl SqlServer {
    async fn rows(&mut self, asked: Asked<'_>, limits: Limits) -> Result<Rows, Cause> {
        let Asked { statement, values } = asked;
        let mut stream =
            call(&mut self.client, EXECUTE, statement.sql(), values).await.map_err(cause)?;
        let mut answer = None;
        let mut is_first = true;
        while let Some(item) = stream.try_next().await.map_err(cause)? {
            match item {
                CommandItem::Metadata(_) if answer.is_some() => is_first = false,
                CommandItem::Metadata(heading) => {
                    let names = heading.columns().iter().map(|column| column.name().to_owned());
                    answer = Some(Collector::new(names.collect(), limits));
                }
                CommandItem::Row(row) if is_first => {
                    let Some(answer) = &mut answer else { continue };
                    answer.row()?;
                    for (column, value) in row.cells() {
                        answer.value(text(value, column.column_type(), column.name())?)?;
                    }
                }
                _ => {}
            }
        }
        Ok(answer.map(Collector::finish).unwrap_or_default())
    }

    /// What the first result set will have.
    async fn columns(&mut self, statement: &Statement) -> Result<Vec<Column>, Cause> {
        self.meter.allow(NO_ROWS);
        let untyped = vec![None; statement.places().len()];
        let mut stream =
            call(&mut self.client, DESCRIBE, statement.sql(), &untyped).await.map_err(cause)?;
        let mut columns = Vec::new();
        while let Some(item) = stream.try_next().await.map_err(cause)? {
            let CommandItem::Row(row) = item else { continue };
            let text = |name| row.try_get::<&str, _>(name).ok().flatten().unwrap_or("?").to_owned();
            let (name, kind) = (text("name"), text("system_type_name"));
            let bare = kind.split('(').next().unwrap_or_default();
            let is_readable = !UNREADABLE.contains(&bare) && kind != "?";
            columns.push(Column { name, kind, is_readable });
        }
        Ok(columns)
    }
}

/// Types whose values are bytes, or the server's own; user-defined ones have no name of the system's.
const UNREADABLE: [&str; 9] = [
    "binary",
    "varbinary",
    "image",
    "timestamp",
    "rowversion",
    "geography",
    "geometry",
    "hierarchyid",
    "sql_variant",
];

impl Connection for SqlServer {
    fn session(&mut self) -> Answer<'_, Session> {
        Box::pin(async {
            let asked = "SELECT CAST(SERVERPROPERTY('ProductVersion') AS nvarchar(128))";
            let query = async { self.client.simple_query(asked).await?.into_row().await };
            let row = query.await.map_err(cause)?;
            let version = row.as_ref().and_then(|row| row.try_get::<&str, _>(0).ok().flatten());
            let version = server_text(&format!("SQL Server {}", version.unwrap_or_default()));
            Ok(Session { version, encryption: self.is_encrypted.then(|| "TLS".to_owned()) })
        })
    }

    fn describe<'a>(&'a mut self, statement: &'a Statement) -> Answer<'a, Vec<Column>> {
        Box::pin(self.columns(statement))
    }

    fn query<'a>(&'a mut self, asked: Asked<'a>, limits: Limits) -> Answer<'a, Rows> {
        Box::pin(async move {
            self.meter.allow(limits);
            match self.rows(asked, limits).await {
                Err(Cause::Lost(_)) if self.meter.is_exceeded() => {
                    Err(Cause::TooLarge(limits.size))
                }
                rows => rows,
            }
        })
    }

    fn begin(&mut self, _: Duration) -> Answer<'_, ()> {
        self.meter.allow(NO_ROWS);
        Box::pin(async { self.client.begin_transaction().await.map_err(cause) })
    }

    fn execute<'a>(&'a mut self, asked: Asked<'a>) -> Answer<'a, u64> {
        self.meter.allow(NO_ROWS);
        Box::pin(async move {
            // The server's own counts are silent under NOCOUNT, and tell of triggers' rows, too.
            let counted = format!("{}\n;SELECT @@ROWCOUNT", asked.statement.sql());
            let stream = call(&mut self.client, EXECUTE, counted, asked.values);
            let stream = stream.await.map_err(cause)?;
            let count = stream.try_fold(None, async |count, item| match item {
                CommandItem::Row(row) => Ok(row.try_get::<i32, _>(0).ok().flatten()),
                _ => Ok(count),
            });
            let count = count.await.map_err(cause)?.and_then(|count| u64::try_from(count).ok());
            count.ok_or_else(|| Cause::Lost("the server counts no rows".to_owned()))
        })
    }

    fn end(&mut self, commit: bool) -> Answer<'_, ()> {
        Box::pin(async move {
            let ended = match commit {
                true => self.client.commit_transaction().await,
                false => self.client.rollback_transaction().await,
            };
            ended.map_err(cause)
        })
    }

    fn try_to_write(&mut self) -> Answer<'_, Option<String>> {
        Box::pin(async {
            self.client.begin_transaction().await.map_err(cause)?;
            let write = "CREATE TABLE external_providers_check (n int)";
            let write = async { self.client.simple_query(write).await?.into_results().await };
            let refused = match write.await {
                Ok(_) => None,
                Err(Error::Server(error)) => Some(server_text(error.message())),
                Err(error) => return Err(lost(error)),
            };
            // If it was refused, there may be nothing left to take back.
            let _ = self.client.rollback_transaction().await;
            Ok(refused)
        })
    }

    fn is_closed(&self) -> bool {
        false
    }
}

fn cause(error: Error) -> Cause {
    let Error::Server(error) = error else { return lost(error) };
    let text = server_text(error.message());
    match error.code() {
        // A unique constraint, a unique index.
        2601 | 2627 => Cause::Duplicate(text),
        // From this severity on, the server closes the connection.
        _ if error.class() >= 20 => Cause::Lost(text),
        _ => Cause::Statement(text),
    }
}

fn lost(error: Error) -> Cause {
    Cause::Lost(server_text(&error.to_string()))
}

fn text(value: &ColumnData<'_>, kind: ColumnType, column: &str) -> Result<Option<String>, Cause> {
    use ColumnData as Data;
    use ColumnType as Type;
    let unreadable = |kind: &str| Cause::Type { column: column.to_owned(), kind: kind.to_owned() };
    match kind {
        Type::BigVarBin => return Err(unreadable("varbinary")),
        Type::BigBinary => return Err(unreadable("binary")),
        Type::Image => return Err(unreadable("image")),
        Type::SSVariant => return Err(unreadable("sql_variant")),
        Type::Udt => {
            return Err(unreadable("geography, geometry, hierarchyid or another of the CLR"));
        }
        _ => {}
    }
    Ok(match value {
        Data::U8(number) => number.map(|number| number.to_string()),
        Data::I16(number) => number.map(|number| number.to_string()),
        Data::I32(number) => number.map(|number| number.to_string()),
        Data::I64(number) => number.map(|number| number.to_string()),
        Data::Bit(bit) => bit.map(|bit| bit.to_string()),
        Data::F32(number) => number.map(render::single),
        Data::F64(number) if matches!(kind, Type::Money | Type::Money4) => match number {
            // The driver gives it as a floating point number.
            Some(amount) if amount.abs() > 9e11 => {
                return Err(unreadable("money beyond 900 billion"));
            }
            amount => amount.map(|amount| format!("{amount:.4}")),
        },
        Data::F64(number) => number.map(render::float),
        Data::Numeric(number) => number.map(|number| decimal(number.value(), number.scale())),
        Data::String(text) if matches!(kind, Type::BigChar | Type::NChar) => {
            text.as_ref().map(|text| text.trim_end_matches(' ').to_owned())
        }
        Data::String(text) => text.as_ref().map(|text| text.clone().into_owned()),
        Data::Guid(guid) => guid.map(|guid| guid.to_string()),
        Data::Xml(xml) => xml.as_ref().map(|xml| xml.clone().into_owned().into_string()),
        // Three-hundredths of a second, which the server shows in milliseconds.
        Data::DateTime(time) => time.map(|time| {
            let fragments = u64::from(time.seconds_fragments());
            let milliseconds = (fragments * 10 + 1) / 3;
            since_1900(time.days().into(), milliseconds * 1_000_000)
        }),
        Data::SmallDateTime(time) => time.map(|time| {
            let minutes = u64::from(time.seconds_fragments());
            since_1900(time.days().into(), minutes * 60_000_000_000)
        }),
        Data::Date(day) => day.map(date),
        Data::Time(time) => time.map(|time| render::time(nanoseconds(time))),
        Data::DateTime2(time) => time.map(moment),
        // What is sent is in UTC.
        Data::DateTimeOffset(time) => time.map(|time| format!("{}Z", moment(time.datetime2()))),
        _ => return Err(unreadable("bytes")),
    })
}

/// A whole number with the point so many digits from its end.
fn decimal(value: i128, scale: u8) -> String {
    let sign = if value < 0 { "-" } else { "" };
    let scale = usize::from(scale);
    let digits = format!("{:0>width$}", value.unsigned_abs(), width = scale + 1);
    match digits.split_at(digits.len() - scale) {
        (whole, "") => format!("{sign}{whole}"),
        (whole, fraction) => format!("{sign}{whole}.{fraction}"),
    }
}

fn since_1900(days: i64, nanoseconds: u64) -> String {
    // Days from 1900 to 1970.
    format!("{}T{}", render::date(days - 25_567), render::time(nanoseconds))
}

fn date(day: Date) -> String {
    // Days from the year 1 to 1970.
    render::date(i64::from(day.days()) - 719_162)
}

fn nanoseconds(time: Time) -> u64 {
    time.increments().saturating_mul(10_u64.pow(9_u32.saturating_sub(time.scale().into())))
}

fn moment(time: DateTime2) -> String {
    format!("{}T{}", date(time.date()), render::time(nanoseconds(time.time())))
}

#[cfg(test)]
mod tests;
