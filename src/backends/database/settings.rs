//! Which database, and how it is reached.

use std::path::PathBuf;
use std::time::Duration;

use crate::http::bare_host;
use crate::secret::Secret;
use crate::tls::Fingerprint;

/// The kinds of databases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DatabaseKind {
    /// A file of SQLite.
    Sqlite,
    /// PostgreSQL.
    Postgres,
    /// MySQL or MariaDB.
    MySql,
    /// Microsoft SQL Server.
    SqlServer,
}

impl DatabaseKind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Sqlite, Self::Postgres, Self::MySql, Self::SqlServer];

    /// Its name in settings: `sqlite`, `postgres`, `mysql`, `sqlserver`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
            Self::MySql => "mysql",
            Self::SqlServer => "sqlserver",
        }
    }

    /// The cargo feature that builds its driver.
    pub fn feature(self) -> &'static str {
        match self {
            Self::SqlServer => "mssql",
            other => other.name(),
        }
    }

    /// Is its driver built?
    pub fn is_built(self) -> bool {
        match self {
            Self::Sqlite => cfg!(feature = "sqlite"),
            Self::Postgres => cfg!(feature = "postgres"),
            Self::MySql => cfg!(feature = "mysql"),
            Self::SqlServer => cfg!(feature = "mssql"),
        }
    }

    /// The port that its servers listen at unless told otherwise; a file has none.
    pub fn port(self) -> u16 {
        match self {
            Self::Sqlite => 0,
            Self::Postgres => 5432,
            Self::MySql => 3306,
            Self::SqlServer => 1433,
        }
    }
}

impl std::fmt::Display for DatabaseKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
            Self::MySql => "MySQL",
            Self::SqlServer => "SQL Server",
        })
    }
}

/// How a database is reached. Two that are equal reach the same, so that a pool can be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatabaseSettings {
    /// Its kind.
    pub kind: DatabaseKind,
    /// The file, for SQLite alone.
    pub file: PathBuf,
    /// The server's host name or address; default `localhost`.
    pub host: String,
    /// The server's port; default that of the kind.
    pub port: Option<u16>,
    /// The name of the database on the server.
    pub database: String,
    /// The account, which should be granted reading alone unless there are effects.
    pub user: String,
    /// The account's password.
    pub password: Secret,
    /// Must the connection be encrypted? By default, unless the server is on this machine. If it must
    /// and the server cannot, there is no connection; if not, there is no TLS at all.
    pub encryption: Option<bool>,
    /// Certificates (PEM or DER) that are trusted beside the system's; empty for none.
    pub root_certificates: Vec<u8>,
    /// Trust this one certificate and no other.
    pub trust_fingerprint: Option<Fingerprint>,
    /// How long a connection may take, name look-up, TLS and login included; default 5 seconds.
    pub connect_timeout: Duration,
    /// Connections at a time, from 1; default 4. Those who find none free wait.
    pub max_connections: usize,
}

impl DatabaseSettings {
    /// The defaults of a kind.
    pub fn new(kind: DatabaseKind) -> Self {
        Self {
            kind,
            file: PathBuf::new(),
            host: "localhost".to_owned(),
            port: None,
            database: String::new(),
            user: String::new(),
            password: Secret::default(),
            encryption: None,
            root_certificates: Vec::new(),
            trust_fingerprint: None,
            connect_timeout: Duration::from_secs(5),
            max_connections: 4,
        }
    }

    /// The port, the kind's own if none is set.
    pub fn port(&self) -> u16 {
        self.port.unwrap_or(self.kind.port())
    }

    /// Is the connection encrypted?
    pub fn is_encrypted(&self) -> bool {
        self.kind != DatabaseKind::Sqlite && self.encryption.unwrap_or(!self.is_loopback())
    }

    /// Is the server on this machine?
    pub(super) fn is_loopback(&self) -> bool {
        let host = bare_host(&self.host);
        let is_loopback = |address: std::net::IpAddr| address.is_loopback();
        host.eq_ignore_ascii_case("localhost") || host.parse().is_ok_and(is_loopback)
    }

    /// Where it is, for people: a file, or `postgres://db.example.com:5432/billing`.
    pub fn address(&self) -> String {
        match self.kind {
            DatabaseKind::Sqlite => self.file.display().to_string(),
            kind => format!("{}://{}:{}/{}", kind.name(), self.host, self.port(), self.database),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_to_other_machines_are_encrypted_unless_told_otherwise() {
        let encrypted = |host: &str, encryption| {
            let settings = DatabaseSettings::new(DatabaseKind::Postgres);
            DatabaseSettings { host: host.to_owned(), encryption, ..settings }.is_encrypted()
        };
        for (host, by_default) in [
            ("db.example.com", true),
            ("192.0.2.7", true),
            ("localhost.example.com", true),
            ("localhost", false),
            ("127.0.0.1", false),
            ("[::1]", false),
        ] {
            assert_eq!(encrypted(host, None), by_default, "{host}");
            assert!(encrypted(host, Some(true)));
            assert!(!encrypted(host, Some(false)));
        }
    }
}
