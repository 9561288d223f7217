//! Logins from LDAP directories and Active Directory.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use external_providers::backends::directory::{Directory, DirectorySettings, Kind, Login};
//! use external_providers::explanation::Explanation;
//!
//! let servers = ["ldaps://dc1.example.com", "ldaps://dc2.example.com"];
//! let mut settings = DirectorySettings::new(Kind::ActiveDirectory, servers, "DC=example,DC=com");
//! settings.account = Some("CN=svc,OU=Service,DC=example,DC=com".to_owned());
//! settings.password = "the account's password".into();
//! let directory = Directory::new("ad", settings)?;
//! match directory.authenticate("ann", &"her password".into(), &Explanation::default()).await? {
//!     Login::Accepted(person) => println!("{:?}", person.email),
//!     Login::Refused(refusal) => println!("known, but: {refusal}"),
//!     Login::Unknown | Login::Elsewhere => println!("nobody"),
//! }
//! # Ok(())
//! # }
//! ```
//!
//! The account searches for the user, who is then bound once, at one server, on a connection of its own.

mod error;
mod refusal;
mod settings;

mod ber;
mod dn;
mod filter;
mod message;
mod name;

mod bind_result;
mod connection;
mod server_url;
mod servers;
mod state;
mod throttle;

mod search;

mod groups;

mod login;

mod check;
mod provider;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

pub use error::{Cause, DirectoryError};
pub use provider::{DirectoryLogin, Messages};
pub use refusal::{Reason, Refusal};
pub use settings::{Decision, DirectorySettings, GroupSource, Kind};

use crate::explanation::Explanation;
use crate::report::Report;
use crate::secret::Secret;
use crate::tls::{TrustError, client_config, verifier};
use dn::Dn;
use servers::Servers;
use throttle::Throttle;

/// A directory that is asked about users. Clones share its connections and what it remembers.
#[derive(Clone)]
pub struct Directory(Arc<Inner>);

struct Inner {
    name: String,
    settings: DirectorySettings,
    /// Where groups are.
    group_base: String,
    servers: Servers,
    throttle: Throttle,
    /// Has the server answered with the control of password policies yet?
    tells_policy: AtomicBool,
}

/// What a directory says of a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Login {
    /// The user may log in.
    Accepted(Person),
    /// The directory knows the user, who may not log in.
    Refused(Refusal),
    /// The directory does not know the user.
    Unknown,
    /// The name has a domain that is not one of this directory's.
    Elsewhere,
}

/// A user as the directory has it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Person {
    /// The entry's DN, as the directory writes it.
    pub dn: String,
    /// The first of the attributes for the e-mail address that has a value.
    pub email: Option<String>,
    /// The first of those for the display name.
    pub display_name: Option<String>,
    /// The names of the groups that the user is in, directly or by other groups.
    pub groups: Vec<String>,
}

