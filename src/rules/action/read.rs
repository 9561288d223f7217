//! Actions as the file has them. One that another kind of provider has is told from a misspelt one.

use super::{Actions, Options};
use crate::contract::{CustomFieldChange, Kind};
use crate::rules::condition::Reader;
use crate::rules::name::Name;
use crate::toml_document::{Shape, Table};

const STARTS: &[Kind] = &[Kind::Ticket, Kind::LiveChat];
const FORMS: &[Kind] = &[Kind::CustomFields];

/// The actions, and the kinds that have them.
const ACTIONS: [(&str, &[Kind]); 14] = [
    ("allow", STARTS),
    ("refuse", &[Kind::Login, Kind::Ticket, Kind::LiveChat]),
    ("department", STARTS),
    ("set", STARTS),
    ("effect", STARTS),
    ("show", FORMS),
    ("hide", FORMS),
    ("require", FORMS),
    ("optional", FORMS),
    ("options", FORMS),
    ("information_lookup", FORMS),
    ("can_start_tickets", FORMS),
    ("can_start_chats", FORMS),
    ("message", &[Kind::CustomFields, Kind::Ticket, Kind::LiveChat]),
];

/// What a rule of every kind may have; `stop` is an action, too.
const COMMON: [&str; 3] = ["name", "when", "stop"];

/// Keys that exclude each other in a rule.
const OPPOSITES: [[&str; 2]; 2] = [["show", "hide"], ["require", "optional"]];

/// The kinds that have rules at all.
pub(in crate::rules) const RULE_KINDS: [Kind; 4] =
    [Kind::Login, Kind::CustomFields, Kind::Ticket, Kind::LiveChat];

impl Actions {
    /// Reads the actions of a rule, and names every key of it that is not one.
    pub(in crate::rules) fn read(reader: &mut Reader<'_>, kind: Kind, rule: &Table<'_>) -> Self {
        let mut known = COMMON.to_vec();
        for (action, kinds) in ACTIONS {
            if kinds.contains(&kind) {
                known.push(action);
            } else if rule.has(action) {
                let kinds: Vec<String> = kinds.iter().map(Kind::to_string).collect();
                let what = format!("is not for {kind}: rules of {} have it", kinds.join(", "));
                reader.wrong(rule, action, &what);
                known.push(action);
            }
        }
        rule.finish(&known, reader.problems);
        if rule.keys().iter().all(|key| matches!(*key, "name" | "when")) {
            reader.wrong(rule, "", "has no action, so that it does nothing");
        }
        let mut actions = Self {
            allow: truth(reader, rule, "allow", "to refuse, say refuse = \"why\""),
            stop: truth(reader, rule, "stop", "take the line out if later rules count, too"),
            refuse: template(reader, rule, "refuse"),
            message: template(reader, rule, "message"),
            department: template(reader, rule, "department"),
            effect: rule.string("effect", reader.problems).map(str::to_owned),
            can_start_tickets: rule.bool("can_start_tickets", reader.problems),
            can_start_chats: rule.bool("can_start_chats", reader.problems),
            ..Self::default()
        };
        if rule.has("allow") && rule.has("refuse") {
            reader.wrong(rule, "refuse", "contradicts allow in the same rule");
        }
        if let Some(department) = actions.department.as_ref().and_then(|name| name.literal()) {
            reader.found(rule, "department", reader.scope.department(department));
        }
        if let Some(effect) = &actions.effect {
            reader.found(rule, "effect", reader.scope.effect(effect));
        }
        actions.read_set(reader, rule);
        actions.read_changes(reader, rule);
        actions
    }

    fn read_set(&mut self, reader: &mut Reader<'_>, rule: &Table<'_>) {
        let Some(set) = rule.table("set", reader.problems) else { return };
        if set.keys().is_empty() {
            reader.wrong(rule, "set", "is empty, and sets nothing");
        }
        for field in set.keys() {
            reader.found(&set, field, reader.scope.field(field));
            if let Some(value) = template(reader, &set, field) {
                self.set.push((field.to_owned(), value));
            }
        }
    }

    fn read_changes(&mut self, reader: &mut Reader<'_>, rule: &Table<'_>) {
        for [one, other] in OPPOSITES {
            let fields = rule.strings(one, &mut Vec::new()).unwrap_or_default();
            for field in rule.strings(other, &mut Vec::new()).unwrap_or_default() {
                if fields.contains(&field) {
                    let what = format!("{one} has {field}, too: it cannot be both");
                    reader.wrong(rule, other, &what);
                }
            }
        }
        for action in ["show", "hide", "require", "optional", "information_lookup"] {
            let Some(fields) = rule.strings(action, reader.problems) else { continue };
            if fields.is_empty() {
                reader.wrong(rule, action, "is empty, and changes nothing");
            }
            for field in fields {
                reader.found(rule, action, reader.scope.field(field));
                let (change, _) = self.change(field);
                match action {
                    "show" | "hide" => change.visible = Some(action == "show"),
                    "require" | "optional" => change.required = Some(action == "require"),
                    _ => change.display_with_information_lookup = true,
                }
            }
        }
        let Some(options) = rule.table("options", reader.problems) else { return };
        for field in options.keys() {
            reader.found(&options, field, reader.scope.field(field));
            self.change(field).1 = read_options(reader, &options, field);
        }
    }

    fn change(&mut self, field: &str) -> &mut (CustomFieldChange, Option<Options>) {
        let known = self.changes.iter().position(|(known, _)| known.name == field);
        let at = known.unwrap_or_else(|| {
            let change = CustomFieldChange { name: field.to_owned(), ..Default::default() };
            self.changes.push((change, None));
            self.changes.len() - 1
        });
        &mut self.changes[at]
    }
}

/// A list of texts, or the name of a look-up's column.
fn read_options(reader: &mut Reader<'_>, table: &Table<'_>, field: &str) -> Option<Options> {
    let Some(Shape::Text(column)) = table.shape(field) else {
        let texts = table.strings(field, reader.problems)?;
        let texts = texts.iter().filter_map(|text| reader.template(table, field, text));
        return Some(Options::Texts(texts.collect()));
    };
    let Some((lookup, column)) = column.split_once('.') else {
        reader.wrong(table, field, "must be a list of strings, or LOOKUP.COLUMN");
        return None;
    };
    let name = reader.found(table, field, reader.scope.column(lookup, column))?;
    reader.need(&name);
    let Name::Column { lookup, column } = name else {
        reader.wrong(table, field, "is not a column");
        return None;
    };
    Some(Options::Column { lookup, column })
}

fn template(reader: &mut Reader<'_>, table: &Table<'_>, key: &str) -> Option<super::Template> {
    let text = table.string(key, reader.problems)?;
    reader.template(table, key, text)
}

/// A switch that says nothing when it is off.
fn truth(reader: &mut Reader<'_>, rule: &Table<'_>, key: &str, hint: &str) -> bool {
    let is_on = rule.bool(key, reader.problems);
    if is_on == Some(false) {
        reader.problems.push(rule.problem(key, "is true or left out").hint(hint));
    }
    is_on == Some(true)
}
