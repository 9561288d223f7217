//! From the bytes of a message to characters, as ASP.NET decides it (wsdl/ASMX.md, section 4).

use std::borrow::Cow;

use encoding_rs::Encoding;

use super::syntax::pseudo_attribute;
use super::{XmlError, XmlErrorKind};

/// How the bytes of a document become characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Charset {
    /// The charset that the content type names. Bytes that it does not know become U+FFFD.
    Named(&'static Encoding),
    /// `iso-8859-1`: each byte is the character of its number. (The Encoding Standard would read
    /// windows-1252; .NET does not.)
    Latin1,
    /// US-ASCII: each other byte becomes `?`. What ASMX assumes for `text/xml` without a charset
    /// and for a charset that it does not know.
    Ascii,
    /// What the document itself says: byte order mark, XML declaration, UTF-8. Other bytes are
    /// an error.
    Declared,
}

impl Charset {
    /// The charset of a request body, as ASMX reads it: the content type's, never the XML
    /// declaration's, except that `application/soap+xml` without one leaves it to the document.
    pub fn of_request(content_type: &str) -> Self {
        Self::named(content_type).unwrap_or_else(|| {
            let (media_type, _) = content_type.split_once(';').unwrap_or((content_type, ""));
            let media_type = media_type.trim_start().as_bytes();
            let application = b"application/";
            match media_type.get(..application.len()) {
                Some(start) if start.eq_ignore_ascii_case(application) => Self::Declared,
                _ => Self::Ascii,
            }
        })
    }

    /// The charset of an answer's body: the content type's, else what the document says. (The .NET
    /// client would read `?` for each character beyond ASCII where no charset is named; a proxy
    /// that strips the parameter must not cost us characters.)
    pub fn of_response(content_type: &str) -> Self {
        Self::named(content_type).unwrap_or(Self::Declared)
    }

    fn named(content_type: &str) -> Option<Self> {
        // What nearly every message says.
        if content_type == "text/xml; charset=utf-8" {
            return Some(Self::Named(encoding_rs::UTF_8));
        }
        Self::from_label(&label(content_type)?)
    }

    pub(crate) fn from_label(label: &str) -> Option<Self> {
        if label.eq_ignore_ascii_case("utf-8") {
            return Some(Self::Named(encoding_rs::UTF_8));
        }
        let lower = label.to_ascii_lowercase();
        match lower.as_str() {
            "us-ascii" | "ascii" | "ansi_x3.4-1968" | "iso646-us" => Some(Self::Ascii),
            "iso-8859-1" | "iso8859-1" | "iso_8859-1" | "latin1" | "l1" | "cp819" | "ibm819" => {
                Some(Self::Latin1)
            }
            "unicode" | "ucs-2" | "iso-10646-ucs-2" => Some(Self::Named(encoding_rs::UTF_16LE)),
            "unicodefffe" => Some(Self::Named(encoding_rs::UTF_16BE)),
            other => Encoding::for_label_no_replacement(other.as_bytes()).map(Self::Named),
        }
    }

    /// The characters of a document, without a byte order mark. A byte order mark (UTF-8, UTF-16)
    /// goes before anything else, as in .NET's `StreamReader`.
    pub fn decode(self, bytes: &[u8]) -> Result<Cow<'_, str>, XmlError> {
        match Encoding::for_bom(bytes) {
            Some((encoding, mark)) => Ok(decode_named(encoding, &bytes[mark..])),
            None => match self {
                Self::Named(encoding) => Ok(decode_named(encoding, bytes)),
                Self::Latin1 => Ok(encoding_rs::mem::decode_latin1(bytes)),
                Self::Ascii => Ok(match bytes.is_ascii() {
                    true => Cow::Borrowed(std::str::from_utf8(bytes).unwrap_or_default()),
                    false => {
                        let ascii = |&b: &u8| if b.is_ascii() { char::from(b) } else { '?' };
                        Cow::Owned(bytes.iter().map(ascii).collect())
                    }
                }),
                Self::Declared => decode_declared(bytes),
            },
        }
    }
}

fn decode_named<'a>(encoding: &'static Encoding, bytes: &'a [u8]) -> Cow<'a, str> {
    if encoding == encoding_rs::UTF_8 {
        decode_utf8(bytes)
    } else {
        encoding.decode_without_bom_handling(bytes).0
    }
}

