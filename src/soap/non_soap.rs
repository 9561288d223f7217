//! Answers that are not SOAP: error pages, sign-in pages, redirects, and what proxies say.

use std::borrow::Cow;

use super::SoapVersion;
use crate::http::{HttpResponse, media_type};
use crate::secret::Mask;
use crate::xml::charset::{Charset, parameter};

/// How many characters of a body an error shows.
const EXCERPT: usize = 200;
/// How many bytes of a binary body an error shows.
const START: usize = 8;
/// How many bytes of a body are looked at.
const WINDOW: usize = 64 << 10;

/// An answer that is not a SOAP message. Secrets are masked in all of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the answer is not SOAP: HTTP {status}, {}{}", self.what(), quoted(excerpt))]
pub struct NonSoapResponse {
    /// The HTTP status.
    pub status: u16,
    /// The content type, when there is one.
    pub content_type: Option<String>,
    /// What it looks like.
    pub page: NonSoapKind,
    /// The first words of the body, without markup, white space folded.
    pub excerpt: String,
}

/// What an answer that is not SOAP looks like.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum NonSoapKind {
    /// A redirect (3xx). It is not followed.
    Redirect {
        /// Where to.
        location: String,
        /// Does the address look like a sign-in page?
        sign_in: bool,
    },
    /// A page that asks for a user name and password, or status 401 or 407.
    SignIn,
    /// A compressed body, though nobody asked for one: how, as the header says (`gzip`). It is not
    /// read: the contract's callers cannot read it either.
    Compressed(String),
    /// Another HTML page: an error page of the web server or of a proxy.
    Html,
    /// An empty body.
    Empty,
    /// Bytes that are not text of its charset.
    Binary {
        /// How many.
        length: usize,
        /// The first of them, in hexadecimal; empty where a secret may be among them.
        start: String,
    },
    /// Anything else.
    Other,
}

impl std::fmt::Display for NonSoapKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Redirect { location, sign_in: true } => {
                write!(f, "a redirect to a sign-in page ({location})")
            }
            Self::Redirect { location, .. } => {
                write!(f, "a redirect to {location}, which is not followed")
            }
            Self::SignIn => f.write_str("a demand to sign in"),
            Self::Compressed(coding) => {
                write!(f, "a compressed body ({coding}), which nobody asked for")
            }
            Self::Html => f.write_str("an HTML page"),
            Self::Empty => f.write_str("an empty body"),
            Self::Binary { length, start } if start.is_empty() => {
                write!(f, "binary, {length} bytes")
            }
            Self::Binary { length, start } => write!(f, "binary, {length} bytes ({start})"),
            Self::Other => f.write_str("neither XML nor HTML"),
        }
    }
}

fn quoted(excerpt: &str) -> String {
    if excerpt.is_empty() { String::new() } else { format!(": \"{excerpt}\"") }
}

impl NonSoapResponse {
    /// What came, with its content type; where nothing more is known of it, the type alone.
    pub(crate) fn what(&self) -> String {
        match (&self.page, &self.content_type) {
            (NonSoapKind::Other, Some(content_type)) => content_type.clone(),
            (page, Some(content_type)) => format!("{page}, {content_type}"),
            (page, None) => page.to_string(),
        }
    }

    /// Is this answer no SOAP? By status (below 300, 400 and 500 may carry SOAP), content type and
    /// emptiness (wsdl/CONTRACT.md, section 5).
    pub(super) fn recognise(response: &HttpResponse, mask: &Mask) -> Option<Self> {
        let status = response.status;
        let content_type = response.headers.get("Content-Type");
        let media_type = content_type.as_deref().map_or("", media_type);
        let soap = SoapVersion::of_media_type(media_type).is_some();
        let may_carry = status < 300 || status == 400 || status == 500;
        if may_carry && soap && !response.body.is_empty() && compression(response).is_none() {
            return None;
        }
        Some(Self::describe(response, mask))
    }

    /// Is it compressed, which nobody asked for?
    pub(crate) fn compressed(response: &HttpResponse, mask: &Mask) -> Option<Self> {
        compression(response).map(|_| Self::describe(response, mask))
    }

    /// Is it an HTML page, whatever its content type says?
    pub(crate) fn html(response: &HttpResponse, mask: &Mask) -> Option<Self> {
        let page = Self::describe(response, mask);
        matches!(page.page, NonSoapKind::Html | NonSoapKind::SignIn).then_some(page)
    }

    /// Describes an answer that was found to be something else than what is due.
    pub(crate) fn describe(response: &HttpResponse, mask: &Mask) -> Self {
        let status = response.status;
        let content_type = response.headers.get("Content-Type");
        let media_type = content_type.as_deref().map_or("", media_type);
        let compression = compression(response);
        let text = match &compression {
            Some(_) => Cow::Borrowed(""),
            None => text(response, content_type.as_deref().unwrap_or_default()),
        };
        let location = response.headers.get("Location").filter(|_| (300..400).contains(&status));
        let page = if let Some(location) = location {
            NonSoapKind::Redirect {
                sign_in: looks_like_sign_in(&location),
                location: bounded(
                    &mask.apply_to_start(&bare_address(&location), 4 * EXCERPT),
                    EXCERPT,
                ),
            }
        } else if matches!(status, 401 | 407) || asks_for_password(&text) {
            NonSoapKind::SignIn
        } else if let Some(coding) = compression.filter(|_| !response.body.is_empty()) {
            NonSoapKind::Compressed(coding)
        } else if response.body.is_empty() {
            NonSoapKind::Empty
        } else if looks_like_html(media_type, &text) {
            NonSoapKind::Html
        } else if looks_binary(&text) {
            let start = &response.body[..response.body.len().min(START)];
            let shown = String::from_utf8_lossy(start);
            let is_safe = mask.apply(&shown) == shown;
            let start =
                start.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ");
            NonSoapKind::Binary {
                length: response.body.len(),
                start: if is_safe { start } else { String::new() },
            }
        } else {
            NonSoapKind::Other
        };
        let text = if let NonSoapKind::Binary { .. } = page { Cow::Borrowed("") } else { text };
        Self {
            status,
            content_type: content_type
                .map(|value| bounded(&mask.apply_to_start(&value, 4 * EXCERPT), EXCERPT)),
            page,
            excerpt: excerpt(&text, mask),
        }
    }
}

