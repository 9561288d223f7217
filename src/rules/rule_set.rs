//! The rules of one kind, read and decided by.

mod information;
mod when;

use std::collections::{BTreeMap, BTreeSet};

use super::action::{Actions, RULE_KINDS};
use super::condition::{Condition, Reader, Values, contradiction};
use super::name::Name;
use super::scope::shown;
use super::{DecideError, Decision, Facts, Scope};
use crate::contract::Kind;
use crate::explanation::Explanation;
use crate::toml_document::{Document, Problem, Table};
use information::InformationRow;
pub(crate) use when::When;

/// The rules of a kind, in order. They see the request and what look-ups found, never each other's
/// effects.
///
/// ```
/// use external_providers::contract::{Kind, StartTicket};
/// use external_providers::explanation::Explanation;
/// use external_providers::rules::{Facts, RuleSet, Scope};
///
/// let text = r#"
/// [[rules]]
/// when = { subject = { contains_word = "urgent" } }
/// department = "Urgent Department"
/// "#;
/// let (rules, warnings) = RuleSet::parse(Kind::Ticket, text, &Scope::default()).unwrap();
/// assert!(warnings.is_empty());
/// let ticket = StartTicket { subject: Some("URGENT: down".to_owned()), ..Default::default() };
/// let decision = rules.decide(&Facts::of(&ticket), &Explanation::default())?;
/// assert_eq!(decision.department.as_deref(), Some("Urgent Department"));
/// # Ok::<(), external_providers::rules::DecideError>(())
/// ```
#[derive(Debug, Default)]
pub struct RuleSet {
    rules: Vec<Rule>,
    rows: Vec<InformationRow>,
    /// How many names there are in conditions.
    names: usize,
    columns: BTreeMap<String, BTreeSet<String>>,
    groups: bool,
    effects: BTreeSet<String>,
}

#[derive(Debug)]
struct Rule {
    /// `rule 1 "priority customers" (line 12)`.
    label: String,
    when: Option<Condition>,
    actions: Actions,
}

