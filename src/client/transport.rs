//! How a request travels: reqwest, with everything off that the contract forbids.

use std::error::Error as _;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use http_body::{Body, Frame, SizeHint};
use reqwest::Url;

use crate::exchange::{Headers, HttpRequest, HttpResponse};

/// Carries one request to the service and brings its answer, at most once.
pub trait Transport: Send + Sync {
    /// Sends the request. Its target is a path on the service's own host.
    fn send(
        &self,
        request: HttpRequest,
    ) -> impl Future<Output = Result<HttpResponse, TransportError>> + Send;
}

/// The transport over HTTP/1.1.
pub struct HttpTransport {
    pub(super) client: reqwest::Client,
    pub(super) url: Url,
    pub(super) timeout: Duration,
    pub(super) connect_timeout: Duration,
    pub(super) body_limit: usize,
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
    fn service(&self) -> String {
        let mut url = self.url.clone();
        url.set_query(None);
        url.into()
    }

    fn error(&self, error: &reqwest::Error, sent: &AtomicBool) -> TransportError {
        let sent = sent.load(Ordering::Acquire);
        let kind = if error.is_timeout() {
            match sent {
                // Until the body is asked for, all that can take time is the connection.
                false => TransportErrorKind::ConnectTimeout(self.connect_timeout.min(self.timeout)),
                true => TransportErrorKind::Timeout(self.timeout),
            }
        } else if error.is_connect() && !sent {
            TransportErrorKind::Connect(root_cause(error))
        } else {
            TransportErrorKind::Broken(root_cause(error))
        };
        TransportError { service: self.service(), kind, sent }
    }
}

impl Transport for HttpTransport {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        let sent = Arc::new(AtomicBool::new(false));
        let body = Tracked { body: Some(request.body.into()), sent: Arc::clone(&sent) };
        let mut post = self.client.post(self.url.clone()).timeout(self.timeout);
        for header in request.headers.iter() {
            post = post.header(&*header.name, &*header.value);
        }
        let mut answer = post
            .body(reqwest::Body::wrap(body))
            .send()
            .await
            .map_err(|error| self.error(&error, &sent))?;

        let too_large = || TransportError {
            service: self.service(),
            kind: TransportErrorKind::TooLarge { limit: self.body_limit },
            sent: true,
        };
        let announced = answer.content_length().unwrap_or(0);
        if announced > self.body_limit as u64 {
            return Err(too_large());
        }
        // A peer may announce much and send little: it gets no more than this in advance.
        let mut body = Vec::with_capacity(announced.min(64 << 10) as usize);
        while let Some(chunk) = answer.chunk().await.map_err(|error| self.error(&error, &sent))? {
            if body.len() + chunk.len() > self.body_limit {
                return Err(too_large());
            }
            body.extend_from_slice(&chunk);
        }
        let mut headers = Headers::with_capacity(answer.headers().len());
        for (name, value) in answer.headers() {
            headers.push_bytes(name.as_str().to_owned(), value.as_bytes());
        }
        Ok(HttpResponse { status: answer.status().as_u16(), headers, body })
    }
}

/// The request body. Hyper asks for it once the head is written, so as long as it has not, nothing
/// was sent.
struct Tracked {
    body: Option<Bytes>,
    sent: Arc<AtomicBool>,
}

type Bytes = hyper::body::Bytes;

impl Body for Tracked {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        self.sent.store(true, Ordering::Release);
        Poll::Ready(self.body.take().map(|body| Ok(Frame::data(body))))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.body.as_ref().map_or(0, |body| body.len() as u64))
    }
}

/// The innermost error: what happened, without the layers that it came through.
fn root_cause(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    if error.source().is_none() { "the connection failed".to_owned() } else { cause.to_string() }
}

/// No answer came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransportError {
    /// The address of the service, without its query.
    pub service: String,
    /// What happened.
    pub kind: TransportErrorKind,
    /// Was the request sent, in whole or in part? If not, it is safe to send it again even if the
    /// operation changes something.
    pub sent: bool,
}

/// What happened to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum TransportErrorKind {
    /// The host is not known, or refuses, or TLS failed: why.
    Connect(String),
    /// No connection within this time.
    ConnectTimeout(Duration),
    /// No whole answer within this time.
    Timeout(Duration),
    /// The connection broke, or what came over it is no HTTP: why.
    Broken(String),
    /// The answer is larger than this.
    TooLarge {
        /// The limit in bytes.
        limit: usize,
    },
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { service, kind, sent } = self;
        match kind {
            TransportErrorKind::Connect(cause) => {
                write!(f, "could not connect to {service}: {cause}")?;
            }
            TransportErrorKind::ConnectTimeout(after) => {
                write!(f, "could not connect to {service} within {} s", after.as_secs_f64())?;
            }
            TransportErrorKind::Timeout(after) => {
                write!(f, "no answer from {service} within {} s", after.as_secs_f64())?;
            }
            TransportErrorKind::Broken(cause) => {
                write!(f, "the connection to {service} broke: {cause}")?;
            }
            TransportErrorKind::TooLarge { limit } => {
                return write!(f, "the answer from {service} is larger than {limit} bytes");
            }
        }
        f.write_str(if *sent { " (the request was sent)" } else { " (the request was not sent)" })
    }
}

impl std::error::Error for TransportError {}
