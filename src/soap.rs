//! SOAP 1.1 and 1.2 as ASMX speaks them: the four pure functions between typed values and HTTP
//! messages, and the faults.
//!
//! ```text
//! typed request ─ encode_request ─▶ HttpRequest ═══ wire ═══▶ decode_request ─▶ typed request
//! typed result  ◀ decode_response ─ HttpResponse ◀══ wire ═══ encode_response ─ typed result
//! ```
//!
//! All four are methods of [`Binding`]: the service's namespace and the SOAP version.

mod binding;
mod envelope;
mod error;
mod fault;
mod non_soap;
mod outline;
mod read;
mod request;
mod request_error;
mod response;
mod version;
mod write;

pub use binding::{Binding, Limits, OperationNameError};
pub(crate) use envelope::url_decode;
pub use envelope::{Envelope, Heading};
pub use error::{DecodeError, EncodeError, MalformedError, Problem};
pub use fault::{Fault, FaultCode};
pub use non_soap::{NonSoapKind, NonSoapResponse};
pub(crate) use outline::Outline;
pub(crate) use request::read_inputs;
pub use request::{Call, InputsError};
pub use request_error::RequestError;
pub(crate) use response::answer_version;

use crate::xml::Reader;

/// The envelope namespace of SOAP 1.1 (SOAP 1.1, section 3).
pub const ENVELOPE_11: &str = "http://schemas.xmlsoap.org/soap/envelope/";
/// The envelope namespace of SOAP 1.2 (SOAP 1.2 part 1, section 5.1).
pub const ENVELOPE_12: &str = "http://www.w3.org/2003/05/soap-envelope";
/// The namespace of a service whose author set none (wsdl/CONTRACT.md, section 2).
pub const DEFAULT_NAMESPACE: &str = "http://tempuri.org/";

/// The version of SOAP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum SoapVersion {
    /// SOAP 1.1: `text/xml`, the operation in the `SOAPAction` header.
    #[default]
    V11,
    /// SOAP 1.2: `application/soap+xml`, the operation in the `action` parameter.
    V12,
}

impl SoapVersion {
    /// The envelope namespace.
    pub const fn envelope(self) -> &'static str {
        match self {
            Self::V11 => ENVELOPE_11,
            Self::V12 => ENVELOPE_12,
        }
    }

    /// The version that a media type announces.
    pub(crate) fn of_media_type(media_type: &str) -> Option<Self> {
        let mut all = [Self::V11, Self::V12].into_iter();
        all.find(|version| media_type.eq_ignore_ascii_case(version.media_type()))
    }

    /// The version that the namespace of an envelope announces.
    pub(crate) fn of_namespace(uri: &str) -> Option<Self> {
        [Self::V11, Self::V12].into_iter().find(|version| version.envelope() == uri)
    }

    /// The version that the root element announces.
    pub(crate) fn of_envelope(reader: &Reader<'_>) -> Option<Self> {
        Self::of_namespace(reader.namespace()).filter(|_| reader.local() == "Envelope")
    }

    /// The media type without parameters.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::V11 => "text/xml",
            Self::V12 => "application/soap+xml",
        }
    }

    /// The content type of an answer.
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::V11 => "text/xml; charset=utf-8",
            Self::V12 => "application/soap+xml; charset=utf-8",
        }
    }
}

impl std::fmt::Display for SoapVersion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::V11 => "1.1",
            Self::V12 => "1.2",
        })
    }
}

impl std::str::FromStr for SoapVersion {
    type Err = UnknownVersion;

    /// `1.1` or `1.2`, as it displays.
    fn from_str(text: &str) -> Result<Self, UnknownVersion> {
        [Self::V11, Self::V12]
            .into_iter()
            .find(|version| version.to_string() == text)
            .ok_or(UnknownVersion)
    }
}

/// Text that names no version of SOAP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the version of SOAP must be 1.1 or 1.2")]
pub struct UnknownVersion;
