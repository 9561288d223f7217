//! What is wrong with a document, and where.

use crate::xml::{XmlError, XmlErrorKind};

/// A document that describes no service, with its name and the line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{document}, line {line}: {problem}")]
pub struct WsdlError {
    /// The document, as the caller named it.
    pub document: String,
    /// The line, from 1.
    pub line: usize,
    /// What is wrong there.
    pub problem: WsdlProblem,
}

/// What is wrong with a document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WsdlProblem {
    /// No well-formed XML.
    #[error("{0}")]
    Xml(XmlErrorKind),
    /// Another kind of document.
    #[error("the root element is {{{namespace}}}{local}, not the definitions of WSDL 1.1")]
    Root {
        /// Namespace of the root.
        namespace: String,
        /// Its local name.
        local: String,
    },
    /// WSDL 2.0, which no .NET stack writes.
    #[error("this is WSDL 2.0; only WSDL 1.1 is read")]
    Wsdl20,
    /// An attribute that must be there.
    #[error("<{element}> has no attribute {attribute}")]
    Attribute {
        /// The element.
        element: String,
        /// The attribute.
        attribute: &'static str,
    },
    /// A qualified name with a prefix that is not declared, or that is not a name.
    #[error("{name:?} in <{element}> is not a qualified name, or its prefix is not declared")]
    Name {
        /// The element.
        element: String,
        /// The name as written.
        name: String,
    },
    /// An attribute that is not a number or boolean.
    #[error("{attribute}={value:?} of <{element}> is not what may stand there")]
    Value {
        /// The element.
        element: String,
        /// The attribute.
        attribute: &'static str,
        /// Its value.
        value: String,
    },
    /// A reference to something that no document defines.
    #[error("there is no {what} {name}")]
    Dangling {
        /// What is missing: `message`, `portType`, `binding`, `element`.
        what: &'static str,
        /// Its name.
        name: String,
    },
    /// No SOAP port and no SOAP binding at all.
    #[error("no SOAP service is described: no port with a SOAP 1.1 or 1.2 binding")]
    NoService,
    /// More than the limits allow.
    #[error("more than {limit} {what} (limit `{name}`)")]
    Limit {
        /// Of what.
        what: &'static str,
        /// The name of the limit.
        name: &'static str,
        /// Its value.
        limit: usize,
    },
}

/// A problem whose document is not named yet.
pub(super) struct At {
    pub(super) line: usize,
    pub(super) problem: WsdlProblem,
}

impl At {
    pub(super) fn named(self, document: &str) -> WsdlError {
        WsdlError { document: shown(document), line: self.line, problem: self.problem }
    }
}

impl From<XmlError> for At {
    fn from(error: XmlError) -> Self {
        Self { line: error.line, problem: WsdlProblem::Xml(error.kind) }
    }
}

/// A piece of a document for an error text: bounded, safe for a terminal.
pub(super) fn shown(text: &str) -> String {
    text.chars().take(200).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}
