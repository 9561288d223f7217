//! Faults of both versions, read and written.

use std::fmt;

use super::version::{answer_headers, prologue};
use super::{ENVELOPE_11, ENVELOPE_12, SoapVersion};
use crate::contract::first_line;
use crate::http::HttpResponse;
use crate::secret::Mask;
use crate::xml::{Limits, Reader, Writer, XmlError};

/// Bytes that a text of a fault may have; the rest is dropped.
const TEXT: usize = 256 << 10;

/// Whose fault it is, in the words of SOAP 1.1; SOAP 1.2 calls a client `Sender` and a server
/// `Receiver`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum FaultCode {
    /// The envelope has another version's namespace.
    VersionMismatch,
    /// A header that had to be understood was not.
    MustUnderstand,
    /// The request was wrong: `Client` or `Sender`.
    Client,
    /// The service failed: `Server` or `Receiver`.
    Server,
    /// SOAP 1.2 `DataEncodingUnknown`.
    DataEncodingUnknown,
    /// Any other code, as it is written.
    Other(String),
}

impl FaultCode {
    fn named(local: &str) -> Self {
        // SOAP 1.1, section 4.4.1: what follows a dot only refines the class.
        match local.split('.').next().unwrap_or_default() {
            "VersionMismatch" => Self::VersionMismatch,
            "MustUnderstand" => Self::MustUnderstand,
            "Client" | "Sender" => Self::Client,
            "Server" | "Receiver" => Self::Server,
            "DataEncodingUnknown" => Self::DataEncodingUnknown,
            _ => Self::Other(local.to_owned()),
        }
    }

    fn name(&self, version: SoapVersion) -> &str {
        match (self, version) {
            (Self::VersionMismatch, _) => "VersionMismatch",
            (Self::MustUnderstand, _) => "MustUnderstand",
            (Self::Client, SoapVersion::V11) => "Client",
            (Self::Client, SoapVersion::V12) => "Sender",
            (Self::Server, SoapVersion::V11) => "Server",
            (Self::Server, SoapVersion::V12) => "Receiver",
            (Self::DataEncodingUnknown, _) => "DataEncodingUnknown",
            (Self::Other(code), _) => code,
        }
    }
}

/// A SOAP fault. In one that was read, secrets of the call are masked in every text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Whose fault it is.
    pub code: FaultCode,
    /// SOAP 1.2 `Subcode` values, the outermost first, as they are written.
    pub subcodes: Vec<String>,
    /// `faultstring`, or the first `Reason` text.
    pub reason: String,
    /// `faultactor`, or `Node`: who noticed.
    pub actor: Option<String>,
    /// SOAP 1.2 `Role`.
    pub role: Option<String>,
    /// The content of `detail` as it is written: `None` without the element, empty for an empty one.
    pub detail: Option<String>,
    /// The version of the envelope that it came in, where that is not the one that was asked in: the
    /// service does not speak the other, or answers it in its own.
    pub other_version: Option<SoapVersion>,
}

/// The first line of the reason; with `{:#}`, all of it.
impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let code = self.code.name(SoapVersion::V11);
        let reason = if f.alternate() { self.reason.trim() } else { first_line(&self.reason) };
        write!(f, "the service answered with a fault ({code}): {reason}")
    }
}

impl std::error::Error for Fault {}

impl Fault {
    /// A fault with an empty detail, as ASMX answers it.
    pub fn new(code: FaultCode, reason: impl Into<String>) -> Self {
        Self {
            code,
            subcodes: Vec::new(),
            reason: reason.into(),
            actor: None,
            role: None,
            detail: Some(String::new()),
            other_version: None,
        }
    }

