//! What a condition asks of one value.

mod conflict;

use std::cmp::Ordering;
use std::fmt;

use aho_corasick::AhoCorasick;
use regex::{Regex, RegexBuilder};

use super::decimal::Decimal;
use super::scope::shown;
use super::text::{Text, fold, has_word};
pub(super) use conflict::conflict;

/// The operators by their names in conditions, each with what stands behind it.
pub(super) const OPERATORS: [(&str, Takes); 13] = [
    ("is", Takes::TextOrNumber),
    ("is_one_of", Takes::List),
    ("contains", Takes::TextOrList),
    ("contains_word", Takes::TextOrList),
    ("starts", Takes::TextOrList),
    ("ends", Takes::TextOrList),
    ("matches", Takes::TextOrList),
    ("empty", Takes::Switch),
    ("present", Takes::Switch),
    ("above", Takes::Number),
    ("at_least", Takes::Number),
    ("below", Takes::Number),
    ("at_most", Takes::Number),
];

/// What stands behind an operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Takes {
    TextOrNumber,
    List,
    TextOrList,
    Switch,
    Number,
}

/// A compiled pattern of a rule takes at most so much memory.
const PATTERN_SIZE: usize = 1 << 20;

/// One operator with what stands behind it.
#[derive(Debug)]
pub(super) struct Operator {
    word: &'static str,
    /// As the file has it.
    wanted: Vec<String>,
    is_case_sensitive: bool,
    test: Test,
}

/// How numbers may stand to a limit.
type Comparison = fn(Ordering) -> bool;

#[derive(Debug)]
enum Test {
    /// Sorted.
    Is(Vec<String>),
    Contains(AhoCorasick),
    ContainsWord(AhoCorasick),
    Starts(Vec<String>),
    Ends(Vec<String>),
    Matches(Vec<Regex>),
    Empty(bool),
    Present(bool),
    Number(Comparison),
}

impl Operator {
    /// One that asks for any of some texts; what is wrong with them where they cannot be asked for.
    pub(super) fn texts(
        word: &'static str,
        wanted: &[&str],
        is_case_sensitive: bool,
    ) -> Result<Self, String> {
        let is_exact = matches!(word, "is" | "is_one_of");
        if !is_exact && wanted.contains(&"") {
            return Err("must not be empty: every text has that in it".to_owned());
        }
        let fold = |text: &&str| match is_case_sensitive {
            true => (*text).to_owned(),
            false => fold(text).into_owned(),
        };
        let mut texts: Vec<String> = wanted.iter().map(fold).collect();
        texts.sort_unstable();
        let search = |texts| AhoCorasick::new::<Vec<String>, _>(texts).map_err(|e| e.to_string());
        let test = match word {
            "contains" => Test::Contains(search(texts)?),
            "contains_word" => Test::ContainsWord(search(texts)?),
            "starts" => Test::Starts(texts),
            "ends" => Test::Ends(texts),
            "matches" => Test::Matches(
                wanted.iter().map(|p| pattern(p, is_case_sensitive)).collect::<Result<_, _>>()?,
            ),
            _ => Test::Is(texts),
        };
        let wanted = wanted.iter().map(|text| (*text).to_owned()).collect();
        Ok(Self { word, wanted, is_case_sensitive, test })
    }

    /// One that compares with a number.
    pub(super) fn number(word: &'static str, limit: &str) -> Result<Self, String> {
        if Decimal::parse(limit).is_none() {
            return Err("must be a number like 10 or 0.5, without an exponent".to_owned());
        }
        let holds = match word {
            "above" => Ordering::is_gt,
            "at_least" => Ordering::is_ge,
            "below" => Ordering::is_lt,
            "at_most" => Ordering::is_le,
            _ => Ordering::is_eq,
        };
        let wanted = vec![limit.to_owned()];
        Ok(Self { word, wanted, is_case_sensitive: false, test: Test::Number(holds) })
    }

    /// `empty` or `present`.
    pub(super) fn switch(word: &'static str, is_on: bool) -> Self {
        let test = if word == "empty" { Test::Empty(is_on) } else { Test::Present(is_on) };
        Self { word, wanted: Vec::new(), is_case_sensitive: false, test }
    }

    /// Does it hold of a value? `None` is absent or NULL, of which nothing holds but
    /// `empty = true` and `present = false`.
    pub(super) fn holds(&self, value: Option<&Text<'_>>) -> bool {
        let Some(text) = value else { return !self.needs_value() };
        let seen = if self.is_case_sensitive { &*text.raw } else { text.folded() };
        match &self.test {
            Test::Is(texts) if texts.len() < 10 => texts.iter().any(|text| text == seen),
            Test::Is(texts) => texts.binary_search_by(|text| text.as_str().cmp(seen)).is_ok(),
            Test::Contains(words) => words.is_match(seen),
            Test::ContainsWord(words) => has_word(words, seen),
            Test::Starts(texts) => texts.iter().any(|text| seen.starts_with(text)),
            Test::Ends(texts) => texts.iter().any(|text| seen.ends_with(text)),
            Test::Matches(patterns) => patterns.iter().any(|p| p.is_match(&text.raw)),
            Test::Empty(is_empty) => text.raw.is_empty() == *is_empty,
            Test::Present(is_present) => *is_present,
            Test::Number(_) => {
                let numbers = Decimal::parse(&text.raw).zip(self.limit());
                numbers.is_some_and(|(number, (limit, holds))| holds(number.cmp(&limit)))
            }
        }
    }

    /// Does it hold only of what is there and not NULL?
    fn needs_value(&self) -> bool {
        !matches!(self.test, Test::Empty(true) | Test::Present(false))
    }

    /// Does it compare numbers?
    pub(super) fn is_numeric(&self) -> bool {
        matches!(self.test, Test::Number(_))
    }

    /// The number that it compares with, and how values may stand to it.
    fn limit(&self) -> Option<(Decimal<'_>, Comparison)> {
        let Test::Number(holds) = self.test else { return None };
        Some((Decimal::parse(self.wanted.first()?)?, holds))
    }
}

impl fmt::Display for Operator {
    /// `is one of "a", "b"`, `is not empty`, `at least 10`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.test {
            Test::Empty(true) => return f.write_str("is empty"),
            Test::Empty(false) => return f.write_str("is not empty"),
            Test::Present(true) => return f.write_str("is present"),
            Test::Present(false) => return f.write_str("is not present"),
            _ => f.write_str(&self.word.replace('_', " "))?,
        }
        const MOST: usize = 10;
        let wanted = self.wanted.iter().take(MOST).map(|text| match self.is_numeric() {
            true => text.clone(),
            false => shown(text),
        });
        write!(f, " {}", wanted.collect::<Vec<_>>().join(", "))?;
        match self.wanted.len().saturating_sub(MOST) {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
}

/// A pattern, which is not allowed to grow beyond all bounds when it is compiled.
fn pattern(text: &str, is_case_sensitive: bool) -> Result<Regex, String> {
    let mut builder = RegexBuilder::new(text);
    builder.case_insensitive(!is_case_sensitive).size_limit(PATTERN_SIZE);
    builder.build().map_err(|error| {
        let text = error.to_string();
        let last = text.lines().last().unwrap_or_default();
        format!("is not a regular expression: {}", last.strip_prefix("error: ").unwrap_or(last))
    })
}

#[cfg(test)]
mod tests;
