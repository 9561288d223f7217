//! One HTTP request to one HTTP answer.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Instant;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{self, HeaderName, HeaderValue};
use hyper::http::request::Parts;
use hyper::{Method, Request, Response, StatusCode};

use super::problem::{
    INTERNAL, MEDIA_TYPE, NOT_FOUND, OVERLOADED, Problem, REQUEST, SLOW, STOPPING, TOKEN_IN_URL,
    TOO_LARGE, UNAUTHORIZED,
};
use super::{Port, Serving, call, page, request};
use crate::contract::{OPERATIONS, OperationInfo, SideEffect};
use crate::host::Settings;
use crate::host::body::{self, Unread};
use crate::host::host_header;
use crate::host::html::SECURITY_POLICY;
use crate::host::metrics::{InFlight, Metrics};
use crate::host::outcome::Outcome;
use crate::host::panic::catch_unwind;
use crate::host::request::{Peer, authority, scheme, text};
use crate::host::server::{Answerer, Shared};
use crate::http::media_type;
use crate::secret::is_secret_key;
use crate::soap::url_decode;
use crate::suggest::nearest;

/// Where the operations are.
const CALLS: &str = "/v1/";
const JSON: &str = "application/json";
const PROBLEM: &str = "application/problem+json";
const TEXT: &str = "text/plain; charset=utf-8";
const HTML: &str = "text/html; charset=utf-8";

const TURNED_AWAY: &str = "HTTP/1.1 503 Service Unavailable\r\nContent-Type: \
    application/problem+json\r\nContent-Length: 174\r\nRetry-After: 1\r\nConnection: \
    close\r\n\r\n{\"type\":\"urn:external-providers:problem:overloaded\",\"title\":\"The gateway is \
    overloaded\",\"status\":503,\"detail\":\"too many connections are open: try again \
    later\",\"blame\":\"load\"}";

impl Shared for Port {
    fn settings(&self) -> &Settings {
        &self.serving.settings
    }

    fn metrics(&self) -> &Arc<Metrics> {
        &self.serving.metrics
    }

    fn overloaded(&self) -> &'static str {
        TURNED_AWAY
    }

    fn stopping(&self) {
        self.stopping.store(true, Relaxed);
    }
}

impl Answerer for Port {
    async fn answer(
        self: Arc<Self>,
        peer: Peer,
        request: Request<Incoming>,
    ) -> Response<Full<Bytes>> {
        let (head, incoming) = request.into_parts();
        if let Some(name) = head.uri.path().strip_prefix(CALLS) {
            return self.serving.call(name, &head, peer, incoming).await;
        }
        let stopping = self.stopping.load(Relaxed);
        let looked_at = self.serving.look_at(&head);
        match looked_at.and_then(|()| self.serving.get(&head, peer, stopping)) {
            Ok(response) => response,
            Err(problem) => {
                refuse(&head, incoming).await;
                problem_response(&problem)
            }
        }
    }
}

impl Serving {
    /// What holds for every request: one host, and no token where logs keep it.
    fn look_at(&self, head: &Parts) -> Result<(), Box<Problem>> {
        if !host_header::is_valid(head.version, &head.headers) {
            return Err(Problem::new(REQUEST, "there must be one Host header"));
        }
        let is_token = self.tokens.get().is_in(&head.uri);
        if is_token {
            tracing::warn!("a token came in a URL, where others may have read it: replace it");
        }
        let mut names = head.uri.query().into_iter().flat_map(|query| query.split('&'));
        let is_named = names
            .any(|pair| is_secret_key(&url_decode(pair.split('=').next().unwrap_or_default())));
        match is_token || is_named {
            true => {
                Err(Problem::new(TOKEN_IN_URL, "a token in a URL ends up in logs, and is refused")
                    .hint("send it as a header, Authorization: Bearer …; and make a new one"))
            }
            false => Ok(()),
        }
    }

