//! One HTTP request and its answer as plain values, free of any HTTP library's types: what the codec
//! writes and reads, what crosses from the client to its transport, and what a recorder keeps.

mod connect;
#[cfg(feature = "tls")]
pub(crate) mod signature;
mod transport;
#[cfg(feature = "client")]
pub(crate) mod url;

use std::borrow::Cow;
use std::fmt;

use crate::secret::{MASK, is_secret_header};

pub use connect::{ConnectCause, ConnectError};
pub use transport::{DynTransport, Sending, Transport, TransportError, TransportErrorKind};
#[cfg(feature = "client")]
pub use url::UrlError;

/// A request, without the connection it travels on.
#[derive(Clone, PartialEq, Eq)]
pub struct HttpRequest {
    /// `POST`, `GET`, …
    pub method: Cow<'static, str>,
    /// Path and query, or an absolute URL, as the request line has it.
    pub target: String,
    /// The headers in their order, names in their own case.
    pub headers: Headers,
    /// The body, unchunked.
    pub body: Vec<u8>,
}

/// An answer.
#[derive(Clone, PartialEq, Eq)]
pub struct HttpResponse {
    /// The status code.
    pub status: u16,
    /// The headers in their order, names in their own case.
    pub headers: Headers,
    /// The body, unchunked.
    pub body: Vec<u8>,
}

/// What came of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// An answer.
    Answered(Answered),
    /// No answer: the upstream was down, broke or took too long. Replayed as 502 with this text.
    Failed(String),
}

/// An answer with what its status line says beside the status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// Status, headers in their order and case, the body unchunked.
    pub response: HttpResponse,
    /// The reason phrase, `OK`; may be empty.
    pub reason: String,
    /// The version of HTTP that the status line named.
    pub version: HttpVersion,
}

/// A version of HTTP/1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum HttpVersion {
    /// HTTP/1.0
    Http10,
    /// HTTP/1.1
    #[default]
    Http11,
}

impl fmt::Display for HttpVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Http10 => "1.0",
            Self::Http11 => "1.1",
        })
    }
}

impl HttpRequest {
    /// The target for people: without its query, which may carry a secret.
    pub fn shown_target(&self) -> Cow<'_, str> {
        match self.target.split_once('?') {
            Some((path, _)) => Cow::Owned(format!("{path}?…")),
            None => Cow::Borrowed(&self.target),
        }
    }
}

/// The host of a URL or authority for those who connect and look up: the brackets around an IPv6
/// address belong to the notation.
pub(crate) fn bare_host(host: &str) -> &str {
    host.trim_matches(['[', ']'])
}

/// The media type of a content type, without its parameters.
pub(crate) fn media_type(content_type: &str) -> &str {
    let end = content_type.bytes().position(|b| b == b';').unwrap_or(content_type.len());
    content_type[..end].trim()
}

/// Header fields in the order in which they were sent. Names match whatever their case.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Headers(Cow<'static, [Header]>);

/// One header field.
#[derive(Clone, PartialEq, Eq)]
pub struct Header {
    /// The name, in the case in which it was sent.
    pub name: Cow<'static, str>,
    /// The value, which need not be UTF-8.
    pub value: Cow<'static, [u8]>,
}

impl Headers {
    /// No headers.
    pub fn new() -> Self {
        Self::default()
    }

    /// Room for `capacity` headers.
    pub fn with_capacity(capacity: usize) -> Self {
        Self(Cow::Owned(Vec::with_capacity(capacity)))
    }

    /// Headers that are always the same.
    pub const fn fixed(headers: &'static [Header]) -> Self {
        Self(Cow::Borrowed(headers))
    }

    /// Adds a header after the others.
    pub fn push(
        &mut self,
        name: impl Into<Cow<'static, str>>,
        value: impl Into<Cow<'static, str>>,
    ) {
        let value = match value.into() {
            Cow::Borrowed(value) => Cow::Borrowed(value.as_bytes()),
            Cow::Owned(value) => Cow::Owned(value.into_bytes()),
        };
        self.0.to_mut().push(Header { name: name.into(), value });
    }

    /// Adds a header whose value may be any bytes.
    pub fn push_bytes(&mut self, name: impl Into<Cow<'static, str>>, value: impl Into<Vec<u8>>) {
        self.0.to_mut().push(Header { name: name.into(), value: Cow::Owned(value.into()) });
    }