/// How a body is compressed, by its header or its first bytes. Other words than these stand in the
/// header by mistake (`utf-8`), and .NET does not look at them.
fn compression(response: &HttpResponse) -> Option<String> {
    const CODINGS: [&str; 7] =
        ["gzip", "x-gzip", "deflate", "br", "zstd", "compress", "x-compress"];
    let header = response.headers.get("Content-Encoding");
    let said = header.iter().flat_map(|value| value.split(',')).map(str::trim).find_map(|coding| {
        CODINGS
            .iter()
            .find(|known| known.eq_ignore_ascii_case(coding))
            .map(|known| (*known).to_owned())
    });
    said.or_else(|| response.body.starts_with(&[0x1f, 0x8b]).then(|| "gzip".to_owned()))
}

fn text<'a>(response: &'a HttpResponse, content_type: &str) -> Cow<'a, str> {
    let window = &response.body[..response.body.len().min(2 * WINDOW)];
    let charset = match parameter(content_type, "charset") {
        Some(_) => Charset::of_response(content_type),
        None => Charset::Named(encoding_rs::UTF_8),
    };
    charset.decode(window).unwrap_or_else(|_| String::from_utf8_lossy(window))
}

fn looks_like_html(media_type: &str, text: &str) -> bool {
    let start: String =
        text.trim_start().chars().take(512).collect::<String>().to_ascii_lowercase();
    media_type.eq_ignore_ascii_case("text/html")
        || media_type.eq_ignore_ascii_case("application/xhtml+xml")
        || start.starts_with("<!doctype html")
        || start.starts_with("<html")
}

/// Is there a NUL, or is every fourth character one that no text has? Umlauts of an undeclared charset
/// are fewer.
fn looks_binary(text: &str) -> bool {
    let odd = |c: &char| *c == '\u{fffd}' || c.is_control() && !c.is_ascii_whitespace();
    let (all, odd) =
        (text.chars().take(EXCERPT).count(), text.chars().take(EXCERPT).filter(odd).count());
    text.contains('\0') || odd > 3 && odd * 4 >= all
}

fn asks_for_password(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    lower.contains("type=\"password\"")
        || lower.contains("type='password'")
        || lower.contains("type=password")
}

fn looks_like_sign_in(location: &str) -> bool {
    let lower = location.to_ascii_lowercase();
    ["login", "logon", "signin", "sign-in", "sign_in", "/adfs/", "/saml", "/oauth", "authorize"]
        .iter()
        .any(|word| lower.contains(word))
}

/// An address without user information, query and fragment, which may carry secrets.
fn bare_address(location: &str) -> Cow<'_, str> {
    let bare = location.split(['?', '#']).next().unwrap_or_default();
    let (scheme, rest) = bare.split_once("//").map_or(("", bare), |(scheme, rest)| (scheme, rest));
    let host = rest.split('/').next().unwrap_or_default();
    let user = host.rfind('@').map_or(0, |at| at + 1);
    if user == 0 && bare.len() == location.len() {
        return Cow::Borrowed(location);
    }
    let slashes = if bare.contains("//") { "//" } else { "" };
    let more = if bare.len() < location.len() { "?…" } else { "" };
    Cow::Owned([scheme, slashes, &rest[user..], more].concat())
}

fn bounded(text: &str, limit: usize) -> String {
    text.chars().take(limit).map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// The first words: masked before anything is cut, so that no cut leaves half a secret.
fn excerpt(text: &str, mask: &Mask) -> String {
    let masked = mask.apply_to_start(text, WINDOW);
    // What tags parted stands together now: mask once more what is shown.
    let words = mask.apply(&words(&masked));
    let mut excerpt = bounded(&words, EXCERPT);
    if words.chars().nth(EXCERPT).is_some() {
        excerpt.push('…');
    }
    excerpt
}

/// The text between tags, without style sheets and scripts, white space folded.
fn words(html: &str) -> String {
    let mut words = String::new();
    let mut rest = html;
    let push = |words: &mut String, text: &str| {
        for word in text.split_whitespace() {
            if !words.is_empty() {
                words.push(' ');
            }
            words.push_str(word);
        }
    };
    while let Some(i) = rest.find('<') {
        push(&mut words, &rest[..i]);
        rest = &rest[i..];
        let lower: String = rest.chars().take(8).collect::<String>().to_ascii_lowercase();
        let end = if lower.starts_with("<style") {
            find_ignoring_case(rest, "</style>").map(|at| at + "</style>".len())
        } else if lower.starts_with("<script") {
            find_ignoring_case(rest, "</script>").map(|at| at + "</script>".len())
        } else if lower.starts_with("<!--") {
            rest.find("-->").map(|at| at + "-->".len())
        } else {
            rest.find('>').map(|at| at + 1)
        };
        rest = end.map_or("", |end| &rest[end..]);
    }
    push(&mut words, rest);
    words
}

fn find_ignoring_case(text: &str, needle: &str) -> Option<usize> {
    text.as_bytes().windows(needle.len()).position(|w| w.eq_ignore_ascii_case(needle.as_bytes()))
}

#[cfg(test)]
mod tests;
