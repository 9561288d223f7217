//! Which names there are, so that misspelt ones are found before any call.

use std::collections::{BTreeMap, BTreeSet};

use super::name::Name;
use super::text::fold;
use crate::contract::{AUTH_PASSWORD, Kind, OPERATIONS, OperationInfo, may_be_secret};
use crate::suggest::{is_near, meant, those_known};

/// Words of conditions and names that are not variables.
const WORDS: [&str; 8] = ["all", "any", "not", "field", "groups", "page", "interaction", "kind"];

/// The variable whose values are departments.
const DEPARTMENT_NAME: &str = "departmentName";

/// What rules and templates may name.
#[derive(Debug, Clone, Default)]
pub struct Scope {
    /// The kind whose variables there are; `None`: those of all kinds, for what kinds share.
    pub kind: Option<Kind>,
    /// The look-ups, with their columns where these are known.
    pub lookups: BTreeMap<String, Option<Vec<String>>>,
    /// Does anybody know a user's groups?
    pub groups: bool,
    /// The help desk's departments, if they are listed.
    pub departments: Option<Vec<String>>,
    /// The help desk's custom fields, if they are listed.
    pub custom_fields: Option<Vec<String>>,
    /// The statements with an effect.
    pub effects: BTreeSet<String>,
}

/// A name that means nothing, or nothing here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct NameError {
    /// What is wrong.
    pub what: String,
    /// What to do about it: the name that was meant, or those that are known.
    pub hint: Option<String>,
}

/// May a look-up not have this name? So it is with the words of conditions, all variables of the
/// contract, and what cannot stand before a dot in a template.
pub fn is_reserved(name: &str) -> bool {
    let is_variable = |info: &OperationInfo| info.inputs.iter().any(|input| input.name == name);
    let is_word = WORDS.contains(&name) || OPERATIONS.iter().any(is_variable);
    is_word || name.is_empty() || name.contains(['.', '{', '}'])
}

impl Scope {
    /// What a name stands for: a variable by its name on the wire, `field.NAME`, `LOOKUP.COLUMN`,
    /// `LOOKUP.rows`, `groups`, `page`, `interaction` or `kind`.
    pub(super) fn name(&self, name: &str) -> Result<Name, NameError> {
        if let Some(field) = name.strip_prefix("field.") {
            return self.field(field).map(|()| Name::Field(field.to_owned()));
        }
        if self.variables().any(|variable| variable == name) {
            return Ok(Name::Variable(name.to_owned()));
        }
        let has = |kinds: &[Kind]| self.kind.is_none_or(|kind| kinds.contains(&kind));
        match name {
            "kind" => return Ok(Name::Kind),
            "page" if has(&[Kind::CustomFields]) => return Ok(Name::Page),
            "interaction" if has(&[Kind::CustomFields, Kind::Ticket, Kind::LiveChat]) => {
                return Ok(Name::Interaction);
            }
            "groups" if self.groups => return Ok(Name::Groups),
            "groups" => return Err(error("nobody knows the groups of users here", None)),
            _ => {}
        }
        if let Some((lookup, column)) = name.split_once('.') {
            return self.column(lookup, column);
        }
        match self.is_of_an_event(name) {
            true => Ok(Name::Variable(name.to_owned())),
            false => Err(self.unknown(name)),
        }
    }

    /// May an event have such a variable? Nobody knows which there are, but what is nearly a name of the
    /// contract is that name.
    fn is_of_an_event(&self, name: &str) -> bool {
        let is_misspelt = |known: &str| {
            is_near(name, known) && (name.len() != known.len() || name.eq_ignore_ascii_case(known))
        };
        self.kind == Some(Kind::Events)
            && !name.is_empty()
            && !may_be_secret(name)
            && !self.variables().any(is_misspelt)
    }

    /// The columns of a look-up, where these are known.
    pub(super) fn lookup(&self, name: &str) -> Result<Option<&[String]>, NameError> {
        let what = || format!("there is no look-up {}", shown(name));
        let hint = || meant(name, self.lookups.keys().map(String::as_str));
        let lookup = self.lookups.get(name).ok_or_else(|| error(what(), hint()))?;
        Ok(lookup.as_deref())
    }

    /// A column of a look-up. `rows` is the number of its rows.
    pub(super) fn column(&self, lookup: &str, column: &str) -> Result<Name, NameError> {
        let columns = self.lookup(lookup)?;
        if column == "rows" {
            return Ok(Name::RowCount(lookup.to_owned()));
        }
        if let Some(columns) = columns.filter(|columns| {
            column.is_empty() || !columns.iter().any(|known| known.eq_ignore_ascii_case(column))
        }) {
            let what = format!("the look-up {lookup} has no column {}", shown(column));
            return Err(error(what, meant(column, columns.iter().map(String::as_str))));
        }
        Ok(Name::Column { lookup: lookup.to_owned(), column: column.to_owned() })
    }

