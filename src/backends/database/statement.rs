//! Statements with named parameters, which are always bound: a value never becomes text of a
//! statement.

mod scanner;

use super::settings::DatabaseKind;
use crate::secret::{Mask, Secret, is_secret_key};
use scanner::{Scanner, Token};

/// A statement with parameters of the form `:name`, each of which is bound.
///
/// A parameter stands outside of quotes, comments and quoted names, as the database reads them:
/// `'…'` with backslashes in MySQL and in PostgreSQL's `E'…'`, `$tag$…$tag$`, `[…]`, `` `…` ``,
/// `"…"`, comments that nest or do not. `::` is a cast. A name begins with a letter or `_` and goes on
/// with letters, digits and `_`. One that is used twice is bound once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    text: String,
    sql: String,
    parameters: Vec<String>,
    places: Vec<usize>,
    first_word: String,
    effect: Option<(String, usize)>,
}

/// What is wrong with a statement, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{mistake} ({})", place(self))]
pub struct StatementError {
    /// What.
    pub mistake: Mistake,
    /// The line, from 1.
    pub line: usize,
    /// The character in the line, from 1.
    pub column: usize,
}

fn place(error: &StatementError) -> String {
    match error.line {
        1 => format!("at character {}", error.column),
        line => format!("at line {line}, character {}", error.column),
    }
}

/// What can be wrong with a statement before a database sees it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Mistake {
    /// There is nothing in it.
    #[error("the statement is empty")]
    Empty,
    /// Databases end a text there, with whatever condition followed.
    #[error("there is a NUL character, at which databases end a statement; take it out")]
    Nul,
    /// It ends too early.
    #[error("{0} is not closed")]
    NotClosed(&'static str),
    /// A parameter within quotes would not be bound.
    #[error(
        ":{0} stands within quotes and would not be replaced; put it outside, as in '%' || :{0} || '%' or \
         concat('%', :{0}, '%'); if it is text, write ':' || '{0}'"
    )]
    Quoted(String),
    /// A placeholder of the driver's, which nothing is bound to.
    #[error("nothing is bound to {0}; write :name for a variable")]
    Unbound(String),
    /// A second statement.
    #[error("there are two statements; only one is allowed")]
    Second,
    /// It changes something where it must not.
    #[error("a look-up must not change anything, and {0} does")]
    Effect(String),
    /// It changes nothing where it should.
    #[error("it begins with {0}; an effect is insert, update, delete, merge or replace")]
    NoEffect(String),
    /// A look-up of another sort.
    #[error("it begins with {0}; a look-up is select, with, values, call or exec")]
    NoLookUp(String),
}

/// Words that change something, outside of quotes, and not as names of functions or columns.
const EFFECTS: [&str; 11] = [
    "insert", "update", "delete", "merge", "into", "truncate", "drop", "alter", "create", "grant",
    "replace",
];

impl Statement {
    /// Reads a statement in a database's dialect.
    ///
    /// # Errors
    ///
    /// If it is empty or more than one, holds a NUL, a quote or comment is not closed, a parameter stands within
    /// quotes, or it has placeholders of another form (`?`, `$1`, `@name`).
    pub fn parse(text: &str, kind: DatabaseKind) -> Result<Self, StatementError> {
        if let Some(at) = text.find('\0') {
            return Err(error(text, at, Mistake::Nul));
        }
        let mut statement = Self {
            text: text.to_owned(),
            sql: String::with_capacity(text.len()),
            parameters: Vec::new(),
            places: Vec::new(),
            first_word: String::new(),
            effect: None,
        };
        let mut ended = None;
        let mut after_dot = false;
        let mut scanner = Scanner::new(text, kind);
        while let Some((at, token)) = scanner.next().map_err(|(at, m)| error(text, at, m))? {
            if let (Some(_), false) = (ended, matches!(token, Token::Blank | Token::End)) {
                return Err(error(text, at, Mistake::Second));
            }
            match token {
                Token::Parameter(name) => {
                    statement.bind(name, kind);
                    after_dot = false;
                    continue;
                }
                Token::End => {
                    ended = Some(at);
                    // Not every driver takes a semicolon at the end.
                    continue;
                }
                Token::Word(word) => statement.word(word, at, after_dot, scanner.rest()),
                _ => {}
            }
            after_dot = token == Token::Dot;
            statement.sql.push_str(&text[at..scanner.at()]);
        }
        if statement.first_word.is_empty() {
            return Err(error(text, 0, Mistake::Empty));
        }
        Ok(statement)
    }