impl Directory {
    /// Takes a directory in. Nothing is connected yet; whatever can be known without the network is
    /// checked: URLs, certificates, filter and DNs, which must name the user.
    pub fn new(
        name: impl Into<String>,
        settings: DirectorySettings,
    ) -> Result<Self, DirectoryError> {
        let name = name.into();
        match Inner::new(name.clone(), settings) {
            Ok(inner) => Ok(Self(Arc::new(inner))),
            Err(cause) => Err(DirectoryError { directory: name, server: None, cause }),
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// How it is asked.
    pub fn settings(&self) -> &DirectorySettings {
        &self.0.settings
    }

    /// May this user log in with this password? What was asked and answered is noted.
    ///
    /// # Errors
    ///
    /// Whatever keeps the directory from an answer: no server can be reached, the account is refused,
    /// the base does not exist. Nothing of that is said as if it were the user's fault.
    pub async fn authenticate(
        &self,
        login: &str,
        password: &Secret,
        explanation: &Explanation,
    ) -> Result<Login, DirectoryError> {
        let answer = login::authenticate(&self.0, login, password, explanation).await;
        self.0.log(login, &answer, explanation);
        answer
    }

    /// Would a user in these groups, names or DNs, get in as far as `require_groups` goes?
    pub fn admits(&self, groups: &[String]) -> bool {
        let groups: Vec<_> = groups.iter().map(|group| groups::Group::named(group)).collect();
        login::admits(&self.0.settings, &groups)
    }

    /// Who is this user, whose password has been proved elsewhere? Asked by the account; disabled,
    /// expired and locked users are refused.
    ///
    /// # Errors
    ///
    /// As of [`authenticate`](Self::authenticate); also where there is no account.
    pub async fn find(
        &self,
        login: &str,
        explanation: &Explanation,
    ) -> Result<Login, DirectoryError> {
        let answer = login::find(&self.0, login, explanation).await;
        self.0.log(login, &answer, explanation);
        answer
    }

    /// Looks at everything that logins need, step by step, and at one user if a name is given. No user
    /// is bound.
    pub async fn check(&self, user: Option<&str>) -> Report {
        check::report(&self.0, user).await
    }
}

impl Inner {
    fn new(name: String, settings: DirectorySettings) -> Result<Self, Cause> {
        let mistake = |key, problem: &str| Cause::Setting { key, problem: problem.to_owned() };
        if settings.servers.is_empty() {
            return Err(mistake("servers", "there is none: give [\"ldaps://HOST\"]"));
        }
        let base = Dn::parse(&settings.base).ok_or_else(|| mistake("base", "it is not a DN"))?;
        let group_base = settings.group_base.clone().unwrap_or_else(|| base.domain().to_owned());
        if Dn::parse(&group_base).is_none() {
            return Err(mistake("group_base", "it is not a DN"));
        }
        check_names(&settings)?;
        match &settings.account {
            None if settings.dn_template.is_none() => {
                return Err(mistake(
                    "account",
                    "without it, and without dn_template, nobody can be looked for",
                ));
            }
            Some(account) if account.trim().is_empty() => {
                return Err(mistake("account", "it is empty"));
            }
            Some(_) if !connection::is_sendable(&settings.password) => {
                return Err(mistake("password", "the account's is empty or blank, or holds a NUL"));
            }
            _ => {}
        }
        for (key, time) in
            [("connect_timeout", settings.connect_timeout), ("timeout", settings.timeout)]
        {
            if time.is_zero() {
                return Err(mistake(key, "no time is too little"));
            }
        }
        let servers = Servers::new(&name, &settings, |host| {
            let made = verifier(host, &settings.root_certificates, settings.trust_fingerprint);
            let config = made.and_then(client_config).map_err(|error| match error {
                TrustError::Roots(error) => mistake("root_certificates", &error.to_string()),
                TrustError::Platform(words) => mistake("servers", &words),
            })?;
            Ok(Arc::new(config))
        })?;
        let throttle = Throttle::new(settings.throttle_failures, settings.throttle_window);
        let throttle = throttle
            .ok_or_else(|| mistake("throttle_failures", "the system gives no random numbers"))?;
        Ok(Self {
            name,
            settings,
            group_base,
            servers,
            throttle,
            tells_policy: AtomicBool::new(false),
        })
    }

    fn note(&self, explanation: &Explanation, line: impl FnOnce() -> String) {
        explanation.note(|| format!("directory {}: {}", self.name, line()));
    }

    /// Notes the end, and logs why a login failed.
    fn log(&self, login: &str, answer: &Result<Login, DirectoryError>, explanation: &Explanation) {
        let directory = self.name.as_str();
        match answer {
            Ok(Login::Accepted(person)) => {
                let dn = || self.servers.shown(&person.dn, None);
                self.note(explanation, || format!("{} may log in", dn()));
                tracing::debug!(directory, dn = dn(), "login accepted");
            }
            Ok(Login::Refused(refusal)) => {
                self.note(explanation, || format!("refused, {}: {refusal}", refusal.reason.code()));
                let dn = refusal.dn.as_deref().map(|dn| self.servers.shown(dn, None));
                let reason = refusal.reason.code();
                tracing::info!(directory, login = ?login, dn, reason, words = refusal.words, "login refused");
            }
            Ok(Login::Unknown) => {
                self.note(explanation, || "no such user".to_owned());
                tracing::info!(directory, login = ?login, "no such user");
            }
            Ok(Login::Elsewhere) => {
                self.note(explanation, || "another domain's user".to_owned());
            }
            Err(error) => self.note(explanation, || format!("failed: {}", error.cause)),
        }
    }
}

/// Do filter and template name the user, and are they what they should be?
fn check_names(settings: &DirectorySettings) -> Result<(), Cause> {
    // Of every kind of character that a name may have.
    let probe = name::Name { login: "a*()\\,+\"\0", name: "a*()\\,+\"\0" };
    let mistake = |key, problem| Err(Cause::Setting { key, problem });
    if let Some(template) = &settings.dn_template {
        if let Some(problem) = name::mistake(template) {
            return mistake("dn_template", problem);
        }
        let dn = Dn::parse(&probe.fill(template, dn::escape));
        return match dn.is_some_and(|dn| dn.has_value(probe.name)) {
            true => Ok(()),
            false => mistake(
                "dn_template",
                "it is not a DN with {name} or {login} as a value".to_owned(),
            ),
        };
    }
    if let Some(problem) = name::mistake(&settings.filter) {
        return mistake("filter", problem);
    }
    match filter::encode(&probe.fill(&settings.filter, filter::escape)) {
        Ok(_) => Ok(()),
        Err(problem) => mistake("filter", problem),
    }
}

impl fmt::Debug for Directory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Directory")
            .field("name", &self.0.name)
            .field("settings", &self.0.settings)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
