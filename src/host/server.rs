//! The accept loop.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream, ToSocketAddrs};
use tokio::sync::watch;

use super::{Host, HostError, Hosting, connection};

impl Host {
    /// Opens a port (0: any that is free). Callers can connect from now on, and are answered as
    /// soon as the server is run.
    pub async fn bind<A: ToSocketAddrs + std::fmt::Display>(
        &self,
        address: A,
    ) -> Result<Server, HostError> {
        let shown = address.to_string();
        let failed = |error| HostError::Bind { address: shown.clone(), error };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let local = listener.local_addr().map_err(failed)?;
        Ok(Server { hosting: Arc::clone(&self.0), listener, local })
    }
}

/// A host with an open port.
#[derive(Debug)]
pub struct Server {
    hosting: Arc<Hosting>,
    listener: TcpListener,
    local: SocketAddr,
}

impl Server {
    /// Where it listens.
    pub fn local_addr(&self) -> SocketAddr {
        self.local
    }

    /// Answers until `shutdown` is ready; then takes no further connection, finishes the calls that
    /// were begun, and ends when they have, or at the latest after
    /// [`Settings::shutdown_timeout`](super::Settings::shutdown_timeout).
    pub async fn serve(self, shutdown: impl Future<Output = ()>) {
        let Self { hosting, listener, .. } = self;
        let (stop, stopping) = watch::channel(());
        let mut shutdown = pin!(shutdown);
        loop {
            let accepted = tokio::select! {
                biased;
                () = &mut shutdown => break,
                accepted = listener.accept() => accepted,
            };
            match accepted {
                Ok((stream, _)) => {
                    tokio::spawn(serve(Arc::clone(&hosting), stream, stopping.clone()));
                }
                // Out of file descriptors, most likely: those in use must be given time to end.
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
        drop((listener, stopping));
        let _ = stop.send(());
        let _ = tokio::time::timeout(hosting.settings.shutdown_timeout, stop.closed()).await;
    }
}

async fn serve(hosting: Arc<Hosting>, stream: TcpStream, mut stopping: watch::Receiver<()>) {
    // Answers are written in one piece: waiting for more would only delay them.
    let _ = stream.set_nodelay(true);
    let service = service_fn(|request| {
        let hosting = Arc::clone(&hosting);
        async move { Ok::<_, std::convert::Infallible>(connection::answer(hosting, request).await) }
    });
    let connection = http1::Builder::new()
        .half_close(true)
        .title_case_headers(true)
        .header_read_timeout(None)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = pin!(connection);
    tokio::select! {
        biased;
        _ = &mut connection => return,
        _ = stopping.changed() => connection.as_mut().graceful_shutdown(),
    }
    let _ = connection.await;
}

impl std::fmt::Debug for Hosting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hosting").field("settings", &self.settings).finish_non_exhaustive()
    }
}
