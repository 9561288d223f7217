//! A strict, namespace-aware pull reader over quick-xml's tokens.

mod pieces;
mod root;
mod tags;
mod text;

use std::borrow::Cow;

use quick_xml::errors::{Error as TokenError, IllFormedError, SyntaxError};
use quick_xml::events::Event;

use super::error::shown;
use super::names::{any_unusual, is_ncname, is_space, split_qname};
use super::syntax::{attribute_value, check_declaration, find_illegal, reference};
use super::{XML, XmlError, XmlErrorKind as Kind};

/// How much structure a document may have. Size is limited where bytes come in, variables where
/// lists are built; these keep memory and time in proportion to the size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Nested elements. Default 10 000: ASMX reads 2 000, and one level costs us 48 bytes of heap.
    pub depth: usize,
    /// Attributes of one element. Default 10 000: ASMX reads 1 000.
    pub attributes: usize,
    /// Namespace declarations in scope. Default 1 000: a prefix is looked up linearly.
    pub namespaces: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { depth: 10_000, attributes: 10_000, namespaces: 1_000 }
    }
}

/// Reads a document element by element.
///
/// quick-xml alone accepts an unclosed or second root, undeclared prefixes, illegal characters and
/// (unless attributes are walked) duplicate attributes; this reader refuses all of them, and every
/// DTD. All of the document is checked, skipped parts included, provided that it is read up to
/// [`finish`](Self::finish). Nothing is resolved but the five predefined entities and character
/// references; nothing is ever fetched.
///
/// The reader stands at an element after [`root`](Self::root) or after [`child`](Self::child) said
/// `true`; that element must then be consumed by [`text`](Self::text), [`skip`](Self::skip), or by
/// calling `child` until it says `false`.
#[derive(Debug)]
pub struct Reader<'a> {
    src: &'a str,
    tokens: quick_xml::Reader<&'a [u8]>,
    limits: Limits,
    /// Prefix and namespace name, outer ones first. 0 is "no namespace", 1 is `xml`.
    bindings: Vec<(&'a str, Cow<'a, str>)>,
    open: Vec<Open<'a>>,
    local: &'a str,
    namespace: u32,
    attributes: Vec<Attribute<'a>>,
    /// The last name without a prefix that was valid; before there is one, a space, which never is.
    last: &'a str,
    /// `]]>` stands somewhere in the document, so that text must be searched for it.
    has_cdata_end: bool,
    /// A carriage return stands somewhere in the document, so that ends of lines must be searched for.
    has_return: bool,
    /// What comes next without a token.
    due: Due,
}

#[derive(Debug)]
struct Open<'a> {
    name: &'a str,
    /// How many bindings were in scope outside the element.
    outer: usize,
    /// The default namespace inside the element.
    default: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Due {
    Nothing,
    /// The end of the current element, which is an empty-element tag.
    End,
    /// The start of the root's known child, whose name begins there.
    Child(usize),
}

#[derive(Debug, Clone, Copy)]
struct Attribute<'a> {
    prefix: &'a str,
    local: &'a str,
    namespace: u32,
    raw: &'a str,
}

pub(crate) use pieces::Piece;
pub(crate) use root::KnownRoot;

