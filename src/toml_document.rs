//! TOML taken apart key by key: every mistake is named by line and key, and none of them is lost.
//!
//! The settings file, rules and the fixtures' `exchange.toml` are read with this. Values may be passwords,
//! so no problem ever shows one.

use std::fmt;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::suggest::meant;

/// Something that is wrong with a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// The key with the tables around it, `login.url`; empty when it is the document.
    pub key: String,
    /// What is wrong.
    pub what: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: ", self.line)?;
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        f.write_str(&self.what)?;
        match &self.hint {
            Some(hint) => write!(f, " ({hint})"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Problem {}

impl Problem {
    fn at(text: &str, offset: usize, key: String, what: impl Into<String>) -> Self {
        let mut offset = offset.min(text.len());
        while !text.is_char_boundary(offset) {
            offset -= 1;
        }
        let before = &text[..offset];
        let line_start = before.rfind('\n').map_or(0, |i| i + 1);
        Self {
            line: 1 + memchr::memchr_iter(b'\n', before.as_bytes()).count(),
            column: 1 + before[line_start..].chars().count(),
            key,
            what: what.into(),
            hint: None,
        }
    }

    /// The same with an advice.
    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// A document whose syntax is in order.
#[derive(Debug)]
pub(crate) struct Document<'t> {
    text: &'t str,
    root: Spanned<DeTable<'t>>,
}

impl<'t> Document<'t> {
    /// Reads a document, with or without a byte order mark. A key or table that stands twice is a
    /// mistake of syntax in TOML.
    pub(crate) fn parse(text: &'t str) -> Result<Self, Problem> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        match DeTable::parse(text) {
            Ok(root) => Ok(Self { text, root }),
            Err(error) => {
                let offset = error.span().map_or(0, |span| span.start);
                // The message alone: its Display would show the line, which may hold a password.
                let what = error.message().trim().replace('\n', "; ");
                // A key's name is not a secret, and without it nobody knows which is meant.
                let twice = what == "duplicate key";
                match error.span().and_then(|span| text.get(span)).filter(|_| twice) {
                    Some(key) => Err(Problem::at(text, offset, shown(key), "stands twice")
                        .hint("keep one, with all that belongs there")),
                    None => Err(Problem::at(text, offset, String::new(), what)),
                }
            }
        }
    }

    /// The table that is the document.
    pub(crate) fn root(&self) -> Table<'_> {
        Table {
            text: self.text,
            path: String::new(),
            table: self.root.get_ref(),
            span: self.root.span(),
        }
    }
}

/// What stands under a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape<'d> {
    /// A string.
    Text(&'d str),
    /// A number in decimal notation, as it is written.
    Number(&'d str),
    /// A list.
    List,
    /// A table.
    Table,
    /// True or false, a date, a number in another notation.
    Other,
}

/// A table, whose keys are asked for one by one. Wrong types go to the list of problems that each
/// question is given, and are answered like absent keys.
#[derive(Debug, Clone)]
pub(crate) struct Table<'d> {
    text: &'d str,
    path: String,
    table: &'d DeTable<'d>,
    span: Range<usize>,
}

impl<'d> Table<'d> {
    /// The name of the table with those around it; empty for the document.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// The line where it begins, from 1.
    pub(crate) fn line(&self) -> usize {
        self.problem("", "").line
    }

