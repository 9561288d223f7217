//! The accept loop: connections within their limits and times, and an orderly end.

use std::fmt;
use std::future::{Future, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Poll;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONNECTION, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, ToSocketAddrs};
use tokio::runtime::Handle;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::activity::{Activity, Order, WatchedStream};
use super::listener::listen;
use super::metrics::Metrics;
use super::reaper::Reaper;
use super::request::Peer;
use super::{BoxFuture, Host, HostError, Hosting, Settings, Tls, connection, scrape};

/// The head of a request must fit in here, and a body is read in pieces no larger.
const BUFFER: usize = 64 << 10;
/// So many connections beyond the limit are told so at the same time; more are just closed.
const FAREWELLS: usize = 64;

const OVERLOADED: &str = "HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain; \
    charset=utf-8\r\nContent-Length: 71\r\nRetry-After: 1\r\nConnection: close\r\n\r\nThe host is \
    overloaded: too many connections are open. Try again later.";

/// What all connections of a server share.
pub(crate) trait Shared: fmt::Debug + Send + Sync + 'static {
    /// Limits and times.
    fn settings(&self) -> &Settings;

    /// What is counted.
    fn metrics(&self) -> &Arc<Metrics>;

    /// The HTTP answer to connections beyond the limit.
    fn overloaded(&self) -> &'static str;

    /// The host was told to stop: callers should go elsewhere.
    fn stopping(&self) {}
}

/// Answers the requests of a server.
pub(crate) trait Answerer: Shared {
    /// Answers one.
    fn answer(
        self: Arc<Self>,
        peer: Peer,
        request: Request<Incoming>,
    ) -> impl Future<Output = Response<Full<Bytes>>> + Send;
}

impl Shared for Hosting {
    fn settings(&self) -> &Settings {
        &self.settings
    }

    fn metrics(&self) -> &Arc<Metrics> {
        &self.metrics
    }

    fn overloaded(&self) -> &'static str {
        OVERLOADED
    }

    fn stopping(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }
}

impl Answerer for Hosting {
    async fn answer(
        self: Arc<Self>,
        peer: Peer,
        request: Request<Incoming>,
    ) -> Response<Full<Bytes>> {
        connection::answer(&self, peer, "", request).await
    }
}

/// An answerer whose type is not known: of a connection, and no more of each request.
trait Connections: Shared {
    fn connection(
        self: Arc<Self>,
        tls: Option<Tls>,
        connection: Connection,
    ) -> BoxFuture<'static, ()>;
}

impl<A: Answerer> Connections for A {
    fn connection(
        self: Arc<Self>,
        tls: Option<Tls>,
        connection: Connection,
    ) -> BoxFuture<'static, ()> {
        let Connection { stream, peer, activity } = connection;
        match tls {
            None => Box::pin(serve_connection(self, peer, stream, activity)),
            Some(tls) => Box::pin(encrypt(tls, self, peer, stream, activity)),
        }
    }
}

/// A connection that was accepted.
struct Connection {
    stream: TcpStream,
    peer: Peer,
    activity: Arc<Activity>,
}

impl Host {
    /// Opens a port (0: any that is free). Callers can connect from now on, and are answered as
    /// soon as the server is run.
    pub async fn bind<A: ToSocketAddrs + fmt::Display>(
        &self,
        address: A,
    ) -> Result<Server, HostError> {
        Server::bind(Arc::clone(&self.0), address).await
    }
}

/// A host with an open port.
///
/// Runs on any tokio runtime, one with a single thread too. As everywhere on tokio, a provider that
/// blocks its thread keeps others waiting: what blocks belongs into `tokio::task::spawn_blocking`.
#[derive(Debug)]
pub struct Server {
    answerer: Arc<dyn Connections>,
    listener: TcpListener,
    local: SocketAddr,
    tls: Option<Tls>,
    metrics: Option<(TcpListener, SocketAddr)>,
    keeper: Reaper,
    runtimes: Vec<Handle>,
}

