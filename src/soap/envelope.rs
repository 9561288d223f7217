//! Routing and the envelope of a request: which operation is asked for, and with what.

use super::error::Problem;
use super::read::{Types, check_type, is_nil, read_header, read_list};
use super::request_error::RequestError;
use super::version::root;
use super::{Limits, SoapVersion};
use crate::contract::raw::{Presence, RawInputs};
use crate::http::{HttpRequest, media_type};
use crate::xml::charset::{Charset, parameter};
use crate::xml::{Reader, XSI, XmlErrorKind};

/// A request whose XML was read, before it is known which operation it asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// The version of the envelope.
    pub version: SoapVersion,
    /// What the HTTP headers ask for.
    action: Action,
    /// Namespace and local name of the Body's first element.
    body: Option<(String, String)>,
    /// The parameter, as the wire has it.
    pub inputs: Presence<RawInputs>,
}

/// How far the reading of a body has come.
struct Stage {
    /// The version in which a fault is due.
    version: SoapVersion,
    /// Is it known which operation is asked for, or that the body does not say?
    routed: bool,
}

/// Where the operation is named, if anywhere but in the body.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Action {
    /// A `SOAPAction` header, unquoted and decoded: it decides, even against the body.
    Header(String),
    /// A SOAP 1.2 `action` parameter: a hint that may be wrong.
    Parameter(String),
    /// None: the body decides.
    None,
}

/// What the HTTP headers of a request say about the message: which operation it asks for, and in
/// which version an answer is due as long as the envelope is not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heading<'a> {
    content_type: &'a str,
    media: Option<SoapVersion>,
    action: Action,
}

impl<'a> Heading<'a> {
    /// Looks at the content type (empty when there is none) and the `SOAPAction` header.
    pub fn new(content_type: &'a str, soap_action: Option<&str>) -> Self {
        let media = SoapVersion::of_media_type(media_type(content_type));
        let action = match (media, soap_action) {
            (Some(SoapVersion::V12), _) => match parameter(content_type, "action") {
                Some(value) if !value.is_empty() => Action::Parameter(value.into_owned()),
                _ => Action::None,
            },
            (_, Some(value)) => Action::Header(header_action(value)),
            (_, None) => Action::None,
        };
        Self { content_type, media, action }
    }

    /// The version that is assumed until the envelope is read: without a `SOAPAction`, 1.2.
    pub fn version(&self) -> SoapVersion {
        match self.action {
            Action::Header(_) => SoapVersion::V11,
            Action::Parameter(_) | Action::None => SoapVersion::V12,
        }
    }

    /// Finds the operation where the headers alone decide, which goes before anything that may be
    /// wrong with the body: a `SOAPAction` must be known. `None` where the body has a say.
    pub fn route<O>(
        &self,
        by_action: impl Fn(&str) -> Option<O>,
    ) -> Result<Option<O>, RequestError> {
        match &self.action {
            Action::Header(action) => by_action(action).map(Some).ok_or_else(|| {
                RequestError::UnknownAction { action: action.clone(), version: SoapVersion::V11 }
            }),
            Action::Parameter(action) => Ok(by_action(action)),
            Action::None => Ok(None),
        }
    }
}

impl Envelope {
    /// Reads a request to a service in `namespace`.
    pub fn read(
        request: &HttpRequest,
        namespace: &str,
        limits: &Limits,
    ) -> Result<Self, RequestError> {
        let content_type = request.headers.get("Content-Type").unwrap_or_default();
        let soap_action = request.headers.get("SOAPAction");
        let heading = Heading::new(&content_type, soap_action.as_deref());
        Self::parse(heading, true, &request.body, namespace, limits)
    }

    /// Reads the body of a request to a service in `namespace`. `routed` says whether the headers
    /// have decided on the operation: if not, a body that is not XML up to its first element is
    /// [`Unroutable`](RequestError::Unroutable).
    pub fn parse(
        mut heading: Heading<'_>,
        routed: bool,
        body: &[u8],
        namespace: &str,
        limits: &Limits,
    ) -> Result<Self, RequestError> {
        if routed && heading.media.is_none() {
            return Err(RequestError::MediaType { version: heading.version() });
        }
        let mut stage = Stage { version: heading.version(), routed };
        let charset = Charset::of_request(heading.content_type);
        let read = charset
            .decode(body)
            .map_err(RequestError::from_xml)
            .and_then(|text| Self::parse_text(&mut heading, &text, namespace, limits, &mut stage));
        match (read, heading.media) {
            (Err(RequestError::Xml { error, .. }), _) if !stage.routed => {
                Err(RequestError::Unroutable { error, version: stage.version })
            }
            (Err(RequestError::Xml { error, .. }), Some(_)) => {
                Err(RequestError::Xml { error, version: stage.version })
            }
            (Err(error @ RequestError::VersionMismatch { .. }), _) => Err(error),
            (_, None) => Err(RequestError::MediaType { version: stage.version }),
            (read, Some(_)) => read,
        }
    }

