//! What a help desk and its external providers say to each other, without a word of XML or HTTP.
//!
//! The request type is the operation: [`Authenticate`] carries the operation's name, kind and side
//! effects as constants, and [`Operation::Result`] says what it answers. [`OPERATIONS`] lists all
//! eight. Everything an operation says travels as `key=value` strings ([`Variables`]); below the
//! typed layer, [`raw`] keeps absent, empty and nil apart.
//!
//! The names of four kinds (five operations) are read off the vendor's interface assembly; those of
//! [`GetUserInfo`], [`HandleEvent`] and [`RegisterUser`] are conventions of this crate
//! ([`NameSource`]).

/// A request as JSON: its variables. `secret` ones are read and never written.
macro_rules! json_request {
    (secret $request:ty) => {
        #[cfg(feature = "serde")]
        impl<'de> serde::Deserialize<'de> for $request {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                crate::contract::json::request(from)
            }
        }
    };
    ($request:ty) => {
        json_request!(secret $request);

        #[cfg(feature = "serde")]
        impl serde::Serialize for $request {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                crate::contract::json::write(self, to)
            }
        }
    };
}

mod catalogue;
pub(crate) mod handlers;
#[cfg(feature = "serde")]
pub mod json;
mod names;
pub mod raw;
pub mod variables;

pub mod chat;
pub mod custom_fields;
pub mod events;
pub mod login;
pub mod registration;
pub mod secrets;
mod ticket;
pub mod user_information;

pub use crate::dispatch;
pub use catalogue::{
    Kind, NameSource, OPERATIONS, OperationInfo, SideEffect, UnknownKind, VariableInfo, optional,
    required,
};
pub use chat::*;
pub use custom_fields::*;
pub use events::*;
pub use handlers::*;
pub use login::*;
pub use registration::*;
pub(crate) use secrets::Secrets;
pub use secrets::may_be_secret;
pub use ticket::*;
pub use user_information::*;
pub use variables::{Absent, Sink, VariableError, Variables};

use std::error::Error;
use std::fmt;

use raw::RawCustomFieldData;

/// The variable that carries the web service password in every request
/// (wsdl/CONTRACT.md, section 3).
pub const AUTH_PASSWORD: &str = "authPW";

/// The prefix of custom field variables, matched without case (wsdl/CONTRACT.md, section 3).
pub const CUSTOM_FIELD_PREFIX: &str = "cf_";

/// The name of the custom field whose variable has this key: what follows [`CUSTOM_FIELD_PREFIX`].
pub fn custom_field_name(key: &str) -> Option<&str> {
    let (prefix, name) = key.split_at_checked(CUSTOM_FIELD_PREFIX.len())?;
    prefix.eq_ignore_ascii_case(CUSTOM_FIELD_PREFIX).then_some(name)
}

/// A name that means nobody: the words of a [`probe`](Operation::probe), which a service that acts on
/// them has in its log.
pub const NOBODY: &str = "external-providers-check";

/// The password of nobody.
const NO_PASSWORD: &str = "no-such-password";

/// A request type, which is the operation.
///
/// The eight of the contract are listed in [`OPERATIONS`]. One of a site's own needs nothing but
/// this trait: codec and client take any, and so do `Service::operation` of the host and
/// `ContractCheck::operation` of the recordings.
pub trait Operation: Sized + Send + Sync + 'static {
    /// The provider kind that the operation belongs to.
    const KIND: Kind;
    /// The operation's name on the wire.
    const NAME: &'static str;
    /// Whether the operation changes anything: if so, it is sent at most once.
    const SIDE_EFFECT: SideEffect;
    /// Where the operation's names come from.
    const NAME_SOURCE: NameSource;
    /// The input variables but for `authPW` and custom fields, in the order in which they are sent.
    const INPUTS: &'static [VariableInfo];
    /// The output variables that the contract names, but for custom fields.
    const OUTPUTS: &'static [&'static str];
    /// Does a request take custom fields (`cf_…`)? Default no.
    const CUSTOM_FIELDS: bool = false;
    /// Are inputs of any other name part of the operation? Default no.
    const OPEN_INPUTS: bool = false;
    /// Are outputs of any other name part of the operation? Default no.
    const OPEN_OUTPUTS: bool = false;
    /// May a service lack it beside another operation of the kind? Default no.
    const OPTIONAL: bool = false;
    /// What a successful call answers, beside its message and the variables only a site knows.
    type Result: OperationResult;

    /// A request that does as little as one can, to see how a service answers: about
    /// [`NOBODY`], or with nothing in it.
    fn probe() -> Self;

    /// Writes the input variables but for the web service password: the known ones in the order of
    /// [`INPUTS`](Self::INPUTS), then custom fields, then all others. Those without a value are left
    /// to the sink ([`Sink::put_input`]), unless their absence has a meaning of its own.
    fn write_inputs<S: Sink>(&self, sink: &mut S);

    /// Reads the input variables; those that are not known stay, in order.
    fn read_inputs(inputs: Variables) -> Result<Self, VariableError>;

    /// Writes the output variables that the contract names.
    fn write_outputs<S: Sink>(result: &Self::Result, sink: &mut S);

    /// Takes the output variables that the contract names out of all.
    fn read_outputs(outputs: &mut Variables) -> Result<Self::Result, VariableError>;

    /// What a help desk does by itself where there is no provider to ask. `None`, the default: it decides
    /// in a way of its own, as it does about logins and registrations.
    fn without_provider() -> Option<Self::Result> {
        None
    }
}

