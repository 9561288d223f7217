//! A request as the cases vary it: the text of a message in which marks stand for the passwords, so
//! that it can be shown, and written for a shell.

use crate::contract::{Operation, OperationInfo, dispatch};
use crate::http::HttpRequest;
use crate::secret::Secret;
use crate::soap::{Binding, EncodeError, SoapVersion};
use crate::xml::escape;

/// What the sample, started with --diagnostics, answers with all that it was given (wsdl/SAMPLE.md).
pub(super) const ECHO: &str = "<string>diagnostic=echo</string>";

/// Stands for the web service password.
pub(super) const AUTH: char = '\u{f8f0}';
/// The same with its letters in the other case.
pub(super) const AUTH_SWAPPED: char = '\u{f8f1}';
/// The same without its last character.
pub(super) const AUTH_CUT: char = '\u{f8f2}';
/// Stands for the user's password.
pub(super) const PASSWORD: char = '\u{f8f3}';
/// Stands for the next of [`Message::fills`].
pub(super) const FILL: char = '\u{f8f4}';
/// Stands for the password of a registration, which is another each time.
pub(super) const REGISTRATION: char = '\u{f8f5}';

/// All that stand for a secret.
pub(super) const SECRETS: [char; 5] = [AUTH, AUTH_SWAPPED, AUTH_CUT, PASSWORD, REGISTRATION];

/// How the text of a body becomes bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    Utf8,
    /// Little-endian, with a byte order mark.
    Utf16,
    Latin1,
}

/// How a request is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Delivery {
    /// Head and body in one piece.
    Whole,
    /// The body after a pause, as .NET sends it after an `Expect` that nobody answered.
    Paused,
    /// The body once the service has answered `Expect: 100-continue`.
    Expecting,
    /// In two chunks, without a length.
    Chunked,
    /// Twice on one connection, the second after the first is answered; the second answer counts.
    Twice,
}

/// A request. `Debug` and `Clone` hold marks in place of passwords.
#[derive(Debug, Clone)]
pub(super) struct Message {
    pub(super) method: &'static str,
    /// Path and query.
    pub(super) target: String,
    /// `HTTP/1.1`.
    pub(super) http: &'static str,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: String,
    pub(super) encoding: Encoding,
    pub(super) delivery: Delivery,
    /// A text and how often it is repeated, for each [`FILL`] of the body.
    pub(super) fills: Vec<(&'static str, usize)>,
    /// The version that it is asked in.
    pub(super) soap: SoapVersion,
    /// The operation that it asks for, by the contract's name.
    pub(super) operation: &'static str,
    /// The SOAP action of that operation.
    pub(super) action: String,
}

impl Message {
    /// The plain request of an operation: as the help desk writes it, about nobody, with the mark of
    /// the web service password, or a wrong one.
    pub(super) fn plain(
        target: &str,
        operation: &'static OperationInfo,
        binding: &Binding,
        wrong: Option<&str>,
    ) -> Result<Self, EncodeError> {
        let password = wrong.map_or_else(|| Secret::new(AUTH.to_string()), Secret::from);
        let written = dispatch!(operation, T => written::<T>(binding, target, &password));
        let http = written.unwrap_or_else(|| {
            binding.encode_raw_request(target, operation.name, &Default::default())
        })?;
        let headers = http.headers.iter().map(|header| {
            (header.name.clone().into_owned(), String::from_utf8_lossy(&header.value).into_owned())
        });
        Ok(Self {
            method: "POST",
            target: http.target,
            http: "HTTP/1.1",
            headers: headers.collect(),
            // The codec writes UTF-8.
            body: String::from_utf8(http.body).unwrap_or_default(),
            encoding: Encoding::Utf8,
            delivery: Delivery::Whole,
            fills: Vec::new(),
            soap: binding.version(),
            operation: operation.name,
            action: binding.action(operation.name),
        })
    }

