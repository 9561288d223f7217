//! Namespace-aware XML reading, as strict as XML 1.0 and Namespaces in XML ask for, and writing of
//! exactly the bytes that .NET's `XmlTextWriter` produces. Nothing here knows SOAP.
//!
//! quick-xml finds the tokens; everything it leaves open (see the [`Reader`]) is checked here.

pub mod charset;
mod error;
mod names;
mod reader;
mod syntax;
mod writer;

pub use error::{XmlError, XmlErrorKind};
pub(crate) use names::{is_char, is_ncname};
#[cfg(test)]
pub(crate) use reader::READ;
pub(crate) use reader::{KnownRoot, Piece};
pub use reader::{Limits, Reader};
pub(crate) use syntax::ends_with_its_root;
pub use writer::{IllegalCharacter, Writer, escape};

/// `http://www.w3.org/2001/XMLSchema-instance`: the namespace of `xsi:nil` and `xsi:type`.
pub const XSI: &str = "http://www.w3.org/2001/XMLSchema-instance";
/// `http://www.w3.org/2001/XMLSchema`.
pub const XSD: &str = "http://www.w3.org/2001/XMLSchema";
/// The namespace that the prefix `xml` is always bound to (Namespaces in XML, section 3).
pub const XML: &str = "http://www.w3.org/XML/1998/namespace";
/// The namespace that the prefix `xmlns` is always bound to (Namespaces in XML, section 3).
pub const XMLNS: &str = "http://www.w3.org/2000/xmlns/";