    /// Reads a fault; the reader stands at `Fault`, which is consumed.
    pub(super) fn read(
        r: &mut Reader<'_>,
        version: SoapVersion,
        mask: &Mask,
    ) -> Result<Self, XmlError> {
        let mut fault = Self::new(FaultCode::Other(String::new()), "");
        fault.detail = None;
        while r.child()? {
            // SOAP 1.1, section 4.4: fault entries are in no namespace. ASMX writes a `detail` of an
            // exception's own as it is into SOAP 1.2 faults, too (exchange `rs-soapexception-auth-12`
            // in fixtures).
            let own = r.namespace().is_empty() || r.namespace() == version.envelope();
            match r.local() {
                "faultcode" if own => fault.code = code(r, mask)?,
                "faultstring" if own => fault.reason = text_of(r, mask)?,
                "faultactor" | "Node" if own => fault.actor = Some(text_of(r, mask)?),
                "Role" if own => fault.role = Some(text_of(r, mask)?),
                "detail" | "Detail" if own => {
                    fault.detail = Some(mask.apply_to_start(&inner(r)?, TEXT));
                }
                "Code" if own => fault.read_code(r, 0, mask)?,
                "Reason" if own => {
                    let mut first = true;
                    while r.child()? {
                        let text = text_of(r, mask)?;
                        if std::mem::take(&mut first) {
                            fault.reason = text;
                        }
                    }
                }
                _ => r.skip()?,
            }
        }
        Ok(fault)
    }

    /// SOAP 1.2 part 1, section 5.4.1: a `Value`, and perhaps a `Subcode` that is built the same.
    fn read_code(&mut self, r: &mut Reader<'_>, depth: usize, mask: &Mask) -> Result<(), XmlError> {
        /// Deeper subcodes are passed over: nobody nests them, and nothing may make us recurse.
        const DEEPEST: usize = 8;
        while r.child()? {
            match r.local() {
                "Value" if depth == 0 => self.code = code(r, mask)?,
                "Value" => self.subcodes.push(text_of(r, mask)?.trim().to_owned()),
                "Subcode" if depth < DEEPEST => self.read_code(r, depth + 1, mask)?,
                _ => r.skip()?,
            }
        }
        Ok(())
    }

    /// The answer that carries the fault: HTTP 500, in SOAP 1.2 too (wsdl/ASMX.md, section 4).
    pub fn encode(&self, version: SoapVersion) -> HttpResponse {
        HttpResponse { status: 500, headers: answer_headers(version), body: self.write(version) }
    }

    /// The body, as ASMX writes it.
    pub(crate) fn write(&self, version: SoapVersion) -> Vec<u8> {
        let mut w = Writer::with_capacity(700 + self.reason.len());
        w.raw(prologue(version));
        if self.code == FaultCode::VersionMismatch {
            w.raw("<soap:Header><soap12:Upgrade xmlns:soap12=\"");
            w.raw(ENVELOPE_12);
            w.raw("\"><soap12:SupportedEnvelope qname=\"soap:Envelope\" xmlns:soap=\"");
            w.raw(ENVELOPE_11);
            w.raw("\" /><soap12:SupportedEnvelope qname=\"soap12:Envelope\" xmlns:soap12=\"");
            w.raw(ENVELOPE_12);
            w.raw("\" /></soap12:Upgrade></soap:Header>");
        }
        w.raw("<soap:Body><soap:Fault>");
        match version {
            SoapVersion::V11 => self.write_11(&mut w),
            SoapVersion::V12 => self.write_12(&mut w),
        }
        w.raw("</soap:Fault></soap:Body></soap:Envelope>");
        w.into_bytes()
    }

    fn write_11(&self, w: &mut Writer) {
        leaf(w, "faultcode", &format!("soap:{}", self.code.name(SoapVersion::V11)));
        leaf(w, "faultstring", &self.reason);
        if let Some(actor) = &self.actor {
            leaf(w, "faultactor", actor);
        }
        match self.detail.as_deref() {
            None => {}
            Some("") => w.raw("<detail />"),
            Some(detail) => write_detail(w, detail),
        }
    }