    /// A request without a body.
    pub(super) fn bare(method: &'static str, target: impl Into<String>) -> Self {
        Self {
            method,
            target: target.into(),
            http: "HTTP/1.1",
            headers: Vec::new(),
            body: String::new(),
            encoding: Encoding::Utf8,
            delivery: Delivery::Whole,
            fills: Vec::new(),
            soap: SoapVersion::V11,
            operation: "",
            action: String::new(),
        }
    }

    /// Sets a header, or takes it away.
    pub(super) fn header(&mut self, name: &str, value: Option<&str>) {
        let place = self.headers.iter().position(|(known, _)| known.eq_ignore_ascii_case(name));
        match (place, value) {
            (Some(at), Some(value)) => self.headers[at].1 = value.to_owned(),
            (Some(at), None) => drop(self.headers.remove(at)),
            (None, Some(value)) => self.headers.push((name.to_owned(), value.to_owned())),
            (None, None) => {}
        }
    }

    pub(super) fn content_type(&mut self, value: &str) {
        self.header("Content-Type", Some(value));
    }

    /// Sets the `SOAPAction` header as it stands.
    pub(super) fn soap_action(&mut self, value: &str) {
        self.header("SOAPAction", Some(value));
    }

    /// Another `action` parameter of SOAP 1.2, or none.
    pub(super) fn action_parameter(&mut self, action: Option<&str>) {
        let action = action.map(|action| format!("; action=\"{action}\"")).unwrap_or_default();
        self.content_type(&format!("application/soap+xml; charset=utf-8{action}"));
    }

    /// Replaces a piece of the body, wherever it stands.
    pub(super) fn replace(&mut self, from: &str, to: &str) {
        self.body = self.body.replace(from, to);
    }

    /// Adds an entry, as XML, to the variables.
    pub(super) fn add(&mut self, entry: &str) {
        self.replace("</InputVariables>", &format!("{entry}</InputVariables>"));
    }

    /// Puts something else where the web service password's entry stands.
    pub(super) fn auth(&mut self, xml: &str) {
        self.replace(&format!("<string>authPW={AUTH}</string>"), xml);
    }

    /// Puts something else where the element of this name stands, its tags included.
    pub(super) fn element(&mut self, name: &str, xml: &str) {
        let (begin, end) = (format!("<{name}"), format!("</{name}>"));
        let Some(start) = self.body.find(&begin) else { return };
        let Some(length) = self.body[start..].find(&end) else { return };
        self.body.replace_range(start..start + length + end.len(), xml);
    }

    /// Gives a variable a value, which may hold marks; one that is not there is added.
    pub(super) fn set(&mut self, key: &str, value: &str) {
        let entry = format!("<string>{key}={}</string>", escape(value));
        let begin = format!("<string>{key}=");
        let place = self.body.find(&begin).and_then(|start| {
            let end = "</string>";
            self.body[start..].find(end).map(|length| start..start + length + end.len())
        });
        match place {
            Some(place) => self.body.replace_range(place, &entry),
            None => self.add(&entry),
        }
    }

    /// Takes a variable out.
    pub(super) fn unset(&mut self, key: &str) {
        self.set(key, "");
        self.replace(&format!("<string>{key}=</string>"), "");
    }

    /// A long text at the end of the variables: `count` times `pattern`.
    pub(super) fn fill(&mut self, before: &str, pattern: &'static str, count: usize, after: &str) {
        self.fills.push((pattern, count));
        self.add(&format!("{before}{FILL}{after}"));
    }

    /// A ticket's or a chat's request, of the web (`loginUsername`) or mailed (`emailFrom`).
    pub(super) fn started_by(&mut self, by: &str) {
        for key in ["loginUsername", "emailFrom"] {
            self.set(key, if key == by { "nobody@conform.invalid" } else { "" });
        }
        self.set("departmentName", "Conform");
    }