    fn bind(&mut self, name: &str, kind: DatabaseKind) {
        let known = self.parameters.iter().position(|other| other == name);
        let index = known.unwrap_or(self.parameters.len());
        if known.is_none() {
            self.parameters.push(name.to_owned());
        }
        // MySQL's have no numbers.
        if known.is_none() || kind == DatabaseKind::MySql {
            self.places.push(index);
        }
        self.sql.push_str(&match kind {
            DatabaseKind::Sqlite => format!("?{}", index + 1),
            DatabaseKind::Postgres => format!("${}", index + 1),
            DatabaseKind::SqlServer => format!("@P{}", index + 1),
            DatabaseKind::MySql => "?".to_owned(),
        });
    }

    fn word(&mut self, word: &str, at: usize, after_dot: bool, rest: &str) {
        let word = word.to_ascii_lowercase();
        let is_function = rest.trim_start().starts_with('(');
        if EFFECTS.contains(&word.as_str()) && !after_dot && !is_function && self.effect.is_none() {
            self.effect = Some((word.clone(), at));
        }
        if self.first_word.is_empty() {
            self.first_word = word;
        }
    }

    /// The statement as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The statement as the database gets it.
    pub fn sql(&self) -> &str {
        &self.sql
    }

    /// The names of its parameters, each once, in order.
    pub fn parameters(&self) -> &[String] {
        &self.parameters
    }

    /// For each value that the database is given, which parameter it is, by its number in
    /// [`parameters`](Self::parameters): all of them in order, but for MySQL, whose placeholders have
    /// no numbers.
    pub fn places(&self) -> &[usize] {
        &self.places
    }

    /// Hides the values of parameters that carry a secret, by their names, if there are any: what a server
    /// says may repeat them.
    pub(super) fn mask(&self, values: &[Option<String>]) -> Option<Mask> {
        let named = self.parameters.iter().zip(values);
        let secrets =
            named.filter(|(name, _)| is_secret_key(name)).filter_map(|(_, value)| value.clone());
        let secrets: Vec<_> = secrets.map(Secret::new).collect();
        (!secrets.is_empty()).then(|| Mask::new(&secrets))
    }

    /// Its first word, in lower case.
    pub(super) fn first_word(&self) -> &str {
        &self.first_word
    }

    /// It may be run where nothing must change, as far as its words tell.
    pub(super) fn must_look_up(&self) -> Result<(), StatementError> {
        let word = self.first_word.clone();
        if let Some((word, at)) = &self.effect {
            return Err(error(&self.text, *at, Mistake::Effect(word.clone())));
        }
        match word.as_str() {
            "select" | "with" | "values" | "table" | "call" | "exec" | "execute" => Ok(()),
            _ => Err(error(&self.text, 0, Mistake::NoLookUp(word))),
        }
    }

    /// It changes something, as far as its words tell.
    pub(super) fn must_change(&self) -> Result<(), StatementError> {
        match self.first_word.as_str() {
            "insert" | "update" | "delete" | "merge" | "replace" => Ok(()),
            "with" if self.effect.is_some() => Ok(()),
            word => Err(error(&self.text, 0, Mistake::NoEffect(word.to_owned()))),
        }
    }
}

fn error(text: &str, at: usize, mistake: Mistake) -> StatementError {
    let before = &text[..at];
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    StatementError {
        mistake,
        line: before.matches('\n').count() + 1,
        column: before[line_start..].chars().count() + 1,
    }
}

#[cfg(test)]
mod tests;
