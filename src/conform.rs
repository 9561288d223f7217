//! A conformance kit: numbered cases that test a provider, written in any language, against the
//! contract from the outside.

mod message;
mod reading;
mod shell;
mod wire;

use std::time::Duration;

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
