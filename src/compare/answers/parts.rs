//! What an answer says, part by part.

use std::collections::HashMap;

use crate::compare::differences::Value;
use crate::compare::tree::{Content, Element, Node, Tree};
use crate::contract::raw::RawCustomFieldData;
use crate::http::{Answered, HttpResponse, media_type};
use crate::soap::SoapVersion;
use crate::xml::charset::Charset;

/// What came of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Result,
    Fault,
    Page,
    Nothing,
}

impl Kind {
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Result => "a result",
            Self::Fault => "a fault",
            Self::Page => "a page",
            Self::Nothing => "no answer",
        }
    }
}

/// One thing that an answer says.
#[derive(Debug)]
pub(super) struct Part {
    /// `Message`, `output EmailAddress`, `field Serial: NewVisibleValue`.
    pub(super) name: String,
    /// The variable or field that it is about.
    pub(super) of: Option<String>,
    /// Is it one property of a field?
    pub(super) is_property: bool,
    pub(super) value: Value,
}

/// What an answer says, part by part. Of variables that stand twice the last counts, an absent flag is
/// false, and the new value of a property that is not to change is left out (wsdl/CONTRACT.md, section 3).
#[derive(Debug)]
pub(crate) struct Parts {
    pub(super) kind: Kind,
    pub(super) list: Vec<Part>,
    /// The keys of outputs and the names of fields, in order.
    pub(super) outputs: Vec<String>,
    pub(super) fields: Vec<String>,
}

impl Parts {
    /// Those of what came of a call: an answer, or the reason why there is none.
    pub(crate) fn of(answer: Result<&Answered, &str>) -> Self {
        answer.map_or_else(Self::of_nothing, |answered| Self::of_response(&answered.response))
    }

    fn new(kind: Kind) -> Self {
        Self { kind, list: Vec::new(), outputs: Vec::new(), fields: Vec::new() }
    }

    fn of_nothing(why: &str) -> Self {
        let mut parts = Self::new(Kind::Nothing);
        parts.add("no answer", Value::text(why));
        parts
    }

    pub(crate) fn of_response(response: &HttpResponse) -> Self {
        let content_type = response.headers.get("Content-Type").unwrap_or_default();
        let decoded = Charset::of_response(&content_type).decode(&response.body);
        let text = decoded.unwrap_or_else(|_| String::from_utf8_lossy(&response.body));
        let tree = Tree::read(&text);
        let mut parts = tree.as_ref().and_then(Self::of_message).unwrap_or_else(|| {
            let mut parts = Self::new(Kind::Page);
            parts.add("page", Value::text(text.trim()));
            parts
        });
        parts.add("status", Value::text(&response.status.to_string()));
        parts.add("media type", Value::text(&media_type(&content_type).to_ascii_lowercase()));
        parts
    }

    fn of_message(tree: &Tree<'_>) -> Option<Self> {
        let (_, envelope) = tree.root()?;
        let version = SoapVersion::of_namespace(tree.uri(envelope))?;
        let (place, first) = tree.elements(tree.body()?).next()?;
        let is_fault = first.local() == "Fault" && tree.uri(first) == tree.uri(envelope);
        let mut parts = Self::new(if is_fault { Kind::Fault } else { Kind::Result });
        parts.add("SOAP version", Value::text(&version.to_string()));
        if is_fault {
            parts.fault(tree, place);
        } else {
            parts.add("response element", Value::text(first.local()));
            parts.add("namespace", Value::text(tree.uri(first)));
            match tree.elements(place).next() {
                Some((place, _)) => parts.result(tree, place),
                None => parts.add("result", Value::Empty),
            }
        }
        Some(parts)
    }

    fn add(&mut self, name: impl Into<String>, value: Value) {
        self.list.push(Part { name: name.into(), of: None, is_property: false, value });
    }

    fn fault(&mut self, tree: &Tree<'_>, fault: usize) {
        for (place, element) in tree.elements(fault) {
            let name = match element.local() {
                "faultcode" | "Code" => "code",
                "faultstring" | "Reason" => "reason",
                "faultactor" | "Node" => "actor",
                local => &local.to_ascii_lowercase(),
            };
            let place = match name {
                // Subcodes stand beside it.
                "code" => tree.elements(place).next().map_or(place, |(value, _)| value),
                _ => place,
            };
            let text = all_text(tree, place);
            // A qualified name, whatever its prefix (SOAP 1.1, section 4.4).
            let text =
                if name == "code" { text.rsplit(':').next().unwrap_or_default() } else { &text };
            self.add(format!("fault {name}"), Value::text(text));
        }
    }

    fn result(&mut self, tree: &Tree<'_>, result: usize) {
        if matches!(tree.content(result), Content::Nil) {
            return self.add("result", Value::Nil);
        }
        for (place, element) in tree.elements(result) {
            match element.local() {
                "Success" => self.add("Success", flag(tree, place)),
                list @ ("OutputVariables" | "CustomFieldDataItems") => {
                    // What is in it is said by itself.
                    self.add(list, Value::content(tree, place));
                    match list {
                        "OutputVariables" => self.outputs(tree, place),
                        _ => self.fields(tree, place),
                    }
                }
                "Message" => self.add("Message", Value::content(tree, place)),
                other => {
                    let value = match tree.content(place) {
                        Content::Nodes => Value::text(&all_text(tree, place)),
                        _ => Value::content(tree, place),
                    };
                    self.add(format!("element {other}"), value);
                }
            }
        }
    }

