//! A name in a condition or template, and its value in a call.

use std::borrow::Cow;

use super::Facts;
use crate::contract::{Interaction, Page};

/// What a name stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Name {
    /// A variable of the request.
    Variable(String),
    /// A custom field of the request.
    Field(String),
    /// A column of a look-up.
    Column { lookup: String, column: String },
    /// The number of a look-up's rows.
    RowCount(String),
    /// The user's groups: any of them.
    Groups,
    /// `one` or `two`.
    Page,
    /// `ticket` or `chat`.
    Interaction,
    /// The kind's name in the file.
    Kind,
}

/// A value in a call. Absent, NULL and empty are three things.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value<'f> {
    Absent,
    Null,
    Text(Cow<'f, str>),
}

/// The row of a look-up that its columns stand for, in place of the first.
#[derive(Debug, Clone, Copy)]
pub(super) struct CurrentRow<'l> {
    pub(super) lookup: &'l str,
    pub(super) row: usize,
}

impl Name {
    /// The look-up that it needs.
    pub(super) fn lookup(&self) -> Option<&str> {
        match self {
            Self::Column { lookup, .. } | Self::RowCount(lookup) => Some(lookup),
            _ => None,
        }
    }

    /// Its value; of groups, which are several, there is none.
    pub(super) fn value<'f>(&self, facts: &'f Facts, at: Option<CurrentRow<'_>>) -> Value<'f> {
        let text = |text: Option<&'f str>| text.map_or(Value::Absent, |t| Value::Text(t.into()));
        match self {
            Self::Variable(name) => text(facts.variables.get(name)),
            Self::Field(name) => text(facts.custom_fields.get(name)),
            Self::Column { lookup, column } => {
                let row = at.filter(|at| at.lookup == lookup).map_or(0, |at| at.row);
                let rows = facts.lookups.get(lookup);
                let value = rows.and_then(|rows| rows.rows.get(row)?.get(rows.column(column)?));
                match value {
                    None => Value::Absent,
                    Some(None) => Value::Null,
                    Some(Some(value)) => Value::Text(value.into()),
                }
            }
            Self::RowCount(lookup) => match facts.lookups.get(lookup) {
                Some(rows) => Value::Text(rows.rows.len().to_string().into()),
                None => Value::Absent,
            },
            Self::Groups => Value::Absent,
            Self::Page => text(facts.page.map(|page| match page {
                Page::One => "one",
                Page::Two => "two",
            })),
            Self::Interaction => text(facts.interaction.map(|interaction| match interaction {
                Interaction::Ticket => "ticket",
                Interaction::Chat => "chat",
            })),
            Self::Kind => Value::Text(facts.kind.to_string().into()),
        }
    }
}
