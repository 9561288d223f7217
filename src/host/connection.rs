//! One HTTP request to one HTTP answer: what ASP.NET's handlers decide before SOAP is looked at.

use std::borrow::Cow;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use http_body_util::Full;
use hyper::body::{Body, Bytes};
use hyper::header::{self, HeaderName, HeaderValue};
use hyper::http::request::Parts;
use hyper::{Method, Request, Response, StatusCode};

use super::aspnet::{ASPNET_VERSION, AspNetResponse, Cache};
use super::body::{self, Unread};
use super::endpoint::{Answered, Endpoint, Message};
use super::html::SECURITY_POLICY;
use super::metrics::{Buffered, InFlight};
use super::outcome::Outcome;
use super::request::{self, Peer, file, is_own_page, operation, text};
use super::site::{Site, Visit};
use super::{Hosting, Network, Settings, host_header, log, metadata, panic, test_form};
use crate::contract::SideEffect;
use crate::http::media_type;
use crate::soap::{Heading, SoapVersion, url_decode};

const X_ASPNET_VERSION: HeaderName = HeaderName::from_static("x-aspnet-version");
const SOAP_ACTION: HeaderName = HeaderName::from_static("soapaction");
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
// Values of nearly every answer, checked for illegal bytes once and not for each of them.
const PRIVATE: HeaderValue = HeaderValue::from_static(Cache::Private.value());
const MAX_AGE_0: HeaderValue = HeaderValue::from_static(Cache::MaxAge0.value());
const TEXT_XML_NAME: &str = SoapVersion::V11.content_type();
const TEXT_XML: HeaderValue = HeaderValue::from_static(TEXT_XML_NAME);
const SOAP_XML_NAME: &str = SoapVersion::V12.content_type();
const SOAP_XML: HeaderValue = HeaderValue::from_static(SOAP_XML_NAME);
const ASPNET: HeaderValue = HeaderValue::from_static(ASPNET_VERSION);
const FORM: &str = "application/x-www-form-urlencoded";

/// http.sys refuses a header line that is longer (wsdl/ASMX.md, section 1).
const HEADER_LINE: usize = 8 << 10;
/// http.sys refuses a longer request target (`UrlSegmentMaxLength` and its neighbours).
const TARGET: usize = 16 << 10;
/// A form that a person fills in is short.
const FORM_BODY: usize = 64 << 10;

/// Answers a request. The paths of the services begin behind `prefix`.
pub(super) async fn answer<B: Body<Data = Bytes> + Unpin>(
    hosting: &Arc<Hosting>,
    peer: Peer,
    prefix: &str,
    request: Request<B>,
) -> Response<Full<Bytes>> {
    let (head, incoming) = request.into_parts();
    let open = hosting.open();
    let path = head.uri.path().strip_prefix(prefix).unwrap_or_default();
    let decoded = if memchr::memchr(b'%', path.as_bytes()).is_some() {
        Cow::Owned(url_decode(&path.replace('+', "%2B")))
    } else {
        Cow::Borrowed(path)
    };
    let site = open.site.as_deref().filter(|site| site.has(&decoded));
    let allow = open.allow.as_ref().filter(|_| site.is_none());
    if !allow.is_none_or(|allow| may_call(hosting, allow, &head, peer)) {
        let sentence = "Calls from this address are not allowed.";
        return closing(AspNetResponse::error_page(403, "Forbidden", sentence));
    }
    if let Some(reply) = malformed(&head, site.is_some()) {
        return closing(reply);
    }
    if let Some(site) = site {
        return Box::pin(visit(hosting, site, &decoded, &head, peer, incoming)).await;
    }
    let Some((service, rest)) = find(&open.services, &decoded) else {
        if path == "/healthz" && matches!(head.method, Method::GET | Method::HEAD) {
            return response(match hosting.stopping.load(Ordering::Relaxed) {
                false => AspNetResponse::text(200, "ok"),
                true => AspNetResponse::text(503, "stopping"),
            });
        }
        let sentence = "There is no service at this address.";
        return response(AspNetResponse::error_page(
            404,
            "The resource cannot be found.",
            sentence,
        ));
    };
    if !rest.is_empty() {
        let sentence =
            format!("Request format is unrecognized for URL unexpectedly ending in '{rest}'.");
        return response(AspNetResponse::error_page(500, "Runtime Error", &sentence));
    }
    let reply = match head.method {
        Method::GET => metadata::answer(hosting, service, &head, peer),
        Method::POST => post(hosting, service, &head, peer, incoming).await,
        _ => return allowing(AspNetResponse::method_not_allowed()),
    };
    response(reply)
}

