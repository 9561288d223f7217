//! A message as the parts that are redacted, and put together again.

use std::borrow::Cow;

use super::part_kind::PartKind;
use crate::http::Headers;
use crate::xml::charset::parameter;

/// The parts of a message: what its first line says, its headers, its body.
pub(crate) fn message_parts<'m>(
    first: (&'m [u8], PartKind<'m>),
    headers: &'m Headers,
    body: &'m [u8],
) -> Vec<(&'m [u8], PartKind<'m>)> {
    let content_type = headers.get("Content-Type").unwrap_or_default();
    let with_action =
        parameter(&content_type, "action").is_some_and(|action| is_named(action.as_bytes(), body));
    let mut parts = vec![first];
    parts.extend(headers.iter().map(|header| {
        let is = |name: &str| header.name.eq_ignore_ascii_case(name);
        let kind = if is("SOAPAction") && is_named(&header.value, body) {
            PartKind::Action
        } else if with_action && is("Content-Type") {
            PartKind::TypeWithAction
        } else {
            PartKind::Header(&header.name)
        };
        (&*header.value, kind)
    }));
    parts.push((body, PartKind::Body(content_type)));
    parts
}

/// Does the body name this action: its last word as an element, the rest as a namespace?
fn is_named(action: &[u8], body: &[u8]) -> bool {
    let action = action.trim_ascii();
    let bare = action.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\""));
    let action = bare.unwrap_or(action);
    let Some(at) = memchr::memrchr(b'/', action) else { return false };
    let names = |text: &[u8]| !text.is_empty() && memchr::memmem::find(body, text).is_some();
    names(&action[..at]) && names(&action[at + 1..])
}

/// The headers and the body after redaction. A `Content-Length` that was right stays right.
pub(super) fn rebuilt(
    headers: &Headers,
    body: &[u8],
    mut redacted: impl Iterator<Item = Option<Vec<u8>>>,
) -> (Headers, Vec<u8>) {
    let values: Vec<Option<Vec<u8>>> = redacted.by_ref().take(headers.len()).collect();
    let new_body = redacted.next().flatten().unwrap_or_else(|| body.to_vec());
    let (right, now) = (body.len().to_string(), new_body.len().to_string());
    let mut rebuilt = Headers::with_capacity(headers.len());
    for (header, value) in headers.iter().zip(values) {
        let value = match value {
            Some(value) => Cow::Owned(value),
            None if header.name.eq_ignore_ascii_case("Content-Length")
                && header.value.trim_ascii() == right.as_bytes()
                && right != now =>
            {
                Cow::Owned(now.clone().into_bytes())
            }
            None => header.value.clone(),
        };
        match value {
            Cow::Borrowed(value) => rebuilt.push_fixed(header.name.clone(), value),
            Cow::Owned(value) => rebuilt.push_bytes(header.name.clone(), value),
        }
    }
    (rebuilt, new_body)
}
