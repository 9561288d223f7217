//! What the contract says about the messages (wsdl/CONTRACT.md, section 2), as data.

use crate::contract::Kind;

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// `boolean`.
    Boolean,
    /// `string`.
    Text,
    /// A list of strings in elements called `string`.
    Strings,
    /// A list of `ExternalCustomFieldData`.
    Items,
}

/// A field of the contract.
#[derive(Debug, Clone, Copy)]
pub(super) struct Expected {
    pub(super) name: &'static str,
    pub(super) shape: Shape,
    /// Why it matters that it is there.
    pub(super) loss: &'static str,
    /// Does everything else still work without it?
    pub(super) bearable: bool,
}

const fn field(name: &'static str, shape: Shape, loss: &'static str) -> Expected {
    Expected { name, shape, loss, bearable: false }
}

/// The fields of every inputs type.
pub(super) const INPUTS: [Expected; 1] = [field(
    "InputVariables",
    Shape::Strings,
    "everything that is asked travels there: the service sees none of it",
)];

/// The fields of a kind's result type.
pub(super) fn result(kind: Kind) -> &'static [Expected] {
    const RESULT: [Expected; 4] = [
        field("Success", Shape::Boolean, "an answer without it is refused"),
        Expected {
            name: "Message",
            shape: Shape::Text,
            loss: "the reasons that the provider gives to people are lost",
            bearable: true,
        },
        field(
            "OutputVariables",
            Shape::Strings,
            "everything that is answered travels there: no answer says anything",
        ),
        field(
            "CustomFieldDataItems",
            Shape::Items,
            "what happens to each custom field travels there",
        ),
    ];
    if kind.has_items() { &RESULT } else { RESULT.split_at(3).0 }
}

const FLAG: &str = "an item without it is refused, and the whole answer with it";

/// The fields of `ExternalCustomFieldData`.
pub(super) const ITEM: [Expected; 8] = [
    field("CustomFieldName", Shape::Text, "nothing says which field is meant"),
    field("ChangeVisible", Shape::Boolean, FLAG),
    field("NewVisibleValue", Shape::Boolean, FLAG),
    field("ChangeRequired", Shape::Boolean, FLAG),
    field("NewRequiredValue", Shape::Boolean, FLAG),
    field("ChangeListOptions", Shape::Boolean, FLAG),
    field("ListOptions", Shape::Strings, "lists lose their options"),
    field("DisplayWithInformationLookup", Shape::Boolean, FLAG),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::raw::RawCustomFieldData;

    #[test]
    fn the_flags_are_those_of_the_codec() {
        let flags: Vec<_> =
            ITEM.iter().filter(|f| f.shape == Shape::Boolean).map(|f| f.name).collect();
        assert_eq!(flags, RawCustomFieldData::FLAGS);
        assert_eq!((result(Kind::Login).len(), result(Kind::CustomFields).len()), (3, 4));
    }
}
