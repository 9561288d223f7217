//! What can be set about a host; every default is what ASP.NET and IIS do unless it says why not.

use std::time::Duration;

use crate::soap::Limits;

/// Limits and timeouts of a host; a time of `Duration::MAX` sets none. Limits may be added: end a literal with the
/// defaults.
///
/// ```
/// use std::time::Duration;
///
/// use external_providers::host::Settings;
///
/// let settings = Settings { max_body: 1 << 20, ..Settings::default() };
/// assert_eq!(settings.shutdown_timeout, Duration::from_secs(30));
/// ```
#[derive(Debug, Clone)]
pub struct Settings {
    /// Bytes of a request's body. Default 4096 KB, ASP.NET's `maxRequestLength`.
    pub max_body: usize,
    /// Connections that are open at the same time. Default 10 000; one more is answered 503. Each is an open file,
    /// of which many systems let a process have 1024 until it asks for more (`setrlimit`), as the tool does.
    pub max_connections: usize,
    /// Requests that are carried out at the same time. Default 1 000; one more is answered 503.
    /// Pages beside the services are answered while it is less than half of that.
    pub max_requests: usize,
    /// How long the headers of a request may take from their first byte on. Default 30 s.
    pub header_timeout: Duration,
    /// How long a request's body may take. Default 60 s.
    pub body_timeout: Duration,
    /// Bytes per second that a caller must send of a body and take of an answer, once it has used up
    /// [`stall_timeout`](Self::stall_timeout) or [`idle_timeout`](Self::idle_timeout). Default 240,
    /// the `minBytesPerSecond` of IIS; 0 asks for nothing. While more than half of
    /// [`max_buffered`](Self::max_buffered) is taken, a body larger than
    /// [`small_body`](Self::small_body) must come as fast as the largest one has to, `max_body` within
    /// `body_timeout`.
    pub min_bytes_per_second: u32,
    /// How long a body may bring less than that. Default 10 s, in which TCP sends a lost packet
    /// again five times.
    pub stall_timeout: Duration,
    /// How long a connection may wait for its next request, and how long a caller may take nothing
    /// of an answer. Default 120 s, after which IIS closes.
    pub idle_timeout: Duration,
    /// Bytes of requests that may be held in memory at the same time, from their first byte until
    /// they are answered. Default 256 MiB; a large body that would go beyond is answered 503.
    pub max_buffered: usize,
    /// Bytes up to which a body is read even when `max_buffered` is taken, so that large ones cannot
    /// keep out a help desk's calls of a few KB. Default 64 KiB, which is what a connection may
    /// hold anyway: the head of a request may be as large.
    pub small_body: usize,
    /// Are `X-Forwarded-Proto`, `X-Forwarded-Host` and `X-Forwarded-For` believed? Default no: only
    /// a proxy that replaces them makes them true.
    pub trust_forwarded: bool,
    /// Who is offered a form to try the operations that only read. Default: callers from the local
    /// machine, as ASP.NET does.
    pub test_form: TestForm,
    /// How long the host goes on when it is told to stop, while `/healthz` is answered 503, so that a load
    /// balancer has sent its callers elsewhere before no connection is taken any more. Default 0: it takes
    /// no further connection at once.
    pub drain: Duration,
    /// How long calls may still take after that. Default 30 s.
    pub shutdown_timeout: Duration,
}

/// Who is offered the form on the page of an operation. Whoever uses it must know the web service
/// password, as any caller must.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TestForm {
    /// Nobody.
    Never,
    /// Callers from the local machine who name it by an IP address or `localhost`, unless a header
    /// such as `X-Forwarded-For` or `Via` says that they come through a proxy.
    #[default]
    Local,
    /// Everybody, but for forms on other sites' pages.
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
            min_bytes_per_second: 240,
            stall_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(120),
            max_buffered: 256 << 20,
            small_body: 64 << 10,
            trust_forwarded: false,
            test_form: TestForm::Local,
            drain: Duration::ZERO,
            shutdown_timeout: Duration::from_secs(30),
        }
    }
}

impl Settings {
    pub(super) fn limits(&self) -> Limits {
        Limits { body: self.max_body, ..Limits::default() }
    }
}
