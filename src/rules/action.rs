//! What a rule does when its condition holds.

mod read;

use super::scope::shown;
use super::{Decision, Facts, Template, Verdict};
use crate::contract::CustomFieldChange;
use crate::explanation::Explanation;
pub(super) use read::RULE_KINDS;

/// The actions of one rule.
#[derive(Debug, Default)]
pub(super) struct Actions {
    allow: bool,
    refuse: Option<Template>,
    department: Option<Template>,
    set: Vec<(String, Template)>,
    message: Option<Template>,
    pub(super) effect: Option<String>,
    /// What changes about custom fields, the options apart: they are not known yet.
    changes: Vec<(CustomFieldChange, Option<Options>)>,
    can_start_tickets: Option<bool>,
    can_start_chats: Option<bool>,
    /// Are later rules left alone?
    pub(super) stop: bool,
}

/// What a list offers.
#[derive(Debug)]
enum Options {
    /// Those of these that have a value.
    Texts(Vec<Template>),
    /// A look-up's column, NULL left out.
    Column { lookup: String, column: String },
}

impl Options {
    fn render(&self, facts: &Facts) -> Vec<String> {
        match self {
            Self::Texts(texts) => texts.iter().filter_map(|text| text.render(facts)).collect(),
            Self::Column { lookup, column } => {
                let rows = facts.lookups.get(lookup);
                let column = rows.and_then(|rows| Some((rows, rows.column(column)?)));
                column.map_or(Vec::new(), |(rows, column)| {
                    rows.rows.iter().filter_map(|row| row.get(column)?.clone()).collect()
                })
            }
        }
    }
}

impl Actions {
    /// Adds what the rule says to what earlier ones said.
    pub(super) fn apply(&self, facts: &Facts, to: &mut Decision, explanation: &Explanation) {
        let note = |what: &str, of: &str, value: Option<&str>| {
            explanation.note(|| match value {
                Some(value) => format!("  -> {what}{of}: {}", shown(value)),
                None => format!("  -> {what}{of}: nothing, a value in it is absent or NULL"),
            });
        };
        let for_people = |what: &str, text: &Template| {
            let text = text.render_text(facts);
            note(what, "", Some(&text));
            text
        };
        let switch = |what: &str, is_on: bool| {
            explanation.note(|| format!("  -> {what}: {is_on}"));
            is_on
        };
        if self.allow && switch("allow", true) {
            to.verdict = Some(Verdict::Allowed);
        }
        if let Some(why) = &self.refuse {
            to.verdict = Some(Verdict::Refused(for_people("refuse", why)));
        }
        if let Some(message) = &self.message {
            to.message = Some(for_people("message", message));
        }
        if let Some(department) = &self.department {
            let department = department.render(facts);
            note("department", "", department.as_deref());
            to.department = department.or(to.department.take());
        }
        if let Some(effect) = &self.effect {
            note("effect", "", Some(effect));
            to.effect = Some(effect.clone());
        }
        if let Some(may) = self.can_start_tickets {
            to.can_start_tickets = Some(switch("can_start_tickets", may));
        }
        if let Some(may) = self.can_start_chats {
            to.can_start_chats = Some(switch("can_start_chats", may));
        }
        for (field, value) in &self.set {
            let value = value.render(facts);
            note("set ", field, value.as_deref());
            if let Some(value) = value {
                to.set.replace(field, &value);
            }
        }
        for (change, options) in &self.changes {
            let options = options.as_ref().map(|options| options.render(facts));
            let change = CustomFieldChange { options, ..change.clone() };
            explanation
                .note(|| format!("  -> field {}: {}", change.name, shown(&change.to_string())));
            to.change(change);
        }
        if self.stop {
            switch("stop", true);
        }
    }
}
