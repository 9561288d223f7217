//! How a request travels: reqwest, with everything off that the contract forbids.

use std::borrow::Cow;
use std::error::Error as _;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use http_body::{Body, Frame, SizeHint};
use reqwest::header::{self, HeaderName, HeaderValue};
use zeroize::Zeroizing;

use crate::http::url::Url;
use crate::http::{
    ConnectCause, ConnectError, Headers, HttpRequest, HttpResponse, Transport, TransportError,
    TransportErrorKind, bare_host,
};
use crate::tls::{self, TlsCause, TlsError};
use crate::xml::{self, charset::Charset};

const SOAP_ACTION: HeaderName = HeaderName::from_static("soapaction");

/// How long a server may take to say what it speaks, when a handshake failed.
const EXAMINATION: Duration = Duration::from_secs(3);

/// The transport over HTTP/1.1. Clones share their connections.
///
/// Heads that .NET reads are read: folded lines, spaces before the colon; lines that are not headers
/// are passed over. Requests differ from those of a .NET proxy in what services ignore: `Accept: */*`,
/// a `User-Agent` of their own, no `Expect`, and names of headers in title case (`Soapaction`).
#[derive(Clone)]
pub struct HttpTransport {
    pub(super) client: reqwest::Client,
    pub(super) url: Url,
    /// What the header `Host` says, made here once and not by hyper-util for each request.
    pub(super) host: Option<HeaderValue>,
    /// Host and port of the proxy, for errors: they may be its fault.
    pub(super) proxy: Option<String>,
    pub(super) timeout: Duration,
    pub(super) connect_timeout: Duration,
    pub(super) body_limit: usize,
    /// Is the beginning of an answer enough, where the rest is too large or does not come?
    pub(super) cuts: bool,
}

impl fmt::Debug for HttpTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpTransport")
            .field("service", &self.service())
            .field("timeout", &self.timeout)
            .field("connect_timeout", &self.connect_timeout)
            .field("body_limit", &self.body_limit)
            .finish_non_exhaustive()
    }
}

impl HttpTransport {
    /// Scheme, host, port and path: a query may carry a secret.
    pub(super) fn service(&self) -> String {
        let mut url = self.url.clone();
        url.set_query(None);
        url.set_fragment(None);
        if let Some(proxy) = &self.proxy {
            return format!("{url} through the proxy {proxy}");
        }
        url.into()
    }

    /// The same for callers whom an answer's status and its first words tell enough: one that is larger
    /// than the limit, or breaks off, ends there.
    #[cfg(feature = "outbox")]
    pub(crate) fn cutting(self) -> Self {
        Self { cuts: true, ..self }
    }

    /// The same to another address on the same host.
    pub(crate) fn at(&self, url: Url) -> Self {
        Self { url, ..self.clone() }
    }

    async fn error(&self, error: reqwest::Error, sent: &Sent) -> TransportError {
        let sent = sent.is_set();
        let kind = if error.is_timeout() && !sent {
            TransportErrorKind::ConnectTimeout(self.connect_timeout)
        } else if let Some(tls) = self.tls_error(&error, sent).await {
            TransportErrorKind::Tls(Box::new(tls))
        } else if error.is_connect() && !sent {
            TransportErrorKind::Connect(connect_error(&error))
        } else {
            TransportErrorKind::Broken(root_cause(&error))
        };
        TransportError { service: self.service(), kind, sent }
    }

    /// What is wrong with TLS, if that is to blame. Where the error leaves it open, the server is asked
    /// on another connection what it does speak.
    async fn tls_error(&self, error: &reqwest::Error, sent: bool) -> Option<TlsError> {
        let (host, port) = (self.url.host_str()?, self.url.port_or_known_default()?);
        let address = (bare_host(host), port);
        let within = self.connect_timeout.min(self.timeout / 4).min(EXAMINATION);
        if self.url.scheme() == "https" {
            let closed = || TlsError::closed(error, host).filter(|_| error.is_connect() && !sent);
            let found = TlsError::below(error, host).or_else(closed)?;
            return Some(match self.proxy {
                None => tls::examined(found, address, within).await,
                Some(_) => found,
            });
        }
        // A server of TLS answers plain text with an alert, which is not HTTP.
        let no_http = tls::find::<hyper::Error>(error).is_some_and(hyper::Error::is_parse);
        let asked = no_http && self.proxy.is_none() && !error.is_connect();
        (asked && tls::speaks_tls(address, host, within).await).then(|| TlsError {
            cause: TlsCause::OnlyTls,
            host: host.to_owned(),
            fingerprint: None,
        })
    }

