//! `[events]` and `[sinks.NAME]`.

use super::Reading;
use super::kinds::otherwise;
use crate::backends::database::{DatabaseKind, Effect};
use crate::contract::Kind;
use crate::http::url::{is_local, service_url};
#[cfg(feature = "nats")]
use crate::outbox::{NatsSettings, NatsSink};
use crate::outbox::{Pace, SinkError, WebhookSettings, WebhookSink};
use crate::provider_file::keys::{keys, sinks_with};
use crate::provider_file::model::{EventsSection, Servers, SinkSection, StoreSection, Target};
use crate::rules::{Scope, When};
use crate::secret::Secret;
use crate::settings::section::Section;
use crate::settings::source::{client_certificate, fingerprint, roots, secret};
use crate::settings::{Surroundings, external_service, forward_keys, keys as keys_of_service};
use crate::toml_document::{Problem, Table};

/// What to do where events have no place.
const PLACES: &str = "add store = \"events.sqlite\", a file for one host, or database = \"NAME\", a \
    [databases.NAME] of kind postgres for several";

/// What names a ticket or chat, if the file does not say it.
const ORDER_BY: [&str; 3] = ["ticketNumber", "ticketID", "chatID"];

impl Reading<'_> {
    pub(super) fn events(
        &mut self,
        root: &Table<'_>,
        scope: &Scope,
        servers: &Servers,
    ) -> Option<EventsSection> {
        // Whatever a look-up says, the event happened.
        let lookups = Default::default();
        let scope = Scope { kind: Some(Kind::Events), lookups, groups: false, ..scope.clone() };
        let tables = self.named(root, "sinks");
        let mut sinks = Vec::new();
        for (name, table) in &tables {
            let sink = self.sink(name, table, &scope, servers);
            sinks.extend(sink.map(|sink| (name.clone(), sink)));
        }
        let Some(table) = root.table("events", &mut self.problems) else {
            if let Some((_, sink)) = tables.first() {
                let what = "nobody is told of events: there is no [events]";
                self.problems.push(sink.problem("", what).hint(PLACES));
            }
            return None;
        };
        let (events, file, database) =
            self.in_section("events", "events", Some(table.clone()), |section| {
                let own = section.has("order_by").then(|| section.list("order_by"));
                let events = EventsSection {
                    otherwise: otherwise(section),
                    store: None,
                    order_by: own.unwrap_or_else(|| ORDER_BY.map(str::to_owned).into()),
                    keep: section.time("keep"),
                    loop_limit: section.number("loop_limit"),
                    sinks,
                };
                (events, section.text("store"), section.text("database"))
            });
        self.one_place(&table, !tables.is_empty());
        let store = self.store(&table, servers, (file, database));
        Some(EventsSection { store, ..events })
    }

    /// Is there exactly one place for events, or none where none is needed?
    fn one_place(&mut self, table: &Table<'_>, has_sinks: bool) {
        match (table.has("store"), table.has("database")) {
            (true, true) => {
                let problem = table.problem("database", "is one store too many: there is store");
                let hint = "keep one: store for one host, database for several";
                self.problems.push(problem.hint(hint));
            }
            (false, false) if has_sinks => {
                let what = "there are sinks, and no place where events are kept for them";
                self.problems.push(table.problem("", what).hint(PLACES));
            }
            (is_file, is_database) if !has_sinks && (is_file || is_database) => {
                let key = if is_file { "store" } else { "database" };
                let problem = table.problem(key, "nothing is kept there: there are no sinks");
                self.warnings.push(problem.hint("add a [sinks.NAME]"));
            }
            _ => {}
        }
    }

    /// Where events are kept.
    fn store(
        &mut self,
        table: &Table<'_>,
        servers: &Servers,
        (file, database): (Option<String>, Option<String>),
    ) -> Option<StoreSection> {
        if let Some(name) = &database {
            if let Err((what, hint)) = self.uses("databases", name) {
                self.problems.push(Problem { hint, ..table.problem("database", what) });
            }
            let kind = servers.databases.get(name).map(|settings| settings.kind);
            if let Some(kind) = kind.filter(|kind| *kind != DatabaseKind::Postgres) {
                let what = format!("events cannot be kept in {kind}");
                let hint = "name a database of kind postgres, or give store = \"events.sqlite\"";
                self.problems.push(table.problem("database", what).hint(hint));
            }
        }
        if file.is_some() && !DatabaseKind::Sqlite.is_built() {
            let problem = table.problem("store", "this build has no SQLite");
            self.problems.push(problem.hint(needs("sqlite")));
        }
        let file = file.map(|file| StoreSection::File(self.around.folder.join(file)));
        file.or_else(|| database.map(StoreSection::Database))
    }

    fn sink(
        &mut self,
        name: &str,
        table: &Table<'_>,
        scope: &Scope,
        servers: &Servers,
    ) -> Option<SinkSection> {
        if !name.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-') || name.is_empty() {
            let what = "the name of a sink has letters, digits, _ and - alone";
            self.problems.push(table.problem("", what));
        }
        let when = When::read(table, scope, &mut self.problems, &mut self.warnings);
        let path = format!("sinks.{name}");
        let (around, mut warnings) = (self.around, Vec::new());
        let (pace, kind, target) =
            self.in_section("sinks", &path, Some(table.clone()), |section| {
                let pace = Pace {
                    parallel: section.number("parallel") as usize,
                    give_up_after: section.time("give_up_after"),
                };
                let kind = section.choice("kind");
                if !section.has("kind") {
                    let hint = "webhook, sql, soap or nats".to_owned();
                    section.wrong("kind", "is missing", Some(hint));
                }
                if kind.is_empty() {
                    return (pace, kind, None);
                }
                keys_of_others(section, kind);
                let target = match kind {
                    "webhook" => webhook(name, section, around, &mut warnings),
                    "soap" => soap(section, around, &mut warnings),
                    "nats" => nats(name, section, around, &mut warnings),
                    _ => None,
                };
                (pace, kind, target)
            });
        self.warnings.extend(warnings);
        let target = match kind {
            "sql" => self.sql(name, table, scope, servers)?,
            _ => target?,
        };
        Some(SinkSection { when, pace, target })
    }

    /// A statement that is told of events.
    fn sql(
        &mut self,
        name: &str,
        table: &Table<'_>,
        scope: &Scope,
        servers: &Servers,
    ) -> Option<Target> {
        let path = format!("sinks.{name}");
        let mut unsaid = Vec::new();
        let (keys, table_again, problems) = (keys("sinks"), Some(table.clone()), &mut unsaid);
        let mut section =
            Section { name: &path, keys, table: table_again, defaults: None, problems };
        let (rows, timeout) = (section.number("rows").into(), section.time("timeout"));
        let idempotent = section.switch("idempotent");
        self.problems.extend(unsaid);
        let bound = self.bound(table, scope, servers)?;
        self.statement(table, servers, &bound, |database| {
            Effect::new(name, database, &bound.statement, rows, timeout).map(drop)
        });
        Some(Target::Sql { bound, rows, timeout, idempotent })
    }
}