/// What an operation was asked for: its answer, if the call succeeds.
pub trait OperationResult: Sized + Send + Sync {
    /// The words of all its verdicts, for descriptions. Default: they are not known.
    const VERDICTS: &'static [&'static str] = &[];

    /// What it comes down to.
    fn verdict(&self) -> Verdict;

    /// The custom field items; `None` for all results but one.
    fn items(&self) -> Option<&[CustomFieldChange]> {
        None
    }

    /// Takes the custom field items of an answer; without effect for all results but one.
    fn read_items(&mut self, _items: Vec<Option<RawCustomFieldData>>) -> Result<(), VariableError> {
        Ok(())
    }
}

/// What a result comes down to, for those who do not look at its parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// The provider did what it was asked for, or allows it; in a word (`allowed`).
    Yes(&'static str),
    /// There is nothing to do or to know; in a word (`not-found`).
    No(&'static str),
    /// The provider does not allow it.
    Refused,
}

impl Verdict {
    /// The word for it, in lower case: `authenticated`, `found`, `refused`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Yes(word) | Self::No(word) => word,
            Self::Refused => "refused",
        }
    }
}

/// The answer of a call whose `Success` is true.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Answer<R> {
    /// What the operation was asked for.
    pub result: R,
    /// The provider's message. Of a refused ticket or chat, and of options that let none start, it
    /// is the reason, which the help desk shows to the customer.
    pub message: Option<String>,
    /// Output variables that the contract does not name, in order.
    pub other: Variables,
}

impl<R> Answer<R> {
    /// An answer with a message and no further variables.
    pub fn new(result: R, message: impl Into<String>) -> Self {
        Self { result, message: Some(message.into()), other: Variables::new() }
    }
}

/// The provider's own failure: it answered `Success=false`, so it did not do what it was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Failure {
    /// The provider's message, `Permission Denied` for a wrong web service password.
    pub message: Option<String>,
    /// Whatever variables came with it, in order.
    pub outputs: Variables,
}

impl Failure {
    /// What a provider answers to a wrong web service password (wsdl/CONTRACT.md, section 3).
    pub const PERMISSION_DENIED: &'static str = "Permission Denied";
    /// What a provider answers when an input is missing (wsdl/CONTRACT.md, section 3).
    pub const REQUIRED_INPUT_MISSING: &'static str = "Required Input Missing";

    /// A failure with a message.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: Some(message.into()), outputs: Variables::new() }
    }

    /// Did the provider refuse the web service password?
    pub fn is_permission_denied(&self) -> bool {
        self.message.as_deref() == Some(Self::PERMISSION_DENIED)
    }
}

/// Why a provider gives no answer.
///
/// In a provider's method `?` makes an [`Exception`](Self::Exception) of whatever can be a
/// `Box<dyn Error + Send + Sync>`: every such error, a boxed one, `anyhow::Error`, and text. A
/// [`Failure`] becomes what it says. An error that is not `Send` goes through
/// [`exception`](Self::exception).
///
/// ```
/// use external_providers::contract::{Answer, ProviderResult, Start, StartTicket, TicketProvider};
///
/// struct ByDepartment;
///
/// impl TicketProvider for ByDepartment {
///     async fn start_ticket(&self, request: StartTicket) -> ProviderResult<StartTicket> {
///         let number: u32 = request.ticket_number.ok_or("a ticket without a number")?.parse()?;
///         Ok(Answer::new(Start::allowed(), format!("Ticket {number} allowed")))
///     }
/// }
/// ```
///
/// For that it cannot be an [`Error`] itself: it would be converted into itself in two ways. It
/// displays as one, and [`into_error`](Self::into_error) makes one of it; where the error is a
/// `Box<dyn Error>`, `?` does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProviderError {
    /// `Success=false` with a message: the provider declines, in an orderly way.
    Failure(Failure),
    /// An exception: the caller gets a SOAP fault. The messages of the error and of its causes, the
    /// outermost first.
    Exception(Vec<String>),
}

impl ProviderError {
    /// `Success=false` with this message.
    pub fn failure(message: impl Into<String>) -> Self {
        Self::Failure(Failure::new(message))
    }

    /// An exception: the messages of an error and of its causes, for errors that `?` does not take.
    pub fn exception(error: &dyn Error) -> Self {
        let mut messages = vec![error.to_string()];
        let mut source = error.source();
        while let Some(error) = source {
            messages.push(error.to_string());
            source = error.source();
        }
        Self::Exception(messages)
    }

    /// The same as an [`Error`], to return from a function that is not a provider's method. It has no
    /// `source`: its text has all messages.
    pub fn into_error(self) -> impl Error + Send + Sync + 'static {
        ErrorText(self)
    }
}

impl fmt::Display for ProviderError {
    /// The first line of what the provider says; of an exception the messages, the outermost first,
    /// with colons between.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failure(failure) => match failure.message.as_deref() {
                Some(message) => write!(f, "the provider declined: {}", first_line(message)),
                None => f.write_str("the provider declined"),
            },
            Self::Exception(messages) => f.write_str(&messages.join(": ")),
        }
    }
}

/// A [`ProviderError`] where an [`Error`] is wanted.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct ErrorText(ProviderError);

impl<E: Into<Box<dyn Error + Send + Sync>>> From<E> for ProviderError {
    fn from(error: E) -> Self {
        Self::exception(&*error.into())
    }
}

impl From<Failure> for ProviderError {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

impl From<ProviderError> for Box<dyn Error> {
    fn from(error: ProviderError) -> Self {
        Box::new(ErrorText(error))
    }
}

/// The first line of what a provider or its service says, for logs, lists and other places for one
/// line: with `customErrors="Off"`, ASP.NET lets a stack follow (wsdl/CONTRACT.md, section 3).
pub fn first_line(text: &str) -> &str {
    text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default()
}

/// What a provider's method returns.
pub type ProviderResult<T> = Result<Answer<<T as Operation>::Result>, ProviderError>;
