//! The messages as the wire has them: nothing interpreted, nothing lost.

use std::fmt;

use crate::secret::{MASK, is_secret_key};

/// An element that may be absent, nil, or there with a value (which may be empty): three different
/// things on the wire (wsdl/CONTRACT.md, section 2). To .NET, absent and nil are both a null
/// reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Presence<T> {
    /// There is no element.
    #[default]
    Absent,
    /// The element says `xsi:nil="true"`.
    Nil,
    /// The element has this content.
    Value(T),
}

impl<T> Presence<T> {
    /// The value, if there is one.
    pub fn value(self) -> Option<T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Absent | Self::Nil => None,
        }
    }

    /// The same by reference.
    pub fn as_ref(&self) -> Presence<&T> {
        match self {
            Self::Absent => Presence::Absent,
            Self::Nil => Presence::Nil,
            Self::Value(value) => Presence::Value(value),
        }
    }

    /// The value changed by a function.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Presence<U> {
        match self {
            Self::Absent => Presence::Absent,
            Self::Nil => Presence::Nil,
            Self::Value(value) => Presence::Value(f(value)),
        }
    }
}

impl<T> From<Option<T>> for Presence<T> {
    /// `None` is absent: null fields are left out.
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Absent, Self::Value)
    }
}

/// An `ArrayOfString`: `None` is an entry with `xsi:nil`. `Debug` masks passwords.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct StringList(pub Vec<Option<String>>);

impl fmt::Debug for StringList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |entry: &Option<String>| match entry {
            Some(text) => match text.split_once('=') {
                Some((key, _)) if is_secret_key(key) => Some(format!("{key}={MASK}")),
                _ => Some(text.clone()),
            },
            None => None,
        };
        f.debug_list().entries(self.0.iter().map(shown)).finish()
    }
}

impl<S: Into<String>> FromIterator<S> for StringList {
    fn from_iter<I: IntoIterator<Item = S>>(entries: I) -> Self {
        Self(entries.into_iter().map(|entry| Some(entry.into())).collect())
    }
}

/// The type `External…ProviderInputs`, the same for every kind.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RawInputs {
    /// The variables. A provider is given an empty list for an absent or nil one.
    pub input_variables: Presence<StringList>,
}

/// The type `External…ProviderResult` of every kind.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RawResult {
    /// Did the call succeed? Says nothing about what the answer is.
    pub success: bool,
    /// A message for people.
    pub message: Presence<String>,
    /// The variables of the answer.
    pub output_variables: Presence<StringList>,
    /// Only in the custom field result. `None` is an item with `xsi:nil`.
    pub custom_field_data_items: Presence<Vec<Option<RawCustomFieldData>>>,
}

/// The type `ExternalCustomFieldData`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RawCustomFieldData {
    /// Which field.
    pub custom_field_name: Presence<String>,
    /// Does `new_visible_value` count?
    pub change_visible: bool,
    /// Shown or hidden.
    pub new_visible_value: bool,
    /// Does `new_required_value` count?
    pub change_required: bool,
    /// Required or not.
    pub new_required_value: bool,
    /// Does `list_options` count?
    pub change_list_options: bool,
    /// What a list offers.
    pub list_options: Presence<StringList>,
    /// Show the field with the information look-up.
    pub display_with_information_lookup: bool,
}

impl RawCustomFieldData {
    /// The names of the six booleans in wire order; `ListOptions` stands before the last.
    pub(crate) const FLAGS: [&str; 6] = [
        "ChangeVisible",
        "NewVisibleValue",
        "ChangeRequired",
        "NewRequiredValue",
        "ChangeListOptions",
        "DisplayWithInformationLookup",
    ];
}
