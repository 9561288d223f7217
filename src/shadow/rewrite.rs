//! A call for a service with another namespace or web service password; all else in it stays.

use std::borrow::Cow;

use regex_lite::{Captures, Regex};

use crate::compare::canonical::{Canonical, body_element};
use crate::compare::tree::Tree;
use crate::contract::AUTH_PASSWORD;
use crate::http::{Headers, HttpRequest};
use crate::secret::{Secret, is_secret_header};
use crate::soap::{Binding, SoapVersion};
use crate::xml::charset::Charset;
use crate::xml::escape;

/// What a request of a shadow says, so that no shadow asks on account of it.
pub(super) const MARK: &str = "External-Providers-Shadow";

/// The request in this namespace and with this password, where they are given. The error says why it
/// cannot be made.
pub(super) fn rewritten<'r>(
    request: &'r HttpRequest,
    namespace: Option<&str>,
    password: Option<&Secret>,
) -> Result<Cow<'r, HttpRequest>, String> {
    if namespace.is_none() && password.is_none() {
        return Ok(Cow::Borrowed(request));
    }
    let content_type = request.headers.get("Content-Type").unwrap_or_default();
    let text = Charset::of_request(&content_type).decode(&request.body);
    let text = text.map_err(|error| format!("the request cannot be read: {error}"))?;
    let tree = Tree::read(&text);
    let old = tree.as_ref().and_then(body_element).map(|(namespace, _)| namespace.to_owned());
    let mut body = text.clone().into_owned();
    let mut headers = request.headers.clone();
    if let (Some(new), Some(old)) = (namespace, old.filter(|old| Some(old.as_str()) != namespace)) {
        body = in_namespace(&body, &old, new);
        headers = with_action(&headers, &old, new);
    }
    if let Some(password) = password {
        body = with_password(&body, password);
    }
    headers.set_charset("utf-8");
    let request = HttpRequest {
        method: request.method.clone(),
        target: request.target.clone(),
        headers,
        body: body.into_bytes(),
    };
    let is_wrong = |password: &Secret| {
        let canonical = Canonical::new(&request);
        canonical.variables().any(|v| v.key == AUTH_PASSWORD && !password.matches(v.value))
    };
    match password.is_some_and(is_wrong) {
        true => {
            Err("its web service password is written in a way that cannot be replaced".to_owned())
        }
        false => Ok(Cow::Owned(request)),
    }
}

/// The headers as a candidate gets them: with the mark of a shadow, and without what signs callers in at
/// the old service, unless it may have that, too.
pub(super) fn headers(given: &Headers, credentials: bool) -> Headers {
    let mut headers = Headers::with_capacity(given.len() + 1);
    for header in given.iter().filter(|header| credentials || !is_secret_header(&header.name)) {
        headers.push_bytes(header.name.clone(), &*header.value);
    }
    headers.push(MARK, "1");
    headers
}

/// Declarations of a namespace, in tags alone.
fn in_namespace(text: &str, old: &str, new: &str) -> String {
    let tag = pattern("<[^!?/][^>]*>");
    let declaration = pattern(r#"(\sxmlns(?::[^\s=]+)?\s*=\s*)("[^"]*"|'[^']*')"#);
    let (old, new) = (escape(old), escape(new));
    let declared = |found: &Captures<'_>| match found[2].get(1..found[2].len() - 1) {
        Some(uri) if uri == old => format!("{}\"{new}\"", &found[1]),
        _ => found[0].to_owned(),
    };
    tag.replace_all(text, |found: &Captures<'_>| {
        declaration.replace_all(&found[0], declared).into_owned()
    })
    .into_owned()
}

fn with_password(text: &str, password: &Secret) -> String {
    let variable =
        pattern(&format!(r"(<(?:[^\s<>:]+:)?string(?:\s[^<>]*)?>{AUTH_PASSWORD}=)[^<]*"));
    let new = escape(password.expose());
    variable.replace_all(text, |found: &Captures<'_>| format!("{}{new}", &found[1])).into_owned()
}

/// Actions, in whichever header, begin with the namespace and one slash (wsdl/ASMX.md, section 2).
fn with_action(headers: &Headers, old: &str, new: &str) -> Headers {
    let start = |namespace: &str| Binding::new(namespace, SoapVersion::V11).action("");
    let (old, new) = (start(old), start(new));
    let mut all = Headers::with_capacity(headers.len());
    for header in headers.iter() {
        let is = |name: &str| header.name.eq_ignore_ascii_case(name);
        let value = match std::str::from_utf8(&header.value) {
            Ok(value) if is("SOAPAction") || is("Content-Type") => {
                value.replacen(&old, &new, 1).into_bytes()
            }
            _ => header.value.to_vec(),
        };
        all.push_bytes(header.name.clone(), value);
    }
    all
}

#[allow(clippy::expect_used, reason = "a pattern of ours, which the tests below compile")]
fn pattern(pattern: &str) -> Regex {
    Regex::new(pattern).expect("a valid pattern")
}
