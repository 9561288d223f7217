//! A section of the file, whose values are read as the table of keys says.

use std::time::Duration;

use super::keys::{Key, OPTIONS, Shape, stands_in_its_tab};
use crate::suggest::nearest;
use crate::toml_document::{Problem, Table};

/// Keys of one table; beyond that it is not a settings file, and naming them all would take long.
const MOST_KEYS: usize = 100;

/// Durations as people write them.
const TIMES: &str = "\"10s\", \"1m 30s\" or \"500ms\"";

impl Shape {
    /// What a string of this shape looks like, where that is not plain.
    fn example(self) -> Option<String> {
        match self {
            Self::Time(..) => Some(TIMES.to_owned()),
            Self::Choice(choices) => Some(either(choices)),
            _ => None,
        }
    }
}

/// What people call choices that have another word, and a letter or two may make a third.
const SYNONYMS: [(&str, &str); 9] = [
    ("mssql", "sqlserver"),
    ("sql-server", "sqlserver"),
    ("postgresql", "postgres"),
    ("mariadb", "mysql"),
    ("sqlite3", "sqlite"),
    ("ad", "active-directory"),
    ("activedirectory", "active-directory"),
    ("ldap", "openldap"),
    ("ipa", "freeipa"),
];

/// `"a" or "b"`
fn either(choices: &[&str]) -> String {
    let quoted: Vec<_> = choices.iter().map(|choice| format!("\"{choice}\"")).collect();
    quoted.join(" or ")
}

/// Names unknown keys, unless there are so many that it is another kind of file.
pub(crate) fn finish(table: &Table<'_>, known: &[&str], problems: &mut Vec<Problem>) {
    let count = table.keys().len();
    if count > MOST_KEYS {
        let what = format!("{count} keys are too many");
        problems.push(table.problem("", what).hint("is it the settings file?"));
    } else {
        table.finish(known, problems);
    }
}

/// What a key holds: `token_file` is one of several that hold the token. A section has one of them: its
/// own takes the place of all of them in the defaults.
fn stem(key: &str) -> &str {
    let ends = ["_env", "_file", "_credential"];
    ends.iter().find_map(|end| key.strip_suffix(end)).unwrap_or(key)
}

/// A section whose values are read as the table of keys says.
pub(crate) struct Section<'d> {
    pub(crate) name: &'d str,
    pub(crate) keys: &'d [&'static Key],
    /// Absent is as good as empty.
    pub(crate) table: Option<Table<'d>>,
    /// What holds for the keys that the section does not have.
    pub(crate) defaults: Option<&'d Table<'d>>,
    pub(crate) problems: &'d mut Vec<Problem>,
}

