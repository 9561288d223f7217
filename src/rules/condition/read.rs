//! Conditions as the file has them. A table holds where all of its keys do.

use std::collections::{BTreeMap, BTreeSet};

use super::Condition;
use crate::rules::name::Name;
use crate::rules::operator::{OPERATORS, Operator, Takes};
use crate::rules::scope::{NameError, Scope};
use crate::rules::template::Template;
use crate::toml_document::{Problem, Shape, Table};

/// Reads conditions and templates, and remembers the names in them.
pub(in crate::rules) struct Reader<'r> {
    pub(in crate::rules) scope: &'r Scope,
    pub(in crate::rules) problems: &'r mut Vec<Problem>,
    pub(in crate::rules) warnings: &'r mut Vec<Problem>,
    /// Those of conditions.
    pub(in crate::rules) names: Vec<Name>,
    /// The look-ups that names need, with their columns.
    pub(in crate::rules) columns: BTreeMap<String, BTreeSet<String>>,
}

impl<'r> Reader<'r> {
    /// One that has not read anything.
    pub(in crate::rules) fn new(
        scope: &'r Scope,
        problems: &'r mut Vec<Problem>,
        warnings: &'r mut Vec<Problem>,
    ) -> Self {
        Self { scope, problems, warnings, names: Vec::new(), columns: BTreeMap::new() }
    }
}

impl<'d> Reader<'_> {
    /// What was found for a key of a table; a name that means nothing is a mistake.
    pub(in crate::rules) fn found<T>(
        &mut self,
        table: &Table<'_>,
        key: &str,
        found: Result<T, NameError>,
    ) -> Option<T> {
        let note = |NameError { what, hint }| {
            self.problems.push(Problem { hint, ..table.problem(key, what) });
        };
        found.map_err(note).ok()
    }

    /// A mistake that needs no hint.
    pub(in crate::rules) fn wrong(&mut self, table: &Table<'_>, key: &str, what: &str) {
        self.problems.push(table.problem(key, what));
    }

    /// Remembers what a name needs.
    pub(in crate::rules) fn need(&mut self, name: &Name) {
        if let Some(lookup) = name.lookup() {
            let columns = self.columns.entry(lookup.to_owned()).or_default();
            if let Name::Column { column, .. } = name {
                columns.insert(column.clone());
            }
        }
    }

    /// A text with names in it.
    pub(in crate::rules) fn template(
        &mut self,
        table: &Table<'d>,
        key: &str,
        text: &str,
    ) -> Option<Template> {
        let template = self.found(table, key, Template::parse(text, self.scope))?;
        template.names().for_each(|name| self.need(name));
        Some(template)
    }