    /// What is there to be read, by anybody: it holds no secret.
    fn get(
        &self,
        head: &Parts,
        peer: Peer,
        stopping: bool,
    ) -> Result<Response<Full<Bytes>>, Box<Problem>> {
        let path = head.uri.path();
        if !matches!(path, "/" | "/openapi.json" | "/healthz" | "/readyz") {
            let hint = "GET / is a page that shows what there is";
            return Err(Problem::new(NOT_FOUND, "there is nothing at this address").hint(hint));
        }
        if !matches!(head.method, Method::GET | Method::HEAD) {
            return Err(Problem::method("GET, HEAD"));
        }
        Ok(match path {
            "/openapi.json" => response(200, JSON, self.openapi.clone()),
            "/healthz" => response(200, TEXT, "ok"),
            "/readyz" if stopping => {
                return Err(Problem::new(
                    STOPPING,
                    "the gateway finishes the calls that were begun",
                ));
            }
            "/readyz" => response(200, TEXT, "ready"),
            _ => {
                let scheme = scheme(&self.settings, head, peer);
                let authority = authority(&self.settings, head, peer);
                let mut page = response(200, HTML, page::page(&format!("{scheme}://{authority}")));
                let policy = HeaderValue::from_static(SECURITY_POLICY);
                page.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
                let no_referrer = HeaderValue::from_static("no-referrer");
                page.headers_mut().insert(header::REFERRER_POLICY, no_referrer);
                page
            }
        })
    }

    /// A call of an operation, counted and logged.
    async fn call(
        &self,
        name: &str,
        head: &Parts,
        peer: Peer,
        incoming: Incoming,
    ) -> Response<Full<Bytes>> {
        let started = Instant::now();
        let info = OperationInfo::named(name);
        let (mut size, expects) = (0, head.headers.contains_key(header::EXPECT));
        let admitted = self.look_at(head).and_then(|()| self.admit(name, info, head));
        let said = match admitted {
            Ok(info) => match body::read(&self.settings, &self.metrics, incoming, expects).await {
                Ok((body, buffered)) => {
                    size = body.len();
                    match InFlight::enter(&self.metrics, self.settings.max_requests) {
                        Some(_in_flight) => self.carry_out(info, body, buffered).await,
                        None => Err(overloaded("requests")),
                    }
                }
                Err(unread) => Err(self.unread(&unread)),
            },
            Err(problem) => {
                refuse(head, incoming).await;
                Err(problem)
            }
        };
        let said = said.map_err(|mut problem| {
            problem.operation = info.map(|info| info.name);
            if info.is_some_and(|info| info.side_effect == SideEffect::Mutating) {
                // What went wrong before the gateway was asked reached no provider; a panic may have.
                problem.sent = problem.sent.or(Some(problem.trouble == INTERNAL));
            }
            problem
        });
        let (outcome, word) = match &said {
            Ok(said) if said.document.outcome == "declined" => (Outcome::Declined, "declined"),
            Ok(said) => (Outcome::Answered, &*said.document.outcome),
            Err(problem) => (of(problem), problem.trouble.word),
        };
        let answer = match &said {
            Ok(said) => response(200, JSON, said.json()),
            Err(problem) => problem_response(problem),
        };
        let duration = started.elapsed();
        self.metrics.count(info, outcome, duration);
        // Names, numbers and addresses; never anything that a message holds.
        macro_rules! line {
            ($level:ident) => {
                tracing::$level!(
                    target: "external_providers::gateway_server",
                    kind = info.map(|o| tracing::field::display(o.kind)),
                    operation = info.map(|o| o.name),
                    outcome = word,
                    status = answer.status().as_u16(),
                    duration_ms = duration.as_secs_f64() * 1e3,
                    request_bytes = size,
                    caller = peer.remote.map(|peer| tracing::field::display(peer.ip())),
                    forwarded_for = self.forwarded(head).as_deref(),
                    "call"
                )
            };
        }
        if outcome == Outcome::Panicked {
            line!(error)
        } else {
            line!(info)
        }
        answer
    }

