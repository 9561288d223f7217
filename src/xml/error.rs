//! What is wrong with a document, and where.

use std::fmt;

/// A document that is not well-formed, namespace-well-formed XML 1.0, or goes beyond a limit.
///
/// Carries names of elements and attributes, cut to 64 characters, but never their content: content
/// may be a password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct XmlError {
    /// What is wrong.
    pub kind: XmlErrorKind,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
}

impl fmt::Display for XmlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}: {}", self.line, self.column, self.kind)
    }
}

impl std::error::Error for XmlError {}

/// The rule that a document breaks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum XmlErrorKind {
    /// There is no element at all.
    #[error("there is no root element")]
    NoRoot,
    /// The document ends inside an element.
    #[error("the document ends inside <{0}>")]
    Unclosed(String),
    /// The document ends inside a tag, comment, CDATA section or processing instruction.
    #[error("the document ends inside {0}")]
    Cut(&'static str),
    /// Text or a CDATA section before or after the root element.
    #[error("text outside the root element")]
    TextOutsideRoot,
    /// A second root element.
    #[error("a second root element <{0}>")]
    SecondRoot(String),
    /// `</b>` where `</a>` is due.
    #[error("</{found}> where </{expected}> is due")]
    Mismatch {
        /// The name of the open element.
        expected: String,
        /// The name in the end tag.
        found: String,
    },
    /// An end tag without a start tag.
    #[error("</{0}> closes nothing")]
    UnmatchedEnd(String),
    /// A document type declaration. DTDs are refused, whatever they hold (as .NET does).
    #[error("a DOCTYPE is not allowed in SOAP")]
    Doctype,
    /// The XML declaration is not at the start, not `1.0`, or malformed.
    #[error("the XML declaration {0}")]
    Declaration(&'static str),
    /// A processing instruction with a bad target.
    #[error("a processing instruction has a bad target")]
    ProcessingInstruction,
    /// Something else that begins `<!` or is not a tag.
    #[error("{0}")]
    Syntax(&'static str),
    /// No XML name.
    #[error("\"{0}\" is not a qualified name")]
    Name(String),
    /// A prefix without a declaration.
    #[error("the prefix \"{0}\" is not declared")]
    UnboundPrefix(String),
    /// A declaration that Namespaces in XML forbids.
    #[error("the namespace declaration of \"{0}\" is not allowed")]
    NamespaceDeclaration(String),
    /// An attribute that is not a `name="value"`.
    #[error("an attribute of <{0}> is malformed")]
    Attribute(String),
    /// The same attribute twice, by its namespace and local name.
    #[error("<{element}> has the attribute \"{attribute}\" twice")]
    DuplicateAttribute {
        /// The element.
        element: String,
        /// The attribute.
        attribute: String,
    },
    /// A character that XML 1.0 does not allow, literally or by reference.
    #[error("the character U+{0:04X} is not allowed in XML 1.0")]
    Character(u32),
    /// A reference to an entity other than the five predefined ones.
    #[error("the entity \"{0}\" is not declared")]
    Entity(String),
    /// `&` that begins no reference.
    #[error("a bare \"&\" or a malformed reference")]
    Reference,
    /// `]]>` in text.
    #[error("\"]]>\" in text")]
    CdataEnd,
    /// An element, comment or processing instruction where only text may stand.
    #[error("{found} inside <{element}>, which holds text only")]
    NotText {
        /// The element that holds text only.
        element: String,
        /// What was found.
        found: &'static str,
    },
    /// A byte sequence that the charset does not know.
    #[error("the bytes are not {0}")]
    Encoding(&'static str),
    /// More of something than [`Limits`](super::Limits) allow.
    #[error("more than {limit} {what} (limit `{name}`)")]
    Limit {
        /// What there is too much of.
        what: &'static str,
        /// The name of the setting.
        name: &'static str,
        /// Its value.
        limit: usize,
    },
}

impl XmlErrorKind {
    /// The same with every name out of the document passed through a function.
    pub(crate) fn map_names(self, map: impl Fn(&str) -> String) -> Self {
        match self {
            Self::Unclosed(name) => Self::Unclosed(map(&name)),
            Self::SecondRoot(name) => Self::SecondRoot(map(&name)),
            Self::Mismatch { expected, found } => {
                Self::Mismatch { expected: map(&expected), found: map(&found) }
            }
            Self::UnmatchedEnd(name) => Self::UnmatchedEnd(map(&name)),
            Self::Name(name) => Self::Name(map(&name)),
            Self::UnboundPrefix(name) => Self::UnboundPrefix(map(&name)),
            Self::NamespaceDeclaration(name) => Self::NamespaceDeclaration(map(&name)),
            Self::Attribute(name) => Self::Attribute(map(&name)),
            Self::DuplicateAttribute { element, attribute } => {
                Self::DuplicateAttribute { element: map(&element), attribute: map(&attribute) }
            }
            Self::Entity(name) => Self::Entity(map(&name)),
            Self::NotText { element, found } => Self::NotText { element: map(&element), found },
            nameless => nameless,
        }
    }

    /// Places the error at a byte offset of the document.
    #[cold]
    pub(crate) fn at(self, src: &str, offset: usize) -> XmlError {
        let mut offset = offset.min(src.len());
        while !src.is_char_boundary(offset) {
            offset -= 1;
        }
        let before = &src[..offset];
        let line_start = before.rfind('\n').map_or(0, |i| i + 1);
        XmlError {
            kind: self,
            line: 1 + memchr::memchr_iter(b'\n', before.as_bytes()).count(),
            column: 1 + before[line_start..].chars().count(),
        }
    }
}

/// A name for an error text: bounded, and without anything that could disturb a terminal.
#[cold]
pub(crate) fn shown(name: &str) -> String {
    name.chars().take(64).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}
