//! Which messages have a part of a given type, asked of many messages.

use std::collections::BTreeMap;
use std::ptr::from_ref;

use super::model::Message;
use super::schema::{Schema, Type};

/// Looks through each type once, however many messages have it: as many operations as there are may
/// share one with as many fields as there are.
pub(super) struct Takes<'d> {
    schema: &'d Schema,
    /// The local name of the type.
    wanted: &'d str,
    types: BTreeMap<*const Type, bool>,
}

impl<'d> Takes<'d> {
    pub(super) fn new(schema: &'d Schema, wanted: &'d str) -> Self {
        Self { schema, wanted, types: BTreeMap::new() }
    }

    /// Is a part of the message, or a field of its wrapper, of the type?
    pub(super) fn message(&mut self, message: &'d Message) -> bool {
        let element = match message {
            Message::Unknown => return false,
            Message::Parts(parts) => return parts.iter().any(|(_, kind)| kind.name == self.wanted),
            Message::Element(name) => self.schema.element(name),
        };
        let Some(wrapper) = element.and_then(|element| self.schema.type_of(element)) else {
            return false;
        };
        self.schema.levels(wrapper).into_iter().any(|level| self.own(level))
    }

    /// Is a field of the type itself, not of those that it extends, of the type?
    fn own(&mut self, level: &'d Type) -> bool {
        let (schema, wanted) = (self.schema, self.wanted);
        *self.types.entry(from_ref(level)).or_insert_with(|| {
            let mut named = level.fields.iter().filter_map(|field| schema.type_name(field));
            named.any(|name| name.name == wanted)
        })
    }
}
