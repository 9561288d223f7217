//! The operations and kinds as data: for routing, help texts, WSDL and the command line.

use std::fmt;

use super::{
    Authenticate, GetCustomFieldOptions, GetSignInCookieInfo, GetUserInfo, HandleEvent, Operation,
    RegisterUser, StartChat, StartTicket,
};

/// A provider kind: a tab of the product's External Providers page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
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
    pub const ALL: [Self; 7] = [
        Self::Login,
        Self::CustomFields,
        Self::Ticket,
        Self::LiveChat,
        Self::UserInformation,
        Self::Events,
        Self::Registration,
    ];

    /// The part of the type names that stands for the kind: `External{stem}ProviderInputs`.
    const fn stem(self) -> &'static str {
        match self {
            Self::Login => "Login",
            Self::CustomFields => "CustomField",
            Self::Ticket => "Ticket",
            Self::LiveChat => "Chat",
            Self::UserInformation => "UserInfo",
            Self::Events => "Event",
            Self::Registration => "Registration",
        }
    }

    /// The schema type of the `inputs` parameter, `ExternalLoginProviderInputs`.
    pub fn inputs_type(self) -> String {
        format!("External{}ProviderInputs", self.stem())
    }

    /// The schema type of the result, `ExternalLoginProviderResult`.
    pub fn result_type(self) -> String {
        format!("External{}ProviderResult", self.stem())
    }

    /// Does the result carry `CustomFieldDataItems`?
    pub const fn has_items(self) -> bool {
        matches!(self, Self::CustomFields)
    }
}

impl fmt::Display for Kind {
    /// The kind's name in logs and settings: `login`, `custom_fields`, …
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Login => "login",
            Self::CustomFields => "custom_fields",
            Self::Ticket => "ticket",
            Self::LiveChat => "live_chat",
            Self::UserInformation => "user_information",
            Self::Events => "events",
            Self::Registration => "registration",
        })
    }
}

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
pub enum NameSource {
    /// Read off the vendor's interface assembly (`SmarterTrack.Connector` 1.0.0.0).
    Assembly,
    /// No public source says it: a convention of this crate. A live service may use other names.
    Convention,
}

/// A variable that the contract names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VariableInfo {
    /// Its key.
    pub name: &'static str,
    /// Must a request carry it?
    pub required: bool,
}

/// An operation as data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
    /// Does it take custom fields (`cf_…`)?
    pub custom_fields: bool,
    /// The output variables that the contract names, but for custom fields.
    pub outputs: &'static [&'static str],
}

impl OperationInfo {
    /// The operation of this name, compared exactly.
    pub fn named(name: &str) -> Option<&'static Self> {
        OPERATIONS.iter().find(|operation| operation.name == name)
    }
}

const fn required(name: &'static str) -> VariableInfo {
    VariableInfo { name, required: true }
}

const fn optional(name: &'static str) -> VariableInfo {
    VariableInfo { name, required: false }
}

const fn operation<T: Operation>(
    name_source: NameSource,
    inputs: &'static [VariableInfo],
    custom_fields: bool,
    outputs: &'static [&'static str],
) -> OperationInfo {
    OperationInfo {
        name: T::NAME,
        kind: T::KIND,
        side_effect: T::SIDE_EFFECT,
        name_source,
        inputs,
        custom_fields,
        outputs,
    }
}

/// Every operation, in the order of the contract's table.
pub static OPERATIONS: [OperationInfo; 8] = [
    operation::<Authenticate>(
        NameSource::Assembly,
        &[required("loginUsername"), required("loginPassword")],
        false,
        &["Authentication", "EmailAddress", "DisplayName"],
    ),
    operation::<GetSignInCookieInfo>(
        NameSource::Assembly,
        &[required("loginUsername")],
        false,
        &["Authentication", "EmailAddress", "DisplayName"],
    ),
    operation::<GetCustomFieldOptions>(
        NameSource::Assembly,
        &[
            optional("loginUsername"),
            optional("departmentName"),
            optional("location"),
            optional("interactiontype"),
        ],
        true,
        &["CanStartTickets", "CanStartChats"],
    ),
    operation::<StartTicket>(
        NameSource::Assembly,
        &[
            optional("loginUsername"),
            optional("emailFrom"),
            optional("departmentName"),
            optional("subject"),
            optional("ticketNumber"),
        ],
        true,
        &["TicketCreation", "departmentName"],
    ),
    operation::<StartChat>(
        NameSource::Assembly,
        &[optional("loginUsername"), optional("emailFrom"), optional("departmentName")],
        true,
        &["ChatCreation", "departmentName"],
    ),
    operation::<GetUserInfo>(
        NameSource::Convention,
        &[
            optional("loginUsername"),
            optional("emailFrom"),
            optional("departmentName"),
            optional("ticketNumber"),
        ],
        false,
        &["UserFound"],
    ),
    operation::<HandleEvent>(NameSource::Convention, &[required("eventName")], false, &[]),
    operation::<RegisterUser>(
        NameSource::Convention,
        &[
            required("loginUsername"),
            required("loginPassword"),
            optional("EmailAddress"),
            optional("DisplayName"),
        ],
        true,
        &["Registration", "loginUsername"],
    ),
];
