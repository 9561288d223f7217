//! The text of elements.

use std::borrow::Cow;

use super::{Reader, Token};
use crate::xml::error::shown;
use crate::xml::syntax::push_normalised;
use crate::xml::{XmlError, XmlErrorKind as Kind};

impl<'a> Reader<'a> {
    /// The text of the current element, whose end is consumed. Ends of lines become LF (XML 1.0,
    /// section 2.11); nothing else changes. An element, comment or processing instruction inside is
    /// refused, as ASMX does. Borrowed from the document where it stands there as it is; else one
    /// allocation, unless CDATA sections are mixed with other text.
    pub fn text(&mut self) -> Result<Cow<'a, str>, XmlError> {
        let mut token = self.token()?;
        let mut text = String::new();
        if let Token::Text(piece) | Token::Cdata(piece) = token {
            let next = self.token()?;
            let as_it_is = !self.has_return || memchr::memchr(b'\r', piece.as_bytes()).is_none();
            if matches!(next, Token::End) && as_it_is {
                return Ok(Cow::Borrowed(piece));
            }
            text.reserve_exact(piece.len() + self.to_markup(&next));
            push_normalised(&mut text, piece);
            token = next;
        } else if let Token::Reference(_) = token {
            text.reserve_exact(self.to_markup(&token));
        }
        loop {
            match token {
                Token::End => return Ok(Cow::Owned(text)),
                Token::Text(piece) | Token::Cdata(piece) => push_normalised(&mut text, piece),
                Token::Reference(c) => text.push(c),
                other => return Err(self.not_text(&other)),
            }
            token = self.token()?;
        }
    }

    /// The text of the current element and of all elements in it, without comments; the element is
    /// consumed.
    pub(crate) fn text_with_markup(&mut self) -> Result<String, XmlError> {
        let outer = self.open.len().saturating_sub(1);
        let mut text = String::new();
        while self.open.len() > outer {
            match self.token()? {
                Token::Text(piece) | Token::Cdata(piece) => push_normalised(&mut text, piece),
                Token::Reference(c) => text.push(c),
                Token::Eof => return Err(self.unclosed()),
                _ => {}
            }
        }
        Ok(text)
    }

    /// What is wrong with a token in an element that holds text only.
    #[cold]
    fn not_text(&mut self, token: &Token<'a>) -> XmlError {
        let found = match token {
            Token::Eof => return self.unclosed(),
            Token::Declaration => return self.error(Kind::Declaration("is not at the very start")),
            Token::Comment => "a comment",
            Token::Instruction => "a processing instruction",
            _ => {
                // The element that holds the child, not the child, is what the error names.
                self.open.pop();
                "an element"
            }
        };
        let element = self.open.last().map_or(String::new(), |open| shown(open.name));
        self.error(Kind::NotText { element, found })
    }

    /// How much text there can be from this token up to the next markup: what to reserve.
    fn to_markup(&self, token: &Token<'_>) -> usize {
        let piece = match token {
            Token::Text(piece) | Token::Cdata(piece) => piece.len(),
            Token::Reference(c) => c.len_utf8(),
            _ => return 0,
        };
        let rest = &self.src.as_bytes()[self.tokenized()..];
        piece + memchr::memchr(b'<', rest).unwrap_or(0)
    }
}
