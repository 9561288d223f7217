//! The client in a stack of layers: any `tower::Service` as its transport, and its transport as one
//! (feature `tower`).

use std::convert::Infallible;
use std::error::Error;
use std::fmt;
use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use http_body::{Body, Frame, SizeHint};
use hyper::body::{Buf, Bytes};
use hyper::http::header::{HOST, HeaderName, HeaderValue};
use hyper::http::{Method, Request, Response, StatusCode, Uri};
use tower_service::Service;

use super::transport::{HttpTransport, Sent, shared_name};
use super::{Client, Transport, TransportError, TransportErrorKind};
use crate::contract::BoxFuture;
use crate::error_chain::error_chain;
use crate::http::{ConnectCause, ConnectError, Headers, HttpRequest, HttpResponse};
use crate::tls::{find, innermost};

type BoxError = Box<dyn Error + Send + Sync>;

impl Client {
    /// The same client with layers of tower around its transport, which keeps its own settings (TLS,
    /// time-outs, proxy). What the layers do counts: a layer that retries sends twice, also what
    /// changes something.
    ///
    /// ```no_run
    /// # use std::time::Duration;
    /// # use external_providers::Client;
    /// # fn example(client: Client) -> Client<impl external_providers::http::Transport> {
    /// client.layered(|http| {
    ///     tower::ServiceBuilder::new()
    ///         .concurrency_limit(4)
    ///         .timeout(Duration::from_secs(5))
    ///         .service(http)
    /// })
    /// # }
    /// ```
    pub fn layered<S>(self, stack: impl FnOnce(HttpTransport) -> S) -> Client<StackTransport<S>>
    where
        StackTransport<S>: Transport,
    {
        self.over(|http| {
            let (origin, limit) = (http.origin().unwrap_or_default(), http.body_limit);
            StackTransport::new(origin, stack(http)).body_limit(limit)
        })
    }
}

/// A [`Transport`] over any `tower::Service` that takes a request of the `http` crate and answers with
/// one: layers around an [`HttpTransport`] ([`Client::layered`]), hyper's own client, a router.
///
/// Each call goes to a clone of the service, once it is ready. A [`TransportError`] from below comes
/// through as it is; any other error is a [`TransportErrorKind::Connect`], if nothing was sent and
/// the system refused, or a [`TransportErrorKind::Layer`]. [`TransportError::sent`] is true as soon
/// as anybody took the body of any of the tries: a layer that reads it to sign or keep it counts
/// as having sent it. Only a layer that sends another body without having read this one makes it
/// say that nothing was sent.
pub struct StackTransport<S> {
    // Many a service can be sent to another thread, but not shared.
    stack: Mutex<S>,
    origin: String,
    body_limit: usize,
}

impl<S> StackTransport<S> {
    /// Sends what is for the host at `origin` (`https://crm.example.com`) through `stack`.
    pub fn new(origin: impl Into<String>, stack: S) -> Self {
        Self { stack: Mutex::new(stack), origin: origin.into(), body_limit: 16 << 20 }
    }

    /// The largest answer in bytes. Default 16 MiB, or what the client had.
    #[must_use]
    pub fn body_limit(mut self, bytes: usize) -> Self {
        self.body_limit = bytes;
        self
    }

    fn error(&self, kind: TransportErrorKind) -> TransportError {
        TransportError { service: self.origin.clone(), kind, sent: false }
    }

    fn failed(&self, error: BoxError, sent: &AtomicBool) -> TransportError {
        if let Some(error) = find::<TransportError>(&*error) {
            return error.clone();
        }
        self.error(match find::<io::Error>(&*error) {
            Some(cause) if !sent.load(Ordering::Acquire) => {
                let text = innermost(&*error).to_string();
                TransportErrorKind::Connect(ConnectError { cause: ConnectCause::of(cause), text })
            }
            _ => TransportErrorKind::Layer(error_chain(&*error)),
        })
    }

    /// The request as the `http` crate has it.
    fn request(
        &self,
        request: HttpRequest,
        sent: &Arc<AtomicBool>,
    ) -> Result<Request<StackBody>, TransportErrorKind> {
        // Nobody asks for a body that is empty, so nothing tells when it was sent.
        sent.store(request.body.is_empty(), Ordering::Release);
        let mut http = Request::new(StackBody::new(request.body, Arc::clone(sent)));
        let invalid = |what: &str| TransportErrorKind::Layer(format!("the {what} is not valid"));
        *http.uri_mut() =
            Uri::try_from(self.origin.clone() + &request.target).map_err(|_| invalid("address"))?;
        *http.method_mut() =
            Method::from_bytes(request.method.as_bytes()).map_err(|_| invalid("method"))?;
        // Clients of HTTP add it, but a server in this process may come next.
        if let Some(host) = http.uri().authority().map(|host| host.as_str().parse()) {
            http.headers_mut().insert(HOST, host.map_err(|_| invalid("address"))?);
        }
        for header in request.headers.iter() {
            let name = HeaderName::from_bytes(header.name.as_bytes());
            let (Ok(name), Ok(value)) = (name, HeaderValue::from_bytes(&header.value)) else {
                return Err(TransportErrorKind::Header(header.name.clone().into_owned()));
            };
            http.headers_mut().append(name, value);
        }
        Ok(http)
    }

