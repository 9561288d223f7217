//! One HTTP request to one HTTP answer.

use std::sync::Arc;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};

use super::Hosting;
use super::body::{self, Unread};
use super::reply::{ASPNET_VERSION, Reply};
use super::service::{Message, OpenService};
use crate::soap::Heading;

const X_ASPNET_VERSION: HeaderName = HeaderName::from_static("x-aspnet-version");
const SOAP_ACTION: HeaderName = HeaderName::from_static("soapaction");

/// Answers a request.
pub(super) async fn answer(
    hosting: Arc<Hosting>,
    request: Request<Incoming>,
) -> Response<Full<Bytes>> {
    let Some((service, _)) = find(&hosting.services, request.uri().path()) else {
        return response(Reply::page(404, "The resource cannot be found."));
    };
    if request.method() != Method::POST {
        return response(Reply::page(405, ""));
    }
    response(soap(&hosting, service, request).await)
}

async fn soap(hosting: &Hosting, service: &OpenService, request: Request<Incoming>) -> Reply {
    let (head, incoming) = request.into_parts();
    let content_type = text(&head.headers, &header::CONTENT_TYPE);
    let soap_action = text(&head.headers, &SOAP_ACTION);
    let content_type = content_type.as_deref().unwrap_or_default();
    let expects = head.headers.contains_key(header::EXPECT);
    let settings = &hosting.settings;
    let body = body::read(incoming, settings.max_body, settings.body_timeout, expects).await;
    let version = || Heading::new(content_type, soap_action.as_deref()).version();
    match body {
        Ok(body) => {
            let soap_action = soap_action.as_deref();
            service.post(Message { content_type, soap_action, body: &body }).await.reply
        }
        Err(Unread::TooLong) => Reply::unread(version(), "Maximum request length exceeded."),
        Err(Unread::Incomplete) => Reply::unread(version(), "The request body is incomplete."),
        Err(Unread::Slow) => Reply::page(408, "The request took too long."),
    }
}

/// The service at a path, matched without case, and what follows its name: a longer path.
fn find<'h, 'p>(services: &'h [OpenService], path: &'p str) -> Option<(&'h OpenService, &'p str)> {
    services.iter().find_map(|service| {
        let (start, rest) = path.split_at_checked(service.path.len())?;
        let found =
            start.eq_ignore_ascii_case(&service.path) && (rest.is_empty() || rest.starts_with('/'));
        found.then_some((service, rest))
    })
}

/// The last header of this name: where one may stand once and stands twice, the last counts.
fn text<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<std::borrow::Cow<'h, str>> {
    let value = headers.get_all(name).iter().next_back()?;
    Some(String::from_utf8_lossy(value.as_bytes()))
}

fn response(reply: Reply) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(reply.body)));
    *response.status_mut() = StatusCode::from_u16(reply.status).unwrap_or_default();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(reply.cache.value()));
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(reply.content_type));
    headers.insert(X_ASPNET_VERSION, HeaderValue::from_static(ASPNET_VERSION));
    response
}
