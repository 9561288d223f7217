//! One file that answers the help desk: directories, databases, rules, and the old service for the
//! rest.
//!
//! ```no_run
//! use external_providers::provider_file::Provider;
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let provider = Provider::load("/etc/external-providers/provider.toml")?;
//! # #[cfg(unix)]
//! provider.reload_on_sighup()?;
//! let listen = provider.service().listen;
//! let host = provider.host("for a file without a password".into()).build()?;
//! // Events go from the store to the sinks, as long as there is this.
//! let _delivery = provider.deliver_events().await?;
//! host.bind(listen.as_str()).await?.serve(std::future::pending()).await;
//! # Ok(())
//! # }
//! ```
//!
//! A section for each kind of provider says how it is answered; a kind without one is not provided.
//! What is needed stands in sections of its own: `[directories.NAME]`, `[databases.NAME]`, statements
//! that read (`[lookups.NAME]`), statements that change something (`[effects.NAME]`), logins from
//! look-ups (`[logins.NAME]`), who is told of events (`[sinks.NAME]`). [`example`] is such a file with every key, [`schema`] a JSON Schema for
//! editors, [`preset`] a short file to begin with; all are made of the tables of keys that drive the
//! reading, too. All mistakes are found at once, each with its line; names that nothing defines are
//! mistakes, what nothing uses is a [warning](ProviderFile::warnings).
//!
//! `[login_page]` is a page for people to log in, beside the service: it asks as `[login]` says, and sets the
//! cookie by which the help desk knows the user ([`sign_on`](crate::sign_on)).
//!
//! A call is answered in this order: the look-ups that the kind's rules need are made, at the same
//! time; the rules decide; if the kind says `otherwise = "forward"`, the old service is asked, or with
//! `provider = "json"` the endpoint of `[json]` ([`json_provider`](crate::json_provider)), with the
//! request as it came, and the answer fills what the rules left open; last comes the statement with an
//! effect, if a rule asks for one and the ticket or chat may start. So:
//!
//! - What a rule refuses, the old service does not hear of.
//! - What rules set (department, fields, a property of a custom field, a message) wins over what the
//!   old service says of the same thing; a ticket that a rule allows is allowed, whatever it says.
//! - All that is said here of the old service holds for such an endpoint.
//! - A call that changes something at the old service is sent at most once. If a statement with an
//!   effect refuses after that, the old service keeps what it did.
//! - Logins are asked for in the order of `login.ask`: the first directory or login that knows the user
//!   decides; then rules may refuse whom it let in. The old service is asked about users whom nobody
//!   knows; whom it refuses is told what `refused` says, as others are. An empty or blank password is
//!   refused before anybody is asked.
//!
//! An event is answered when the [store](crate::outbox) has it for every sink that takes it; a store that
//! fails is a failure of the call. Whoever hosts the provider [delivers](Provider::deliver_events) what is
//! kept. Events that no sink takes go to the old service with `otherwise = "forward"`, and nowhere
//! without it.
//!
//! A look-up, directory or old service that fails is a failure of the call (`Success=false` with a
//! sentence for the person; the log has the rest), never a "no".

mod keys;

mod example;
mod schema;

mod model;

mod forward;

mod error;
mod read;

mod join;

mod endpoints;
mod sinks;

mod old_answer;

mod current;

mod elsewhere;

mod delivery;
mod events;
mod form;
mod login;
mod registration;
mod start;

mod answer;

mod check;
mod examples;

mod provider;
mod rehearsal;

use std::path::Path;

use read::Columns;

pub use answer::Answered;
pub use delivery::EventDelivery;
pub use error::LoadError;
pub use example::{PRESETS, example, preset};
pub use examples::ExampleOutcome;
pub use model::{HostedService, ProviderFile};
pub(crate) use old_answer::OldAnswer;
pub use provider::Provider;
pub use schema::schema;

use crate::settings::{FileKind, Problem, SettingsError, Surroundings, source};

/// The file, in words.
const FILE: FileKind = FileKind {
    example: "external-providers provider init writes an example",
    question: "is it the provider's file?",
};

impl ProviderFile {
    /// Reads a file of at most 256 KiB, and the files and variables that it names. Relative paths in it
    /// start at its folder. Nothing is connected.
    ///
    /// # Errors
    ///
    /// All that is wrong with it, each with its line and key.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, SettingsError> {
        Self::load_knowing(path.as_ref(), Columns::new())
    }

    /// The same where the columns of look-ups are known.
    fn load_knowing(path: &Path, columns: Columns) -> Result<Self, SettingsError> {
        let text = FILE.read(path)?;
        let (name, around) = (path.display().to_string(), Surroundings::of_file(path));
        let mut file = Self::read(&text, &name, around, columns)?;
        source::warn_of_readers(path, &mut file.warnings);
        file.file = Some(path.to_owned());
        Ok(file)
    }

    /// Reads a text; `name` stands for the file in errors. Relative paths start at the working folder,
    /// variables are the process's.
    pub fn parse(text: &str, name: &str) -> Result<Self, SettingsError> {
        Self::parse_in(text, name, Surroundings::of_process(Path::new("")))
    }

    /// [`parse`](Self::parse) with other files and another environment.
    pub fn parse_in(
        text: &str,
        name: &str,
        around: Surroundings<'_>,
    ) -> Result<Self, SettingsError> {
        Self::read(text, name, around, Columns::new())
    }

    /// Takes the `[[examples]]` of another file, which has nothing else, in place of its own.
    ///
    /// # Errors
    ///
    /// All that is wrong with that file.
    pub fn with_examples(mut self, path: impl AsRef<Path>) -> Result<Self, SettingsError> {
        let (text, file) = (FILE.read(path.as_ref())?, path.as_ref().display().to_string());
        let examples = read::examples(FILE.not_empty(&text, &file)?, &self);
        self.examples = examples.map_err(|problems| SettingsError::Invalid {
            file,
            problems,
            warnings: Vec::new(),
        })?;
        Ok(self)
    }

    fn read(
        text: &str,
        name: &str,
        around: Surroundings<'_>,
        columns: Columns,
    ) -> Result<Self, SettingsError> {
        let text = FILE.not_empty(text, name)?;
        read::provider_file(text, around, columns).map_err(|(problems, warnings)| {
            SettingsError::Invalid { file: name.to_owned(), problems, warnings }
        })
    }

    /// What is allowed, but perhaps not meant, or unwise.
    pub fn warnings(&self) -> &[Problem] {
        &self.warnings
    }

    /// The file that it was loaded from.
    pub fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    fn name(&self) -> String {
        self.file().unwrap_or(Path::new("provider's file")).display().to_string()
    }
}
