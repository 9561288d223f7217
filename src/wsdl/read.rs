//! Takes documents in, one by one.

use std::collections::BTreeMap;

use super::error::{At, WsdlError, WsdlProblem, shown};
use super::limits::Limits;
use super::model::Style;
use super::scan::{Reference, Scan};
use super::schema::{QName, Schema, is_standard};
use super::{WSDL, WSDL_SOAP, WSDL_SOAP12};
use crate::soap::SoapVersion;
use crate::xml::charset::Charset;
use crate::xml::{Reader, XSD};

/// Another document that one asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    /// Where it is, as written: absolute, or relative to the document that asks.
    pub location: String,
    /// The namespace that it is to fill: give it to [`Documents::add`].
    pub namespace: String,
    /// The line that asks, from 1.
    pub line: usize,
}

/// Documents that together describe a service.
#[derive(Debug, Default)]
pub struct Documents {
    pub(super) limits: Limits,
    pub(super) names: Vec<String>,
    pub(super) namespace: Option<String>,
    pub(super) schema: Schema,
    pub(super) messages: BTreeMap<QName, Vec<Part>>,
    pub(super) port_types: BTreeMap<QName, Vec<Abstract>>,
    pub(super) bindings: Vec<(QName, Binding)>,
    pub(super) ports: Vec<RawPort>,
    definitions: usize,
    bytes: usize,
    kept: usize,
}

#[derive(Debug)]
pub(super) struct Part {
    pub(super) name: String,
    pub(super) element: Option<QName>,
    pub(super) kind: Option<QName>,
}

/// An operation of a port type.
#[derive(Debug)]
pub(super) struct Abstract {
    pub(super) name: String,
    /// The input's own name, by which overloaded operations are told apart; else empty.
    pub(super) input_name: String,
    pub(super) input: Option<Reference>,
    pub(super) output: Option<Reference>,
}

#[derive(Debug)]
pub(super) struct Binding {
    pub(super) port_type: Reference,
    pub(super) version: SoapVersion,
    pub(super) operations: Vec<Bound>,
}

/// An operation of a binding.
#[derive(Debug)]
pub(super) struct Bound {
    pub(super) name: String,
    /// That of its input, or empty.
    pub(super) input_name: String,
    pub(super) action: Option<String>,
    pub(super) style: Style,
    pub(super) encoded: bool,
}

#[derive(Debug)]
pub(super) struct RawPort {
    pub(super) service: String,
    pub(super) name: String,
    pub(super) binding: Reference,
    pub(super) address: Option<String>,
}

impl Documents {
    /// No documents yet, other limits than the usual.
    pub fn with_limits(limits: Limits) -> Self {
        Self { limits, ..Self::default() }
    }

    /// Reads a document. `name` is for errors; `content_type` is that of the HTTP answer (empty if
    /// there is none); `namespace` is that of the import that asked for it. The first document must
    /// be WSDL, those that are imported may be schemas. What comes back is what it asks for in turn,
    /// but for schemas of standard namespaces (XML Schema's own, SOAP's encoding), which nobody needs.
    ///
    /// # Errors
    ///
    /// No XML, no WSDL, or something in it that cannot be understood: with the line.
    pub fn add(
        &mut self,
        name: &str,
        bytes: &[u8],
        content_type: &str,
        namespace: Option<&str>,
    ) -> Result<Vec<Import>, WsdlError> {
        let limit = |what, limit_name, limit| {
            let problem = WsdlProblem::Limit { what, name: limit_name, limit };
            At { line: 1, problem }.named(name)
        };
        if bytes.len() > self.limits.size {
            return Err(limit("bytes", "size", self.limits.size));
        }
        if self.names.len() >= self.limits.documents {
            return Err(limit("documents", "documents", self.limits.documents));
        }
        self.bytes += bytes.len();
        if self.bytes > self.limits.total {
            return Err(limit("bytes in all documents", "total", self.limits.total));
        }
        self.names.push(shown(name));
        let text = Charset::of_response(content_type)
            .decode(bytes)
            .map_err(|error| At::from(error).named(name))?;
        self.read(&text, namespace).map_err(|at| at.named(name))
    }

