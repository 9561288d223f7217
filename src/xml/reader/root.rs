//! What stands before, in and after the root element.

use super::{Reader, Token};
use crate::xml::error::shown;
use crate::xml::syntax::is_blank;
use crate::xml::{XmlError, XmlErrorKind as Kind};

impl Reader<'_> {
    /// Moves to the root element.
    pub fn root(&mut self) -> Result<(), XmlError> {
        let mut first = true;
        loop {
            match self.token()? {
                Token::Start => return Ok(()),
                Token::Comment | Token::Instruction => {}
                Token::Declaration if first => {}
                Token::Declaration => {
                    return Err(self.error(Kind::Declaration("is not at the very start")));
                }
                Token::Text(text) if is_blank(text) => {}
                Token::Eof => return Err(self.error(Kind::NoRoot)),
                _ => return Err(self.error(Kind::TextOutsideRoot)),
            }
            first = false;
        }
    }

    /// Reads what follows the root element: nothing but white space, comments and processing
    /// instructions may.
    pub fn finish(&mut self) -> Result<(), XmlError> {
        loop {
            match self.token()? {
                Token::Eof if self.open.is_empty() => return Ok(()),
                Token::Eof => return Err(self.unclosed()),
                Token::Comment | Token::Instruction => {}
                Token::Text(text) if is_blank(text) => {}
                Token::Start => {
                    let name = shown(self.qualified());
                    return Err(self.error(Kind::SecondRoot(name)));
                }
                Token::Declaration => {
                    return Err(self.error(Kind::Declaration("is not at the very start")));
                }
                _ => return Err(self.error(Kind::TextOutsideRoot)),
            }
        }
    }
}
