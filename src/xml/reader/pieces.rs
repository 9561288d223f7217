//! Documents piece by piece, text between elements included.

use std::borrow::Cow;

use super::{Reader, Token};
use crate::xml::syntax::{attribute_value, push_normalised};
use crate::xml::{XmlError, XmlErrorKind as Kind};

/// What [`Reader::piece`] finds.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Piece<'a> {
    /// A child element, at which the reader now stands.
    Start,
    /// A run of text, ends of lines normalised. What stands between two elements may come in
    /// several runs.
    Text(Cow<'a, str>),
    /// The end of the element that was open.
    End,
}

impl<'a> Reader<'a> {
    /// The next piece of the element that is open; comments and processing instructions are passed
    /// over.
    pub(crate) fn piece(&mut self) -> Result<Piece<'a>, XmlError> {
        loop {
            return Ok(match self.token()? {
                Token::Start => Piece::Start,
                Token::End => Piece::End,
                Token::Text(text) | Token::Cdata(text) => Piece::Text(normalised(text)),
                Token::Reference(c) => Piece::Text(Cow::Owned(c.to_string())),
                Token::Comment | Token::Instruction => continue,
                Token::Eof => return Err(self.unclosed()),
                Token::Declaration => {
                    return Err(self.error(Kind::Declaration("is not at the very start")));
                }
            });
        }
    }

    /// The attributes of the current element but for namespace declarations, in their order: their
    /// namespace name (empty for none), local name and value. Only before the reader moves on.
    pub(crate) fn attributes(&self) -> impl Iterator<Item = (&str, &'a str, Cow<'a, str>)> {
        // References were checked when the element was read.
        self.attributes
            .iter()
            .map(|a| (self.uri(a.namespace), a.local, attribute_value(a.raw).unwrap_or_default()))
    }

    /// The attributes of the current element without a prefix: name, value, and where this begins, by line
    /// and column from 1. Only before the reader moves on.
    pub(crate) fn plain_attributes(
        &self,
    ) -> impl Iterator<Item = (&'a str, Cow<'a, str>, (usize, usize))> {
        self.attributes.iter().filter(|a| a.prefix.is_empty()).map(|a| {
            // References were checked when the element was read, and the value is a piece of the document.
            let value = attribute_value(a.raw).unwrap_or_default();
            let place =
                Kind::NoRoot.at(self.src, a.raw.as_ptr() as usize - self.src.as_ptr() as usize);
            (a.local, value, (place.line, place.column))
        })
    }
}

/// Ends of lines become LF (XML 1.0, section 2.11).
fn normalised(text: &str) -> Cow<'_, str> {
    if memchr::memchr(b'\r', text.as_bytes()).is_none() {
        return Cow::Borrowed(text);
    }
    let mut normal = String::with_capacity(text.len());
    push_normalised(&mut normal, text);
    Cow::Owned(normal)
}
