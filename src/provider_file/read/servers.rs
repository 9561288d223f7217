//! Directories, databases, and what is asked of them.

use super::Reading;
use crate::backends::database::{
    Database, DatabaseKind, DatabaseSettings, Effect, LoginSettings, LookUp, LookUpSettings,
    PASSWORD_HASH, Statement, StatementError,
};
use crate::backends::directory::{
    Cause, Decision, Directory, DirectorySettings, GroupSource, Kind as DirectoryKind,
};
use crate::backends::password_hash::Scheme;
use crate::contract::Kind;
use crate::provider_file::model::{Bound, EffectSection, LoginSection, LookUpSection, Servers};
use crate::rules::{NameError, Scope, Template, is_reserved};
use crate::settings::PASSWORDS;
use crate::settings::source::{fingerprint, roots, secret};
use crate::suggest::meant;
use crate::toml_document::{Problem, Table};

impl Reading<'_> {
    pub(super) fn servers(&mut self, root: &Table<'_>) -> Servers {
        let mut servers = Servers::default();
        for (name, table) in self.named(root, "directories") {
            let settings = self.directory(&name, &table);
            servers.directories.push((name, settings));
        }
        for (name, table) in self.named(root, "databases") {
            let settings = self.database(&name, &table);
            servers.databases.extend(settings.map(|settings| (name, settings)));
        }
        for (name, table) in self.named(root, "lookups") {
            let lookup = self.lookup(&name, &table, &servers);
            servers.lookups.extend(lookup.map(|lookup| (name, lookup)));
        }
        servers
    }

    fn directory(&mut self, name: &str, table: &Table<'_>) -> DirectorySettings {
        let path = format!("directories.{name}");
        let (around, mut warnings) = (self.around, Vec::new());
        let problems_before = self.problems.len();
        let settings = self.in_section("directories", &path, Some(table.clone()), |section| {
            if !section.has("kind") {
                section.wrong(
                    "kind",
                    "is missing",
                    Some("active-directory, openldap or freeipa".to_owned()),
                );
            }
            let kind = match section.choice("kind") {
                "active-directory" => DirectoryKind::ActiveDirectory,
                "freeipa" => DirectoryKind::FreeIpa,
                _ => DirectoryKind::OpenLdap,
            };
            let base = section.text("base").unwrap_or_default();
            let mut settings = DirectorySettings::new(kind, section.list("servers"), base);
            settings.insecure_plain_text = section.switch("insecure_plain_text");
            settings.root_certificates = roots(section, around);
            settings.trust_fingerprint = fingerprint(section);
            settings.connect_timeout = section.time("connect_timeout");
            settings.timeout = section.time("timeout");
            settings.max_connections = section.number("max_connections") as usize;
            settings.account = section.text("account");
            settings.password =
                secret(section, "password", true, around, &mut warnings).unwrap_or_default();
            if settings.account.is_some() && !PASSWORDS.iter().any(|key| section.has(key)) {
                let hint = "give password_file, password_env or password_credential".to_owned();
                section.wrong("password_file", "the account's password is missing", Some(hint));
            }
            if let Some(filter) = section.text("filter") {
                settings.filter = filter;
            }
            settings.dn_template = section.text("dn_template");
            settings.domains = section.list("domains");
            for (key, list) in
                [("email", &mut settings.email), ("display_name", &mut settings.display_name)]
            {
                if section.has(key) {
                    *list = section.list(key);
                }
            }
            settings.groups = match section.choice("groups") {
                "token-groups" => GroupSource::TokenGroups,
                "member-of" => GroupSource::MemberOf,
                "search" => GroupSource::Search,
                "no" => GroupSource::No,
                _ => settings.groups,
            };
            settings.group_base = section.text("group_base");
            settings.require_groups = section.list("require_groups");
            let decision =
                |word| if word == "accept" { Decision::Accept } else { Decision::Refuse };
            settings.grace = decision(section.choice("grace"));
            settings.must_change = decision(section.choice("must_change"));
            settings.throttle_failures = section.number("throttle_failures");
            settings.throttle_window = section.time("throttle_window");
            settings
        });
        self.warnings.extend(warnings);
        if self.problems.len() == problems_before
            && let Err(error) = Directory::new(name, settings.clone())
        {
            self.problems.push(match error.cause {
                Cause::Setting { key, problem } => table.problem(key, problem),
                cause => table.problem("", cause.to_string()).hint(cause.remedy()),
            });
        }
        settings
    }

    fn database(&mut self, name: &str, table: &Table<'_>) -> Option<DatabaseSettings> {
        let path = format!("databases.{name}");
        let (around, mut warnings) = (self.around, Vec::new());
        let before = self.problems.len();
        let settings = self.in_section("databases", &path, Some(table.clone()), |section| {
            let word = section.choice("kind");
            let Some(kind) = DatabaseKind::ALL.into_iter().find(|kind| kind.name() == word) else {
                if !section.has("kind") {
                    let hint = "postgres, sqlserver, mysql or sqlite".to_owned();
                    section.wrong("kind", "is missing", Some(hint));
                }
                return None;
            };
            let mut settings = DatabaseSettings::new(kind);
            if let Some(file) = section.text("file") {
                settings.file = around.folder.join(file);
            }
            settings.host = section.text("host").unwrap_or(settings.host);
            if section.has("port") {
                settings.port = u16::try_from(section.number("port")).ok();
            }
            settings.database = section.text("database").unwrap_or_default();
            settings.user = section.text("user").unwrap_or_default();
            settings.password =
                secret(section, "password", true, around, &mut warnings).unwrap_or_default();
            settings.encryption = match section.choice("encryption") {
                "required" => Some(true),
                "off" => Some(false),
                _ => None,
            };
            settings.root_certificates = roots(section, around);
            settings.trust_fingerprint = fingerprint(section);
            settings.connect_timeout = section.time("connect_timeout");
            settings.max_connections = section.number("max_connections") as usize;
            let (has, lacks): (&[&str], &[&str]) = match kind {
                DatabaseKind::Sqlite => (&["file"], &["host", "port", "database", "user"]),
                _ => (&["host", "database", "user"], &["file"]),
            };
            for key in has.iter().filter(|key| !section.has(key)).collect::<Vec<_>>() {
                section.wrong(key, "is missing", Some(format!("{kind} needs it")));
            }
            for key in lacks.iter().filter(|key| section.has(key)).collect::<Vec<_>>() {
                section.wrong(key, format!("has no meaning for {kind}"), None);
            }
            Some(settings)
        });
        self.warnings.extend(warnings);
        let settings = settings?;
        if !settings.kind.is_built() {
            let what = format!("this build has no driver for {}", settings.kind);
            let problem = table.problem("kind", what);
            let feature = settings.kind.feature();
            self.problems.push(problem.hint(format!(
                "it needs the feature {feature}: cargo install external-providers --features full"
            )));
        } else if self.problems.len() == before
            && let Err(error) = Database::new(name, settings.clone())
        {
            self.problems.push(table.problem("", error.cause.to_string()));
        }
        Some(settings)
    }

    fn lookup(
        &mut self,
        name: &str,
        table: &Table<'_>,
        servers: &Servers,
    ) -> Option<LookUpSection> {
        self.is_name(name, "look-up", table);
        let path = format!("lookups.{name}");
        let settings = self.in_section("lookups", &path, Some(table.clone()), |section| {
            let mut settings = LookUpSettings::new("");
            settings.rows = section.number("rows") as usize;
            settings.timeout = section.time("timeout");
            settings.size = section.number("size") as usize;
            settings.cache = section.has("cache").then(|| section.time("cache"));
            settings.columns = section.list("columns");
            settings
        });
        let bound = self.bound(table, &Scope::default(), servers)?;
        let settings = LookUpSettings { statement: bound.statement.clone(), ..settings };
        self.statement(table, servers, &bound, |database| {
            LookUp::new(name, database, settings.clone()).map(drop)
        });
        Some(LookUpSection { bound, settings })
    }

    /// The statements with an effect; their parameters may name look-ups.
    pub(super) fn effects(&mut self, root: &Table<'_>, scope: &Scope, servers: &mut Servers) {
        for (name, table) in self.named(root, "effects") {
            self.is_name(&name, "effect", &table);
            let path = format!("effects.{name}");
            let (rows, timeout, refuse) =
                self.in_section("effects", &path, Some(table.clone()), |section| {
                    let rows = section.number("rows").into();
                    (rows, section.time("timeout"), section.text("refuse"))
                });
            // What a ticket has, and what a chat has.
            let scope = Scope { kind: Some(Kind::Ticket), ..scope.clone() };
            let refuse = refuse.and_then(|text| self.template(&table, "refuse", &text, &scope));
            let Some(bound) = self.bound(&table, &scope, servers) else { continue };
            self.statement(&table, servers, &bound, |database| {
                Effect::new(&name, database, &bound.statement, rows, timeout).map(drop)
            });
            let effect = EffectSection { bound, rows, timeout, refuse };
            self.used.extend(effect.lookups().map(|lookup| format!("lookups.{lookup}")));
            servers.effects.insert(name, effect);
        }
    }

    pub(super) fn logins(&mut self, root: &Table<'_>, servers: &mut Servers) {
        for (name, table) in self.named(root, "logins") {
            let path = format!("logins.{name}");
            let login = self.in_section("logins", &path, Some(table.clone()), |section| {
                for key in ["lookup", "password", "schemes"] {
                    if !section.has(key) {
                        section.wrong(key, "is missing", None);
                    }
                }
                let mut schemes = Vec::new();
                for text in section.list("schemes") {
                    match Scheme::from_name(&text) {
                        Some(scheme) => schemes.push(scheme),
                        None => {
                            let what = format!("there is no scheme {text:?}");
                            let hint = meant(&text, Scheme::ALL.map(|(_, name)| name));
                            section.wrong("schemes", what, hint);
                        }
                    }
                }
                let lookup = section.text("lookup").unwrap_or_default();
                let password = section.text("password").unwrap_or_default();
                let mut settings = LoginSettings::new(password, schemes);
                settings.salt = section.text("salt");
                settings.email = section.text("email");
                settings.display_name = section.text("display_name");
                settings.refuse = section.text("refuse");
                LoginSection { lookup, settings }
            });
            if !login.lookup.is_empty()
                && let Err((what, hint)) = self.uses("lookups", &login.lookup)
            {
                self.problems.push(Problem { hint, ..table.problem("lookup", what) });
            }
            let columns = self.columns(&login.lookup, servers);
            for (key, column) in login.columns() {
                let is_known = |known: &String| known.eq_ignore_ascii_case(column);
                if let Some(columns) = columns.as_ref().filter(|all| !all.iter().any(is_known)) {
                    let what = format!("the look-up {} has no column {column:?}", login.lookup);
                    let hint = meant(column, columns.iter().map(String::as_str));
                    self.problems.push(Problem { hint, ..table.problem(key, what) });
                }
            }
            if servers.directories.iter().any(|(directory, _)| *directory == name) {
                let what = "there is a directory of this name, too";
                self.problems.push(table.problem("", what).hint("rename one of them"));
            }
            servers.logins.push((name, login));
        }
    }

    /// The database, the statement and its parameters of a section.
    pub(super) fn bound(
        &mut self,
        table: &Table<'_>,
        scope: &Scope,
        servers: &Servers,
    ) -> Option<Bound> {
        let mut unsaid = Vec::new();
        let database = table.string("database", &mut unsaid).unwrap_or_default().to_owned();
        let text = table.string("statement", &mut unsaid).unwrap_or_default().to_owned();
        let is_wrong = !unsaid.is_empty();
        for key in ["database", "statement"].into_iter().filter(|key| !table.has(key)) {
            self.problems.push(table.missing(key));
        }
        self.problems.extend(unsaid);
        if is_wrong || database.is_empty() || text.is_empty() {
            return None;
        }
        if let Err((what, hint)) = self.uses("databases", &database) {
            self.problems.push(Problem { hint, ..table.problem("database", what) });
            return None;
        }
        let kind = servers.databases.get(&database)?.kind;
        let statement = match Statement::parse(&text, kind) {
            Ok(statement) => statement,
            Err(error) => {
                self.problems.push(wrong_statement(table, &error));
                return None;
            }
        };
        // Right everywhere else, and here a text as any other.
        let braced = text.split('{').skip(1).filter_map(|rest| Some(rest.split_once('}')?.0));
        for name in braced {
            if Template::parse(&format!("{{{name}}}"), scope).is_ok_and(|t| t.literal().is_none()) {
                let what = format!("{{{name}}} is not bound in a statement");
                let hint =
                    "write :NAME, without quotes; a look-up's column goes into parameters first";
                self.problems.push(table.problem("statement", what).hint(hint));
            }
        }
        let mut parameters = std::collections::BTreeMap::new();
        let given = table.table("parameters", &mut self.problems);
        for name in given.iter().flat_map(Table::keys) {
            let given = given.as_ref()?;
            let text = given.string(name, &mut self.problems)?;
            if !statement.parameters().iter().any(|parameter| parameter == name) {
                let what = format!("the statement has no :{name}");
                self.problems.push(given.problem(name, what));
            }
            let template = self.template(given, name, text, scope)?;
            parameters.insert(name.to_owned(), template);
        }
        for name in statement.parameters() {
            let is_hash = name == PASSWORD_HASH && scope.kind == Some(Kind::Registration);
            if parameters.contains_key(name) || is_hash {
                continue;
            }
            match Template::parse(&format!("{{{name}}}"), scope) {
                Ok(template) => drop(parameters.insert(name.clone(), template)),
                Err(NameError { what, hint }) => {
                    let what = format!(":{name} is not bound: {what}");
                    let hint = hint.or_else(|| Some("bind it in parameters".to_owned()));
                    self.problems.push(Problem { hint, ..table.problem("statement", what) });
                }
            }
        }
        Some(Bound { database, statement: text, parameters })
    }

    /// What the database's room says of a statement.
    pub(super) fn statement(
        &mut self,
        table: &Table<'_>,
        servers: &Servers,
        bound: &Bound,
        check: impl FnOnce(Database) -> Result<(), StatementError>,
    ) {
        let settings = servers.databases.get(&bound.database).cloned();
        let database = settings.and_then(|s| Database::new(&bound.database, s).ok());
        if let Some(Err(error)) = database.map(check) {
            self.problems.push(wrong_statement(table, &error));
        }
    }

    fn template(
        &mut self,
        table: &Table<'_>,
        key: &str,
        text: &str,
        scope: &Scope,
    ) -> Option<Template> {
        let NameError { what, hint } = match Template::parse(text, scope) {
            Ok(template) => return Some(template),
            Err(error) => error,
        };
        self.problems.push(Problem { hint, ..table.problem(key, what) });
        None
    }

    /// A name that stands before a dot in conditions and texts.
    fn is_name(&mut self, name: &str, what: &str, table: &Table<'_>) {
        let is_plain = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
        if is_reserved(name) {
            let what =
                format!("{name} has a meaning of its own, so a {what} cannot have this name");
            self.problems.push(table.problem("", what));
        } else if !name.chars().all(is_plain) {
            let what = format!("the name of a {what} has letters, digits, _ and - alone");
            self.problems.push(table.problem("", what));
        }
    }
}

fn wrong_statement(table: &Table<'_>, error: &StatementError) -> Problem {
    table.problem("statement", error.to_string())
}