/// What http.sys refuses before anybody looks at it. A site is shown lines of any length that a head may
/// have: browsers send the cookies of a domain's other sites there, too, and in one line.
fn malformed(head: &Parts, is_site: bool) -> Option<AspNetResponse> {
    let (title, sentence) = if !host_header::is_valid(head.version, &head.headers) {
        let sentence = "HTTP Error 400. The request hostname is invalid.";
        ("Bad Request - Invalid Hostname", sentence)
    } else if !is_site
        && head
            .headers
            .iter()
            .any(|(name, value)| name.as_str().len() + value.len() + 2 > HEADER_LINE)
    {
        let sentence = "HTTP Error 400. A request header field is too long.";
        ("Bad Request - Request Too Long", sentence)
    } else if head.uri.path().len() + head.uri.query().map_or(0, str::len) > TARGET {
        ("Bad Request - Invalid URL", "HTTP Error 400. The request URL is too long.")
    } else {
        return None;
    };
    Some(AspNetResponse::error_page(400, title, sentence))
}

/// Is the caller in one of the networks?
fn may_call(hosting: &Hosting, allow: &[Network], head: &Parts, peer: Peer) -> bool {
    let caller = caller(&hosting.settings, head, peer);
    caller.is_some_and(|caller| allow.iter().any(|network| network.holds(caller)))
}

/// Who asks. Behind a proxy that is believed, it is the one that the proxy itself was called by, which it
/// names last.
fn caller(settings: &Settings, head: &Parts, peer: Peer) -> Option<IpAddr> {
    let forwarded = match settings.trust_forwarded {
        true => head.headers.get_all(FORWARDED_FOR).iter().next_back(),
        false => None,
    };
    match forwarded {
        Some(value) => {
            let last = value.to_str().ok().and_then(|text| text.rsplit(',').next());
            // Some proxies write the port, too.
            let address = |text: &str| {
                let with_port = || text.parse().ok().map(|address: SocketAddr| address.ip());
                text.parse().ok().or_else(with_port)
            };
            last.map(str::trim).and_then(address)
        }
        None => peer.remote.map(|remote| remote.ip()),
    }
}

/// Reads what is posted to a site, and has it answered.
async fn visit<B: Body<Data = Bytes> + Unpin>(
    hosting: &Arc<Hosting>,
    site: &dyn Site,
    path: &str,
    head: &Parts,
    peer: Peer,
    incoming: B,
) -> Response<Full<Bytes>> {
    let settings = &hosting.settings;
    let mut visit = Visit {
        path,
        head,
        authority: request::authority(settings, head, peer),
        body: Bytes::new(),
        peer: peer.remote.map(|remote| remote.ip()),
        caller: caller(settings, head, peer),
        is_https: request::scheme(settings, head, peer) == "https",
        is_own: is_own_page(settings, head, peer),
    };
    if let Some(refusal) = site.refuse(&visit) {
        return refusal;
    }
    let mut buffered = None;
    if head.method == Method::POST {
        let limits = Settings { max_body: FORM_BODY.min(settings.max_body), ..settings.clone() };
        let expects = head.headers.contains_key(header::EXPECT);
        match body::read(&limits, &hosting.metrics, incoming, expects).await {
            Ok((body, room)) => {
                visit.body = body;
                buffered = Some(room);
            }
            Err(unread) => {
                let (status, line) = match unread {
                    Unread::TooLong => (413, "The form is too long."),
                    Unread::Incomplete => (400, "The form is incomplete."),
                    Unread::Slow => (408, "The form did not come in time."),
                    Unread::Overload => (503, "The host is overloaded. Try again."),
                };
                return closing(AspNetResponse::text(status, line));
            }
        }
    }
    // Anybody may ask for a page: half of the room is for the services.
    let most = settings.max_requests.div_ceil(2);
    let Some(_in_flight) = InFlight::enter(&hosting.metrics, most) else {
        return response(overloaded("requests"));
    };
    let answered = panic::catch_unwind(site.answer(&visit)).await;
    drop(buffered);
    answered.unwrap_or_else(|_| {
        tracing::error!(path, "a page failed unexpectedly");
        response(AspNetResponse::text(500, "The page failed unexpectedly."))
    })
}

async fn post<B: Body<Data = Bytes> + Unpin>(
    hosting: &Arc<Hosting>,
    service: &Endpoint,
    head: &Parts,
    peer: Peer,
    incoming: B,
) -> AspNetResponse {
    let started = Instant::now();
    let content_type = text(&head.headers, &header::CONTENT_TYPE).unwrap_or_default();
    let soap_action = text(&head.headers, &SOAP_ACTION);
    let expects = head.headers.contains_key(header::EXPECT);
    let body = body::read(&hosting.settings, &hosting.metrics, incoming, expects).await;
    let size = body.as_ref().map_or(0, |(body, _)| body.len());
    let answered = match body {
        Ok(body) => match InFlight::enter(&hosting.metrics, hosting.settings.max_requests) {
            Some(_in_flight) => {
                let headers = (&*content_type, soap_action.as_deref());
                dispatch(hosting, service, head, peer, headers, body).await
            }
            None => refused(overloaded("requests")),
        },
        Err(Unread::Overload) => refused(overloaded("request bytes")),
        Err(unread) => {
            let version = Heading::new(&content_type, soap_action.as_deref()).version();
            refused(match unread {
                Unread::TooLong => {
                    AspNetResponse::unread(version, "Maximum request length exceeded.")
                }
                Unread::Incomplete => {
                    AspNetResponse::unread(version, "The request body is incomplete.")
                }
                _ => AspNetResponse::text(408, "The body of the request did not come in time."),
            })
        }
    };
    let duration = started.elapsed();
    hosting.metrics.count(answered.operation, answered.outcome, duration);
    let forwarded = match hosting.settings.trust_forwarded {
        true => text(&head.headers, &FORWARDED_FOR),
        false => None,
    };
    log::call(&log::Call {
        answered: &answered,
        path: &service.path,
        duration,
        size,
        peer: peer.remote,
        forwarded: forwarded.as_deref(),
    });
    answered.reply
}

