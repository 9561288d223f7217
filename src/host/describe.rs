//! What a service says about itself: `GET` with `?WSDL`, `?disco`, `?op=X` or nothing.

use hyper::header::HeaderName;
use hyper::http::request::Parts;

use super::html;
use super::open::OpenService;
use super::pages::{self, Trial};
use super::reply::Reply;
use super::request::{Peer, authority, file, first, parameter, text};
use super::{Hosting, trial, wsdl};
use crate::contract::SideEffect;

const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const XML: &str = "text/xml; charset=utf-8";

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
        return Reply::html(404, html::message(&service.name, &sentence));
    };
    let trial = match (hosted.info.side_effect, trial::is_offered(&hosting.settings, head, peer)) {
        (SideEffect::Mutating, _) => Trial::Unsafe,
        (SideEffect::ReadOnly, true) => Trial::Offered,
        (SideEffect::ReadOnly, false) => Trial::Elsewhere,
    };
    let page = pages::operation(service, hosted, file, head.uri.path(), &authority, trial);
    Reply::html(200, page)
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
