//! Trying an operation from its page: a form's fields become a call, its answer a page.

use std::net::{IpAddr, SocketAddr};

use hyper::header::{self, HeaderMap};
use hyper::http::request::Parts;

use super::aspnet::AspNetResponse;
use super::endpoint::{Answered, Call, Endpoint, Route};
use super::html::page;
use super::request::{Peer, is_own_page, text};
use super::settings::{Settings, TestForm};
use super::{Hosting, host_header};
use crate::contract::raw::{Presence, RawInputs, RawResult, StringList};
use crate::http::{HttpResponse, bare_host};
use crate::secret::Mask;
use crate::soap::{DecodeError, SoapVersion, url_decode};
use crate::xml::escape;

/// Headers by which proxies say that they pass on what somebody else asked, beside all that begin
/// with `X-Forwarded-`.
const FORWARDING: [&str; 9] = [
    "forwarded",
    "via",
    "x-real-ip",
    "x-client-ip",
    "x-cluster-client-ip",
    "x-original-host",
    "x-arr-log-id",
    "true-client-ip",
    "cf-connecting-ip",
];

/// May this caller try operations from their pages?
pub(super) fn is_offered(settings: &Settings, head: &Parts, peer: Peer) -> bool {
    match settings.test_form {
        TestForm::Never => false,
        // A proxy on this machine is not a person at it.
        TestForm::Local => {
            let is_here = |remote: SocketAddr| remote.ip().to_canonical().is_loopback();
            peer.remote.is_some_and(is_here) && !is_forwarded(&head.headers)
        }
        TestForm::Always => true,
    }
}

fn is_forwarded(headers: &HeaderMap) -> bool {
    let is_forwarding = |name: &str| name.starts_with("x-forwarded-") || FORWARDING.contains(&name);
    headers.keys().any(|name| is_forwarding(name.as_str()))
}

/// The name by which the host was called; HTTP/1.0 may keep it to itself.
fn authority(head: &Parts) -> Option<String> {
    let uri = head.uri.authority().map(|authority| authority.as_str().to_owned());
    uri.or_else(|| text(&head.headers, &header::HOST).map(|host| host.trim().to_owned()))
}

/// An IP address or `localhost`, which lead to the same machine whoever gives out names.
fn is_local(authority: &str) -> bool {
    let name = host_header::name(authority);
    bare_host(name).parse::<IpAddr>().is_ok() || name.eq_ignore_ascii_case("localhost")
}

/// Was the form sent from our own page, as far as a browser says? Any site can have its own name lead here
/// (DNS rebinding), and so try passwords in a visitor's place.
pub(super) fn is_own(hosting: &Hosting, head: &Parts, peer: Peer) -> bool {
    let local = hosting.settings.test_form == TestForm::Local;
    if local && !authority(head).is_none_or(|authority| is_local(&authority)) {
        return false;
    }
    is_own_page(&hosting.settings, head, peer)
}

/// The fields of a form (`application/x-www-form-urlencoded`) as variables: empty ones are left
/// out, and the field without a name holds any others, one to a line.
fn variables(form: &[u8]) -> StringList {
    let mut list = Vec::new();
    for field in form.split(|&b| b == b'&') {
        let field = String::from_utf8_lossy(field);
        let (name, value) = field.split_once('=').unwrap_or((&field, ""));
        let (name, value) = (url_decode(name), url_decode(value));
        if !name.is_empty() {
            if !value.is_empty() {
                list.push(Some(format!("{name}={value}")));
            }
            continue;
        }
        let lines = value.split(['\r', '\n']).filter(|line| !line.is_empty());
        list.extend(lines.map(|line| Some(line.to_owned())));
    }
    StringList(list)
}

/// Calls the operation with the fields of a form; the answer is a page.
pub(super) async fn call(service: &Endpoint, route: &Route, form: &[u8], file: &str) -> Answered {
    let inputs = RawInputs { input_variables: Presence::Value(variables(form)) };
    let call = Call { version: SoapVersion::V11, route, inputs: Presence::Value(inputs) };
    let mut answered = service.call(call).await;
    let response = HttpResponse::from(std::mem::take(&mut answered.reply));
    let binding = service.binding(SoapVersion::V11);
    let decoded = binding.decode_raw_response(route.info.name, &response, &Mask::default());
    let content = match decoded {
        Ok(Presence::Value(result)) => shown(&result),
        Ok(Presence::Absent | Presence::Nil) => "<p>There is no result (null).</p>\n".to_owned(),
        Err(DecodeError::Fault(fault)) => {
            format!("<p>The provider answered with a fault: {}</p>\n", escape(&fault.reason))
        }
        Err(error) => format!("<p>{}</p>\n", escape(&error.to_string())),
    };
    let name = route.info.name;
    let raw = escape(&String::from_utf8_lossy(&response.body));
    let page = page(
        &format!("{}: {name}", service.name),
        &format!(
            "{content}<h2>As it is sent</h2>\n<pre tabindex=\"0\">{raw}</pre>\n<p><a \
             href=\"{}?op={name}\">Back to {name}</a></p>\n",
            escape(file)
        ),
    );
    answered.reply = AspNetResponse::html(200, page);
    answered
}

fn shown(result: &RawResult) -> String {
    let row = |name: &str, value: &str| {
        format!("<tr><th scope=\"row\">{name}</th><td>{}</td></tr>\n", escape(value))
    };
    let mut out = String::from("<table>\n<caption>The answer</caption>\n");
    out.push_str(&row("Success", if result.success { "true" } else { "false" }));
    out.push_str(&row("Message", result.message.as_ref().value().map_or("(none)", |m| m)));
    if let Presence::Value(list) = &result.output_variables {
        for (index, entry) in list.0.iter().enumerate() {
            let name = format!("Output {}", index + 1);
            out.push_str(&row(&name, entry.as_deref().unwrap_or("(nil)")));
        }
    }
    if let Presence::Value(items) = &result.custom_field_data_items {
        for (index, item) in items.iter().enumerate() {
            let name = format!("Custom field {}", index + 1);
            let field = item.as_ref().and_then(|item| item.custom_field_name.as_ref().value());
            out.push_str(&row(&name, field.map_or("(nil)", |name| name)));
        }
    }
    out.push_str("</table>\n");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_become_variables() {
        let list = variables(b"authPW=a%26b%C3%A9&x=&y=1+2&=cf_a%3D1%0D%0Ab%3D2%");
        let list: Vec<_> = list.0.into_iter().flatten().collect();
        assert_eq!(list, ["authPW=a&bé", "y=1 2", "cf_a=1", "b=2%"]);
    }
}