impl<'d> Section<'d> {
    fn key(&self, name: &str) -> Option<&'static Key> {
        let key = self.keys.iter().copied().find(|key| key.name == name);
        debug_assert!(key.is_some(), "{name} is not in the table of keys");
        key
    }

    /// Is the key in the section itself?
    pub(crate) fn has_own(&self, name: &str) -> bool {
        self.table.as_ref().is_some_and(|table| table.has(name))
    }

    /// Is the key in the section, or in the defaults and not replaced?
    pub(crate) fn has(&self, name: &str) -> bool {
        self.place(name).is_some_and(|table| table.has(name))
    }

    /// The table where a key stands; for one that stands nowhere, the section if there is one.
    fn place(&self, name: &str) -> Option<&Table<'d>> {
        let alternatives = self.keys.iter().filter(|key| stem(key.name) == stem(name));
        let is_own = alternatives.map(|key| key.name).any(|key| self.has_own(key));
        // What may not stand in the defaults is named there, and read by nobody.
        let defaults = self.defaults.filter(|table| !table.has(name) || !stands_in_its_tab(name));
        let shared = defaults.filter(|table| !is_own && table.has(name));
        shared.or(self.table.as_ref()).or(defaults)
    }

    /// What is to be said about a key; of an absent section without defaults there is nothing.
    pub(crate) fn problem(&self, name: &str, what: impl Into<String>) -> Option<Problem> {
        let table = self.place(name)?;
        let mut problem = table.problem(name, what);
        if !table.has(name) {
            problem.key = format!("{}.{name}", self.name);
        }
        Some(problem)
    }

    /// Is something known to be wrong with a key?
    pub(crate) fn is_wrong(&self, name: &str) -> bool {
        let key = self.problem(name, "").map(|problem| problem.key);
        self.problems.iter().any(|problem| Some(&problem.key) == key.as_ref())
    }

    /// Something is wrong with a key.
    pub(crate) fn wrong(&mut self, name: &str, what: impl Into<String>, hint: Option<String>) {
        let problem = self.problem(name, what);
        self.problems.extend(problem.map(|problem| Problem { hint, ..problem }));
    }

    pub(crate) fn string(&mut self, name: &str) -> Option<&'d str> {
        let before = self.problems.len();
        let place = self.place(name)?.clone();
        let text = place.string(name, self.problems);
        let example = self.key(name)?.shape.example();
        if let (Some(problem), Some(example)) = (self.problems.get_mut(before), example) {
            problem.hint = Some(format!("in quotes, like {example}"));
        }
        let text = text?;
        if text.is_empty() {
            let what = "must not be empty";
            self.wrong(name, what, Some("take the line out if it is not needed".to_owned()));
            return None;
        }
        Some(text)
    }

    /// A string, or the default if there is one.
    pub(crate) fn text(&mut self, name: &str) -> Option<String> {
        let default = self.key(name)?.default;
        self.string(name).or(default).map(str::to_owned)
    }

    /// Strings; none where the key is absent.
    pub(crate) fn list(&mut self, name: &str) -> Vec<String> {
        let place = self.place(name).cloned();
        let list = place.and_then(|table| table.strings(name, self.problems));
        let list: Vec<_> = list.unwrap_or_default().into_iter().map(str::to_owned).collect();
        if list.iter().any(String::is_empty) {
            self.wrong(name, "must not hold empty strings", None);
        }
        list
    }

    pub(crate) fn switch(&mut self, name: &str) -> bool {
        let default = self.key(name).and_then(|key| key.default) == Some("true");
        let place = self.place(name).cloned();
        place.and_then(|table| table.bool(name, self.problems)).unwrap_or(default)
    }

    pub(crate) fn choice(&mut self, name: &str) -> &'static str {
        let Some(Key { shape: Shape::Choice(choices), default, .. }) = self.key(name) else {
            return "";
        };
        let default = default.unwrap_or_default();
        let Some(text) = self.string(name) else { return default };
        if let Some(choice) = choices.iter().find(|choice| **choice == text) {
            return choice;
        }
        let other = SYNONYMS.iter().find(|(word, _)| word.eq_ignore_ascii_case(text));
        let other = other.map(|(_, choice)| *choice).filter(|choice| choices.contains(choice));
        let meant = other.or_else(|| nearest(text, choices.iter().copied()));
        let hint = meant.map(|meant| format!("did you mean \"{meant}\"?"));
        self.wrong(name, format!("must be {}", either(choices)), hint);
        default
    }

    pub(crate) fn number(&mut self, name: &str) -> u32 {
        let Some(Key { shape: Shape::Number(from, to), default, .. }) = self.key(name) else {
            return 0;
        };
        let place = self.place(name).cloned();
        let given = place.and_then(|table| table.integer(name, *from..=*to, self.problems));
        let default = || default.and_then(|text| text.parse().ok());
        given.and_then(|number| u32::try_from(number).ok()).or_else(default).unwrap_or_default()
    }

    pub(crate) fn time(&mut self, name: &str) -> Duration {
        let Some(Key { shape: Shape::Time(from, to), default, .. }) = self.key(name) else {
            return Duration::ZERO;
        };
        let default = default.and_then(duration).unwrap_or_default();
        let Some(text) = self.string(name) else { return default };
        let range = duration(from).unwrap_or_default()..=duration(to).unwrap_or_default();
        match duration(text) {
            Some(time) if range.contains(&time) => time,
            Some(_) => {
                self.wrong(name, format!("must be from {from} to {to}"), None);
                default
            }
            None => {
                let what = "must be a duration";
                self.wrong(name, what, Some(format!("like {TIMES}")));
                default
            }
        }
    }

    pub(crate) fn finish(&mut self) {
        let Some(table) = &self.table else { return };
        let known: Vec<_> = self.keys.iter().map(|key| key.name).collect();
        finish(table, &known, self.problems);
        let enabled = format!("{}.enabled", table.path());
        let unknown = self.problems.iter_mut().find(|problem| problem.key == enabled);
        if let Some(problem) = unknown.filter(|_| table.path() != OPTIONS) {
            problem.what = "a provider is not enabled here".to_owned();
            problem.hint = Some(format!("in the section [{OPTIONS}]: {} = true", table.path()));
        }
    }
}

/// A duration in people's words that is not negative; a day has 24 hours.
fn duration(text: &str) -> Option<Duration> {
    let span: jiff::Span = text.parse().ok()?;
    let time = span.to_duration(jiff::SpanRelativeTo::days_are_24_hours()).ok()?;
    time.try_into().ok()
}