/// A message that was read goes to the handler for its content type. The body is let go as soon as
/// it is understood: a provider may take its time.
async fn dispatch(
    hosting: &Hosting,
    service: &Endpoint,
    head: &Parts,
    peer: Peer,
    (content_type, soap_action): (&str, Option<&str>),
    (body, mut buffered): (Bytes, Buffered<'_>),
) -> Answered {
    let media_type = media_type(content_type);
    if media_type.eq_ignore_ascii_case("application/json") {
        let sentence = "This service speaks SOAP; it does not take application/json.";
        return refused(AspNetResponse::error_page(500, "Runtime Error", sentence));
    }
    if media_type.eq_ignore_ascii_case(FORM) && body.len() <= FORM_BODY {
        let named = operation(service, head.uri.query().unwrap_or_default());
        if let Some(route) = named {
            let offered = test_form::is_offered(&hosting.settings, head, peer)
                && route.info.side_effect == SideEffect::ReadOnly;
            if offered && !test_form::is_own(hosting, head, peer) {
                let sentence = "This form is taken from its own page only, and for callers from \
                    this machine only if they name it by an IP address or localhost.";
                return refused(AspNetResponse::error_page(403, "Forbidden", sentence));
            }
            if offered {
                return test_form::call(service, route, &body, file(&head.uri)).await;
            }
        }
    }
    let call = service.read(&Message { content_type, soap_action, body: &body });
    drop(body);
    match call {
        Ok(call) => {
            buffered.replace(call.size());
            service.call(call).await
        }
        Err(error) => refused(AspNetResponse::refusal(&error)),
    }
}

fn refused(reply: AspNetResponse) -> Answered {
    Answered { reply, operation: None, outcome: Outcome::Refused }
}

fn overloaded(what: &str) -> AspNetResponse {
    AspNetResponse::text(
        503,
        &format!("The host is overloaded: too many {what} at the same time. Try again."),
    )
}

/// The service at a path, matched without case, and what follows its name: a longer path.
fn find<'h, 'p>(services: &'h [Endpoint], path: &'p str) -> Option<(&'h Endpoint, &'p str)> {
    services.iter().find_map(|service| {
        let (start, rest) = path.split_at_checked(service.path.len())?;
        let found =
            start.eq_ignore_ascii_case(&service.path) && (rest.is_empty() || rest.starts_with('/'));
        found.then_some((service, rest))
    })
}

fn response(reply: AspNetResponse) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(reply.body)));
    *response.status_mut() = StatusCode::from_u16(reply.status).unwrap_or_default();
    let headers = response.headers_mut();
    headers.insert(
        header::CACHE_CONTROL,
        match reply.cache {
            Cache::Private => PRIVATE,
            Cache::MaxAge0 => MAX_AGE_0,
        },
    );
    headers.insert(
        header::CONTENT_TYPE,
        match reply.content_type {
            TEXT_XML_NAME => TEXT_XML,
            SOAP_XML_NAME => SOAP_XML,
            other => HeaderValue::from_static(other),
        },
    );
    headers.insert(X_ASPNET_VERSION, ASPNET);
    if reply.page {
        let policy = HeaderValue::from_static(SECURITY_POLICY);
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    }
    if reply.status == 503 {
        headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    }
    response
}

/// RFC 9110, section 15.5.6: a 405 says what is allowed.
fn allowing(reply: AspNetResponse) -> Response<Full<Bytes>> {
    let mut response = response(reply);
    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, POST"));
    response
}

/// After a request that http.sys refuses, it closes the connection.
fn closing(reply: AspNetResponse) -> Response<Full<Bytes>> {
    let mut response = response(reply);
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_style_is_what_the_policy_allows() {
        use base64::Engine as _;
        let digest =
            ring::digest::digest(&ring::digest::SHA256, crate::host::html::STYLE.as_bytes());
        let hash = base64::engine::general_purpose::STANDARD.encode(digest);
        assert!(SECURITY_POLICY.contains(&format!("'sha256-{hash}'")), "{hash}");
    }
}
