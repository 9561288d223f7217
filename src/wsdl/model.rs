//! A described service.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::schema::{Field, QName, Schema};
use crate::soap::SoapVersion;

/// What a service says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Description {
    /// The target namespace of the first document. That of the messages is their elements' own.
    pub namespace: String,
    /// The SOAP ports, in order; without any, one for each SOAP binding.
    pub ports: Vec<Port>,
    /// The elements and types.
    pub schema: Schema,
    /// What the documents refer to and none defines, because an import could not be read.
    pub missing: Vec<String>,
    /// Was a document not read that others ask for? Then what is not found may be there.
    pub incomplete: bool,
}

/// A SOAP port: where and in which version a service is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Port {
    /// The name of the service; empty for a binding without a port.
    pub service: String,
    /// The port's name.
    pub name: String,
    /// The address that the document gives, which is often an inner one.
    pub address: Option<String>,
    /// The version of SOAP.
    pub version: SoapVersion,
    /// The operations, in the order of the binding: ports of one binding share them.
    pub operations: Arc<[Operation]>,
}

/// An operation of a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operation {
    /// Its name.
    pub name: String,
    /// `soapAction`; `None` when it is not given.
    pub action: Option<String>,
    /// Its style.
    pub style: Style,
    /// Is a message encoded (`use="encoded"`) rather than literal?
    pub encoded: bool,
    /// The message that is sent.
    pub input: Message,
    /// The message that comes back; `None` for a one-way operation.
    pub output: Option<Message>,
}

impl Operation {
    /// What it is called in messages: the element that wraps its parameters. ASMX gives a method
    /// another there if its author did (`MessageName`), as overloaded ones must have.
    pub fn wire_name(&self) -> &str {
        match &self.input {
            Message::Element(element) => &element.name,
            Message::Parts(_) | Message::Unknown => &self.name,
        }
    }
}

/// What stands in the Body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// One element of the schema.
    Element(QName),
    /// Parts with types of their own, as style `rpc` has them, or none at all.
    Parts(Vec<(String, QName)>),
    /// Not known: an import could not be read.
    Unknown,
}

/// The style of an operation (WSDL 1.1, section 3.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Style {
    /// `document`.
    #[default]
    Document,
    /// `rpc`.
    Rpc,
}

impl Description {
    /// The names of all operations, each once, in order.
    pub fn operation_names(&self) -> Vec<&str> {
        let mut seen = BTreeSet::new();
        let all = self.bindings().flat_map(|port| port.operations.iter());
        all.map(|operation| operation.name.as_str()).filter(|name| seen.insert(*name)).collect()
    }

    /// The first port of each binding. Many ports may share one, and none of the others says
    /// anything more about its operations.
    pub(super) fn bindings(&self) -> impl Iterator<Item = &Port> {
        let mut seen = BTreeSet::new();
        self.ports.iter().filter(move |port| {
            let operations = Arc::as_ptr(&port.operations).cast::<Operation>();
            seen.insert((operations, port.version == SoapVersion::V12))
        })
    }

    /// The fields of a wrapped message: the parameters of an input, the result of an output.
    pub fn parameters(&self, message: &Message) -> Vec<&Field> {
        let Message::Element(name) = message else { return Vec::new() };
        let wrapper = self.schema.element(name).and_then(|element| self.schema.type_of(element));
        wrapper.map(|wrapper| self.schema.fields(wrapper)).unwrap_or_default()
    }
}