    /// Sends a request with its own method, to its own path and query on the service's host.
    pub(crate) async fn forward(
        &self,
        request: HttpRequest,
    ) -> Result<HttpResponse, TransportError> {
        self.forward_tracked(request, &Sent::default()).await
    }

    /// The same, seen by whoever else holds `sent`.
    pub(super) async fn forward_tracked(
        &self,
        request: HttpRequest,
        sent: &Sent,
    ) -> Result<HttpResponse, TransportError> {
        let mut url = self.url.clone();
        let (path, query) = match request.target.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (request.target.as_str(), None),
        };
        url.set_path(path);
        url.set_query(query);
        let Ok(method) = reqwest::Method::from_bytes(request.method.as_bytes()) else {
            let kind = TransportErrorKind::Broken("the method is not valid".to_owned());
            return Err(TransportError { service: self.service(), kind, sent: false });
        };
        self.exchange_in_time(method, url, request, sent).await
    }

    async fn exchange_in_time(
        &self,
        method: reqwest::Method,
        url: Url,
        request: HttpRequest,
        sent: &Sent,
    ) -> Result<HttpResponse, TransportError> {
        let exchange = self.exchange(method, url, request, sent);
        match tokio::time::timeout(self.timeout, exchange).await {
            Ok(result) => result,
            Err(_) => {
                let sent = sent.is_set();
                // Until the body is asked for, all that can take time is the connection.
                let kind = match sent {
                    true => TransportErrorKind::Timeout(self.timeout),
                    false => TransportErrorKind::ConnectTimeout(self.timeout),
                };
                Err(TransportError { service: self.service(), kind, sent })
            }
        }
    }

    async fn exchange(
        &self,
        method: reqwest::Method,
        url: Url,
        request: HttpRequest,
        sent: &Sent,
    ) -> Result<HttpResponse, TransportError> {
        let is_post = method == reqwest::Method::POST;
        let mut post = reqwest::Request::new(method, url);
        for header in request.headers {
            let name = match &*header.name {
                "SOAPAction" => Ok(SOAP_ACTION),
                name => HeaderName::from_bytes(name.as_bytes()),
            };
            // Whatever the namespace in an action holds, it must not end the header.
            let value = HeaderValue::from_maybe_shared(match header.value {
                Cow::Borrowed(fixed) => Bytes::from_static(fixed),
                Cow::Owned(value) => Bytes::from(value),
            });
            let (Ok(name), Ok(value)) = (name, value) else {
                let kind = TransportErrorKind::Header(header.name.into_owned());
                return Err(TransportError { service: self.service(), kind, sent: false });
            };
            post.headers_mut().append(name, value);
        }
        if let Some(host) = &self.host {
            post.headers_mut().entry(header::HOST).or_insert_with(|| host.clone());
        }
        // A GET has no body, not even an empty one, which would announce its length.
        if is_post || !request.body.is_empty() {
            // It may hold passwords, and is wiped when it is sent.
            let body = Bytes::from_owner(Zeroizing::new(request.body));
            let body = Tracked { body: Some(body), sent: sent.clone() };
            *post.body_mut() = Some(reqwest::Body::wrap(body));
            return self.answer(post, sent).await;
        }
        // Nothing tells when it is sent. After a time-out it may have been.
        sent.set();
        self.answer(post, &Sent::default()).await.map_err(sent_once_connected)
    }

    /// The answer to `GET url`, which is on the service's host.
    pub(super) async fn get(&self, url: Url) -> Result<HttpResponse, TransportError> {
        let request = reqwest::Request::new(reqwest::Method::GET, url);
        self.answer(request, &Sent::default()).await.map_err(sent_once_connected)
    }

    async fn answer(
        &self,
        request: reqwest::Request,
        sent: &Sent,
    ) -> Result<HttpResponse, TransportError> {
        let mut answer = match self.client.execute(request).await {
            Ok(answer) => answer,
            Err(error) => return Err(self.error(error, sent).await),
        };

        let too_large = || TransportError {
            service: self.service(),
            kind: TransportErrorKind::TooLarge { limit: self.body_limit },
            sent: true,
        };
        let announced = answer.content_length().unwrap_or(0);
        if announced > self.body_limit as u64 && !self.cuts {
            return Err(too_large());
        }
        // A peer may announce much and send little: it gets no more than this in advance.
        let mut body = Vec::with_capacity(announced.min(64 << 10) as usize);
        loop {
            match answer.chunk().await {
                Ok(Some(chunk)) if body.len() + chunk.len() > self.body_limit => {
                    if !self.cuts {
                        return Err(too_large());
                    }
                    body.extend_from_slice(&chunk[..self.body_limit - body.len()]);
                    break;
                }
                Ok(Some(chunk)) => body.extend_from_slice(&chunk),
                Ok(None) => break,
                Err(_) if self.cuts => break,
                Err(error) if is_whole(&answer, &body) && ends_without_notice(&error) => break,
                Err(error) => return Err(self.error(error, sent).await),
            }
        }
        let mut headers = Headers::with_capacity(answer.headers().len());
        for (name, value) in answer.headers() {
            headers.push_bytes(shared_name(name), value.as_bytes());
        }
        Ok(HttpResponse { status: answer.status().as_u16(), headers, body })
    }
}

