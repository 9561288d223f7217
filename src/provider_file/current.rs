//! What answers, as one file says: the file with its servers.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::sync::Arc;

use super::LoadError;
use super::endpoints::endpoints;
use super::join::join_all;
use super::model::{Bound, ProviderFile};
use super::old_answer::OldAnswer;
use super::sinks::Sinks;
use crate::backends::database::{Database, DatabaseLogin, DatabaseRegistration, Effect, LookUp};
use crate::backends::directory::{Directory, GroupSource, Login};
use crate::client::CallError;
use crate::contract::{
    Answer, Kind, Operation, OperationResult as _, ProviderError, ProviderResult, Variables,
};
use crate::error_chain::error_chain;
use crate::explanation::Explanation;
use crate::gateway::{Cause, Gateway};
use crate::json_provider::JsonProvider;
use crate::login_page::Throttle;
use crate::rules::{Decision, Facts, Rows, RuleSet};

/// What a caller is told of a failure; log and explanation say more.
pub(super) const FAILED: &str = "The provider cannot answer at the moment.";

/// A file in force. Calls keep the one that they began with.
#[derive(Debug)]
pub(super) struct Current {
    pub(super) file: ProviderFile,
    pub(super) directories: BTreeMap<String, Directory>,
    pub(super) databases: BTreeMap<String, Database>,
    pub(super) lookups: BTreeMap<String, LookUp>,
    pub(super) logins: BTreeMap<String, DatabaseLogin>,
    pub(super) effects: BTreeMap<String, Effect>,
    pub(super) registration: Option<DatabaseRegistration>,
    pub(super) endpoints: BTreeMap<Kind, JsonProvider>,
    /// The store of events and who is told of them; `None` where none is kept.
    pub(super) sinks: Option<Sinks>,
    /// What the login page remembers of attempts, whichever file is in force.
    pub(super) page_throttle: Arc<Throttle>,
    gateway: Gateway,
}

/// How a call is answered, beside what it asks for.
#[derive(Debug, Default)]
pub(super) struct Manner {
    pub(super) explanation: Explanation,
    /// Effects, and calls that change something at the old service, are left out.
    pub(super) dry: bool,
    /// What stands for the answer of the old service.
    pub(super) old: Option<OldAnswer>,
    /// What stands for the answers of look-ups.
    pub(super) lookups: BTreeMap<String, Rows>,
    /// What stands for the groups of a user, who then has logged in.
    pub(super) groups: Option<Vec<String>>,
}

