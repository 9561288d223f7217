//! What a provider's file says, as data.

mod sinks;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::backends::database::{DatabaseSettings, LoginSettings, LookUpSettings};
use crate::backends::directory::{DirectorySettings, Messages};
use crate::backends::password_hash::Scheme;
use crate::contract::{Kind, OperationInfo, Variables};
use crate::host::Network;
use crate::json_provider::JsonProviderSettings;
use crate::login_page::LoginPageSettings;
use crate::rules::{Facts, Rows, RuleSet, Template};
use crate::secret::Secret;
use crate::settings::{Problem, Settings};
pub(super) use sinks::{EventsSection, SinkSection, StoreSection, Target};

/// A provider's file, read and found to be in order as far as that can be known without the network.
#[derive(Debug)]
pub struct ProviderFile {
    /// What the help desk calls.
    pub service: HostedService,
    pub(super) login_page: Option<Arc<LoginPageSettings>>,
    pub(super) servers: Servers,
    pub(super) kinds: Kinds,
    /// The old services: the kinds that are forwarded are enabled and external.
    pub(super) forward: Settings,
    /// The endpoints of the kinds that are answered in JSON.
    pub(super) json: BTreeMap<Kind, JsonProviderSettings>,
    pub(super) examples: Vec<Example>,
    pub(super) warnings: Vec<Problem>,
    pub(super) file: Option<PathBuf>,
}

/// The `[service]` of a file: what a program that hosts it needs beside the provider.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct HostedService {
    /// The address to listen on. Default `127.0.0.1:8080`.
    pub listen: String,
    /// The path. Default `/Provider.asmx`.
    pub path: String,
    /// The target namespace. Default `http://tempuri.org/`.
    pub namespace: String,
    /// The web service password, if the file has one.
    pub password: Option<Secret>,
    /// One that is accepted beside it.
    pub previous_password: Option<Secret>,
    /// Certificate (chain) and private key; without them, plain http.
    pub tls: Option<(PathBuf, PathBuf)>,
    /// Who may call; `None`: everybody.
    pub allow: Option<Vec<Network>>,
    /// The path of the login page, if there is one, and whether its cookie is for https alone.
    pub login_page: Option<(String, bool)>,
}

/// What is asked.
#[derive(Debug, Default)]
pub(super) struct Servers {
    /// In the order of the file.
    pub(super) directories: Vec<(String, DirectorySettings)>,
    pub(super) databases: BTreeMap<String, DatabaseSettings>,
    pub(super) lookups: BTreeMap<String, LookUpSection>,
    pub(super) effects: BTreeMap<String, EffectSection>,
    /// In the order of the file.
    pub(super) logins: Vec<(String, LoginSection)>,
}

/// A statement, the database that it is for, and what its parameters stand for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Bound {
    pub(super) database: String,
    pub(super) statement: String,
    /// By their names in the statement.
    pub(super) parameters: BTreeMap<String, Template>,
}

impl Bound {
    /// The value of a parameter; `None` is NULL.
    pub(super) fn value(&self, name: &str, facts: &Facts) -> Option<String> {
        self.parameters.get(name)?.render(facts)
    }
}

/// `[lookups.NAME]`
#[derive(Debug)]
pub(super) struct LookUpSection {
    pub(super) bound: Bound,
    pub(super) settings: LookUpSettings,
}

/// `[effects.NAME]`
#[derive(Debug)]
pub(super) struct EffectSection {
    pub(super) bound: Bound,
    pub(super) rows: u64,
    pub(super) timeout: Duration,
    pub(super) refuse: Option<Template>,
}

impl EffectSection {
    /// The look-ups that its values and its text need.
    pub(super) fn lookups(&self) -> impl Iterator<Item = &str> {
        self.templates().flat_map(Template::lookups)
    }

    pub(super) fn templates(&self) -> impl Iterator<Item = &Template> {
        self.bound.parameters.values().chain(&self.refuse)
    }
}

/// `[logins.NAME]`
#[derive(Debug)]
pub(super) struct LoginSection {
    pub(super) lookup: String,
    pub(super) settings: LoginSettings,
}

impl LoginSection {
    /// The keys that name columns, with the columns that they name.
    pub(super) fn columns(&self) -> impl Iterator<Item = (&'static str, &String)> {
        let LoginSettings { password, salt, email, display_name, refuse, .. } = &self.settings;
        let columns = [
            ("password", Some(password)),
            ("salt", salt.as_ref()),
            ("email", email.as_ref()),
            ("display_name", display_name.as_ref()),
            ("refuse", refuse.as_ref()),
        ];
        columns.into_iter().filter_map(|(key, column)| Some((key, column?)))
    }
}