impl Server {
    /// Opens a port at which requests are answered so.
    pub(crate) async fn bind<A: ToSocketAddrs + fmt::Display>(
        answerer: Arc<impl Answerer>,
        address: A,
    ) -> Result<Self, HostError> {
        let (listener, local) = listen(address).await?;
        let keeper = Reaper::start(answerer.settings().clone())
            .map_err(|error| HostError::Thread { error })?;
        let runtimes = Vec::new();
        Ok(Self { answerer, listener, local, tls: None, metrics: None, keeper, runtimes })
    }

    /// Where it listens.
    pub fn local_addr(&self) -> SocketAddr {
        self.local
    }

    /// Where metrics are to be had, if they are.
    pub fn metrics_addr(&self) -> Option<SocketAddr> {
        self.metrics.as_ref().map(|(_, address)| *address)
    }

    /// Speaks TLS, and nothing else, at this port.
    #[must_use]
    pub fn with_tls(mut self, tls: Tls) -> Self {
        self.tls = Some(tls);
        self
    }

    /// Answers `GET` of anything at another port with metrics in Prometheus' text format.
    pub async fn with_metrics<A: ToSocketAddrs + fmt::Display>(
        mut self,
        address: A,
    ) -> Result<Self, HostError> {
        self.metrics = Some(listen(address).await?);
        Ok(self)
    }

    /// Serves each connection on that of these runtimes which has fewest tasks when it comes. Default: all on
    /// the one on which [`serve`](Self::serve) runs, which otherwise serves connections only if it is given
    /// here, too. With runtimes of a single thread each, as many as there are cores, no call moves between
    /// threads. They must run until `serve` has ended.
    #[must_use]
    pub fn with_runtimes(mut self, runtimes: Vec<Handle>) -> Self {
        self.runtimes = runtimes;
        self
    }

    /// Answers until `shutdown` is ready, and for [`Settings::drain`] more; then takes no further
    /// connection, finishes the calls that were begun, and ends when they have, or at the latest after
    /// [`Settings::shutdown_timeout`].
    pub async fn serve(self, shutdown: impl Future<Output = ()>) {
        let Self { answerer, listener, tls, metrics, keeper, runtimes, .. } = self;
        let mut scrapers = JoinSet::new();
        if let Some((listener, _)) = metrics {
            scrapers.spawn(scrape::serve(Arc::clone(answerer.metrics()), listener));
        }
        let (mut connections, mut rejected) = (JoinSet::new(), JoinSet::new());
        let told = Arc::clone(&answerer);
        let mut shutdown = pin!(async move {
            shutdown.await;
            told.stopping();
            let drain = told.settings().drain;
            if !drain.is_zero() {
                sleep(drain).await;
            }
        });
        loop {
            let accepted = tokio::select! {
                biased;
                () = &mut shutdown => break,
                Some(_) = connections.join_next() => continue,
                Some(_) = rejected.join_next() => continue,
                accepted = listener.accept() => accepted,
            };
            let Ok((stream, remote)) = accepted else {
                // Out of file descriptors, most likely: those in use must be given time to end.
                sleep(Duration::from_millis(50)).await;
                continue;
            };
            if connections.len() >= answerer.settings().max_connections {
                answerer.metrics().turn_away();
                if tls.is_none() && rejected.len() < FAREWELLS {
                    rejected.spawn(reject(stream, answerer.overloaded()));
                }
                continue;
            }
            // Answers are written in one piece: waiting for more would only delay them.
            let _ = stream.set_nodelay(true);
            let local = stream.local_addr().unwrap_or(self.local);
            let peer = Peer { remote: Some(remote), local: Some(local), tls: tls.is_some() };
            let activity = Activity::new(answerer.settings());
            keeper.watch(&activity);
            let connection = Connection { stream, peer, activity };
            let least = runtimes.iter().min_by_key(|runtime| runtime.metrics().num_alive_tasks());
            let answerer = Arc::clone(&answerer);
            spawn(&mut connections, least, answerer, tls.clone(), connection);
        }
        // Before callers can see that it has ended: what is answered from then on closes its connection.
        keeper.finish();
        drop(listener);
        let ended = async { while connections.join_next().await.is_some() {} };
        let _ = timeout(answerer.settings().shutdown_timeout, ended).await;
        connections.shutdown().await;
        scrapers.shutdown().await;
    }
}

