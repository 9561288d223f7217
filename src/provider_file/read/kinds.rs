//! The sections of the kinds.

use super::Reading;
use crate::backends::directory::Messages;
use crate::backends::password_hash::Scheme;
use crate::contract::Kind;
use crate::provider_file::keys;
use crate::provider_file::model::{
    EffectSection, Kinds, Login, Otherwise, Registration, Rules, Servers,
};
use crate::rules::{RuleSet, Scope};
use crate::settings::section::Section;
use crate::toml_document::{Problem, Table};

pub(super) fn otherwise(section: &mut Section<'_>) -> Otherwise {
    if section.choice("provider") == "json" {
        if section.has("otherwise") {
            let hint = "take it out, or provider = \"json\"".to_owned();
            section.wrong("otherwise", "the endpoint answers what is left open", Some(hint));
        }
        return Otherwise::Json;
    }
    match section.choice("otherwise") {
        "allow" => Otherwise::Allow,
        "refuse" => Otherwise::Refuse,
        "forward" => Otherwise::Forward,
        _ => Otherwise::Nothing,
    }
}

impl Reading<'_> {
    pub(super) fn kinds(&mut self, root: &Table<'_>, scope: &Scope, servers: &Servers) -> Kinds {
        let login = self.login(root, scope, servers);
        let mut rules = |kind| self.rules(root, kind, scope, servers);
        let (custom_fields, ticket) = (rules(Kind::CustomFields), rules(Kind::Ticket));
        let (live_chat, user_information) = (rules(Kind::LiveChat), rules(Kind::UserInformation));
        let registration = self.registration(root, scope, servers);
        let events = self.events(root, scope, servers);
        let kinds = Kinds {
            login,
            custom_fields,
            ticket,
            live_chat,
            user_information,
            registration,
            events,
        };
        if kinds.provided().next().is_none() && self.problems.is_empty() {
            let hint = "add a section: [login], [custom_fields], [ticket], [live_chat], \
                        [user_information], [registration] or [events]";
            self.problems.push(root.problem("", "it provides nothing").hint(hint));
        }
        kinds
    }

    /// The section of a kind with rules.
    fn rules(
        &mut self,
        root: &Table<'_>,
        kind: Kind,
        scope: &Scope,
        servers: &Servers,
    ) -> Option<Rules> {
        let name = kind.to_string();
        let table = root.table(&name, &mut self.problems)?;
        let (otherwise, refused) = self.in_section(&name, &name, Some(table.clone()), |section| {
            let otherwise = otherwise(section);
            let has_text = section.keys.iter().any(|key| key.name == "refused");
            let refused = if has_text { section.text("refused") } else { None };
            (otherwise, refused)
        });
        let scope = Scope { kind: Some(kind), ..scope.clone() };
        let (problems, warnings) = (&mut self.problems, &mut self.warnings);
        let rules = RuleSet::read(kind, &table, &scope, problems, warnings);
        for name in rules.effects() {
            let templates =
                servers.effects.get(name).into_iter().flat_map(EffectSection::templates);
            for variable in templates.filter_map(|template| template.unknown_in(&scope)) {
                let what =
                    format!("the effect {name} needs {variable}, which [{kind}] does not have");
                self.problems.push(table.problem("rules", what));
            }
        }
        let lookups = rules.lookups().keys().map(|name| format!("lookups.{name}"));
        let effects = rules.effects().iter().map(|name| format!("effects.{name}"));
        self.used.extend(lookups.chain(effects));
        if rules.needs_groups() {
            let names = servers.directories.iter().map(|(name, _)| format!("directories.{name}"));
            self.used.extend(names);
        }
        Some(Rules { otherwise, refused, rules })
    }

    fn login(&mut self, root: &Table<'_>, scope: &Scope, servers: &Servers) -> Option<Login> {
        let table = root.table("login", &mut self.problems)?;
        let rules = self.rules(root, Kind::Login, scope, servers)?;
        let mut problems = Vec::new();
        let ask: Vec<String>;
        if table.has("ask") {
            let names = table.strings("ask", &mut problems).unwrap_or_default();
            ask = names.into_iter().map(str::to_owned).collect();
            for name in &ask {
                let is_login = servers.logins.iter().any(|(login, _)| login == name);
                let section = if is_login { "logins" } else { "directories" };
                if let Err((what, hint)) = self.uses(section, name) {
                    problems.push(Problem { hint, ..table.problem("ask", what) });
                }
            }
        } else {
            let mut found = Vec::new();
            for section in ["directories", "logins"] {
                for (name, table) in self.named(root, section) {
                    self.used.insert(format!("{section}.{name}"));
                    found.push((table.line(), name));
                }
            }
            found.sort();
            ask = found.into_iter().map(|(_, name)| name).collect();
        }
        if ask.is_empty() && !rules.otherwise.is_elsewhere() && problems.is_empty() {
            let hint = "add a [directories.NAME] or a [logins.NAME]";
            problems.push(table.problem("", "there is nobody to ask about users").hint(hint));
        }
        // What is wrong with these was said when the section's rules were read.
        let (name, mut twice) = ("login", Vec::new());
        let (keys, table, problems_again) = (keys::keys(name), Some(table), &mut twice);
        let mut section = Section { name, keys, table, defaults: None, problems: problems_again };
        let messages = Messages {
            refused: section.text("refused").unwrap_or_default(),
            locked: section.text("locked"),
            expired: section.text("expired"),
            disabled: section.text("disabled"),
            must_change: section.text("must_change"),
        };
        self.problems.extend(problems);
        Some(Login { ask, messages, rules })
    }

    fn registration(
        &mut self,
        root: &Table<'_>,
        scope: &Scope,
        servers: &Servers,
    ) -> Option<Registration> {
        let table = root.table("registration", &mut self.problems)?;
        let name = "registration";
        let (mut registration, scheme) =
            self.in_section(name, name, Some(table.clone()), |section| {
                let scheme = section.text("scheme");
                let registration = Registration {
                    insert: None,
                    timeout: section.time("timeout"),
                    exists: section.text("exists").unwrap_or_default(),
                    otherwise: otherwise(section),
                    refused: section.text("refused"),
                };
                (registration, scheme)
            });
        if !table.has("database") && !table.has("statement") {
            return Some(registration);
        }
        if registration.otherwise == Otherwise::Json {
            let hint = "take out the statement, or provider = \"json\"";
            let problem = table.problem("provider", "the statement answers all of it").hint(hint);
            self.problems.push(problem);
        }
        // No look-up is made before it.
        let lookups = Default::default();
        let scope = Scope { kind: Some(Kind::Registration), lookups, ..scope.clone() };
        let bound = self.bound(&table, &scope, servers);
        let made = Scheme::MADE.map(Scheme::name).join(", ");
        let scheme = match scheme.as_deref().map(Scheme::from_name) {
            Some(Some(scheme)) if Scheme::MADE.contains(&scheme) => Some(scheme),
            given => {
                let what = if given.is_some() { "such hashes are not made" } else { "is missing" };
                let problem = table.problem("scheme", what).hint(format!("one of {made}"));
                self.problems.push(problem);
                None
            }
        };
        registration.insert = bound.zip(scheme);
        Some(registration)
    }
}
