//! Pages beside the services: whatever is asked at a path of theirs goes there, whoever asks.

use std::borrow::Cow;
use std::net::IpAddr;

use http_body_util::Full;
use hyper::Response;
use hyper::body::Bytes;
use hyper::http::request::Parts;

use super::BoxFuture;

/// Answers at paths of its own. Networks that alone may call the services
/// ([`HostBuilder::allow`](super::HostBuilder::allow)) say nothing about it.
pub(crate) trait Site: Send + Sync {
    /// Is this path, which is decoded, one of its own?
    fn has(&self, path: &str) -> bool;

    /// Turns somebody away before anything more is read than the head.
    fn refuse(&self, visit: &Visit<'_>) -> Option<Response<Full<Bytes>>>;

    /// Answers a request at one of them.
    fn answer<'v>(&'v self, visit: &'v Visit<'v>) -> BoxFuture<'v, Response<Full<Bytes>>>;
}

/// A request to a site.
pub(crate) struct Visit<'v> {
    /// The path, decoded.
    pub(crate) path: &'v str,
    pub(crate) head: &'v Parts,
    /// Host and port under which the caller knows this host.
    pub(crate) authority: Cow<'v, str>,
    /// The body of a POST, of at most 64 KiB; others have none that is read.
    pub(crate) body: Bytes,
    /// The other end of the connection.
    pub(crate) peer: Option<IpAddr>,
    /// Who asks: the same, or whom a proxy names that is believed.
    pub(crate) caller: Option<IpAddr>,
    /// Did the caller come by https, as far as is known?
    pub(crate) is_https: bool,
    /// Was it sent from a page of this host, as far as a browser says?
    pub(crate) is_own: bool,
}
