//! The operations and kinds as data: for routing, help texts, WSDL and the command line.

use std::fmt;
use std::str::FromStr;

use super::Operation;

/// A provider kind: a tab of the product's External Providers page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// Who may log in.
    Login,
    /// Which fields a form shows.
    CustomFields,
    /// Whether a ticket may start, and where it goes.
    Ticket,
    /// Whether a live chat may start, and where it goes.
    LiveChat,
    /// What an agent should know about a customer.
    UserInformation,
    /// What happened.
    Events,
    /// A new user.
    Registration,
}

impl Kind {
    /// All kinds, in the order of the contract's table.
    pub const ALL: &'static [Self] = &[
        Self::Login,
        Self::CustomFields,
        Self::Ticket,
        Self::LiveChat,
        Self::UserInformation,
        Self::Events,
        Self::Registration,
    ];

    /// The name in logs and settings, and the part of the type names that stands for the kind.
    const fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Login => ("login", "Login"),
            Self::CustomFields => ("custom_fields", "CustomField"),
            Self::Ticket => ("ticket", "Ticket"),
            Self::LiveChat => ("live_chat", "Chat"),
            Self::UserInformation => ("user_information", "UserInfo"),
            Self::Events => ("events", "Event"),
            Self::Registration => ("registration", "Registration"),
        }
    }

    /// The schema type of the `inputs` parameter, `ExternalLoginProviderInputs`.
    pub fn inputs_type(self) -> String {
        format!("External{}ProviderInputs", self.names().1)
    }

    /// The schema type of the result, `ExternalLoginProviderResult`.
    pub fn result_type(self) -> String {
        format!("External{}ProviderResult", self.names().1)
    }

    /// The operations of the kind, in the order of the contract's table.
    pub fn operations(self) -> impl Iterator<Item = &'static OperationInfo> {
        OPERATIONS.iter().filter(move |info| info.kind == self)
    }

    /// Does the result carry `CustomFieldDataItems`?
    pub const fn has_items(self) -> bool {
        matches!(self, Self::CustomFields)
    }
}

impl fmt::Display for Kind {
    /// The kind's name in logs and settings: `login`, `custom_fields`, …
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl Kind {
    /// The same word, for as long as it takes.
    pub(crate) const fn word(self) -> &'static str {
        self.names().0
    }
}

impl FromStr for Kind {
    type Err = UnknownKind;

    /// The kind of this name, as it is displayed.
    fn from_str(name: &str) -> Result<Self, UnknownKind> {
        Self::ALL.iter().copied().find(|kind| kind.names().0 == name).ok_or(UnknownKind)
    }
}

/// Not the name of a provider kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is one of {}", Kind::ALL.iter().map(|kind| kind.names().0).collect::<Vec<_>>().join(", "))]
pub struct UnknownKind;

/// Whether an operation changes anything at the provider (wsdl/CONTRACT.md, section 3, side
/// effects).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SideEffect {
    /// It only reads: asking again does no harm.
    ReadOnly,
    /// It may deduct, create or update: never send it again unless it was provably not sent.
    Mutating,
}

/// Where the names of an operation come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NameSource {
    /// Read off the vendor's interface assembly (`SmarterTrack.Connector` 1.0.0.0).
    Assembly,
    /// No public source says it: a convention of this crate. A live service may use other names.
    Convention,
}

/// A variable that the contract names; see [`required`] and [`optional`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct VariableInfo {
    /// Its key.
    pub name: &'static str,
    /// Must a request carry it?
    pub required: bool,
}

/// A variable that every request must carry.
pub const fn required(name: &'static str) -> VariableInfo {
    VariableInfo { name, required: true }
}

/// A variable that a request may lack.
pub const fn optional(name: &'static str) -> VariableInfo {
    VariableInfo { name, required: false }
}

