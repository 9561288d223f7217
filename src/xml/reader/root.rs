//! What stands before, in and after the root element.

use std::io::BufRead as _;

use super::{Due, Open, Reader, Token};
use crate::xml::error::shown;
use crate::xml::names::split_qname;
use crate::xml::syntax::is_blank;
use crate::xml::{XmlError, XmlErrorKind as Kind};

/// How nearly every document of a kind begins: the declaration, and the start tags of the root and of its
/// first child, word for word, and what they say. It is recognised in one comparison, before anything
/// is resolved.
#[derive(Debug)]
pub(crate) struct KnownRoot {
    /// All of it, from the first byte to the `>` of the second start tag.
    pub(crate) text: &'static str,
    /// Where in it the root's name begins.
    pub(crate) name_at: usize,
    /// The local part of the name.
    pub(crate) local: &'static str,
    /// The prefixes that the root's tag declares, its own first, and nothing else.
    pub(crate) namespaces: &'static [(&'static str, &'static str)],
    /// Where the name of the child begins, which has the root's prefix and nothing else in its tag.
    pub(crate) child_at: usize,
}

impl<'a> Reader<'a> {
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

    /// [`root`](Self::root) for a document that probably begins as one of those known. What it says is
    /// the same either way.
    pub(crate) fn root_or_known(&mut self, known: &[&'static KnownRoot]) -> Result<(), XmlError> {
        let known = known.iter().find(|known| self.src.starts_with(known.text));
        match known.and_then(|known| self.enter(known)) {
            Some(()) => Ok(()),
            None => self.root(),
        }
    }

    fn enter(&mut self, known: &'static KnownRoot) -> Option<()> {
        // The tokenizer would take a mark of byte order for its own.
        if self.src.as_bytes().get(known.text.len()) != Some(&b'<')
            || self.limits.depth < 2
            || self.limits.namespaces < known.namespaces.len()
        {
            return None;
        }
        let (prefix, _) = known.namespaces.first()?;
        let name = &self.src[known.name_at..][..prefix.len() + 1 + known.local.len()];
        self.namespace = self.bindings.len() as u32;
        self.local = &name[prefix.len() + 1..];
        self.open.push(Open { name, outer: self.bindings.len(), default: 0 });
        for &(prefix, uri) in known.namespaces {
            self.bindings.push((prefix, uri.into()));
        }
        self.due = Due::Child(known.child_at);
        self.tokens.stream().consume(known.text.len());
        // It has not seen the start tags; see `check_known_end`.
        self.tokens.config_mut().allow_unmatched_ends = true;
        Some(())
    }

    /// Moves to the root's known child, of whose tag only the `>` follows the name.
    pub(super) fn enter_child(&mut self, name_at: usize) -> Token<'a> {
        let name = &self.src[name_at..self.tokenized() - ">".len()];
        // The root has the same prefix, and so the same namespace.
        self.local = split_qname(name).map_or(name, |(_, local)| local);
        self.open.push(Open { name, outer: self.bindings.len(), default: 0 });
        Token::Start
    }

    /// Checks the end tag `name` at `at` where the tokenizer does not, because it has not seen the
    /// start tag: those of the root and its child if they are known.
    pub(super) fn check_known_end(&self, name: &str, at: usize) -> Result<(), XmlError> {
        if self.open.last().is_some_and(|open| open.name == name) {
            return Ok(());
        }
        let kind = match self.open.last() {
            Some(open) => Kind::Mismatch { expected: shown(open.name), found: shown(name) },
            None => Kind::UnmatchedEnd(shown(name)),
        };
        Err(kind.at(self.src, at))
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
