//! Rows of user information.

use super::{holds, read_when};
use crate::contract::{Kind, OperationInfo};
use crate::explanation::Explanation;
use crate::rules::condition::{Condition, Reader, Values};
use crate::rules::name::CurrentRow;
use crate::rules::scope::shown;
use crate::rules::template::Template;
use crate::rules::{Decision, Facts};
use crate::toml_document::Table;

/// A row, or one for each row of a look-up.
#[derive(Debug)]
pub(super) struct InformationRow {
    label: String,
    each: Option<String>,
    when: Option<Condition>,
    /// `None` where a mistake was found.
    texts: Option<(Template, Template)>,
}

impl InformationRow {
    pub(super) fn read(reader: &mut Reader<'_>, number: usize, table: &Table<'_>) -> Self {
        table.finish(&["name", "value", "each", "when"], reader.problems);
        let each = table.string("each", reader.problems);
        if let Some(each) = each
            && reader.found(table, "each", reader.scope.lookup(each)).is_some()
        {
            reader.columns.entry(each.to_owned()).or_default();
        }
        let mut text = |key| {
            if !table.has(key) {
                reader.problems.push(table.missing(key));
            }
            let text = table.string(key, reader.problems)?;
            reader.template(table, key, text)
        };
        Self {
            texts: text("name").zip(text("value")),
            label: format!("row {number} (line {})", table.line()),
            each: each.map(str::to_owned),
            when: read_when(reader, table),
        }
    }

    /// Adds the rows that come of it.
    pub(super) fn render(
        &self,
        facts: &Facts,
        names: usize,
        to: &mut Decision,
        explanation: &Explanation,
    ) {
        let mut render = |at| self.render_at(facts, at, names, to, explanation);
        match self.each.as_deref() {
            None => render(None),
            Some(lookup) => {
                let rows = facts.lookups.get(lookup).map_or(0, |rows| rows.rows.len());
                (0..rows).for_each(|row| render(Some(CurrentRow { lookup, row })));
            }
        }
    }

    fn render_at(
        &self,
        facts: &Facts,
        at: Option<CurrentRow<'_>>,
        names: usize,
        to: &mut Decision,
        explanation: &Explanation,
    ) {
        let values = Values::new(facts, names, at);
        if !holds(&self.label, self.when.as_ref(), &values, explanation) {
            return;
        }
        let Some((name, value)) = &self.texts else { return };
        let row = name.render_at(facts, at).zip(value.render_at(facts, at));
        // On the wire a name ends at the first "=", and some names mean something else.
        let row = row.map(|(name, value)| (name.replace('=', ":"), value));
        match row {
            None => {
                explanation.note(|| "  -> left out: a value in it is absent or NULL".to_owned())
            }
            Some((name, _)) if is_output(&name) => {
                explanation.note(|| format!("  -> left out: {name} is a variable of the contract"));
            }
            Some((name, value)) => {
                explanation.note(|| format!("  -> {}: {}", shown(&name), shown(&value)));
                to.rows.replace(&name, &value);
            }
        }
    }
}

fn is_output(name: &str) -> bool {
    let is_named = |info: &OperationInfo| info.outputs.iter().any(|o| o.eq_ignore_ascii_case(name));
    name.is_empty() || Kind::UserInformation.operations().any(is_named)
}
