//! The `Host` header, without which nobody knows who was called.

use hyper::Version;
use hyper::header::{HOST, HeaderMap};

/// HTTP/1.1 has one (RFC 9112, section 3.2); HTTP/1.0 may have none, and HTTP/2 says it elsewhere. http.sys answers anything else
/// with status 400, `Invalid Hostname`.
pub(crate) fn is_valid(version: Version, headers: &HeaderMap) -> bool {
    match headers.get_all(HOST).iter().count() {
        0 => version != Version::HTTP_11,
        count => count == 1,
    }
}

/// The name or address without the port.
pub(super) fn name(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        // The colons of an IPv6 address stand inside of brackets.
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => authority,
    }
}
