//! What the two versions of SOAP write differently.

use super::SoapVersion;
use crate::http::{Header, Headers};
use crate::xml::{KnownRoot, Reader, XSD, XSI, XmlError};

macro_rules! declaration {
    () => {
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>"
    };
}

macro_rules! prologue {
    ($envelope:literal) => {
        concat!(
            declaration!(),
            "<soap:Envelope xmlns:soap=\"",
            $envelope,
            "\" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"",
            " xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\">"
        )
    };
}

macro_rules! of_version {
    ($version:expr, $after:literal) => {
        match $version {
            SoapVersion::V11 => {
                concat!(prologue!("http://schemas.xmlsoap.org/soap/envelope/"), $after)
            }
            SoapVersion::V12 => {
                concat!(prologue!("http://www.w3.org/2003/05/soap-envelope"), $after)
            }
        }
    };
}

/// The envelope's start tag.
pub(super) const fn prologue(version: SoapVersion) -> &'static str {
    of_version!(version, "")
}

/// The same with the body's start tag.
const fn body(version: SoapVersion) -> &'static str {
    of_version!(version, "<soap:Body>")
}

/// All that stands before the name of the wrapper element.
pub(super) const fn opening(version: SoapVersion) -> &'static str {
    of_version!(version, "<soap:Body><")
}

/// Moves to the root element of what is an envelope as .NET writes it, most probably.
pub(super) fn root(reader: &mut Reader<'_>) -> Result<(), XmlError> {
    const NAME_AT: usize = declaration!().len() + "<".len();
    static V11: KnownRoot = KnownRoot {
        text: body(SoapVersion::V11),
        child_at: prologue(SoapVersion::V11).len() + "<".len(),
        name_at: NAME_AT,
        local: "Envelope",
        namespaces: &[("soap", SoapVersion::V11.envelope()), ("xsi", XSI), ("xsd", XSD)],
    };
    static V12: KnownRoot = KnownRoot {
        text: body(SoapVersion::V12),
        child_at: prologue(SoapVersion::V12).len() + "<".len(),
        name_at: NAME_AT,
        local: "Envelope",
        namespaces: &[("soap", SoapVersion::V12.envelope()), ("xsi", XSI), ("xsd", XSD)],
    };
    reader.root_or_known(&[&V11, &V12])
}

/// The headers of an answer that a provider's method made, faults included.
pub(super) fn answer_headers(version: SoapVersion) -> Headers {
    const CACHE: Header = Header::fixed("Cache-Control", "private, max-age=0");
    static V11: [Header; 2] =
        [CACHE, Header::fixed("Content-Type", SoapVersion::V11.content_type())];
    static V12: [Header; 2] =
        [CACHE, Header::fixed("Content-Type", SoapVersion::V12.content_type())];
    Headers::fixed(match version {
        SoapVersion::V11 => &V11,
        SoapVersion::V12 => &V12,
    })
}