    /// Is there such a custom field, as far as anybody knows?
    pub(super) fn field(&self, name: &str) -> Result<(), NameError> {
        if name.is_empty() || name.contains('=') {
            return Err(error("is not the name of a custom field", None));
        }
        if self.kind == Some(Kind::Events) {
            let hint = "name a variable of the event by its name on the wire".to_owned();
            return Err(error("events have no custom fields", Some(hint)));
        }
        if may_be_secret(name) {
            return Err(error("passwords are not shown to rules", None));
        }
        listed("custom field", name, self.custom_fields.as_deref(), |a, b| a == b)
    }

    /// Is there such a department, as far as anybody knows?
    pub(super) fn department(&self, name: &str) -> Result<(), NameError> {
        listed("department", name, self.departments.as_deref(), |a, b| a == b)
    }

    /// Can a name have this value, as far as anybody knows?
    pub(super) fn value(
        &self,
        name: &Name,
        value: &str,
        is_case_sensitive: bool,
    ) -> Result<(), NameError> {
        let words: &[&str] = match name {
            Name::Variable(name) if name == DEPARTMENT_NAME && !value.is_empty() => {
                let same = |a: &str, b: &str| a == b || (!is_case_sensitive && fold(a) == fold(b));
                return listed("department", value, self.departments.as_deref(), same);
            }
            Name::Page => &["one", "two"],
            Name::Interaction => &["ticket", "chat"],
            _ => return Ok(()),
        };
        match words.contains(&&*fold(value)) {
            true => Ok(()),
            false => Err(error(
                format!("is either {}, never {}", words.join(" or "), shown(value)),
                None,
            )),
        }
    }

    /// Is there such a statement with an effect?
    pub(super) fn effect(&self, name: &str) -> Result<(), NameError> {
        if self.effects.contains(name) {
            return Ok(());
        }
        let what = format!("there is no effect {}", shown(name));
        Err(error(what, meant(name, self.effects.iter().map(String::as_str))))
    }

    fn variables(&self) -> impl Iterator<Item = &'static str> {
        let operations = OPERATIONS.iter().filter(|info| self.kind.is_none_or(|k| k == info.kind));
        let names = operations.flat_map(|info| info.inputs.iter().map(|input| input.name));
        names.filter(|name| !may_be_secret(name))
    }

    fn unknown(&self, name: &str) -> NameError {
        if name == AUTH_PASSWORD || may_be_secret(name) {
            return error("passwords are not shown to rules", None);
        }
        let what = format!("there is no {} here", shown(name));
        let kinds = OPERATIONS.iter().filter(|info| info.inputs.iter().any(|i| i.name == name));
        let mut kinds: Vec<String> = kinds.map(|info| info.kind.to_string()).collect();
        match name {
            "page" => kinds.push(Kind::CustomFields.to_string()),
            "interaction" => kinds.push("custom_fields, ticket, live_chat".to_owned()),
            _ => {}
        }
        kinds.dedup();
        if !kinds.is_empty() {
            return error(what, Some(format!("it is known of {}", kinds.join(", "))));
        }
        let lookups = self.lookups.keys().map(|name| format!("{name}.COLUMN"));
        let mut known: Vec<String> = self.variables().map(str::to_owned).collect();
        known.extend(lookups.chain(["field.NAME".to_owned(), "kind".to_owned()]));
        known.sort_unstable();
        known.dedup();
        // What stands before a dot is nearest to the look-up that was meant.
        let words = known.iter().map(|known| known.split('.').next().unwrap_or(known));
        error(
            what,
            meant(name, words)
                .filter(|hint| !hint.starts_with("known"))
                .or_else(|| Some(those_known(&known))),
        )
    }
}

/// Is a name in a list, if there is one?
fn listed(
    what: &str,
    name: &str,
    list: Option<&[String]>,
    same: impl Fn(&str, &str) -> bool,
) -> Result<(), NameError> {
    match list {
        Some(list) if !list.iter().any(|known| same(known, name)) => {
            let what = format!("there is no {what} {} in [names]", shown(name));
            Err(error(what, meant(name, list.iter().map(String::as_str))))
        }
        _ => Ok(()),
    }
}

fn error(what: impl Into<String>, hint: Option<String>) -> NameError {
    NameError { what: what.into(), hint }
}

/// A text as it may be shown: in quotes, not too long, without control characters.
pub(super) fn shown(text: &str) -> String {
    const LONGEST: usize = 100;
    let mut shown: String = text.chars().take(LONGEST).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    format!("{shown:?}")
}