    /// What stands under a key; `None` where nothing does.
    pub(crate) fn shape(&self, key: &str) -> Option<Shape<'d>> {
        Some(match self.value(key)?.get_ref() {
            DeValue::String(text) => Shape::Text(text),
            DeValue::Integer(number) if number.radix() == 10 => Shape::Number(number.as_str()),
            DeValue::Float(number) => Shape::Number(number.as_str()),
            DeValue::Array(_) => Shape::List,
            DeValue::Table(_) => Shape::Table,
            DeValue::Integer(_) | DeValue::Boolean(_) | DeValue::Datetime(_) => Shape::Other,
        })
    }

    /// Does it say the same as another, but for some of its keys?
    pub(crate) fn same_but(&self, other: &Self, but: &[&str]) -> bool {
        let keys = |table: &DeTable<'_>| {
            table.iter().filter(|(key, _)| !but.contains(&key.get_ref().as_ref())).count()
        };
        keys(self.table) == keys(other.table)
            && self.table.iter().all(|(key, value)| {
                let name = key.get_ref().as_ref();
                let is_same = |other: &Spanned<DeValue<'_>>| same(value.get_ref(), other.get_ref());
                but.contains(&name) || other.table.get(name).is_some_and(is_same)
            })
    }

    /// The keys, in the order of the document.
    pub(crate) fn keys(&self) -> Vec<&'d str> {
        let mut keys: Vec<_> =
            self.table.iter().map(|(key, _)| (key.span().start, key.get_ref().as_ref())).collect();
        keys.sort_unstable();
        keys.into_iter().map(|(_, key)| key).collect()
    }

    /// Is there such a key?
    pub(crate) fn has(&self, key: &str) -> bool {
        self.value(key).is_some()
    }

    /// A string.
    pub(crate) fn string(&self, key: &str, problems: &mut Vec<Problem>) -> Option<&'d str> {
        let value = self.value(key)?;
        self.expect(key, value, value.get_ref().as_str(), "a string", problems)
    }

    /// `true` or `false`.
    pub(crate) fn bool(&self, key: &str, problems: &mut Vec<Problem>) -> Option<bool> {
        let value = self.value(key)?;
        self.expect(key, value, value.get_ref().as_bool(), "true or false", problems)
    }

    /// A whole number in a range.
    pub(crate) fn integer(
        &self,
        key: &str,
        range: std::ops::RangeInclusive<i64>,
        problems: &mut Vec<Problem>,
    ) -> Option<i64> {
        let value = self.value(key)?;
        let number = value
            .get_ref()
            .as_integer()
            .and_then(|number| i64::from_str_radix(number.as_str(), number.radix()).ok())
            .filter(|number| range.contains(number));
        let expected = format!("a whole number from {} to {}", range.start(), range.end());
        self.expect(key, value, number, &expected, problems)
    }

    /// A date with time and offset, as TOML writes it without quotes.
    pub(crate) fn datetime(
        &self,
        key: &str,
        problems: &mut Vec<Problem>,
    ) -> Option<jiff::Timestamp> {
        let value = self.value(key)?;
        let time = value.get_ref().as_datetime().and_then(|time| time.to_string().parse().ok());
        let expected = "a date and time with an offset, like 2026-11-24T12:00:00Z";
        self.expect(key, value, time, expected, problems)
    }

    /// A list of strings.
    pub(crate) fn strings(&self, key: &str, problems: &mut Vec<Problem>) -> Option<Vec<&'d str>> {
        let value = self.value(key)?;
        let list = value.get_ref().as_array().and_then(|list| {
            list.iter().map(|item| item.get_ref().as_str()).collect::<Option<Vec<_>>>()
        });
        self.expect(key, value, list, "a list of strings", problems)
    }

    /// A list of lists of strings: header fields, for instance.
    pub(crate) fn rows(&self, key: &str, problems: &mut Vec<Problem>) -> Option<Vec<Vec<&'d str>>> {
        let value = self.value(key)?;
        let row = |row: &'d Spanned<DeValue<'d>>| {
            let row = row.get_ref().as_array()?;
            row.iter().map(|item| item.get_ref().as_str()).collect::<Option<Vec<_>>>()
        };
        let rows = value
            .get_ref()
            .as_array()
            .and_then(|rows| rows.iter().map(row).collect::<Option<Vec<_>>>());
        self.expect(key, value, rows, "a list of lists of strings", problems)
    }

    /// A table inside this one.
    pub(crate) fn table(&self, key: &str, problems: &mut Vec<Problem>) -> Option<Table<'d>> {
        let value = self.value(key)?;
        let table = value.get_ref().as_table();
        let table = self.expect(key, value, table, "a table", problems)?;
        Some(Table { text: self.text, path: self.key_path(key), table, span: value.span() })
    }

    /// A list of tables, `[[rules]]` or `rules = [{ … }]`; their paths count from 1.
    pub(crate) fn tables(&self, key: &str, problems: &mut Vec<Problem>) -> Vec<Table<'d>> {
        let Some(value) = self.value(key) else { return Vec::new() };
        let items = value.get_ref().as_array().and_then(|list| {
            let table = |item: &'d Spanned<DeValue<'d>>| Some((item, item.get_ref().as_table()?));
            list.iter().map(table).collect::<Option<Vec<_>>>()
        });
        let items = self.expect(key, value, items, "a list of tables", problems);
        let items = items.unwrap_or_default().into_iter().enumerate();
        items
            .map(|(at, (item, table))| Table {
                text: self.text,
                path: format!("{}[{}]", self.key_path(key), at + 1),
                table,
                span: item.span(),
            })
            .collect()
    }

    /// Names every key that is not among the known ones, with the nearest that is.
    pub(crate) fn finish(&self, known: &[&str], problems: &mut Vec<Problem>) {
        for (key, _) in self.table.iter() {
            let name = key.get_ref().as_ref();
            if known.contains(&name) {
                continue;
            }
            let problem = self.at(key.span(), &shown(name), "there is no such key");
            let hint = meant(name, known.iter().copied());
            problems
                .push(problem.hint(hint.unwrap_or_else(|| "nothing may stand here".to_owned())));
        }
    }

    /// What is wrong with the value of a key; where there is none, with the table. An empty key is
    /// the table itself.
    pub(crate) fn problem(&self, key: &str, what: impl Into<String>) -> Problem {
        match self.value(key) {
            Some(value) => self.at(value.span(), key, what),
            None => self.at(self.span.clone(), key, what),
        }
    }

    /// A key that must be there and is not.
    pub(crate) fn missing(&self, key: &str) -> Problem {
        self.problem(key, "is missing")
    }

    fn value(&self, key: &str) -> Option<&'d Spanned<DeValue<'d>>> {
        self.table.get(key)
    }

    fn key_path(&self, key: &str) -> String {
        let dot = if self.path.is_empty() || key.is_empty() { "" } else { "." };
        [&self.path, dot, key].concat()
    }

    fn at(&self, span: Range<usize>, key: &str, what: impl Into<String>) -> Problem {
        Problem::at(self.text, span.start, self.key_path(key), what)
    }

    fn expect<T>(
        &self,
        key: &str,
        value: &Spanned<DeValue<'_>>,
        found: Option<T>,
        expected: &str,
        problems: &mut Vec<Problem>,
    ) -> Option<T> {
        if found.is_none() {
            let what = format!("must be {expected}, not {}", kind(value.get_ref()));
            problems.push(self.at(value.span(), key, what));
        }
        found
    }
}

