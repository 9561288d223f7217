//! A difference between a service and the contract.

use std::fmt;

/// Does a difference stop calls from working?
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Calls work all the same.
    Harmless,
    /// Not known: a document that says it could not be read.
    Unchecked,
    /// Calls fail, or say nothing.
    Breaking,
}

/// A difference between a service and the contract. `Display` is a readable line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The contract's operation.
    pub operation: &'static str,
    /// Where: `Authenticate/inputs/InputVariables`, in the service's own names.
    pub path: String,
    /// What differs.
    pub kind: DifferenceKind,
    /// What is found there, and what the contract says.
    pub text: String,
    /// Whether it matters.
    pub severity: Severity,
    /// Why it matters, or why not.
    pub reason: String,
}

/// What differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum DifferenceKind {
    /// Style `rpc`.
    Style,
    /// `use="encoded"`.
    Encoding,
    /// Not in one of the SOAP versions.
    Version,
    /// Another name: of an operation, a parameter, a type.
    Name,
    /// A field that the contract does not have.
    Extra,
    /// A field of the contract that is not there.
    Missing,
    /// Another type.
    Type,
    /// Another order of fields.
    Order,
    /// Another namespace than the wrapper's.
    Namespace,
    /// Another `minOccurs`.
    Occurrence,
    /// Another `nillable`.
    Nillable,
    /// A one-way operation, or one without a description.
    Message,
}

impl fmt::Display for DifferenceKind {
    /// One word, for machines.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Style => "style",
            Self::Encoding => "encoding",
            Self::Version => "version",
            Self::Name => "name",
            Self::Extra => "extra",
            Self::Missing => "missing",
            Self::Type => "type",
            Self::Order => "order",
            Self::Namespace => "namespace",
            Self::Occurrence => "occurrence",
            Self::Nillable => "nillable",
            Self::Message => "message",
        })
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Harmless => "harmless",
            Self::Unchecked => "not checked",
            Self::Breaking => "breaking",
        })
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, text, severity, reason, .. } = self;
        write!(f, "{path}: {text} ({severity}: {reason})")
    }
}
