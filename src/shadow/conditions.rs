//! What was said of a shadow at its start, without which its report proves nothing.

use std::collections::BTreeSet;

use serde::Serialize;

use super::options::ShadowOptions;
use crate::secret::Mask;

/// The conditions of a report. Known secrets are masked in them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Conditions {
    /// What was not compared.
    pub ignore: Vec<IgnoreRule>,
    /// [`ShadowOptions::allow_changes`].
    pub allow_changes: Vec<String>,
    /// [`ShadowOptions::until`] in words.
    pub until: Option<String>,
    /// Are names and addresses of people masked ([`Rules::personal`](crate::redact::Rules::personal))?
    pub personal_masked: bool,
}

/// A rule by which differences do not count.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct IgnoreRule {
    /// `NAME` or `NAME=REGEX`.
    pub rule: String,
    /// In how many calls it hid a difference.
    pub hidden: u64,
}

impl Conditions {
    pub(super) fn of(options: &ShadowOptions) -> Self {
        let mask = Mask::new(&options.secrets);
        let rule = |rule: &str| IgnoreRule { rule: mask.apply_values(rule), hidden: 0 };
        let patterns = options.ignore.patterns.iter();
        let patterns = patterns.map(|(name, pattern)| rule(&format!("{name}={pattern}")));
        Self {
            ignore: options.ignore.ignore.iter().map(|name| rule(name)).chain(patterns).collect(),
            allow_changes: options.allow_changes.clone(),
            until: options.until.map(|until| until.to_string()),
            personal_masked: options.rules.personal,
        }
    }

    /// Counts the rules that hid something of one call, by their places.
    pub(super) fn hid(&mut self, rules: &BTreeSet<usize>) {
        for &rule in rules {
            self.ignore[rule].hidden += 1;
        }
    }

    /// In words, a line for each.
    pub(super) fn lines(&self) -> Vec<String> {
        let ignore = self.ignore.iter().map(|IgnoreRule { rule, hidden }| match hidden {
            0 => format!("ignored: {rule} (never applied)"),
            1 => format!("ignored: {rule} (hid a difference in 1 call)"),
            _ => format!("ignored: {rule} (hid a difference in {hidden} calls)"),
        });
        let until = self.until.as_ref().map(|until| format!("until: {until}"));
        let allowed = Some(self.allow_changes.join(", ")).filter(|names| !names.is_empty());
        let allowed =
            allowed.map(|names| format!("shown although they may change something: {names}"));
        let masked = if self.personal_masked { "masked" } else { "as they are" };
        let people = format!("names and addresses of people: {masked}");
        until.into_iter().chain(allowed).chain(ignore).chain([people]).collect()
    }
}
