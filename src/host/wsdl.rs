//! `?WSDL` and `?disco`, generated for the operations that a service has (wsdl/ASMX.md, section 2).

use super::endpoint::{Endpoint, Route};
use crate::contract::Kind;
use crate::contract::raw::RawCustomFieldData;
use crate::xml::Writer;

/// Text between the quotes of an attribute. Namespaces and addresses hold nothing that XML cannot.
fn attribute(text: &str) -> String {
    let mut writer = Writer::default();
    match writer.attribute(text) {
        Ok(()) => writer.into_string(),
        Err(_) => String::new(),
    }
}

/// The description of a service that is called at `location`.
pub(super) fn wsdl(service: &Endpoint, location: &str) -> String {
    let operations = &service.operations;
    let (name, location) = (service.name.as_str(), attribute(location));
    let namespace = attribute(service.namespace());
    let mut out = String::with_capacity(2048 + 2304 * operations.len());
    push(
        &mut out,
        &[
            "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<wsdl:definitions \
             xmlns:soapenc=\"http://schemas.xmlsoap.org/soap/encoding/\" \
             xmlns:soap12=\"http://schemas.xmlsoap.org/wsdl/soap12/\" \
             xmlns:http=\"http://schemas.xmlsoap.org/wsdl/http/\" xmlns:tns=\"",
            &namespace,
            "\" xmlns:mime=\"http://schemas.xmlsoap.org/wsdl/mime/\" \
             xmlns:tm=\"http://microsoft.com/wsdl/mime/textMatching/\" \
             xmlns:s=\"http://www.w3.org/2001/XMLSchema\" \
             xmlns:soap=\"http://schemas.xmlsoap.org/wsdl/soap/\" targetNamespace=\"",
            &namespace,
            "\" xmlns:wsdl=\"http://schemas.xmlsoap.org/wsdl/\">\n  <wsdl:types>\n    \
             <s:schema elementFormDefault=\"qualified\" targetNamespace=\"",
            &namespace,
            "\">\n",
        ],
    );
    types(&mut out, operations);
    out.push_str("    </s:schema>\n  </wsdl:types>\n");
    for Route { info, .. } in operations {
        for (suffix, element) in [("SoapIn", ""), ("SoapOut", "Response")] {
            push(
                &mut out,
                &[
                    "  <wsdl:message name=\"",
                    info.name,
                    suffix,
                    "\">\n    <wsdl:part name=\"parameters\" element=\"tns:",
                    info.name,
                    element,
                    "\" />\n  </wsdl:message>\n",
                ],
            );
        }
    }
    push(&mut out, &["  <wsdl:portType name=\"", name, "Soap\">\n"]);
    for Route { info, .. } in operations {
        push(&mut out, &["    <wsdl:operation name=\"", info.name, "\">\n"]);
        push(&mut out, &["      <wsdl:input message=\"tns:", info.name, "SoapIn\" />\n"]);
        push(&mut out, &["      <wsdl:output message=\"tns:", info.name, "SoapOut\" />\n"]);
        out.push_str("    </wsdl:operation>\n");
    }
    out.push_str("  </wsdl:portType>\n");
    binding(&mut out, name, operations, "", "soap");
    binding(&mut out, name, operations, "12", "soap12");
    push(&mut out, &["  <wsdl:service name=\"", name, "\">\n"]);
    for (suffix, prefix) in [("", "soap"), ("12", "soap12")] {
        let port = [name, "Soap", suffix].concat();
        push(&mut out, &["    <wsdl:port name=\"", &port, "\" binding=\"tns:", &port, "\">\n"]);
        push(&mut out, &["      <", prefix, ":address location=\"", &location, "\" />\n"]);
        out.push_str("    </wsdl:port>\n");
    }
    out.push_str("  </wsdl:service>\n</wsdl:definitions>");
    out
}

fn push(out: &mut String, pieces: &[&str]) {
    out.extend(pieces.iter().copied());
}

/// For each operation its element and the type of its inputs, then its response element and the
/// type of its result; each type where it is first needed.
fn types(out: &mut String, operations: &[Route]) {
    let mut seen: Vec<Kind> = Vec::new();
    for Route { info, .. } in operations {
        let kind = info.kind;
        let first = !seen.contains(&kind);
        wrapper(out, info.name, "inputs", &kind.inputs_type());
        if first {
            let list = ["      ", &field("InputVariables", "tns:ArrayOfString")].concat();
            complex_type(out, &kind.inputs_type(), &list);
            if seen.is_empty() {
                complex_type(out, "ArrayOfString", &member("string", "s:string"));
            }
        }
        let response = [info.name, "Response"].concat();
        wrapper(out, &response, &[info.name, "Result"].concat(), &kind.result_type());
        if first {
            let indent = "      ";
            let mut fields = [indent, &boolean("Success")].concat();
            push(&mut fields, &[indent, &field("Message", "s:string")]);
            push(&mut fields, &[indent, &field("OutputVariables", "tns:ArrayOfString")]);
            if kind.has_items() {
                let items = field("CustomFieldDataItems", "tns:ArrayOfExternalCustomFieldData");
                push(&mut fields, &[indent, &items]);
            }
            complex_type(out, &kind.result_type(), &fields);
            if kind.has_items() {
                item_types(out);
            }
            seen.push(kind);
        }
    }
}

