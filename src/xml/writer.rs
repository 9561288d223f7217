//! The bytes that .NET's `XmlTextWriter` writes for the documents of the contract.

use memchr::memchr3;

use super::names::{any_suspicious, is_char, is_plain};

/// A character that XML 1.0 cannot hold. .NET would write it as a reference that no parser accepts
/// (wsdl/ASMX.md, section 3), so we refuse it when writing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the character U+{:04X} cannot be written in XML 1.0", *code)]
pub struct IllegalCharacter {
    /// Its code point.
    pub code: u32,
}

/// Appends to a buffer. No indentation, no byte order mark; only `&`, `<` and `>` are escaped, an
/// empty element is `<x />` (wsdl/CONTRACT.md, section 5).
#[derive(Debug, Default)]
pub struct Writer {
    out: String,
    references: bool,
}

impl Writer {
    /// A writer with room for `capacity` bytes.
    pub fn with_capacity(capacity: usize) -> Self {
        Self { out: String::with_capacity(capacity), references: false }
    }

    /// The same, but in text a character that XML 1.0 cannot hold becomes a reference, as .NET
    /// writes it (wsdl/ASMX.md, section 3), although no XML parser accepts that.
    #[must_use]
    pub fn with_references(mut self) -> Self {
        self.references = true;
        self
    }

    /// What was written.
    pub fn into_bytes(self) -> Vec<u8> {
        self.out.into_bytes()
    }

    /// What was written, as text.
    pub fn into_string(self) -> String {
        self.out
    }

    /// Markup, as it is.
    #[inline]
    pub fn raw(&mut self, markup: &str) {
        self.out.push_str(markup);
    }

    /// Text, escaped.
    #[inline]
    pub fn text(&mut self, text: &str) -> Result<(), IllegalCharacter> {
        if is_plain(text.as_bytes()) {
            self.out.push_str(text);
            return Ok(());
        }
        self.special_text(text)
    }

    #[inline(never)]
    fn special_text(&mut self, text: &str) -> Result<(), IllegalCharacter> {
        if any_suspicious(text.as_bytes())
            && let Err(character) = check(text)
        {
            if !self.references {
                return Err(character);
            }
            self.text_with_references(text);
        } else {
            self.escape(text);
        }
        Ok(())
    }

    fn escape(&mut self, text: &str) {
        let mut rest = text;
        while let Some(i) = memchr3(b'&', b'<', b'>', rest.as_bytes()) {
            self.out.push_str(&rest[..i]);
            self.out.push_str(match rest.as_bytes()[i] {
                b'&' => "&amp;",
                b'<' => "&lt;",
                _ => "&gt;",
            });
            rest = &rest[i + 1..];
        }
        self.out.push_str(rest);
    }

    fn text_with_references(&mut self, text: &str) {
        for c in text.chars() {
            let code = u32::from(c);
            match c {
                '&' => self.out.push_str("&amp;"),
                '<' => self.out.push_str("&lt;"),
                '>' => self.out.push_str("&gt;"),
                c if is_char(code) => self.out.push(c),
                _ => self.out.push_str(&format!("&#x{code:X};")),
            }
        }
    }

    /// The value of an attribute between double quotes, escaped; white space other than a space is
    /// written as references, so that it survives normalisation (XML 1.0, section 3.3.3).
    pub fn attribute(&mut self, value: &str) -> Result<(), IllegalCharacter> {
        check(value)?;
        for c in value.chars() {
            match c {
                '&' => self.out.push_str("&amp;"),
                '<' => self.out.push_str("&lt;"),
                '>' => self.out.push_str("&gt;"),
                '"' => self.out.push_str("&quot;"),
                '\t' => self.out.push_str("&#x9;"),
                '\n' => self.out.push_str("&#xA;"),
                '\r' => self.out.push_str("&#xD;"),
                c => self.out.push(c),
            }
        }
        Ok(())
    }

    /// `<name>text</name>`, or `<name />` when the text is empty.
    #[inline]
    pub fn leaf(&mut self, name: &str, text: &str) -> Result<(), IllegalCharacter> {
        self.raw("<");
        self.raw(name);
        if text.is_empty() {
            self.raw(" />");
            return Ok(());
        }
        self.raw(">");
        self.text(text)?;
        self.raw("</");
        self.raw(name);
        self.raw(">");
        Ok(())
    }
}

/// Refuses what XML 1.0 cannot hold.
fn check(text: &str) -> Result<(), IllegalCharacter> {
    match text.chars().find(|&c| !is_char(u32::from(c))) {
        Some(c) => Err(IllegalCharacter { code: u32::from(c) }),
        None => Ok(()),
    }
}

/// Escapes text between tags or quotes, of XML and HTML. What XML cannot hold stays as it is.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_escaped_as_dotnet_does() {
        let mut w = Writer::default();
        w.leaf("m", "tricky <&>\"' ]]>\t\r\n\u{85}\u{feff}").unwrap();
        w.leaf("e", "").unwrap();
        let expected = "<m>tricky &lt;&amp;&gt;\"' ]]&gt;\t\r\n\u{85}\u{feff}</m><e />";
        assert_eq!(w.into_bytes(), expected.as_bytes());
    }

    #[test]
    fn characters_outside_xml_are_refused() {
        for c in ['\u{1}', '\u{0}', '\u{b}', '\u{1f}', '\u{fffe}', '\u{ffff}'] {
            let error = Writer::default().text(&format!("a{c}")).unwrap_err();
            assert_eq!(error.code, u32::from(c));
        }
        Writer::default().text("\u{fdd0}\u{7f}\u{9f}\u{10ffff}").unwrap();
    }
}
