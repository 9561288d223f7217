//! What a service says about itself: `GET` with `?WSDL`, `?disco`, `?op=X` or nothing.

use std::borrow::Cow;

use hyper::header::{self, HeaderName};
use hyper::http::request::Parts;

use super::connection::{Peer, file, text};
use super::open::{Hosted, OpenService};
use super::pages::{self, Trial};
use super::reply::Reply;
use super::{Hosting, trial, wsdl};
use crate::contract::SideEffect;
use crate::soap::url_decode;

const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const XML: &str = "text/xml; charset=utf-8";

/// The value of a query parameter, whose name's case does not count; `""` names the part that has
/// no name (`?WSDL`).
fn parameter<'q>(query: &'q str, name: &str) -> Option<Cow<'q, str>> {
    query.split('&').find_map(|pair| {
        let (key, value) = pair.split_once('=').unwrap_or(("", pair));
        if !url_decode(key).eq_ignore_ascii_case(name) || (name.is_empty() && value.is_empty()) {
            return None;
        }
        Some(if value.contains(['%', '+']) { url_decode(value).into() } else { value.into() })
    })
}

/// The operation that `?op=` names.
pub(super) fn operation<'s>(service: &'s OpenService, query: &str) -> Option<&'s Hosted> {
    parameter(query, "op").and_then(|name| service.named(&name))
}

/// Answers a `GET`.
pub(super) fn answer(hosting: &Hosting, service: &OpenService, head: &Parts, peer: Peer) -> Reply {
    let query = head.uri.query().unwrap_or_default();
    let authority = authority(hosting, head, peer);
    let location = || [scheme(hosting, head, peer), "://", &authority, head.uri.path()].concat();
    if parameter(query, "schema").is_some() {
        return Reply::text(500, "Schema not found.");
    }
    if parameter(query, "wsdl").is_some() {
        return Reply::text(500, "XML Web service description was not found.");
    }
    let asked = parameter(query, "").unwrap_or_default();
    if asked.eq_ignore_ascii_case("wsdl") {
        return Reply::document(XML, wsdl::wsdl(service, &location()).into_bytes());
    }
    if asked.eq_ignore_ascii_case("disco") {
        return Reply::document(XML, wsdl::disco(service, &location()).into_bytes());
    }
    let file = file(&head.uri);
    let Some(name) = parameter(query, "op") else {
        return Reply::html(200, pages::help(service, file));
    };
    let Some(hosted) = service.named(&name) else {
        let sentence = format!("The service has no operation {name}.");
        return Reply::html(404, pages::message(&service.name, &sentence));
    };
    let trial = match (hosted.info.side_effect, trial::is_offered(&hosting.settings, head, peer)) {
        (SideEffect::Mutating, _) => Trial::Unsafe,
        (SideEffect::ReadOnly, true) => Trial::Offered,
        (SideEffect::ReadOnly, false) => Trial::Elsewhere,
    };
    let page = pages::operation(service, hosted, file, head.uri.path(), &authority, trial);
    Reply::html(200, page)
}

/// Host and port under which the caller knows this host.
pub(super) fn authority<'r>(hosting: &Hosting, head: &'r Parts, peer: Peer) -> Cow<'r, str> {
    let forwarded = match hosting.settings.trust_forwarded {
        true => text(&head.headers, &FORWARDED_HOST).map(first),
        false => None,
    };
    forwarded
        .or_else(|| head.uri.authority().map(|authority| authority.as_str().into()))
        .or_else(|| text(&head.headers, &header::HOST))
        .filter(|host| {
            // What is no host would make an address that leads elsewhere.
            !host.is_empty()
                && host.bytes().all(|b| b.is_ascii_alphanumeric() || b".-_:[]%".contains(&b))
        })
        .unwrap_or_else(|| peer.local.to_string().into())
}

fn scheme(hosting: &Hosting, head: &Parts, peer: Peer) -> &'static str {
    let forwarded = match hosting.settings.trust_forwarded {
        true => text(&head.headers, &FORWARDED_PROTO).map(first),
        false => None,
    };
    match forwarded.as_deref() {
        Some(proto) if proto.eq_ignore_ascii_case("https") => "https",
        Some(proto) if proto.eq_ignore_ascii_case("http") => "http",
        _ if peer.tls => "https",
        _ => "http",
    }
}

/// The first of several proxies' values is what the caller asked for.
fn first(value: Cow<'_, str>) -> Cow<'_, str> {
    match value.split_once(',') {
        Some((first, _)) => first.trim().to_owned().into(),
        None => value,
    }
}