enum Token<'a> {
    Start,
    End,
    Text(&'a str),
    Cdata(&'a str),
    Reference(char),
    Comment,
    Instruction,
    Declaration,
    Eof,
}

#[cfg(test)]
thread_local! {
    /// How many documents a thread began to read: for tests that a message is not read again and again.
    pub(crate) static READ: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

impl<'a> Reader<'a> {
    /// Starts reading `src`, a document without a byte order mark, and finds illegal characters.
    ///
    /// NUL characters after the document are dropped, as ASMX does (`xm-trailing-nul`).
    pub fn new(src: &'a str, limits: Limits) -> Result<Self, XmlError> {
        #[cfg(test)]
        READ.set(READ.get() + 1);
        let src = src.trim_end_matches('\0');
        let unusual = any_unusual(src.as_bytes());
        if unusual && let Some((offset, c)) = find_illegal(src) {
            return Err(Kind::Character(c).at(src, offset));
        }
        if src.starts_with('\u{feff}') {
            return Err(Kind::TextOutsideRoot.at(src, 0));
        }
        let mut tokens = quick_xml::Reader::from_str(src);
        tokens.config_mut().check_comments = true;
        let mut bindings = Vec::with_capacity(8);
        bindings.push(("", Cow::Borrowed("")));
        bindings.push(("xml", Cow::Borrowed(XML)));
        Ok(Self {
            src,
            tokens,
            limits,
            bindings,
            open: Vec::with_capacity(16),
            local: "",
            namespace: 0,
            attributes: Vec::new(),
            last: " ",
            // Two steps, since most documents hold no bracket at all.
            has_cdata_end: memchr::memchr(b']', src.as_bytes())
                .is_some_and(|i| memchr::memmem::find(&src.as_bytes()[i..], b"]]>").is_some()),
            has_return: unusual && memchr::memchr(b'\r', src.as_bytes()).is_some(),
            due: Due::Nothing,
        })
    }

    /// Moves to the next child of the element that is open, or past its end (`false`). Text,
    /// comments and processing instructions between children are ignored, as ASMX does.
    pub fn child(&mut self) -> Result<bool, XmlError> {
        loop {
            match self.token()? {
                Token::Start => return Ok(true),
                Token::End => return Ok(false),
                Token::Eof => return Err(self.unclosed()),
                Token::Declaration => {
                    return Err(self.error(Kind::Declaration("is not at the very start")));
                }
                Token::Text(_)
                | Token::Cdata(_)
                | Token::Reference(_)
                | Token::Comment
                | Token::Instruction => {}
            }
        }
    }

    /// Passes over the current element and all that is in it.
    pub fn skip(&mut self) -> Result<(), XmlError> {
        let outer = self.open.len().saturating_sub(1);
        while self.open.len() > outer {
            self.child()?;
        }
        Ok(())
    }

    /// Is the current element `local` in `namespace` (empty: in none)?
    pub fn is(&self, namespace: &str, local: &str) -> bool {
        self.local == local && self.namespace() == namespace
    }

    /// The local name of the current element.
    pub fn local(&self) -> &'a str {
        self.local
    }

    /// The namespace name of the current element; empty when it is in none.
    pub fn namespace(&self) -> &str {
        self.uri(self.namespace)
    }

    /// A namespace name; empty when it is out of scope, as it may be after its element's end.
    fn uri(&self, namespace: u32) -> &str {
        self.bindings.get(namespace as usize).map_or("", |(_, uri)| uri)
    }

    /// The name of the current element as the document writes it.
    pub fn qualified(&self) -> &'a str {
        self.open.last().map_or("", |open| open.name)
    }

    /// An attribute of the current element. Only before the reader moves on.
    #[inline]
    pub fn attribute(&self, namespace: &str, local: &str) -> Option<Cow<'a, str>> {
        if self.attributes.is_empty() { None } else { self.find_attribute(namespace, local) }
    }

    fn find_attribute(&self, namespace: &str, local: &str) -> Option<Cow<'a, str>> {
        let found = self
            .attributes
            .iter()
            .find(|a| a.local == local && self.uri(a.namespace) == namespace)?;
        // References were checked when the element was read.
        attribute_value(found.raw).ok()
    }

    /// Has the current element attributes other than namespace declarations?
    pub fn has_attributes(&self) -> bool {
        !self.attributes.is_empty()
    }

    /// Resolves a `QName` in content (the value of `xsi:type`, a fault code) against the current
    /// element. An unprefixed name is in the default namespace.
    pub fn resolve<'n>(&self, qname: &'n str) -> Option<(&str, &'n str)> {
        let (prefix, local) = split_qname(qname.trim_matches([' ', '\t', '\r', '\n']))?;
        let namespace = if prefix.is_empty() {
            self.open.last().map_or(0, |open| open.default)
        } else {
            self.lookup(prefix)?
        };
        Some((self.uri(namespace), local))
    }

    /// The byte offset that the reader has reached.
    pub fn offset(&self) -> usize {
        match self.due {
            Due::Child(name_at) => name_at - "<".len(),
            Due::Nothing | Due::End => self.tokenized(),
        }
    }

    /// The byte offset that the tokenizer has reached.
    fn tokenized(&self) -> usize {
        // Never beyond the document, whose length is a usize.
        usize::try_from(self.tokens.buffer_position()).unwrap_or(self.src.len())
    }

    /// Line and column (from 1) of the current element's name.
    pub fn position(&self) -> (usize, usize) {
        // The name is a piece of the document.
        let offset = self.qualified().as_ptr() as usize - self.src.as_ptr() as usize;
        let place = Kind::NoRoot.at(self.src, offset);
        (place.line, place.column)
    }

    /// The document, for a piece of it as it is written (between two [`offset`](Self::offset)s).
    pub fn source(&self) -> &'a str {
        self.src
    }

    /// An error at the place that the reader has reached.
    pub fn error(&self, kind: Kind) -> XmlError {
        kind.at(self.src, self.offset())
    }

    fn unclosed(&self) -> XmlError {
        self.error(Kind::Unclosed(shown(self.qualified())))
    }

    fn token(&mut self) -> Result<Token<'a>, XmlError> {
        if self.due != Due::Nothing {
            return Ok(self.due());
        }
        let start = self.tokenized();
        match self.tokens.read_event() {
            Ok(Event::Start(tag)) => {
                let end = self.tokenized() - 1;
                self.start(end - tag.len(), tag.name().as_ref().len(), end)?;
                Ok(Token::Start)
            }
            Ok(Event::End(tag)) => {
                if self.open.len() <= 2 {
                    self.check_known_end(tag.name().as_ref(), start)?;
                }
                self.close();
                Ok(Token::End)
            }
            Ok(Event::Text(_)) => {
                let text = &self.src[start..self.tokenized()];
                if self.has_cdata_end
                    && let Some(i) = text.find("]]>")
                {
                    return Err(Kind::CdataEnd.at(self.src, start + i));
                }
                Ok(Token::Text(text))
            }
            Ok(event) => self.rare_token(event, start),
            Err(error) => Err(self.token_error(error)),
        }
    }

    fn due(&mut self) -> Token<'a> {
        match std::mem::replace(&mut self.due, Due::Nothing) {
            Due::Child(name_at) => self.enter_child(name_at),
            _ => {
                self.close();
                Token::End
            }
        }
    }

    /// What stands in few messages, out of the way of what stands in all.
    #[inline(never)]
    fn rare_token(&mut self, event: Event<'a>, start: usize) -> Result<Token<'a>, XmlError> {
        Ok(match event {
            Event::Empty(tag) => {
                let end = self.tokenized() - 2;
                self.start(end - tag.len(), tag.name().as_ref().len(), end)?;
                self.due = Due::End;
                Token::Start
            }
            Event::CData(_) => {
                Token::Cdata(&self.src[start + "<![CDATA[".len()..self.tokenized() - "]]>".len()])
            }
            Event::GeneralRef(_) => {
                let name = &self.src[start + 1..self.tokenized() - 1];
                Token::Reference(reference(name).map_err(|kind| kind.at(self.src, start))?)
            }
            Event::Comment(_) => Token::Comment,
            Event::PI(_) => {
                let body = &self.src[start + 2..self.tokenized() - 2];
                let end = body.bytes().position(is_space).unwrap_or(body.len());
                let target = &body[..end];
                if !is_ncname(target) || target.eq_ignore_ascii_case("xml") {
                    return Err(Kind::ProcessingInstruction.at(self.src, start));
                }
                Token::Instruction
            }
            Event::Decl(_) => {
                if start != 0 {
                    let kind = Kind::Declaration("is not at the very start");
                    return Err(kind.at(self.src, start));
                }
                let body = &self.src[start + "<?xml".len()..self.tokenized() - "?>".len()];
                check_declaration(body).map_err(|kind| kind.at(self.src, start))?;
                Token::Declaration
            }
            Event::DocType(_) => return Err(Kind::Doctype.at(self.src, start)),
            Event::Start(_) | Event::End(_) | Event::Text(_) | Event::Eof => Token::Eof,
        })
    }

    #[cold]
    fn token_error(&self, error: TokenError) -> XmlError {
        let kind = match error {
            TokenError::IllFormed(error) => match error {
                IllFormedError::MismatchedEndTag { expected, found } => {
                    Kind::Mismatch { expected: shown(&expected), found: shown(&found) }
                }
                IllFormedError::UnmatchedEndTag(name) => Kind::UnmatchedEnd(shown(&name)),
                IllFormedError::DoubleHyphenInComment => Kind::Syntax("\"--\" in a comment"),
                IllFormedError::UnclosedReference => Kind::Reference,
                IllFormedError::MissingDoctypeName => Kind::Doctype,
                _ => Kind::Syntax("markup that is not well-formed"),
            },
            TokenError::Syntax(error) => match error {
                SyntaxError::InvalidBangMarkup => Kind::Syntax("\"<!\" begins nothing known"),
                SyntaxError::UnclosedPI | SyntaxError::UnclosedXmlDecl => {
                    Kind::Cut("a processing instruction")
                }
                SyntaxError::UnclosedComment => Kind::Cut("a comment"),
                // A DTD is refused whether it ends or not.
                SyntaxError::UnclosedDoctype => Kind::Doctype,
                SyntaxError::UnclosedCData => Kind::Cut("a CDATA section"),
                _ => Kind::Cut("a tag"),
            },
            _ => Kind::Syntax("markup that is not well-formed"),
        };
        kind.at(self.src, usize::try_from(self.tokens.error_position()).unwrap_or(usize::MAX))
    }
}

#[cfg(test)]
mod tests;
