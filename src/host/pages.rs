//! Pages for people: which operations there are, and how to call one. Everything that is not ours is
//! escaped.

use super::endpoint::{Endpoint, Route};
use super::html::{element, end, leaf, list, page};
use crate::contract::raw::RawCustomFieldData;
use crate::contract::{AUTH_PASSWORD, OperationInfo, SideEffect};
use crate::secret::is_secret_key;
use crate::soap::{ENVELOPE_11, ENVELOPE_12, SoapVersion};
use crate::xml::{XSD, XSI, escape};

/// The page at the service's address: its operations. `file` is the last part of the path.
pub(super) fn help(service: &Endpoint, file: &str) -> String {
    let file = escape(file);
    let mut content = format!(
        "<p>The following operations are supported. For a formal definition, please review the <a \
         href=\"{file}?WSDL\">Service Description</a>.</p>\n<ul>\n"
    );
    for Route { info, .. } in &service.operations {
        let name = info.name;
        let what = match info.side_effect {
            SideEffect::ReadOnly => "reads only",
            SideEffect::Mutating => "changes something at the provider",
        };
        content.push_str(&format!("<li><a href=\"{file}?op={name}\">{name}</a> ({what})</li>\n"));
    }
    content.push_str("</ul>\n<h2>How to call it</h2>\n");
    content.push_str(&format!(
        "<p>The namespace of this service is <code>{}</code>. Every request carries the web service \
         password in the variable <code>{AUTH_PASSWORD}</code>.</p>\n",
        escape(service.namespace())
    ));
    page(&service.name, &content)
}

/// Whether an operation can be tried on its page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FormState {
    /// It can.
    Offered,
    /// It would change something.
    Unsafe,
    /// The form is not offered to this caller.
    Elsewhere,
}

/// The page of one operation.
pub(super) fn operation(
    service: &Endpoint,
    route: &Route,
    file: &str,
    path: &str,
    host: &str,
    form: FormState,
) -> String {
    let (info, file) = (route.info, escape(file));
    let name = info.name;
    let mut content = format!(
        "<p><a href=\"{file}\">All operations of {}</a></p>\n<h2>Test</h2>\n",
        escape(&service.name)
    );
    match form {
        FormState::Offered => test_form(&mut content, info),
        FormState::Unsafe => content.push_str(
            "<p>There is no form to try this operation, because it changes something at the \
             provider.</p>\n",
        ),
        FormState::Elsewhere => content.push_str(
            "<p>The test form is only available for requests from the local machine.</p>\n",
        ),
    }
    for version in [SoapVersion::V11, SoapVersion::V12] {
        content.push_str(&format!(
            "<h2>SOAP {version}</h2>\n<p>The following is a sample SOAP {version} request and \
             response. The words in italics need to be replaced with actual values.</p>\n"
        ));
        samples(&mut content, service, route, version, path, host);
    }
    page(&format!("{}: {name}", service.name), &content)
}

fn test_form(content: &mut String, info: &OperationInfo) {
    content.push_str(&format!(
        "<p>To test the operation, fill in what it is to be given and click Invoke.</p>\n<form \
         method=\"post\" action=\"?op={}\" autocomplete=\"off\">\n",
        info.name
    ));
    let mut input = |name: &str, required: bool| {
        let kind = if is_secret_key(name) { "password" } else { "text" };
        let (mark, must) = if required { (" (required)", " required") } else { ("", "") };
        content.push_str(&format!(
            "<label for=\"v-{name}\">{name}{mark}</label>\n<input id=\"v-{name}\" name=\"{name}\" \
             type=\"{kind}\"{must}>\n"
        ));
    };
    input(AUTH_PASSWORD, true);
    for variable in info.inputs {
        input(variable.name, variable.required);
    }
    content.push_str(
        "<label for=\"v-more\">Other variables, one key=value a line</label>\n<textarea \
         id=\"v-more\" name=\"\" rows=\"3\"></textarea>\n<button type=\"submit\">Invoke</button>\n\
         </form>\n",
    );
}

