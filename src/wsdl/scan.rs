//! A reader for WSDL and schemas: attributes, qualified names, lines.

use super::error::{At, WsdlProblem, shown};
use super::limits::Limits;
use super::model::Style;
use super::schema::QName;
use crate::xml::Reader;

/// A reference and where it stands: the number of the document, the line.
pub(super) struct Reference {
    pub(super) name: QName,
    pub(super) document: usize,
    pub(super) line: usize,
}

impl std::fmt::Debug for Reference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.name)
    }
}

/// A reader that knows its document and counts lines as it goes.
pub(super) struct Scan<'a> {
    pub(super) r: Reader<'a>,
    pub(super) document: usize,
    /// Up to which byte lines were counted, and the line there.
    pub(super) counted: (usize, usize),
    pub(super) limits: Limits,
    /// Bytes of names and other attributes that were taken, of all documents.
    pub(super) names: usize,
    /// Those of the longest one.
    pub(super) longest: usize,
}

impl Scan<'_> {
    /// The next child, unless what was taken before it goes beyond the limits.
    pub(super) fn child(&mut self) -> Result<bool, At> {
        let Limits { name, names, .. } = self.limits;
        if self.longest > name {
            return self.err(WsdlProblem::Limit {
                what: "bytes in a name",
                name: "name",
                limit: name,
            });
        }
        if self.names > names {
            return self.err(WsdlProblem::Limit {
                what: "bytes of names",
                name: "names",
                limit: names,
            });
        }
        Ok(self.r.child()?)
    }

    /// Counts a name that is kept: one that stands in the document once, such as the target
    /// namespace, may be kept with each of many definitions.
    pub(super) fn keep(&mut self, name: &str) {
        self.names += name.len();
        self.longest = self.longest.max(name.len());
    }

    /// The line of the current element.
    pub(super) fn line(&mut self) -> usize {
        let to = self.r.offset();
        let passed = &self.r.source().as_bytes()[self.counted.0.min(to)..to];
        self.counted = (to, self.counted.1 + memchr::memchr_iter(b'\n', passed).count());
        self.counted.1
    }

    pub(super) fn err<T>(&mut self, problem: WsdlProblem) -> Result<T, At> {
        Err(At { line: self.line(), problem })
    }

    pub(super) fn attribute(&mut self, name: &str) -> Option<String> {
        let value = self.r.attribute("", name).map(|value| value.trim().to_owned())?;
        self.keep(&value);
        Some(value)
    }

    pub(super) fn required(&mut self, attribute: &'static str) -> Result<String, At> {
        match self.attribute(attribute) {
            Some(value) => Ok(value),
            None => {
                let element = shown(self.r.qualified());
                self.err(WsdlProblem::Attribute { element, attribute })
            }
        }
    }

    pub(super) fn qname(&mut self, name: &str) -> Result<QName, At> {
        let resolved = self.r.resolve(name).map(|(namespace, local)| QName::new(namespace, local));
        match resolved {
            Some(name) => {
                self.keep(&name.namespace);
                Ok(name)
            }
            None => {
                let element = shown(self.r.qualified());
                self.err(WsdlProblem::Name { element, name: shown(name) })
            }
        }
    }

    /// The name that the current element defines, in this namespace.
    pub(super) fn defined(&mut self, namespace: &str) -> Result<QName, At> {
        let name = self.required("name")?;
        self.keep(namespace);
        Ok(QName::new(namespace, name))
    }

    pub(super) fn reference(&mut self, attribute: &'static str) -> Result<Reference, At> {
        let name = self.required(attribute)?;
        let name = self.qname(&name)?;
        Ok(Reference { name, document: self.document, line: self.line() })
    }

    pub(super) fn number(&mut self, attribute: &'static str, value: &str) -> Result<u32, At> {
        match value.parse() {
            Ok(number) => Ok(number),
            Err(_) => {
                let element = shown(self.r.qualified());
                self.err(WsdlProblem::Value { element, attribute, value: shown(value) })
            }
        }
    }

    pub(super) fn style(&mut self) -> Option<Style> {
        match self.attribute("style")?.as_str() {
            "rpc" => Some(Style::Rpc),
            _ => Some(Style::Document),
        }
    }
}
