//! XML Schema as far as messages need it: elements, sequences of fields, the built-in types.

use std::collections::BTreeMap;
use std::fmt;

use crate::xml::XSD;

/// A name in a namespace (empty: in none).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct QName {
    /// The namespace name.
    pub namespace: String,
    /// The local name.
    pub name: String,
}

impl QName {
    /// A name in a namespace.
    pub fn new(namespace: impl Into<String>, name: impl Into<String>) -> Self {
        Self { namespace: namespace.into(), name: name.into() }
    }

    /// The local name, if it is one of XML Schema's own types.
    pub fn builtin(&self) -> Option<&str> {
        (self.namespace == XSD).then_some(self.name.as_str())
    }
}

impl fmt::Display for QName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{{}}}{}", self.namespace, self.name)
    }
}

/// An element inside a type, or a global one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Its name, in the namespace that it has on the wire (none where it is unqualified).
    pub name: QName,
    /// What it holds.
    pub kind: TypeRef,
    /// `minOccurs`, 1 by default; 0 inside a choice.
    pub min: u32,
    /// `maxOccurs`, 1 by default; `None` is `unbounded`.
    pub max: Option<u32>,
    /// `nillable`.
    pub nillable: bool,
}

/// Where a type is defined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TypeRef {
    /// Elsewhere, under this name.
    Named(QName),
    /// Here.
    Inline(Box<Type>),
    /// The element is a global one of this name (`ref`).
    Element(QName),
    /// Nowhere: anything may stand there.
    Any,
}

/// A type.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Type {
    /// What it extends or restricts.
    pub base: Option<QName>,
    /// Its own fields, in order. Those of a restriction stand in the place of its base's.
    pub fields: Vec<Field>,
    /// Does the order count? Not in an `all` group.
    pub ordered: bool,
    /// Is it a text (a simple type, or simple content) rather than fields?
    pub simple: bool,
    /// Do its fields come after those of its base?
    pub extends: bool,
}

/// The elements and types of all schemas together.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Schema {
    pub(super) elements: BTreeMap<QName, Field>,
    pub(super) types: BTreeMap<QName, Type>,
}

/// How far types are followed to their bases: no honest schema comes near.
const DEEPEST: usize = 32;

impl Schema {
    /// A global element.
    pub fn element(&self, name: &QName) -> Option<&Field> {
        self.elements.get(name)
    }

    /// A named type.
    pub fn named(&self, name: &QName) -> Option<&Type> {
        self.types.get(name)
    }

    /// The type of a field and its name, if it has one. `None` for XML Schema's own types, and for
    /// those that no schema defines.
    pub fn type_of<'s>(&'s self, field: &'s Field) -> Option<&'s Type> {
        match &field.kind {
            TypeRef::Named(name) => self.named(name),
            TypeRef::Inline(inline) => Some(inline),
            TypeRef::Element(name) => match &self.element(name)?.kind {
                TypeRef::Named(name) => self.named(name),
                TypeRef::Inline(inline) => Some(inline),
                TypeRef::Element(_) | TypeRef::Any => None,
            },
            TypeRef::Any => None,
        }
    }

    /// The name of a field's type, if it has one.
    pub fn type_name<'s>(&'s self, field: &'s Field) -> Option<&'s QName> {
        match &field.kind {
            TypeRef::Named(name) => Some(name),
            TypeRef::Element(name) => match &self.element(name)?.kind {
                TypeRef::Named(name) => Some(name),
                _ => None,
            },
            _ => None,
        }
    }

    /// All fields of a type, those of the types that it extends before its own.
    pub fn fields<'s>(&'s self, of: &'s Type) -> Vec<&'s Field> {
        self.levels(of).into_iter().rev().flat_map(|level| &level.fields).collect()
    }

    /// A type, and those that it extends, one after the other.
    pub(super) fn levels<'s>(&'s self, of: &'s Type) -> Vec<&'s Type> {
        let mut levels = vec![of];
        let mut at = of;
        while at.extends && levels.len() < DEEPEST {
            match at.base.as_ref().and_then(|base| self.named(base)) {
                Some(base) => levels.push(base),
                None => break,
            }
            at = levels[levels.len() - 1];
        }
        levels
    }

    /// Is the field's type, or one that it is made of, defined by no schema?
    pub(super) fn has_gaps(&self, field: &Field) -> bool {
        let undefined = |name: &QName| name.builtin().is_none() && self.named(name).is_none();
        let Some(mut at) = self.type_of(field) else {
            return match &field.kind {
                TypeRef::Element(name) if self.element(name).is_none() => true,
                _ => self.type_name(field).is_some_and(undefined),
            };
        };
        for _ in 0..DEEPEST {
            match at.base.as_ref().filter(|base| base.builtin().is_none()) {
                None => return false,
                Some(base) => match self.named(base) {
                    Some(base) => at = base,
                    None => return true,
                },
            }
        }
        false
    }

    /// The built-in type that a field holds, however it is derived: `boolean`, `string`. `None` for
    /// one with fields and for one that no schema defines.
    pub fn text_type<'s>(&'s self, field: &'s Field) -> Option<&'s str> {
        if let Some(builtin) = self.type_name(field).and_then(QName::builtin) {
            return Some(builtin);
        }
        let mut at = self.type_of(field)?;
        for _ in 0..DEEPEST {
            if !at.simple {
                return None;
            }
            let base = at.base.as_ref()?;
            match base.builtin() {
                Some(builtin) => return Some(builtin),
                None => at = self.named(base)?,
            }
        }
        None
    }
}

/// The namespace of the types that every data contract of WCF has beside its own.
const SERIALIZATION: &str = "http://schemas.microsoft.com/2003/10/Serialization/";
/// Namespaces of standards (XML Schema, XML, SOAP and its encoding, WSDL, addressing, policies,
/// security, attachments, .NET's DataSet) begin so.
const STANDARD: [&str; 5] = [
    "http://www.w3.org/",
    "http://schemas.xmlsoap.org/",
    "http://docs.oasis-open.org/",
    "http://ws-i.org/",
    "urn:schemas-microsoft-com:",
];

/// Is what a namespace holds known by itself, or nothing that a message of the contract has, so that
/// a schema of it need not be fetched? A document may use its types without a definition.
pub(super) fn is_standard(namespace: &str) -> bool {
    namespace == SERIALIZATION || STANDARD.iter().any(|standard| namespace.starts_with(standard))
}