    fn outputs(&mut self, tree: &Tree<'_>, list: usize) {
        let mut known: HashMap<String, usize> = HashMap::new();
        for (place, _) in tree.elements(list) {
            let (key, value) = match tree.content(place) {
                Content::Text(text) => match text.split_once('=') {
                    Some((key, value)) => (folded(key), Value::text(&blind(key, value))),
                    None => (format!("{text:?} without ="), Value::text(text)),
                },
                content => (
                    format!("({})", if content == Content::Nil { "nil" } else { "empty" }),
                    Value::content(tree, place),
                ),
            };
            match known.get(&key) {
                Some(&at) => self.list[at].value = value,
                None => {
                    known.insert(key.clone(), self.list.len());
                    self.outputs.push(key.clone());
                    let name = format!("output {key}");
                    self.list.push(Part { name, of: Some(key), is_property: false, value });
                }
            }
        }
    }

    fn fields(&mut self, tree: &Tree<'_>, list: usize) {
        let mut seen: HashMap<String, usize> = HashMap::new();
        for (place, _) in tree.elements(list) {
            let property = |name: &str| {
                let found =
                    tree.elements(place).find(|(_, e): &(usize, &Element<'_>)| e.local() == name);
                found.map(|(place, _)| place)
            };
            let name = match property("CustomFieldName").map(|name| tree.content(name)) {
                Some(Content::Text(name)) => name.to_owned(),
                _ => "(without a name)".to_owned(),
            };
            let count = seen.entry(name.clone()).or_default();
            *count += 1;
            let label = if *count > 1 { format!("{name}[{count}]") } else { name.clone() };
            self.fields.push(label.clone());
            let mut add = |property: Option<&str>, value| {
                let is_property = property.is_some();
                let part = property
                    .map_or_else(|| format!("field {label}"), |p| format!("field {label}: {p}"));
                self.list.push(Part { name: part, of: Some(name.clone()), is_property, value });
            };
            add(None, Value::content(tree, place));
            let flag = |name: &str| {
                property(name).map_or_else(|| Value::text("false"), |place| flag(tree, place))
            };
            let changes = |name: &str| flag(name) == Value::text("true");
            for name in RawCustomFieldData::FLAGS {
                let counts = match name {
                    "NewVisibleValue" => changes("ChangeVisible"),
                    "NewRequiredValue" => changes("ChangeRequired"),
                    _ => true,
                };
                if counts {
                    add(Some(name), flag(name));
                }
            }
            if changes("ChangeListOptions") {
                let options =
                    property("ListOptions").map_or(Value::Absent, |list| options(tree, list));
                add(Some("ListOptions"), options);
            }
        }
    }

    /// Is it a result or a fault?
    pub(crate) fn is_soap(&self) -> bool {
        matches!(self.kind, Kind::Result | Kind::Fault)
    }

    /// Does the other say as much, thing for thing?
    pub(crate) fn is_twin(&self, other: &Self) -> bool {
        (self.kind, self.list.len()) == (other.kind, other.list.len())
    }

    fn get(&self, name: &str) -> &Value {
        let found = self.list.iter().find(|part| part.name == name);
        found.map_or(&Value::Absent, |part| &part.value)
    }

    /// What it is, for people.
    pub(super) fn summary(&self) -> Value {
        let text = |name| match self.get(name) {
            Value::Text(text) => text.as_str(),
            _ => "",
        };
        Value::Text(match self.kind {
            Kind::Result => format!(
                "a result: Success {}, Message {}",
                self.get("Success"),
                self.get("Message")
            ),
            Kind::Fault => format!("a fault: {}", text("fault reason")),
            Kind::Page => {
                format!("HTTP {}, {}: {}", text("status"), text("media type"), text("page"))
            }
            Kind::Nothing => text("no answer").to_owned(),
        })
    }
}

/// Are keys the same? `cf_` is matched without case (wsdl/CONTRACT.md, section 3).
fn folded(key: &str) -> String {
    match key.get(..3) {
        Some(prefix) if prefix.eq_ignore_ascii_case("cf_") => format!("cf_{}", &key[3..]),
        _ => key.to_owned(),
    }
}

/// The value as it is read: of two outputs in any case (wsdl/CONTRACT.md, section 3).
fn blind(key: &str, value: &str) -> String {
    match key {
        "CanStartTickets" | "CanStartChats" => value.to_ascii_lowercase(),
        _ => value.to_owned(),
    }
}

/// A boolean of XML Schema.
fn flag(tree: &Tree<'_>, place: usize) -> Value {
    match tree.content(place) {
        Content::Text(text) => Value::text(match text.trim() {
            "1" => "true",
            "0" => "false",
            other => other,
        }),
        _ => Value::content(tree, place),
    }
}

fn options(tree: &Tree<'_>, list: usize) -> Value {
    if tree.content(list) != Content::Nodes {
        return Value::content(tree, list);
    }
    let shown = |(place, _)| match tree.content(place) {
        Content::Text(text) => format!("{text:?}"),
        content => if content == Content::Nil { "nil" } else { "\"\"" }.to_owned(),
    };
    Value::text(&tree.elements(list).map(shown).collect::<Vec<_>>().join(", "))
}

fn all_text(tree: &Tree<'_>, place: usize) -> String {
    let end = match tree.nodes().get(place) {
        Some(Node::Element(element)) => element.end(),
        _ => place,
    };
    let inside = tree.nodes().get(place..end).unwrap_or_default();
    inside
        .iter()
        .filter_map(|node| if let Node::Text(text) = node { Some(&**text) } else { None })
        .collect()
}
