//! The host in another HTTP server, as a `tower::Service` (feature `tower`).

use std::convert::Infallible;
use std::fmt;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http_body_util::Full;
use hyper::body::{Body, Bytes, Frame, SizeHint};
use hyper::http::uri::{PathAndQuery, Uri};
use hyper::http::{Extensions, Request, Response};

use super::request::Peer;
use super::{BoxFuture, Host, Hosting, connection};

impl Host {
    /// The host as a `tower::Service` over the types of the `http` crate, to be mounted in axum or
    /// served by hyper. It answers what [`Server`](super::Server) answers: calls, WSDL, pages,
    /// `/healthz`, within the limits of [`Settings`](super::Settings) but those on connections
    /// (`max_connections`, `header_timeout`, `idle_timeout`, `shutdown_timeout`), which are the
    /// outer server's; and logs and counts the same. It needs a tokio runtime with time.
    ///
    /// The path of a service is as [`Service::new`](super::Service::new) has it. A router that takes
    /// a prefix away needs [`MountedHost::under`].
    ///
    /// A call that is dropped, by a layer that limits its time or because its caller went away, ends
    /// where it waits; `Server` runs a call to its end.
    ///
    /// ```no_run
    /// # use std::net::SocketAddr;
    /// # use axum::{Router, extract::ConnectInfo};
    /// # fn router(host: external_providers::Host) -> Router {
    /// let host = host.mounted().under("/crm").peer(|extensions| {
    ///     extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0)
    /// });
    /// Router::new().nest_service("/crm", host)
    /// # }
    /// ```
    pub fn mounted(&self) -> MountedHost {
        let peer = |extensions: &Extensions| extensions.get::<SocketAddr>().copied();
        MountedHost { hosting: Arc::clone(&self.0), prefix: "".into(), peer, https: false }
    }
}

/// A [`Host`] in another HTTP server; see [`Host::mounted`]. Clones are the same.
#[derive(Clone)]
pub struct MountedHost {
    hosting: Arc<Hosting>,
    prefix: Arc<str>,
    peer: fn(&Extensions) -> Option<SocketAddr>,
    https: bool,
}

impl MountedHost {
    /// The services are below this path (`/crm`), in the WSDL's addresses, too. The router may have
    /// taken it away from the request or not. Default: at the root.
    #[must_use]
    pub fn under(mut self, prefix: &str) -> Self {
        self.prefix = prefix.trim_end_matches('/').into();
        self
    }

    /// Who the caller is, in what the outer server says of a request. Default: the `SocketAddr` among the
    /// request's extensions. Where it is not known, nobody counts as local: the
    /// [`TestForm`](super::TestForm) for local callers is offered to none, and logs name no caller.
    #[must_use]
    pub fn peer(mut self, peer: fn(&Extensions) -> Option<SocketAddr>) -> Self {
        self.peer = peer;
        self
    }

    /// Does the outer server speak TLS? The WSDL's addresses say so. Default: no.
    #[must_use]
    pub fn https(mut self, https: bool) -> Self {
        self.https = https;
        self
    }

    /// The address as the caller has it, with the prefix.
    fn restore(&self, uri: &mut Uri) {
        let path = uri.path();
        let rest = path.strip_prefix(&*self.prefix);
        if rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/')) {
            return;
        }
        let path = match uri.path_and_query() {
            Some(path) => format!("{}{path}", self.prefix),
            None => self.prefix.to_string(),
        };
        let mut parts = uri.clone().into_parts();
        parts.path_and_query = PathAndQuery::try_from(path).ok();
        if let Ok(whole) = Uri::from_parts(parts) {
            *uri = whole;
        }
    }
}

impl fmt::Debug for MountedHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MountedHost")
            .field("prefix", &self.prefix)
            .field("https", &self.https)
            .finish_non_exhaustive()
    }
}

impl<B> tower_service::Service<Request<B>> for MountedHost
where
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Send,
{
    type Response = Response<AnswerBody>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Infallible>>;

    /// Always: what is too much is answered 503.
    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let mut request = request.map(Box::pin);
        self.restore(request.uri_mut());
        let remote = (self.peer)(request.extensions());
        let peer = Peer { remote, local: None, tls: self.https };
        let (hosting, prefix) = (Arc::clone(&self.hosting), Arc::clone(&self.prefix));
        Box::pin(async move {
            let answer = connection::answer(&hosting, peer, &prefix, request).await;
            Ok(answer.map(AnswerBody))
        })
    }
}

/// The body of an answer, in one piece.
#[derive(Debug, Clone)]
pub struct AnswerBody(Full<Bytes>);

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Pin::new(&mut self.0).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.0.size_hint()
    }
}
