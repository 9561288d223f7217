//! A reader for WSDL and schemas: attributes, qualified names, lines.

use super::error::{At, WsdlProblem, shown};
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
}

impl Scan<'_> {
    pub(super) fn child(&mut self) -> Result<bool, At> {
        Ok(self.r.child()?)
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

    pub(super) fn attribute(&self, name: &str) -> Option<String> {
        self.r.attribute("", name).map(|value| value.trim().to_owned())
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
        match self.r.resolve(name) {
            Some((namespace, local)) => Ok(QName::new(namespace, local)),
            None => {
                let element = shown(self.r.qualified());
                self.err(WsdlProblem::Name { element, name: shown(name) })
            }
        }
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

    pub(super) fn style(&self) -> Option<Style> {
        match self.attribute("style")?.as_str() {
            "rpc" => Some(Style::Rpc),
            _ => Some(Style::Document),
        }
    }
}