/// An error of a request without a body, of which nothing tells when it is sent: once the connection
/// stands, it counts as sent.
fn sent_once_connected(error: TransportError) -> TransportError {
    let connected = match &error.kind {
        TransportErrorKind::Broken(_) => true,
        TransportErrorKind::Tls(error) => {
            matches!(error.cause, TlsCause::OnlyTls | TlsCause::ClientCertificate)
        }
        _ => false,
    };
    TransportError { sent: error.sent || connected, ..error }
}

/// Is the body of an answer that ends with its connection a whole document, as its end tag shows?
fn is_whole(answer: &reqwest::Response, body: &[u8]) -> bool {
    let headers = answer.headers();
    if headers.contains_key(header::CONTENT_LENGTH)
        || headers.contains_key(header::TRANSFER_ENCODING)
    {
        return false;
    }
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let charset = Charset::of_response(content_type.unwrap_or_default());
    charset.decode(body).is_ok_and(|text| xml::ends_with_its_root(&text))
}

/// Was the connection closed without TLS' close_notify, as many servers do? By itself it could be
/// somebody between who cuts an answer off.
fn ends_without_notice(error: &reqwest::Error) -> bool {
    tls::find::<std::io::Error>(error).is_some_and(|error| {
        // OpenSSL has a word for it alone.
        error.kind() == std::io::ErrorKind::UnexpectedEof
            || error.to_string().contains("unexpected eof")
    })
}

/// A header's name, without a copy where it is one that nearly every answer carries.
pub(super) fn shared_name(name: &HeaderName) -> Cow<'static, str> {
    Cow::Borrowed(match name.as_str() {
        "content-type" => "content-type",
        "content-length" => "content-length",
        "cache-control" => "cache-control",
        "date" => "date",
        "server" => "server",
        "x-aspnet-version" => "x-aspnet-version",
        "x-powered-by" => "x-powered-by",
        other => return Cow::Owned(other.to_owned()),
    })
}

impl Transport for HttpTransport {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        let url = self.url.clone();
        self.exchange_in_time(reqwest::Method::POST, url, request, &Sent::default()).await
    }

    fn origin(&self) -> Option<String> {
        Some(self.url.origin().ascii_serialization())
    }
}

/// Was a request sent? One that is tried several times was if any of the tries was.
#[derive(Debug, Clone, Default)]
pub(super) struct Sent {
    this: Arc<AtomicBool>,
    any: Option<Arc<AtomicBool>>,
}

impl Sent {
    /// For one of the tries.
    #[cfg(feature = "tower")]
    pub(super) fn of(any: Arc<AtomicBool>) -> Self {
        Self { this: Arc::default(), any: Some(any) }
    }

    fn is_set(&self) -> bool {
        self.this.load(Ordering::Acquire)
    }

    fn set(&self) {
        self.this.store(true, Ordering::Release);
        if let Some(any) = &self.any {
            any.store(true, Ordering::Release);
        }
    }
}

/// The request body. Hyper asks for it once the head is written, so as long as it has not, nothing
/// was sent.
struct Tracked {
    body: Option<Bytes>,
    sent: Sent,
}

type Bytes = hyper::body::Bytes;

impl Body for Tracked {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        self.sent.set();
        Poll::Ready(self.body.take().map(|body| Ok(Frame::data(body))))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.body.as_ref().map_or(0, |body| body.len() as u64))
    }
}

/// Why there is no connection.
fn connect_error(error: &reqwest::Error) -> ConnectError {
    let cause = tls::find::<std::io::Error>(error).map_or(ConnectCause::Other, ConnectCause::of);
    ConnectError { cause, text: root_cause(error) }
}

/// The innermost error: what happened, without the layers that it came through.
fn root_cause(error: &reqwest::Error) -> String {
    match error.source() {
        None => "the connection failed".to_owned(),
        Some(cause) => tls::innermost(cause).to_string(),
    }
}
