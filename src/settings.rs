//! The product's External Providers page as a file: TOML with a section for each tab.
//!
//! ```
//! use external_providers::contract::Kind;
//! use external_providers::settings::Settings;
//!
//! let text = r#"
//! [options]
//! ticket = true
//!
//! [ticket]
//! provider = "external"
//! url = "https://crm.example.com/Provider.asmx"
//! password = "in a file of its own (password_file) it would be better off"
//! "#;
//! let settings = Settings::parse(text, "settings.toml")?;
//! let service = settings.tab(Kind::Ticket).external().expect("it is enabled");
//! assert_eq!(service.shown_url(), "https://crm.example.com/Provider.asmx");
//! assert_eq!(settings.warnings()[0].key, "ticket.password");
//! # Ok::<(), external_providers::settings::SettingsError>(())
//! ```
//!
//! [`example`] is such a file with every key and its default, [`schema`] a JSON Schema for editors;
//! both are made of the one table of keys ([`keys`]), which also drives the reading.
//!
//! What the page's settings are called here, with a test of each in `tests/it/gateway/page.rs`:
//!
//! | the page | key |
//! |---|---|
//! | Enable login / registration / custom field / ticket / live chat / user information / events provider | `options.login`, `.registration`, `.custom_fields`, `.ticket`, `.live_chat`, `.user_information`, `.events` |
//! | built-in provider or external web service (each tab) | `TAB.provider` = `"built-in"` or `"external"` |
//! | Web Service URL (each tab) | `TAB.url` |
//! | Web Service Password (each tab) | one of `TAB.password_file`, `password_env`, `password_credential` (systemd), `password` (with a warning) |
//! | Forgot Password URL | `login.forgot_password_url` |
//! | Custom Login URL | `login.custom_login_url` |
//! | Default Role for Users | `login.default_role` = `"registered"` or `"anonymous"` |
//! | Mark email addresses as verified | `login.mark_email_verified` |
//! | Enable single sign-on cookies from other sites | `login.accept_sign_on_cookies` |
//!
//! What a deployment needs beside them (namespace, SOAP, the operation's name, time-outs, limits,
//! retries, breaker, certificates, proxy) is in each tab, too. `[defaults]` holds what several kinds
//! share: every key of a tab but those of the login page and `operation`. A key in a tab takes the
//! place of the one there, one of its password keys that of every password key.
//!
//! A file has at most 256 KiB; paths in it start at its folder; passwords are read only for kinds that
//! are enabled and external. `timeout` is for one call; reading the WSDL before the first call, with
//! `"discover"`, has the same time again. An application that gives up earlier keeps the breaker from
//! opening, so it should be what the application is willing to wait.
//!
//! Beside mistakes there are [warnings](Settings::warnings): of a tab that is set up while `[options]`
//! does not speak of it, an external login without `forgot_password_url` or `default_role` (the product
//! asks for both), passwords in the file or over `http://`.

mod tab;

mod keys;

mod file;

mod read;
mod service;

pub(crate) mod source;

pub(crate) mod section;

mod example;
mod schema;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

pub use example::example;
pub(crate) use example::{entry as example_entry, wrap as example_words};
pub(crate) use file::FileKind;
pub(crate) use keys::PASSWORDS;
pub use keys::{DEFAULTS, Key, OPTIONS, SWITCHES, Shape, TABS, keys, shared_keys};
pub(crate) use read::in_order_once;
pub use schema::schema;
pub(crate) use schema::section as schema_section;
pub(crate) use service::{forward, forward_keys, service as external_service};
pub use tab::{ExternalService, LoginSettings, Name, ProviderSource, Role, Tab};
pub(crate) use tab::{default_operation, has_operation_key};

use crate::contract::Kind;
pub use crate::toml_document::Problem;

/// The settings file, in words.
const FILE: FileKind = FileKind {
    example: "external-providers settings init writes an example",
    question: "is it the settings file?",
};

/// What the page says. The default has no provider enabled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// What the login tab says beside its service.
    pub login: LoginSettings,
    /// In the order of [`Kind::ALL`].
    tabs: Vec<Tab>,
    warnings: Vec<Problem>,
    file: Option<PathBuf>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            login: LoginSettings::default(),
            tabs: Kind::ALL.iter().copied().map(Tab::new).collect(),
            warnings: Vec::new(),
            file: None,
        }
    }
}

/// What settings may refer to: files and the environment.
#[derive(Clone, Copy)]
pub struct Surroundings<'s> {
    /// Where relative paths start.
    pub folder: &'s Path,
    /// Looks an environment variable up.
    pub variable: &'s dyn Fn(&str) -> Option<OsString>,
}

impl<'s> Surroundings<'s> {
    /// A folder, and the process's environment.
    pub fn of_process(folder: &'s Path) -> Self {
        Self { folder, variable: &|name| std::env::var_os(name) }
    }

