//! Why a provider's file cannot be put in force.

use crate::backends::database::{DatabaseError, LoginError, StatementError};
use crate::backends::directory::DirectoryError;
use crate::contract::Kind;
use crate::json_provider::JsonProviderError;
use crate::outbox::{SinkError, StoreError};
use crate::settings::SettingsError;

/// A provider's file that cannot be put in force. No password in it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The file is wrong. Of this error `Display` says all, one line for each problem.
    #[error(transparent)]
    File(#[from] SettingsError),
    /// A directory cannot be asked as it says.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// A database cannot be asked as it says.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// A login cannot be asked as it says.
    #[error(transparent)]
    Login(#[from] LoginError),
    /// A statement cannot be used.
    #[error("the statement of {name} cannot be used")]
    Statement {
        /// The look-up or effect.
        name: String,
        /// Why.
        #[source]
        error: StatementError,
    },
    /// A sink cannot be told as it says.
    #[error("the sink {name} cannot be used: {error}")]
    Sink {
        /// Its name.
        name: String,
        /// Why.
        error: SinkError,
    },
    /// Events cannot be kept where it says.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Events that wait where they are kept now would be left there.
    #[error(
        "events are kept elsewhere as it says, which needs a new start: when nothing waits any more \
         (external-providers events status)"
    )]
    StoreChanged,
    /// A database cannot be used for what it says.
    #[error("the database {name} cannot be used")]
    NoDatabase {
        /// The name.
        name: String,
    },
    /// The old service cannot be called as it says.
    #[error(transparent)]
    Forward(#[from] crate::gateway::LoadError),
    /// The endpoint of a kind cannot be called as it says.
    #[error("the endpoint of {kind} cannot be called")]
    Json {
        /// The kind.
        kind: Kind,
        /// Why.
        #[source]
        error: JsonProviderError,
    },
    /// The service that runs cannot become what the file says.
    #[error("{0}")]
    Refused(String),
    /// It did not come from a file, so it cannot be read again.
    #[error("the provider was not loaded from a file")]
    NoFile,
    /// The task that reads it did not finish.
    #[error("reading the provider's file failed unexpectedly")]
    Unfinished,
}

impl LoadError {
    pub(super) fn statement(name: &str) -> impl FnOnce(StatementError) -> Self {
        let name = name.to_owned();
        move |error| Self::Statement { name, error }
    }
}