    /// Adds a header with a value that is always the same.
    pub(crate) fn push_fixed(&mut self, name: impl Into<Cow<'static, str>>, value: &'static [u8]) {
        self.0.to_mut().push(Header { name: name.into(), value: Cow::Borrowed(value) });
    }

    /// The last header of this name, as text: where one may stand once and stands twice, the last
    /// counts (wsdl/ASMX.md, section 4, two SOAPAction headers).
    pub fn get(&self, name: &str) -> Option<Cow<'_, str>> {
        let found = self.0.iter().rev().find(|h| h.name.eq_ignore_ascii_case(name))?;
        Some(match std::str::from_utf8(&found.value) {
            Ok(value) => Cow::Borrowed(value),
            Err(_) => String::from_utf8_lossy(&found.value),
        })
    }

    /// Has the content type name another charset. Its other parameters stay: SOAP 1.2 has an action
    /// there.
    pub(crate) fn set_charset(&mut self, charset: &str) {
        let is_type = |header: &&mut Header| header.name.eq_ignore_ascii_case("content-type");
        for header in self.0.to_mut().iter_mut().filter(is_type) {
            let value = String::from_utf8_lossy(&header.value);
            let is_charset =
                |part: &&str| part.trim_start().to_ascii_lowercase().starts_with("charset");
            let kept: Vec<&str> = value.split(';').filter(|part| !is_charset(part)).collect();
            header.value = format!("{}; charset={charset}", kept.join(";")).into_bytes().into();
        }
    }

    /// All headers, in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Header> {
        self.0.iter()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Are there none?
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl IntoIterator for Headers {
    type Item = Header;
    type IntoIter = std::vec::IntoIter<Header>;

    /// All headers, in order.
    fn into_iter(self) -> Self::IntoIter {
        self.0.into_owned().into_iter()
    }
}

impl Header {
    /// A header that is always the same.
    pub const fn fixed(name: &'static str, value: &'static str) -> Self {
        Self { name: Cow::Borrowed(name), value: Cow::Borrowed(value.as_bytes()) }
    }

    /// The value for people: masked where the header carries a credential.
    pub fn shown(&self) -> Cow<'_, str> {
        if is_secret_header(&self.name) {
            Cow::Borrowed(MASK)
        } else {
            String::from_utf8_lossy(&self.value)
        }
    }
}

impl fmt::Debug for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.shown())
    }
}

impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

// Bodies hold passwords: their size is all that Debug tells.
impl fmt::Debug for HttpRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpRequest")
            .field("method", &self.method)
            .field("target", &self.shown_target())
            .field("headers", &self.headers)
            .field("body", &format_args!("{} bytes", self.body.len()))
            .finish()
    }
}

impl fmt::Debug for HttpResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpResponse")
            .field("status", &self.status)
            .field("headers", &self.headers)
            .field("body", &format_args!("{} bytes", self.body.len()))
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_neither_bodies_nor_credentials() {
        let mut headers = Headers::new();
        headers.push("Authorization", "Basic hunter2");
        headers.push("Host", "example.com");
        let request = HttpRequest {
            method: "POST".into(),
            target: "/".into(),
            headers,
            body: b"authPW=hunter2".to_vec(),
        };
        let shown = format!("{request:?}");
        assert!(!shown.contains("hunter2"), "{shown}");
        assert!(shown.contains("Host: example.com") && shown.contains("14 bytes"), "{shown}");
    }

    #[test]
    fn headers_match_without_case_and_the_last_counts() {
        let mut headers = Headers::new();
        headers.push("SOAPAction", "a");
        headers.push("soapaction", "b");
        assert_eq!(headers.get("SoapAction").as_deref(), Some("b"));
        assert_eq!(headers.get("x"), None);
        assert_eq!((headers.len(), headers.is_empty()), (2, false));
    }

    #[test]
    fn the_charset_changes_and_the_rest_stays() {
        let mut headers = Headers::new();
        headers.push("content-type", "application/soap+xml; Charset=utf-8; action=\"a\"");
        headers.set_charset("utf-16");
        let value = headers.get("content-type").unwrap().into_owned();
        assert_eq!(value, "application/soap+xml; action=\"a\"; charset=utf-16");
    }
}
