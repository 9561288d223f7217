//! What rules come to, for one call.

use crate::contract::{CustomFieldChange, Variables};

/// What the rules that matched say together, in their order: of the same thing a later one's word
/// takes the place of an earlier one's.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Decision {
    /// Did any rule match? Of user information: did any row come out?
    pub matched: bool,
    /// Whether it may be; `None` where no rule says so.
    pub verdict: Option<Verdict>,
    /// The department to move it to.
    pub department: Option<String>,
    /// The custom fields to set, by their names without `cf_`. One whose value is NULL or absent is
    /// not among them.
    pub set: Variables,
    /// What changes about custom fields.
    pub changes: Vec<CustomFieldChange>,
    /// May tickets be started?
    pub can_start_tickets: Option<bool>,
    /// May live chats be started?
    pub can_start_chats: Option<bool>,
    /// What the person is told, where it is not a refusal.
    pub message: Option<String>,
    /// The name of the statement with an effect that is to be run.
    pub effect: Option<String>,
    /// The rows of user information. A `=` in a name, which nobody could read, is a colon; a row that
    /// would be a variable of the contract (`UserFound`) is left out.
    pub rows: Variables,
}

/// Whether a login, ticket or chat may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It may.
    Allowed,
    /// It may not, and why.
    Refused(String),
}

/// A look-up does not have what rules need, so they cannot decide: never a "no".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecideError {
    /// A look-up that was not asked.
    #[error("the rules need the look-up {lookup}, which was not asked")]
    Lookup {
        /// Its name.
        lookup: String,
    },
    /// A column that the answer does not have.
    #[error(
        "the rules need the column {column}, which the answer of the look-up {lookup} does not have"
    )]
    Column {
        /// The look-up.
        lookup: String,
        /// The column.
        column: String,
    },
}

impl Decision {
    /// What changes about a field: property by property.
    pub(super) fn change(&mut self, change: CustomFieldChange) {
        let Some(known) = self.changes.iter_mut().find(|known| known.name == change.name) else {
            self.changes.push(change);
            return;
        };
        known.visible = change.visible.or(known.visible);
        known.required = change.required.or(known.required);
        known.options = change.options.or(known.options.take());
        known.display_with_information_lookup |= change.display_with_information_lookup;
    }
}
