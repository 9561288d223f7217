//! Why a message cannot be written, and what is wrong with one that was read.

use super::fault::Fault;
use super::non_soap::NonSoapResponse;
use super::{DEFAULT_NAMESPACE, SoapVersion};
use crate::contract::VariableError;
use crate::secret::Mask;
use crate::xml::{IllegalCharacter, XmlError};

/// A character that cannot be written, and in which element or variable it stands.
#[derive(Debug)]
pub(in crate::soap) struct Misplaced {
    pub(in crate::soap) place: String,
    pub(in crate::soap) character: IllegalCharacter,
}

impl From<IllegalCharacter> for Misplaced {
    fn from(character: IllegalCharacter) -> Self {
        Self { place: "Message".to_owned(), character }
    }
}

/// A message that cannot be written: the API was misused. Shows keys, never values.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// No reader could take `a=b=1` apart as key `a=b` (wsdl/CONTRACT.md, section 3).
    #[error("{operation}: the key \"{key}\" holds \"=\", which no provider can read: rename it")]
    Key {
        /// The operation.
        operation: &'static str,
        /// The key.
        key: String,
    },
    /// A variable that has a typed field stands among the other ones, where it would override the
    /// field.
    #[error(
        "{operation}: \"{key}\" has a field of its own: set that instead of adding the variable"
    )]
    Reserved {
        /// The operation.
        operation: &'static str,
        /// The key.
        key: String,
    },
    /// A custom field without a name: readers drop it.
    #[error("{operation}: a custom field has no name")]
    NamelessField {
        /// The operation.
        operation: &'static str,
    },
    /// A namespace with a character that XML or an HTTP header cannot hold, or none at all.
    #[error("{operation}: the service's namespace cannot be written: look at it")]
    Namespace {
        /// The operation.
        operation: &'static str,
    },
    /// A character that XML 1.0 cannot hold.
    #[error("{operation}: the character U+{code:04X} in {place} cannot be sent in XML: remove it")]
    Character {
        /// The operation.
        operation: &'static str,
        /// The variable or element.
        place: String,
        /// The code point.
        code: u32,
    },
}

impl EncodeError {
    pub(super) fn character(operation: &'static str, misplaced: Misplaced) -> Self {
        Self::Character { operation, place: misplaced.place, code: misplaced.character.code }
    }
}

/// An answer that carries no result.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// What came back is not SOAP.
    #[error(transparent)]
    NotSoap(#[from] Box<NonSoapResponse>),
    /// The service answered with a fault.
    #[error(transparent)]
    Fault(#[from] Box<Fault>),
    /// It is SOAP, but not what the contract says.
    #[error(transparent)]
    Malformed(#[from] Box<MalformedError>),
}

/// An answer that does not hold what the contract says. Shows names, never content.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the answer to {operation} is malformed{}: {problem}", place(path))]
pub struct MalformedError {
    /// The operation that was called.
    pub operation: &'static str,
    /// The element, from the envelope down; empty when it is the document itself.
    pub path: String,
    /// What is wrong there.
    pub problem: Problem,
}

fn place(path: &str) -> String {
    if path.is_empty() { String::new() } else { format!(" at {path}") }
}

/// What is wrong with an answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// It is not well-formed XML.
    #[error(transparent)]
    Xml(#[from] XmlError),
    /// The root is not a SOAP envelope.
    #[error("the root element is {{{namespace}}}{local}, not a SOAP Envelope")]
    NoEnvelope {
        /// Namespace of the root.
        namespace: String,
        /// Its local name.
        local: String,
    },
    /// The envelope has no `Body`.
    #[error("the envelope has no Body")]
    NoBody,
    /// The `Body` is empty.
    #[error("the Body is empty; {expected} is due")]
    EmptyBody {
        /// The element that is due.
        expected: String,
    },
    /// The `Body` holds another element.
    #[error(
        "{{{namespace}}}{local} where {{{expected_namespace}}}{expected} is due{}",
        hint(namespace, expected_namespace, local, expected)
    )]
    Unexpected {
        /// Namespace of the element found.
        namespace: String,
        /// Its local name.
        local: String,
        /// The namespace that is due.
        expected_namespace: String,
        /// The local name that is due.
        expected: String,
    },
    /// The provider returned no result (null).
    #[error("there is no result: the provider returned null")]
    NullResult,
    /// An element that must be there is not, but another is. .NET takes it for null.
    #[error(
        "there is {} instead of {expected}{}",
        named(namespace, local),
        hint_instead(namespace)
    )]
    Instead {
        /// Namespace of the element that is there; empty if it has none.
        namespace: String,
        /// Its local name.
        local: String,
        /// The local name that is due, in the namespace of the operation.
        expected: String,
    },
    /// An element that must be there once is not.
    #[error("the element is missing")]
    Missing,
    /// A `boolean` that is not one.
    #[error("the content is not a boolean (true, false, 1, 0)")]
    Boolean,
    /// `xsi:nil` on an element that cannot be nil, or with a value that is not a boolean.
    #[error("xsi:nil cannot stand here")]
    Nil,
    /// A header that the peer insists on and this crate does not know.
    #[error("the header {name} must be understood, and is not")]
    MustUnderstand {
        /// Its name.
        name: String,
    },
    /// An `xsi:type` that the contract does not have.
    #[error("the type {name} is not known")]
    Type {
        /// Its name as it is written.
        name: String,
    },
    /// More bytes than the limit.
    #[error("more than {limit} bytes (limit `body`)")]
    TooLarge {
        /// The limit.
        limit: usize,
    },
    /// More entries than the limit.
    #[error("more than {limit} entries (limit `variables`)")]
    TooMany {
        /// The limit.
        limit: usize,
    },
    /// Variables that do not say what the contract asks for.
    #[error(transparent)]
    Variable(#[from] VariableError),
}