impl Current {
    /// Directories, databases and old services whose settings are those of `old` stay as they are, with
    /// their connections and breakers, and look-ups keep their answers.
    pub(super) fn new(file: ProviderFile, old: Option<&Self>) -> Result<Self, LoadError> {
        let (mut directories, mut databases) = (BTreeMap::new(), BTreeMap::new());
        let needs_groups = file.kinds.rules().any(|rules| rules.rules.needs_groups());
        for (name, settings) in &file.servers.directories {
            let mut settings = settings.clone();
            // Else each login would search for what nobody asks.
            if !needs_groups && settings.require_groups.is_empty() {
                settings.groups = GroupSource::No;
            }
            let kept = old.and_then(|old| old.directories.get(name));
            let directory = match kept.filter(|kept| *kept.settings() == settings) {
                Some(kept) => kept.clone(),
                None => Directory::new(name, settings)?,
            };
            directories.insert(name.clone(), directory);
        }
        for (name, settings) in &file.servers.databases {
            let kept = old.and_then(|old| old.databases.get(name));
            let database = match kept.filter(|kept| kept.settings() == settings) {
                Some(kept) => kept.clone(),
                None => Database::new(name, settings.clone())?,
            };
            databases.insert(name.clone(), database);
        }
        let database = |bound: &Bound| databases.get(&bound.database).cloned();
        let (mut lookups, mut effects) = (BTreeMap::new(), BTreeMap::new());
        for (name, section) in &file.servers.lookups {
            let Some(database) = database(&section.bound) else { continue };
            let mut settings = section.settings.clone();
            settings.columns.extend(file.columns_of(name));
            let lookup =
                LookUp::new(name, database, settings).map_err(LoadError::statement(name))?;
            let kept = old.and_then(|old| old.lookups.get(name));
            lookups.insert(name.clone(), lookup.after(kept));
        }
        let mut logins = BTreeMap::new();
        for (name, section) in &file.servers.logins {
            let Some(lookup) = lookups.get(&section.lookup).cloned() else { continue };
            let login = DatabaseLogin::new(name, lookup, section.settings.clone())?;
            logins.insert(name.clone(), login);
        }
        for (name, section) in &file.servers.effects {
            let Some(database) = database(&section.bound) else { continue };
            let statement = &section.bound.statement;
            let effect = Effect::new(name, database, statement, section.rows, section.timeout);
            effects.insert(name.clone(), effect.map_err(LoadError::statement(name))?);
        }
        let registration = file.kinds.registration.as_ref();
        let registration = registration.and_then(|section| {
            let (bound, scheme) = section.insert.as_ref()?;
            let (name, timeout) = ("registration", section.timeout);
            let insert = Effect::new(name, database(bound)?, &bound.statement, 1, timeout);
            let exists = section.exists.as_str();
            Some(insert.map(|insert| DatabaseRegistration::new(insert, *scheme, exists)))
        });
        let registration =
            registration.transpose().map_err(LoadError::statement("registration"))?;
        let endpoints = endpoints(&file.json, old.map(|old| &old.endpoints))?;
        let forward = file.forward.clone();
        let gateway = match old {
            Some(old) => old.gateway.successor(forward)?,
            None => Gateway::builder(forward).build()?,
        };
        let old_sinks = old.and_then(|old| Some((&old.file, old.sinks.as_ref()?)));
        let sinks = Sinks::new(&file, &databases, old_sinks)?;
        Sinks::stay(sinks.as_ref(), old_sinks.map(|(_, old)| old))?;
        Ok(Self {
            file,
            directories,
            databases,
            lookups,
            logins,
            effects,
            registration,
            endpoints,
            sinks,
            page_throttle: old.map(|old| Arc::clone(&old.page_throttle)).unwrap_or_default(),
            gateway,
        })
    }

    /// What rules see of a request: what it says, and what they need of look-ups and the user's groups,
    /// which are asked for at the same time. Of logins, groups come with the answer.
    pub(super) async fn facts<T: Operation>(
        &self,
        request: &T,
        rules: &RuleSet,
        manner: &Manner,
    ) -> Result<Facts, ProviderError> {
        let mut facts = Facts::of(request);
        let mut needed: BTreeSet<&str> = rules.lookups().keys().map(String::as_str).collect();
        let effects = rules.effects().iter().filter_map(|name| self.file.servers.effects.get(name));
        needed.extend(effects.flat_map(|effect| effect.lookups()));
        let lookups = join_all(needed.into_iter().map(|name| self.look_up(name, &facts, manner)));
        let (found, groups) = tokio::join!(lookups, async {
            match (&manner.groups, rules.needs_groups() && T::KIND != Kind::Login) {
                (Some(groups), _) => Ok(groups.clone()),
                (None, true) => self.groups(&facts, manner).await,
                (None, false) => Ok(Vec::new()),
            }
        });
        (facts.lookups, facts.groups) = (found.into_iter().collect::<Result<_, _>>()?, groups?);
        Ok(facts)
    }

    /// The groups of the user who asks, from the first directory that knows the name; a stranger, and a
    /// user who may not log in, is in none.
    async fn groups(&self, facts: &Facts, manner: &Manner) -> Result<Vec<String>, ProviderError> {
        let name = facts.variables.get("loginUsername").unwrap_or_default();
        if name.trim().is_empty() {
            return Ok(Vec::new());
        }
        for (directory, _) in &self.file.servers.directories {
            let Some(directory) = self.directories.get(directory) else { continue };
            match directory.find(name, &manner.explanation).await {
                Ok(Login::Accepted(person)) => return Ok(person.groups),
                Ok(Login::Refused(_)) => break,
                Ok(Login::Unknown | Login::Elsewhere) => {}
                Err(error) => return Err(failed(&error)),
            }
        }
        Ok(Vec::new())
    }