/// Serves a connection on this runtime, or on the current one.
fn spawn(
    connections: &mut JoinSet<()>,
    runtime: Option<&Handle>,
    answerer: Arc<dyn Connections>,
    tls: Option<Tls>,
    connection: Connection,
) {
    let Some(runtime) = runtime else {
        connections.spawn(answerer.connection(tls, connection));
        return;
    };
    // One runtime alone hears of a stream: that of whoever registers it.
    let Connection { stream, peer, activity } = connection;
    let Ok(stream) = stream.into_std() else { return };
    let serving = async move {
        if let Ok(stream) = TcpStream::from_std(stream) {
            answerer.connection(tls, Connection { stream, peer, activity }).await;
        }
    };
    connections.spawn_on(serving, runtime);
}

async fn encrypt(
    tls: Tls,
    answerer: Arc<impl Answerer>,
    peer: Peer,
    stream: TcpStream,
    activity: Arc<Activity>,
) {
    let shaken = {
        let mut orders = activity.orders();
        tokio::select! {
            shaken = timeout(answerer.settings().header_timeout, tls.acceptor().accept(stream)) => shaken,
            // No call was begun that would have to be finished.
            _ = poll_fn(|cx| orders.poll_next(cx)) => return,
        }
    };
    if let Ok(Ok(stream)) = shaken {
        serve_connection(answerer, peer, stream, activity).await;
    }
}

/// Says why, and takes what the caller has to say meanwhile: to close on unread bytes would be a
/// reset, which can overtake the answer.
async fn reject(mut stream: TcpStream, overloaded: &str) {
    let said = async {
        stream.write_all(overloaded.as_bytes()).await?;
        stream.shutdown().await?;
        let mut unheard = [0; 1024];
        while stream.read(&mut unheard).await? > 0 {}
        io::Result::Ok(())
    };
    // Whether the caller heard it or not: there is no more time for it.
    let _ = timeout(Duration::from_secs(1), said).await;
}

/// Counts a connection as long as it is open.
struct Open<A: Answerer>(Arc<A>);

impl<A: Answerer> Drop for Open<A> {
    fn drop(&mut self) {
        self.0.metrics().connections.subtract(1);
    }
}

async fn serve_connection<S: AsyncRead + AsyncWrite + Unpin>(
    answerer: Arc<impl Answerer>,
    peer: Peer,
    stream: S,
    activity: Arc<Activity>,
) {
    answerer.metrics().connections.add(1);
    let open = Open(answerer);
    let answerer = &open.0;
    let service = service_fn(|request| {
        let (answerer, activity) = (Arc::clone(answerer), Arc::clone(&activity));
        async move {
            activity.busy();
            // hyper keeps room for what it waits for: a connection that is idle needs none.
            let mut answer = Box::pin(answerer.answer(peer, request)).await;
            activity.answered();
            // The order may have come since the connection looked for one, before it polled this.
            if activity.finishing() {
                answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            }
            Ok::<_, std::convert::Infallible>(answer)
        }
    });
    let connection = http1::Builder::new()
        // A caller that has sent all and closes its side still gets its answer, and a provider is
        // never stopped half way because its caller went away: ASMX runs a call to its end.
        .half_close(true)
        .title_case_headers(true)
        .max_buf_size(BUFFER)
        // hyper would set up a timer for each request; the keeper has one for all connections.
        .header_read_timeout(None)
        .serve_connection(TokioIo::new(WatchedStream::new(stream, Arc::clone(&activity))), service);
    let mut connection = pin!(connection);
    let mut orders = activity.orders();
    poll_fn(|cx| {
        // Before the connection: an answer that is ready at the same moment says that it is the last.
        match orders.poll_next(cx) {
            Poll::Ready(Order::Finish) => connection.as_mut().graceful_shutdown(),
            Poll::Ready(Order::GiveUp) => return Poll::Ready(()),
            Poll::Pending => {}
        }
        connection.as_mut().poll(cx).map(drop)
    })
    .await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_overload_answer_says_its_own_length() {
        let (head, body) = OVERLOADED.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(&format!("Content-Length: {}\r\n", body.len())), "{}", body.len());
    }
}
