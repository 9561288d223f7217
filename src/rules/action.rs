//! What a rule does when its condition holds.

mod read;

use super::decision::Merge;
use super::template::Template;
use super::{Facts, Verdict};
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
    changes: Vec<Change>,
    can_start_tickets: Option<bool>,
    can_start_chats: Option<bool>,
    /// Are later rules left alone?
    pub(super) stop: bool,
}

/// What changes about one custom field.
#[derive(Debug)]
struct Change {
    change: CustomFieldChange,
    options: Option<Options>,
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
    pub(super) fn apply(&self, facts: &Facts, to: &mut Merge, explanation: &Explanation) {
        let note = |what: &str, value: Option<&str>| {
            explanation.note(|| match value {
                Some(value) => format!("  -> {what}: {}", super::scope::shown(value)),
                None => format!("  -> {what}: nothing, a value in it is absent or NULL"),
            });
        };
        let switch = |what: &str, is_on: Option<bool>| {
            if let Some(is_on) = is_on {
                explanation.note(|| format!("  -> {what}: {is_on}"));
            }
            is_on
        };
        let decision = &mut to.decision;
        if self.allow {
            switch("allow", Some(true));
            decision.verdict = Some(Verdict::Allowed);
        }
        if let Some(refuse) = &self.refuse {
            let why = refuse.render_text(facts);
            note("refuse", Some(&why));
            decision.verdict = Some(Verdict::Refused(why));
        }
        if let Some(message) = &self.message {
            let message = message.render_text(facts);
            note("message", Some(&message));
            decision.message = Some(message);
        }
        if let Some(department) = &self.department {
            let department = department.render(facts);
            note("department", department.as_deref());
            decision.department = department.or(decision.department.take());
        }
        if let Some(effect) = &self.effect {
            note("effect", Some(effect));
            decision.effect = Some(effect.clone());
        }
        let may = switch("can_start_tickets", self.can_start_tickets);
        decision.can_start_tickets = may.or(decision.can_start_tickets);
        let may = switch("can_start_chats", self.can_start_chats);
        decision.can_start_chats = may.or(decision.can_start_chats);
        for (field, value) in &self.set {
            let value = value.render(facts);
            note(&format!("set {field}"), value.as_deref());
            if let Some(value) = value {
                to.set(field, value);
            }
        }
        for Change { change, options } in &self.changes {
            let options = options.as_ref().map(|options| options.render(facts));
            explanation.note(|| change_in_words(change, options.as_deref()));
            to.change(change, options);
        }
        if self.stop {
            explanation.note(|| "  -> stop".to_owned());
        }
    }
}

fn change_in_words(change: &CustomFieldChange, options: Option<&[String]>) -> String {
    let word = |is_on: Option<bool>, yes, no| is_on.map(|is_on| if is_on { yes } else { no });
    let lookup = change.display_with_information_lookup.then_some("shown with information look-up");
    let words = [
        word(change.visible, "show", "hide"),
        word(change.required, "require", "optional"),
        lookup,
    ];
    let mut words: Vec<String> = words.into_iter().flatten().map(str::to_owned).collect();
    words.extend(options.map(|options| format!("{} options", options.len())));
    format!("  -> field {}: {}", change.name, words.join(", "))
}