/// UTF-8 with one U+FFFD for each bad sequence *as .NET counts them*: unlike the Encoding Standard,
/// .NET takes a continuation byte that its lead byte does not allow (overlong, surrogate, beyond
/// U+10FFFF) into the same bad sequence. CESU-8 pairs so become 4 and not 6 of them (`tx-cesu-cp`).
fn decode_utf8(bytes: &[u8]) -> Cow<'_, str> {
    let mut rest = bytes;
    let mut text = String::new();
    loop {
        let error = match std::str::from_utf8(rest) {
            Ok(valid) if text.is_empty() && rest.len() == bytes.len() => {
                return Cow::Borrowed(valid);
            }
            Ok(valid) => {
                text.push_str(valid);
                return Cow::Owned(text);
            }
            Err(error) => error,
        };
        let (valid, bad) = rest.split_at(error.valid_up_to());
        text.push_str(std::str::from_utf8(valid).unwrap_or_default());
        text.push('\u{fffd}');
        let length = match (bad, error.error_len()) {
            ([0xE0..=0xF4, 0x80..=0xBF, ..], Some(1)) => 2,
            (_, Some(length)) => length,
            (bad, None) => bad.len(),
        };
        rest = &bad[length..];
    }
}

/// XML 1.0, appendix F, for a document without a byte order mark.
fn decode_declared(bytes: &[u8]) -> Result<Cow<'_, str>, XmlError> {
    let charset = match bytes {
        [b'<', 0, ..] => Charset::Named(encoding_rs::UTF_16LE),
        [0, b'<', ..] => Charset::Named(encoding_rs::UTF_16BE),
        _ => declared_encoding(bytes)
            .map(|label| {
                Charset::from_label(label).ok_or(XmlErrorKind::Declaration("has an unknown encoding"))
            })
            .transpose()
            .map_err(|kind| kind.at("", 0))?
            .filter(|charset| {
                // A document that could be read this far is not UTF-16, whatever it says.
                !matches!(charset, Charset::Named(e) if *e != encoding_rs::UTF_8 && !e.is_ascii_compatible())
            })
            .unwrap_or(Charset::Named(encoding_rs::UTF_8)),
    };
    if charset == Charset::Named(encoding_rs::UTF_8) {
        return std::str::from_utf8(bytes).map(Cow::Borrowed).map_err(|error| {
            let valid = std::str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default();
            XmlErrorKind::Encoding("UTF-8").at(valid, valid.len())
        });
    }
    charset.decode(bytes)
}

/// The `encoding` of the XML declaration, if there is one.
pub(crate) fn declared_encoding(bytes: &[u8]) -> Option<&str> {
    let rest = bytes.strip_prefix(b"<?xml")?;
    // A declaration is short; what looks like a longer one is refused by the reader.
    let end = memchr::memchr(b'>', &rest[..rest.len().min(256)])?;
    let mut rest = std::str::from_utf8(&rest[..end]).ok()?;
    while let Some((name, value, after)) = pseudo_attribute(rest.trim_start()) {
        if name == "encoding" {
            return Some(value);
        }
        rest = after;
    }
    None
}

/// The charset that a content type names. .NET takes spaces, tabs and both kinds of quotes off it
/// (wsdl/ASMX.md, section 4, content type and encoding).
pub(crate) fn label(content_type: &str) -> Option<String> {
    let label = parameter(content_type, "charset")?;
    let label = label.trim_matches([' ', '\t', '"', '\'']);
    (!label.is_empty()).then(|| label.to_owned())
}

/// A parameter of a media type (RFC 9110, section 8.3.1), unquoted.
pub fn parameter<'a>(content_type: &'a str, name: &str) -> Option<Cow<'a, str>> {
    let (_, mut rest) = content_type.split_once(';')?;
    loop {
        rest = rest.trim_start_matches([' ', '\t', ';']);
        let (found, after) = rest.split_once('=')?;
        let after = after.trim_start_matches([' ', '\t']);
        let value;
        (value, rest) = match after.strip_prefix('"') {
            Some(quoted) => unquote(quoted),
            None => {
                let end = after.find(';').unwrap_or(after.len());
                (Cow::Borrowed(after[..end].trim_end()), &after[end..])
            }
        };
        if found.trim_end().eq_ignore_ascii_case(name) {
            return Some(value);
        }
        rest = rest.find(';').map_or("", |i| &rest[i..]);
    }
}

