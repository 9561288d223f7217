//! How a service's operation differs from the contract's.

use super::difference::Severity::{Breaking, Harmless, Unchecked};
use super::difference::{Difference, DifferenceKind as Kind, Severity};
use super::expected::{Expected, INPUTS, ITEM, Shape, result};
use super::find::{Found, Match};
use super::model::{Description, Message, Operation, Style};
use super::schema::{Field, Type};
use crate::soap::SoapVersion;

/// More fields than the contract knows are not listed one by one: nobody reads on.
const FURTHER: usize = 50;

/// What differences are collected in.
struct Comparison<'d> {
    description: &'d Description,
    operation: &'static str,
    /// The namespace of the wrapper, which all fields must have.
    namespace: &'d str,
    differences: Vec<Difference>,
}

impl Description {
    /// How an operation that was [found](Self::find) differs from the contract, in both directions.
    /// Its ports are taken to be the same but for the SOAP version, as .NET stacks write them.
    pub fn compare(&self, found: &Found) -> Vec<Difference> {
        let mut c = Comparison {
            description: self,
            operation: found.operation.name,
            namespace: &found.namespace,
            differences: Vec::new(),
        };
        c.name(found);
        for version in [SoapVersion::V11, SoapVersion::V12] {
            if !found.speaks(version) {
                let reason = "set the other version, if this one is set";
                let text = format!("is not offered in SOAP {version}");
                c.add(&found.name, Kind::Version, text, Harmless, reason);
            }
        }
        if let Some((_, operation)) = self.offered(found.operation, &found.name).first() {
            c.style(operation);
            c.input(found, operation);
            c.output(found, operation);
        }
        c.differences
    }
}

