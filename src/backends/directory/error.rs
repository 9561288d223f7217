//! Failures of a call: of the settings, of the way to a server, of the account, of the server. Never a
//! word about a user.

use std::fmt;
use std::time::Duration;

use crate::http::ConnectError;
use crate::tls::TlsError;

/// Why a directory gives no answer about a user.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct DirectoryError {
    /// The directory's name.
    pub directory: String,
    /// The server that was asked, as it is set.
    pub server: Option<String>,
    /// Why.
    pub cause: Cause,
}

/// Why a directory gives no answer about a user.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Cause {
    /// A setting that cannot be as it is.
    #[error("{key}: {problem}")]
    Setting {
        /// The key of the provider's file.
        key: &'static str,
        /// What is wrong.
        problem: String,
    },
    /// No connection.
    #[error("no connection: {0}")]
    Connect(ConnectError),
    /// No connection in time.
    #[error("no connection within {0:?}")]
    ConnectTimeout(Duration),
    /// No TLS.
    #[error("{0}")]
    Tls(Box<TlsError>),
    /// The server does not do StartTLS.
    #[error("StartTLS is refused: {0}")]
    StartTls(String),
    /// The server takes no password without encryption.
    #[error("a bind without encryption is refused: {0}")]
    Unencrypted(String),
    /// The account cannot log in.
    #[error("the account {account} is refused: {answer}")]
    Account {
        /// The account.
        account: String,
        /// What the server said.
        answer: String,
    },
    /// There is no account, and one is needed.
    #[error("without an account, nobody can be looked up")]
    NoAccount,
    /// The base does not exist, or not for the account.
    #[error("the base {base} cannot be searched: {answer}")]
    Base {
        /// The base.
        base: String,
        /// What the server said.
        answer: String,
    },
    /// The account finds nothing at all.
    #[error("the account may not read: {0}")]
    Rights(String),
    /// More entries than the server gives.
    #[error("the server ended the search at its size limit: {0}")]
    SizeLimit(String),
    /// More entries, or larger ones, than are read.
    #[error("more than {0} came in answer to one search")]
    TooMuch(&'static str),
    /// Another result of an operation.
    #[error("{operation} failed: {answer}")]
    Answer {
        /// The operation.
        operation: &'static str,
        /// What the server said.
        answer: String,
    },
    /// No answer in time.
    #[error("no answer to {operation} within {within:?}")]
    Timeout {
        /// The operation.
        operation: &'static str,
        /// How long it was waited.
        within: Duration,
    },
    /// The connection ended before the answer.
    #[error("the connection ended during {0}")]
    Lost(&'static str),
    /// What came is not LDAP.
    #[error("the answer is not LDAP: {0}")]
    Malformed(&'static str),
    /// All connections were in use for too long.
    #[error("no connection became free within {0:?}")]
    Busy(Duration),
    /// Too many binds of one user had no answer: the directory may have counted them as wrong passwords.
    #[error("{count} passwords of this user had no answer within {within:?}: no more are sent")]
    Unanswered {
        /// So many.
        count: usize,
        /// The throttle's window.
        within: Duration,
    },
    /// The server made others wait in vain, and is not asked for a while.
    #[error("not asked for a while: {because}")]
    PassedOver {
        /// What happened.
        because: String,
    },
    /// No server could be asked: each with its reason.
    #[error("no server answers: {}", .0.join("; "))]
    NoServer(Vec<String>),
}

impl Cause {
    /// What to do about it.
    pub fn remedy(&self) -> String {
        let remedy = match self {
            Self::Setting { .. } => "correct it in the provider's file",
            Self::Connect(error) => {
                error.cause.remedy().unwrap_or("check the server's name and port, and firewalls")
            }
            Self::Tls(error) => return error.remedy_in_file(),
            Self::ConnectTimeout(_) => {
                "check the server's name and port, and firewalls between here and there"
            }
            Self::StartTls(_) => {
                "give the server a certificate, or use ldaps://; insecure_plain_text = true sends passwords that can be read on the way"
            }
            Self::Unencrypted(_) => "take out insecure_plain_text, or use ldaps://",
            Self::Account { .. } => {
                "check account (a full DN) and its password, and that it is neither locked nor expired; it is tried again after throttle_window, or after a restart"
            }
            Self::NoAccount => "set account and password_file",
            Self::Base { .. } => "check base, and that the account may read it",
            Self::Rights(_) => "let the account read users below base, or check account and base",
            Self::SizeLimit(_) => {
                "let the filter find one user (does it hold {name} or {login}?), or raise the account's limit"
            }
            Self::TooMuch(_) => "let base, group_base and filter find less",
            Self::Answer { .. } => "look at the server's log",
            Self::Timeout { .. } | Self::Lost(_) | Self::Busy(_) | Self::PassedOver { .. } => {
                "look at the server's load and log"
            }
            Self::Unanswered { .. } => {
                "look at the server's load and log; it may have counted them as wrong ones, and locks accounts after a few"
            }
            Self::Malformed(_) => "check that server and port are an LDAP server's",
            Self::NoServer(_) => "see each",
        };
        remedy.to_owned()
    }
}

impl fmt::Display for DirectoryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "directory {}: ", self.directory)?;
        if let Some(server) = &self.server {
            write!(f, "{server}: ")?;
        }
        write!(f, "{}", self.cause)?;
        match &self.cause {
            Cause::NoServer(_) => Ok(()),
            cause => write!(f, ": {}", cause.remedy()),
        }
    }
}

impl std::error::Error for DirectoryError {}
