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
    /// Bytes of requests that may be held in memory at the same time while they are being read.
    /// Default 256 MiB; what would go beyond is answered 503.
    pub max_buffered: usize,
    /// Are `X-Forwarded-Proto`, `X-Forwarded-Host` and `X-Forwarded-For` believed? Default no: only
    /// a proxy that replaces them makes them true.
    pub trust_forwarded: bool,
    /// Who is offered a form to try the operations that only read. Default: callers from the local
    /// machine, as ASP.NET does.
    pub trial: Trial,
    /// How long calls may still take when the host is told to stop. Default 30 s.
    pub shutdown_timeout: Duration,
}

/// Who is offered the form on the page of an operation. Whoever uses it must know the web service
/// password, as any caller must.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Trial {
    /// Nobody.
    Never,
    /// Callers from the local machine.
    #[default]
    Local,
    /// Everybody.
    Always,
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
            max_buffered: 256 << 20,
            trust_forwarded: false,
            trial: Trial::Local,
            shutdown_timeout: Duration::from_secs(30),
        }
    }
}

impl Settings {
    pub(super) fn limits(&self) -> Limits {
        Limits { body: self.max_body, ..Limits::default() }
    }
}
