//! Why a host does not start.

use std::io;
use std::path::PathBuf;

/// A host that refuses to start: each reason in one sentence.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HostError {
    /// There is nothing to host.
    #[error("the host has no service: add at least one")]
    NoService,
    /// A service without a provider.
    #[error("the service at {path} has no provider: register at least one kind")]
    NoKind {
        /// Its path.
        path: String,
    },
    /// Two providers of one operation, or of the kind that it belongs to.
    #[error("the service at {path} has two providers of {operation}: register one")]
    DuplicateOperation {
        /// Its path.
        path: String,
        /// The operation's name.
        operation: &'static str,
    },
    /// A service without a password.
    #[error("the service at {path} has no web service password: set one, or anybody could call it")]
    NoPassword {
        /// Its path.
        path: String,
    },
    /// A path is invalid.
    #[error("\"{path}\" is not a valid path of a service: write it as /Provider.asmx")]
    Path {
        /// What was given.
        path: String,
    },
    /// Two services at one path, whose case does not count.
    #[error("there are two services at {path} (the case of a path does not count): rename one")]
    DuplicatePath {
        /// The path.
        path: String,
    },
    /// A namespace that is not an absolute URI.
    #[error(
        "the namespace \"{namespace}\" of {path} is not an absolute URI such as http://tempuri.org/"
    )]
    Namespace {
        /// The service's path.
        path: String,
        /// What was given.
        namespace: String,
    },
    /// A name that cannot stand in a WSDL.
    #[error("the service at {path} cannot be called \"{name}\": use letters, digits, _, - and .")]
    Name {
        /// The service's path.
        path: String,
        /// What was given.
        name: String,
    },
    /// A certificate or key that cannot be used.
    #[error("cannot use the {what} {}", path.display())]
    Certificate {
        /// `certificate` or `private key`.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        error: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The thread that looks after connections cannot be started.
    #[error("cannot start a thread")]
    Thread {
        /// Why.
        #[source]
        error: io::Error,
    },
    /// The address cannot be listened on.
    #[error("cannot listen on {address}")]
    Bind {
        /// The address.
        address: String,
        /// Why.
        #[source]
        error: io::Error,
    },
}