fn needs(feature: &str) -> String {
    format!("it needs the feature {feature}: cargo install external-providers --features full")
}

/// Names keys that mean something to sinks of other kinds alone.
fn keys_of_others(section: &mut Section<'_>, kind: &str) {
    for key in section.keys {
        let Some(kinds) = sinks_with(key.name).filter(|_| section.has(key.name)) else { continue };
        if !kinds.contains(&kind) {
            let hint = format!("it is a key of kind {}", kinds.join(" and "));
            section.wrong(key.name, format!("has no meaning for {kind}"), Some(hint));
        }
    }
}

/// An address, which may be a secret as a whole.
fn address(
    section: &mut Section<'_>,
    around: Surroundings<'_>,
    warnings: &mut Vec<Problem>,
) -> Option<Secret> {
    let keys = ["url", "url_env", "url_file", "url_credential"];
    let Some(key) = keys.into_iter().find(|key| section.has(key)) else {
        let hint = "give url, url_env, url_file or url_credential".to_owned();
        section.wrong("url", "is missing", Some(hint));
        return None;
    };
    let mut unwise = Vec::new();
    let url = secret(section, "url", true, around, &mut unwise)?;
    // Most addresses hold no secret, and may stand in the file.
    warnings.extend(unwise.into_iter().filter(|_| key != "url"));
    let parsed = service_url(url.expose()).ok();
    if parsed.is_some_and(|parsed| parsed.scheme() == "http" && !is_local(&parsed)) {
        let what = "http:// lets everybody on the way read the events";
        warnings.extend(section.problem(key, what).map(|problem| problem.hint("use https://")));
    }
    Some(url)
}