    async fn answer<B>(
        &self,
        response: Response<B>,
        sent: &AtomicBool,
    ) -> Result<HttpResponse, TransportError>
    where
        B: Body,
        B::Error: Into<BoxError>,
    {
        let (head, body) = response.into_parts();
        let (mut body, mut bytes) = (pin!(body), Vec::new());
        while let Some(frame) = poll_fn(|cx| body.as_mut().poll_frame(cx)).await {
            let frame = frame.map_err(|error| self.failed(error.into(), sent))?;
            let Ok(mut data) = frame.into_data() else { continue };
            if data.remaining() > self.body_limit - bytes.len() {
                return Err(self.error(TransportErrorKind::TooLarge { limit: self.body_limit }));
            }
            while data.has_remaining() {
                let chunk = data.chunk();
                bytes.extend_from_slice(chunk);
                let taken = chunk.len();
                data.advance(taken);
            }
        }
        let mut headers = Headers::with_capacity(head.headers.len());
        for (name, value) in &head.headers {
            headers.push_bytes(shared_name(name), value.as_bytes());
        }
        Ok(HttpResponse { status: head.status.as_u16(), headers, body: bytes })
    }
}

impl<S: Clone> Clone for StackTransport<S> {
    fn clone(&self) -> Self {
        Self {
            stack: Mutex::new(self.service()),
            origin: self.origin.clone(),
            body_limit: self.body_limit,
        }
    }
}

impl<S: Clone> StackTransport<S> {
    fn service(&self) -> S {
        self.stack.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl<S> fmt::Debug for StackTransport<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StackTransport")
            .field("origin", &self.origin)
            .field("body_limit", &self.body_limit)
            .finish_non_exhaustive()
    }
}

impl<S, B> Transport for StackTransport<S>
where
    S: Service<Request<StackBody>, Response = Response<B>> + Clone + Send,
    S::Future: Send,
    S::Error: Into<BoxError>,
    B: Body + Send,
    B::Data: Send,
    B::Error: Into<BoxError>,
{
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        let sent = Arc::new(AtomicBool::new(false));
        let exchange = async {
            let mut service = self.service();
            let ready = poll_fn(|cx| service.poll_ready(cx)).await;
            ready.map_err(|error| self.failed(error.into(), &sent))?;
            let request = self.request(request, &sent).map_err(|kind| {
                sent.store(false, Ordering::Release);
                self.error(kind)
            })?;
            let response = service.call(request).await;
            let answer = self.answer(response.map_err(|e| self.failed(e.into(), &sent))?, &sent);
            answer.await.map_err(|error| TransportError { sent: true, ..error })
        };
        exchange.await.map_err(|error| TransportError {
            sent: error.sent || sent.load(Ordering::Acquire),
            ..error
        })
    }

    fn origin(&self) -> Option<String> {
        Some(self.origin.clone())
    }
}

/// The body of a message in one piece. That of a request knows whether anybody took it; its clones,
/// of which a layer that retries sends one after the other, know it together.
#[derive(Clone)]
pub struct StackBody {
    bytes: Option<Bytes>,
    sent: Arc<AtomicBool>,
}

impl StackBody {
    fn new(bytes: Vec<u8>, sent: Arc<AtomicBool>) -> Self {
        Self { bytes: Some(bytes.into()).filter(|bytes: &Bytes| !bytes.is_empty()), sent }
    }
}

// Bodies hold passwords.
impl fmt::Debug for StackBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.bytes.as_ref().map_or(0, Bytes::len))
    }
}

impl Body for StackBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.sent.store(true, Ordering::Release);
        Poll::Ready(self.bytes.take().map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.bytes.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.bytes.as_ref().map_or(0, |bytes| bytes.len() as u64))
    }
}

/// The innermost service of a stack. A request goes to its own path and query on the service's host,
/// whatever host it names.
impl Service<Request<StackBody>> for HttpTransport {
    type Response = Response<StackBody>;
    type Error = TransportError;
    type Future = BoxFuture<'static, Result<Self::Response, TransportError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<StackBody>) -> Self::Future {
        let transport = self.clone();
        Box::pin(async move {
            let (head, body) = request.into_parts();
            let mut headers = Headers::with_capacity(head.headers.len());
            for (name, value) in head.headers.iter().filter(|(name, _)| *name != HOST) {
                headers.push_bytes(name.as_str().to_owned(), value.as_bytes());
            }
            let request = HttpRequest {
                method: head.method.as_str().to_owned().into(),
                target: head.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned(),
                headers,
                body: body.bytes.map(Vec::from).unwrap_or_default(),
            };
            let answer = transport.forward_tracked(request, &Sent::of(body.sent)).await?;
            let mut response = Response::new(StackBody::new(answer.body, Arc::default()));
            *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or_default();
            for header in answer.headers.iter() {
                let name = HeaderName::from_bytes(header.name.as_bytes());
                // They were read from a message of HTTP, so they can stand in one.
                if let (Ok(name), Ok(value)) = (name, HeaderValue::from_bytes(&header.value)) {
                    response.headers_mut().append(name, value);
                }
            }
            Ok(response)
        })
    }
}