/// Do two values say the same? Numbers are compared as they are written.
fn same(one: &DeValue<'_>, other: &DeValue<'_>) -> bool {
    use DeValue::{Array, Boolean, Datetime, Float, Integer, String, Table};
    match (one, other) {
        (String(one), String(other)) => one == other,
        (Integer(one), Integer(other)) => {
            (one.radix(), one.as_str()) == (other.radix(), other.as_str())
        }
        (Float(one), Float(other)) => one.as_str() == other.as_str(),
        (Boolean(one), Boolean(other)) => one == other,
        (Datetime(one), Datetime(other)) => one == other,
        (Array(one), Array(other)) => {
            let is_same =
                |(one, other): (&Spanned<_>, &Spanned<_>)| same(one.get_ref(), other.get_ref());
            one.len() == other.len() && one.iter().zip(other.iter()).all(is_same)
        }
        (Table(one), Table(other)) => {
            one.len() == other.len()
                && one.iter().all(|(key, value)| {
                    let other = other.get(key.get_ref().as_ref());
                    other.is_some_and(|other| same(value.get_ref(), other.get_ref()))
                })
        }
        _ => false,
    }
}

/// A key as it may be shown.
fn shown(key: &str) -> String {
    key.chars().take(64).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

/// What a value is, without the value.
fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "this string",
        DeValue::Integer(_) | DeValue::Float(_) => "this number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "this date",
        DeValue::Array(_) => "this list",
        DeValue::Table(_) => "a table",
    }
}

/// A string as TOML writes it, quoted.
pub(crate) fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

#[cfg(test)]
mod tests;