/// An operation as data: the constants of an [`Operation`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct OperationInfo {
    /// Its name on the wire.
    pub name: &'static str,
    /// The kind it belongs to.
    pub kind: Kind,
    /// Whether it changes anything.
    pub side_effect: SideEffect,
    /// Where its names come from.
    pub name_source: NameSource,
    /// The input variables but for `authPW` and custom fields, in the order in which they are sent.
    pub inputs: &'static [VariableInfo],
    /// The output variables that the contract names, but for custom fields.
    pub outputs: &'static [&'static str],
    /// Does it take custom fields (`cf_…`)?
    pub custom_fields: bool,
    /// Are inputs of any other name part of it?
    pub open_inputs: bool,
    /// Are outputs of any other name part of it?
    pub open_outputs: bool,
    /// May a service lack it beside another operation of the kind?
    pub optional: bool,
}

impl OperationInfo {
    /// An operation, be it one of the catalogue or not.
    pub const fn of<T: Operation>() -> &'static Self {
        const {
            &Self {
                name: T::NAME,
                kind: T::KIND,
                side_effect: T::SIDE_EFFECT,
                name_source: T::NAME_SOURCE,
                inputs: T::INPUTS,
                outputs: T::OUTPUTS,
                custom_fields: T::CUSTOM_FIELDS,
                open_inputs: T::OPEN_INPUTS,
                open_outputs: T::OPEN_OUTPUTS,
                optional: T::OPTIONAL,
            }
        }
    }

    /// The operation of the catalogue with this name, compared exactly.
    pub fn named(name: &str) -> Option<&'static Self> {
        OPERATIONS.iter().find(|operation| operation.name == name)
    }
}

impl fmt::Display for OperationInfo {
    /// The operation with its inputs, `*` at those that are required, and `(c)` where its names are
    /// [conventions](NameSource::Convention): `HandleEvent (c): eventName*`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = match self.name_source {
            NameSource::Assembly => "",
            NameSource::Convention => " (c)",
        };
        write!(f, "{}{mark}:", self.name)?;
        let mut separator = " ";
        for VariableInfo { name, required } in self.inputs {
            write!(f, "{separator}{name}{}", if *required { "*" } else { "" })?;
            separator = ", ";
        }
        if self.custom_fields { write!(f, "{separator}cf_…") } else { Ok(()) }
    }
}

/// Every operation, in the order of the contract's table.
pub const OPERATIONS: &[OperationInfo] = crate::__catalogue!(list);

// A kind is an index to what there is for each.
const _: () = {
    let mut at = 0;
    while at < OPERATIONS.len() {
        let kind = OPERATIONS[at].kind as usize;
        assert!(Kind::ALL[kind] as usize == kind, "Kind::ALL lacks a kind, or has it elsewhere");
        at += 1;
    }
};

/// The catalogue: one line for each operation, in the order of the contract's table.
#[doc(hidden)]
#[macro_export]
macro_rules! __catalogue {
    ($($then:tt)*) => {
        $crate::__with_catalogue! {
            $($then)*;
            Authenticate,
            GetSignInCookieInfo,
            GetCustomFieldOptions,
            StartTicket,
            StartChat,
            GetUserInfo,
            HandleEvent,
            RegisterUser,
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __with_catalogue {
    (list; $($operation:ident,)+) => {
        &[$(*OperationInfo::of::<super::$operation>()),+]
    };
    (dispatch $info:expr, $T:ident => $body:expr; $($operation:ident,)+) => {
        match $info.name {
            $(<$crate::contract::$operation as $crate::contract::Operation>::NAME => {
                type $T = $crate::contract::$operation;
                Some($body)
            })+
            _ => None,
        }
    };
}

/// From an operation as data back to its type: `dispatch!(info, T => expression)` is the value of the
/// expression, in which `T` is the operation of the catalogue that `info` names; `None` if it names
/// none.
///
/// ```
/// use external_providers::contract::{Operation, OPERATIONS, dispatch};
///
/// let sizes = OPERATIONS.iter().map(|info| dispatch!(info, T => size_of::<T>()).unwrap());
/// assert_eq!(sizes.len(), OPERATIONS.len());
/// ```
#[macro_export]
macro_rules! dispatch {
    ($info:expr, $T:ident => $body:expr) => {
        $crate::__catalogue!(dispatch $info, $T => $body)
    };
}
