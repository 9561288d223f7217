//! What can be set about a host; every default is what ASP.NET and IIS do unless it says why not.

use std::time::Duration;

use crate::soap::Limits;

/// Limits and timeouts of a host.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Settings {
    /// Bytes of a request's body. Default 4096 KB, ASP.NET's `maxRequestLength`.
    pub max_body: usize,
    /// Connections that are open at the same time. Default 10 000; one more is answered 503.
    pub max_connections: usize,
    /// Requests that are carried out at the same time. Default 1 000; one more is answered 503.
    pub max_requests: usize,
    /// How long the headers of a request may take from their first byte on. Default 30 s.
    pub header_timeout: Duration,
    /// How long a request's body may take. Default 60 s.
    pub body_timeout: Duration,
    /// How long a connection may wait for its next request, and how long a caller may take to read
    /// a piece of an answer. Default 120 s, after which IIS closes.
    pub idle_timeout: Duration,
    /// How long calls may still take when the host is told to stop. Default 30 s.
    pub shutdown_timeout: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            max_body: 4096 << 10,
            max_connections: 10_000,
            max_requests: 1_000,
            header_timeout: Duration::from_secs(30),
            body_timeout: Duration::from_secs(60),
            idle_timeout: Duration::from_secs(120),
            shutdown_timeout: Duration::from_secs(30),
        }
    }
}

impl Settings {
    pub(super) fn limits(&self) -> Limits {
        Limits { body: self.max_body, ..Limits::default() }
    }
}
