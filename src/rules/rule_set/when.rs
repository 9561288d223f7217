//! A condition by itself, without actions.

use super::{holds, read_when};
use crate::explanation::Explanation;
use crate::rules::condition::{Condition, Reader, Values};
use crate::rules::{Facts, Scope};
use crate::toml_document::{Problem, Table};

/// What stands under `when` in a table that is not a rule; without it, it always holds. It needs no look-up.
#[derive(Debug)]
pub(crate) struct When {
    condition: Option<Condition>,
    /// How many names there are in it.
    names: usize,
}

impl When {
    /// Reads it, and leaves the table's other keys alone.
    pub(crate) fn read(
        table: &Table<'_>,
        scope: &Scope,
        problems: &mut Vec<Problem>,
        warnings: &mut Vec<Problem>,
    ) -> Self {
        let mut reader = Reader::new(scope, problems, warnings);
        let condition = read_when(&mut reader, table);
        Self { condition, names: reader.names.len() }
    }

    /// Does it hold? The explanation gets a line for it, by its label, and for every part of it.
    pub(crate) fn holds(&self, label: &str, facts: &Facts, explanation: &Explanation) -> bool {
        let values = Values::new(facts, self.names, None);
        holds(label, self.condition.as_ref(), &values, explanation)
    }
}