    fn forwarded<'h>(&self, head: &'h Parts) -> Option<std::borrow::Cow<'h, str>> {
        let name = HeaderName::from_static("x-forwarded-for");
        self.settings.trust_forwarded.then(|| text(&head.headers, &name)).flatten()
    }

    /// What can be seen before the body: where it goes, how, from whom, and as what.
    fn admit(
        &self,
        name: &str,
        info: Option<&'static OperationInfo>,
        head: &Parts,
    ) -> Result<&'static OperationInfo, Box<Problem>> {
        let Some(info) = info else {
            let problem = Problem::new(NOT_FOUND, "there is no such operation");
            return Err(match nearest(name, OPERATIONS.iter().map(|info| info.name)) {
                Some(meant) => problem.hint(format!("did you mean {CALLS}{meant}?")),
                None => problem.hint("GET / is a page that shows what there is"),
            });
        };
        if head.method != Method::POST {
            return Err(Problem::method("POST"));
        }
        if head.uri.query().is_some_and(|query| !query.is_empty()) {
            return Err(Problem::new(REQUEST, "an operation takes no query")
                .hint("variables are members of the JSON document in the body"));
        }
        self.authorize(head)?;
        let content_type = text(&head.headers, &header::CONTENT_TYPE).unwrap_or_default();
        let charset = content_type.split(';').skip(1).find_map(|parameter| {
            let (name, value) = parameter.split_once('=')?;
            name.trim().eq_ignore_ascii_case("charset").then(|| value.trim().trim_matches('"'))
        });
        let is_encoded = head.headers.contains_key(header::CONTENT_ENCODING);
        match media_type(&content_type).eq_ignore_ascii_case(JSON)
            && charset.is_none_or(|charset| charset.eq_ignore_ascii_case("utf-8"))
            && !is_encoded
        {
            true => Ok(info),
            false => {
                Err(Problem::new(MEDIA_TYPE, "the body must be JSON, in UTF-8 and not compressed")
                    .hint("send Content-Type: application/json"))
            }
        }
    }

    fn authorize(&self, head: &Parts) -> Result<(), Box<Problem>> {
        let mut headers = head.headers.get_all(header::AUTHORIZATION).iter();
        let token = match (headers.next(), headers.next()) {
            (Some(value), None) => value.to_str().ok().and_then(|value| {
                let (scheme, token) = value.split_once(' ')?;
                scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
            }),
            _ => None,
        };
        let hint = "send Authorization: Bearer …, with a token of the gateway's token file";
        match token {
            Some(token) if self.tokens.get().matches(token) => Ok(()),
            Some(_) => Err(Problem::new(UNAUTHORIZED, "the token is not a valid one").hint(hint)),
            None => Err(Problem::new(UNAUTHORIZED, "there is no bearer token").hint(hint)),
        }
    }

    fn unread(&self, unread: &Unread) -> Box<Problem> {
        match unread {
            Unread::TooLong => {
                let most = crate::bounded::in_units(self.settings.max_body);
                Problem::new(TOO_LARGE, format!("the body is larger than {most}"))
            }
            Unread::Incomplete => Problem::at(String::new(), "the body is incomplete"),
            Unread::Slow => Problem::new(SLOW, "the body of the request did not come in time"),
            Unread::Overload => overloaded("request bytes"),
        }
    }

    /// Reads a request and asks the gateway. The body is let go as soon as it is understood.
    async fn carry_out(
        &self,
        info: &'static OperationInfo,
        body: Bytes,
        mut buffered: crate::host::metrics::Buffered<'_>,
    ) -> Result<call::Said, Box<Problem>> {
        let variables = request::read(info, &body)?;
        drop(body);
        buffered.replace(variables.iter().map(|(key, value)| key.len() + value.len() + 64).sum());
        let asked = catch_unwind(call::ask(&self.gateway, info, variables)).await;
        asked
            .unwrap_or_else(|_| Err(Problem::new(INTERNAL, "the provider or the gateway panicked")))
    }
}

/// Before a refusal: whoever is still sending gets to see the answer; who asks before sending, at once.
async fn refuse(head: &Parts, incoming: Incoming) {
    if !head.headers.contains_key(header::EXPECT) {
        body::drain(incoming).await;
    }
}

fn overloaded(what: &str) -> Box<Problem> {
    Problem::new(OVERLOADED, format!("too many {what} at the same time: try again"))
}

/// How a call without an answer is counted.
fn of(problem: &Problem) -> Outcome {
    match problem.trouble {
        UNAUTHORIZED => Outcome::Denied,
        INTERNAL => Outcome::Panicked,
        OVERLOADED => Outcome::Refused,
        _ if problem.status >= 500 => Outcome::Failed,
        _ => Outcome::Refused,
    }
}

fn response(
    status: u16,
    content_type: &'static str,
    body: impl Into<Bytes>,
) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body.into()));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or_default();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

fn problem_response(problem: &Problem) -> Response<Full<Bytes>> {
    let mut response = response(problem.status, PROBLEM, problem.json());
    let headers = response.headers_mut();
    if let Some(seconds) = problem.retry_after {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    if problem.trouble == UNAUTHORIZED {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    if let Some(allow) = problem.allow {
        headers.insert(header::ALLOW, HeaderValue::from_static(allow));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_overload_answer_says_its_own_length_and_is_a_problem() {
        let (head, body) = TURNED_AWAY.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(&format!("Content-Length: {}\r\n", body.len())), "{}", body.len());
        let detail = "too many connections are open: try again later";
        assert_eq!(Problem::new(OVERLOADED, detail).json(), body);
    }
}
