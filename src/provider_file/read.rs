//! From a document to a provider's file: all that is wrong at once.

mod examples;
mod json;
mod kinds;
mod login_page;
mod servers;
mod service;
mod sinks;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::forward::{Loop, loops};
use super::keys::{self, sections};
use super::model::{Example, Kinds, Otherwise, ProviderFile, Servers};
use crate::backends::directory::GroupSource;
use crate::contract::Kind;
use crate::rules::Scope;
use crate::settings::section::{Section, finish};
use crate::settings::{Settings, Surroundings, forward, in_order_once};
use crate::suggest::{meant, nearest};
use crate::toml_document::{Document, Problem, Table};

/// What is collected while a file is read.
pub(super) struct Reading<'d> {
    pub(super) around: Surroundings<'d>,
    pub(super) problems: Vec<Problem>,
    pub(super) warnings: Vec<Problem>,
    /// The columns of look-ups, where a database has said them.
    columns: Columns,
    /// The names under each section that has some, whatever is wrong with what they stand for.
    names: BTreeMap<&'static str, BTreeSet<String>>,
    /// Names of look-ups, directories, … that something uses: `lookups.customer`.
    used: BTreeSet<String>,
}

/// Columns by the names of their look-ups.
pub(super) type Columns = BTreeMap<String, Vec<String>>;

/// Reads a text that is not empty; of some look-ups, the columns may be known. The error holds the problems, then the warnings.
pub(super) fn provider_file(
    text: &str,
    around: Surroundings<'_>,
    columns: Columns,
) -> Result<ProviderFile, (Vec<Problem>, Vec<Problem>)> {
    let document = Document::parse(text).map_err(|problem| (vec![problem], Vec::new()))?;
    let root = document.root();
    let (problems, warnings, used) = (Vec::new(), Vec::new(), BTreeSet::new());
    let known: Vec<_> = sections().iter().map(|section| section.name).collect();
    let names = names(&root, &known);
    let mut reading = Reading { around, problems, warnings, columns, names, used };
    finish(&root, &known, &mut reading.problems);
    let file = reading.file(&root);
    let Reading { mut problems, mut warnings, .. } = reading;
    in_order_once(&mut problems);
    in_order_once(&mut warnings);
    match problems.is_empty() {
        true => Ok(ProviderFile { warnings, ..file }),
        false => Err((problems, warnings)),
    }
}

/// Examples that stand beside a file, read as those in it.
pub(super) fn examples(text: &str, file: &ProviderFile) -> Result<Vec<Example>, Vec<Problem>> {
    let document = Document::parse(text).map_err(|problem| vec![problem])?;
    let root = document.root();
    let sinks = file.kinds.events.iter().flat_map(|events| &events.sinks);
    let mut reading = Reading {
        around: Surroundings::of_process(Path::new("")),
        problems: Vec::new(),
        warnings: Vec::new(),
        columns: Columns::new(),
        names: BTreeMap::from([
            ("lookups", file.servers.lookups.keys().cloned().collect()),
            ("sinks", sinks.map(|(name, _)| name.clone()).collect()),
        ]),
        used: BTreeSet::new(),
    };
    finish(&root, &["examples"], &mut reading.problems);
    let examples = reading.examples(&root, &file.servers, &file.kinds);
    let mut problems = reading.problems;
    in_order_once(&mut problems);
    if problems.is_empty() { Ok(examples) } else { Err(problems) }
}

/// The names under each section, a misspelt one for the one that was meant.
fn names(root: &Table<'_>, known: &[&'static str]) -> BTreeMap<&'static str, BTreeSet<String>> {
    let mut names: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for key in root.keys() {
        let section = known.iter().find(|name| **name == key).copied();
        let section = section.or_else(|| nearest(key, known.iter().copied()));
        if let Some((section, table)) = section.zip(root.table(key, &mut Vec::new())) {
            names.entry(section).or_default().extend(table.keys().into_iter().map(str::to_owned));
        }
    }
    names
}