    /// The same where a file lies.
    pub(crate) fn of_file(file: &'s Path) -> Self {
        Self::of_process(file.parent().unwrap_or(Path::new("")))
    }
}

impl Settings {
    /// Reads a file of at most 256 KiB. Relative paths in it start at its folder. Passwords of
    /// providers that are enabled and external are read now; those of others are left alone.
    ///
    /// # Errors
    ///
    /// All that is wrong with it, each with its line and key.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, SettingsError> {
        Self::load_for(path.as_ref(), None)
    }

    /// The same for one kind: mistakes in the sections of others, passwords that cannot be read among
    /// them, are [warnings](Self::warnings), and those kinds are not enabled.
    ///
    /// # Errors
    ///
    /// All that is wrong with the rest of it.
    pub fn load_kind(path: impl AsRef<Path>, kind: Kind) -> Result<Self, SettingsError> {
        Self::load_for(path.as_ref(), Some(kind))
    }

    fn load_for(path: &Path, only: Option<Kind>) -> Result<Self, SettingsError> {
        let name = path.display().to_string();
        let text = FILE.read(path)?;
        let mut settings = Self::parse_for(&text, &name, only, Surroundings::of_file(path))?;
        source::warn_of_readers(path, &mut settings.warnings);
        settings.file = Some(path.to_owned());
        Ok(settings)
    }

    /// Reads a text; `name` stands for the file in errors. Relative paths start at the working
    /// folder, variables are the process's.
    pub fn parse(text: &str, name: &str) -> Result<Self, SettingsError> {
        Self::parse_in(text, name, Surroundings::of_process(Path::new("")))
    }

    /// [`parse`](Self::parse) with other files and another environment.
    pub fn parse_in(
        text: &str,
        name: &str,
        surroundings: Surroundings<'_>,
    ) -> Result<Self, SettingsError> {
        Self::parse_for(text, name, None, surroundings)
    }

    fn parse_for(
        text: &str,
        name: &str,
        only: Option<Kind>,
        surroundings: Surroundings<'_>,
    ) -> Result<Self, SettingsError> {
        let text = FILE.not_empty(text, name)?;
        read::settings(text, only, surroundings).map_err(|(problems, warnings)| {
            SettingsError::Invalid { file: name.to_owned(), problems, warnings }
        })
    }

    /// A tab.
    pub fn tab(&self, kind: Kind) -> &Tab {
        &self.tabs[kind as usize]
    }

    /// A tab, to be changed.
    pub fn tab_mut(&mut self, kind: Kind) -> &mut Tab {
        &mut self.tabs[kind as usize]
    }

    /// Enables a kind with an external service.
    pub fn enable(&mut self, service: ExternalService) {
        let kind = service.kind;
        *self.tab_mut(kind) = Tab { enabled: true, provider: ProviderSource::External, service };
    }

    /// Enables a kind with the built-in provider.
    pub fn enable_built_in(&mut self, kind: Kind) {
        let tab = self.tab_mut(kind);
        (tab.enabled, tab.provider) = (true, ProviderSource::BuiltIn);
    }

    /// What is allowed, but perhaps not meant, or unwise.
    pub fn warnings(&self) -> &[Problem] {
        &self.warnings
    }

    /// The file that they were loaded from.
    pub fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }
}

/// Settings that cannot be used. No password in it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SettingsError {
    /// There is nothing to read.
    Unread {
        /// The file.
        file: String,
        /// Why.
        why: String,
        /// What to do about it.
        hint: Option<&'static str>,
    },
    /// It says what cannot be.
    Invalid {
        /// The file.
        file: String,
        /// All that is wrong, in the order of the lines.
        problems: Vec<Problem>,
        /// What would be [warned of](Settings::warnings) otherwise; `Display` leaves it out.
        warnings: Vec<Problem>,
    },
}

impl std::fmt::Display for SettingsError {
    /// One line for each problem: `FILE:LINE: key: what (hint)`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unread { file, why, hint } => {
                write!(f, "{file}: {why}")?;
                hint.map_or(Ok(()), |hint| write!(f, " ({hint})"))
            }
            Self::Invalid { file, problems, .. } => {
                let lines: Vec<_> = problems.iter().map(|problem| line(file, problem)).collect();
                f.write_str(&lines.join("\n"))
            }
        }
    }
}

impl std::error::Error for SettingsError {}

/// A problem as `FILE:LINE: key: what (hint)`.
pub fn line(file: &str, problem: &Problem) -> String {
    let text = problem.to_string();
    let rest = text.split_once(": ").map_or(text.as_str(), |(_, rest)| rest);
    format!("{file}:{}: {rest}", problem.line)
}