    fn read(&mut self, text: &str, namespace: Option<&str>) -> Result<Vec<Import>, At> {
        // Types may be nested in types, and each level is a call of a function.
        let limits = crate::xml::Limits { depth: 100, ..Default::default() };
        let mut scan = Scan {
            r: Reader::new(text, limits)?,
            document: self.names.len() - 1,
            counted: (0, 1),
            limits: self.limits,
            names: self.kept,
            longest: 0,
        };
        let s = &mut scan;
        s.r.root()?;
        let mut wanted = Vec::new();
        match (s.r.namespace(), s.r.local()) {
            (WSDL, "definitions") => self.read_definitions(s, &mut wanted)?,
            (XSD, "schema") if self.names.len() > 1 => {
                self.read_schema(s, namespace, &mut wanted)?;
            }
            ("http://www.w3.org/ns/wsdl", "description") => return s.err(WsdlProblem::Wsdl20),
            (namespace, local) => {
                let (namespace, local) = (shown(namespace), shown(local));
                return s.err(WsdlProblem::Root { namespace, local });
            }
        }
        s.r.finish()?;
        self.kept = s.names;
        Ok(wanted)
    }

    fn read_definitions(&mut self, s: &mut Scan<'_>, wanted: &mut Vec<Import>) -> Result<(), At> {
        let target = s.attribute("targetNamespace").unwrap_or_default();
        if self.namespace.is_none() {
            self.namespace = Some(target.clone());
        }
        while s.child()? {
            if s.r.namespace() != WSDL {
                s.r.skip()?;
                continue;
            }
            match s.r.local() {
                "import" => {
                    let namespace = s.attribute("namespace").unwrap_or_default();
                    if let Some(location) =
                        s.attribute("location").filter(|_| !is_standard(&namespace))
                    {
                        self.count(s)?;
                        wanted.push(Import { location, namespace, line: s.line() });
                    }
                    s.r.skip()?;
                }
                "types" => {
                    while s.child()? {
                        if s.r.is(XSD, "schema") {
                            self.read_schema(s, None, wanted)?;
                        } else {
                            s.r.skip()?;
                        }
                    }
                }
                "message" => self.read_message(s, &target)?,
                "portType" => self.read_port_type(s, &target)?,
                "binding" => self.read_binding(s, &target)?,
                "service" => self.read_service(s)?,
                _ => s.r.skip()?,
            }
        }
        Ok(())
    }

    fn read_message(&mut self, s: &mut Scan<'_>, target: &str) -> Result<(), At> {
        let name = s.defined(target)?;
        let mut parts = Vec::new();
        while s.child()? {
            if s.r.is(WSDL, "part") {
                self.count(s)?;
                parts.push(Part {
                    name: s.attribute("name").unwrap_or_default(),
                    element: s.attribute("element").map(|name| s.qname(&name)).transpose()?,
                    kind: s.attribute("type").map(|name| s.qname(&name)).transpose()?,
                });
            }
            s.r.skip()?;
        }
        self.count(s)?;
        self.messages.entry(name).or_insert(parts);
        Ok(())
    }

    fn read_port_type(&mut self, s: &mut Scan<'_>, target: &str) -> Result<(), At> {
        let name = s.defined(target)?;
        let mut operations = Vec::new();
        while s.child()? {
            if !s.r.is(WSDL, "operation") {
                s.r.skip()?;
                continue;
            }
            self.count(s)?;
            let name = s.required("name")?;
            let input_name = String::new();
            let mut operation = Abstract { name, input_name, input: None, output: None };
            while s.child()? {
                match (s.r.namespace(), s.r.local()) {
                    (WSDL, "input") => {
                        operation.input_name = s.attribute("name").unwrap_or_default();
                        operation.input = Some(s.reference("message")?);
                    }
                    (WSDL, "output") => operation.output = Some(s.reference("message")?),
                    _ => {}
                }
                s.r.skip()?;
            }
            operations.push(operation);
        }
        self.port_types.entry(name).or_insert(operations);
        Ok(())
    }