impl Comparison<'_> {
    fn add(
        &mut self,
        path: &str,
        kind: Kind,
        text: impl Into<String>,
        severity: Severity,
        reason: impl Into<String>,
    ) {
        self.differences.push(Difference {
            operation: self.operation,
            path: path.to_owned(),
            kind,
            text: text.into(),
            severity,
            reason: reason.into(),
        });
    }

    /// Notes what a document defines that could not be read; what it says is nobody's mistake.
    fn is_lost(&mut self, path: &str, field: Option<&Field>) -> bool {
        let schema = &self.description.schema;
        let lost = self.description.incomplete && field.is_none_or(|field| schema.has_gaps(field));
        if lost {
            let text = "is defined in an import that could not be read";
            self.add(path, Kind::Missing, text, Unchecked, "nothing is known of it");
        }
        lost
    }

    fn name(&mut self, found: &Found) {
        let contract = found.operation.name;
        if found.name != contract {
            let reason = "a client that is told the name (operation, or \"discover\") can call it";
            let text = format!("the contract calls it {contract}");
            self.add(&found.name, Kind::Name, text, Harmless, reason);
        }
        for (version, action) in &found.actions {
            let reason = "a client that is told the action (\"discover\") can call it";
            if found.unusual_action(*version).is_some() {
                let action = action.as_deref().unwrap_or_default();
                let text = format!("its SOAP {version} action is {action:?}, not namespace + name");
                self.add(&found.name, Kind::Name, text, Harmless, reason);
            }
        }
        if found.by == Match::Name && !self.description.incomplete {
            let inputs = found.operation.kind.inputs_type();
            let text = format!("the type of its input is not called {inputs}");
            let reason = "names of types do not travel";
            self.add(&found.name, Kind::Type, text, Harmless, reason);
        }
    }

    fn style(&mut self, operation: &Operation) {
        if operation.style == Style::Rpc {
            let reason = "the contract is document/literal: an rpc service reads other elements";
            self.add(&operation.name, Kind::Style, "its style is rpc", Breaking, reason);
        }
        if operation.encoded {
            let reason = "the contract is literal: encoded messages carry types and references";
            self.add(&operation.name, Kind::Encoding, "its messages are encoded", Breaking, reason);
        }
    }

    fn input(&mut self, found: &Found, operation: &Operation) {
        if !matches!(operation.input, Message::Element(_)) {
            if operation.style == Style::Document {
                let reason = "no element wraps its parameters, or the import that says is missing";
                self.add(&found.name, Kind::Message, "its input is not known", Breaking, reason);
            }
            return;
        }
        let description = self.description;
        if let Message::Element(name) = &operation.input
            && self.is_lost(&found.name, description.schema.element(name))
        {
            return;
        }
        let fields = description.parameters(&operation.input);
        let wanted = found.operation.kind.inputs_type();
        let is_typed =
            |f: &&&Field| description.schema.type_name(f).is_some_and(|n| n.name == wanted);
        let by_name = fields.iter().find(|field| field.name.name == "inputs");
        let by_type = fields.iter().find(is_typed);
        let Some(inputs) = by_name.or(by_type) else {
            let reason = "the service reads null in its place";
            self.add(&found.name, Kind::Missing, "has no parameter inputs", Breaking, reason);
            return;
        };
        let path = format!("{}/{}", found.name, inputs.name.name);
        if inputs.name.name != "inputs" {
            let text = "the parameter is called otherwise than inputs";
            let reason = "callers send inputs, and the service reads null";
            self.add(&path, Kind::Name, text, Breaking, reason);
        }
        self.namespace(&path, inputs);
        self.extra(&found.name, &fields, &["inputs", &inputs.name.name], true);
        self.record(&path, inputs, &INPUTS, true);
    }

    fn output(&mut self, found: &Found, operation: &Operation) {
        let Some(Message::Element(element)) = &operation.output else {
            let reason = "there is no answer to read";
            let described = operation.style == Style::Document;
            if operation.output == Some(Message::Unknown) && self.is_lost(&found.name, None) {
                return;
            }
            if operation.output.is_none() {
                self.add(&found.name, Kind::Message, "it is one-way", Breaking, reason);
            } else if described {
                self.add(&found.name, Kind::Message, "its output is not known", Breaking, reason);
            }
            return;
        };
        let response = format!("{}Response", found.name);
        if element.name != response || element.namespace != self.namespace {
            let text = format!("the answer's element is {element}");
            let reason = format!("{{{}}}{response} is due", self.namespace);
            self.add(&response, Kind::Name, text, Breaking, reason);
        }
        if self.is_lost(&response, self.description.schema.element(element)) {
            return;
        }
        let fields = match &operation.output {
            Some(output) => self.description.parameters(output),
            None => Vec::new(),
        };
        let name = format!("{}Result", found.name);
        let Some(result_field) = fields.iter().find(|f| f.name.name == name).or(fields.first())
        else {
            let text = format!("has no {name}");
            self.add(&response, Kind::Missing, text, Breaking, "there is no result to read");
            return;
        };
        let path = format!("{response}/{}", result_field.name.name);
        if result_field.name.name != name {
            let text = format!("the result is called otherwise than {name}");
            self.add(&path, Kind::Name, text, Breaking, "no result is found in the answer");
        }
        self.namespace(&path, result_field);
        self.extra(&response, &fields, &[&name, &result_field.name.name], false);
        let kind = found.operation.kind;
        let wanted = kind.result_type();
        let type_name = self.description.schema.type_name(result_field);
        if let Some(other) = type_name.filter(|type_name| type_name.name != wanted) {
            let text = format!("its type is called {}, not {wanted}", other.name);
            self.add(&path, Kind::Type, text, Harmless, "names of types do not travel");
        }
        self.record(&path, result_field, result(kind), false);
    }

    /// The fields of a parameter, a result or an item.
    fn record(&mut self, path: &str, field: &Field, expected: &[Expected], sent: bool) {
        if self.is_lost(path, Some(field)) {
            return;
        }
        let Some(of) = self.description.schema.type_of(field) else {
            let reason = "nothing says what it holds";
            self.add(path, Kind::Type, "its type is not described", Breaking, reason);
            return;
        };
        let fields = self.description.schema.fields(of);
        let mut places = Vec::new();
        for expected in expected {
            let place = fields.iter().position(|field| field.name.name == expected.name);
            let Some(place) = place else {
                let text = format!("has no {}", expected.name);
                let severity = if expected.bearable { Harmless } else { Breaking };
                self.add(path, Kind::Missing, text, severity, expected.loss);
                continue;
            };
            places.push(place);
            self.field(&format!("{path}/{}", expected.name), fields[place], *expected);
        }
        if !places.is_sorted() && of.ordered {
            let names = fields.iter().map(|field| field.name.name.as_str());
            let names: Vec<&str> = names.take(FURTHER).collect();
            let text = format!("its fields stand in another order: {}", names.join(", "));
            let reason = "readers take the fields in any order";
            self.add(path, Kind::Order, text, Harmless, reason);
        }
        let known: Vec<&str> = expected.iter().map(|expected| expected.name).collect();
        self.extra(path, &fields, &known, sent);
    }

    fn extra(&mut self, path: &str, fields: &[&Field], known: &[&str], sent: bool) {
        let further = || fields.iter().filter(|field| !known.contains(&field.name.name.as_str()));
        for field in further().take(FURTHER) {
            let text = format!("has a further {}", field.name.name);
            if sent && field.min > 0 && !field.nillable {
                let reason = "no caller sends it, and a service that checks its schema refuses";
                self.add(path, Kind::Extra, text, Breaking, reason);
            } else {
                let reason = if sent { "it need not be sent" } else { "readers pass over it" };
                self.add(path, Kind::Extra, text, Harmless, reason);
            }
        }
        let rest: Vec<_> = further().skip(FURTHER).collect();
        if !rest.is_empty() {
            let due = sent && rest.iter().any(|field| field.min > 0 && !field.nillable);
            let (severity, reason) = match due {
                true => (Breaking, "no caller sends what must be there"),
                false => (Harmless, "they need not be sent, and readers pass over them"),
            };
            self.add(
                path,
                Kind::Extra,
                format!("has {} more fields", rest.len()),
                severity,
                reason,
            );
        }
    }

    fn namespace(&mut self, path: &str, field: &Field) {
        let found = &field.name.namespace;
        if found != self.namespace {
            let text = match found.is_empty() {
                true => "is unqualified (in no namespace)".to_owned(),
                false => format!("is in the namespace {found}"),
            };
            let reason =
                format!("the other side looks for it in {} and reads null", self.namespace);
            self.add(path, Kind::Namespace, text, Breaking, reason);
        }
    }

    fn field(&mut self, path: &str, field: &Field, expected: Expected) {
        self.namespace(path, field);
        if self.is_lost(path, Some(field)) {
            return;
        }
        let schema = &self.description.schema;
        let text_type = schema.text_type(field);
        let right = match expected.shape {
            Shape::Boolean => text_type == Some("boolean"),
            Shape::Text => text_type.is_some_and(|name| !is_number(name)),
            Shape::Strings | Shape::Items => text_type.is_none() && schema.type_of(field).is_some(),
        };
        if !right {
            let found = schema.type_name(field).map(|name| name.name.as_str());
            let found = found.or(text_type).unwrap_or("not described");
            let text = format!("its type is {found}, not {}", shape_name(expected.shape));
            let reason = "what is written there cannot be read";
            self.add(path, Kind::Type, text, Breaking, reason);
            return;
        }
        if field.max != Some(1) {
            let reason = "each field is read once";
            self.add(path, Kind::Occurrence, "may stand several times", Harmless, reason);
        }
        if expected.shape == Shape::Boolean && field.min == 0 {
            let reason = ".NET always writes it; were it left out, the answer would be refused";
            self.add(path, Kind::Occurrence, "may be left out (minOccurs 0)", Harmless, reason);
        }
        if expected.shape != Shape::Boolean && field.min > 0 && !field.nillable {
            let reason = "it is sent, and read, all the same";
            self.add(path, Kind::Occurrence, "must be there (minOccurs 1)", Harmless, reason);
        }
        if field.nillable {
            let reason = "nil is read as absent";
            self.add(path, Kind::Nillable, "may be nil", Harmless, reason);
        }
        let item = match expected.shape {
            Shape::Strings => "string",
            Shape::Items => "ExternalCustomFieldData",
            Shape::Boolean | Shape::Text => return,
        };
        if let Some(of) = schema.type_of(field) {
            self.list(path, of, item);
        }
    }

    /// A list: one element, any number of times.
    fn list(&mut self, path: &str, of: &Type, item: &str) {
        let fields = self.description.schema.fields(of);
        let Some(field) = fields.iter().find(|f| f.name.name == item).or(fields.first()) else {
            let text = format!("is not a list of {item}");
            self.add(path, Kind::Type, text, Breaking, "no entry of it is read");
            return;
        };
        let inside = format!("{path}/{}", field.name.name);
        if field.name.name != item {
            let text = format!("the entries are called otherwise than {item}");
            self.add(&inside, Kind::Name, text, Breaking, "no entry of it is read");
        }
        self.namespace(&inside, field);
        if field.max == Some(1) {
            let reason = "all entries but one may be lost";
            self.add(&inside, Kind::Occurrence, "stands once at most", Breaking, reason);
        }
        if item == "string" {
            if self.is_lost(&inside, Some(field)) {
                return;
            }
            if self.description.schema.text_type(field).is_none_or(is_number) {
                let found = self.description.schema.type_name(field);
                let found = found.map_or("not described", |name| name.name.as_str());
                let text = format!("its type is {found}, not string");
                let reason = "what is written there cannot be read";
                self.add(&inside, Kind::Type, text, Breaking, reason);
            }
        } else {
            self.record(&inside, field, &ITEM, false);
        }
    }
}

fn shape_name(shape: Shape) -> &'static str {
    match shape {
        Shape::Boolean => "boolean",
        Shape::Text => "string",
        Shape::Strings => "a list of strings (ArrayOfString)",
        Shape::Items => "a list of ExternalCustomFieldData",
    }
}

/// Types that no free text can be read as.
fn is_number(builtin: &str) -> bool {
    !matches!(
        builtin,
        "string" | "normalizedString" | "token" | "anyURI" | "anyType" | "anySimpleType"
    )
}