    /// One text, or a list of them.
    fn texts(&mut self, table: &Table<'d>, key: &str) -> Option<Vec<&'d str>> {
        match table.shape(key)? {
            Shape::Text(text) => Some(vec![text]),
            _ => table.strings(key, self.problems),
        }
    }

    /// The condition that a table is.
    pub(in crate::rules) fn condition(&mut self, table: &Table<'d>) -> Condition {
        let keys = table.keys();
        if keys.is_empty() {
            self.wrong(table, "", "is empty, and asks for nothing");
        }
        let mut all = Vec::new();
        for key in keys {
            match key {
                "all" | "any" => {
                    let before = self.problems.len();
                    let parts = table.tables(key, self.problems);
                    if parts.is_empty() && before == self.problems.len() {
                        self.wrong(table, key, "is empty, and asks for nothing");
                    }
                    let parts = parts.iter().map(|part| self.condition(part)).collect();
                    let of = if key == "all" { Condition::All } else { Condition::Any };
                    all.push(of(parts));
                }
                "not" => {
                    if let Some(part) = table.table(key, self.problems) {
                        all.push(Condition::Not(Box::new(self.condition(&part))));
                    }
                }
                "field" => self.group(table, key, &mut all, |scope, name| {
                    scope.field(name).map(|()| Name::Field(name.to_owned()))
                }),
                lookup if self.scope.lookups.contains_key(lookup) => {
                    self.group(table, key, &mut all, |scope, name| scope.column(lookup, name));
                }
                name => {
                    let found = self.scope.name(name);
                    all.extend(self.name(table, name, name, found));
                }
            }
        }
        match all.len() {
            1 => all.swap_remove(0),
            _ => Condition::All(all),
        }
    }

    /// A table of names that begin alike: `field.NAME`, `LOOKUP.COLUMN`.
    fn group(
        &mut self,
        table: &Table<'d>,
        key: &str,
        all: &mut Vec<Condition>,
        look: impl Fn(&Scope, &str) -> Result<Name, NameError>,
    ) {
        let Some(inner) = table.table(key, self.problems) else { return };
        for name in inner.keys() {
            let found = look(self.scope, name);
            all.extend(self.name(&inner, name, &format!("{key}.{name}"), found));
        }
    }

    /// What is asked of one name.
    fn name(
        &mut self,
        table: &Table<'d>,
        key: &str,
        label: &str,
        found: Result<Name, NameError>,
    ) -> Option<Condition> {
        let name = self.found(table, key, found)?;
        let operators = match table.shape(key)? {
            Shape::Table => {
                let operators = table.table(key, self.problems)?;
                self.operators(&operators, &name)
            }
            Shape::List => self.operator(table, key, ("is_one_of", Takes::List), &name, false),
            _ => self.operator(table, key, ("is", Takes::TextOrNumber), &name, false),
        };
        self.need(&name);
        let known = self.names.iter().position(|known| *known == name);
        let at = known.unwrap_or_else(|| {
            self.names.push(name.clone());
            self.names.len() - 1
        });
        Some(Condition::Name { name, at, label: label.to_owned(), operators })
    }

    /// A table of operators.
    fn operators(&mut self, table: &Table<'d>, name: &Name) -> Vec<Operator> {
        const CASE: &str = "case_sensitive";
        let mut known: Vec<&str> = OPERATORS.iter().map(|(word, _)| *word).collect();
        if !known.iter().any(|word| table.has(word)) && table.keys().iter().all(|key| *key == CASE)
        {
            self.wrong(table, "", "asks for nothing: an operator is missing");
        }
        known.push(CASE);
        table.finish(&known, self.problems);
        let is_case_sensitive = table.bool(CASE, self.problems).unwrap_or_default();
        let present = OPERATORS.into_iter().filter(|(word, _)| table.has(word));
        present.flat_map(|op| self.operator(table, op.0, op, name, is_case_sensitive)).collect()
    }

    /// What is asked by one operator; none where there is a mistake.
    fn operator(
        &mut self,
        table: &Table<'d>,
        key: &str,
        (word, takes): (&'static str, Takes),
        name: &Name,
        is_case_sensitive: bool,
    ) -> Vec<Operator> {
        let operator = match (takes, table.shape(key)) {
            (Takes::Switch, _) => {
                let is_on = table.bool(key, self.problems);
                return is_on.map(|is_on| Operator::switch(word, is_on)).into_iter().collect();
            }
            (Takes::TextOrNumber, Some(Shape::Number(limit))) => {
                self.found(table, key, self.scope.value(name, limit, is_case_sensitive));
                Operator::number(word, limit)
            }
            (Takes::Number, Some(Shape::Number(limit) | Shape::Text(limit))) => {
                Operator::number(word, limit)
            }
            (Takes::Number, _) => Operator::number(word, ""),
            (Takes::TextOrNumber, Some(Shape::List | Shape::Table | Shape::Other)) => {
                Err("must be a string, a number, a list of strings or a table of operators".into())
            }
            _ => {
                let texts = match takes {
                    Takes::List => table.strings(key, self.problems),
                    _ => self.texts(table, key),
                };
                let Some(texts) = texts else { return Vec::new() };
                for text in texts.iter().filter(|_| word.starts_with("is")) {
                    self.found(table, key, self.scope.value(name, text, is_case_sensitive));
                }
                Operator::texts(word, &texts, is_case_sensitive)
            }
        };
        operator.map_err(|what| self.wrong(table, key, &what)).into_iter().collect()
    }
}