/// The kinds that are provided: those whose section is there.
#[derive(Debug, Default)]
pub(super) struct Kinds {
    pub(super) login: Option<Login>,
    pub(super) custom_fields: Option<Rules>,
    pub(super) ticket: Option<Rules>,
    pub(super) live_chat: Option<Rules>,
    pub(super) user_information: Option<Rules>,
    pub(super) registration: Option<Registration>,
    pub(super) events: Option<EventsSection>,
}

/// What is answered where nothing decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Otherwise {
    Allow,
    Refuse,
    Nothing,
    /// The old service.
    Forward,
    /// The endpoint that speaks JSON.
    Json,
}

impl Otherwise {
    /// Does somebody else answer?
    pub(super) fn is_elsewhere(self) -> bool {
        matches!(self, Self::Forward | Self::Json)
    }
}

/// The rules of a kind.
#[derive(Debug)]
pub(super) struct Rules {
    pub(super) otherwise: Otherwise,
    /// What is told where `otherwise` refuses.
    pub(super) refused: Option<String>,
    pub(super) rules: RuleSet,
}

/// `[login]`
#[derive(Debug)]
pub(super) struct Login {
    /// Names of directories and logins, in the order in which they are asked.
    pub(super) ask: Vec<String>,
    pub(super) messages: Messages,
    pub(super) rules: Rules,
}

/// `[registration]`
#[derive(Debug)]
pub(super) struct Registration {
    /// The statement, and the scheme of the password's hash.
    pub(super) insert: Option<(Bound, Scheme)>,
    pub(super) timeout: Duration,
    pub(super) exists: String,
    pub(super) otherwise: Otherwise,
    pub(super) refused: Option<String>,
}

/// One of `[[examples]]`.
#[derive(Debug)]
pub(super) struct Example {
    pub(super) name: String,
    pub(super) line: usize,
    pub(super) operation: &'static OperationInfo,
    pub(super) request: Variables,
    pub(super) lookups: BTreeMap<String, Rows>,
    pub(super) groups: Option<Vec<String>>,
    /// The sinks that take the event.
    pub(super) sinks: Option<Vec<String>>,
    pub(super) answer: Variables,
    pub(super) message: Option<String>,
}

impl ProviderFile {
    /// The columns of a look-up that rules, effects and logins name.
    pub(super) fn columns_of(&self, lookup: &str) -> BTreeSet<String> {
        let logins = self.servers.logins.iter().map(|(_, login)| login);
        let logins = logins.filter(|login| login.lookup == lookup);
        let logins = logins.flat_map(LoginSection::columns).map(|(_, column)| column.clone());
        let rules = self.kinds.rules().filter_map(|rules| rules.rules.lookups().get(lookup));
        let effects = self.servers.effects.values().flat_map(EffectSection::templates);
        let effects = effects.flat_map(Template::columns).filter(|(of, _)| *of == lookup);
        let effects = effects.map(|(_, column)| column.to_owned());
        logins.chain(rules.flatten().cloned()).chain(effects).collect()
    }
}

impl Kinds {
    pub(super) fn rules(&self) -> impl Iterator<Item = &Rules> {
        let login = self.login.as_ref().map(|login| &login.rules);
        let others = [&self.custom_fields, &self.ticket, &self.live_chat, &self.user_information];
        login.into_iter().chain(others.into_iter().flatten())
    }

    /// What is answered by each kind that is provided where nothing decides.
    fn otherwise(&self) -> impl Iterator<Item = (Kind, Otherwise)> {
        let of = |rules: &Option<Rules>| rules.as_ref().map(|rules| rules.otherwise);
        let all = [
            (Kind::Login, self.login.as_ref().map(|login| login.rules.otherwise)),
            (Kind::CustomFields, of(&self.custom_fields)),
            (Kind::Ticket, of(&self.ticket)),
            (Kind::LiveChat, of(&self.live_chat)),
            (Kind::UserInformation, of(&self.user_information)),
            (Kind::Events, self.events.as_ref().map(|events| events.otherwise)),
            (Kind::Registration, self.registration.as_ref().and_then(Registration::kind)),
        ];
        all.into_iter().filter_map(|(kind, otherwise)| Some((kind, otherwise?)))
    }

    /// The kinds that are provided.
    pub(super) fn provided(&self) -> impl Iterator<Item = Kind> {
        self.otherwise().map(|(kind, _)| kind)
    }

    /// Those that ask the old service ([`Otherwise::Forward`]), or the endpoint ([`Otherwise::Json`]).
    pub(super) fn left_to(&self, whom: Otherwise) -> impl Iterator<Item = Kind> {
        let left = self.otherwise().filter(move |(_, otherwise)| *otherwise == whom);
        left.map(|(kind, _)| kind)
    }
}

impl Registration {
    /// A statement decides all there is; without one, the operation may not be there.
    fn kind(&self) -> Option<Otherwise> {
        match (&self.insert, self.otherwise) {
            (Some(_), _) => Some(Otherwise::Refuse),
            (None, Otherwise::Nothing) => None,
            (None, otherwise) => Some(otherwise),
        }
    }
}
