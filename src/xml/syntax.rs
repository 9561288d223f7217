//! The smaller productions of XML 1.0 and Namespaces in XML: declarations, references, values.

use std::borrow::Cow;

use super::error::shown;
use super::names::{any_suspicious, is_char, is_ncname, is_plain, is_space};
use super::{XML, XMLNS, XmlErrorKind as Kind};

/// Namespaces in XML, section 3: what may not be declared.
pub(super) fn check_declared(prefix: &str, uri: &str) -> Result<(), Kind> {
    let allowed = match prefix {
        "xml" => uri == XML,
        "xmlns" => false,
        "" => uri != XML && uri != XMLNS,
        _ => !uri.is_empty() && uri != XML && uri != XMLNS,
    };
    if allowed { Ok(()) } else { Err(Kind::NamespaceDeclaration(shown(prefix))) }
}

/// XML 1.0, section 2.8: `version` (1.0 only, as .NET), then `encoding`, then `standalone`.
pub(super) fn check_declaration(body: &str) -> Result<(), Kind> {
    let mut rest = body;
    let mut step = 0;
    loop {
        let trimmed = rest.trim_start_matches([' ', '\t', '\r', '\n']);
        if trimmed.is_empty() {
            break;
        }
        if trimmed.len() == rest.len() {
            return Err(Kind::Declaration("is malformed"));
        }
        let (name, value, after) =
            pseudo_attribute(trimmed).ok_or(Kind::Declaration("is malformed"))?;
        step = match (name, step) {
            ("version", 0) if value == "1.0" => 1,
            ("version", 0) => return Err(Kind::Declaration("has a version other than 1.0")),
            ("encoding", 1) if is_encoding_name(value) => 2,
            ("standalone", 1 | 2) if matches!(value, "yes" | "no") => 3,
            _ => return Err(Kind::Declaration("is malformed")),
        };
        rest = after;
    }
    if step == 0 { Err(Kind::Declaration("has no version")) } else { Ok(()) }
}

/// Does a document, or a page, end with the end tag of its first element? A look at both ends, for
/// documents whose transport does not say whether they are whole; a reader decides the rest.
pub(crate) fn ends_with_its_root(text: &str) -> bool {
    let mut rest = text.trim_start_matches('\u{feff}').trim_start();
    loop {
        let end = match rest {
            _ if rest.starts_with("<?") => "?>",
            _ if rest.starts_with("<!--") => "-->",
            _ if rest.starts_with("<!") => ">",
            _ => break,
        };
        let Some((_, after)) = rest.split_once(end) else { return false };
        rest = after.trim_start();
    }
    let Some(tag) = rest.strip_prefix('<') else { return false };
    let name = tag.split([' ', '\t', '\r', '\n', '>', '/']).next().unwrap_or_default();
    let before = text.trim_end().strip_suffix('>').map(str::trim_end);
    let before = before.and_then(|text| text.strip_suffix(name));
    !name.is_empty() && before.is_some_and(|text| text.ends_with("</"))
}

/// `name="value"` at the start of `text`, and what follows it.
pub(super) fn pseudo_attribute(text: &str) -> Option<(&str, &str, &str)> {
    const SPACE: [char; 4] = [' ', '\t', '\r', '\n'];
    let (name, rest) = text.split_once('=')?;
    let rest = rest.trim_start_matches(SPACE);
    let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let (value, after) = rest[1..].split_once(quote)?;
    Some((name.trim_end_matches(SPACE), value, after))
}

fn is_encoding_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'))
}

/// The character that `&name;` stands for.
pub(super) fn reference(name: &str) -> Result<char, Kind> {
    let number = match name {
        "lt" => return Ok('<'),
        "gt" => return Ok('>'),
        "amp" => return Ok('&'),
        "quot" => return Ok('"'),
        "apos" => return Ok('\''),
        _ => name.strip_prefix('#'),
    };
    let Some(number) = number else {
        return Err(if is_ncname(name) { Kind::Entity(shown(name)) } else { Kind::Reference });
    };
    let (digits, radix) = match number.strip_prefix('x') {
        Some(hex) => (hex, 16),
        None => (number, 10),
    };
    if digits.is_empty() || !digits.chars().all(|c| c.is_digit(radix)) {
        return Err(Kind::Reference);
    }
    // Leading zeros are allowed in any number, so the value decides and not the length.
    let code = digits
        .chars()
        .filter_map(|c| c.to_digit(radix))
        .fold(0u32, |code, digit| code.saturating_mul(radix).saturating_add(digit));
    match char::from_u32(code) {
        Some(c) if is_char(code) => Ok(c),
        _ => Err(Kind::Character(code)),
    }
}

/// XML 1.0, section 3.3.3: white space becomes spaces, references are resolved.
pub(super) fn attribute_value(raw: &str) -> Result<Cow<'_, str>, Kind> {
    if is_plain(raw.as_bytes()) {
        return Ok(Cow::Borrowed(raw));
    }
    let mut value = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        match c {
            '<' => return Err(Kind::Syntax("\"<\" in an attribute value")),
            '&' => {
                let (name, after) = rest.split_once(';').ok_or(Kind::Reference)?;
                value.push(reference(name)?);
                rest = after;
            }
            '\r' => {
                rest = rest.strip_prefix('\n').unwrap_or(rest);
                value.push(' ');
            }
            '\n' | '\t' => value.push(' '),
            c => value.push(c),
        }
    }
    Ok(Cow::Owned(value))
}

/// XML 1.0, section 2.11: CR LF and CR become LF.
pub(super) fn push_normalised(text: &mut String, piece: &str) {
    let mut rest = piece;
    while let Some(i) = memchr::memchr(b'\r', rest.as_bytes()) {
        text.push_str(&rest[..i]);
        text.push('\n');
        rest = &rest[i + 1..];
        rest = rest.strip_prefix('\n').unwrap_or(rest);
    }
    text.push_str(rest);
}

pub(super) fn is_blank(text: &str) -> bool {
    text.bytes().all(is_space)
}

/// The first character that is not a `Char`, literally in the document.
pub(super) fn find_illegal(src: &str) -> Option<(usize, u32)> {
    if !any_suspicious(src.as_bytes()) {
        return None;
    }
    src.char_indices().map(|(i, c)| (i, u32::from(c))).find(|&(_, c)| !is_char(c))
}