    fn parse_text(
        heading: &mut Heading<'_>,
        text: &str,
        namespace: &str,
        limits: &Limits,
        stage: &mut Stage,
    ) -> Result<Self, RequestError> {
        let mut r = Reader::new(text, limits.xml)?;
        if let Err(error) = root(&mut r) {
            // The reader stands behind the text that should not be there.
            let start = text.len() - text.trim_start().len();
            return Err(RequestError::from_xml(match error.kind {
                XmlErrorKind::TextOutsideRoot => error.kind.at(text, start),
                _ => error,
            }));
        }
        let Some(version) = SoapVersion::of_envelope(&r) else {
            return Err(RequestError::VersionMismatch { namespace: r.namespace().to_owned() });
        };
        stage.version = version;
        if version == SoapVersion::V11 && heading.media == Some(SoapVersion::V12) {
            return Err(RequestError::MediaType { version });
        }
        let (mut refused, mut seen_body) = (None, false);
        let (mut body, mut inputs) = (None, Presence::Absent);
        while r.child()? {
            if r.is(version.envelope(), "Header") && !seen_body {
                refused = read_header(&mut r, version)?;
            } else if r.is(version.envelope(), "Body") && !seen_body {
                seen_body = true;
                while r.child()? {
                    if body.is_some() {
                        r.skip()?;
                        continue;
                    }
                    stage.routed = true;
                    body = Some((r.namespace().to_owned(), r.local().to_owned()));
                    inputs = read_wrapper(&mut r, version, namespace, limits)?;
                }
                stage.routed = true;
            } else {
                r.skip()?;
            }
        }
        r.finish()?;
        if !seen_body {
            return Err(RequestError::NoBody { version });
        }
        match refused {
            Some(name) => Err(RequestError::MustUnderstand { name, version }),
            None => {
                let action = std::mem::replace(&mut heading.action, Action::None);
                Ok(Self { version, action, body, inputs })
            }
        }
    }

    /// Finds the operation (wsdl/ASMX.md, section 4): a `SOAPAction` header decides; else the
    /// Body's first element; else, in SOAP 1.2, nothing does.
    pub fn route<O>(
        &self,
        by_element: impl Fn(&str, &str) -> Option<O>,
        by_action: impl Fn(&str) -> Option<O>,
    ) -> Result<O, RequestError> {
        let version = self.version;
        let body = || self.body.as_ref().and_then(|(namespace, name)| by_element(namespace, name));
        match &self.action {
            Action::Header(action) => by_action(action)
                .ok_or_else(|| RequestError::UnknownAction { action: action.clone(), version }),
            Action::Parameter(action) => by_action(action).or_else(body).ok_or_else(|| {
                RequestError::UnrecognizedAction { action: action.clone(), version }
            }),
            Action::None => body().ok_or(RequestError::NoAction { version }),
        }
    }

    /// The inputs of the operation that was routed to: `Absent` (null) when the Body's first
    /// element is not the operation's own.
    pub fn into_inputs(self, namespace: &str, operation: &str) -> Presence<RawInputs> {
        match self.body {
            Some((found, name)) if found == namespace && name == operation => self.inputs,
            _ => Presence::Absent,
        }
    }
}

/// The wrapper element: its first `inputs`. The current element is consumed.
fn read_wrapper(
    r: &mut Reader<'_>,
    version: SoapVersion,
    namespace: &str,
    limits: &Limits,
) -> Result<Presence<RawInputs>, RequestError> {
    let mut inputs = Presence::Absent;
    while r.child()? {
        if !(r.is(namespace, "inputs") && matches!(inputs, Presence::Absent)) {
            r.skip()?;
            continue;
        }
        if r.has_attributes() {
            // Which kind's inputs these are, the routing decides; their types differ by name only.
            let known = crate::contract::Kind::ALL
                .iter()
                .any(|kind| check_type(r, namespace, &kind.inputs_type()).is_ok());
            if !known {
                return Err(unknown_type(r, version, namespace));
            }
            if is_nil(r) {
                r.skip()?;
                inputs = Presence::Nil;
                continue;
            }
        }
        let mut read = RawInputs::default();
        while r.child()? {
            if r.is(namespace, "InputVariables") {
                // ASMX looks at the xsi:type of neither the list nor its members.
                read_list(r, namespace, Types::Ignored, limits, &mut read.input_variables)
                    .map_err(|located| match located.problem {
                        Problem::Xml(error) => error.into(),
                        problem => RequestError::Limit { problem, version },
                    })?;
            } else {
                r.skip()?;
            }
        }
        inputs = Presence::Value(read);
    }
    Ok(inputs)
}

/// The `xsi:type` of the current element, which the service does not know, as .NET says it.
fn unknown_type(r: &Reader<'_>, version: SoapVersion, namespace: &str) -> RequestError {
    let name = r.attribute(XSI, "type").unwrap_or_default();
    let (type_namespace, name) = r.resolve(&name).unwrap_or(("", &name));
    let (line, column) = r.position();
    RequestError::Type {
        name: name.to_owned(),
        namespace: type_namespace.to_owned(),
        element: format!("<{} xmlns='{namespace}'>", r.local()),
        line,
        column,
        version,
    }
}

/// `SOAPAction` as ASMX reads it: a value that begins with a quote loses its first and last
/// character, and the rest is URL-decoded.
fn header_action(value: &str) -> String {
    let value = value.trim();
    let mut chars = value.chars();
    let bare = if chars.next() == Some('"') {
        chars.next_back();
        chars.as_str()
    } else {
        value
    };
    url_decode(bare)
}

/// `HttpUtility.UrlDecode`: `+` is a space, `%XX` bytes of UTF-8.
pub(crate) fn url_decode(text: &str) -> String {
    if !text.contains(['%', '+']) {
        return text.to_owned();
    }
    let spaced = text.replace('+', " ");
    percent_encoding::percent_decode_str(&spaced).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_are_unquoted_and_decoded() {
        for (value, action) in [
            ("\"http://tempuri.org/A\"", "http://tempuri.org/A"),
            ("http://tempuri.org/A", "http://tempuri.org/A"),
            ("\"http%3A//tempuri.org/A\"", "http://tempuri.org/A"),
            ("\"http://tempuri.org/A", "http://tempuri.org/"),
            ("\"\"", ""),
            ("", ""),
            ("\"", ""),
            ("'a'", "'a'"),
            ("a+b%", "a b%"),
            ("%c3%a9%2", "é%2"),
        ] {
            assert_eq!(header_action(value), action, "{value}");
        }
    }
}
