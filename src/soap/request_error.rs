//! Why a request is not carried out.

use std::fmt;

use super::SoapVersion;
use super::error::Problem;
use crate::contract::VariableError;
use crate::xml::XmlError;

/// A request that is not carried out. What it is answered, the host decides; the version is that of
/// the envelope.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum RequestError {
    /// Neither `text/xml` nor `application/soap+xml`, or SOAP 1.1 in the latter: 415, empty body.
    MediaType {
        /// The version of the envelope as far as it is known.
        version: SoapVersion,
    },
    /// The XML reader gave up, anywhere in the document: 400, empty body.
    Xml {
        /// Why.
        error: XmlError,
        /// The version of the envelope as far as it is known.
        version: SoapVersion,
    },
    /// The XML reader gave up before the Body's first element, which had to name the operation.
    Unroutable {
        /// Why.
        error: XmlError,
        /// The version of the envelope as far as it is known.
        version: SoapVersion,
    },
    /// The root is not an envelope of either version. The answer is due in SOAP 1.1.
    VersionMismatch {
        /// The namespace of the root.
        namespace: String,
    },
    /// A header that must be understood.
    MustUnderstand {
        /// Its local name.
        name: String,
        /// The version of the envelope.
        version: SoapVersion,
    },
    /// An envelope without a `Body`.
    NoBody {
        /// The version of the envelope.
        version: SoapVersion,
    },
    /// A `SOAPAction` that names no operation of the service.
    UnknownAction {
        /// Its value, unquoted and decoded.
        action: String,
        /// The version of the envelope.
        version: SoapVersion,
    },
    /// A SOAP 1.2 `action` that names no operation, and neither does the body.
    UnrecognizedAction {
        /// Its value.
        action: String,
        /// The version of the envelope.
        version: SoapVersion,
    },
    /// Neither an action nor a body that names an operation.
    NoAction {
        /// The version of the envelope.
        version: SoapVersion,
    },
    /// An `xsi:type` that the service does not know.
    Type {
        /// Its local name.
        name: String,
        /// Its namespace.
        namespace: String,
        /// The element, as .NET shows it: `<inputs xmlns='…'>`.
        element: String,
        /// The line of the element, from 1.
        line: usize,
        /// The column of the element's name, from 1.
        column: usize,
        /// The version of the envelope.
        version: SoapVersion,
    },
    /// More than the limits allow.
    Limit {
        /// Of what.
        problem: Problem,
        /// The version of the envelope.
        version: SoapVersion,
    },
    /// No `inputs`: what a legacy provider meets as a null reference.
    NullInputs {
        /// The version of the envelope.
        version: SoapVersion,
    },
    /// Variables that a legacy provider throws on, or that miss a required one.
    Variable {
        /// What is wrong with them.
        error: VariableError,
        /// The version of the envelope.
        version: SoapVersion,
    },
}

impl RequestError {
    /// The version is filled in where it is known.
    pub(super) fn from_xml(error: XmlError) -> Self {
        Self::Xml { error, version: SoapVersion::default() }
    }
}

impl From<XmlError> for RequestError {
    fn from(error: XmlError) -> Self {
        Self::from_xml(error)
    }
}

impl fmt::Display for RequestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MediaType { .. } => f.write_str("the content type is not that of a SOAP message"),
            Self::Xml { error, .. } | Self::Unroutable { error, .. } => {
                write!(f, "the body is not well-formed XML: {error}")
            }
            Self::VersionMismatch { .. } => f.write_str("the root element is not a SOAP envelope"),
            Self::MustUnderstand { .. } => f.write_str("a header that must be understood is not"),
            Self::NoBody { .. } => f.write_str("the envelope has no Body"),
            Self::UnknownAction { .. } => f.write_str("the SOAPAction names no operation"),
            Self::UnrecognizedAction { .. } => f.write_str("the action names no operation"),
            Self::NoAction { .. } => f.write_str("nothing names an operation"),
            Self::Type { .. } => f.write_str("an xsi:type is not known"),
            Self::Limit { problem, .. } => write!(f, "{problem}"),
            Self::NullInputs { .. } => f.write_str("there is no inputs element"),
            Self::Variable { error, .. } => write!(f, "{error}"),
        }
    }
}

impl std::error::Error for RequestError {}