    fn write_12(&self, w: &mut Writer) {
        w.raw("<soap:Code>");
        leaf(w, "soap:Value", &format!("soap:{}", self.code.name(SoapVersion::V12)));
        for subcode in &self.subcodes {
            w.raw("<soap:Subcode>");
            leaf(w, "soap:Value", subcode);
        }
        for _ in &self.subcodes {
            w.raw("</soap:Subcode>");
        }
        w.raw("</soap:Code><soap:Reason><soap:Text xml:lang=\"en\">");
        text(w, &self.reason);
        w.raw("</soap:Text></soap:Reason>");
        if let Some(actor) = &self.actor {
            leaf(w, "soap:Node", actor);
        }
        if let Some(role) = &self.role {
            leaf(w, "soap:Role", role);
        }
        match self.detail.as_deref() {
            None => {}
            Some("") => w.raw("<soap:Detail />"),
            Some(detail) => write_detail(w, detail),
        }
    }
}

fn write_detail(w: &mut Writer, detail: &str) {
    w.raw("<detail>");
    // A detail is XML of the provider's own; what is not XML must not break the fault.
    let written = format!("<detail>{detail}</detail>");
    let valid = Reader::new(&written, Limits::default())
        .and_then(|mut r| r.root().and_then(|()| r.skip()).and_then(|()| r.finish()));
    match valid {
        Ok(()) => w.raw(detail),
        Err(_) => text(w, detail),
    }
    w.raw("</detail>");
}

fn leaf(w: &mut Writer, name: &str, content: &str) {
    w.raw("<");
    w.raw(name);
    if content.is_empty() {
        return w.raw(" />");
    }
    w.raw(">");
    text(w, content);
    w.raw("</");
    // An attribute, if the tag has one, is not part of the name.
    w.raw(name);
    w.raw(">");
}

/// A fault must get out whatever its text holds: what XML cannot hold is replaced.
fn text(w: &mut Writer, content: &str) {
    if w.text(content).is_err() {
        let legal = |c: char| match c {
            '\t' | '\n' | '\r' => c,
            c if c < ' ' || matches!(c, '\u{fffe}' | '\u{ffff}') => '\u{fffd}',
            c => c,
        };
        // Now that every character is legal, writing cannot fail.
        let _ = w.text(&content.chars().map(legal).collect::<String>());
    }
}

/// The text of an element of a fault, masked and bounded. Whoever writes it: a comment in it must
/// not hide that it is a fault.
fn text_of(r: &mut Reader<'_>, mask: &Mask) -> Result<String, XmlError> {
    Ok(mask.apply_to_start(&r.text_with_markup()?, TEXT))
}

fn code(r: &mut Reader<'_>, mask: &Mask) -> Result<FaultCode, XmlError> {
    let value = text_of(r, mask)?;
    let value = value.trim();
    let local = value.rsplit(':').next().unwrap_or(value);
    Ok(match FaultCode::named(local) {
        FaultCode::Other(_) => FaultCode::Other(value.to_owned()),
        known => known,
    })
}

/// The content of the current element as it is written; the element is consumed.
fn inner(r: &mut Reader<'_>) -> Result<String, XmlError> {
    let start = r.offset();
    r.skip()?;
    let written = &r.source()[start..r.offset()];
    // The last end tag is the element's own; an empty-element tag has none.
    Ok(written.rfind("</").map_or("", |end| &written[..end]).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_classes() {
        assert_eq!(FaultCode::named("Client.Authentication"), FaultCode::Client);
        assert_eq!(FaultCode::named("Receiver"), FaultCode::Server);
        assert_eq!(FaultCode::named("Oops"), FaultCode::Other("Oops".into()));
    }

    #[test]
    fn a_fault_is_written_even_with_characters_that_xml_cannot_hold() {
        let fault = Fault::new(FaultCode::Server, "a\u{1}<b");
        let body = String::from_utf8(fault.write(SoapVersion::V11)).unwrap();
        assert!(body.contains("<faultstring>a\u{fffd}&lt;b</faultstring><detail />"), "{body}");
    }
}