    /// Asks for an operation that no service has.
    pub(super) fn ask_for_nothing(&mut self) {
        self.rename("ConformUnknown");
        match self.soap {
            SoapVersion::V11 => self.soap_action("\"urn:conform/ConformUnknown\""),
            SoapVersion::V12 => self.action_parameter(Some("urn:conform/ConformUnknown")),
        }
    }

    /// Another name for the operation's element.
    pub(super) fn rename(&mut self, name: &str) {
        let wrapper = self.wrapper().to_owned();
        self.replace(&format!("<{wrapper} "), &format!("<{name} "));
        self.replace(&format!("</{wrapper}>"), &format!("</{name}>"));
    }

    /// The wrapper element's name.
    pub(super) fn wrapper(&self) -> &str {
        let after = self.body.split_once(":Body><").map_or("", |(_, after)| after);
        after.split([' ', '>', '/']).next().unwrap_or_default()
    }

    /// The body as it is sent.
    pub(super) fn bytes(&self, secret: impl Fn(char) -> String) -> Vec<u8> {
        let mut text = String::with_capacity(self.body.len());
        let mut fills = self.fills.iter();
        for c in self.body.chars() {
            match c {
                FILL => {
                    let (pattern, count) = fills.next().copied().unwrap_or_default();
                    text.push_str(&pattern.repeat(count));
                }
                c if SECRETS.contains(&c) => text.push_str(&escape(&secret(c))),
                c => text.push(c),
            }
        }
        match self.encoding {
            Encoding::Utf8 => text.into_bytes(),
            Encoding::Utf16 => {
                let units = std::iter::once(0xfeff).chain(text.encode_utf16());
                units.flat_map(u16::to_le_bytes).collect()
            }
            Encoding::Latin1 => {
                text.chars().map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?')).collect()
            }
        }
    }

    /// The message for people: passwords are masked, what is long is cut.
    pub(super) fn shown(&self) -> String {
        /// Characters of a body that are shown.
        const SHOWN: usize = 1500;
        let mut text = format!("{} {} {}\n", self.method, shown_target(&self.target), self.http);
        for (name, value) in &self.headers {
            text.push_str(&format!("{name}: {value}\n"));
        }
        let mut fills = self.fills.iter();
        let mut body = String::new();
        for c in self.body.chars() {
            match c {
                FILL => {
                    let (pattern, count) = fills.next().copied().unwrap_or_default();
                    body.push_str(&format!("({count} times {pattern:.20})"));
                }
                c if SECRETS.contains(&c) => body.push_str(crate::secret::MASK),
                c if c.is_control() && !matches!(c, '\t' | '\n') => {
                    body.extend(c.escape_unicode());
                }
                c => body.push(c),
            }
        }
        if !body.is_empty() {
            let cut = body.char_indices().nth(SHOWN).map_or(body.len(), |(at, _)| at);
            let more = if cut < body.len() { "…" } else { "" };
            text.push_str(&format!("\n{}{more}", &body[..cut]));
        }
        text
    }
}

/// Path and query: the query of a service's address may be a secret, ours is not.
fn shown_target(target: &str) -> String {
    match split(target) {
        (path, Some(_), ours) => format!("{path}?…{ours}"),
        _ => target.to_owned(),
    }
}

/// A target's path, the query of the service's address, and what we put behind it.
pub(super) fn split(target: &str) -> (&str, Option<&str>, &str) {
    match target.split_once('?') {
        None => (target, None, ""),
        Some((_, query)) if query.eq_ignore_ascii_case("WSDL") => (target, None, ""),
        Some((path, query)) => match query.strip_suffix("&WSDL") {
            Some(own) => (path, Some(own), "&WSDL"),
            None => (path, Some(query), ""),
        },
    }
}

fn written<T: Operation>(
    binding: &Binding,
    target: &str,
    password: &Secret,
) -> Result<HttpRequest, EncodeError> {
    binding.encode_request(target, Some(password), &T::probe())
}
