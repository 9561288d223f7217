//! An answer before it becomes an HTTP message, and the one table from errors to faults and status
//! codes (wsdl/ASMX.md, sections 1 and 4).

use super::html;
use crate::contract::VariableError;
use crate::http::{Headers, HttpResponse};
use crate::soap::{ENVELOPE_11, Fault, FaultCode, InputsError, Problem, RequestError, SoapVersion};
use crate::xml::{XmlError, XmlErrorKind};

/// What ASP.NET calls itself in every answer of its own.
pub(super) const ASPNET_VERSION: &str = "4.0.30319";

/// An answer: status, three headers that vary, body.
#[derive(Debug, Default)]
pub(super) struct AspNetResponse {
    pub(super) status: u16,
    pub(super) cache: Cache,
    pub(super) content_type: &'static str,
    /// Is it a page, for which browsers get rules?
    pub(super) page: bool,
    pub(super) body: Vec<u8>,
}

/// `Cache-Control`: ASMX forbids caching once it has read the request; what ASP.NET answers before
/// is merely private.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Cache {
    #[default]
    Private,
    MaxAge0,
}

impl Cache {
    pub(super) const fn value(self) -> &'static str {
        match self {
            Self::Private => "private",
            Self::MaxAge0 => "private, max-age=0",
        }
    }
}

impl AspNetResponse {
    /// A result.
    pub(super) fn result(version: SoapVersion, body: Vec<u8>) -> Self {
        Self::document(version.content_type(), body)
    }

    /// A fault of the service itself.
    pub(super) fn fault(version: SoapVersion, fault: &Fault) -> Self {
        Self { status: 500, ..Self::result(version, fault.write(version)) }
    }

    /// A fault found while the request is still being read.
    pub(super) fn early_fault(version: SoapVersion, code: FaultCode, reason: String) -> Self {
        Self { cache: Cache::Private, ..Self::fault(version, &Fault::new(code, reason)) }
    }

    fn empty(status: u16, version: SoapVersion) -> Self {
        Self { status, content_type: version.content_type(), ..Self::default() }
    }

    /// An exception: its message and those of its causes, the outermost first.
    pub(super) fn exception<S: AsRef<str>>(version: SoapVersion, messages: &[S]) -> Self {
        let mut reason = String::from("Server was unable to process request.");
        for message in messages {
            reason.push_str(" ---> ");
            reason.push_str(message.as_ref());
        }
        Self::fault(version, &Fault::new(FaultCode::Server, reason))
    }

    /// Inputs that make a legacy provider throw.
    pub(super) fn inputs(version: SoapVersion, error: &InputsError) -> Self {
        Self::exception(version, &[thrown(error)])
    }

    /// A body that never came, in part or at all: what ASP.NET says depends on its length.
    pub(super) fn unread(version: SoapVersion, why: &str) -> Self {
        let extensions =
            "There was an exception running the extensions specified in the config file.";
        Self::early_fault(version, FaultCode::Server, format!("{extensions} ---> {why}"))
    }

    /// A document that describes the service.
    pub(super) fn document(content_type: &'static str, body: Vec<u8>) -> Self {
        Self { status: 200, cache: Cache::MaxAge0, content_type, page: false, body }
    }

    /// A page for people.
    pub(super) fn html(status: u16, page: String) -> Self {
        let document = Self::document("text/html; charset=utf-8", page.into_bytes());
        Self { status, page: true, ..document }
    }

    /// A page that says what went wrong before there was a service to say it.
    pub(super) fn error_page(status: u16, title: &str, sentence: &str) -> Self {
        Self { cache: Cache::Private, ..Self::html(status, html::message(title, sentence)) }
    }

    /// A line of text.
    pub(super) fn text(status: u16, line: &str) -> Self {
        let document =
            Self::document("text/plain; charset=utf-8", format!("{line}\n").into_bytes());
        Self { status, ..document }
    }

    /// What ASP.NET answers to a method that it does not know.
    pub(super) fn method_not_allowed() -> Self {
        Self { status: 405, content_type: "text/html", ..Self::default() }
    }