/// The rest of a quoted string after its opening quote, and what follows the closing one.
fn unquote(quoted: &str) -> (Cow<'_, str>, &str) {
    if let Some(end) = quoted.find(['"', '\\']).filter(|&end| quoted[end..].starts_with('"')) {
        return (Cow::Borrowed(&quoted[..end]), &quoted[end + 1..]);
    }
    let mut value = String::new();
    let mut chars = quoted.char_indices();
    while let Some((i, c)) = chars.next() {
        match c {
            '"' => return (Cow::Owned(value), &quoted[i + 1..]),
            '\\' => value.extend(chars.next().map(|(_, c)| c)),
            c => value.push(c),
        }
    }
    (Cow::Owned(value), "")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(content_type: &str, bytes: &[u8]) -> String {
        Charset::of_request(content_type).decode(bytes).unwrap().into_owned()
    }

    #[test]
    fn requests_are_read_as_asmx_reads_them() {
        let e = "é".as_bytes();
        assert_eq!(request("text/xml; charset=utf-8", e), "é");
        assert_eq!(request("TEXT/XML; Charset=\"UTF-8\"", e), "é");
        assert_eq!(request("text/xml", e), "??");
        assert_eq!(request("text/xml; charset=", e), "??");
        assert_eq!(request("text/xml; charset=us-ascii", e), "??");
        assert_eq!(request("text/xml; charset=bogus", e), "??");
        assert_eq!(request("text/xml; charset=iso-8859-1", b"\xe9\x80"), "é\u{80}");
        assert_eq!(request("text/xml; charset=windows-1252", b"\xe9\x80"), "é€");
        for quoted in ["'utf-8'", "\"utf-8\"", "\" 'utf-8'\t\"", "'utf-8", "UTF-8'", "\"'utf-8'\" "]
        {
            assert_eq!(request(&format!("text/xml; charset={quoted}"), e), "é", "{quoted}");
        }
        assert_eq!(request("text/xml; charset=''", e), "??");
        assert_eq!(request("text/xml; charset='utf-8' ; x=y", e), "é");
        assert_eq!(request("text/xml; charset='iso-8859-1'", b"\xe9"), "é");
        assert_eq!(request("text/xml; charset=utf-16", b"<\0\xe9\0"), "<é");
        assert_eq!(request("text/xml; charset=utf-16", b"\xff\xfe<\0\xe9\0"), "<é");
        assert_eq!(request("text/xml; charset=utf-8", b"\xff\xfe<\0\xe9\0"), "<é");
        assert_eq!(request("text/xml; charset=utf-8", b"\xfe\xff\0<\0\xe9"), "<é");
        assert_eq!(request("text/xml; charset=iso-8859-1", b"\xef\xbb\xbf\xc3\xa9"), "é");
        assert_eq!(request("application/soap+xml", e), "é");
        assert_eq!(
            request("text/xml; charset=iso-8859-1", b"<?xml encoding='utf-8'?>\xe9").len(),
            26
        );
    }

    #[test]
    fn soap_12_without_charset_is_what_the_document_says() {
        let latin = b"<?xml version='1.0' encoding='iso-8859-1'?><a>\xe9</a>";
        assert!(request("application/soap+xml; action=\"x\"", latin).contains('é'));
        let wrong = b"<?xml version='1.0' encoding='utf-16'?><a>\xc3\xa9</a>";
        assert!(request("application/soap+xml", wrong).contains('é'));
        assert!(request("application/soap+xml", b"<\0a\0/\0>\0").contains("<a/>"));
        let error = Charset::Declared.decode(b"<a>\n\xe9</a>").unwrap_err();
        assert_eq!((error.line, error.column), (2, 1));
        let error =
            Charset::Declared.decode(b"<?xml version='1.0' encoding='no'?><a/>").unwrap_err();
        assert!(matches!(error.kind, XmlErrorKind::Declaration(_)));
    }

    #[test]
    fn bad_utf8_is_replaced_as_dotnet_counts() {
        for (bytes, expected) in [
            (&b"caf\xe9!"[..], "caf\u{fffd}!"),
            (b"a\xc0\xafb", "a\u{fffd}\u{fffd}b"),
            (b"\xed\xa0\xbd\xed\xb8\x80", "\u{fffd}\u{fffd}\u{fffd}\u{fffd}"),
            (b"\xe2\x82A", "\u{fffd}A"),
            (b"\xe0\x80\x80", "\u{fffd}\u{fffd}"),
            (b"\xf0\x80\x80\x80", "\u{fffd}\u{fffd}\u{fffd}"),
            (b"\xf5\x80", "\u{fffd}\u{fffd}"),
            (b"a\xe2\x82", "a\u{fffd}"),
            (b"\x80", "\u{fffd}"),
        ] {
            assert_eq!(decode_utf8(bytes), expected, "{bytes:x?}");
        }
    }

    #[test]
    fn parameters_are_found_quoted_or_not() {
        let value = |text| parameter(text, "action");
        assert_eq!(value("a/b; charset=x; action=\"u;v\\\"w\"; b=c").as_deref(), Some("u;v\"w"));
        assert_eq!(value("a/b;ACTION = u ;x=y").as_deref(), Some("u"));
        assert_eq!(value("a/b; charset=\"action=1\"").as_deref(), None);
        assert_eq!(value("a/b"), None);
        assert_eq!(value("a/b; action"), None);
    }
}
