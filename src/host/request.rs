//! What a request says before it is read: who asks, for what, under which name.

use std::borrow::Cow;
use std::net::SocketAddr;

use hyper::header::{self, HeaderMap, HeaderName};
use hyper::http::request::Parts;

use super::Settings;
use super::endpoint::{Endpoint, Route};
use crate::soap::url_decode;

const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// The two ends of a connection, as far as they are known.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer {
    pub(crate) remote: Option<SocketAddr>,
    pub(crate) local: Option<SocketAddr>,
    pub(crate) tls: bool,
}

/// The last part of the path as it was asked for, to which links on pages are relative.
pub(super) fn file(uri: &hyper::Uri) -> &str {
    uri.path().rsplit('/').next().unwrap_or_default()
}

/// The last header of this name: where one may stand once and stands twice, the last counts.
pub(crate) fn text<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<Cow<'h, str>> {
    let value = headers.get_all(name).iter().next_back()?.as_bytes();
    Some(std::str::from_utf8(value).map_or_else(|_| String::from_utf8_lossy(value), Cow::Borrowed))
}

/// The value of a query parameter, whose name's case does not count; `""` names the part that has
/// no name (`?WSDL`).
pub(super) fn parameter<'q>(query: &'q str, name: &str) -> Option<Cow<'q, str>> {
    query.split('&').find_map(|pair| {
        let (key, value) = pair.split_once('=').unwrap_or(("", pair));
        if !url_decode(key).eq_ignore_ascii_case(name) || (name.is_empty() && value.is_empty()) {
            return None;
        }
        Some(if value.contains(['%', '+']) { url_decode(value).into() } else { value.into() })
    })
}

/// The operation that `?op=` names.
pub(super) fn operation<'s>(service: &'s Endpoint, query: &str) -> Option<&'s Route> {
    parameter(query, "op").and_then(|name| service.named(&name))
}

/// Host and port under which the caller knows this host.
pub(crate) fn authority<'r>(settings: &Settings, head: &'r Parts, peer: Peer) -> Cow<'r, str> {
    let forwarded = match settings.trust_forwarded {
        true => text(&head.headers, &FORWARDED_HOST).map(first),
        false => None,
    };
    forwarded
        .or_else(|| head.uri.authority().map(|authority| authority.as_str().into()))
        .or_else(|| text(&head.headers, &header::HOST))
        .filter(|host| {
            // What is not a host would make an address that leads elsewhere.
            !host.is_empty()
                && host.bytes().all(|b| b.is_ascii_alphanumeric() || b".-_:[]%".contains(&b))
        })
        .unwrap_or_else(|| match peer.local {
            Some(local) => local.to_string().into(),
            None => "localhost".into(),
        })
}

/// The first of several proxies' values is what the caller asked for.
fn first(value: Cow<'_, str>) -> Cow<'_, str> {
    match value.split_once(',') {
        Some((first, _)) => first.trim().to_owned().into(),
        None => value,
    }
}

/// The scheme by which the caller came.
pub(crate) fn scheme(settings: &Settings, head: &Parts, peer: Peer) -> &'static str {
    let forwarded = match settings.trust_forwarded {
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

/// Was a form sent from a page of this host, as far as a browser says? Any site can show a form that leads
/// here. Our pages have the referrer policy `no-referrer`, under which the origin of their own forms is
/// `null`.
pub(super) fn is_own_page(settings: &Settings, head: &Parts, peer: Peer) -> bool {
    let site = head.headers.get("sec-fetch-site").map(|site| site.as_bytes());
    if !matches!(site, None | Some(b"same-origin" | b"none")) {
        return false;
    }
    match text(&head.headers, &header::ORIGIN).as_deref() {
        None | Some("null") => true,
        Some(origin) => {
            let here = authority(settings, head, peer);
            let origin = origin.split_once("://").map(|(_, authority)| authority);
            origin.is_some_and(|origin| origin.eq_ignore_ascii_case(&here))
        }
    }
}