    /// A request that is not carried out.
    pub(super) fn refusal(error: &RequestError) -> Self {
        use FaultCode::{Client, Server};
        match error {
            RequestError::MediaType { version } => Self::empty(415, *version),
            RequestError::Xml { version, .. } => Self::empty(400, *version),
            RequestError::Unroutable { error, version } => Self::early_fault(
                *version,
                Server,
                format!("Server was unable to process request. ---> {}", dotnet(error)),
            ),
            RequestError::VersionMismatch { namespace } => Self::early_fault(
                SoapVersion::V11,
                FaultCode::VersionMismatch,
                format!(
                    "Possible SOAP version mismatch: Envelope namespace {namespace} was unexpected. \
                     Expecting {ENVELOPE_11}."
                ),
            ),
            RequestError::MustUnderstand { name, version } => {
                let reason = format!("SOAP header {name} was not understood.");
                let mut fault = Fault::new(FaultCode::MustUnderstand, reason);
                // SOAP 1.1, section 4.4: no detail, since the body was not processed.
                fault.detail = None;
                Self::fault(*version, &fault)
            }
            RequestError::NoBody { version } => Self::unreadable(
                *version,
                "Request format is invalid: Missing required soap:Body element.",
            ),
            RequestError::UnknownAction { action, version } => Self::early_fault(
                *version,
                Client,
                format!("Server did not recognize the value of HTTP Header SOAPAction: {action}."),
            ),
            RequestError::UnrecognizedAction { action, version } => Self::early_fault(
                *version,
                Client,
                format!("Unable to handle request. The action '{action}' was not recognized."),
            ),
            RequestError::NoAction { version } => Self::early_fault(
                *version,
                Client,
                "Unable to handle request without a valid action parameter. Please supply a valid \
                 soap action."
                    .to_owned(),
            ),
            RequestError::Type { name, namespace, element, line, column, version } => {
                Self::unreadable(
                    *version,
                    &format!(
                        "There is an error in XML document ({line}, {column}). ---> The specified \
                         type was not recognized: name='{name}', namespace='{namespace}', at \
                         {element}."
                    ),
                )
            }
            RequestError::Limit { problem, version } => {
                let why = match problem {
                    Problem::TooMany { .. } => problem.to_string(),
                    _ => "The message is too large.".to_owned(),
                };
                Self::unreadable(*version, &why)
            }
            RequestError::NullInputs { version } => Self::inputs(*version, &InputsError::Null),
            RequestError::Variable { error, version } => {
                Self::inputs(*version, &InputsError::Variable(error.clone()))
            }
        }
    }

    fn unreadable(version: SoapVersion, why: &str) -> Self {
        let reason = format!("Server was unable to read request. ---> {why}");
        Self::early_fault(version, FaultCode::Client, reason)
    }
}

impl From<AspNetResponse> for HttpResponse {
    fn from(reply: AspNetResponse) -> Self {
        let mut headers = Headers::with_capacity(3);
        headers.push("Cache-Control", reply.cache.value());
        headers.push("Content-Type", reply.content_type);
        headers.push("X-AspNet-Version", ASPNET_VERSION);
        Self { status: reply.status, headers, body: reply.body }
    }
}

/// The words of the exceptions that the vendor's own parser runs into (wsdl/ASMX.md, section 4).
fn thrown(error: &InputsError) -> String {
    match error {
        InputsError::Null | InputsError::Variable(VariableError::Nil { .. }) => {
            "Object reference not set to an instance of an object.".to_owned()
        }
        InputsError::Variable(VariableError::NoEquals { .. }) => {
            "Index was outside the bounds of the array.".to_owned()
        }
        InputsError::Variable(error) => error.to_string(),
    }
}

/// What .NET's `XmlTextReader` says.
fn dotnet(error: &XmlError) -> String {
    let at = |what: &str| format!("{what} Line {}, position {}.", error.line, error.column);
    match &error.kind {
        XmlErrorKind::NoRoot => "Root element is missing.".to_owned(),
        XmlErrorKind::TextOutsideRoot => at("Data at the root level is invalid."),
        XmlErrorKind::Doctype => "For security reasons DTD is prohibited in this XML document. To \
             enable DTD processing set the DtdProcessing property on XmlReaderSettings to Parse and \
             pass the settings into XmlReader.Create method."
            .to_owned(),
        XmlErrorKind::Unclosed(name) => at(&format!(
            "Unexpected end of file has occurred. The following elements are not closed: {name}."
        )),
        kind => at(&format!("The XML is invalid: {kind}.")),
    }
}