    async fn look_up(
        &self,
        name: &str,
        facts: &Facts,
        manner: &Manner,
    ) -> Result<(String, Rows), ProviderError> {
        if let Some(rows) = manner.lookups.get(name) {
            return Ok((name.to_owned(), rows.clone()));
        }
        let (Some(lookup), Some(section)) =
            (self.lookups.get(name), self.file.servers.lookups.get(name))
        else {
            return Err(failure(&format!("there is no look-up {name}"), manner));
        };
        let value = |parameter: &str| section.bound.value(parameter, facts);
        // What it found may be the hash of a password, or one.
        let is_login = self.file.servers.logins.iter().any(|(_, login)| login.lookup == name);
        let notes = match is_login && manner.explanation.is_wanted() {
            true => Explanation::wanted(),
            false => manner.explanation.clone(),
        };
        let rows = lookup.look_up(&value, &notes).await;
        if is_login {
            notes.lines().into_iter().take(1).for_each(|line| manner.explanation.note(|| line));
        }
        rows.map(|rows| (name.to_owned(), rows)).map_err(|error| failed(&error))
    }

    /// What the rules say.
    pub(super) fn decide(
        &self,
        rules: &RuleSet,
        facts: &Facts,
        manner: &Manner,
    ) -> Result<Decision, ProviderError> {
        rules
            .decide(facts, &manner.explanation)
            .map_err(|error| failure(&error.to_string(), manner))
    }

    /// Asks the old service. One that changes something is sent at most once.
    pub(super) async fn forward<T: Operation + Clone>(
        &self,
        request: T,
        manner: &Manner,
    ) -> ProviderResult<T> {
        if let Some(answer) = manner.answered::<T>() {
            return answer;
        }
        let explanation = &manner.explanation;
        let settings = self.file.forward.tab(T::KIND);
        let url = settings.external().map(|service| service.shown_url()).unwrap_or_default();
        explanation.note(|| format!("old service {url}: it is asked"));
        match self.gateway.call(request).await {
            Ok(Some(answer)) => {
                explanation.note(|| format!("old service {url}: {}", words::<T>(&answer)));
                Ok(answer)
            }
            Ok(None) => Err(failure(&format!("{} is not forwarded", T::KIND), manner)),
            Err(error) => match error.cause {
                // What it says for itself is for the caller; that our password is wrong is not.
                Cause::Call(CallError::Failure(declined)) if !declined.is_permission_denied() => {
                    explanation.note(|| format!("old service {url}: it declined"));
                    Err(ProviderError::Failure(*declined))
                }
                _ => Err(failure(&format!("old service {url}: {}", error_chain(&error)), manner)),
            },
        }
    }
}

/// An answer in a line; its variables have masks over passwords.
pub(super) fn words<T: Operation>(answer: &Answer<T::Result>) -> String {
    let mut outputs = Variables::new();
    T::write_outputs(&answer.result, &mut outputs);
    outputs.extend(answer.other.iter());
    let items = answer.result.items().into_iter().flatten();
    let items: String = items.map(|item| format!(", {}: {item}", item.name)).collect();
    let message = answer.message.as_ref().map(|m| format!(", message {m:?}")).unwrap_or_default();
    format!("{}{message}, {outputs:?}{items}", answer.result.verdict().word())
}

/// A failure of the call, never a "no": what happened is for the administrator.
pub(super) fn failure(what: &str, manner: &Manner) -> ProviderError {
    manner.explanation.note(|| format!("failed: {what}"));
    tracing::error!("{what}");
    ProviderError::failure(FAILED)
}

/// The same of a server, which has explained it already.
pub(super) fn failed(error: &(dyn Error + 'static)) -> ProviderError {
    tracing::error!("{}", error_chain(error));
    ProviderError::failure(FAILED)
}
