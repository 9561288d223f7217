//! Answers as HTTP has them.

use std::time::Duration;

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{
    ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, HeaderValue, LOCATION,
    REFERRER_POLICY, RETRY_AFTER, SET_COOKIE, X_CONTENT_TYPE_OPTIONS,
};
use hyper::{Response, StatusCode};

/// An answer to a browser.
pub(super) type Answer = Response<Full<Bytes>>;

/// A page under these rules (`Content-Security-Policy`).
pub(super) fn html(status: StatusCode, page: String, policy: &str) -> Answer {
    let mut answer = plain(status, page);
    set(&mut answer, CONTENT_TYPE, "text/html; charset=utf-8");
    set(&mut answer, CONTENT_SECURITY_POLICY, policy);
    answer
}

/// Sends a browser elsewhere, where it asks with GET.
pub(super) fn see_other(address: &str) -> Answer {
    let mut answer = plain(StatusCode::SEE_OTHER, String::new());
    set(&mut answer, LOCATION, address);
    answer
}

/// A line of text.
pub(super) fn line(status: StatusCode, line: &str) -> Answer {
    let mut answer = plain(status, format!("{line}\n"));
    set(&mut answer, CONTENT_TYPE, "text/plain; charset=utf-8");
    answer
}

/// Says which methods there are.
pub(super) fn methods(status: StatusCode) -> Answer {
    let mut answer = plain(status, String::new());
    set(&mut answer, ALLOW, "GET, HEAD, POST, OPTIONS");
    answer
}

/// Says when to come back, in whole seconds.
pub(super) fn retry_after(answer: &mut Answer, wait: Duration) {
    set(answer, RETRY_AFTER, &(wait.as_secs() + 1).to_string());
}

/// Adds a cookie.
pub(super) fn set_cookie(answer: &mut Answer, cookie: Option<HeaderValue>) {
    if let Some(cookie) = cookie {
        answer.headers_mut().append(SET_COOKIE, cookie);
    }
}

fn plain(status: StatusCode, body: String) -> Answer {
    let mut answer = Response::new(Full::new(Bytes::from(body)));
    *answer.status_mut() = status;
    // What is said to one person is for nobody else, nor for whoever goes back a page.
    set(&mut answer, CACHE_CONTROL, "no-store");
    set(&mut answer, REFERRER_POLICY, "no-referrer");
    set(&mut answer, X_CONTENT_TYPE_OPTIONS, "nosniff");
    answer
}

/// What is not a value is left out.
fn set(answer: &mut Answer, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        answer.headers_mut().insert(name, value);
    }
}