fn item_types(out: &mut String) {
    let item = member("ExternalCustomFieldData", "tns:ExternalCustomFieldData");
    complex_type(out, "ArrayOfExternalCustomFieldData", &item);
    let indent = "      ";
    let mut fields = [indent, &field("CustomFieldName", "s:string")].concat();
    for flag in &RawCustomFieldData::FLAGS[..5] {
        push(&mut fields, &[indent, &boolean(flag)]);
    }
    push(&mut fields, &[indent, &field("ListOptions", "tns:ArrayOfString")]);
    push(&mut fields, &[indent, &boolean("DisplayWithInformationLookup")]);
    complex_type(out, "ExternalCustomFieldData", &fields);
}

/// A wrapper element with its one parameter or result.
fn wrapper(out: &mut String, name: &str, child: &str, child_type: &str) {
    push(out, &["      <s:element name=\"", name, "\">\n        <s:complexType>\n"]);
    push(out, &["          <s:sequence>\n            "]);
    out.push_str(&field(child, &["tns:", child_type].concat()));
    out.push_str("          </s:sequence>\n        </s:complexType>\n      </s:element>\n");
}

/// `fields` are lines that are indented by six spaces; they stand four deeper.
fn complex_type(out: &mut String, name: &str, fields: &str) {
    push(out, &["      <s:complexType name=\"", name, "\">\n        <s:sequence>\n"]);
    for line in fields.lines() {
        push(out, &["    ", line, "\n"]);
    }
    out.push_str("        </s:sequence>\n      </s:complexType>\n");
}

fn field(name: &str, field_type: &str) -> String {
    format!("<s:element minOccurs=\"0\" maxOccurs=\"1\" name=\"{name}\" type=\"{field_type}\" />\n")
}

fn boolean(name: &str) -> String {
    format!("<s:element minOccurs=\"1\" maxOccurs=\"1\" name=\"{name}\" type=\"s:boolean\" />\n")
}

fn member(name: &str, member_type: &str) -> String {
    format!(
        "      <s:element minOccurs=\"0\" maxOccurs=\"unbounded\" name=\"{name}\" nillable=\"true\" \
         type=\"{member_type}\" />\n"
    )
}

fn binding(out: &mut String, name: &str, operations: &[Route], suffix: &str, prefix: &str) {
    push(out, &["  <wsdl:binding name=\"", name, "Soap", suffix, "\" type=\"tns:", name]);
    push(out, &["Soap\">\n    <", prefix, ":binding transport=\""]);
    out.push_str("http://schemas.xmlsoap.org/soap/http\" />\n");
    for Route { info, action, .. } in operations {
        push(out, &["    <wsdl:operation name=\"", info.name, "\">\n      <", prefix]);
        push(out, &[":operation soapAction=\"", &attribute(action), "\" style=\"document\" />\n"]);
        for direction in ["input", "output"] {
            push(out, &["      <wsdl:", direction, ">\n        <", prefix]);
            push(out, &[":body use=\"literal\" />\n      </wsdl:", direction, ">\n"]);
        }
        out.push_str("    </wsdl:operation>\n");
    }
    out.push_str("  </wsdl:binding>\n");
}

/// The discovery document of a service that is called at `location`.
pub(super) fn disco(service: &Endpoint, location: &str) -> String {
    let (location, namespace) = (attribute(location), attribute(service.namespace()));
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<discovery \
         xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\" \
         xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" \
         xmlns=\"http://schemas.xmlsoap.org/disco/\">\n  <contractRef ref=\"{location}?wsdl\" \
         docRef=\"{location}\" xmlns=\"http://schemas.xmlsoap.org/disco/scl/\" />\n"
    );
    for (prefix, suffix) in [("q1", ""), ("q2", "12")] {
        out.push_str(&format!(
            "  <soap address=\"{location}\" xmlns:{prefix}=\"{namespace}\" \
             binding=\"{prefix}:{}Soap{suffix}\" \
             xmlns=\"http://schemas.xmlsoap.org/disco/soap/\" />\n",
            service.name
        ));
    }
    out.push_str("</discovery>");
    out
}
