//! Puts the pieces of all documents together.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::error::{WsdlError, WsdlProblem};
use super::model::{Description, Message, Operation, Port};
use super::read::{Abstract, Binding, Documents, RawPort};
use super::scan::Reference;
use super::schema::{Field, QName, Type, TypeRef, is_standard};

/// Collects what is missing, or fails at the first.
struct Resolver<'d> {
    documents: &'d Documents,
    /// Were all imports read, so that whatever is missing is a mistake?
    complete: bool,
    missing: Vec<String>,
    /// By name; of two with one name the first counts.
    bindings: BTreeMap<&'d QName, &'d Binding>,
    /// What comes of a binding, a port type and a message, each resolved once however often it is
    /// referred to: by its address or name.
    operations: BTreeMap<*const Binding, Arc<[Operation]>>,
    port_types: BTreeMap<&'d QName, Arc<PortType<'d>>>,
    messages: BTreeMap<&'d QName, Message>,
    /// Bytes of names in the operations.
    names: usize,
}

/// The operations of a port type by name, and by that of their input: overloaded ones share a name.
type PortType<'d> = BTreeMap<(&'d str, &'d str), &'d Abstract>;

impl Documents {
    /// The service that the documents describe. `complete` says whether all that they asked for was
    /// added: if not, what cannot be found is listed in [`Description::missing`].
    ///
    /// # Errors
    ///
    /// A reference to something that is not there, no SOAP service at all, or more names in its
    /// operations than [`Limits::names`](super::Limits::names).
    pub fn finish(self, complete: bool) -> Result<Description, WsdlError> {
        let bindings = self.bindings.iter().rev().map(|(name, binding)| (name, binding)).collect();
        let mut resolver = Resolver {
            documents: &self,
            complete,
            missing: Vec::new(),
            bindings,
            operations: BTreeMap::new(),
            port_types: BTreeMap::new(),
            messages: BTreeMap::new(),
            names: 0,
        };
        let mut ports = Vec::new();
        for port in &self.ports {
            ports.extend(resolver.port(port)?);
        }
        if ports.is_empty() {
            for (name, binding) in &self.bindings {
                ports.push(Port {
                    service: String::new(),
                    name: name.name.clone(),
                    address: None,
                    version: binding.version,
                    operations: resolver.operations(binding)?,
                });
            }
        }
        if ports.is_empty() && complete {
            let document = self.names.first().cloned().unwrap_or_default();
            return Err(WsdlError { document, line: 1, problem: WsdlProblem::NoService });
        }
        resolver.types();
        let missing = resolver.missing;
        let namespace = self.namespace.unwrap_or_default();
        Ok(Description { namespace, ports, schema: self.schema, missing, incomplete: !complete })
    }
}

impl<'d> Resolver<'d> {
    fn dangling(&mut self, what: &'static str, reference: &Reference) -> Result<(), WsdlError> {
        let name = reference.name.to_string();
        if self.complete {
            return Err(WsdlError {
                document: self.documents.names[reference.document].clone(),
                line: reference.line,
                problem: WsdlProblem::Dangling { what, name },
            });
        }
        self.note(format!("{what} {name}"));
        Ok(())
    }

    fn note(&mut self, missing: String) {
        if !self.missing.contains(&missing) && self.missing.len() < 100 {
            self.missing.push(missing);
        }
    }

    /// A port, unless it is bound to something else than SOAP.
    fn port(&mut self, port: &'d RawPort) -> Result<Option<Port>, WsdlError> {
        let Some(binding) = self.bindings.get(&port.binding.name).copied() else {
            // A port without a SOAP address is one of plain HTTP, whose binding was passed over.
            if port.address.is_some() {
                self.dangling("binding", &port.binding)?;
            }
            return Ok(None);
        };
        Ok(Some(Port {
            service: port.service.clone(),
            name: port.name.clone(),
            address: port.address.clone(),
            version: binding.version,
            operations: self.operations(binding)?,
        }))
    }