/// Sample messages: tags escaped, what is to be replaced in italics.
fn samples(
    content: &mut String,
    service: &Endpoint,
    route: &Route,
    version: SoapVersion,
    path: &str,
    host: &str,
) {
    let (info, action) = (route.info, escape(&route.action));
    let media_type = version.media_type();
    let action = match version {
        SoapVersion::V11 => format!("\nSOAPAction: \"{action}\""),
        SoapVersion::V12 => String::new(),
    };
    let parameter = match version {
        SoapVersion::V11 => String::new(),
        SoapVersion::V12 => format!("; action=\"{}\"", escape(&route.action)),
    };
    let (path, host) = (escape(path), escape(host));
    content.push_str(&format!(
        "<h3>Request</h3>\n<pre tabindex=\"0\" role=\"region\" aria-label=\"SOAP {version} \
         request\">POST {path} HTTP/1.1\nHost: {host}\nContent-Type: {media_type}; \
         charset=utf-8{parameter}\nContent-Length: <i>length</i>{action}\n\n"
    ));
    let mut variables = vec![AUTH_PASSWORD.to_owned()];
    variables.extend(info.inputs.iter().map(|variable| variable.name.to_owned()));
    if info.custom_fields {
        variables.push("cf_<i>name</i>".to_owned());
    }
    let mut inputs = element(6, "inputs", &[]);
    inputs.push_str(&list(8, "InputVariables", &variables));
    inputs.push_str(&end(6, "inputs"));
    content.push_str(&envelope(service, version, info.name, &inputs));
    content.push_str(&format!(
        "</pre>\n<h3>Response</h3>\n<pre tabindex=\"0\" role=\"region\" aria-label=\"SOAP \
         {version} response\">HTTP/1.1 200 OK\nContent-Type: {media_type}; \
         charset=utf-8\nContent-Length: <i>length</i>\n\n"
    ));
    let result_name = format!("{}Result", info.name);
    let mut result = element(6, &result_name, &[]);
    result.push_str(&leaf(8, "Success", "<i>boolean</i>"));
    result.push_str(&leaf(8, "Message", "<i>string</i>"));
    let mut outputs: Vec<_> = info.outputs.iter().map(|&output| output.to_owned()).collect();
    if outputs.is_empty() {
        outputs.push("<i>key</i>".to_owned());
    }
    result.push_str(&list(8, "OutputVariables", &outputs));
    if info.kind.has_items() {
        items(&mut result);
    }
    result.push_str(&end(6, &result_name));
    content.push_str(&envelope(service, version, &format!("{}Response", info.name), &result));
    content.push_str("</pre>\n");
}

fn items(result: &mut String) {
    result.push_str(&element(8, "CustomFieldDataItems", &[]));
    result.push_str(&element(10, "ExternalCustomFieldData", &[]));
    result.push_str(&leaf(12, "CustomFieldName", "<i>string</i>"));
    for flag in &RawCustomFieldData::FLAGS[..5] {
        result.push_str(&leaf(12, flag, "<i>boolean</i>"));
    }
    result.push_str(&element(12, "ListOptions", &[]));
    result.push_str(&leaf(14, "string", "<i>string</i>"));
    result.push_str(&end(12, "ListOptions"));
    result.push_str(&leaf(12, "DisplayWithInformationLookup", "<i>boolean</i>"));
    result.push_str(&end(10, "ExternalCustomFieldData"));
    result.push_str(&end(8, "CustomFieldDataItems"));
}

fn envelope(service: &Endpoint, version: SoapVersion, wrapper: &str, inner: &str) -> String {
    let soap = match version {
        SoapVersion::V11 => ENVELOPE_11,
        SoapVersion::V12 => ENVELOPE_12,
    };
    let mut out = escape("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n");
    let names = [("xmlns:xsi", XSI), ("xmlns:xsd", XSD), ("xmlns:soap", soap)];
    out.push_str(&element(0, "soap:Envelope", &names));
    out.push_str(&element(2, "soap:Body", &[]));
    out.push_str(&element(4, wrapper, &[("xmlns", service.namespace())]));
    out.push_str(inner);
    out.push_str(&end(4, wrapper));
    out.push_str(&end(2, "soap:Body"));
    out.push_str(&end(0, "soap:Envelope"));
    out
}