impl Problem {
    /// The same with every name out of the message bounded and masked: a password with markup in
    /// it may be what a broken message takes for names.
    /// What the provider's author is to do about it.
    pub(crate) fn remedy(&self) -> Option<&'static str> {
        matches!(self, Self::Instead { .. }).then_some(
            "let the service name its result OPERATIONResult, and put it and all elements in it into the \
             namespace of the operation (elementFormDefault=\"qualified\")",
        )
    }

    pub(super) fn masked(self, mask: &Mask) -> Self {
        let map = |name: &str| {
            let name: String = name.chars().take(200).collect();
            if is_common(&name) {
                return name;
            }
            let safe = |c: char| if c.is_control() { '\u{fffd}' } else { c };
            mask.apply_to_name(&name).chars().map(safe).collect::<String>()
        };
        match self {
            Self::Xml(XmlError { kind, line, column }) => {
                Self::Xml(XmlError { kind: kind.map_names(map), line, column })
            }
            Self::NoEnvelope { namespace, local } => {
                Self::NoEnvelope { namespace: map(&namespace), local: map(&local) }
            }
            Self::Unexpected { namespace, local, expected_namespace, expected } => {
                // What is due is said beside it.
                let map = |name: String, due: &str| if name == due { name } else { map(&name) };
                let namespace = map(namespace, &expected_namespace);
                let local = map(local, &expected);
                Self::Unexpected { namespace, local, expected_namespace, expected }
            }
            Self::Instead { namespace, local, expected } => {
                Self::Instead { namespace: map(&namespace), local: map(&local), expected }
            }
            Self::MustUnderstand { name } => Self::MustUnderstand { name: map(&name) },
            Self::Type { name } => Self::Type { name: map(&name) },
            nameless => nameless,
        }
    }
}

/// A name of SOAP's, or the usual namespace: a mask would tell that a password is the same.
fn is_common(name: &str) -> bool {
    let is_envelope = |version: SoapVersion| version.envelope() == name;
    is_envelope(SoapVersion::V11)
        || is_envelope(SoapVersion::V12)
        || [DEFAULT_NAMESPACE, "Envelope", "Header", "Body", "Fault"].contains(&name)
}

/// A name, with its namespace if it has one.
fn named(namespace: &str, local: &str) -> String {
    match namespace {
        "" => local.to_owned(),
        namespace => format!("{{{namespace}}}{local}"),
    }
}

fn hint_instead(namespace: &str) -> &'static str {
    match namespace {
        "" => " (it has no namespace, and .NET overlooks it)",
        _ => " (.NET overlooks it)",
    }
}

fn hint(found: &str, expected: &str, found_local: &str, expected_local: &str) -> &'static str {
    if found_local == expected_local && found != expected {
        ": the service has another namespace; set it"
    } else {
        ""
    }
}