impl Reading<'_> {
    fn file(&mut self, root: &Table<'_>) -> ProviderFile {
        let mut service = self.service(root);
        let login_page = self.login_page(root, &service);
        service.login_page =
            login_page.as_ref().map(|page| (page.path.clone(), page.cookie.secure));
        let mut servers = self.servers(root);
        self.logins(root, &mut servers);
        let scope = self.scope(root, &servers);
        self.effects(root, &scope, &mut servers);
        let scope = Scope { effects: self.names(&["effects"]), ..scope };
        let kinds = self.kinds(root, &scope, &servers);
        let forward = self.forward(root, &kinds);
        let json = self.json(root, &kinds);
        let examples = self.examples(root, &servers, &kinds);
        // Of rules with mistakes nobody knows what they use.
        if self.problems.is_empty() {
            self.unused(root);
        }
        let warnings = Vec::new();
        let file = ProviderFile {
            service,
            login_page,
            servers,
            kinds,
            forward,
            json,
            examples,
            warnings,
            file: None,
        };
        let problem = loops(&file).and_then(|found| self.loop_problem(root, found, &file));
        self.problems.extend(problem);
        self.page_logins(root, &file);
        file
    }

    /// What would call this service itself is a mistake.
    fn loop_problem(
        &mut self,
        root: &Table<'_>,
        found: Loop<'_>,
        file: &ProviderFile,
    ) -> Option<Problem> {
        let (section, what) = match found {
            Loop::Kind(kind) => (
                if file.json.contains_key(&kind) { "json" } else { "forward" },
                format!("{kind} would be forwarded to this service itself"),
            ),
            Loop::Sink(name) => ("sinks", format!("{name} is this service itself")),
        };
        let mut table = root.table(section, &mut self.problems)?;
        if let Loop::Sink(name) = found {
            table = table.table(name, &mut self.problems)?;
        }
        let hint = "give the other service's address, or another listen or path";
        Some(table.problem("url", what).hint(hint))
    }

    /// What rules and texts may name, whatever their kind.
    fn scope(&mut self, root: &Table<'_>, servers: &Servers) -> Scope {
        let table = root.table("names", &mut self.problems);
        let (departments, custom_fields) = self.in_section("names", "names", table, |section| {
            let mut list = |key| section.has(key).then(|| section.list(key));
            (list("departments"), list("custom_fields"))
        });
        let lookup = |name: String| (name.clone(), self.columns(&name, servers));
        Scope {
            kind: None,
            lookups: self.names(&["lookups"]).into_iter().map(lookup).collect(),
            groups: servers.directories.iter().any(|(_, d)| d.groups != GroupSource::No),
            departments,
            custom_fields,
            ..Scope::default()
        }
    }

    /// The columns of a look-up: what the database says, or else the file.
    fn columns(&self, lookup: &str, servers: &Servers) -> Option<Vec<String>> {
        let said = self.columns.get(lookup).cloned();
        said.or_else(|| {
            let columns = servers.lookups.get(lookup)?.settings.columns.clone();
            (!columns.is_empty()).then_some(columns)
        })
    }

    fn forward(&mut self, root: &Table<'_>, kinds: &Kinds) -> Settings {
        let wanted: Vec<Kind> = kinds.left_to(Otherwise::Forward).collect();
        let (problems, warnings) = (&mut self.problems, &mut self.warnings);
        match root.table("forward", problems) {
            Some(table) => {
                if wanted.is_empty() && table.has("url") {
                    let what = "has no effect, since no kind says otherwise = \"forward\"";
                    warnings.push(table.problem("url", what));
                }
                forward(&table, &wanted, self.around, problems, warnings)
            }
            None => {
                for kind in wanted {
                    let section = root.table(&kind.to_string(), problems);
                    let problem = section.map(|s| s.problem("otherwise", "there is no [forward]"));
                    let hint = "[forward] says where the old service is: url, password_file";
                    problems.extend(problem.map(|problem| problem.hint(hint)));
                }
                Settings::default()
            }
        }
    }

    /// Warns of what nothing uses.
    fn unused(&mut self, root: &Table<'_>) {
        for (section, what) in [
            ("directories", "nobody asks this directory (login.ask)"),
            ("databases", "nothing uses this database"),
            ("lookups", "nothing uses this look-up"),
            ("effects", "no rule has this effect"),
            ("logins", "nobody asks this login (login.ask)"),
        ] {
            let Some(table) = root.table(section, &mut self.problems) else { continue };
            for name in table.keys() {
                if !self.used.contains(&format!("{section}.{name}")) {
                    self.warnings.push(table.problem(name, what));
                }
            }
        }
    }

    /// All names under these sections.
    fn names(&self, sections: &[&str]) -> BTreeSet<String> {
        sections.iter().filter_map(|section| self.names.get(section)).flatten().cloned().collect()
    }

    /// Marks a name as used, and says whether there is such a thing.
    fn uses(&mut self, section: &str, name: &str) -> Result<(), (String, Option<String>)> {
        self.used.insert(format!("{section}.{name}"));
        let known = match section {
            "directories" => self.names(&["directories", "logins"]),
            section => self.names(&[section]),
        };
        if known.contains(name) {
            return Ok(());
        }
        let hint = meant(name, known.iter().map(String::as_str));
        let hint = hint.or_else(|| Some(format!("there is no [{section}.NAME]")));
        let what = match section {
            "lookups" => "look-up",
            "databases" => "database",
            "sinks" => "sink",
            _ => "directory and no login",
        };
        Err((format!("there is no {what} {name:?}"), hint))
    }

    /// Reads a section as its table of keys says, and names what is unknown in it.
    fn in_section<T>(
        &mut self,
        keys: &str,
        name: &str,
        table: Option<Table<'_>>,
        read: impl FnOnce(&mut Section<'_>) -> T,
    ) -> T {
        let (keys, problems) = (keys::keys(keys), &mut self.problems);
        let mut section = Section { name, keys, table, defaults: None, problems };
        let found = read(&mut section);
        section.finish();
        found
    }

    /// The tables under the names of a section: `[lookups.NAME]`.
    fn named<'d>(&mut self, root: &Table<'d>, section: &str) -> Vec<(String, Table<'d>)> {
        let Some(table) = root.table(section, &mut self.problems) else { return Vec::new() };
        let mut found = Vec::new();
        for name in table.keys() {
            found.extend(table.table(name, &mut self.problems).map(|t| (name.to_owned(), t)));
        }
        found
    }
}
