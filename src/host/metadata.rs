//! What a service says about itself: `GET` with `?WSDL`, `?disco`, `?op=X` or nothing.

use hyper::http::request::Parts;

use super::aspnet::AspNetResponse;
use super::endpoint::Endpoint;
use super::pages::{self, FormState};
use super::request::{Peer, authority, file, parameter, scheme};
use super::{Hosting, html, test_form, wsdl};
use crate::contract::SideEffect;

const XML: &str = "text/xml; charset=utf-8";

/// Answers a `GET`.
pub(super) fn answer(
    hosting: &Hosting,
    service: &Endpoint,
    head: &Parts,
    peer: Peer,
) -> AspNetResponse {
    let query = head.uri.query().unwrap_or_default();
    let authority = authority(&hosting.settings, head, peer);
    let location =
        || [scheme(&hosting.settings, head, peer), "://", &authority, head.uri.path()].concat();
    if parameter(query, "schema").is_some() {
        return AspNetResponse::text(500, "Schema not found.");
    }
    if parameter(query, "wsdl").is_some() {
        return AspNetResponse::text(500, "XML Web service description was not found.");
    }
    let asked = parameter(query, "").unwrap_or_default();
    if asked.eq_ignore_ascii_case("wsdl") {
        return AspNetResponse::document(XML, wsdl::wsdl(service, &location()).into_bytes());
    }
    if asked.eq_ignore_ascii_case("disco") {
        return AspNetResponse::document(XML, wsdl::disco(service, &location()).into_bytes());
    }
    let file = file(&head.uri);
    let Some(name) = parameter(query, "op") else {
        return AspNetResponse::html(200, pages::help(service, file));
    };
    let Some(route) = service.named(&name) else {
        let sentence = format!("The service has no operation {name}.");
        return AspNetResponse::html(404, html::message(&service.name, &sentence));
    };
    let form = match (route.info.side_effect, test_form::is_offered(&hosting.settings, head, peer))
    {
        (SideEffect::Mutating, _) => FormState::Unsafe,
        (SideEffect::ReadOnly, true) => FormState::Offered,
        (SideEffect::ReadOnly, false) => FormState::Elsewhere,
    };
    let page = pages::operation(service, route, file, head.uri.path(), &authority, form);
    AspNetResponse::html(200, page)
}