/// Is there a secret of this name, from whatever source?
fn is_given(section: &Section<'_>, name: &str) -> bool {
    ["", "_env", "_file", "_credential"].iter().any(|end| section.has(&[name, end].concat()))
}

fn webhook(
    name: &str,
    section: &mut Section<'_>,
    around: Surroundings<'_>,
    warnings: &mut Vec<Problem>,
) -> Option<Target> {
    let before = section.problems.len();
    let url = address(section, around, warnings);
    let mut settings = WebhookSettings::new(url.unwrap_or_default());
    settings.secret = secret(section, "secret", true, around, warnings);
    settings.previous_secret = secret(section, "previous_secret", true, around, warnings);
    if is_given(section, "previous_secret") && !is_given(section, "secret") {
        let hint = "secret is the one in use, previous_secret the one before it".to_owned();
        section.wrong("previous_secret", "is there without secret", Some(hint));
    }
    settings.root_certificates = roots(section, around);
    settings.trust_fingerprint = fingerprint(section);
    settings.client_certificate = client_certificate(section, around, warnings);
    settings.connect_timeout = section.time("connect_timeout");
    settings.timeout = section.time("timeout");
    if section.problems.len() == before
        && let Err(error) = WebhookSink::new(name, settings.clone())
    {
        unusable(section, &error);
    }
    Some(Target::Webhook(settings))
}

/// What no sink can be made of.
fn unusable(section: &mut Section<'_>, SinkError { key, why }: &SinkError) {
    let ends = ["", "_env", "_file", "_credential"].map(|end| [key, end].concat());
    let given = ends.iter().find(|key| section.has(key));
    section.wrong(given.map_or(key, String::as_str), why, None);
}

fn soap(
    section: &mut Section<'_>,
    around: Surroundings<'_>,
    warnings: &mut Vec<Problem>,
) -> Option<Target> {
    let idempotent = section.switch("idempotent");
    let (name, keys) = (section.name, forward_keys(keys_of_service(Kind::Events)));
    let (table, problems) = (section.table.clone(), &mut *section.problems);
    let service = Section { name, keys: &keys, table, defaults: None, problems };
    let service = external_service(service, Kind::Events, around, warnings);
    Some(Target::Soap { service: Box::new(service), idempotent })
}

#[cfg(feature = "nats")]
fn nats(
    name: &str,
    section: &mut Section<'_>,
    around: Surroundings<'_>,
    warnings: &mut Vec<Problem>,
) -> Option<Target> {
    let before = section.problems.len();
    let subject = section.text("subject").unwrap_or_default();
    let mut settings = NatsSettings::new(section.list("servers"), subject);
    settings.user = section.text("user");
    settings.password = secret(section, "password", true, around, warnings);
    settings.token = secret(section, "token", true, around, warnings);
    settings.root_certificates = roots(section, around);
    settings.trust_fingerprint = fingerprint(section);
    settings.connect_timeout = section.time("connect_timeout");
    settings.timeout = section.time("timeout");
    if section.problems.len() == before
        && let Err(error) = NatsSink::new(name, settings.clone())
    {
        unusable(section, &error);
    }
    Some(Target::Nats(settings))
}

#[cfg(not(feature = "nats"))]
fn nats(
    _: &str,
    section: &mut Section<'_>,
    _: Surroundings<'_>,
    _: &mut Vec<Problem>,
) -> Option<Target> {
    section.wrong("kind", "this build does not speak NATS", Some(needs("nats")));
    None
}