    fn operations(&mut self, binding: &'d Binding) -> Result<Arc<[Operation]>, WsdlError> {
        if let Some(resolved) = self.operations.get(&std::ptr::from_ref(binding)) {
            return Ok(Arc::clone(resolved));
        }
        let known = self.port_type(binding)?;
        let mut operations = Vec::with_capacity(binding.operations.len());
        for bound in &binding.operations {
            let name = (bound.name.as_str(), bound.input_name.as_str());
            let mut namesakes =
                known.range((name.0, "")..).take_while(|((found, _), _)| *found == name.0);
            let found = known.get(&name).or_else(|| namesakes.next().map(|(_, found)| found));
            let (input, output) = match found {
                Some(found) => (found.input.as_ref(), found.output.as_ref()),
                None => (None, None),
            };
            let operation = Operation {
                name: bound.name.clone(),
                action: bound.action.clone(),
                style: bound.style,
                encoded: bound.encoded,
                input: input.map_or(Ok(Message::Unknown), |input| self.message(input))?,
                output: output.map(|output| self.message(output)).transpose()?,
            };
            self.keep(&operation, &binding.port_type)?;
            operations.push(operation);
        }
        let operations: Arc<[Operation]> = operations.into();
        self.operations.insert(binding, Arc::clone(&operations));
        Ok(operations)
    }

    fn port_type(&mut self, binding: &'d Binding) -> Result<Arc<PortType<'d>>, WsdlError> {
        let name = &binding.port_type.name;
        if let Some(known) = self.port_types.get(name) {
            return Ok(Arc::clone(known));
        }
        let port_type = self.documents.port_types.get(name);
        if port_type.is_none() {
            self.dangling("portType", &binding.port_type)?;
        }
        let operations = port_type.into_iter().flatten().rev();
        let names = |found: &'d Abstract| (found.name.as_str(), found.input_name.as_str());
        let known = Arc::new(operations.map(|found| (names(found), found)).collect());
        self.port_types.insert(name, Arc::clone(&known));
        Ok(known)
    }

    /// Counts what an operation holds: many may have one message with many parts.
    fn keep(&mut self, operation: &Operation, reference: &Reference) -> Result<(), WsdlError> {
        let name = |name: &QName| name.namespace.len() + name.name.len();
        let message = |message: &Message| match message {
            Message::Element(element) => name(element),
            Message::Parts(parts) => {
                let each = parts.iter().map(|(part, kind)| part.len() + name(kind));
                each.sum::<usize>() + size_of_val(parts.as_slice())
            }
            Message::Unknown => 0,
        };
        self.names += operation.name.len()
            + operation.action.as_ref().map_or(0, String::len)
            + message(&operation.input)
            + operation.output.as_ref().map_or(0, message);
        let limit = self.documents.limits.names;
        if self.names <= limit {
            return Ok(());
        }
        let what = "bytes of names in the operations";
        Err(WsdlError {
            document: self.documents.names[reference.document].clone(),
            line: reference.line,
            problem: WsdlProblem::Limit { what, name: "names", limit },
        })
    }

    fn message(&mut self, reference: &'d Reference) -> Result<Message, WsdlError> {
        if let Some(known) = self.messages.get(&reference.name) {
            return Ok(known.clone());
        }
        let message = self.read_message(reference)?;
        self.messages.insert(&reference.name, message.clone());
        Ok(message)
    }

    fn read_message(&mut self, reference: &Reference) -> Result<Message, WsdlError> {
        let Some(parts) = self.documents.messages.get(&reference.name) else {
            self.dangling("message", reference)?;
            return Ok(Message::Unknown);
        };
        if let [part] = parts.as_slice()
            && let Some(element) = &part.element
        {
            if self.documents.schema.element(element).is_none() {
                let reference = Reference { name: element.clone(), ..*reference };
                self.dangling("element", &reference)?;
            }
            return Ok(Message::Element(element.clone()));
        }
        let typed = |part: &super::read::Part| {
            let kind = part.kind.as_ref().or(part.element.as_ref());
            (part.name.clone(), kind.cloned().unwrap_or_default())
        };
        Ok(Message::Parts(parts.iter().map(typed).collect()))
    }

    /// Notes the types that fields have and no schema defines.
    fn types(&mut self) {
        let schema = &self.documents.schema;
        let elements = schema.elements.values().filter_map(named);
        let mut wanted: Vec<&QName> = elements.collect();
        let inline = schema.elements.values().filter_map(inline);
        for found in schema.types.values().chain(inline) {
            wanted.extend(found.base.iter());
            wanted.extend(found.fields.iter().filter_map(named));
        }
        wanted.sort_unstable();
        wanted.dedup();
        for name in wanted {
            if !is_standard(&name.namespace) && schema.named(name).is_none() {
                self.note(format!("type {name}"));
            }
        }
    }
}

fn named(field: &Field) -> Option<&QName> {
    match &field.kind {
        TypeRef::Named(name) => Some(name),
        _ => None,
    }
}

fn inline(field: &Field) -> Option<&Type> {
    match &field.kind {
        TypeRef::Inline(inline) => Some(inline),
        _ => None,
    }
}
