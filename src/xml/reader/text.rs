//! The text of elements.

use std::borrow::Cow;

use super::{Reader, Token};
use crate::xml::error::shown;
use crate::xml::syntax::push_normalised;
use crate::xml::{XmlError, XmlErrorKind as Kind};

/// What may stand in an element that holds text only.
enum TextToken<'a> {
    Piece(&'a str),
    Char(char),
    End,
}

impl TextToken<'_> {
    fn push_to(&self, text: &mut String) {
        match self {
            Self::Piece(piece) => push_normalised(text, piece),
            Self::Char(c) => text.push(*c),
            Self::End => {}
        }
    }
}

impl<'a> Reader<'a> {
    /// The text of the current element, whose end is consumed. Ends of lines become LF (XML 1.0,
    /// section 2.11); nothing else changes. An element, comment or processing instruction inside is
    /// refused, as ASMX does. Borrowed from the document where it stands there as it is; else one
    /// allocation, unless CDATA sections are mixed with other text.
    pub fn text(&mut self) -> Result<Cow<'a, str>, XmlError> {
        let first = match self.text_token()? {
            TextToken::End => return Ok(Cow::Borrowed("")),
            TextToken::Piece(piece) if memchr::memchr(b'\r', piece.as_bytes()).is_none() => {
                match self.text_token()? {
                    TextToken::End => return Ok(Cow::Borrowed(piece)),
                    next => {
                        let mut text = String::with_capacity(piece.len() + self.to_markup(&next));
                        text.push_str(piece);
                        next.push_to(&mut text);
                        text
                    }
                }
            }
            token => {
                let mut text = String::with_capacity(self.to_markup(&token));
                token.push_to(&mut text);
                text
            }
        };
        let mut text = first;
        loop {
            match self.text_token()? {
                TextToken::End => return Ok(Cow::Owned(text)),
                token => token.push_to(&mut text),
            }
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

    fn text_token(&mut self) -> Result<TextToken<'a>, XmlError> {
        let found = match self.token()? {
            Token::End => return Ok(TextToken::End),
            Token::Text(piece) | Token::Cdata(piece) => return Ok(TextToken::Piece(piece)),
            Token::Reference(c) => return Ok(TextToken::Char(c)),
            Token::Eof => return Err(self.unclosed()),
            Token::Declaration => {
                return Err(self.error(Kind::Declaration("is not at the very start")));
            }
            Token::Start => {
                // The element that holds the child, not the child, is what the error names.
                self.open.pop();
                "an element"
            }
            Token::Comment => "a comment",
            Token::Instruction => "a processing instruction",
        };
        let element = self.open.last().map_or(String::new(), |open| shown(open.name));
        Err(self.error(Kind::NotText { element, found }))
    }

    /// How much text there can be from this token up to the next markup: what to reserve.
    fn to_markup(&self, token: &TextToken<'_>) -> usize {
        let rest = &self.src.as_bytes()[self.offset()..];
        let piece = match token {
            TextToken::Piece(piece) => piece.len(),
            TextToken::Char(c) => c.len_utf8(),
            TextToken::End => 0,
        };
        piece + memchr::memchr(b'<', rest).unwrap_or(0)
    }
}