impl RuleSet {
    /// Reads the rules of a kind from TOML: `[[rules]]`, or of user information `rows = […]`.
    ///
    /// With the rules come warnings: of rules that can never fire or stand there twice. All mistakes
    /// are found at once, each with its line. The kind is this one, whatever the scope says.
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
        for list in [&mut problems, &mut warnings] {
            list.sort_by_key(|problem| (problem.line, problem.column));
        }
        if problems.is_empty() { Ok((rules, warnings)) } else { Err(problems) }
    }

    /// The key of a kind's section under which its rules stand.
    pub fn key(kind: Kind) -> &'static str {
        if kind == Kind::UserInformation { "rows" } else { "rules" }
    }

    /// Reads the rules of a kind's section, and leaves its other keys alone.
    pub(crate) fn read(
        kind: Kind,
        section: &Table<'_>,
        scope: &Scope,
        problems: &mut Vec<Problem>,
        warnings: &mut Vec<Problem>,
    ) -> Self {
        let key = Self::key(kind);
        let scope = Scope { kind: Some(kind), ..scope.clone() };
        let tables = section.tables(key, problems);
        let mut reader = Reader::new(&scope, problems, warnings);
        let mut set = Self::default();
        if kind == Kind::UserInformation {
            let rows = tables.iter().enumerate();
            set.rows = rows.map(|(at, t)| InformationRow::read(&mut reader, at + 1, t)).collect();
        } else if RULE_KINDS.contains(&kind) {
            let rules = tables.iter().enumerate();
            set.rules = rules.map(|(at, t)| Rule::read(&mut reader, kind, at + 1, t)).collect();
            set.warn_of_what_comes_late(&tables, reader.warnings);
            set.effects = set.rules.iter().filter_map(|rule| rule.actions.effect.clone()).collect();
        } else if section.has(key) {
            reader.wrong(section, key, &format!("there are no rules for {kind}"));
        }
        // A row's name is what it shows.
        let but: &[&str] = if kind == Kind::UserInformation { &[] } else { &["name"] };
        for (at, table) in tables.iter().enumerate() {
            let twin = tables[..at].iter().find(|other| table.same_but(other, but));
            if let Some(twin) = twin {
                let what = format!("is the same as the one in line {}", twin.line());
                reader.warnings.push(table.problem("", what).hint("one of them is enough"));
            }
        }
        set.groups = reader.names.contains(&Name::Groups);
        (set.names, set.columns) = (reader.names.len(), reader.columns);
        set
    }

    /// Are there none?
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty() && self.rows.is_empty()
    }

    /// The look-ups that they need, with the columns that they name.
    pub fn lookups(&self) -> &BTreeMap<String, BTreeSet<String>> {
        &self.columns
    }

    /// Do they need the user's groups?
    pub fn needs_groups(&self) -> bool {
        self.groups
    }

    /// The statements with an effect that they may ask for.
    pub fn effects(&self) -> &BTreeSet<String> {
        &self.effects
    }

    /// What the rules say of a call. Every rule whose condition holds has its say, up to one that
    /// stops.
    ///
    /// The explanation gets a line for every rule and for every part of its condition, with the value
    /// that was seen, and for all that came of it.
    ///
    /// # Errors
    ///
    /// A look-up of [`lookups`](Self::lookups) is not in the facts, or its rows lack a column: nobody
    /// knows what the rules would say.
    pub fn decide(
        &self,
        facts: &Facts,
        explanation: &Explanation,
    ) -> Result<Decision, DecideError> {
        self.check(facts)?;
        let mut decision = Decision::default();
        let values = Values::new(facts, self.names, None);
        for (at, rule) in self.rules.iter().enumerate() {
            if !holds(&rule.label, rule.when.as_ref(), &values, explanation) {
                continue;
            }
            decision.matched = true;
            rule.actions.apply(facts, &mut decision, explanation);
            if rule.actions.stop {
                let rest = self.rules.len() - at - 1;
                explanation.note(|| format!("rules after it that were not looked at: {rest}"));
                break;
            }
        }
        for row in &self.rows {
            row.render(facts, self.names, &mut decision, explanation);
        }
        decision.matched |= !decision.rows.is_empty();
        Ok(decision)
    }

    /// Do the look-ups have what the rules need? Without rows, columns need not be known.
    fn check(&self, facts: &Facts) -> Result<(), DecideError> {
        for (lookup, columns) in &self.columns {
            let rows = facts.lookups.get(lookup);
            let rows = rows.ok_or_else(|| DecideError::Lookup { lookup: lookup.clone() })?;
            let missing = columns.iter().find(|column| rows.column(column).is_none());
            if let Some(column) = missing.filter(|_| !rows.rows.is_empty()) {
                let (lookup, column) = (lookup.clone(), column.clone());
                return Err(DecideError::Column { lookup, column });
            }
        }
        Ok(())
    }

    /// Rules after one that stops whenever they could hold.
    fn warn_of_what_comes_late(&self, tables: &[Table<'_>], warnings: &mut Vec<Problem>) {
        for (at, table) in tables.iter().enumerate() {
            let when = table.table("when", &mut Vec::new());
            let stops = self.rules.iter().zip(tables).take(at).find(|(rule, earlier)| {
                let same = || {
                    let earlier = earlier.table("when", &mut Vec::new());
                    when.as_ref()
                        .zip(earlier)
                        .is_some_and(|(when, other)| when.same_but(&other, &[]))
                };
                rule.actions.stop && (!earlier.has("when") || same())
            });
            if let Some((_, earlier)) = stops {
                let what = format!(
                    "can never fire: the rule in line {} always stops before it",
                    earlier.line()
                );
                warnings.push(table.problem("", what));
            }
        }
    }
}

impl Rule {
    fn read(reader: &mut Reader<'_>, kind: Kind, number: usize, table: &Table<'_>) -> Self {
        let name = table.string("name", reader.problems);
        let name = name.map(|name| format!(" {}", shown(name))).unwrap_or_default();
        let label = format!("rule {number}{name} (line {})", table.line());
        let when = read_when(reader, table);
        Self { label, when, actions: Actions::read(reader, kind, table) }
    }
}

/// The condition of a rule or row, with a warning if it can never be true.
fn read_when(reader: &mut Reader<'_>, table: &Table<'_>) -> Option<Condition> {
    let before = reader.problems.len();
    let when = table.table("when", reader.problems)?;
    let condition = reader.condition(&when);
    let reason = contradiction(&condition).filter(|_| reader.problems.len() == before);
    if let Some(reason) = reason {
        reader.warnings.push(table.problem("when", format!("can never be true: {reason}")));
    }
    Some(condition)
}

/// Does a condition hold? What is not there always does.
fn holds(
    label: &str,
    when: Option<&Condition>,
    values: &Values<'_>,
    explanation: &Explanation,
) -> bool {
    if !explanation.is_wanted() {
        return when.is_none_or(|when| when.holds(values));
    }
    let mut lines = Vec::new();
    let holds = when.is_none_or(|when| when.explain(values, 1, &mut lines));
    let always = if when.is_none() { ", as always" } else { "" };
    explanation.note(|| format!("{label}: {}{always}", if holds { "matches" } else { "no match" }));
    lines.into_iter().for_each(|line| explanation.note(|| line));
    holds
}