    /// A binding; one that is not to SOAP is passed over.
    fn read_binding(&mut self, s: &mut Scan<'_>, target: &str) -> Result<(), At> {
        let name = s.defined(target)?;
        self.count(s)?;
        let port_type = s.reference("type")?;
        let (mut version, mut style, mut operations) = (None, Style::Document, Vec::new());
        while s.child()? {
            if s.r.is(WSDL, "operation") {
                self.count(s)?;
                operations.push(read_bound(s)?);
                continue;
            }
            if s.r.local() == "binding"
                && let Some(found) = binding_version(s.r.namespace())
            {
                version = Some(found);
                style = s.style().unwrap_or_default();
            }
            s.r.skip()?;
        }
        let Some(version) = version else { return Ok(()) };
        let operations = operations
            .into_iter()
            .map(|(bound, own): (Bound, Option<Style>)| Bound {
                style: own.unwrap_or(style),
                ..bound
            })
            .collect();
        self.bindings.push((name, Binding { port_type, version, operations }));
        Ok(())
    }

    fn read_service(&mut self, s: &mut Scan<'_>) -> Result<(), At> {
        let service = s.attribute("name").unwrap_or_default();
        while s.child()? {
            if !s.r.is(WSDL, "port") {
                s.r.skip()?;
                continue;
            }
            self.count(s)?;
            s.keep(&service);
            let name = s.attribute("name").unwrap_or_default();
            let mut port = RawPort {
                service: service.clone(),
                name,
                binding: s.reference("binding")?,
                address: None,
            };
            while s.child()? {
                if s.r.local() == "address" && binding_version(s.r.namespace()).is_some() {
                    port.address = s.attribute("location");
                }
                s.r.skip()?;
            }
            self.ports.push(port);
        }
        Ok(())
    }

    /// Counts a definition against the limit.
    pub(super) fn count(&mut self, s: &mut Scan<'_>) -> Result<(), At> {
        self.definitions += 1;
        if self.definitions > self.limits.definitions {
            let limit = self.limits.definitions;
            return s.err(WsdlProblem::Limit { what: "definitions", name: "definitions", limit });
        }
        Ok(())
    }
}

fn binding_version(namespace: &str) -> Option<SoapVersion> {
    match namespace {
        WSDL_SOAP => Some(SoapVersion::V11),
        WSDL_SOAP12 => Some(SoapVersion::V12),
        _ => None,
    }
}

/// An operation of a binding, with its own style if it has one.
fn read_bound(s: &mut Scan<'_>) -> Result<(Bound, Option<Style>), At> {
    let name = s.required("name")?;
    let (input_name, style) = (String::new(), Style::Document);
    let mut bound = Bound { name, input_name, action: None, style, encoded: false };
    let mut style = None;
    while s.child()? {
        if s.r.local() == "operation" && binding_version(s.r.namespace()).is_some() {
            bound.action = s.attribute("soapAction");
            style = s.style();
        } else if s.r.is(WSDL, "input") || s.r.is(WSDL, "output") {
            if s.r.local() == "input" {
                bound.input_name = s.attribute("name").unwrap_or_default();
            }
            while s.child()? {
                if s.r.local() == "body" && binding_version(s.r.namespace()).is_some() {
                    bound.encoded |= s.attribute("use").is_some_and(|usage| usage == "encoded");
                }
                s.r.skip()?;
            }
            continue;
        }
        s.r.skip()?;
    }
    Ok((bound, style))
}
