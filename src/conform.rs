//! A conformance kit: numbered cases that test a provider, written in any language, against the
//! contract from the outside.

mod case;
mod cases;
mod judge;
mod kit;
mod message;
mod reading;
mod shell;
mod wire;

use std::time::Duration;

pub use self::case::{Case, GROUPS, Level, Number, Selection, SelectionError};
use crate::doctor::Subject;
use crate::secret::Secret;

/// A user of the service, for whom logins are tested.
#[derive(Debug, Clone)]
pub struct User {
    /// The name by which he logs in.
    pub name: String,
    /// His password; without one, only what asks for none is tested.
    pub password: Option<Secret>,
}

/// How the lines for a shell get at what is not to stand in them.
#[derive(Debug, Clone)]
pub struct Shell {
    /// The web service password, as a word of the shell: `"$EXTERNAL_PROVIDERS_AUTH_PASSWORD"`.
    pub auth: String,
    /// The user's password, as a word of the shell.
    pub password: String,
    /// Options of curl, for TLS.
    pub curl: Vec<String>,
    max_time: Duration,
    /// Has the service's address a query? It may be a secret.
    query: bool,
}

impl Default for Shell {
    fn default() -> Self {
        Self {
            auth: "\"$EXTERNAL_PROVIDERS_AUTH_PASSWORD\"".to_owned(),
            password: "\"$EXTERNAL_PROVIDERS_USER_PASSWORD\"".to_owned(),
            curl: Vec::new(),
            max_time: Duration::from_secs(5),
            query: false,
        }
    }
}

/// What is tested, and how.
#[derive(Debug, Clone)]
pub struct Suite {
    /// The service: address, web service password, namespace (by default that of its WSDL), TLS. Its kind,
    /// SOAP version and proxy are not looked at.
    pub subject: Subject,
    /// A user of the service. Default none.
    pub user: Option<User>,
    /// Operations of the contract that the service calls otherwise, with their names there. Default: its
    /// WSDL tells.
    pub operations: Vec<(String, String)>,
    /// May operations be called that change something? Default no.
    pub allow_changes: bool,
    /// How long all may take. Default 30 s; what is not done by then is not run.
    pub timeout: Duration,
    /// How long an answer may take. Default 5 s.
    pub answer_timeout: Duration,
    /// What the lines for a shell are made with.
    pub shell: Shell,
}
